/*
 * test_switch.c - agent/switch.h
 */
#include "unit.h"

#include <stdlib.h>

#include "agent/beacon.h"
#include "agent/switch.h"

#define S_NS UINT64_C(1000000000)

enum {
	HUB = 0,
	TAP = 1,
	ANNA = 4,
	BEN = 5,
	MEMBERS = 8,
	MAX_FRAME = 1600,
	FRAME_BYTES = 60,
	BROADCAST = 255, /* stands for the broadcast address in frame_between() */
	LIMIT = 5,
	MANY = 5000,
	QUOTA = 4,
};

static uint8_t frame[MAX_FRAME + 1];

static struct mac mac_of(int n)
{
	if (n == BROADCAST)
		return (struct mac){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	return (struct mac){{2, 0, 0, 0, 0, (uint8_t)n}};
}

static void write_frame(const struct mac *dst, const struct mac *src, uint16_t type)
{
	memset(frame, 0, sizeof(frame));
	memcpy(frame, dst->b, MAC_BYTES);
	memcpy(frame + MAC_BYTES, src->b, MAC_BYTES);
	frame[12] = (uint8_t)(type >> 8);
	frame[13] = (uint8_t)type;
}

static struct vswitch *new_switch(uint32_t limit)
{
	struct switch_config config = {.members_max = MEMBERS, .max_frame = MAX_FRAME};
	struct switch_member port = {.quota = QUOTA, .broadcast = limit};
	struct switch_member peer = {.is_peer = true, .quota = QUOTA, .broadcast = limit};
	struct vswitch *sw = switch_new(&config);

	switch_join(sw, HUB, &port, 0);
	switch_join(sw, TAP, &port, 0);
	switch_join(sw, ANNA, &peer, 0);
	switch_join(sw, BEN, &peer, 0);
	return sw;
}

static struct switch_verdict pass(struct vswitch *sw, int from, int dst, int src, uint64_t now_ns)
{
	struct mac d = mac_of(dst), s = mac_of(src);

	write_frame(&d, &s, 0x0800);
	return switch_frame(sw, from, frame, FRAME_BYTES, now_ns);
}

/* Bits of the members that a flood from @from reaches. */
static unsigned reach(const struct vswitch *sw, int from)
{
	unsigned set = 0;
	size_t cursor = 0;

	for (int m = switch_flood_next(sw, from, &cursor); m >= 0;
	     m = switch_flood_next(sw, from, &cursor)) {
		assert_int_equal(set & 1u << m, 0);
		set |= 1u << m;
	}
	return set;
}

static void broadcast_from_a_port_floods_to_everyone_else(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);

	(void)state;
	assert_int_equal(pass(sw, HUB, BROADCAST, 1, 0).to, SWITCH_FLOOD);
	assert_int_equal(reach(sw, HUB), 1u << TAP | 1u << ANNA | 1u << BEN);
	switch_free(sw);
}

static void what_a_peer_sent_never_floods_to_another_peer(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);

	(void)state;
	assert_int_equal(pass(sw, ANNA, BROADCAST, 1, 0).to, SWITCH_FLOOD);
	assert_int_equal(reach(sw, ANNA), 1u << HUB | 1u << TAP);
	switch_free(sw);
}

static void unicast_from_a_peer_to_another_peer_is_split_horizon(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);

	(void)state;
	pass(sw, BEN, BROADCAST, 2, 0);
	assert_int_equal(pass(sw, ANNA, 2, 1, 0).drop, DROP_SPLIT_HORIZON);
	assert_int_equal(pass(sw, HUB, 2, 3, 0).to, BEN);
	switch_free(sw);
}

static void known_unicast_goes_to_one_place_and_unknown_floods(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);

	(void)state;
	assert_int_equal(pass(sw, HUB, 2, 1, 0).to, SWITCH_FLOOD);
	assert_int_equal(pass(sw, ANNA, 1, 2, 0).to, HUB);
	assert_int_equal(pass(sw, HUB, 2, 1, 0).to, ANNA);
	assert_int_equal(pass(sw, TAP, 2, 3, FDB_AGE_S * S_NS).to, SWITCH_FLOOD);
	switch_free(sw);
}

static void unicast_to_where_it_came_from_is_same_port(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);

	(void)state;
	pass(sw, HUB, BROADCAST, 1, 0);
	assert_int_equal(pass(sw, HUB, 1, 2, 0).drop, DROP_SAME_PORT);
	switch_free(sw);
}

