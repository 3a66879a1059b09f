/*
 * test_guard.c - agent/guard.h
 */
#include "unit.h"

#include "agent/guard.h"
#include "craft.h"

#define S_NS UINT64_C(1000000000)

enum {
	PORT = 0, /* members */
	TAP = 1,
	ANNA = 2,
	BERT = 3,
	MEMBERS = 4,
	NOTHING = 0,
	FLOOD = 200000,
};

static struct guard *g;
static struct craft c;
static unsigned allowed;

static int set_up(void **state)
{
	const struct hash_key key = {{1}};

	(void)state;
	allowed = NOTHING;
	g = guard_new(&key, MEMBERS);
	for (int i = 0; i < MEMBERS; i++)
		guard_join(g, i, i >= ANNA);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	guard_free(g);
	return 0;
}

/* The crafted frame, as the data path treats it */
static enum drop send(int member, uint64_t now_ns)
{
	enum drop drop = DROP_NONE;
	struct inspect i;

	assert_false(c.w.failed);
	inspect_frame(c.bytes, writer_used(&c.w), &i);
	if (member >= ANNA)
		drop = guard_judge(g, member, &i, allowed, now_ns);
	if (drop == DROP_NONE)
		guard_learn(g, member, &i, now_ns);
	return drop;
}

static enum drop claim(int member, int mac, int ip, uint64_t now_ns)
{
	craft_start(&c, mac);
	craft_arp(&c, CRAFT_ARP_REPLY, mac, ip);
	return send(member, now_ns);
}

static enum drop claim6(int member, int mac, int ip, uint64_t now_ns)
{
	craft_start(&c, mac);
	craft_ipv6(&c, ip, 58);
	craft_nd(&c, CRAFT_NA, ip);
	craft_option(&c, CRAFT_TARGET_OPTION, mac);
	return send(member, now_ns);
}

static enum drop packet(int member, int mac, int ip, uint64_t now_ns)
{
	craft_start(&c, mac);
	craft_ipv4(&c, ip, 0, 5);
	return send(member, now_ns);
}

static void each_kind_has_its_reason_and_its_permission(void **state)
{
	(void)state;
	for (enum guard_kind kind = 0; kind < GUARD_KINDS; kind++) {
		struct inspect i = {
			.dhcp_reply = kind == GUARD_DHCP,
			.ra = kind == GUARD_RA,
			.bpdu = kind == GUARD_BPDU,
			.contradicts = kind == GUARD_ARP,
		};

		assert_int_equal(guard_judge(g, ANNA, &i, NOTHING, S_NS), guard_drop(kind));
		assert_int_equal(guard_judge(g, ANNA, &i, ~guard_bit(kind), S_NS),
				 guard_drop(kind));
		assert_int_equal(guard_judge(g, ANNA, &i, guard_bit(kind), S_NS), DROP_NONE);
		assert_int_equal(guard_kind_of(guard_drop(kind)), kind);
	}
	assert_int_equal(guard_kind_of(DROP_REPLAY), GUARD_KINDS);
}

static void an_address_in_use_is_claimed_by_nobody_else_for_a_minute(void **state)
{
	(void)state;
	claim(PORT, 1, 5, S_NS);
	assert_int_equal(claim(ANNA, 9, 5, 2 * S_NS), DROP_GUARD_ARP);
	assert_int_equal(claim(ANNA, 9, 5, 61 * S_NS - 1), DROP_GUARD_ARP);
	assert_int_equal(claim(ANNA, 9, 5, 61 * S_NS), DROP_NONE);
	assert_int_equal(claim(BERT, 8, 5, 62 * S_NS), DROP_GUARD_ARP); /* now it is anna's */
}

static void ipv6_addresses_are_kept_as_well(void **state)
{
	(void)state;
	claim6(PORT, 1, 5, S_NS);
	assert_int_equal(claim6(ANNA, 9, 5, 61 * S_NS - 1), DROP_GUARD_ARP);
	assert_int_equal(claim6(ANNA, 9, 6, S_NS), DROP_NONE);
	assert_int_equal(claim6(ANNA, 9, 5, 61 * S_NS), DROP_NONE);
}

