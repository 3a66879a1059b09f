/*
 * test_bulk.c - is it worth to wait for more frames?
 *
 * Layer: unit test.
 */
#include "unit.h"

#include "agent/bulk.h"

enum {
	LONG_ENOUGH = 100, /* wake-ups, for the mean to follow */
	STEP_NS = 50000,
	SECOND_NS = 1000000000,
};

struct wakeups {
	struct bulk bulk;
	uint64_t now_ns;
	int changes;
};

static struct wakeups start(void)
{
	return (struct wakeups){.now_ns = UINT64_C(77) * SECOND_NS};
}

static void pass(struct wakeups *w, int count, size_t frames)
{
	for (int i = 0; i < count; i++) {
		w->now_ns += STEP_NS;
		w->changes += bulk_note(&w->bulk, frames, w->now_ns);
	}
}

static void frames_that_come_one_by_one_are_not_waited_for(void **state)
{
	struct wakeups w = start();

	(void)state;
	for (int i = 0; i < LONG_ENOUGH; i++) {
		pass(&w, 5, 1);
		pass(&w, 1, 2); /* now and then two together */
	}
	assert_false(w.bulk.waits);
	assert_int_equal(w.changes, 0);
}

static void several_each_time_are_worth_it_and_it_is_told_once(void **state)
{
	struct wakeups w = start();

	(void)state;
	pass(&w, LONG_ENOUGH, 4);
	assert_true(w.bulk.waits);
	assert_int_equal(w.changes, 1);
}

static void plenty_each_time_are_not(void **state)
{
	struct wakeups w = start();

	(void)state;
	pass(&w, LONG_ENOUGH, 30);
	assert_false(w.bulk.waits);
}

static void once_enough_come_it_waits_no_longer(void **state)
{
	struct wakeups w = start();

	(void)state;
	pass(&w, LONG_ENOUGH, 4);
	pass(&w, LONG_ENOUGH, 10);
	assert_true(w.bulk.waits);
	pass(&w, LONG_ENOUGH, 14);
	assert_false(w.bulk.waits);
	pass(&w, LONG_ENOUGH, 10); /* nor does it begin to, with nearly enough */
	assert_false(w.bulk.waits);
	assert_int_equal(w.changes, 2);
}

static void it_ends_with_the_bulk(void **state)
{
	struct wakeups w = start();

	(void)state;
	pass(&w, LONG_ENOUGH, 4);
	pass(&w, LONG_ENOUGH, 1);
	assert_false(w.bulk.waits);
	assert_int_equal(w.changes, 2);
}

static void after_a_pause_the_first_frame_ends_it(void **state)
{
	struct wakeups w = start();

	(void)state;
	pass(&w, LONG_ENOUGH, 4);
	w.now_ns += SECOND_NS;
	pass(&w, 1, 1);
	assert_false(w.bulk.waits);
}

static void one_burst_decides_nothing(void **state)
{
	struct wakeups w = start();

	(void)state;
	pass(&w, LONG_ENOUGH, 1);
	pass(&w, 1, 64);
	assert_false(w.bulk.waits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_that_come_one_by_one_are_not_waited_for),
		cmocka_unit_test(several_each_time_are_worth_it_and_it_is_told_once),
		cmocka_unit_test(plenty_each_time_are_not),
		cmocka_unit_test(once_enough_come_it_waits_no_longer),
		cmocka_unit_test(it_ends_with_the_bulk),
		cmocka_unit_test(after_a_pause_the_first_frame_ends_it),
		cmocka_unit_test(one_burst_decides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
