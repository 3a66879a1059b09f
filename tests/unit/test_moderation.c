/*
 * test_moderation.c - agent/moderation.h: when to rest, and how long
 *
 * Layer: unit test.
 */
#include "unit.h"

#include "agent/moderation.h"

enum {
	STEP_NS = 100000, /* between wake-ups */
	STEPS = 1000,     /* a tenth of a second */
	LONGEST_NS = 400000,
	SHORTEST_NS = 50000,
};

struct machine {
	struct moderation m;
	uint64_t now_ns;
};

static struct machine start(void)
{
	return (struct machine){.now_ns = UINT64_C(5000000000)};
}

/* For a tenth of a second. Return: the rest after the last wake-up */
static uint64_t send(struct machine *w, size_t per_s)
{
	uint64_t rest_ns = 0;
	size_t sent = 0;

	for (size_t i = 1; i <= STEPS; i++) {
		size_t due = per_s * i / (10 * STEPS);

		w->now_ns += STEP_NS;
		if (due == sent)
			continue;
		moderation_note(&w->m, due - sent, w->now_ns);
		sent = due;
		rest_ns = moderation_rest_ns(&w->m);
	}
	return rest_ns;
}

static void a_game_or_a_call_is_never_rested_at(void **state)
{
	struct machine w = start();

	(void)state;
	assert_int_equal(send(&w, 60), 0);
	assert_int_equal(send(&w, 5000), 0);
	assert_int_equal(send(&w, 24000), 0);
}

static void bulk_is_until_it_ends(void **state)
{
	struct machine w = start();

	(void)state;
	assert_int_equal(send(&w, 28000), 0); /* not yet */
	assert_int_equal(send(&w, 40000), LONGEST_NS);
	assert_int_equal(send(&w, 28000), LONGEST_NS); /* still */
	assert_int_equal(send(&w, 24000), 0);
	assert_int_equal(send(&w, 28000), 0);
}

static void the_more_come_the_shorter_it_is(void **state)
{
	struct machine w = start();
	uint64_t at_100000, at_200000;

	(void)state;
	at_100000 = send(&w, 100000);
	at_200000 = send(&w, 200000);
	assert_in_range(at_100000, 2 * SHORTEST_NS, LONGEST_NS - 1);
	assert_in_range(at_200000, SHORTEST_NS, at_100000 / 2 + 1000);
}

static void it_rests_once_for_what_came(void **state)
{
	struct machine w = start();

	(void)state;
	send(&w, 40000);
	assert_int_equal(moderation_rest_ns(&w.m), 0);
	w.now_ns += STEP_NS;
	moderation_note(&w.m, 1, w.now_ns);
	assert_int_equal(moderation_rest_ns(&w.m), LONGEST_NS);
	assert_int_equal(moderation_rest_ns(&w.m), 0);
}

static void more_that_may_wait_already_does_not_wait_longer(void **state)
{
	struct machine w = start();

	(void)state;
	send(&w, 40000);
	moderation_note(&w.m, 64, ++w.now_ns);
	assert_int_equal(moderation_rest_ns(&w.m), 0);
	moderation_note(&w.m, 32, ++w.now_ns); /* of two ports */
	moderation_note(&w.m, 32, ++w.now_ns);
	assert_int_equal(moderation_rest_ns(&w.m), 0);
}

static void the_first_frame_after_a_pause_is_not_delayed(void **state)
{
	struct machine w = start();

	(void)state;
	send(&w, 40000);
	w.now_ns += UINT64_C(1000000000);
	moderation_note(&w.m, 1, w.now_ns);
	assert_int_equal(moderation_rest_ns(&w.m), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_game_or_a_call_is_never_rested_at),
		cmocka_unit_test(bulk_is_until_it_ends),
		cmocka_unit_test(the_more_come_the_shorter_it_is),
		cmocka_unit_test(it_rests_once_for_what_came),
		cmocka_unit_test(more_that_may_wait_already_does_not_wait_longer),
		cmocka_unit_test(the_first_frame_after_a_pause_is_not_delayed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
