/*
 * test_inspect.c - agent/inspect.h
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/inspect.h"
#include "craft.h"
#include "rng.h"

enum {
	ME = 1,
	OTHER = 2,
	SEED = 20,
	MUTATIONS = 200000,
};

static struct craft c;

static struct inspect look(void)
{
	struct inspect out;

	assert_false(c.w.failed);
	inspect_frame(c.bytes, writer_used(&c.w), &out);
	return out;
}

static void assert_ip(const struct inspect *i, enum ip_role role, const char *text)
{
	char is[INET6_ADDRSTRLEN];

	assert_int_equal(i->role, role);
	if (role != IP_NONE)
		assert_string_equal(ip_key_format(&i->ip, is, sizeof(is)), text);
}

/* Something is stopped, whatever it is called */
static bool stopped(const struct inspect *i)
{
	return i->dhcp_reply || i->ra || i->bpdu || i->contradicts;
}

/* ---- wrappings: each around each kind ---- */

static void no_wrapping(void)
{
}

static void one_tag(void)
{
	craft_tag(&c, 0x8100, 5);
}

static void priority_tag(void)
{
	craft_tag(&c, 0x8100, 0xe000);
}

static void two_tags(void)
{
	craft_tag(&c, 0x88a8, 5);
	craft_tag(&c, 0x8100, 6);
}

static void old_tags(void)
{
	craft_tag(&c, 0x9100, 5);
	craft_tag(&c, 0x9100, 6);
}

static void snap(void)
{
	craft_snap(&c, 400, 0);
}

static void snap_with_a_wrong_length(void)
{
	craft_snap(&c, 3, 0);
}

static void snap_with_a_length_between(void)
{
	craft_snap(&c, 0x05ff, 0);
}

static void snap_from_a_bridge(void)
{
	craft_snap(&c, 400, 0x0000f8);
}

static void tag_then_snap(void)
{
	craft_tag(&c, 0x8100, 0);
	craft_snap(&c, 400, 0);
}

static void snap_then_tag(void)
{
	craft_snap(&c, 400, 0);
	craft_tag(&c, 0x8100, 0);
}

static void (*const WRAPPINGS[])(void) = {
	no_wrapping,
	one_tag,
	priority_tag,
	two_tags,
	old_tags,
	snap,
	snap_with_a_wrong_length,
	snap_with_a_length_between,
	snap_from_a_bridge,
	tag_then_snap,
	snap_then_tag,
};

static void offer(void)
{
	craft_offer(&c);
}

static void offer_with_ip_options(void)
{
	craft_ipv4(&c, 1, 0, 15);
	craft_udp(&c, 67, 68);
}

static void first_fragment_of_an_offer(void)
{
	craft_ipv4(&c, 1, 0x2000, 5);
	craft_udp(&c, 67, 68);
}

static void offer_from_another_port(void)
{
	craft_ipv4(&c, 1, 0, 5);
	craft_udp(&c, 4000, 68);
}

static void dhcpv6_reply(void)
{
	craft_ipv6(&c, ME, 17);
	craft_udp(&c, 547, 546);
}

static void dhcpv6_reply_behind_headers(void)
{
	craft_ipv6(&c, ME, 60);
	craft_extension(&c, 44, 2);
	craft_fragment(&c, 17, 1);
	craft_udp(&c, 547, 546);
}

static void router_advertisement(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_RA, 0);
	craft_option(&c, CRAFT_SOURCE_OPTION, ME);
}

static void advertisement_behind_every_header(void)
{
	craft_ipv6(&c, ME, 0);
	craft_extension(&c, 60, 1);
	craft_extension(&c, 43, 1);
	craft_extension(&c, 51, 3);
	writer_u8(&c.w, 135); /* authentication, of 24 bytes */
	writer_u8(&c.w, 4);
	writer_zeros(&c.w, 22);
	craft_extension(&c, 139, 1);
	craft_extension(&c, 140, 1);
	craft_extension(&c, 58, 1);
	craft_nd(&c, CRAFT_RA, 0);
}

static void advertisement_in_an_atomic_fragment(void)
{
	craft_ipv6(&c, ME, 44);
	craft_fragment(&c, 58, 0);
	craft_nd(&c, CRAFT_RA, 0);
}

static void first_fragment_that_hides_its_headers(void)
{
	craft_ipv6(&c, ME, 44);
	craft_fragment(&c, 60, 1);
	writer_u8(&c.w, 58); /* 24 bytes, of which only 8 are in this fragment */
	writer_u8(&c.w, 2);
	writer_zeros(&c.w, 6);
}

static void redirect(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_REDIRECT, 9);
	craft_option(&c, CRAFT_TARGET_OPTION, OTHER);
}