static void a_packets_source_is_use_too(void **state)
{
	(void)state;
	packet(PORT, 1, 5, S_NS);
	assert_int_equal(claim(ANNA, 9, 5, 2 * S_NS), DROP_GUARD_ARP);
	packet(PORT, 1, 5, 50 * S_NS);
	assert_int_equal(claim(ANNA, 9, 5, 70 * S_NS), DROP_GUARD_ARP);
}

static void what_peers_use_is_kept_from_other_peers(void **state)
{
	(void)state;
	claim(BERT, 1, 5, S_NS);
	assert_int_equal(claim(ANNA, 9, 5, 2 * S_NS), DROP_GUARD_ARP);
	assert_int_equal(claim(BERT, 1, 5, 2 * S_NS), DROP_NONE);
}

static void a_router_takes_no_address_by_forwarding(void **state)
{
	(void)state;
	claim(BERT, 1, 5, S_NS);
	assert_int_equal(packet(ANNA, 9, 5, 2 * S_NS), DROP_NONE); /* no claim: it passes */
	assert_int_equal(packet(PORT, 7, 5, 2 * S_NS), DROP_NONE);
	assert_int_equal(claim(BERT, 1, 5, 3 * S_NS), DROP_NONE);
	assert_int_equal(claim(ANNA, 9, 5, 3 * S_NS), DROP_GUARD_ARP);
}

static void local_machines_win(void **state)
{
	(void)state;
	claim(ANNA, 9, 5, S_NS);
	claim(PORT, 1, 5, 2 * S_NS);
	assert_int_equal(claim(ANNA, 9, 5, 3 * S_NS), DROP_GUARD_ARP);
}

static void within_one_peer_addresses_change_hands(void **state)
{
	(void)state;
	claim(ANNA, 1, 5, S_NS);
	assert_int_equal(claim(ANNA, 2, 5, 2 * S_NS), DROP_NONE);
}

static void addresses_follow_a_mac_that_moved(void **state)
{
	(void)state;
	claim(ANNA, 1, 5, S_NS);
	assert_int_equal(claim(BERT, 1, 5, 2 * S_NS), DROP_NONE);
	assert_int_equal(claim(ANNA, 9, 5, 3 * S_NS), DROP_GUARD_ARP); /* it is bert's now */
	packet(PORT, 1, 5, 4 * S_NS);
	assert_int_equal(claim(BERT, 8, 5, 5 * S_NS), DROP_GUARD_ARP);
}

static void probes_claim_nothing(void **state)
{
	(void)state;
	claim(PORT, 1, 5, S_NS);
	craft_start(&c, 9);
	craft_arp(&c, CRAFT_ARP_REQUEST, 9, 0);
	assert_int_equal(send(ANNA, S_NS), DROP_NONE);
	craft_start(&c, 9);
	craft_ipv6(&c, 0, 58);
	craft_nd(&c, CRAFT_NS, 5);
	assert_int_equal(send(ANNA, S_NS), DROP_NONE);
}

static void a_stopped_claim_teaches_nothing(void **state)
{
	(void)state;
	claim(PORT, 1, 5, S_NS);
	claim(ANNA, 9, 5, 59 * S_NS);
	assert_int_equal(claim(BERT, 8, 5, 62 * S_NS), DROP_NONE);
}

static void a_lie_about_its_own_mac_teaches_nothing(void **state)
{
	(void)state;
	craft_start(&c, 1);
	craft_arp(&c, CRAFT_ARP_REPLY, 2, 5); /* proxied by a local machine, which is not judged */
	assert_int_equal(send(PORT, S_NS), DROP_NONE);
	assert_int_equal(claim(ANNA, 9, 5, 2 * S_NS), DROP_NONE);
}

static void with_arp_allowed_a_peer_takes_addresses_over(void **state)
{
	(void)state;
	claim(BERT, 1, 5, S_NS);
	allowed = guard_bit(GUARD_ARP);
	assert_int_equal(claim(ANNA, 9, 5, 2 * S_NS), DROP_NONE);
	allowed = NOTHING;
	assert_int_equal(claim(BERT, 1, 5, 3 * S_NS), DROP_GUARD_ARP);
}

static void what_is_forgotten_is_free(void **state)
{
	(void)state;
	claim(BERT, 1, 5, S_NS);
	guard_forget(g, BERT);
	assert_int_equal(claim(ANNA, 9, 5, 2 * S_NS), DROP_NONE);
}

