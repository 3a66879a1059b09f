/*
 * test_inspect.c - agent/inspect.h: what frames mean; the guarded kinds are in test_inspect_wrappings.c
 */
#include "unit.h"

#include <arpa/inet.h>

#include "agent/inspect.h"
#include "craft.h"

enum {
	ME = 1,
	OTHER = 2,
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
	craft_tag(&c, 0x88a8, 5);
	craft_tag(&c, 0x8100, 6);
	craft_arp(&c, CRAFT_ARP_REQUEST, ME, 5);
	i = look();
	assert_int_equal(i.ip.tags[0], 5);
	assert_int_equal(i.ip.tags[1], 6);
	craft_start(&c, ME);
	craft_tag(&c, 0x8100, 0xe000);
	craft_arp(&c, CRAFT_ARP_REQUEST, ME, 5);
	i = look();
	assert_int_equal(i.ip.tags[0], 0);
	craft_start(&c, ME);
	craft_tag(&c, 0x8100, 0xe000);
	craft_tag(&c, 0x8100, 5);
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
