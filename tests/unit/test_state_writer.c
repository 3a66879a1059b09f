/*
 * test_state_writer.c - agent/state_writer.h: a disk that is slow holds up nobody, and order is kept
 *
 * The pool of libuv has one thread here. Held up by the test, it is the slow disk.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/state_writer.h"

enum {
	PATH_BYTES = 256,
	WRITINGS_MAX = 8,
};

static char folder[PATH_BYTES];
static uv_loop_t loop;
static struct state state_now;
static struct state_writer writer;
static uint64_t told[WRITINGS_MAX];
static size_t told_count;
static struct error last_error;
static uv_work_t holding;
static uv_sem_t held, go_on;

static void on_written(void *context, uint64_t ceiling_ns, const struct error *err)
{
	(void)context;
	assert_true(told_count < WRITINGS_MAX);
	told[told_count++] = ceiling_ns;
	if (err)
		last_error = *err;
}

static int setup(void **state)
{
	const struct state_writer_events events = {.on_written = on_written};

	(void)state;
	told_count = 0;
	memset(&last_error, 0, sizeof(last_error));
	snprintf(folder, sizeof(folder), "/tmp/longwire-writer-XXXXXX");
	unsetenv("STATE_DIRECTORY");
	if (!mkdtemp(folder) || uv_loop_init(&loop) || uv_sem_init(&held, 0) ||
	    uv_sem_init(&go_on, 0))
		return -1;
	return state_load(&state_now, folder, NULL) ||
	       state_writer_init(&writer, &loop, &state_now, &events);
}

static int teardown(void **state)
{
	char path[PATH_BYTES + 8];

	(void)state;
	uv_run(&loop, UV_RUN_DEFAULT);
	state_writer_fini(&writer);
	state_fini(&state_now);
	uv_sem_destroy(&held);
	uv_sem_destroy(&go_on);
	snprintf(path, sizeof(path), "%s/state", folder);
	unlink(path);
	rmdir(folder);
	return uv_loop_close(&loop);
}

static void hold(uv_work_t *work)
{
	(void)work;
	uv_sem_post(&held);
	uv_sem_wait(&go_on);
}

static void on_let_go(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
}

static void make_disk_slow(void)
{
	assert_int_equal(uv_queue_work(&loop, &holding, hold, on_let_go), 0);
	uv_sem_wait(&held);
}

static void let_disk_go_on(void)
{
	uv_sem_post(&go_on);
	uv_run(&loop, UV_RUN_DEFAULT);
}

/* The ceiling in the file; 0 if there is none */
static uint64_t on_disk(void)
{
	struct state s;
	uint64_t ceiling_ns;

	assert_int_equal(state_load(&s, folder, NULL), 0);
	ceiling_ns = s.timestamp_ceiling_ns;
	state_fini(&s);
	return ceiling_ns;
}

static void request(uint64_t ceiling_ns)
{
	state_now.timestamp_ceiling_ns = ceiling_ns;
	state_writer_request(&writer);
}

static void the_loop_goes_on_while_the_disk_is_slow(void **state)
{
	(void)state;
	make_disk_slow();
	request(5);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(told_count, 0);
	assert_int_equal(on_disk(), 0);
	let_disk_go_on();
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0], 5);
	assert_int_equal(on_disk(), 5);
}

static void what_is_told_is_what_was_written_and_not_what_changed_meanwhile(void **state)
{
	(void)state;
	make_disk_slow();
	request(5);
	request(6);
	request(7);
	let_disk_go_on();
	assert_int_equal(told_count, 2); /* what came meanwhile is one */
	assert_int_equal(told[0], 5);
	assert_int_equal(told[1], 7);
	assert_int_equal(on_disk(), 7);
}

static void what_is_written_now_is_not_overwritten_by_what_was_waiting(void **state)
{
	(void)state;
	make_disk_slow();
	request(5);
	request(6);
	state_now.timestamp_ceiling_ns = 8;
	state_writer_now(&writer);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0], 8);
	assert_int_equal(on_disk(), 8);
	let_disk_go_on();
	assert_int_equal(on_disk(), 8);
	assert_int_equal(told_count, 2); /* 5 is told too: a later one is on disk */
	assert_int_equal(told[1], 5);
	assert_string_equal(last_error.text, "");
}

static void a_folder_that_is_gone_is_told_and_the_next_writing_may_succeed(void **state)
{
	(void)state;
	assert_int_equal(rmdir(folder), 0);
	request(5);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(told_count, 1);
	assert_contains(last_error.text, folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	request(6);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(on_disk(), 6);
}

int main(void)
{
#define WRITER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WRITER_TEST(the_loop_goes_on_while_the_disk_is_slow),
		WRITER_TEST(what_is_told_is_what_was_written_and_not_what_changed_meanwhile),
		WRITER_TEST(what_is_written_now_is_not_overwritten_by_what_was_waiting),
		WRITER_TEST(a_folder_that_is_gone_is_told_and_the_next_writing_may_succeed),
	};

	setenv("UV_THREADPOOL_SIZE", "1", 1); /* before the pool starts */
	return cmocka_run_group_tests_name("state_writer", tests, NULL, NULL);
}
