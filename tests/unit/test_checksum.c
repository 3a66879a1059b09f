/*
 * test_checksum.c - common/checksum.h: the same as adding word by word
 */
#include "unit.h"

#include "common/checksum.h"
#include "craft_super.h"

enum {
	LONGEST = 70,
	OFFSETS = 9, /* of a start in memory */
	RANDOM = 2000,
	LARGE = 65535,
};

static uint8_t bytes[LARGE + OFFSETS];

static void assert_sums(size_t len)
{
	for (size_t at = 0; at < OFFSETS; at++)
		assert_int_equal(checksum_sum(bytes + at, len), super_sum(bytes + at, len, 0));
}

static void every_length_and_start_sums_as_word_by_word(void **state)
{
	struct rng rng = {.state = 1};

	(void)state;
	for (int i = 0; i < RANDOM / LONGEST; i++) {
		rng_fill(&rng, bytes, sizeof(bytes));
		for (size_t len = 0; len <= LONGEST; len++)
			assert_sums(len);
	}
	assert_sums(LARGE);
	assert_sums(LARGE - 1);
}

static void no_carry_is_lost(void **state)
{
	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	for (size_t len = 0; len <= LONGEST; len++)
		assert_sums(len);
	assert_sums(LARGE);
	assert_int_equal(checksum_sum(bytes, LARGE), 0xff00);
	assert_int_equal(checksum_sum(bytes, LARGE - 1), 0xffff);
}

static void zeros_sum_to_zero(void **state)
{
	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(checksum_sum(bytes, LONGEST), 0);
	assert_int_equal(checksum_sum(bytes, 0), 0);
	bytes[LONGEST - 1] = 1;
	assert_int_equal(checksum_sum(bytes, LONGEST), 1);
	assert_int_equal(checksum_sum(bytes + LONGEST - 1, 1), 0x0100); /* padded behind */
}

static void what_is_summed_in_parts_is_the_same(void **state)
{
	struct rng rng = {.state = 2};

	(void)state;
	rng_fill(&rng, bytes, sizeof(bytes));
	for (size_t at = 0; at <= LONGEST; at += 2)
		assert_int_equal(checksum_fold(checksum_sum(bytes, at) +
					       checksum_sum(bytes + at, LONGEST - at)),
				 checksum_sum(bytes, LONGEST));
}

static void the_example_of_rfc_1071_sums_as_it_says(void **state)
{
	(void)state;
	assert_int_equal(checksum_sum((const uint8_t *)"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8),
			 0xddf2);
}

static void folding_takes_any_sum(void **state)
{
	(void)state;
	assert_int_equal(checksum_fold(0), 0);
	assert_int_equal(checksum_fold(0xffff), 0xffff);
	assert_int_equal(checksum_fold(0x10000), 1);
	assert_int_equal(checksum_fold(0x1ffff), 1);
	assert_int_equal(checksum_fold(0xffff0001), 1);
	assert_int_equal(checksum_fold(UINT32_MAX), 0xffff);
	assert_int_equal(checksum_finish(0x1fffe), 0);
	assert_int_equal(checksum_finish(0), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_and_start_sums_as_word_by_word),
		cmocka_unit_test(no_carry_is_lost),
		cmocka_unit_test(zeros_sum_to_zero),
		cmocka_unit_test(what_is_summed_in_parts_is_the_same),
		cmocka_unit_test(the_example_of_rfc_1071_sums_as_it_says),
		cmocka_unit_test(folding_takes_any_sum),
	};

	return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
