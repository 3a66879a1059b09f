/*
 * test_segments_ports.c - agent/segments.h: ports, beacons, neighbours, strangers
 */
#include "unit.h"

#include "segments_world.h"

enum {
	SERVING = BEACON_SERVES,
	FIRST = 1, /* a rank below everybody's */
	LAST = 1 << 20,
};

static enum drop admit(int agent, int port)
{
	return segments_admit(agents[agent].segments, port);
}

static enum segments_state describe(int agent, char text[SEGMENTS_SENTENCE_BYTES])
{
	return segments_describe(agents[agent].segments, 0, text);
}

static void a_port_listens_for_a_second_before_it_forwards(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	settle();
	assert_int_equal(admit(0, 0), DROP_PORT_LISTENING);
	advance(950);
	assert_int_equal(admit(0, 0), DROP_PORT_LISTENING);
	advance(50);
	assert_int_equal(admit(0, 0), DROP_NONE);
}

static void a_port_that_does_not_beacon_is_always_admitted(void **state)
{
	(void)state;
	assert_int_equal(admit(0, 1), DROP_NONE);
	assert_int_equal(admit(0, -1), DROP_NONE);
}

static void a_port_alone_beacons_with_the_owners_tick_only(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	advance(2000);
	agents[0].beacons = 0;
	advance(10000);
	assert_int_equal(agents[0].beacons, 5);
}

static void two_that_hear_each_other_beacon_faster(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	put(1, 0, 0, SERVES);
	meet(0, 1);
	advance(2000);
	agents[0].beacons = 0;
	advance(7000);
	assert_in_range(agents[0].beacons, 9, 16);
}

static void a_newcomer_is_answered_at_once(void **state)
{
	struct segments_heard new = stranger(1, 0, LAST);

	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	agents[0].beacons = 0;
	forge(0, &new);
	settle();
	assert_int_equal(agents[0].beacons, 1);
}

static void a_flood_of_random_senders_makes_few_beacons_and_few_neighbours(void **state)
{
	struct segment_report report;
	int peer;

	(void)state;
	put(0, 0, 0, SERVES);
	advance(2000);
	agents[0].beacons = 0;
	for (unsigned i = 0; i < 5000; i++) {
		struct segments_heard h = stranger((uint8_t)i, SERVING, LAST);

		h.sender.b[3] = (uint8_t)(i >> 8);
		h.beacon.id[0] = (uint8_t)(i >> 8);
		forge(0, &h);
		if (i % 50 == 0)
			advance(50);
	}
	assert_in_range(agents[0].beacons, 1, 5000 / 50 + 20);
	meet(0, 1);
	segments_settle(agents[0].segments, now_ns);
	assert_true(segments_next_report(agents[0].segments, &peer, &report, now_ns));
	assert_int_equal(report.list[0].heard_count, SEGMENT_HEARD_MAX);
}

static void a_neighbour_is_gone_after_three_of_its_periods(void **state)
{
	struct segments_heard h = stranger(1, SERVING, FIRST);

	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	settle();
	assert_int_equal(admit(0, 0), DROP_PORT_BLOCKED);
	advance(2050);
	assert_int_equal(admit(0, 0), DROP_PORT_BLOCKED);
	advance(50);
	assert_int_equal(admit(0, 0), DROP_NONE);
}

static void a_period_is_believed_within_reason_only(void **state)
{
	struct segments_heard h = stranger(1, SERVING, FIRST);

	(void)state;
	h.beacon.period_ms = UINT16_MAX;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	advance(5950);
	assert_int_equal(admit(0, 0), DROP_PORT_BLOCKED);
	advance(50);
	assert_int_equal(admit(0, 0), DROP_NONE);
	h.beacon.period_ms = 1;
	forge(0, &h);
	advance(1000);
	assert_int_equal(admit(0, 0), DROP_PORT_BLOCKED);
}

static void a_frame_that_a_neighbour_injects_is_as_good_as_a_beacon(void **state)
{
	struct segments_heard h = stranger(1, SERVING, FIRST);

	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	advance(2000);
	segments_alive(agents[0].segments, 0, ETH0, &h.sender, now_ns);
	advance(2000);
	assert_int_equal(admit(0, 0), DROP_PORT_BLOCKED);
}

static void one_that_leaves_is_forgotten_at_once(void **state)
{
	struct segments_heard h = stranger(1, SERVING, FIRST);

	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	settle();
	h.beacon.kind = BEACON_LEAVING;
	forge(0, &h);
	settle();
	assert_int_equal(admit(0, 0), DROP_NONE);
}

