/*
 * test_offload.c - agent/offload.h: what is left to be done for a frame, and the pieces of a super-frame
 */
#include "unit.h"

#include <stdlib.h>

#include "agent/offload.h"
#include "craft_super.h"

enum {
	DATA_BYTES = 65535,
	RANDOM = 3000,
};

static uint8_t frame[SUPER_BYTES], expected[SUPER_BYTES], got[SUPER_BYTES];
static uint8_t data[DATA_BYTES];
static struct offload o;
static struct piece piece;
static struct rng rng = {.state = 1};

static const struct super TCP4 = {.flags = SUPER_ACK, .ttl = 64, .data = data};
static const struct super UDP4 = {.is_udp = true, .ttl = 64, .data = data};
static const struct super TCP6 = {.is_ipv6 = true, .flags = SUPER_ACK, .data = data};
static const struct super UDP6 = {.is_ipv6 = true, .is_udp = true, .data = data};

static bool is_derived(const struct super *s)
{
	return offload_derive(frame, super_write(s, frame), &o);
}

/* ---- deriving ---- */

static void assert_places(const struct super *s, size_t network, size_t upper, size_t headers)
{
	assert_true(is_derived(s));
	assert_int_equal(o.network_at, network);
	assert_int_equal(o.upper_at, upper);
	assert_int_equal(o.headers_len, headers);
	assert_int_equal(o.checksum_at, upper + (s->is_udp ? 6 : 16));
	assert_int_equal(o.data_len, s->data_len);
	assert_int_equal(o.is_udp, s->is_udp);
	assert_int_equal(o.is_ipv6, s->is_ipv6);
	assert_int_equal(o.tcp_flags, s->is_udp ? 0 : s->flags);
	assert_int_equal(o.piece_len, 0);
	assert_int_equal(o.more_count, 0);
}

static struct super with(struct super s, size_t data_len)
{
	s.data_len = data_len;
	return s;
}

static void headers_are_found_in_each_kind_of_frame(void **state)
{
	struct super s;

	(void)state;
	s = with(TCP4, 100);
	assert_places(&s, 14, 34, 54);
	s = with(UDP4, 100);
	assert_places(&s, 14, 34, 42);
	s = with(TCP6, 100);
	assert_places(&s, 14, 54, 74);
	s = with(UDP6, 0);
	assert_places(&s, 14, 54, 62);
	s.tags = 1;
	assert_places(&s, 18, 58, 66);
	s.tags = 2;
	s.ip_more = 2; /* an extension header of 16 bytes */
	assert_places(&s, 22, 78, 86);
	s = with(TCP4, 1);
	s.tags = 2;
	s.ip_more = 10;
	s.tcp_more = 10;
	s.flags = 0xff;
	assert_places(&s, 22, 82, 142);
}

static void a_third_tag_hides_what_follows(void **state)
{
	struct super s = with(TCP4, 100);
	size_t len = super_write(&s, frame + 12);

	(void)state;
	memmove(frame, frame + 12, 12);
	for (int i = 0; i < 3; i++)
		memcpy(frame + 12 + 4 * i, "\x81\0\0\7", 4);
	assert_false(offload_derive(frame, len + 12, &o));
}

/* At every byte, from heap memory whose end a sanitizer guards. */
static void what_is_cut_short_or_has_bytes_behind_it_has_no_checksum(void **state)
{
	struct super all[] = {TCP4, UDP4, TCP6, UDP6};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		size_t len;

		all[i] = with(all[i], 8);
		all[i].tags = (unsigned)i % 3;
		all[i].ip_more = (uint8_t)i;
		all[i].tcp_more = 3;
		len = super_write(&all[i], frame);
		for (size_t cut = 0; cut <= len + 2; cut++) {
			uint8_t *exact = malloc(cut + 1);

			memcpy(exact + 1, frame, cut);
			assert_int_equal(offload_derive(exact + 1, cut, &o), cut == len);
			free(exact);
		}
	}
}

static void fragments_have_no_checksum(void **state)
{
	struct super s = with(TCP4, 100);

	(void)state;
	for (s.fragment = 1; s.fragment; s.fragment = (uint16_t)(s.fragment << 1))
		assert_int_equal(is_derived(&s), (s.fragment & 0x3fff) == 0);
	s = with(UDP6, 100);
	s.ip_more = 1;
	super_write(&s, frame);
	frame[14 + 6] = 44; /* the fragment header is as long */
	assert_false(offload_derive(frame, 14 + 40 + 8 + 8 + 100, &o));
}

