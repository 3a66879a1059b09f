/*
 * test_segments_words.c - agent/segments.h: reports and answers that are lost, late or too many, and when
 * it is forgotten where machines are
 */
#include "unit.h"

#include "segments_world.h"

enum {
	FAR = 3, /* the agent that is elsewhere */
	FIRST = 1,
	APART_MS = 50,
};

/* Two on LAN 0, both peers of each other. */
static void two(void)
{
	put(0, 0, 0, SERVES);
	put(1, 0, 0, SERVES);
	put(FAR, 0, 1, SERVES);
	meet(0, 1);
	advance(3000);
}

/* And of FAR, towards whom the second stands by. */
static void two_and_one(void)
{
	two();
	meet(0, FAR);
	meet(1, FAR);
	advance(3000);
}

static void forget_moves(int agent)
{
	memset(agents[agent].moved, 0, sizeof(agents[agent].moved));
}

/* ---- lost ---- */

static void an_answer_comes_until_the_peer_says_that_it_heard(void **state)
{
	(void)state;
	two_and_one();
	part(0, FAR);
	lose_answers = 3;
	advance(1300);
	assert_int_equal(lose_answers, 0);
	assert_int_equal(way(1, FAR), SEGMENTS_PLAIN);
}

static void an_answer_that_was_heard_does_not_come_again(void **state)
{
	(void)state;
	two_and_one();
	assert_true(agents[1].last_report.count > 0);
	agents[FAR].answers = 0;
	for (int i = 0; i < 2; i++)
		segments_peer_renewed(agents[i].segments, FAR, now_ns);
	advance(2000);
	assert_in_range(agents[FAR].answers, 2, 4); /* one for each report */
}

static void what_says_that_it_was_heard_is_lost_and_comes_again(void **state)
{
	(void)state;
	two();
	meet(0, FAR);
	meet(1, FAR);
	settle();
	assert_int_equal(way(1, FAR), SEGMENTS_STANDBY);
	lose_reports = 4;
	advance(800); /* what was decided made it forget, and twice more */
	forget_moves(FAR);
	advance(2000);
	assert_int_equal(lose_reports, 0);
	assert_true(agents[FAR].moved[1] > 0);
}

static void a_report_that_takes_all_back_is_lost_and_comes_again(void **state)
{
	struct segment_report nothing = {.generation = 1000};

	(void)state;
	two();
	segments_take_report(agents[1].segments, 0, &nothing, now_ns);
	settle();
	assert_int_not_equal(way(1, 0), SEGMENTS_HEARD);
	segments_peer_renewed(agents[1].segments, 0, now_ns); /* it believes the next one */
	segments_peer_renewed(agents[0].segments, 1, now_ns);
	advance(100);
	assert_int_equal(way(1, 0), SEGMENTS_HEARD);
	segments_port_close(agents[0].segments, 0);
	agents[0].places[0].lan = NO_LAN;
	lose_reports = 2;
	advance(1000);
	assert_int_equal(agents[0].last_report.count, 0);
	assert_int_not_equal(way(1, 0), SEGMENTS_HEARD);
}

static void an_id_is_reported_until_the_one_after_it_is_replaced(void **state)
{
	(void)state;
	two();
	assert_int_equal(agents[0].last_report.list[0].heard_count, 1);
	advance(12000);
	assert_int_equal(agents[0].last_report.list[0].heard_count, 2);
	advance(30000);
	assert_int_equal(agents[0].last_report.list[0].heard_count, 2);
}

/* ---- late ---- */

static void of_two_answers_in_the_wrong_order_the_right_one_comes_again(void **state)
{
	struct segment_answer late = {.role_count = 0};

	(void)state;
	two_and_one();
	late.generation = agents[1].last_report.generation;
	segments_take_answer(agents[1].segments, FAR, &late, now_ns);
	assert_int_equal(way(1, FAR), SEGMENTS_PLAIN);
	advance(200);
	assert_int_equal(way(1, FAR), SEGMENTS_STANDBY);
}

/* ---- too many ---- */

/* A report of agent 1 to agent 0, once with what it hears there and once without */
static struct segment_report changing(bool hears)
{
	struct segment_report r = agents[1].last_report;
	static uint32_t generation = 1000;

	r.generation = generation++;
	if (!hears)
		r.list[0].heard_count = 0;
	return r;
}

