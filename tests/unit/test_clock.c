/*
 * test_clock.c - agent/clock.h
 */
#include "unit.h"

#include "agent/clock.h"

static const uint64_t S = 1000000000;

static struct clock_reading start(void)
{
	return (struct clock_reading){
		.boot_ns = 500 * S, .mono_ns = 400 * S, .wall_ns = 1700000000 * S};
}

static unsigned check_after(struct clock_reading change)
{
	struct clock_reading now = start();
	struct clock_watch w;

	clock_watch_init(&w, &now);
	now.boot_ns += change.boot_ns;
	now.mono_ns += change.mono_ns;
	now.wall_ns += change.wall_ns;
	return clock_watch_check(&w, &now);
}

static void time_that_passes_on_all_clocks_is_no_jump(void **state)
{
	(void)state;
	assert_int_equal(check_after((struct clock_reading){3600 * S, 3600 * S, 3600 * S}), 0);
}

static void an_adjustment_of_up_to_a_second_is_no_jump(void **state)
{
	(void)state;
	assert_int_equal(check_after((struct clock_reading){.wall_ns = S}), 0);
	assert_int_equal(check_after((struct clock_reading){.wall_ns = -S}), 0);
}

static void a_wall_clock_set_forward_or_back_is_a_step(void **state)
{
	(void)state;
	assert_int_equal(check_after((struct clock_reading){.wall_ns = 2 * S}),
			 CLOCK_WATCH_STEPPED);
	assert_int_equal(check_after((struct clock_reading){.wall_ns = -(86400 * S)}),
			 CLOCK_WATCH_STEPPED);
}

static void a_suspended_machine_has_slept_and_not_stepped(void **state)
{
	struct clock_reading slept = {.boot_ns = 60 * S, .wall_ns = 60 * S};

	(void)state;
	assert_int_equal(check_after(slept), CLOCK_WATCH_SLEPT);
}

static void a_jump_is_told_once(void **state)
{
	struct clock_reading now = start();
	struct clock_watch w;

	(void)state;
	clock_watch_init(&w, &now);
	now.wall_ns += 5 * S;
	assert_int_equal(clock_watch_check(&w, &now), CLOCK_WATCH_STEPPED);
	assert_int_equal(clock_watch_check(&w, &now), 0);
}

static void the_clock_never_goes_back(void **state)
{
	uint64_t before = clock_now_ns();

	(void)state;
	assert_true(clock_now_ns() >= before);
	assert_true(before > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_that_passes_on_all_clocks_is_no_jump),
		cmocka_unit_test(an_adjustment_of_up_to_a_second_is_no_jump),
		cmocka_unit_test(a_wall_clock_set_forward_or_back_is_a_step),
		cmocka_unit_test(a_suspended_machine_has_slept_and_not_stepped),
		cmocka_unit_test(a_jump_is_told_once),
		cmocka_unit_test(the_clock_never_goes_back),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