static void extension_headers_are_passed_but_for_those_that_hide(void **state)
{
	struct super s = with(TCP6, 100);
	size_t len;

	(void)state;
	s.ip_more = 3;
	s.fill = 1;
	len = super_write(&s, frame);
	for (unsigned next = 0; next < 256; next++) {
		frame[14 + 6] = (uint8_t)next;
		assert_int_equal(offload_derive(frame, len, &o),
				 next == 0 || next == 43 || next == 60);
	}
}

static void another_protocol_has_no_checksum_here(void **state)
{
	struct super s = with(TCP4, 100);
	size_t len = super_write(&s, frame);

	(void)state;
	for (unsigned protocol = 0; protocol < 256; protocol++) {
		frame[14 + 9] = (uint8_t)protocol;
		if (protocol != 17)
			assert_int_equal(offload_derive(frame, len, &o), protocol == 6);
	}
}

static void lengths_that_do_not_agree_have_no_checksum(void **state)
{
	struct super s = with(UDP4, 100);
	size_t len = super_write(&s, frame);

	(void)state;
	for (unsigned udp = 0; udp <= UINT16_MAX; udp++) {
		poke_u16(frame + 38, (uint16_t)udp);
		assert_int_equal(offload_derive(frame, len, &o), udp == 108);
	}
	len = super_write(&s, frame);
	for (unsigned total = 0; total <= UINT16_MAX; total++) {
		poke_u16(frame + 16, (uint16_t)total);
		assert_int_equal(offload_derive(frame, len, &o), total == 128);
	}
	s = with(TCP4, 4); /* so that six words fit, and seven do not */
	len = super_write(&s, frame);
	for (unsigned words = 0; words < 16; words++) {
		frame[34 + 12] = (uint8_t)(words << 4);
		assert_int_equal(offload_derive(frame, len, &o), words == 5 || words == 6);
	}
}

/* A packet that says how short it is: nothing behind its end is looked at. */
static void a_packet_too_short_for_its_header_has_no_checksum(void **state)
{
	struct super all[] = {TCP4, UDP4};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t header = i == 0 ? 20 : 8;

		super_write(&all[i], frame);
		for (size_t upper = 0; upper <= header; upper++) {
			uint8_t *exact = malloc(34 + upper);

			memcpy(exact, frame, 34 + upper);
			poke_u16(exact + 16, (uint16_t)(20 + upper));
			if (i == 1 && upper >= 6)
				poke_u16(exact + 38, (uint16_t)upper);
			assert_int_equal(offload_derive(exact, 34 + upper, &o), upper == header);
			free(exact);
		}
	}
}

static void headers_that_are_too_long_are_not_taken(void **state)
{
	struct super s = with(UDP6, 100);

	(void)state;
	s.ip_more = (OFFLOAD_HEADERS_MAX - 14 - 40 - 8) / SUPER_UNIT;
	assert_true(is_derived(&s));
	assert_true(o.headers_len <= OFFLOAD_HEADERS_MAX);
	s.ip_more++;
	assert_false(is_derived(&s));
	s = with(TCP6, 0);
	s.tags = 1;
	s.ip_more = 22;
	s.tcp_more = 0; /* 18 + 40 + 176 + 20 = 254 */
	assert_true(is_derived(&s));
	s.tcp_more = 1;
	assert_false(is_derived(&s));
}

/* ---- how many ---- */

static void a_frame_becomes_as_many_as_its_data_needs(void **state)
{
	static const struct {
		uint32_t data_len;
		uint16_t piece_len;
		size_t count, first;
	} cases[] = {
		{0, 0, 1, 50},         {100, 0, 1, 150},
		{0, 100, 1, 50},       {99, 100, 1, 149},
		{100, 100, 1, 150},    {101, 100, 2, 150},
		{200, 100, 2, 150},    {201, 100, 3, 150},
		{65485, 1, 65485, 51}, {65485, 65535, 1, 65535},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		o = (struct offload){.headers_len = 50,
				     .data_len = cases[i].data_len,
				     .piece_len = cases[i].piece_len};
		assert_int_equal(offload_count(&o), cases[i].count);
		assert_int_equal(offload_first_len(&o), cases[i].first);
	}
}