static void of_reports_that_come_fast_the_last_one_counts_a_little_later(void **state)
{
	struct segment_report r;

	(void)state;
	two();
	for (int i = 0; i <= 20; i++) {
		r = changing(i & 1);
		segments_take_report(agents[0].segments, 1, &r, now_ns);
		now_ns += MS_NS;
		segments_settle(agents[0].segments, now_ns);
	}
	r = changing(true);
	segments_take_report(agents[0].segments, 1, &r, now_ns);
	segments_settle(agents[0].segments, now_ns);
	assert_int_not_equal(way(0, 1), SEGMENTS_HEARD);
	assert_true(segments_deadline_ns(agents[0].segments) <= now_ns + APART_MS * MS_NS);
	now_ns += APART_MS * MS_NS;
	segments_settle(agents[0].segments, now_ns);
	assert_int_equal(way(0, 1), SEGMENTS_HEARD);
}

static void a_report_that_waits_does_not_outlive_its_session(void **state)
{
	struct segment_report r;

	(void)state;
	two();
	r = changing(false);
	segments_take_report(agents[0].segments, 1, &r, now_ns);
	r = changing(true);
	segments_take_report(agents[0].segments, 1, &r, now_ns);
	part(0, 1);
	meet(0, 1);
	agents[0].session[1] = agents[1].session[0] = false;
	advance(200);
	assert_int_not_equal(way(0, 1), SEGMENTS_HEARD);
}

static void answers_keep_their_distance(void **state)
{
	struct segment_report r;
	struct segment_answer a;
	unsigned answers = 0;
	int peer;

	(void)state;
	two();
	r = agents[1].last_report;
	for (int i = 0; i < 200; i++) {
		r.generation = 1000 + (uint32_t)i;
		segments_take_report(agents[0].segments, 1, &r, now_ns);
		segments_settle(agents[0].segments, now_ns);
		while (segments_next_answer(agents[0].segments, &peer, &a, now_ns))
			answers++;
		now_ns += MS_NS;
	}
	assert_in_range(answers, 3, 5);
	now_ns += APART_MS * MS_NS;
	assert_true(segments_next_answer(agents[0].segments, &peer, &a, now_ns));
	assert_int_equal(a.generation, 1199);
}

/* ---- forgetting ---- */

static void what_peers_told_while_a_port_was_blocked_is_forgotten(void **state)
{
	struct segments_heard h = stranger(1, BEACON_SERVES, FIRST);

	(void)state;
	two();
	forge(0, &h);
	settle();
	assert_int_equal(segments_admit(agents[0].segments, 0), DROP_PORT_BLOCKED);
	advance(1000);
	forget_moves(0);
	h.beacon.kind = BEACON_LEAVING;
	forge(0, &h);
	settle();
	assert_int_equal(segments_admit(agents[0].segments, 0), DROP_NONE);
	assert_int_equal(agents[0].moved[1], 1);
}

static void what_a_peer_told_of_a_segment_where_it_is_gone_is_forgotten(void **state)
{
	(void)state;
	two();
	forget_moves(0);
	agents[1].places[0].lan = NO_LAN; /* killed: its session is up */
	advance(2500);
	assert_true(agents[0].moved[1] > 0);
}

/* Perhaps the forwarder is dead, and nobody is left to miss it. */
static void with_one_that_stood_by_its_rivals_machines_are_forgotten(void **state)
{
	(void)state;
	two_and_one();
	forget_moves(FAR);
	part(1, FAR);
	settle();
	assert_int_equal(agents[FAR].moved[0], 1);
	advance(5000);
	forget_moves(FAR);
	meet(1, FAR);
	settle();
	assert_true(agents[FAR].moved[0] > 0);
}

static void who_took_over_gives_way_when_the_forwarder_is_back(void **state)
{
	(void)state;
	two_and_one();
	part(0, FAR);
	advance(5000);
	forget_moves(FAR);
	meet(0, FAR);
	agents[0].session[FAR] = agents[FAR].session[0] = false; /* nothing is said yet */
	settle();
	assert_int_equal(agents[FAR].moved[1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_world(an_answer_comes_until_the_peer_says_that_it_heard),
		with_world(an_answer_that_was_heard_does_not_come_again),
		with_world(what_says_that_it_was_heard_is_lost_and_comes_again),
		with_world(a_report_that_takes_all_back_is_lost_and_comes_again),
		with_world(an_id_is_reported_until_the_one_after_it_is_replaced),
		with_world(of_two_answers_in_the_wrong_order_the_right_one_comes_again),
		with_world(of_reports_that_come_fast_the_last_one_counts_a_little_later),
		with_world(a_report_that_waits_does_not_outlive_its_session),
		with_world(answers_keep_their_distance),
		with_world(what_peers_told_while_a_port_was_blocked_is_forgotten),
		with_world(what_a_peer_told_of_a_segment_where_it_is_gone_is_forgotten),
		with_world(with_one_that_stood_by_its_rivals_machines_are_forgotten),
		with_world(who_took_over_gives_way_when_the_forwarder_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
