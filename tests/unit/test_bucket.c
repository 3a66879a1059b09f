/*
 * test_bucket.c - common/bucket.h
 */
#include "unit.h"

#include "common/bucket.h"

#define S_NS UINT64_C(1000000000)

static void bucket_starts_full_and_gives_no_more_than_its_burst(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 10, 5, S_NS);
	assert_false(bucket_take(&b, 6, S_NS));
	for (int i = 0; i < 5; i++)
		assert_true(bucket_take(&b, 1, S_NS));
	assert_false(bucket_take(&b, 1, S_NS));
}

static void tokens_come_back_at_the_rate_to_the_nanosecond(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 10, 5, 0);
	assert_true(bucket_take(&b, 5, 0));
	assert_false(bucket_take(&b, 1, S_NS / 10 - 1));
	assert_true(bucket_take(&b, 1, S_NS / 10));
	assert_false(bucket_take(&b, 1, S_NS / 10));
}

static void many_short_waits_are_worth_one_long_wait(void **state)
{
	struct bucket b;
	uint32_t got = 0;

	(void)state;
	bucket_init(&b, 3, 1, 0);
	assert_true(bucket_take(&b, 1, 0));
	for (uint64_t ns = 0; ns <= 10 * S_NS; ns += 1000003)
		got += bucket_take(&b, 1, ns);
	assert_in_range(got, 29, 30); /* the last wait may end just short of its token */
}

static void idle_bucket_keeps_no_more_than_its_burst(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 1000, 5, 0);
	assert_true(bucket_take(&b, 5, 0));
	assert_false(bucket_take(&b, 6, 3600 * S_NS));
	assert_true(bucket_take(&b, 5, 3600 * S_NS));
	assert_false(bucket_take(&b, 1, 3600 * S_NS));
}

static void clock_that_goes_back_gives_nothing_twice(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 1, 1, 10 * S_NS);
	assert_true(bucket_take(&b, 1, 10 * S_NS));
	assert_false(bucket_take(&b, 1, 2 * S_NS));
	assert_false(bucket_take(&b, 1, 10 * S_NS));
	assert_true(bucket_take(&b, 1, 11 * S_NS));
}

static void rate_zero_gives_its_burst_and_then_never(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 0, 1, 0);
	assert_true(bucket_take(&b, 1, 0));
	assert_false(bucket_take(&b, 1, UINT64_MAX));
}

static void largest_numbers_do_not_overflow(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, UINT32_MAX, UINT32_MAX, 0);
	assert_true(bucket_take(&b, UINT32_MAX, 0));
	assert_false(bucket_take(&b, UINT32_MAX, S_NS - 1));
	assert_true(bucket_take(&b, UINT32_MAX, S_NS));
	assert_true(bucket_take(&b, UINT32_MAX, UINT64_MAX));
	assert_false(bucket_take(&b, 1, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bucket_starts_full_and_gives_no_more_than_its_burst),
		cmocka_unit_test(tokens_come_back_at_the_rate_to_the_nanosecond),
		cmocka_unit_test(many_short_waits_are_worth_one_long_wait),
		cmocka_unit_test(idle_bucket_keeps_no_more_than_its_burst),
		cmocka_unit_test(clock_that_goes_back_gives_nothing_twice),
		cmocka_unit_test(rate_zero_gives_its_burst_and_then_never),
		cmocka_unit_test(largest_numbers_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