/* ---- cutting ---- */

/* The unfinished checksum is that of the pseudo header: RFC 9293, 3.1 */
static void assert_pseudo_sum(const struct super *s, size_t upper_len)
{
	const uint8_t *ip = piece.headers + o.network_at;
	uint32_t sum = (uint32_t)upper_len + (s->is_udp ? 17 : 6);

	sum = s->is_ipv6 ? super_sum(ip + 8, 32, sum) : super_sum(ip + 12, 8, sum);
	assert_int_equal(peek_u16(piece.headers + o.checksum_at), sum);
}

/* @s: the whole; what the cutter gives for it, finished, is what @super_piece() says, byte for byte */
static void assert_cut(const struct super *s, uint16_t piece_len)
{
	struct cutter c;
	size_t index = 0;

	assert_true(is_derived(s));
	o.piece_len = piece_len;
	/* whatever stands there */
	poke_u16(frame + o.checksum_at, (uint16_t)rng_u64(&rng));
	c = cutter_over(frame, &o);
	for (; cutter_next(&c, &piece); index++) {
		struct super wanted =
			super_piece(s, piece_len && s->data_len ? piece_len : SUPER_BYTES, index);
		size_t len = super_write(&wanted, expected);

		assert_int_equal(piece.headers_len + piece.data_len, len);
		assert_pseudo_sum(s, len - o.upper_at);
		piece_finish(&piece, &o);
		memcpy(got, piece.headers, piece.headers_len);
		memcpy(got + piece.headers_len, piece.data, piece.data_len);
		assert_memory_equal(got, expected, len);
	}
	assert_int_equal(index, offload_count(&o));
}

static void each_piece_is_what_a_host_would_have_sent(void **state)
{
	const struct super all[] = {TCP4, UDP4, TCP6, UDP6};

	(void)state;
	rng_fill(&rng, data, sizeof(data));
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct super s = with(all[i], 3000);

		assert_cut(&s, 1000); /* the last as long as the others */
		assert_cut(&s, 1448); /* shorter */
		assert_cut(&s, 2999); /* of one byte */
		assert_cut(&s, 3000); /* one */
		assert_cut(&s, 0);
		assert_cut(&s, 1);
		s.data_len = 0;
		assert_cut(&s, 0);
	}
}

static void numbers_that_count_up_begin_again_at_zero(void **state)
{
	struct super s = with(TCP4, 5000);

	(void)state;
	s.id = UINT16_MAX - 1;
	s.sequence = UINT32_MAX - 1500;
	assert_cut(&s, 1000);
	s.sequence = UINT32_MAX - 999; /* exactly between two */
	assert_cut(&s, 1000);
}

static void fin_and_psh_are_of_the_last_piece_and_cwr_of_the_first(void **state)
{
	struct super s = with(TCP6, 3000);
	struct cutter c;

	(void)state;
	s.flags = SUPER_ACK | SUPER_FIN | SUPER_PUSH | SUPER_CWR | 0x40 /* ECE */;
	assert_cut(&s, 1000);
	is_derived(&s);
	o.piece_len = 1000;
	c = cutter_over(frame, &o);
	assert_true(cutter_next(&c, &piece));
	assert_int_equal(piece.headers[54 + 13], 0xd0);
	assert_true(cutter_next(&c, &piece));
	assert_int_equal(piece.headers[54 + 13], 0x50);
	assert_true(cutter_next(&c, &piece));
	assert_int_equal(piece.headers[54 + 13], 0x59);
	assert_false(cutter_next(&c, &piece));
	assert_false(cutter_next(&c, &piece));
	assert_cut(&s, 3000); /* one piece is the first and the last */
}

static void a_checksum_of_zero_is_65535_in_udp_and_zero_in_tcp(void **state)
{
	struct super s = with(UDP4, 2);
	uint8_t two[2] = {0, 0};

	(void)state;
	s.data = two;
	super_write(&s, frame);
	memcpy(two, frame + 40, 2); /* its own checksum as data makes the sum all ones */
	super_write(&s, frame);
	assert_int_equal(peek_u16(frame + 40), UINT16_MAX);
	assert_cut(&s, 0);
	s.is_udp = false;
	memset(two, 0, 2);
	super_write(&s, frame);
	memcpy(two, frame + 50, 2);
	super_write(&s, frame);
	assert_int_equal(peek_u16(frame + 50), 0);
	assert_cut(&s, 0);
}

