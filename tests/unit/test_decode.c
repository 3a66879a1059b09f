/*
 * test_decode.c - agent/decode/decode.h
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "craft.h"
#include "decode.h"

static char text[DECODE_TEXT_BYTES];

/* From a buffer of exactly that size, so that a sanitizer sees a byte too far */
static const char *decode(const void *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	memcpy(exact, bytes, len);
	decode_frame(exact, len, text);
	free(exact);
	return text;
}

static const char *decode_crafted(const struct craft *c)
{
	assert_false(c->w.failed);
	return decode(c->bytes, writer_used(&c->w));
}

/* The whole line behind the addresses, which craft_start() makes */
static void assert_says(const struct craft *c, const char *what)
{
	static const char START[] = "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ";
	const char *said = decode_crafted(c);

	assert_int_equal(strncmp(said, START, sizeof(START) - 1), 0);
	assert_string_equal(said + sizeof(START) - 1, what);
}

/* Cut anywhere, it says something, and where a header is cut, that it is */
static void assert_cut_is_said(const struct craft *c, size_t whole_headers)
{
	for (size_t len = 0; len < whole_headers; len++)
		assert_contains(decode(c->bytes, len), len < MAC_BYTES ? "?" : "cut short");
}

static void arp_says_who_asks_for_whom(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_arp(&c, CRAFT_ARP_REQUEST, 1, 7);
	assert_says(&c, "ARP, who has 10.0.0.254, tell 10.0.0.7");
	assert_cut_is_said(&c, 42);
	craft_start(&c, 1);
	craft_arp(&c, CRAFT_ARP_REQUEST, 1, 0);
	assert_says(&c, "ARP, who has 10.0.0.254, asked as a probe");
	craft_start(&c, 1);
	craft_arp(&c, CRAFT_ARP_REPLY, 1, 7);
	assert_says(&c, "ARP, 10.0.0.7 is at 02:00:00:00:00:01");
	craft_start(&c, 1);
	craft_arp(&c, 77, 1, 7);
	assert_says(&c, "ARP, operation 77");
	c.bytes[18] = 8; /* length of a hardware address */
	assert_says(&c, "ARP, for other addresses than IPv4's on Ethernet");
}

static void rarp_of_a_machine_that_migrated_is_told(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_arp(&c, 3, 1, 0);
	craft_mac_bytes(&c.w, 0);
	c.bytes[12] = 0x80;
	c.bytes[13] = 0x35;
	c.bytes[32] = 2; /* target MAC: 02:00:... */
	assert_says(&c, "RARP, which address has 02:00:00:00:00:00");
	c.bytes[21] = 4;
	assert_says(&c, "RARP, 10.0.0.254 is at 02:00:00:00:00:00");
}

static void tags_are_named_and_looked_behind(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_tag(&c, 0x88a8, 5);
	craft_tag(&c, 0x8100, 0xe007);
	craft_arp(&c, CRAFT_ARP_REPLY, 1, 7);
	assert_says(&c, "802.1Q 5, 802.1Q 7, ARP, 10.0.0.7 is at 02:00:00:00:00:01");
	assert_cut_is_said(&c, 50);
	craft_start(&c, 1);
	for (int i = 0; i < 50; i++)
		craft_tag(&c, 0x8100, 1);
	assert_contains(decode_crafted(&c), "802.1Q 1, and further wrappings");
}

static void udp_says_both_ends_and_the_service(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_ipv4(&c, 9, 0, 5);
	craft_udp(&c, 4000, 137);
	c.bytes[39] = 28; /* its length */
	assert_contains(
		decode_crafted(&c),
		"IPv4 10.0.0.9:4000 > 255.255.255.255:137, UDP, NetBIOS names, 20 bytes in it");
	craft_start(&c, 1);
	craft_ipv6(&c, 9, 17);
	craft_udp(&c, 5353, 4000);
	assert_contains(decode_crafted(&c), "IPv6 [fe80::9]:5353 > [ff02::1]:4000, UDP, mDNS");
}

static void padding_behind_a_packet_is_not_taken_for_it(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_ipv4(&c, 9, 0, 5);
	c.bytes[17] = 22; /* total length: two bytes behind the header */
	c.bytes[16] = 0;
	craft_udp(&c, 4000, 5000);
	assert_says(&c, "IPv4 10.0.0.9:4000 > 255.255.255.255:0, UDP, cut short");
}

static void packet_that_says_it_is_longer_is_called_cut(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_ipv4(&c, 9, 0, 5);
	craft_udp(&c, 4000, 5000);
	assert_says(&c, "IPv4 10.0.0.9:4000 > 255.255.255.255:5000, UDP, 0 bytes in it, cut short");
	c.bytes[16] = c.bytes[17] = 0; /* a super-frame says nothing */
	assert_says(&c, "IPv4 10.0.0.9:4000 > 255.255.255.255:5000, UDP, 0 bytes in it");
	assert_cut_is_said(&c, 42);
}

