/*
 * test_error.c - common/error.h
 */
#include "unit.h"

#include <errno.h>

static void message_is_kept_and_the_code_handed_through(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, -EINVAL, "%s:%d: no", "file", 7), -EINVAL);
	assert_string_equal(err.text, "file:7: no");
}

static void without_a_place_for_it_only_the_code_comes_back(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, -EPERM, "%s", "lost"), -EPERM);
}

static void message_that_is_too_long_is_cut_and_ended(void **state)
{
	struct error err;
	char longer[2 * ERROR_TEXT_BYTES];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	error_set(&err, -EINVAL, "%s", longer);
	assert_int_equal(strlen(err.text), ERROR_TEXT_BYTES - 1);
}

static void message_may_be_made_from_the_one_it_replaces(void **state)
{
	struct error err;

	(void)state;
	error_set(&err, -EINVAL, "the middle");
	error_set(&err, -EINVAL, "a beginning, %s, an end", err.text);
	assert_string_equal(err.text, "a beginning, the middle, an end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_is_kept_and_the_code_handed_through),
		cmocka_unit_test(without_a_place_for_it_only_the_code_comes_back),
		cmocka_unit_test(message_that_is_too_long_is_cut_and_ended),
		cmocka_unit_test(message_may_be_made_from_the_one_it_replaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
