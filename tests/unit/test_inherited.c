/*
 * test_inherited.c - agent/inherited.h
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/inherited.h"

/* As a service manager says it. NULL: not at all */
static void give(const char *pid, const char *fds, const char *names)
{
	char own[16];

	snprintf(own, sizeof(own), "%d", getpid());
	setenv("LISTEN_PID", pid ? pid : own, 1);
	setenv("LISTEN_FDS", fds, 1);
	if (names)
		setenv("LISTEN_FDNAMES", names, 1);
}

/* Descriptors 3 to 5 are there, 6 is not. */
static int set_up(void **state)
{
	(void)state;
	for (int fd = 3; fd <= 5; fd++)
		if (dup2(STDIN_FILENO, fd) < 0)
			return -1;
	return close(6) < 0 ? 0 : 0;
}

static void descriptors_have_the_names_in_their_order(void **state)
{
	(void)state;
	give(NULL, "3", "win98:xp:win98");
	assert_int_equal(inherited_take(), 3);
	assert_int_equal(inherited_find("win98"), 3);
	assert_int_equal(inherited_find("xp"), 4);
	assert_int_equal(inherited_find("win"), -1);
	assert_int_equal(inherited_find(""), -1);
}

static void they_go_to_no_program_that_we_start_and_are_said_to_none(void **state)
{
	(void)state;
	give(NULL, "1", "a");
	inherited_take();
	assert_int_equal(fcntl(3, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDNAMES"));
	assert_int_equal(inherited_take(), 0);
	assert_int_equal(inherited_find("a"), -1);
}

static void what_is_for_another_process_is_not_taken(void **state)
{
	static const char *const pids[] = {"1", "0", "-1", "x", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		give(pids[i], "2", "a:b");
		assert_int_equal(inherited_take(), 0);
		assert_int_equal(inherited_find("a"), -1);
	}
}

static void odd_counts_and_names_do_no_harm(void **state)
{
	static const char *const counts[] = {"", "-1", "x", "99999999999"};
	char longest[200];

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		give(NULL, counts[i], "a");
		assert_int_equal(inherited_take(), 0);
	}
	give(NULL, "1000", "a");
	assert_int_equal(inherited_take(), INHERITED_MAX);
	assert_int_equal(inherited_find("a"), 3);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	give(NULL, "3", longest);
	assert_int_equal(inherited_take(), 3);
	give(NULL, "3", ":b");
	assert_int_equal(inherited_take(), 3);
	assert_int_equal(inherited_find("b"), 4);
	give(NULL, "2", NULL);
	assert_int_equal(inherited_take(), 2);
}

static void a_number_that_is_not_open_has_no_name(void **state)
{
	(void)state;
	give(NULL, "4", "a:b:c:d");
	assert_int_equal(inherited_take(), 4);
	assert_int_equal(inherited_find("c"), 5);
	assert_int_equal(inherited_find("d"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(descriptors_have_the_names_in_their_order, set_up),
		cmocka_unit_test_setup(they_go_to_no_program_that_we_start_and_are_said_to_none,
				       set_up),
		cmocka_unit_test_setup(what_is_for_another_process_is_not_taken, set_up),
		cmocka_unit_test_setup(odd_counts_and_names_do_no_harm, set_up),
		cmocka_unit_test_setup(a_number_that_is_not_open_has_no_name, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
