/*
 * test_heap.c - common/heap.h, also against a model: an array that is searched from end to end
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/heap.h"

enum {
	NODES = 40,
	STEPS = 50000,
	TIMES = 60 /* few, so that many are equal */
};

struct world {
	struct heap heap;
	struct heap_node *slots[NODES];
	struct heap_node nodes[NODES];
	uint64_t model[NODES]; /* HEAP_NEVER: not in */
};

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	heap_init(&w->heap, w->slots, NODES);
	for (int i = 0; i < NODES; i++)
		w->model[i] = HEAP_NEVER;
}

static uint64_t model_next(const struct world *w)
{
	uint64_t next = HEAP_NEVER;

	for (int i = 0; i < NODES; i++)
		if (w->model[i] < next)
			next = w->model[i];
	return next;
}

/* Numbers that a seed repeats on every machine (Numerical Recipes' generator, high bits). */
static uint32_t chance(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % below;
}

static void heap_agrees_with_a_searched_array_for_any_sequence(void **state)
{
	const char *given = getenv("LONGWIRE_TEST_SEED");
	uint64_t start = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL), seed = start;
	struct world w;

	(void)state;
	printf("# LONGWIRE_TEST_SEED=%llu\n", (unsigned long long)start);
	world_init(&w);
	for (int step = 0; step < STEPS; step++) {
		uint32_t i = chance(&seed, NODES), what = chance(&seed, 10);

		if (what < 7) {
			w.model[i] = chance(&seed, TIMES);
			heap_set(&w.heap, &w.nodes[i], w.model[i]);
		} else if (what < 8) {
			w.model[i] = HEAP_NEVER;
			heap_set(&w.heap, &w.nodes[i], HEAP_NEVER);
		} else {
			uint64_t now = chance(&seed, TIMES), next = model_next(&w);
			struct heap_node *node = heap_pop_due(&w.heap, now);

			assert_int_equal(node != NULL, next <= now);
			if (node) {
				assert_true(w.model[node - w.nodes] == next);
				w.model[node - w.nodes] = HEAP_NEVER;
			}
		}
		assert_true(heap_next_ns(&w.heap) == model_next(&w));
	}
}

static void empty_heap_is_never_due(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_true(heap_next_ns(&w.heap) == HEAP_NEVER);
	assert_null(heap_pop_due(&w.heap, HEAP_NEVER));
	heap_set(&w.heap, &w.nodes[0], HEAP_NEVER); /* taking out what is not in is nothing */
	assert_true(heap_next_ns(&w.heap) == HEAP_NEVER);
}

static void node_is_due_at_its_time_and_not_before(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	heap_set(&w.heap, &w.nodes[0], 100);
	assert_null(heap_pop_due(&w.heap, 99));
	assert_ptr_equal(heap_pop_due(&w.heap, 100), &w.nodes[0]);
	assert_null(heap_pop_due(&w.heap, 100));
}

static void node_that_was_popped_can_be_set_again(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	heap_set(&w.heap, &w.nodes[0], 1);
	heap_pop_due(&w.heap, 1);
	heap_set(&w.heap, &w.nodes[0], 2);
	assert_true(heap_next_ns(&w.heap) == 2);
	assert_int_equal(w.heap.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_agrees_with_a_searched_array_for_any_sequence),
		cmocka_unit_test(empty_heap_is_never_due),
		cmocka_unit_test(node_is_due_at_its_time_and_not_before),
		cmocka_unit_test(node_that_was_popped_can_be_set_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
