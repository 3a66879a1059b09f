/*
 * test_mss.c - agent/mss.h: the MSS of a SYN
 */
#include "unit.h"

#include "agent/mss.h"
#include "craft_tcp.h"

#define OPTIONS(text) .options = (text), .options_len = sizeof(text) - 1

static uint8_t frame[CRAFT_TCP_BYTES];
static struct mss m;

static bool found(const struct crafted *c)
{
	return mss_find(frame, craft_tcp(c, frame), &m);
}

static void the_mss_of_a_syn_and_of_its_answer_is_found(void **state)
{
	(void)state;
	assert_true(found(&(struct crafted){.flags = CRAFT_SYN}));
	assert_int_equal(m.value, 1460);
	assert_true(found(&(struct crafted){.flags = CRAFT_SYN_ACK}));
	assert_int_equal(m.value, 1460);
}

static void other_segments_and_protocols_have_none(void **state)
{
	(void)state;
	assert_false(found(&(struct crafted){.flags = CRAFT_ACK}));
	assert_false(found(&(struct crafted){.protocol = 17}));
	assert_false(found(&(struct crafted){.fragment = 0x2000}));
}

static void it_is_found_between_other_options(void **state)
{
	static const char usual[] = "\4\2\10\12\1\2\3\4\5\6\7\10\2\4\5\264\1\1\1\0";

	(void)state;
	assert_true(found(&(struct crafted){OPTIONS("\1\1\4\2\2\4\5\xb4")}));
	assert_int_equal(m.value, 1460);
	assert_true(found(&(struct crafted){OPTIONS(usual)}));
	assert_int_equal(m.value, 1460);
}

static void options_without_it_or_that_do_not_parse_have_none(void **state)
{
	(void)state;
	assert_false(found(&(struct crafted){OPTIONS("\1\1\4\2")}));
	assert_false(found(&(struct crafted){OPTIONS("")}));
	assert_false(found(&(struct crafted){OPTIONS("\0\0\0\0\2\4\5\xb4")})); /* behind the end */
	assert_false(found(&(struct crafted){OPTIONS("\2\3\5\xb4")}));
	assert_false(found(&(struct crafted){OPTIONS("\1\1\2\4")}));
	assert_false(found(&(struct crafted){OPTIONS("\1\2\4\5")}));
	assert_false(found(&(struct crafted){OPTIONS("\5\0\2\4\5\xb4\1\1")}));
	assert_false(found(&(struct crafted){OPTIONS("\5\1\2\4\5\xb4\1\1")}));
}

static void a_header_longer_than_the_segment_has_none(void **state)
{
	size_t len = craft_tcp(&(struct crafted){.flags = CRAFT_SYN}, frame);

	(void)state;
	frame[14 + 20 + 12] = 0xf0;
	assert_false(mss_find(frame, len, &m));
}

static void what_fits_leaves_room_for_the_headers_of_that_connection(void **state)
{
	(void)state;
	found(&(struct crafted){.is_ipv6 = false});
	assert_int_equal(mss_fitting(&m, 1514), 1460);
	found(&(struct crafted){.is_ipv6 = true});
	assert_int_equal(mss_fitting(&m, 1514), 1440);
	found(&(struct crafted){.tag = 5});
	assert_int_equal(mss_fitting(&m, 1514), 1456);
	found(&(struct crafted){.is_ipv6 = true, .tag = 5, .provider = 6});
	assert_int_equal(mss_fitting(&m, 1514), 1432);
	found(&(struct crafted){OPTIONS("\2\4\5\xb4\1\1\4\2")}); /* its sender counts options in */
	assert_int_equal(mss_fitting(&m, 1514), 1460);
}

static void what_fits_has_a_floor_and_a_ceiling(void **state)
{
	(void)state;
	found(&(struct crafted){.is_ipv6 = false});
	assert_int_equal(mss_fitting(&m, 0), MSS_MIN);
	assert_int_equal(mss_fitting(&m, 54 + MSS_MIN + 1), MSS_MIN + 1);
	assert_int_equal(mss_fitting(&m, SIZE_MAX), MSS_MAX);
}

/* At an even and an odd offset, for many values: the sum of the segment stays what it was. */
static void a_changed_mss_keeps_the_checksum_true(void **state)
{
	static const struct crafted kinds[] = {
		{.is_ipv6 = false},
		{OPTIONS("\1\2\4\5\xb4\1\1\1")},
		{.is_ipv6 = true, .tag = 3, OPTIONS("\1\1\1\2\4\xff\xff\0")},
	};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		for (unsigned value = 0; value <= UINT16_MAX; value += 13) {
			size_t len = craft_tcp(&kinds[k], frame), at;

			assert_true(mss_find(frame, len, &m));
			at = m.checksum_at - 16;
			mss_set(frame, &m, (uint16_t)value, true);
			assert_int_equal(crafted_sum(frame + at, len - at), 0);
			assert_true(mss_find(frame, len, &m));
			assert_int_equal(m.value, value);
		}
	}
}

static void nothing_but_mss_and_checksum_changes(void **state)
{
	uint8_t before[CRAFT_TCP_BYTES];
	size_t len = craft_tcp(&(struct crafted){.tag = 5}, frame);

	(void)state;
	memcpy(before, frame, len);
	mss_find(frame, len, &m);
	mss_set(frame, &m, 1000, true);
	for (size_t i = 0; i < len; i++)
		if (i != m.value_at && i != m.value_at + 1 && i != m.checksum_at &&
		    i != m.checksum_at + 1)
			assert_int_equal(frame[i], before[i]);
	assert_memory_not_equal(frame, before, len);
}

static void an_unfinished_checksum_is_left_alone(void **state)
{
	size_t len = craft_tcp(&(struct crafted){.tag = 0}, frame);
	uint8_t before[2];

	(void)state;
	mss_find(frame, len, &m);
	memcpy(before, frame + m.checksum_at, 2);
	mss_set(frame, &m, 1000, false);
	assert_memory_equal(frame + m.checksum_at, before, 2);
	mss_find(frame, len, &m);
	assert_int_equal(m.value, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mss_of_a_syn_and_of_its_answer_is_found),
		cmocka_unit_test(other_segments_and_protocols_have_none),
		cmocka_unit_test(it_is_found_between_other_options),
		cmocka_unit_test(options_without_it_or_that_do_not_parse_have_none),
		cmocka_unit_test(a_header_longer_than_the_segment_has_none),
		cmocka_unit_test(what_fits_leaves_room_for_the_headers_of_that_connection),
		cmocka_unit_test(what_fits_has_a_floor_and_a_ceiling),
		cmocka_unit_test(a_changed_mss_keeps_the_checksum_true),
		cmocka_unit_test(nothing_but_mss_and_checksum_changes),
		cmocka_unit_test(an_unfinished_checksum_is_left_alone),
	};

	return cmocka_run_group_tests_name("mss", tests, NULL, NULL);
}
