/*
 * test_segments_peers.c - agent/segments.h: reports, answers, who forwards
 */
#include "unit.h"

#include "segments_world.h"

enum {
	FAR = 3 /* the agent that is elsewhere */
};

/* Two on LAN 0, both peers of each other and of FAR. */
static void two_and_one(enum side a, enum side b)
{
	put(0, 0, 0, a);
	put(1, 0, 0, b);
	put(FAR, 0, 1, SERVES);
	meet(0, 1);
	meet(0, FAR);
	meet(1, FAR);
	advance(3000);
}

static void what_a_peer_takes_itself_is_not_sent_to_it(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	assert_int_equal(way(0, 1), SEGMENTS_HEARD);
	assert_int_equal(way(1, 0), SEGMENTS_HEARD);
}

static void what_a_peer_hears_and_does_not_take_is_marked(void **state)
{
	(void)state;
	two_and_one(SERVES, OWN_HOST);
	assert_int_equal(way(0, 1), SEGMENTS_MARKED);
	assert_int_equal(way(1, 0), SEGMENTS_HEARD);
}

static void what_a_peers_own_host_said_is_not_sent_to_it(void **state)
{
	struct addr source = address_of(1);
	struct segments_origin from = {.port = 0, .interface = ETH0, .source = &source};

	(void)state;
	two_and_one(SERVES, OWN_HOST);
	source.port = 33000;
	assert_int_equal(segments_way_to(agents[0].segments, &from, 1, now_ns), SEGMENTS_HEARD);
	source = address_of(2);
	assert_int_equal(segments_way_to(agents[0].segments, &from, 1, now_ns), SEGMENTS_MARKED);
}

static void a_frame_that_came_in_by_no_segment_goes_as_it_is(void **state)
{
	struct segments_origin from = {.port = 1};

	(void)state;
	two_and_one(SERVES, SERVES);
	assert_int_equal(segments_way_to(agents[0].segments, &from, 1, now_ns), SEGMENTS_PLAIN);
}

static void a_marked_frame_is_not_put_on_the_segment_that_heard_it(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	assert_int_equal(injects(0, 1, true), DROP_ON_SEGMENT);
	assert_int_equal(injects(0, 1, false), DROP_NONE);
	assert_int_equal(injects(FAR, 0, true), DROP_NONE);
}

static void of_two_that_serve_one_lan_the_lower_key_forwards(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	assert_int_equal(way(0, FAR), SEGMENTS_PLAIN);
	assert_int_equal(injects(0, FAR, false), DROP_NONE);
	assert_int_equal(way(1, FAR), SEGMENTS_STANDBY);
	assert_int_equal(injects(1, FAR, false), DROP_STANDBY);
}

static void who_serves_the_lan_forwards_before_who_serves_its_host(void **state)
{
	(void)state;
	two_and_one(OWN_HOST, SERVES);
	assert_int_equal(way(0, FAR), SEGMENTS_STANDBY);
	assert_int_equal(way(1, FAR), SEGMENTS_PLAIN);
}

static void two_that_serve_their_own_hosts_both_forward(void **state)
{
	(void)state;
	two_and_one(OWN_HOST, OWN_HOST);
	assert_int_equal(way(0, FAR), SEGMENTS_PLAIN);
	assert_int_equal(way(1, FAR), SEGMENTS_PLAIN);
}

static void a_forwarder_that_is_gone_is_replaced_within_three_seconds(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	agents[0].places[0].lan = NO_LAN; /* killed: says nothing any more; its sessions are up */
	agents[1].places[0].is_deaf = false;
	for (unsigned ms = 0; ms < 3000; ms += 50) {
		now_ns += 50 * MS_NS;
		for (int i = 1; i < AGENTS; i++)
			segments_settle(agents[i].segments, now_ns);
		settle();
	}
	assert_int_equal(way(1, FAR), SEGMENTS_PLAIN);
}

static void a_forwarder_that_says_goodbye_is_replaced_at_once(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	part(0, FAR);
	settle();
	assert_int_equal(way(1, FAR), SEGMENTS_PLAIN);
}

static void what_was_learned_behind_the_old_forwarder_is_forgotten_and_again(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	agents[FAR].moved[0] = agents[FAR].moved[1] = 0;
	part(0, FAR);
	settle();
	meet(0, FAR);
	settle();
	assert_true(agents[FAR].moved[1] > 0);
	agents[FAR].moved[1] = 0;
	advance(1000);
	assert_int_equal(agents[FAR].moved[1],
			 3); /* when it says that it stands by, and twice more */
	advance(5000);
	assert_int_equal(agents[FAR].moved[1], 3);
}

/* Killed: it says nothing any more, and nobody misses it. */
static void silence(int agent)
{
	agents[agent].places[0].lan = NO_LAN;
	for (int i = 0; i < AGENTS; i++)
		agents[agent].session[i] = false;
}