static void nobody_says_goodbye_for_another(void **state)
{
	struct segments_heard h = stranger(1, SERVING, FIRST), forged = h;

	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	forged.beacon.kind = BEACON_LEAVING;
	memset(forged.beacon.id, 0xee, BEACON_ID_BYTES); /* does not know its id */
	forge(0, &forged);
	settle();
	assert_int_equal(admit(0, 0), DROP_PORT_BLOCKED);
	forged = h;
	forged.beacon.kind = BEACON_LEAVING;
	forged.is_doubtful = true; /* a guest repeats it */
	forge(0, &forged);
	settle();
	assert_int_equal(admit(0, 0), DROP_PORT_BLOCKED);
}

static void what_a_guest_may_have_sent_makes_no_neighbour(void **state)
{
	struct segments_heard h = stranger(1, SERVING, FIRST);

	(void)state;
	h.is_doubtful = true;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	settle();
	assert_int_equal(admit(0, 0), DROP_NONE);
}

static void a_beacon_on_an_interface_that_is_not_attached_counts_for_nothing(void **state)
{
	struct segments_heard h = stranger(1, SERVING, FIRST);

	(void)state;
	h.interface = LO;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	settle();
	assert_int_equal(admit(0, 0), DROP_NONE);
}

static void of_two_strangers_that_serve_one_lan_the_lower_rank_goes_on(void **state)
{
	char text[SEGMENTS_SENTENCE_BYTES];

	(void)state;
	put(0, 0, 0, SERVES);
	put(1, 0, 0, SERVES);
	advance(3000);
	assert_int_equal(admit(0, 0), DROP_NONE);
	assert_int_equal(admit(1, 0), DROP_PORT_BLOCKED);
	assert_int_equal(describe(1, text), SEGMENTS_BLOCKED);
	assert_contains(text, "192.0.2.1");
	assert_contains(text, "exchange cards");
}

static void a_stranger_that_serves_its_own_host_blocks_nobody(void **state)
{
	struct segments_heard h = stranger(1, 0, FIRST);

	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	settle();
	assert_int_equal(admit(0, 0), DROP_NONE);
}

static void a_port_that_serves_its_own_host_is_not_blocked(void **state)
{
	struct segments_heard h = stranger(1, SERVING, FIRST);

	(void)state;
	put(0, 0, 0, OWN_HOST);
	advance(1000);
	forge(0, &h);
	settle();
	assert_int_equal(admit(0, 0), DROP_NONE);
}

static void a_stranger_that_blocks_itself_blocks_nobody(void **state)
{
	struct segments_heard h = stranger(1, SERVING | BEACON_BLOCKED, FIRST);

	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	settle();
	assert_int_equal(admit(0, 0), DROP_NONE);
}

static void who_blocked_at_equal_rank_goes_on_doing_so_with_new_ids(void **state)
{
	struct segments_heard h = stranger(0x00, SERVING, 100); /* agent 0's own */

	(void)state;
	put(0, 0, 0, SERVES);
	advance(1000);
	forge(0, &h);
	settle();
	assert_int_equal(admit(0, 0), DROP_PORT_BLOCKED);
	memset(h.beacon.id, 0xff, BEACON_ID_BYTES);
	forge(0, &h);
	settle();
	assert_int_equal(admit(0, 0), DROP_PORT_BLOCKED);
}

static void strangers_that_become_peers_both_go_on(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	put(1, 0, 0, SERVES);
	advance(3000);
	meet(0, 1);
	settle();
	assert_int_equal(admit(0, 0), DROP_NONE);
	assert_int_equal(admit(1, 0), DROP_NONE);
	part(0, 1);
	advance(100);
	assert_int_equal(admit(1, 0), DROP_PORT_BLOCKED);
}

static void of_two_own_ports_that_are_joined_outside_the_later_blocks(void **state)
{
	char text[SEGMENTS_SENTENCE_BYTES];

	(void)state;
	put(0, 0, 0, SERVES);
	put(0, 1, 0, SERVES);
	advance(1000);
	assert_int_equal(admit(0, 0), DROP_NONE);
	assert_int_equal(admit(0, 1), DROP_PORT_BLOCKED);
	assert_int_equal(segments_describe(agents[0].segments, 1, text), SEGMENTS_BLOCKED);
	assert_contains(text, "joined outside");
	advance(10000);
	assert_int_equal(admit(0, 1), DROP_PORT_BLOCKED);
	agents[0].places[1].lan = 1; /* taken apart */
	advance(5000);
	assert_int_equal(admit(0, 1), DROP_NONE);
}

