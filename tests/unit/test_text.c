/*
 * test_text.c - common/text.h
 */
#include "unit.h"

#include <errno.h>

#include "common/text.h"

static struct error error;

static void ordinary_names_are_names(void **state)
{
	static const char *const names[] = {
		"a",
		"anna",
		"Anna-2.home_x",
		"0",
		"a.",
		"a-",
		"123456789012345678901234567890123456789012345678901234567890123"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(text_check_name(names[i], &error), 0);
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const names[] = {
		"",         ".hidden",
		"-option",  "_x",
		"a b",      "a\n",
		"\xc3\xa4", "a:b",
		"a;b",      "1234567890123456789012345678901234567890123456789012345678901234"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (text_check_name(names[i], &error) != -EINVAL)
			fail_msg("accepted: '%s'", names[i]);
		assert_contains(error.text, "is no name; expected 1 to 63 letters");
	}
}

static void path_is_refused_as_a_path(void **state)
{
	static const char *const paths[] = {"/etc/passwd", "../x", "a/b", "..", ".", "x/"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(text_check_name(paths[i], &error), -EINVAL);
		assert_error(&error, "is a path and not a name");
	}
}

static void number_within_its_bounds_is_read(void **state)
{
	uint32_t n = 7;

	(void)state;
	assert_int_equal(text_parse_number("0", 0, 5, &n, &error), 0);
	assert_int_equal(n, 0);
	assert_int_equal(text_parse_number("4294967295", 1, UINT32_MAX, &n, &error), 0);
	assert_true(n == UINT32_MAX);
	assert_int_equal(text_parse_number("0010", 1, 10, &n, &error), 0);
	assert_int_equal(n, 10);
}

static void what_is_no_number_or_out_of_bounds_is_refused(void **state)
{
	static const char *const cases[] = {"",   "-1",  "+1",         " 1",
					    "1 ", "0x1", "1.0",        "4",
					    "11", "1e1", "4294967296", "18446744073709551617"};
	uint32_t n = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (text_parse_number(cases[i], 5, 10, &n, &error) != -EINVAL)
			fail_msg("accepted: '%s'", cases[i]);
		assert_error(&error, "is no number from 5 to 10");
		assert_int_equal(n, 7);
	}
	assert_int_equal(text_parse_number("4294967296", 0, UINT32_MAX, &n, &error), -EINVAL);
}

static void items_come_without_blanks_around_them(void **state)
{
	const char *list = " a ,b c,\t d";
	char item[8];

	(void)state;
	assert_int_equal(text_next_item(&list, item, sizeof(item)), 1);
	assert_string_equal(item, "a");
	assert_int_equal(text_next_item(&list, item, sizeof(item)), 1);
	assert_string_equal(item, "b c");
	assert_int_equal(text_next_item(&list, item, sizeof(item)), 1);
	assert_string_equal(item, "d");
	assert_int_equal(text_next_item(&list, item, sizeof(item)), 0);
}

static void empty_items_are_items_and_long_ones_do_not_fit(void **state)
{
	const char *list = "a,,1234567,12345678";
	char item[8];

	(void)state;
	assert_int_equal(text_next_item(&list, item, sizeof(item)), 1);
	assert_int_equal(text_next_item(&list, item, sizeof(item)), 1);
	assert_string_equal(item, "");
	assert_int_equal(text_next_item(&list, item, sizeof(item)), 1);
	assert_int_equal(text_next_item(&list, item, sizeof(item)), -E2BIG);
	list = "  ,";
	assert_int_equal(text_next_item(&list, item, sizeof(item)), 1);
	assert_string_equal(item, "");
	assert_int_equal(text_next_item(&list, item, sizeof(item)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_names_are_names),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(path_is_refused_as_a_path),
		cmocka_unit_test(number_within_its_bounds_is_read),
		cmocka_unit_test(what_is_no_number_or_out_of_bounds_is_refused),
		cmocka_unit_test(items_come_without_blanks_around_them),
		cmocka_unit_test(empty_items_are_items_and_long_ones_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