/* A forwarder is gone, another one takes over, and is killed a moment later: what it brought may come by the first one,
 * when that is back. */
static void what_was_learned_of_a_dead_stand_in_is_forgotten_when_its_forwarder_is_back(
	void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	agents[0].places[0].lan = NO_LAN;
	advance(3000); /* heard no more before its session is missed */
	part(0, FAR);
	advance(1000);
	silence(1);
	agents[FAR].moved[1] = 0;
	agents[0].places[0].lan = 0;
	meet(0, FAR);
	advance(1000);
	assert_int_equal(agents[FAR].moved[1], 3);
}

static void of_several_that_stood_by_each_is_forgotten(void **state)
{
	(void)state;
	two_and_one(SERVES, OWN_HOST);
	put(2, 0, 0, OWN_HOST);
	meet(2, FAR);
	meet(2, 0);
	advance(3000);
	part(0, FAR);
	advance(1000);
	silence(1);
	silence(2);
	advance(4000); /* agent 0 hears them no more */
	agents[FAR].moved[1] = agents[FAR].moved[2] = 0;
	meet(0, FAR);
	settle();
	assert_true(agents[FAR].moved[1] > 0);
	assert_true(agents[FAR].moved[2] > 0);
}

static void a_forwarder_that_was_restarted_and_not_missed_counts_as_back(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	part(0, 1);
	agents[0].places[0].lan = NO_LAN;
	advance(3000);
	silence(1);
	agents[FAR].moved[1] = 0;
	advance(3000);
	assert_int_equal(agents[FAR].moved[1], 0);
	agents[0].places[0].lan = 0;
	restart(0);
	advance(1000);
	assert_int_equal(agents[FAR].moved[1], 3);
}

static void new_keys_alone_move_nobody(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	agents[FAR].moved[0] = agents[FAR].moved[1] = 0;
	segments_peer_renewed(agents[FAR].segments, 0, now_ns);
	segments_peer_renewed(agents[0].segments, FAR, now_ns);
	advance(1000);
	assert_int_equal(agents[FAR].moved[0], 0);
	assert_int_equal(agents[FAR].moved[1], 0);
}

static void one_side_alone_makes_nobody_mutual(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	put(1, 0, 0, SERVES);
	agents[1].places[0].is_deaf = true;
	meet(0, 1);
	advance(3000);
	assert_int_equal(way(0, 1), SEGMENTS_PLAIN);
	assert_int_equal(way(1, 0), SEGMENTS_PLAIN);
}

static void a_repeated_id_makes_nobody_mutual(void **state)
{
	struct segments_heard h = stranger(1, BEACON_SERVES, 1);

	(void)state;
	put(0, 0, 0, SERVES);
	put(1, 0, 1, SERVES);
	meet(0, 1);
	advance(2000);
	/* Somebody on LAN 0 says what agent 1 says on LAN 1. */
	memcpy(h.beacon.id, agents[1].last_beacon.id, BEACON_ID_BYTES);
	forge(0, &h);
	advance(500);
	assert_int_equal(way(0, 1), SEGMENTS_PLAIN);
	assert_int_equal(way(1, 0), SEGMENTS_PLAIN);
}

static void two_vlans_are_two_segments(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	agents[1].places[0] = (struct place){.lan = 0, .side = SERVES, .vlan = OTHER_VLAN};
	put(1, 1, 2, SERVES);
	segments_port_open(agents[1].segments, 0, OTHER_VLAN, now_ns);
	segments_attach(
		agents[1].segments, 0,
		&(struct segments_place){.interface = ETH0, .serves = true, .is_real = true}, 1,
		now_ns);
	meet(0, 1);
	advance(3000);
	assert_false(segments_shares(agents[0].segments, 0, 1));
}

static void new_ids_part_nobody_for_a_moment(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	for (unsigned ms = 0; ms < 60000; ms += 50) {
		advance(50);
		assert_int_equal(way(0, 1), SEGMENTS_HEARD);
		assert_int_equal(way(1, 0), SEGMENTS_HEARD);
		assert_int_equal(way(1, FAR), SEGMENTS_STANDBY);
		assert_int_equal(segments_admit(agents[1].segments, 0), DROP_NONE);
	}
}

static void new_ids_part_nobody_although_words_are_lost(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	for (unsigned ms = 0; ms < 60000; ms += 50) {
		if (ms % 3000 == 0)
			lose_reports = lose_answers = 1;
		advance(50);
		assert_int_equal(way(0, 1), SEGMENTS_HEARD);
		assert_int_equal(way(1, FAR), SEGMENTS_STANDBY);
	}
}

