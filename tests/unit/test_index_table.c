/*
 * test_index_table.c - proto/index_table.h
 */
#include "unit.h"

#include <stdlib.h>

#include "index_table.h"
#include "rng.h"

enum {
	INDICES = 48,
	STEPS = 200000,
};

static void table_is_at_most_half_full(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < 30000; n += 7) {
		uint32_t slots = index_table_slots(n);

		assert_true(slots >= 2 * n);
		assert_int_equal(slots & (slots - 1), 0);
	}
}

static void zero_is_never_found(void **state)
{
	struct index_entry slots[2] = {{0}};
	struct index_table t;

	(void)state;
	index_table_init(&t, slots, 2);
	assert_int_equal(index_table_find(&t, 0), -1);
	index_table_remove(&t, 0);
	index_table_add(&t, 2, 7);
	assert_int_equal(index_table_find(&t, 0), -1);
	assert_int_equal(index_table_find(&t, 2), 7);
	assert_int_equal(index_table_find(&t, 4), -1);
}

/* struct model - what should be in the table: a plain list */
struct model {
	struct index_entry entries[INDICES];
	size_t count;
};

static int model_find(const struct model *m, uint32_t index)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].index == index)
			return (int)m->entries[i].peer;
	return -1;
}

static void model_remove(struct model *m, uint32_t index)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].index == index)
			m->entries[i] = m->entries[--m->count];
}

/* Few home slots for many indices, also at the table's end: runs that wrap, and gaps in them. */
static uint32_t crowded_index(struct rng *rng, uint32_t slots)
{
	return (uint32_t)(rng_below(rng, 6) * slots + slots - 3 + rng_below(rng, 6)) + slots;
}

static void random_use_agrees_with_a_simple_model(void **state)
{
	uint32_t count = index_table_slots(INDICES);
	struct index_entry *slots = calloc(count, sizeof(*slots));
	struct rng rng = {.state = 42};
	struct model m = {.count = 0};
	struct index_table t;

	(void)state;
	assert_non_null(slots);
	index_table_init(&t, slots, count);
	for (uint32_t i = 0; i < STEPS; i++) {
		uint32_t index = crowded_index(&rng, count);
		uint32_t other = crowded_index(&rng, count);

		if (model_find(&m, index) >= 0 && rng_chance(&rng, 60)) {
			index_table_remove(&t, index);
			model_remove(&m, index);
		} else if (model_find(&m, index) < 0 && m.count < INDICES) {
			index_table_add(&t, index, i);
			m.entries[m.count++] = (struct index_entry){index, i};
		}
		assert_int_equal(index_table_find(&t, index), model_find(&m, index));
		assert_int_equal(index_table_find(&t, other), model_find(&m, other));
	}
	free(slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_at_most_half_full),
		cmocka_unit_test(zero_is_never_found),
		cmocka_unit_test(random_use_agrees_with_a_simple_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