static void own_ports_that_share_loopback_are_not_joined(void **state)
{
	struct segments_beacon b;

	(void)state;
	put(0, 0, 0, SERVES);
	put(0, 1, 1, SERVES);
	segments_settle(agents[0].segments, now_ns);
	while (segments_next_beacon(agents[0].segments, &b)) {
		struct segments_heard h = {
			.interface = LO, .sender = sender_of(0, b.port), .beacon = b.beacon};

		segments_hear(agents[0].segments, !b.port, &h, now_ns);
	}
	advance(1000);
	assert_int_equal(admit(0, 1), DROP_NONE);
}

static void a_frame_that_may_go_round_is_reason_for_a_beacon(void **state)
{
	(void)state;
	put(0, 0, 0, SERVES);
	advance(3000);
	agents[0].beacons = 0;
	assert_true(segments_suspect(agents[0].segments, 0, now_ns));
	settle();
	assert_int_equal(agents[0].beacons, 1);
	assert_false(segments_suspect(agents[0].segments, 0, now_ns));
	assert_false(segments_suspect(agents[0].segments, 1, now_ns));
}

static void every_attachment_of_a_port_says_that_it_leaves(void **state)
{
	struct segments_beacon out[SEGMENTS_ATTACHMENTS_MAX];
	struct segments_place places[] = {{.interface = LO, .serves = true},
					  {.interface = ETH0, .is_real = true}};

	(void)state;
	put(0, 0, 0, OWN_HOST);
	segments_attach(agents[0].segments, 0, places, 2, now_ns);
	assert_int_equal(segments_leaving(agents[0].segments, 0, out), 2);
	assert_int_equal(out[0].beacon.kind, BEACON_LEAVING);
	assert_int_equal(segments_leaving(agents[0].segments, 1, out), 0);
}

static void attachments_beyond_256_have_no_number_and_do_no_harm(void **state)
{
	struct segments_place places[SEGMENTS_ATTACHMENTS_MAX];

	(void)state;
	for (uint32_t i = 0; i < SEGMENTS_ATTACHMENTS_MAX; i++)
		places[i] = (struct segments_place){.interface = i + 1, .is_real = true};
	for (int port = 2; port < 20; port++) {
		segments_port_open(agents[0].segments, port, VLAN, now_ns);
		segments_attach(agents[0].segments, port, places, SEGMENTS_ATTACHMENTS_MAX, now_ns);
	}
	assert_int_equal(segments_number(agents[0].segments, 17, 16), 255);
	assert_int_equal(segments_number(agents[0].segments, 18, 1), -1);
	advance(2000);
	assert_int_equal(admit(0, 19), DROP_NONE);
	segments_port_close(agents[0].segments, 2);
	segments_attach(agents[0].segments, 18, places, 1, now_ns);
	assert_int_not_equal(segments_number(agents[0].segments, 18, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_world(a_port_listens_for_a_second_before_it_forwards),
		with_world(a_port_that_does_not_beacon_is_always_admitted),
		with_world(a_port_alone_beacons_with_the_owners_tick_only),
		with_world(two_that_hear_each_other_beacon_faster),
		with_world(a_newcomer_is_answered_at_once),
		with_world(a_flood_of_random_senders_makes_few_beacons_and_few_neighbours),
		with_world(a_neighbour_is_gone_after_three_of_its_periods),
		with_world(a_period_is_believed_within_reason_only),
		with_world(a_frame_that_a_neighbour_injects_is_as_good_as_a_beacon),
		with_world(one_that_leaves_is_forgotten_at_once),
		with_world(nobody_says_goodbye_for_another),
		with_world(what_a_guest_may_have_sent_makes_no_neighbour),
		with_world(a_beacon_on_an_interface_that_is_not_attached_counts_for_nothing),
		with_world(of_two_strangers_that_serve_one_lan_the_lower_rank_goes_on),
		with_world(a_stranger_that_serves_its_own_host_blocks_nobody),
		with_world(a_port_that_serves_its_own_host_is_not_blocked),
		with_world(a_stranger_that_blocks_itself_blocks_nobody),
		with_world(who_blocked_at_equal_rank_goes_on_doing_so_with_new_ids),
		with_world(strangers_that_become_peers_both_go_on),
		with_world(of_two_own_ports_that_are_joined_outside_the_later_blocks),
		with_world(own_ports_that_share_loopback_are_not_joined),
		with_world(a_frame_that_may_go_round_is_reason_for_a_beacon),
		with_world(every_attachment_of_a_port_says_that_it_leaves),
		with_world(attachments_beyond_256_have_no_number_and_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
