/*
 * test_command.c - agent/command.h
 */
#include "unit.h"

#include "agent/command.h"

static const char *text(const char *folder)
{
	static char out[COMMAND_BYTES];

	return command_text(folder, "up", out);
}

static void a_program_that_the_shell_found_goes_by_its_name(void **state)
{
	(void)state;
	command_set_program("longwire");
	assert_string_equal(text("/f"), "longwire -C /f up");
}

static void a_program_that_was_named_by_a_path_is_named_by_an_absolute_one(void **state)
{
	(void)state;
	command_set_program("/usr/../bin/./sh");
	assert_string_not_equal(text("/f"), "/usr/../bin/./sh -C /f up");
	assert_int_equal(text("/f")[0], '/');
	assert_null(strstr(text("/f"), ".."));
}

static void what_a_shell_would_take_apart_is_quoted(void **state)
{
	(void)state;
	command_set_program("/nowhere/long wire");
	assert_string_equal(text("/anna's folder"),
			    "'/nowhere/long wire' -C '/anna'\\''s folder' up");
	assert_string_equal(text("/a;b"), "'/nowhere/long wire' -C '/a;b' up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_the_shell_found_goes_by_its_name),
		cmocka_unit_test(a_program_that_was_named_by_a_path_is_named_by_an_absolute_one),
		cmocka_unit_test(what_a_shell_would_take_apart_is_quoted),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