static void a_frame_of_nobody_is_learned_nowhere_and_floods_to_all(void **state)
{
	struct vswitch *sw = new_switch(0);

	(void)state;
	assert_int_equal(pass(sw, SWITCH_NOBODY, BROADCAST, 1, 0).to, SWITCH_FLOOD);
	assert_int_equal(reach(sw, SWITCH_NOBODY), 1u << HUB | 1u << TAP | 1u << ANNA | 1u << BEN);
	assert_int_equal(pass(sw, SWITCH_NOBODY, 1, 2, 0).to, SWITCH_FLOOD);
	switch_free(sw);
}

static void lengths_from_14_to_max_frame_pass(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct mac d = mac_of(BROADCAST), s = mac_of(1);

	(void)state;
	write_frame(&d, &s, 0x0800);
	for (size_t len = 0; len < ETHER_HEADER_BYTES; len++)
		assert_int_equal(switch_frame(sw, HUB, frame, len, 0).drop, DROP_SHORT_FRAME);
	assert_int_equal(switch_frame(sw, HUB, frame, ETHER_HEADER_BYTES, 0).drop, DROP_NONE);
	assert_int_equal(switch_frame(sw, HUB, frame, MAX_FRAME, 0).drop, DROP_NONE);
	assert_int_equal(switch_frame(sw, HUB, frame, MAX_FRAME + 1, 0).drop, DROP_LONG_FRAME);
	switch_free(sw);
}

static void the_sixteen_link_local_groups_do_not_cross(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct mac d = {{0x01, 0x80, 0xc2, 0, 0, 0}}, s = mac_of(1);

	(void)state;
	for (int last = 0; last <= 0x10; last++) {
		d.b[5] = (uint8_t)last;
		write_frame(&d, &s, 0x88cc);
		assert_int_equal(switch_frame(sw, HUB, frame, FRAME_BYTES, 0).drop,
				 last < 0x10 ? DROP_LINK_LOCAL_GROUP : DROP_NONE);
	}
	switch_free(sw);
}

static void beacons_do_not_cross(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct beacon b = {.kind = BEACON_AGENT};
	uint8_t bytes[BEACON_FRAME_BYTES];
	struct mac s = mac_of(1);
	size_t len = beacon_write(&b, &s, bytes);

	(void)state;
	assert_int_equal(switch_frame(sw, HUB, bytes, len, 0).drop, DROP_BEACON);
	switch_free(sw);
}

static void a_group_or_zero_source_is_refused(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct mac d = mac_of(BROADCAST), zero = {{0}}, group = {{1, 0, 0, 0, 0, 7}};

	(void)state;
	write_frame(&d, &zero, 0x0800);
	assert_int_equal(switch_frame(sw, HUB, frame, FRAME_BYTES, 0).drop, DROP_BAD_SOURCE_MAC);
	write_frame(&d, &group, 0x0800);
	assert_int_equal(switch_frame(sw, HUB, frame, FRAME_BYTES, 0).drop, DROP_BAD_SOURCE_MAC);
	switch_free(sw);
}

static void broadcast_multicast_and_unknown_unicast_share_one_limit(void **state)
{
	struct vswitch *sw = new_switch(LIMIT);

	(void)state;
	pass(sw, ANNA, BROADCAST, 9, 0);
	for (int i = 0; i < LIMIT; i++)
		assert_int_equal(pass(sw, HUB, i % 2 ? BROADCAST : 77, 1, 0).drop, DROP_NONE);
	assert_int_equal(pass(sw, HUB, BROADCAST, 1, 0).drop, DROP_BROADCAST_LIMIT);
	assert_int_equal(pass(sw, HUB, 77, 1, 0).drop, DROP_BROADCAST_LIMIT);
	assert_int_equal(pass(sw, HUB, 9, 1, 0).drop, DROP_NONE);         /* known: not limited */
	assert_int_equal(pass(sw, TAP, BROADCAST, 3, 0).drop, DROP_NONE); /* has its own */
	assert_int_equal(pass(sw, HUB, BROADCAST, 1, S_NS / LIMIT).drop, DROP_NONE);
	assert_int_equal(pass(sw, HUB, BROADCAST, 1, S_NS / LIMIT).drop, DROP_BROADCAST_LIMIT);
	switch_free(sw);
}

static int passed_of(struct vswitch *sw, int frames, uint64_t now_ns)
{
	int passed = 0;

	for (int i = 0; i < frames; i++)
		passed += pass(sw, ANNA, BROADCAST, 9, now_ns).drop == DROP_NONE;
	return passed;
}