static void a_lost_report_comes_again(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	put(1, 0, 0, SERVES);
	advance(1000);
	lose_reports = 2; /* one of each */
	meet(0, 1);
	advance(50);
	assert_int_not_equal(way(0, 1), SEGMENTS_HEARD);
	advance(350);
	assert_int_equal(way(0, 1), SEGMENTS_HEARD);
	assert_int_equal(way(1, 0), SEGMENTS_HEARD);
}

static void a_lost_answer_comes_again(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	put(1, 0, 0, SERVES);
	meet(0, 1);
	advance(3000);
	lose_answers = 4;
	meet(0, FAR);
	meet(1, FAR);
	advance(1200);
	assert_int_equal(way(1, FAR), SEGMENTS_STANDBY);
}

static void a_peer_that_answers_is_not_told_again_at_once(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	agents[0].reports = 0;
	advance(500);
	assert_in_range(agents[0].reports, 0, 2);
}

static void a_peer_that_never_answers_is_told_ten_times(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	meet(0, 1);
	agents[0].session[1] = false;
	agents[0].reports = 0;
	advance(4000);
	assert_int_equal(agents[0].reports, 10);
}

static void an_older_report_does_not_replace_the_latest(void **state)
{
	struct segment_report old;

	(void)state;
	two_and_one(SERVES, SERVES);
	old = agents[1].last_report;
	old.generation = 1;
	old.count = 0;
	segments_take_report(agents[0].segments, 1, &old, now_ns);
	settle();
	assert_int_equal(way(0, 1), SEGMENTS_HEARD);
}

static void generations_count_on_past_their_end(void **state)
{
	struct segment_report r;

	(void)state;
	two_and_one(SERVES, SERVES);
	r = agents[1].last_report;
	segments_peer_renewed(agents[0].segments, 1, now_ns);
	r.generation = UINT32_MAX;
	segments_take_report(agents[0].segments, 1, &r, now_ns);
	r.generation = 2;
	r.count = 0;
	segments_take_report(agents[0].segments, 1, &r, now_ns);
	segments_settle(agents[0].segments, now_ns);
	assert_int_equal(way(0, 1), SEGMENTS_PLAIN);
}

static void a_role_for_another_number_or_of_an_older_answer_is_ignored(void **state)
{
	struct segment_answer a;

	(void)state;
	two_and_one(SERVES, SERVES);
	a = agents[FAR].last_answer;
	a.roles[0] = (struct segment_role){.number = 77, .standby = true};
	a.role_count = 1;
	segments_take_answer(agents[0].segments, FAR, &a, now_ns);
	assert_int_equal(way(0, FAR), SEGMENTS_PLAIN);
	a.generation -= 5;
	a.roles[0].number = 0;
	segments_take_answer(agents[0].segments, FAR, &a, now_ns);
	assert_int_equal(way(0, FAR), SEGMENTS_PLAIN);
}

static void an_attachment_that_an_answer_does_not_name_forwards(void **state)
{
	struct segment_answer a = {.role_count = 0};

	(void)state;
	two_and_one(SERVES, SERVES);
	assert_int_equal(way(1, FAR), SEGMENTS_STANDBY);
	a.generation = agents[1].last_report.generation;
	segments_take_answer(agents[1].segments, FAR, &a, now_ns);
	assert_int_equal(way(1, FAR), SEGMENTS_PLAIN);
}

static void a_peer_that_was_restarted_and_not_missed_is_told_anew(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	restart(FAR);
	advance(100);
	assert_int_equal(way(1, FAR), SEGMENTS_STANDBY);
	restart(0);
	advance(1500);
	assert_int_equal(way(0, 1), SEGMENTS_HEARD);
	assert_int_equal(way(1, 0), SEGMENTS_HEARD);
	assert_int_equal(way(1, FAR), SEGMENTS_STANDBY);
}

static void what_a_killed_peer_said_is_not_believed_of_its_next_life(void **state)
{
	(void)state;
	two_and_one(SERVES, SERVES);
	agents[1].places[0].lan = NO_LAN; /* its next life has no port */
	restart(1);
	settle();
	assert_int_not_equal(way(0, 1), SEGMENTS_HEARD);
}

static void a_port_waits_for_the_word_of_a_new_peer_for_a_second(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	put(1, 0, 0, SERVES);
	meet(0, 1);
	advance(3000);
	lose_answers = 100;
	meet(0, FAR);
	settle();
	assert_int_equal(way(0, FAR), SEGMENTS_STANDBY);
	advance(1000);
	assert_int_equal(way(0, FAR), SEGMENTS_PLAIN);
}

static void a_port_where_nobody_is_heard_waits_for_nobody(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	lose_answers = 100;
	meet(0, FAR);
	settle();
	assert_int_equal(way(0, FAR), SEGMENTS_PLAIN);
}