static void tcp_says_flags_and_how_much_is_in_it(void **state)
{
	static const uint8_t tcp[] = {0x0f, 0xa0, 0x00, 0x50, 0, 0, 0, 7, 0, 0, 0, 9,   0x60,
				      0x12, 0,    0,    0,    0, 0, 0, 1, 1, 1, 1, 'h', 'i'};
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_ipv4(&c, 9, 0, 5);
	writer_bytes(&c.w, tcp, sizeof(tcp));
	c.bytes[16] = 0;
	c.bytes[17] = 20 + sizeof(tcp);
	c.bytes[23] = 6;
	assert_says(&c, "IPv4 10.0.0.9:4000 > 255.255.255.255:80, TCP SYN+ACK, seq 7, ack 9, "
			"2 bytes in it");
	c.bytes[46] = 0xf0; /* a header longer than the packet */
	assert_contains(decode_crafted(&c), "TCP, cut short");
	c.bytes[46] = 0x40; /* and one that is too short to be one */
	assert_contains(decode_crafted(&c), "TCP, cut short");
}

static void icmp_says_what_it_is_about(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_ipv4(&c, 9, 0, 5);
	writer_bytes(&c.w, "\x08\0\0\0\0\x05\0\x06", 8);
	c.bytes[16] = 0;
	c.bytes[17] = 28;
	c.bytes[23] = 1;
	assert_says(&c, "IPv4 10.0.0.9 > 255.255.255.255, ICMP, echo request, id 5, seq 6");
	c.bytes[34] = 3;
	c.bytes[35] = 1;
	assert_says(&c, "IPv4 10.0.0.9 > 255.255.255.255, ICMP, unreachable, code 1");
	c.bytes[34] = 250;
	assert_contains(decode_crafted(&c), "ICMP, type 250, code 1");
}

static void neighbour_discovery_says_for_whom(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_ipv6(&c, 1, 0);
	craft_extension(&c, 58, 2);
	craft_nd(&c, CRAFT_NS, 4);
	assert_contains(decode_crafted(&c),
			"IPv6 fe80::1 > ff02::1, ICMPv6, neighbour solicitation of fe80::4");
	assert_cut_is_said(&c, writer_used(&c.w));
	craft_start(&c, 1);
	craft_ipv6(&c, 1, 58);
	craft_nd(&c, CRAFT_RA, 0);
	assert_contains(decode_crafted(&c), "ICMPv6, router advertisement");
}

static void fragments_say_where_they_belong(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_ipv4(&c, 9, 185, 5);
	craft_udp(&c, 1, 2);
	assert_contains(decode_crafted(&c),
			"IPv4 10.0.0.9 > 255.255.255.255, fragment of 0x0 at 1480");
	craft_start(&c, 1);
	craft_ipv4(&c, 9, 0x2000, 5);
	craft_udp(&c, 1, 2);
	assert_contains(decode_crafted(&c), "10.0.0.9:1 > 255.255.255.255:2, UDP, 0 bytes in it, "
					    "fragment of 0x0 at 0");
	craft_start(&c, 1);
	craft_ipv6(&c, 9, 44);
	craft_fragment(&c, 17, 1480);
	craft_udp(&c, 1, 2);
	assert_contains(decode_crafted(&c), "IPv6 fe80::9 > ff02::1, fragment of 0x7 at 1480");
}

static void dhcp_says_who_gets_what_from_whom(void **state)
{
	struct craft c;
	uint8_t *bootp;

	(void)state;
	craft_start(&c, 1);
	craft_discover(&c, "id");
	bootp = c.bytes + 42;
	memcpy(bootp + 28, "\x02\0\0\0\0\x09", 6);
	assert_contains(decode_crafted(&c), "IPv4 0.0.0.0:68 > 255.255.255.255:67, UDP, DHCP "
					    "discover for 02:00:00:00:00:09");
	craft_start(&c, 1);
	craft_offer(&c);
	writer_u32(&c.w, 0x63825363);
	writer_bytes(&c.w,
		     "\x35\x01\x02\x36\x04\x0a\0\0\x01\x0c\x04w\x1b"
		     "8\"\xff",
		     17);
	memcpy(bootp + 16, "\x0a\0\0\x07", 4);
	assert_contains(decode_crafted(&c), "DHCP offer for 00:00:00:00:00:00, gets 10.0.0.7, "
					    "server 10.0.0.1, name, \"w.8\"\"");
	bootp[237]++; /* no cookie, no options */
	assert_contains(decode_crafted(&c), "BOOTP for 00:00:00:00:00:00, gets 10.0.0.7");
	assert_contains(decode(c.bytes, 100), "DHCP, cut short");
}