static void the_longest_packet_is_cut_to_its_last_byte(void **state)
{
	struct super s = with(TCP4, 65535 - 40);

	(void)state;
	assert_cut(&s, 1448);
	s = with(UDP6, 65535 - 8);
	assert_cut(&s, 1440);
	s.ip_more = 5;
	s.data_len -= 40;
	s.tags = 2;
	assert_cut(&s, 9000);
}

static void super_frames_of_any_kind_are_cut_right(void **state)
{
	(void)state;
	rng_fill(&rng, data, sizeof(data));
	for (int i = 0; i < RANDOM; i++) {
		struct super s = super_random(&rng, data);

		s.flags = (uint8_t)rng_u64(&rng);
		s.data_len = rng_below(&rng, 4000);
		if (is_derived(&s))
			assert_cut(&s, (uint16_t)(rng_below(&rng, 1500) + s.data_len / 64));
	}
}

/* ---- as a whole ---- */

static void a_whole_that_is_in_one_place_gets_its_sum_only(void **state)
{
	struct super s = with(TCP4, 3000);
	uint8_t headers[OFFLOAD_HEADERS_MAX];

	(void)state;
	s.flags |= SUPER_PUSH;
	is_derived(&s);
	o.piece_len = 1000;
	poke_u16(frame + o.checksum_at, 0xeeee);
	offload_whole(frame, &o, headers);
	assert_int_equal(peek_u16(headers + o.checksum_at),
			 super_sum(frame + 26, 8, 6 + 20 + 3000));
	poke_u16(headers + o.checksum_at, 0xeeee);
	assert_memory_equal(headers, frame, o.headers_len);
}

static void a_whole_of_several_has_their_length_and_flags(void **state)
{
	struct super s = with(TCP4, 2500), first;
	const struct slice more[] = {{data + 1000, 1000}, {data + 2000, 500}};
	uint8_t headers[OFFLOAD_HEADERS_MAX];

	(void)state;
	s.flags = SUPER_ACK | SUPER_PUSH;
	super_write(&s, expected);
	first = super_piece(&s, 1000, 0);
	is_derived(&first);
	o.piece_len = 1000;
	o.data_len = 2500;
	o.tcp_flags = s.flags;
	o.more = more;
	o.more_count = 2;
	offload_whole(frame, &o, headers);
	assert_int_equal(peek_u16(headers + o.checksum_at),
			 super_sum(frame + 26, 8, 6 + 20 + 2500));
	memcpy(headers + o.checksum_at, expected + o.checksum_at, 2);
	assert_memory_equal(headers, expected, o.headers_len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_found_in_each_kind_of_frame),
		cmocka_unit_test(a_third_tag_hides_what_follows),
		cmocka_unit_test(what_is_cut_short_or_has_bytes_behind_it_has_no_checksum),
		cmocka_unit_test(fragments_have_no_checksum),
		cmocka_unit_test(extension_headers_are_passed_but_for_those_that_hide),
		cmocka_unit_test(another_protocol_has_no_checksum_here),
		cmocka_unit_test(lengths_that_do_not_agree_have_no_checksum),
		cmocka_unit_test(a_packet_too_short_for_its_header_has_no_checksum),
		cmocka_unit_test(headers_that_are_too_long_are_not_taken),
		cmocka_unit_test(a_frame_becomes_as_many_as_its_data_needs),
		cmocka_unit_test(each_piece_is_what_a_host_would_have_sent),
		cmocka_unit_test(numbers_that_count_up_begin_again_at_zero),
		cmocka_unit_test(fin_and_psh_are_of_the_last_piece_and_cwr_of_the_first),
		cmocka_unit_test(a_checksum_of_zero_is_65535_in_udp_and_zero_in_tcp),
		cmocka_unit_test(the_longest_packet_is_cut_to_its_last_byte),
		cmocka_unit_test(super_frames_of_any_kind_are_cut_right),
		cmocka_unit_test(a_whole_that_is_in_one_place_gets_its_sum_only),
		cmocka_unit_test(a_whole_of_several_has_their_length_and_flags),
	};

	return cmocka_run_group_tests_name("offload", tests, NULL, NULL);
}