static void forged_arp_request(void)
{
	craft_arp(&c, CRAFT_ARP_REQUEST, OTHER, 5);
}

static void forged_arp_reply(void)
{
	craft_arp(&c, CRAFT_ARP_REPLY, OTHER, 5);
}

static void forged_solicitation(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_NS, 9);
	craft_option(&c, CRAFT_SOURCE_OPTION, OTHER);
}

static void forged_advertisement(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_NA, 9);
	craft_option(&c, 14, ME); /* a nonce */
	craft_option(&c, CRAFT_TARGET_OPTION, OTHER);
}

static void advertisement_with_two_options(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_NA, 9);
	craft_option(&c, CRAFT_TARGET_OPTION, ME);
	craft_option(&c, CRAFT_TARGET_OPTION, OTHER);
}

static void forged_router_solicitation(void)
{
	craft_ipv6(&c, ME, 58);
	craft_nd(&c, CRAFT_RS, 0);
	craft_option(&c, CRAFT_SOURCE_OPTION, OTHER);
}

static void neighbour_discovery_in_fragments(void)
{
	craft_ipv6(&c, ME, 44);
	craft_fragment(&c, 58, 1);
	craft_nd(&c, CRAFT_NA, 9);
}

static const struct {
	void (*make)(void);
	bool dhcp_reply, ra, contradicts;
} GUARDED[] = {
	{offer, .dhcp_reply = true},
	{offer_with_ip_options, .dhcp_reply = true},
	{first_fragment_of_an_offer, .dhcp_reply = true},
	{offer_from_another_port, .dhcp_reply = true},
	{dhcpv6_reply, .dhcp_reply = true},
	{dhcpv6_reply_behind_headers, .dhcp_reply = true},
	{router_advertisement, .ra = true},
	{advertisement_behind_every_header, .ra = true},
	{advertisement_in_an_atomic_fragment, .ra = true},
	{first_fragment_that_hides_its_headers, .ra = true},
	{redirect, .ra = true},
	{forged_arp_request, .contradicts = true},
	{forged_arp_reply, .contradicts = true},
	{forged_solicitation, .contradicts = true},
	{forged_advertisement, .contradicts = true},
	{advertisement_with_two_options, .contradicts = true},
	{forged_router_solicitation, .contradicts = true},
	{neighbour_discovery_in_fragments, .contradicts = true},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void every_guarded_kind_is_known_in_every_wrapping(void **state)
{
	(void)state;
	for (size_t w = 0; w < COUNT(WRAPPINGS); w++) {
		for (size_t k = 0; k < COUNT(GUARDED); k++) {
			struct inspect i;

			craft_start(&c, ME);
			WRAPPINGS[w]();
			GUARDED[k].make();
			i = look();
			if (i.dhcp_reply != GUARDED[k].dhcp_reply || i.ra != GUARDED[k].ra ||
			    i.contradicts != GUARDED[k].contradicts || i.bpdu)
				fail_msg("wrapping %zu, kind %zu", w, k);
		}
	}
}

static void a_truncated_frame_means_nothing_it_does_not_hold(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT(GUARDED); k++) {
		size_t len;

		craft_start(&c, ME);
		two_tags();
		GUARDED[k].make();
		len = writer_used(&c.w);
		for (size_t cut = 0; cut <= len; cut++) {
			uint8_t *exact = malloc(cut ? cut : 1); /* so that a sanitizer sees it */
			struct inspect i;

			memcpy(exact, c.bytes, cut);
			inspect_frame(exact, cut, &i);
			if (cut < ETHER_HEADER_BYTES + 8 + 18) /* ARP is the shortest */
				assert_false(stopped(&i));
			free(exact);
		}
	}
}

static void mutated_frames_are_never_fatal(void **state)
{
	struct rng r = {.state = SEED};

	(void)state;
	print_message("# seed %d\n", SEED);
	for (int n = 0; n < MUTATIONS; n++) {
		struct inspect i;
		size_t len;

		craft_start(&c, ME);
		WRAPPINGS[rng_below(&r, COUNT(WRAPPINGS))]();
		if (rng_chance(&r, 80))
			GUARDED[rng_below(&r, COUNT(GUARDED))].make();
		else
			craft_discover(&c, "id");
		len = writer_used(&c.w);
		for (uint64_t flips = 1 + rng_below(&r, 8); flips > 0; flips--)
			c.bytes[12 + rng_below(&r, len - 12)] = (uint8_t)rng_u64(&r);
		inspect_frame(c.bytes, rng_below(&r, 2) ? len : rng_below(&r, len + 1), &i);
		assert_true(i.client_id.len <= INSPECT_CLIENT_ID_BYTES);
	}
}

