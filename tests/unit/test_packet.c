/*
 * test_packet.c - agent/packet.h: the IP packet in a frame
 */
#include "unit.h"

#include "agent/packet.h"
#include "craft_tcp.h"

static uint8_t frame[CRAFT_TCP_BYTES];
static struct packet p;

static bool found(const struct crafted *c)
{
	return packet_find(frame, craft_tcp(c, frame), &p);
}

static void an_ipv4_packet_is_found_with_its_addresses_and_upper_layer(void **state)
{
	(void)state;
	assert_true(found(&(struct crafted){.protocol = PACKET_UDP}));
	assert_int_equal(p.protocol, PACKET_UDP);
	assert_int_equal(p.network_at, 14);
	assert_int_equal(p.upper_at, 34);
	assert_int_equal(p.upper_len, 24);
	assert_int_equal(p.ip_bytes, 4);
	assert_memory_equal(p.source, "\x0a\0\0\1", 4);
	assert_memory_equal(p.destination, "\x0a\0\0\2", 4);
}

static void an_ipv6_packet_is_found_behind_a_header_that_is_passed(void **state)
{
	(void)state;
	assert_true(found(&(struct crafted){.is_ipv6 = true}));
	assert_int_equal(p.upper_at, 54);
	assert_true(found(&(struct crafted){.is_ipv6 = true, .ip_options = 16}));
	assert_int_equal(p.protocol, PACKET_TCP);
	assert_int_equal(p.upper_at, 70);
	assert_int_equal(p.upper_len, 24);
	assert_int_equal(p.ip_bytes, 16);
	assert_int_equal(p.destination[15], 2);
}

static void tags_of_customer_and_provider_are_taken_off(void **state)
{
	(void)state;
	assert_true(found(&(struct crafted){.tag = 7}));
	assert_int_equal(p.network_at, 18);
	assert_true(found(&(struct crafted){.tag = 7, .provider = 9, .is_ipv6 = true}));
	assert_int_equal(p.network_at, 22);
}

static void options_of_ipv4_are_passed(void **state)
{
	(void)state;
	assert_true(found(&(struct crafted){.ip_options = 8}));
	assert_int_equal(p.upper_at, 42);
}

static void fragments_are_none(void **state)
{
	(void)state;
	assert_false(found(&(struct crafted){.fragment = 0x2000}));
	assert_false(found(&(struct crafted){.fragment = 1}));
	assert_true(found(&(struct crafted){.fragment = 0x4000})); /* don't fragment */
	assert_true(found(&(struct crafted){.is_ipv6 = true, .protocol = 44}));
	assert_int_equal(p.protocol, 44); /* an IPv6 fragment is no TCP */
}

static void what_ends_too_early_is_none(void **state)
{
	const struct crafted kinds[] = {{.tag = 7}, {.is_ipv6 = true, .ip_options = 8}};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		size_t len = craft_tcp(&kinds[k], frame);

		for (size_t cut = 0; cut < len; cut++)
			assert_false(packet_find(frame, cut, &p));
		assert_true(packet_find(frame, len + 6, &p)); /* padding of Ethernet */
		assert_int_equal(p.upper_at + p.upper_len, len);
	}
}

static void a_header_that_contradicts_itself_is_none(void **state)
{
	size_t len = craft_tcp(&(struct crafted){.tag = 0}, frame);

	(void)state;
	frame[14] = 0x44; /* four words: shorter than any header */
	assert_false(packet_find(frame, len, &p));
	frame[14] = 0x65; /* version 6 under the type of 4 */
	assert_false(packet_find(frame, len, &p));
	frame[14] = 0x45;
	frame[17] = 19; /* shorter than its header */
	assert_false(packet_find(frame, len, &p));
	frame[17] = 20;
	assert_true(packet_find(frame, len, &p));
	assert_int_equal(p.upper_len, 0);
}

static void what_is_no_ip_is_none(void **state)
{
	size_t len = craft_tcp(&(struct crafted){.tag = 0}, frame);

	(void)state;
	frame[13] = 6; /* ARP */
	assert_false(packet_find(frame, len, &p));
}

static void the_class_of_ipv4_and_ipv6_is_read_without_its_ecn_bits(void **state)
{
	const struct crafted kinds[] = {
		{.tag = 0}, {.tag = 7}, {.tag = 7, .provider = 9}, {.fragment = 0x2001}};

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct crafted c = kinds[k];
		size_t len = craft_tcp(&c, frame);
		size_t at = 14U + (c.tag ? 4U : 0U) + (c.provider ? 4U : 0U);

		for (unsigned class = 0; class < 256; class ++) {
			frame[at + 1] = (uint8_t) class;
			assert_int_equal(packet_dscp(frame, len), class >> 2);
		}
		c.is_ipv6 = true;
		len = craft_tcp(&c, frame);
		for (unsigned class = 0; class < 256; class ++) {
			frame[at] = (uint8_t)(0x60 | class >> 4);
			frame[at + 1] = (uint8_t)(class << 4 | 0xf);
			assert_int_equal(packet_dscp(frame, len), class >> 2);
		}
	}
}

static void what_is_no_ip_or_too_short_has_no_class(void **state)
{
	size_t len = craft_tcp(&(struct crafted){.tag = 7}, frame);

	(void)state;
	frame[19] = 0xb8;
	assert_int_equal(packet_dscp(frame, len), 46);
	assert_int_equal(packet_dscp(frame, 20), 46);
	for (size_t cut = 0; cut < 20; cut++)
		assert_int_equal(packet_dscp(frame, cut), 0);
	frame[18] = 0x65;
	assert_int_equal(packet_dscp(frame, len), 0);
	frame[17] = 6; /* ARP */
	assert_int_equal(packet_dscp(frame, len), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_packet_is_found_with_its_addresses_and_upper_layer),
		cmocka_unit_test(an_ipv6_packet_is_found_behind_a_header_that_is_passed),
		cmocka_unit_test(tags_of_customer_and_provider_are_taken_off),
		cmocka_unit_test(options_of_ipv4_are_passed),
		cmocka_unit_test(fragments_are_none),
		cmocka_unit_test(what_ends_too_early_is_none),
		cmocka_unit_test(a_header_that_contradicts_itself_is_none),
		cmocka_unit_test(what_is_no_ip_is_none),
		cmocka_unit_test(the_class_of_ipv4_and_ipv6_is_read_without_its_ecn_bits),
		cmocka_unit_test(what_is_no_ip_or_too_short_has_no_class),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
