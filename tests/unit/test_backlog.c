/*
 * test_backlog.c - frames that wait their turn
 *
 * Layer: unit test.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "../../agent/ports/backlog.h"
#include "../../agent/ports/pacing.h"

enum {
	ROUNDS = 200000,
	MODEL_MAX = BACKLOG_FRAMES,
};

static struct backlog b;
static uint8_t frame[FRAME_MAX_BYTES];

static int set_up(void **state)
{
	(void)state;
	return backlog_init(&b) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	backlog_fini(&b);
	return 0;
}

static bool add(uint32_t number, size_t len)
{
	memcpy(frame, &number, sizeof(number));
	memcpy(frame + len - sizeof(number), &number, sizeof(number));
	return backlog_add(&b, frame, len);
}

static void assert_first(uint32_t number, size_t len)
{
	struct backlog_frame f = backlog_frame(&b, 0);
	uint32_t head, tail;

	assert_int_equal(f.len, len);
	memcpy(&head, f.bytes, sizeof(head));
	memcpy(&tail, f.bytes + f.len - sizeof(tail), sizeof(tail));
	assert_int_equal(head, number);
	assert_int_equal(tail, number);
}

static void frames_leave_in_the_order_in_which_they_came(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_true(add(i, 14 + i));
	for (uint32_t i = 0; i < 100; i++) {
		assert_first(i, 14 + i);
		backlog_remove(&b);
	}
	assert_int_equal(b.count, 0);
	assert_int_equal(b.cost_bytes, 0);
}

static void there_is_room_for_a_number_of_frames_and_no_more(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BACKLOG_FRAMES; i++)
		assert_true(add(i, 60));
	assert_false(add(0, 60));
	assert_int_equal(b.cost_bytes, BACKLOG_FRAMES * pacing_cost(60));
	backlog_remove(&b);
	assert_true(add(0, 60));
}

static void there_is_room_for_a_number_of_bytes_and_no_more(void **state)
{
	uint32_t count = 0;

	(void)state;
	while (add(count, FRAME_MAX_BYTES))
		count++;
	assert_int_equal(count, BACKLOG_BYTES / FRAME_MAX_BYTES);
	for (uint32_t i = 0; i < count; i++) {
		assert_first(i, FRAME_MAX_BYTES);
		backlog_remove(&b);
		assert_true(add(count + i, FRAME_MAX_BYTES)); /* around the end */
	}
}

static void cleared_it_takes_as_much_as_a_new_one(void **state)
{
	(void)state;
	while (add(1, 5000))
		;
	backlog_clear(&b);
	assert_true(add(2, FRAME_MAX_BYTES));
	assert_first(2, FRAME_MAX_BYTES);
}

/* What it must hold, told apart by number and length. */
static struct {
	uint32_t first, next;
	size_t lengths[MODEL_MAX * 2];
} model;

static void try_to_add(size_t len)
{
	if (!add(model.next, len)) {
		assert_true(b.count > 0);
		return;
	}
	model.lengths[model.next % (MODEL_MAX * 2)] = len;
	model.next++;
}

static void whatever_comes_and_goes_nothing_is_changed(void **state)
{
	unsigned seed = 4711;

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < ROUNDS; i++) {
		size_t len =
			rand() % 40 == 0 ? 14 + (size_t)rand() % 60000 : 14 + (size_t)rand() % 1600;
		/* now it fills up, and now it empties */
		bool is_adding = rand() % 100 < (i / 3000 % 2 ? 60 : 40);

		if (is_adding) {
			try_to_add(len);
		} else if (b.count > 0) {
			assert_first(model.first, model.lengths[model.first % (MODEL_MAX * 2)]);
			backlog_remove(&b);
			model.first++;
		}
		assert_int_equal(b.count, model.next - model.first);
	}
}

#define with_backlog(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_backlog(frames_leave_in_the_order_in_which_they_came),
		with_backlog(there_is_room_for_a_number_of_frames_and_no_more),
		with_backlog(there_is_room_for_a_number_of_bytes_and_no_more),
		with_backlog(cleared_it_takes_as_much_as_a_new_one),
		with_backlog(whatever_comes_and_goes_nothing_is_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