/* ---- what is not guarded ---- */

static void a_later_fragment_means_nothing(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_ipv4(&c, 1, 0x2001, 5);
	craft_udp(&c, 67, 68);
	i = look();
	assert_false(stopped(&i));
	craft_start(&c, ME);
	craft_ipv6(&c, ME, 44);
	craft_fragment(&c, 58, 8);
	craft_nd(&c, CRAFT_RA, 0);
	i = look();
	assert_false(stopped(&i));
}

static void a_clients_messages_are_no_servers(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_discover(&c, "id");
	i = look();
	assert_false(stopped(&i));
	craft_start(&c, ME);
	craft_ipv6(&c, ME, 17);
	craft_udp(&c, 546, 547);
	i = look();
	assert_false(stopped(&i));
}

static void tcp_to_port_68_is_no_dhcp(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_offer(&c);
	c.bytes[ETHER_HEADER_BYTES + 9] = 6;
	i = look();
	assert_false(stopped(&i));
}

static void a_packet_that_ends_within_its_headers_means_nothing(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_ipv6(&c, ME, 60);
	craft_extension(&c, 60, 1);
	i = look();
	assert_false(stopped(&i));
}

static void ipx_and_unknown_types_mean_nothing(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	writer_u16(&c.w, 40);
	writer_u16(&c.w, 0xffff); /* Novell's raw 802.3 */
	writer_zeros(&c.w, 40);
	i = look();
	assert_false(stopped(&i));
	craft_start(&c, ME);
	writer_u16(&c.w, 0x8137);
	writer_zeros(&c.w, 40);
	i = look();
	assert_false(stopped(&i));
}

/* ---- spanning tree ---- */

static struct inspect look_at_group(const char *group)
{
	struct mac m;

	assert_int_equal(mac_parse(group, &m), 0);
	memcpy(c.bytes, m.b, MAC_BYTES);
	return look();
}

static void llc(uint8_t sap, uint16_t protocol)
{
	craft_start(&c, ME);
	writer_u16(&c.w, 38);
	writer_u8(&c.w, sap);
	writer_u8(&c.w, sap);
	writer_u8(&c.w, 3);
	writer_u16(&c.w, protocol);
	writer_zeros(&c.w, 33);
}

static void spanning_tree_is_known_to_any_address(void **state)
{
	(void)state;
	llc(0x42, 0);
	assert_true(look().bpdu);
	assert_true(look_at_group("02:00:00:00:00:07").bpdu);
	craft_start(&c, ME);
	craft_tag(&c, 0x8100, 7);
	writer_bytes(&c.w, "\x00\x26\x42\x42\x03\x00\x00", 7);
	assert_true(look().bpdu);
}

static void spanning_tree_to_its_own_group_is_left_to_the_switch(void **state)
{
	(void)state;
	llc(0x42, 0);
	assert_false(look_at_group("01:80:c2:00:00:00").bpdu);
}

static void ciscos_spanning_tree_is_known_by_group_and_by_snap(void **state)
{
	(void)state;
	craft_start(&c, ME);
	craft_snap(&c, 50, 0x00000c);
	writer_u16(&c.w, 0x010b);
	assert_true(look().bpdu);
	assert_true(look_at_group("01:00:0c:cc:cc:cd").bpdu);
	craft_start(&c, ME);
	writer_u16(&c.w, 0x8100);
	assert_true(look_at_group("01:00:0c:cc:cc:cd").bpdu);
}

static void garp_and_cdp_are_no_spanning_tree(void **state)
{
	(void)state;
	llc(0x42, 1);
	assert_false(look_at_group("01:80:c2:00:00:21").bpdu);
	craft_start(&c, ME);
	craft_snap(&c, 50, 0x00000c);
	writer_u16(&c.w, 0x2000);
	assert_false(look_at_group("01:00:0c:cc:cc:cc").bpdu);
	llc(0xe0, 0);
	assert_false(look().bpdu);
}

/* ---- whose address ---- */

static void arp_claims_its_senders_address(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_arp(&c, CRAFT_ARP_REQUEST, ME, 5);
	i = look();
	assert_false(stopped(&i));
	assert_ip(&i, IP_CLAIMED, "10.0.0.5");
	craft_start(&c, ME);
	craft_arp(&c, CRAFT_ARP_REPLY, ME, 6);
	i = look();
	assert_ip(&i, IP_CLAIMED, "10.0.0.6");
}

static void a_probe_claims_nothing(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_arp(&c, CRAFT_ARP_REQUEST, ME, 0);
	i = look();
	assert_false(stopped(&i));
	assert_int_equal(i.role, IP_NONE);
	craft_start(&c, ME);
	craft_ipv6(&c, 0, 58); /* from "::", with the nonce that tells an echo: RFC 7527 */
	craft_nd(&c, CRAFT_NS, 9);
	craft_option(&c, 14, OTHER);
	i = look();
	assert_false(stopped(&i));
	assert_int_equal(i.role, IP_NONE);
}