static const uint8_t IPX[] = {
	0xff, 0xff, 0x00, 0x22, 0x00, 0x11, 0, 0,    0, 1, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0x04, 0x55, 0,    0,    0,    1, 0x02, 0, 0, 0,    0,    1,    0x40, 0x03,
};
static const char IPX_SAYS[] =
	"IPX 00000001.020000000001:4003 > 00000001.ffffffffffff:0455, NetBIOS, 34 bytes";

static void ipx_is_read_in_all_four_framings(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	writer_u16(&c.w, 0x8137);
	writer_bytes(&c.w, IPX, sizeof(IPX));
	assert_says(&c, IPX_SAYS);
	assert_cut_is_said(&c, 44);
	craft_start(&c, 1);
	writer_u16(&c.w, sizeof(IPX));
	writer_bytes(&c.w, IPX, sizeof(IPX));
	writer_zeros(&c.w, 16); /* padding */
	assert_says(&c, IPX_SAYS);
	craft_start(&c, 1);
	writer_u16(&c.w, sizeof(IPX) + 3);
	writer_bytes(&c.w, "\xe0\xe0\x03", 3);
	writer_bytes(&c.w, IPX, sizeof(IPX));
	assert_says(&c, IPX_SAYS);
	craft_start(&c, 1);
	craft_snap(&c, sizeof(IPX) + 8, 0);
	writer_u16(&c.w, 0x8137);
	writer_bytes(&c.w, IPX, sizeof(IPX));
	assert_says(&c, IPX_SAYS);
}

static void what_has_no_name_shows_its_type_and_its_first_bytes(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	writer_u16(&c.w, 0x88b6);
	writer_bytes(&c.w, "\x1b[31m hello \xff", 13);
	assert_says(&c, "type 0x88b6, \".[31m hello .\"");
	writer_bytes(&c.w, "0123456789012345678901234567890", 31);
	assert_says(&c, "type 0x88b6, \".[31m hello .0123456789012345678\"...");
	craft_start(&c, 1);
	writer_u16(&c.w, 0x88cc);
	assert_says(&c, "LLDP");
	craft_start(&c, 1);
	writer_u16(&c.w, 38);
	writer_bytes(&c.w, "\x42\x42\x03\0\0\0\0", 7);
	assert_says(&c, "spanning tree");
	craft_start(&c, 1);
	writer_u16(&c.w, 5);
	writer_bytes(&c.w, "\x06\x06\x03hi and padding", 17);
	assert_says(&c, "LLC 0x06, \"hi\"");
	craft_start(&c, 1);
	writer_u16(&c.w, 9);
	writer_bytes(&c.w, "\xaa\xaa\x03\0\0\x0c\x01\x0b!", 9);
	assert_says(&c, "SNAP 00000c type 0x010b");
}

static void nothing_at_all_is_no_trouble(void **state)
{
	(void)state;
	assert_string_equal(decode("", 0), "? > ?, cut short");
	assert_string_equal(decode("\1\2\3\4\5\6", 6), "? > 01:02:03:04:05:06, cut short");
}

static void no_text_is_longer_than_its_room(void **state)
{
	struct craft c;

	(void)state;
	craft_start(&c, 1);
	craft_discover(&c, "");
	writer_zeros(&c.w, 0);
	c.w.at -= 1; /* over the end of the options */
	writer_u8(&c.w, 12);
	writer_u8(&c.w, 255);
	memset(writer_reserve(&c.w, 180), 'n', 180);
	assert_in_range(strlen(decode_crafted(&c)), 1, DECODE_TEXT_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_says_who_asks_for_whom),
		cmocka_unit_test(rarp_of_a_machine_that_migrated_is_told),
		cmocka_unit_test(tags_are_named_and_looked_behind),
		cmocka_unit_test(udp_says_both_ends_and_the_service),
		cmocka_unit_test(padding_behind_a_packet_is_not_taken_for_it),
		cmocka_unit_test(packet_that_says_it_is_longer_is_called_cut),
		cmocka_unit_test(tcp_says_flags_and_how_much_is_in_it),
		cmocka_unit_test(icmp_says_what_it_is_about),
		cmocka_unit_test(neighbour_discovery_says_for_whom),
		cmocka_unit_test(fragments_say_where_they_belong),
		cmocka_unit_test(dhcp_says_who_gets_what_from_whom),
		cmocka_unit_test(ipx_is_read_in_all_four_framings),
		cmocka_unit_test(what_has_no_name_shows_its_type_and_its_first_bytes),
		cmocka_unit_test(nothing_at_all_is_no_trouble),
		cmocka_unit_test(no_text_is_longer_than_its_room),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