static void a_flood_goes_on_in_portions_of_ten_milliseconds(void **state)
{
	struct vswitch *sw = new_switch(MANY);
	const uint64_t portion_ns = S_NS / 100;

	(void)state;
	assert_int_equal(passed_of(sw, 2 * MANY, 0), MANY);
	assert_int_equal(passed_of(sw, MANY, portion_ns - 1), 0);
	assert_int_equal(passed_of(sw, MANY, portion_ns), MANY / 100);
	assert_int_equal(passed_of(sw, MANY, portion_ns), 0);
	assert_int_equal(passed_of(sw, MANY, S_NS), MANY - MANY / 100);
	switch_free(sw);
}

static bool is_flooding(struct vswitch *sw, int from, int dst, uint64_t now_ns)
{
	struct mac d = mac_of(dst), s = mac_of(9);

	write_frame(&d, &s, 0x0800);
	return switch_is_flooding(sw, from, frame, FRAME_BYTES, now_ns);
}

static void a_flood_is_seen_without_a_closer_look_and_teaches_nothing(void **state)
{
	struct vswitch *sw = new_switch(LIMIT);

	(void)state;
	pass(sw, HUB, BROADCAST, 1, 0);
	for (int i = 0; i < 2 * LIMIT; i++)
		assert_false(is_flooding(sw, ANNA, BROADCAST, 0)); /* to ask takes nothing */
	assert_int_equal(passed_of(sw, LIMIT, 0), LIMIT);
	assert_true(is_flooding(sw, ANNA, BROADCAST, 0));
	assert_true(is_flooding(sw, ANNA, 77, 0));
	assert_false(is_flooding(sw, ANNA, 1, 0)); /* one place */
	assert_false(is_flooding(sw, BEN, BROADCAST, 0));
	assert_false(is_flooding(sw, ANNA, BROADCAST, S_NS));
	assert_false(switch_is_flooding(sw, ANNA, frame, ETHER_HEADER_BYTES - 1, 0));
	switch_free(sw);
}

static void joining_again_keeps_what_was_learned_and_spent(void **state)
{
	struct vswitch *sw = new_switch(1);
	struct switch_member port = {.quota = QUOTA, .broadcast = 1};

	(void)state;
	pass(sw, HUB, BROADCAST, 1, 0);
	switch_join(sw, HUB, &port, 0);
	assert_int_equal(pass(sw, TAP, 1, 2, 0).to, HUB);
	assert_int_equal(pass(sw, HUB, BROADCAST, 1, 0).drop, DROP_BROADCAST_LIMIT);
	port.broadcast = 2;
	switch_join(sw, HUB, &port, 0);
	assert_int_equal(pass(sw, HUB, BROADCAST, 1, 0).drop, DROP_NONE);
	switch_free(sw);
}

static void a_member_over_its_quota_is_crowded_and_its_frames_go_on(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct switch_verdict v;

	(void)state;
	for (int n = 0; n < QUOTA; n++)
		assert_false(pass(sw, HUB, BROADCAST, n + 1, (uint64_t)n).crowded);
	v = pass(sw, HUB, BROADCAST, QUOTA + 1, QUOTA);
	assert_true(v.crowded);
	assert_int_equal(v.drop, DROP_NONE);
	switch_free(sw);
}

static void the_same_mac_in_two_places_is_dropped_and_listed(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct clone out[CLONES_MAX];

	(void)state;
	pass(sw, HUB, BROADCAST, 1, 0);
	assert_int_equal(pass(sw, ANNA, BROADCAST, 1, S_NS).drop, DROP_MAC_ELSEWHERE);
	assert_int_equal(switch_clones(sw, S_NS, out, CLONES_MAX), 1);
	assert_int_equal(out[0].first, HUB);
	assert_int_equal(out[0].second, ANNA);
	switch_free(sw);
}

static void a_local_machine_goes_on_though_a_peer_introduced_its_mac(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct clone out[CLONES_MAX];

	(void)state;
	pass(sw, ANNA, BROADCAST, 1, 0);
	assert_int_equal(pass(sw, HUB, BROADCAST, 1, S_NS).to, SWITCH_FLOOD);
	assert_int_equal(switch_clones(sw, S_NS, out, CLONES_MAX), 1);
	assert_int_equal(pass(sw, TAP, 1, 2, S_NS).to, ANNA); /* but it is not learned */
	assert_int_equal(pass(sw, BEN, BROADCAST, 1, S_NS).drop, DROP_MAC_ELSEWHERE);
	switch_free(sw);
}

static void a_local_machines_mac_is_taken_over_by_no_other_port(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);

	(void)state;
	pass(sw, HUB, BROADCAST, 1, 0);
	assert_int_equal(pass(sw, TAP, BROADCAST, 1, S_NS).drop, DROP_MAC_ELSEWHERE);
	switch_free(sw);
}

