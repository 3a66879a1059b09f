/*
 * test_clock_alarm.c - agent/clock_alarm.h: it can be had, and sleeps. That it wakes can only be tried by
 * setting the computer's clock, which no test may
 */
#include "unit.h"

#include "agent/clock_alarm.h"

enum {
	A_WHILE_MS = 100,
};

static int wakeups;

static void on_woken(uv_check_t *check)
{
	(void)check;
	wakeups++;
}

static void on_limit(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void it_costs_no_wake_up(void **state)
{
	struct clock_alarm *c;
	uv_timer_t limit;
	uv_check_t check;
	uv_loop_t loop;

	(void)state;
	wakeups = 0;
	uv_loop_init(&loop);
	c = clock_alarm_open(&loop);
	assert_non_null(c);
	uv_check_init(&loop, &check);
	uv_check_start(&check, on_woken);
	uv_timer_init(&loop, &limit);
	uv_timer_start(&limit, on_limit, A_WHILE_MS, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_in_range(wakeups, 1, 2); /* for the limit */
	clock_alarm_close(c);
	uv_close((uv_handle_t *)&limit, NULL);
	uv_close((uv_handle_t *)&check, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void without_it_nothing_is_to_be_closed(void **state)
{
	(void)state;
	clock_alarm_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_costs_no_wake_up),
		cmocka_unit_test(without_it_nothing_is_to_be_closed),
	};

	return cmocka_run_group_tests_name("clock_alarm", tests, NULL, NULL);
}
