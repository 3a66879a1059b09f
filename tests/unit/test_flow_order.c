/*
 * test_flow_order.c - agent/flow_order.h: whose frames of a batch go first, and whose are given up
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../agent/flow_order.h"

enum {
	FULL = 1414,
	SMALL = 60,
};

static uint8_t bytes[FLOW_BATCH_MAX][FULL];
static struct flow_frame frames[FLOW_BATCH_MAX];
static size_t count;
static struct flow_order o;

static int start(void **state)
{
	(void)state;
	memset(bytes, 0, sizeof(bytes));
	memset(&o, 0xee, sizeof(o));
	count = 0;
	return 0;
}

static void add(int from, int to, size_t len)
{
	uint8_t *frame = bytes[count];

	frame[5] = (uint8_t)to;
	frame[11] = (uint8_t)from;
	frames[count++] = (struct flow_frame){frame, len};
}

static void add_many(size_t n, int from, int to, size_t len)
{
	while (n-- > 0)
		add(from, to, len);
}

static void make(unsigned keep)
{
	flow_order_make(&o, frames, count, keep);
}

static const char *order(void)
{
	static char text[FLOW_BATCH_MAX * 4];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < o.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i ? " " : "",
					 o.order[i]);
	return text;
}

static void assert_as_read(void)
{
	assert_int_equal(o.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(o.order[i], i);
}

/* Return: bytes of a sender's frames that are in the order */
static size_t kept(int from)
{
	size_t sum = 0;

	for (size_t i = 0; i < o.count; i++)
		sum += frames[o.order[i]].bytes[11] == from ? frames[o.order[i]].len : 0;
	return sum;
}

static void nothing_and_one_stay_as_they_are(void **state)
{
	(void)state;
	make(FLOW_WHOLE);
	assert_as_read();
	add(1, 2, FULL);
	make(FLOW_WHOLE);
	assert_as_read();
	make(0);
	assert_as_read();
}

static void one_flow_stays_as_it_is(void **state)
{
	(void)state;
	for (int i = 0; i < FLOW_BATCH_MAX; i++)
		add(1, 2, i % 2 ? FULL : SMALL);
	make(FLOW_WHOLE);
	assert_as_read();
}

static void little_goes_before_bulk(void **state)
{
	(void)state;
	add_many(10, 1, 2, FULL);
	add(3, 4, SMALL);
	add(1, 2, FULL);
	add(3, 4, SMALL);
	make(FLOW_WHOLE);
	assert_string_equal(order(), "10 12 0 1 2 3 4 5 6 7 8 9 11");
	assert_true(o.is_mixed);
}

static void order_stays_in_every_flow_and_between_flows_of_a_kind(void **state)
{
	(void)state;
	add_many(5, 1, 2, FULL);
	add(3, 4, SMALL);
	add_many(5, 5, 6, FULL);
	add(7, 8, SMALL);
	add(3, 4, SMALL);
	make(FLOW_WHOLE);
	assert_string_equal(order(), "5 11 12 0 1 2 3 4 6 7 8 9 10");
}

/* A connection's acknowledgements are another flow than what its machine sends elsewhere. */
static void both_addresses_tell_a_flow(void **state)
{
	(void)state;
	add_many(10, 1, 2, FULL);
	add(1, 3, SMALL);
	add(3, 2, SMALL);
	add(2, 1, SMALL);
	make(FLOW_WHOLE);
	assert_string_equal(order(), "10 11 12 0 1 2 3 4 5 6 7 8 9");
}

static void small_frames_of_a_bulk_flow_do_not_overtake_it(void **state)
{
	(void)state;
	add_many(10, 1, 2, FULL);
	add(1, 2, SMALL);
	add(3, 4, SMALL);
	make(FLOW_WHOLE);
	assert_string_equal(order(), "11 0 1 2 3 4 5 6 7 8 9 10");
}

static void an_eighth_is_little_and_more_is_not(void **state)
{
	(void)state;
	add_many(7, 1, 2, 1400);
	add(3, 4, 1400);
	make(FLOW_WHOLE);
	assert_string_equal(order(), "7 0 1 2 3 4 5 6");
	frames[7].len++;
	make(FLOW_WHOLE);
	assert_as_read();
}

static void many_that_are_alike_stay_as_they_are(void **state)
{
	(void)state;
	for (int i = 0; i < FLOW_BATCH_MAX; i++)
		add(1 + i % 16, 0, FULL);
	make(FLOW_WHOLE);
	assert_as_read();
	make(0); /* nobody is to blame */
	assert_as_read();
	assert_false(o.is_mixed);
}

static void a_batch_that_is_little_as_a_whole_stays_as_it_is(void **state)
{
	(void)state;
	add_many(8, 1, 2, 1016);
	add(3, 4, 64);
	make(FLOW_WHOLE);
	assert_as_read();
	frames[8].len++;
	make(FLOW_WHOLE);
	assert_string_equal(order(), "8 0 1 2 3 4 5 6 7");
}

