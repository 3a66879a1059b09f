/*
 * test_watch.c - agent/watch.h, on a folder of its own and a real loop
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/watch.h"

enum {
	PATH_BYTES = 256,
	DEADLINE_MS = 10000, /* a loaded machine is slow */
	QUIET_MS = 400,      /* several times what settling takes */
};

static char folder[PATH_BYTES];
static uv_loop_t loop;
static struct watch *watch;
static int changes;

static const char *at(const char *name)
{
	static char path[PATH_BYTES * 2];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void touch(const char *name)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	fclose(f);
}

static void on_change(void *context)
{
	(void)context;
	changes++;
	uv_stop(&loop);
}

static void on_timeout(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void run_for(uint64_t ms)
{
	uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, on_timeout, ms, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
}

static void assert_told(void)
{
	changes = 0;
	run_for(DEADLINE_MS);
	assert_int_equal(changes, 1);
}

static void assert_quiet(void)
{
	changes = 0;
	run_for(QUIET_MS);
	assert_int_equal(changes, 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/longwire-watch-XXXXXX");
	if (!mkdtemp(folder) || mkdir(at("peers"), 0700) != 0)
		return -1;
	uv_loop_init(&loop);
	return watch_open(&watch, &loop, folder, on_change, NULL, NULL);
}

static int teardown(void **state)
{
	char command[PATH_BYTES * 2];

	(void)state;
	watch_close(watch);
	uv_run(&loop, UV_RUN_DEFAULT);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return uv_loop_close(&loop) || system(command);
}

static void a_card_that_comes_changes_or_goes_is_told(void **state)
{
	(void)state;
	touch("peers/anna.card");
	assert_told();
	touch("peers/anna.card");
	assert_told();
	unlink(at("peers/anna.card"));
	assert_told();
}

static void a_local_file_and_the_configuration_are_told(void **state)
{
	(void)state;
	touch("peers/anna.local");
	assert_told();
	touch("agent.conf");
	assert_told();
}

static void what_is_none_of_ours_is_not_told(void **state)
{
	(void)state;
	touch("state");
	touch("notes.txt");
	touch("peers/.anna.card.swp");
	assert_quiet();
}

static void many_changes_at_once_are_told_once(void **state)
{
	(void)state;
	touch("peers/a.card");
	touch("peers/b.card");
	touch("agent.conf");
	assert_told();
	assert_quiet();
}

static void a_trust_folder_that_was_replaced_is_watched_on(void **state)
{
	(void)state;
	rename(at("peers"), "/tmp/longwire-watch-away");
	assert_int_equal(rmdir("/tmp/longwire-watch-away"), 0);
	mkdir(at("peers"), 0700);
	assert_told();
	touch("peers/anna.card");
	assert_told();
}

static void a_trust_folder_that_comes_later_is_watched(void **state)
{
	(void)state;
	rmdir(at("peers"));
	assert_told();
	mkdir(at("peers"), 0700);
	assert_told();
	touch("peers/anna.card");
	assert_told();
}

int main(void)
{
#define WATCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WATCH_TEST(a_card_that_comes_changes_or_goes_is_told),
		WATCH_TEST(a_local_file_and_the_configuration_are_told),
		WATCH_TEST(what_is_none_of_ours_is_not_told),
		WATCH_TEST(many_changes_at_once_are_told_once),
		WATCH_TEST(a_trust_folder_that_was_replaced_is_watched_on),
		WATCH_TEST(a_trust_folder_that_comes_later_is_watched),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