static void neighbour_discovery_claims_addresses(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_ipv6(&c, 3, 58);
	craft_nd(&c, CRAFT_NA, 9);
	craft_option(&c, CRAFT_TARGET_OPTION, ME);
	i = look();
	assert_false(stopped(&i));
	assert_ip(&i, IP_CLAIMED, "fe80::9");
	craft_start(&c, ME);
	craft_ipv6(&c, 3, 58);
	craft_nd(&c, CRAFT_NA, 9); /* without an option: at its source */
	i = look();
	assert_ip(&i, IP_CLAIMED, "fe80::9");
	craft_start(&c, ME);
	craft_ipv6(&c, 3, 58);
	craft_nd(&c, CRAFT_NS, 9);
	craft_option(&c, CRAFT_SOURCE_OPTION, ME);
	i = look();
	assert_ip(&i, IP_CLAIMED, "fe80::3");
}

static void a_packets_source_is_used_and_not_claimed(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_ipv4(&c, 8, 0, 5);
	i = look();
	assert_ip(&i, IP_USED, "10.0.0.8");
	craft_start(&c, ME);
	craft_ipv6(&c, 8, 59);
	i = look();
	assert_ip(&i, IP_USED, "fe80::8");
	craft_start(&c, ME);
	craft_ipv4(&c, 0, 0, 5);
	i = look();
	assert_int_equal(i.role, IP_NONE);
}

static void networks_within_tags_are_told_apart(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	two_tags();
	craft_arp(&c, CRAFT_ARP_REQUEST, ME, 5);
	i = look();
	assert_int_equal(i.ip.tags[0], 5);
	assert_int_equal(i.ip.tags[1], 6);
	craft_start(&c, ME);
	priority_tag();
	craft_arp(&c, CRAFT_ARP_REQUEST, ME, 5);
	i = look();
	assert_int_equal(i.ip.tags[0], 0);
	craft_start(&c, ME);
	priority_tag();
	one_tag();
	craft_arp(&c, CRAFT_ARP_REQUEST, ME, 5);
	i = look();
	assert_int_equal(i.ip.tags[0], 5);
}

/* ---- DHCP clients ---- */

static void a_clients_identifier_is_read(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_discover(&c, "machine-id");
	i = look();
	assert_int_equal(i.client_id.len, 10);
	assert_memory_equal(i.client_id.bytes, "machine-id", 10);
}

static void a_long_identifier_is_cut(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_discover(&c, "0123456789012345678901234567890123456789");
	i = look();
	assert_int_equal(i.client_id.len, INSPECT_CLIENT_ID_BYTES);
}

static void a_relayed_request_says_nothing_of_its_source(void **state)
{
	struct inspect i;

	(void)state;
	craft_start(&c, ME);
	craft_discover(&c, "machine-id");
	c.bytes[ETHER_HEADER_BYTES + 20 + 8 + 24] = 10;
	i = look();
	assert_int_equal(i.client_id.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_guarded_kind_is_known_in_every_wrapping),
		cmocka_unit_test(a_truncated_frame_means_nothing_it_does_not_hold),
		cmocka_unit_test(mutated_frames_are_never_fatal),
		cmocka_unit_test(a_later_fragment_means_nothing),
		cmocka_unit_test(a_clients_messages_are_no_servers),
		cmocka_unit_test(tcp_to_port_68_is_no_dhcp),
		cmocka_unit_test(a_packet_that_ends_within_its_headers_means_nothing),
		cmocka_unit_test(ipx_and_unknown_types_mean_nothing),
		cmocka_unit_test(spanning_tree_is_known_to_any_address),
		cmocka_unit_test(spanning_tree_to_its_own_group_is_left_to_the_switch),
		cmocka_unit_test(ciscos_spanning_tree_is_known_by_group_and_by_snap),
		cmocka_unit_test(garp_and_cdp_are_no_spanning_tree),
		cmocka_unit_test(arp_claims_its_senders_address),
		cmocka_unit_test(a_probe_claims_nothing),
		cmocka_unit_test(neighbour_discovery_claims_addresses),
		cmocka_unit_test(a_packets_source_is_used_and_not_claimed),
		cmocka_unit_test(networks_within_tags_are_told_apart),
		cmocka_unit_test(a_clients_identifier_is_read),
		cmocka_unit_test(a_long_identifier_is_cut),
		cmocka_unit_test(a_relayed_request_says_nothing_of_its_source),
	};

	return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