static void frames_too_short_for_addresses_are_read_only_as_far_as_they_go(void **state)
{
	uint8_t *exact = malloc(11);

	(void)state;
	memset(exact, 1, 11);
	add_many(10, 1, 2, FULL);
	frames[count++] = (struct flow_frame){exact, 11};
	frames[count++] = (struct flow_frame){NULL, 0};
	make(FLOW_WHOLE);
	assert_string_equal(order(), "10 11 0 1 2 3 4 5 6 7 8 9");
	free(exact);
}

static void bulk_gives_up_what_is_over_and_little_nothing(void **state)
{
	(void)state;
	add_many(20, 1, 2, 1000);
	add_many(5, 3, 4, 100);
	add_many(20, 1, 2, 1000);
	make(FLOW_WHOLE / 4);
	assert_int_equal(kept(3), 500);
	assert_int_equal(kept(1), 10000);
	assert_string_equal(order(), "20 21 22 23 24 0 1 2 3 4 5 6 7 8 9");
	make(0);
	assert_string_equal(order(), "20 21 22 23 24");
	assert_true(o.is_mixed);
}

static void bulk_flows_share_evenly_what_they_may_keep(void **state)
{
	(void)state;
	add_many(48, 1, 2, 1000);
	add_many(16, 3, 4, 1000);
	make(FLOW_WHOLE / 2);
	assert_int_equal(kept(1), 16000);
	assert_int_equal(kept(3), 16000);
}

static void alone_a_flow_gives_up_as_well(void **state)
{
	(void)state;
	add_many(FLOW_BATCH_MAX, 1, 2, SMALL); /* little, but many */
	make(FLOW_WHOLE / 2);
	assert_int_equal(o.count, FLOW_BATCH_MAX / 2);
	assert_false(o.is_mixed);
}

static void what_is_kept_falls_from_all_to_nothing_before_the_buffer_is_full(void **state)
{
	unsigned before = FLOW_WHOLE;

	(void)state;
	assert_int_equal(flow_order_keep(0), FLOW_WHOLE);
	assert_int_equal(flow_order_keep(FLOW_WHOLE * 5 / 8), FLOW_WHOLE);
	for (unsigned full = FLOW_WHOLE * 5 / 8; full < FLOW_WHOLE * 7 / 8; full++) {
		unsigned keep = flow_order_keep(full + 1);

		assert_true(keep < before);
		before = keep;
	}
	assert_int_equal(before, 0);
	assert_int_equal(flow_order_keep(3 * FLOW_WHOLE), 0);
}

/* Against what is done slowly: every frame once, flows in order, little first. */
static void any_batch_is_arranged_so(void **state)
{
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 2000; round++) {
		bool seen[FLOW_BATCH_MAX] = {false};
		int last[256], kinds = 1 + rand() % FLOW_BATCH_MAX;
		bool is_bulk = false;
		size_t total = 0;

		count = 0;
		memset(bytes, 0, sizeof(bytes));
		memset(last, -1, sizeof(last));
		for (int n = 1 + rand() % FLOW_BATCH_MAX; n > 0; n--) {
			int kind = rand() % kinds;

			add(kind, 0, kind % 3 ? SMALL : FULL);
			total += frames[count - 1].len;
		}
		make(FLOW_WHOLE);
		assert_int_equal(o.count, count);
		for (size_t i = 0; i < count; i++) {
			int at = o.order[i], kind = frames[at].bytes[11];
			bool bulk = kept(kind) * 8 > total;

			assert_false(seen[at]);
			seen[at] = true;
			assert_true(at > last[kind]);
			last[kind] = at;
			assert_true(bulk || !is_bulk || total <= FLOW_LITTLE_BYTES);
			is_bulk |= bulk;
		}
	}
}

#define TEST(test) cmocka_unit_test_setup(test, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_and_one_stay_as_they_are),
		TEST(one_flow_stays_as_it_is),
		TEST(little_goes_before_bulk),
		TEST(order_stays_in_every_flow_and_between_flows_of_a_kind),
		TEST(both_addresses_tell_a_flow),
		TEST(small_frames_of_a_bulk_flow_do_not_overtake_it),
		TEST(an_eighth_is_little_and_more_is_not),
		TEST(many_that_are_alike_stay_as_they_are),
		TEST(a_batch_that_is_little_as_a_whole_stays_as_it_is),
		TEST(frames_too_short_for_addresses_are_read_only_as_far_as_they_go),
		TEST(bulk_gives_up_what_is_over_and_little_nothing),
		TEST(bulk_flows_share_evenly_what_they_may_keep),
		TEST(alone_a_flow_gives_up_as_well),
		TEST(what_is_kept_falls_from_all_to_nothing_before_the_buffer_is_full),
		TEST(any_batch_is_arranged_so),
	};

	return cmocka_run_group_tests_name("flow_order", tests, NULL, NULL);
}