static void a_rarp_announcement_moves_a_quiet_machine(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct mac d = mac_of(BROADCAST), s = mac_of(1);

	(void)state;
	pass(sw, HUB, BROADCAST, 1, 0);
	write_frame(&d, &s, 0x8035);
	assert_int_equal(switch_frame(sw, ANNA, frame, FRAME_BYTES, 3 * S_NS).drop, DROP_NONE);
	assert_int_equal(pass(sw, TAP, 1, 2, 3 * S_NS).to, ANNA);
	switch_free(sw);
}

static void who_leaves_is_flooded_to_no_more_and_forgotten(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);

	(void)state;
	pass(sw, ANNA, BROADCAST, 1, 0);
	switch_leave(sw, ANNA);
	switch_leave(sw, ANNA);
	assert_false(switch_has(sw, ANNA));
	assert_int_equal(pass(sw, HUB, 1, 2, 0).to, SWITCH_FLOOD);
	assert_int_equal(reach(sw, HUB), 1u << TAP | 1u << BEN);
	switch_free(sw);
}

static void a_dead_session_is_forgotten_but_stays_a_member(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct clone out[CLONES_MAX];

	(void)state;
	pass(sw, ANNA, BROADCAST, 1, 0);
	pass(sw, HUB, BROADCAST, 1, 0);
	switch_forget(sw, ANNA);
	assert_true(switch_has(sw, ANNA));
	assert_int_equal(pass(sw, HUB, BROADCAST, 1, 0).drop, DROP_NONE);
	assert_int_equal(switch_clones(sw, 0, out, CLONES_MAX), 0);
	switch_free(sw);
}

static void machines_with_addresses_of_their_own_never_lose_a_frame(void **state)
{
	struct vswitch *sw = new_switch(SWITCH_UNLIMITED);
	struct switch_member many = {.quota = SWITCH_PORT_QUOTA, .broadcast = SWITCH_UNLIMITED};
	unsigned seed = 4711;

	(void)state;
	print_message("# seed %u\n", seed);
	switch_join(sw, HUB, &many, 0);
	for (uint64_t now = 0; now < 100000; now++) {
		int src = 1 + rand_r(&seed) % 200, dst = 1 + rand_r(&seed) % 220;
		int from = src % 3 == 0 ? HUB : src % 3 == 1 ? TAP : ANNA;
		struct switch_verdict v = pass(sw, from, dst > 200 ? BROADCAST : dst, src, now);

		assert_true(v.drop == DROP_NONE || v.drop == DROP_SAME_PORT);
	}
	switch_free(sw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broadcast_from_a_port_floods_to_everyone_else),
		cmocka_unit_test(what_a_peer_sent_never_floods_to_another_peer),
		cmocka_unit_test(unicast_from_a_peer_to_another_peer_is_split_horizon),
		cmocka_unit_test(known_unicast_goes_to_one_place_and_unknown_floods),
		cmocka_unit_test(unicast_to_where_it_came_from_is_same_port),
		cmocka_unit_test(a_frame_of_nobody_is_learned_nowhere_and_floods_to_all),
		cmocka_unit_test(lengths_from_14_to_max_frame_pass),
		cmocka_unit_test(the_sixteen_link_local_groups_do_not_cross),
		cmocka_unit_test(beacons_do_not_cross),
		cmocka_unit_test(a_group_or_zero_source_is_refused),
		cmocka_unit_test(broadcast_multicast_and_unknown_unicast_share_one_limit),
		cmocka_unit_test(a_flood_goes_on_in_portions_of_ten_milliseconds),
		cmocka_unit_test(a_flood_is_seen_without_a_closer_look_and_teaches_nothing),
		cmocka_unit_test(joining_again_keeps_what_was_learned_and_spent),
		cmocka_unit_test(a_member_over_its_quota_is_crowded_and_its_frames_go_on),
		cmocka_unit_test(the_same_mac_in_two_places_is_dropped_and_listed),
		cmocka_unit_test(a_local_machine_goes_on_though_a_peer_introduced_its_mac),
		cmocka_unit_test(a_local_machines_mac_is_taken_over_by_no_other_port),
		cmocka_unit_test(a_rarp_announcement_moves_a_quiet_machine),
		cmocka_unit_test(who_leaves_is_flooded_to_no_more_and_forgotten),
		cmocka_unit_test(a_dead_session_is_forgotten_but_stays_a_member),
		cmocka_unit_test(machines_with_addresses_of_their_own_never_lose_a_frame),
	};

	return cmocka_run_group_tests_name("switch", tests, NULL, NULL);
}
