/*
 * test_hub_datagram.c - agent/ports/hub_datagram.h
 */
#include "unit.h"

#include "../../agent/ports/hub_datagram.h"

enum {
	GROUP = 0xe6000001, /* 230.0.0.1 */
	PORT = 33000,
	ROOM = 128,
};

/* What frame() writes. */
struct parts {
	const uint8_t *tags;
	size_t tag_bytes;
	size_t option_words;
	uint16_t fragment; /* more fragments 0x2000, offset */
	uint8_t protocol;
	uint32_t target;
	uint16_t port;
};

static const struct parts HUB = {.protocol = 17, .target = GROUP, .port = PORT};

static size_t put(uint8_t *at, uint32_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
	return bytes;
}

static size_t frame(uint8_t out[ROOM], struct parts p)
{
	size_t at = 12;

	memset(out, 0, ROOM);
	if (p.tag_bytes)
		memcpy(out + at, p.tags, p.tag_bytes);
	at += p.tag_bytes;
	at += put(out + at, 0x0800, 2);
	at += put(out + at, (uint32_t)(0x45 + p.option_words), 1);
	at += 5;
	at += put(out + at, p.fragment, 2);
	at += put(out + at, 1, 1);
	at += put(out + at, p.protocol, 1);
	at += 6;
	at += put(out + at, p.target, 4);
	at += 4 * p.option_words;
	at += put(out + at, 50001, 2);
	return at + put(out + at, p.port, 2);
}

static bool is_hub(struct parts p)
{
	struct addr group = addr_from_ipv4(GROUP, PORT);
	struct hub_datagram d;
	uint8_t bytes[ROOM];
	size_t len = frame(bytes, p);

	return hub_datagram_read(bytes, len, &d) && hub_datagram_is_to(&d, &group);
}

static void a_datagram_to_the_hub_is_known_whoever_sent_it(void **state)
{
	(void)state;
	assert_true(is_hub(HUB));
}

static void another_group_port_or_protocol_is_none(void **state)
{
	struct parts p = HUB;

	(void)state;
	p.target++;
	assert_false(is_hub(p));
	p = HUB;
	p.port++;
	assert_false(is_hub(p));
	p = HUB;
	p.protocol = 6;
	assert_false(is_hub(p));
	p = HUB;
	p.target = 0x0a000001; /* 10.0.0.1: to a machine, not to a hub */
	assert_false(is_hub(p));
}

static void tags_and_options_hide_nothing(void **state)
{
	static const uint8_t tags[] = {0x88, 0xa8, 0, 5, 0x81, 0, 0, 7};
	struct parts p = HUB;

	(void)state;
	p.tags = tags + 4;
	p.tag_bytes = 4;
	assert_true(is_hub(p));
	p.tags = tags;
	p.tag_bytes = 8;
	p.option_words = 10;
	assert_true(is_hub(p));
}

static void every_fragment_to_the_group_counts_because_the_later_ones_have_no_port(void **state)
{
	struct parts p = HUB;

	(void)state;
	p.port = 7;
	p.fragment = 185; /* the last one */
	assert_true(is_hub(p));
	p.fragment = 0x2000; /* the first one goes where they go */
	assert_true(is_hub(p));
	p.fragment = 0x4000; /* "don't fragment" makes it none */
	assert_false(is_hub(p));
	p.fragment = 185;
	p.target++;
	assert_false(is_hub(p));
}

static void what_is_cut_anywhere_is_none(void **state)
{
	struct hub_datagram d;
	uint8_t bytes[ROOM];
	size_t len = frame(bytes, HUB);

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_false(hub_datagram_read(bytes, cut, &d));
	assert_true(hub_datagram_read(bytes, len, &d));
}

static void a_header_that_contradicts_itself_is_none(void **state)
{
	struct hub_datagram d;
	uint8_t bytes[ROOM];

	(void)state;
	frame(bytes, HUB);
	bytes[14] = 0x44; /* shorter than any header */
	assert_false(hub_datagram_read(bytes, ROOM, &d));
	bytes[14] = 0x65;
	assert_false(hub_datagram_read(bytes, ROOM, &d));
	bytes[14] = 0x45;
	assert_true(hub_datagram_read(bytes, ROOM, &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_to_the_hub_is_known_whoever_sent_it),
		cmocka_unit_test(another_group_port_or_protocol_is_none),
		cmocka_unit_test(tags_and_options_hide_nothing),
		cmocka_unit_test(
			every_fragment_to_the_group_counts_because_the_later_ones_have_no_port),
		cmocka_unit_test(what_is_cut_anywhere_is_none),
		cmocka_unit_test(a_header_that_contradicts_itself_is_none),
	};

	return cmocka_run_group_tests_name("hub_datagram", tests, NULL, NULL);
}
