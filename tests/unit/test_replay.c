/*
 * test_replay.c - proto/replay.h
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "replay.h"
#include "rng.h"

static void each_counter_is_accepted_once(void **state)
{
	struct replay w = {0};

	(void)state;
	for (uint64_t c = 0; c < 20000; c++) {
		assert_true(replay_is_newest(&w, c));
		assert_true(replay_accept(&w, c));
		assert_false(replay_accept(&w, c));
		assert_false(replay_is_newest(&w, c));
	}
}

static void counter_at_the_window_s_end_is_accepted_and_one_below_is_not(void **state)
{
	(void)state;
	for (uint64_t highest = REPLAY_WINDOW + 1; highest < REPLAY_WINDOW + 200; highest++) {
		struct replay w = {0};

		assert_true(replay_accept(&w, highest));
		assert_false(replay_accept(&w, highest - REPLAY_WINDOW - 1));
		assert_true(replay_accept(&w, highest - REPLAY_WINDOW));
		assert_false(replay_accept(&w, highest - REPLAY_WINDOW));
	}
}

static void first_counter_may_be_anything_but_the_reserved_one(void **state)
{
	static const uint64_t first[] = {
		0, 1, 63, 64, 65, 8191, 8192, UINT32_MAX, UINT32_MAX + UINT64_C(1), UINT64_MAX - 1};

	(void)state;
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		struct replay w = {0};

		assert_false(replay_accept(&w, UINT64_MAX));
		assert_true(replay_accept(&w, first[i]));
		assert_false(replay_accept(&w, first[i]));
		if (first[i] > 0)
			assert_true(replay_accept(&w, first[i] - 1));
	}
}

static void jump_of_any_length_forgets_what_left_the_window_only(void **state)
{
	(void)state;
	for (uint64_t jump = 1; jump < 2 * REPLAY_RING_BITS; jump += 61) {
		struct replay w = {0};

		assert_true(replay_accept(&w, 10000));
		assert_true(replay_accept(&w, 10000 + jump));
		assert_false(replay_accept(&w, 10000));
		/* Nothing seen before must look seen in the ring's new turn. */
		for (uint64_t c = 10000 + jump; c-- > 10001 && 10000 + jump - c <= REPLAY_WINDOW;)
			assert_true(replay_accept(&w, c));
	}
}

static void crossing_2_to_the_32_changes_nothing(void **state)
{
	struct replay w = {0};

	(void)state;
	for (uint64_t c = UINT32_MAX - UINT64_C(9000); c < UINT32_MAX + UINT64_C(9000); c++) {
		assert_true(replay_accept(&w, c));
		assert_false(replay_accept(&w, c - (c > UINT32_MAX ? UINT64_C(1) << 32 : 0)));
	}
}

enum {
	MODEL_COUNTERS = 1 << 16,
	MODEL_ROUNDS = 20,
	MODEL_STEPS = 50000,
};

/* The model remembers everything; the window must say the same. */
static void random_counters_agree_with_a_simple_model(void **state)
{
	static uint8_t seen[MODEL_COUNTERS];

	(void)state;
	for (uint64_t seed = 1; seed <= MODEL_ROUNDS; seed++) {
		struct rng rng = {.state = seed};
		struct replay w = {0};
		uint64_t highest = 0, base = rng_u64(&rng) >> 1;
		bool any = false;

		memset(seen, 0, sizeof(seen));
		for (size_t i = 0; i < MODEL_STEPS; i++) {
			uint64_t reach = rng_chance(&rng, 1) ? 20000 : 9000;
			uint64_t low = highest > reach ? highest - reach : 0;
			uint64_t c = low + rng_below(&rng, reach + 3);
			bool fresh;

			if (c >= MODEL_COUNTERS)
				break;
			fresh = !seen[c] && (!any || c > highest || highest - c <= REPLAY_WINDOW);
			if (replay_accept(&w, base + c) != fresh)
				fail_msg("seed %llu, step %zu", (unsigned long long)seed, i);
			seen[c] |= fresh;
			if (!any || c > highest)
				highest = c;
			any = true;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_counter_is_accepted_once),
		cmocka_unit_test(counter_at_the_window_s_end_is_accepted_and_one_below_is_not),
		cmocka_unit_test(first_counter_may_be_anything_but_the_reserved_one),
		cmocka_unit_test(jump_of_any_length_forgets_what_left_the_window_only),
		cmocka_unit_test(crossing_2_to_the_32_changes_nothing),
		cmocka_unit_test(random_counters_agree_with_a_simple_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