static void a_flood_of_claims_frees_no_address_of_others(void **state)
{
	(void)state;
	claim(PORT, 1, 5, S_NS);
	claim(BERT, 2, 6, S_NS);
	for (int n = 0; n < FLOOD; n++) {
		craft_start(&c, 9);
		craft_arp(&c, CRAFT_ARP_REPLY, 9, 1000 + n);
		assert_int_equal(send(ANNA, S_NS + (uint64_t)n), DROP_NONE);
	}
	assert_int_equal(claim(ANNA, 9, 5, 2 * S_NS), DROP_GUARD_ARP);
	assert_int_equal(claim(ANNA, 9, 6, 2 * S_NS), DROP_GUARD_ARP);
}

/* ---- twins ---- */

static size_t twins(struct twin *out, uint64_t now_ns)
{
	return guard_twins(g, now_ns, out, TWINS_MAX);
}

static void one_address_with_two_living_macs_is_a_twin(void **state)
{
	struct twin out[TWINS_MAX];

	(void)state;
	claim(PORT, 1, 5, S_NS);
	assert_int_equal(twins(out, S_NS), 0);
	claim(PORT, 2, 5, 31 * S_NS - 1);
	assert_int_equal(twins(out, 31 * S_NS), 1);
	assert_int_equal(out[0].kind, TWIN_IP);
	assert_int_equal(out[0].places[0].mac.b[5], 1);
	assert_int_equal(out[0].places[1].mac.b[5], 2);
}

static void an_address_that_changed_hands_is_no_twin(void **state)
{
	struct twin out[TWINS_MAX];

	(void)state;
	claim(PORT, 1, 5, S_NS);
	claim(PORT, 2, 5, 31 * S_NS);
	assert_int_equal(twins(out, 31 * S_NS), 0);
	packet(PORT, 3, 5, 32 * S_NS); /* forwarded by a router */
	assert_int_equal(twins(out, 32 * S_NS), 0);
}

static void a_stopped_claim_is_a_twin_with_both_places(void **state)
{
	struct twin out[TWINS_MAX];

	(void)state;
	claim(PORT, 1, 5, S_NS);
	claim(ANNA, 9, 5, 2 * S_NS);
	assert_int_equal(twins(out, 2 * S_NS), 1);
	assert_int_equal(out[0].places[0].member, PORT);
	assert_int_equal(out[0].places[1].member, ANNA);
}

static void one_dhcp_client_with_two_macs_is_a_twin(void **state)
{
	struct twin out[TWINS_MAX];

	(void)state;
	craft_start(&c, 1);
	craft_discover(&c, "machine-id");
	send(PORT, S_NS);
	craft_start(&c, 2);
	craft_discover(&c, "machine-id");
	assert_int_equal(send(ANNA, 2 * S_NS), DROP_NONE);
	assert_int_equal(twins(out, 2 * S_NS), 1);
	assert_int_equal(out[0].kind, TWIN_CLIENT_ID);
	assert_int_equal(out[0].places[1].member, ANNA);
}

#define with_guard(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_guard(each_kind_has_its_reason_and_its_permission),
		with_guard(an_address_in_use_is_claimed_by_nobody_else_for_a_minute),
		with_guard(ipv6_addresses_are_kept_as_well),
		with_guard(a_packets_source_is_use_too),
		with_guard(what_peers_use_is_kept_from_other_peers),
		with_guard(a_router_takes_no_address_by_forwarding),
		with_guard(local_machines_win),
		with_guard(within_one_peer_addresses_change_hands),
		with_guard(addresses_follow_a_mac_that_moved),
		with_guard(probes_claim_nothing),
		with_guard(a_stopped_claim_teaches_nothing),
		with_guard(a_lie_about_its_own_mac_teaches_nothing),
		with_guard(with_arp_allowed_a_peer_takes_addresses_over),
		with_guard(what_is_forgotten_is_free),
		with_guard(a_flood_of_claims_frees_no_address_of_others),
		with_guard(one_address_with_two_living_macs_is_a_twin),
		with_guard(an_address_that_changed_hands_is_no_twin),
		with_guard(a_stopped_claim_is_a_twin_with_both_places),
		with_guard(one_dhcp_client_with_two_macs_is_a_twin),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
