/*
 * test_cursor.c - common/cursor.h
 */
#include "unit.h"

#include "common/cursor.h"

static void reader_takes_big_endian_numbers_in_order(void **state)
{
	const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct reader r = reader_over(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(reader_u8(&r), 0x01);
	assert_int_equal(reader_u16(&r), 0x0203);
	assert_int_equal(reader_u32(&r), 0x04050607);
	assert_true(reader_u64(&r) == 0x08090a0b0c0d0e0f);
	assert_int_equal(reader_left(&r), 0);
	assert_false(r.failed);
}

static void read_past_the_end_fails_moves_nothing_and_yields_zero(void **state)
{
	const uint8_t bytes[] = {0xff, 0xff, 0xff};
	struct reader r = reader_over(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(reader_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(reader_left(&r), 3);
}

static void failed_reader_stays_failed_though_bytes_are_left(void **state)
{
	const uint8_t bytes[] = {0xff, 0xff, 0xff};
	struct reader r = reader_over(bytes, sizeof(bytes));

	(void)state;
	assert_null(reader_bytes(&r, 4));
	assert_null(reader_bytes(&r, 1));
	assert_int_equal(reader_u8(&r), 0);
}

static void copy_that_does_not_fit_zeroes_its_output(void **state)
{
	const uint8_t bytes[] = {1, 2};
	uint8_t out[4] = {9, 9, 9, 9};
	const uint8_t zeros[4] = {0};
	struct reader r = reader_over(bytes, sizeof(bytes));

	(void)state;
	reader_copy(&r, out, sizeof(out));
	assert_memory_equal(out, zeros, sizeof(out));
	assert_true(r.failed);
}

static void read_of_exactly_what_is_left_is_fine(void **state)
{
	const uint8_t bytes[] = {1, 2};
	uint8_t out[2] = {0};
	struct reader r = reader_over(bytes, sizeof(bytes));

	(void)state;
	reader_copy(&r, out, sizeof(out));
	assert_memory_equal(out, bytes, sizeof(out));
	assert_false(r.failed);
	assert_non_null(reader_bytes(&r, 0));
	assert_null(reader_bytes(&r, 1));
}

static void length_near_the_end_of_the_address_space_does_not_wrap(void **state)
{
	const uint8_t bytes[] = {1, 2};
	uint8_t room[2];
	struct reader r = reader_over(bytes, sizeof(bytes));
	struct writer w = writer_over(room, sizeof(room));

	(void)state;
	assert_null(reader_bytes(&r, SIZE_MAX));
	assert_null(writer_reserve(&w, SIZE_MAX));
}

static void reader_over_nothing_has_nothing(void **state)
{
	struct reader r = reader_over(NULL, 7);

	(void)state;
	assert_int_equal(reader_left(&r), 0);
	assert_null(reader_bytes(&r, 1));
	assert_true(r.failed);
}

static void writer_appends_what_the_reader_reads(void **state)
{
	uint8_t room[17];
	struct writer w = writer_over(room, sizeof(room));
	struct reader r;

	(void)state;
	writer_u8(&w, 0xfe);
	writer_u16(&w, 0xfedc);
	writer_u32(&w, 0xfedcba98);
	writer_u64(&w, 0xfedcba9876543210);
	writer_zeros(&w, 1);
	writer_bytes(&w, "!", 1);
	assert_false(w.failed);
	assert_int_equal(writer_used(&w), sizeof(room));
	assert_int_equal(writer_left(&w), 0);
	r = reader_over(room, sizeof(room));
	assert_int_equal(reader_u8(&r), 0xfe);
	assert_int_equal(reader_u16(&r), 0xfedc);
	assert_true(reader_u32(&r) == 0xfedcba98);
	assert_true(reader_u64(&r) == 0xfedcba9876543210);
	assert_int_equal(reader_u8(&r), 0);
	assert_int_equal(reader_u8(&r), '!');
}

static void write_that_does_not_fit_fails_and_writes_nothing(void **state)
{
	uint8_t room[4] = {7, 7, 7, 7};
	const uint8_t before[4] = {7, 7, 7, 7};
	struct writer w = writer_over(room, 3);

	(void)state;
	writer_u32(&w, 0);
	assert_true(w.failed);
	assert_memory_equal(room, before, sizeof(room));
	assert_int_equal(writer_used(&w), 0);
	writer_u8(&w, 0); /* would fit, but what came before is missing */
	assert_memory_equal(room, before, sizeof(room));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_takes_big_endian_numbers_in_order),
		cmocka_unit_test(read_past_the_end_fails_moves_nothing_and_yields_zero),
		cmocka_unit_test(failed_reader_stays_failed_though_bytes_are_left),
		cmocka_unit_test(copy_that_does_not_fit_zeroes_its_output),
		cmocka_unit_test(read_of_exactly_what_is_left_is_fine),
		cmocka_unit_test(length_near_the_end_of_the_address_space_does_not_wrap),
		cmocka_unit_test(reader_over_nothing_has_nothing),
		cmocka_unit_test(writer_appends_what_the_reader_reads),
		cmocka_unit_test(write_that_does_not_fit_fails_and_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