static void a_stranger_is_called_as_a_common_peer_calls_it(void **state)
{
	char text[SEGMENTS_SENTENCE_BYTES];

	(void)state;
	put(0, 0, 0, SERVES);
	put(1, 0, 0, SERVES);
	meet(0, FAR);
	meet(1, FAR);
	advance(3000);
	segments_describe(agents[0].segments, 0, text);
	assert_contains(text, "which dora calls ben");
}

static void only_4096_peers_have_a_place(void **state)
{
	struct public_key key = {{1}};

	(void)state;
	segments_peer_up(agents[0].segments, SEGMENTS_PEERS_MAX - 1, &key, now_ns);
	segments_peer_up(agents[0].segments, SEGMENTS_PEERS_MAX, &key, now_ns);
	segments_peer_up(agents[0].segments, -1, &key, now_ns);
	assert_true(segments_has_peer(agents[0].segments, SEGMENTS_PEERS_MAX - 1));
	assert_false(segments_has_peer(agents[0].segments, SEGMENTS_PEERS_MAX));
	assert_false(segments_has_peer(agents[0].segments, -1));
	segments_peer_down(agents[0].segments, SEGMENTS_PEERS_MAX, now_ns);
	segments_peer_renewed(agents[0].segments, SEGMENTS_PEERS_MAX, now_ns);
}

static void an_agent_between_two_lans_is_preferred_by_those_on_them(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES); /* the lowest key, on LAN 0 alone */
	put(1, 0, 0, SERVES); /* on both */
	put(1, 1, 1, SERVES);
	put(FAR, 0, 1, SERVES);
	meet(0, 1);
	meet(0, FAR);
	meet(1, FAR);
	advance(4000);
	assert_int_equal(way(0, FAR), SEGMENTS_STANDBY);
}

static void of_two_agents_between_two_lans_one_carries(void **state)
{
	struct segments_origin from = {.port = 0, .interface = ETH0};

	(void)state;
	for (int i = 0; i < 2; i++)
		for (int port = 0; port < PORTS; port++)
			put(i, port, port, SERVES);
	meet(0, 1);
	advance(3000);
	assert_false(segments_is_carried(agents[0].segments, &from, 1));
	assert_true(segments_is_carried(agents[1].segments, &from, 1));
	from.interface = 0;
	assert_false(segments_is_carried(agents[1].segments, &from, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_world(what_a_peer_takes_itself_is_not_sent_to_it),
		with_world(what_a_peer_hears_and_does_not_take_is_marked),
		with_world(what_a_peers_own_host_said_is_not_sent_to_it),
		with_world(a_frame_that_came_in_by_no_segment_goes_as_it_is),
		with_world(a_marked_frame_is_not_put_on_the_segment_that_heard_it),
		with_world(of_two_that_serve_one_lan_the_lower_key_forwards),
		with_world(who_serves_the_lan_forwards_before_who_serves_its_host),
		with_world(two_that_serve_their_own_hosts_both_forward),
		with_world(a_forwarder_that_is_gone_is_replaced_within_three_seconds),
		with_world(a_forwarder_that_says_goodbye_is_replaced_at_once),
		with_world(what_was_learned_behind_the_old_forwarder_is_forgotten_and_again),
		with_world(
			what_was_learned_of_a_dead_stand_in_is_forgotten_when_its_forwarder_is_back),
		with_world(of_several_that_stood_by_each_is_forgotten),
		with_world(a_forwarder_that_was_restarted_and_not_missed_counts_as_back),
		with_world(new_keys_alone_move_nobody),
		with_world(one_side_alone_makes_nobody_mutual),
		with_world(a_repeated_id_makes_nobody_mutual),
		with_world(two_vlans_are_two_segments),
		with_world(new_ids_part_nobody_for_a_moment),
		with_world(new_ids_part_nobody_although_words_are_lost),
		with_world(a_lost_report_comes_again),
		with_world(a_lost_answer_comes_again),
		with_world(a_peer_that_answers_is_not_told_again_at_once),
		with_world(a_peer_that_never_answers_is_told_ten_times),
		with_world(an_older_report_does_not_replace_the_latest),
		with_world(generations_count_on_past_their_end),
		with_world(a_role_for_another_number_or_of_an_older_answer_is_ignored),
		with_world(an_attachment_that_an_answer_does_not_name_forwards),
		with_world(a_peer_that_was_restarted_and_not_missed_is_told_anew),
		with_world(what_a_killed_peer_said_is_not_believed_of_its_next_life),
		with_world(a_port_waits_for_the_word_of_a_new_peer_for_a_second),
		with_world(a_port_where_nobody_is_heard_waits_for_nobody),
		with_world(a_stranger_is_called_as_a_common_peer_calls_it),
		with_world(only_4096_peers_have_a_place),
		with_world(an_agent_between_two_lans_is_preferred_by_those_on_them),
		with_world(of_two_agents_between_two_lans_one_carries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
