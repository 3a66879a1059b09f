/*
 * test_pacing.c - how fast datagrams may go to default buffers
 *
 * Layer: unit test.
 */
#include "unit.h"

#include "../../agent/ports/pacing.h"

enum {
	FULL_FRAME = 1514,
	NS_PER_MS = 1000000,
	NS_PER_US = 1000,
};

static const uint64_t NOW_NS = 77000000000;

/* Return: how many of @waiting datagrams of @len may go at that time. */
static unsigned take_all(struct pacing *p, unsigned waiting, size_t len, uint64_t now_ns)
{
	unsigned taken = 0;

	pacing_refill(p, waiting * pacing_cost(len), now_ns);
	while (taken < waiting && pacing_take(p, pacing_cost(len)))
		taken++;
	return taken;
}

/* Measured: how many datagrams of that length a default buffer holds that nobody reads. */
static const struct {
	size_t len;
	unsigned fits;
} MEASURED[] = {
	{14, 253},  {60, 246},  {100, 242}, {192, 231}, {256, 166}, {600, 148}, {1000, 92},
	{1514, 90}, {1600, 87}, {2000, 48}, {4000, 25}, {9014, 12}, {30000, 6}, {65507, 3},
};

static void no_datagram_costs_less_than_the_kernel_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(MEASURED) / sizeof(MEASURED[0]); i++) {
		size_t cost = pacing_cost(MEASURED[i].len);

		assert_in_range(PACING_BUFFER_BYTES / cost, MEASURED[i].fits / 2, MEASURED[i].fits);
	}
}

static void a_frame_after_a_rest_goes_at_once_however_long(void **state)
{
	struct pacing p = {.credit_bytes = 0};

	(void)state;
	assert_int_equal(take_all(&p, 1, 60, NOW_NS), 1);
	assert_int_equal(take_all(&p, 1, 65507, NOW_NS + NS_PER_MS * PACING_DELAY_MS), 1);
}

static void a_burst_fills_half_a_buffer_and_waits(void **state)
{
	struct pacing p = {.credit_bytes = 0};

	(void)state;
	assert_int_equal(take_all(&p, 200, FULL_FRAME, NOW_NS), 45); /* one super-frame's */
	assert_int_equal(take_all(&p, 155, FULL_FRAME, NOW_NS), 0);
	p = (struct pacing){.credit_bytes = 0};
	assert_int_equal(take_all(&p, 1000, 60, NOW_NS), 118); /* of 246 */
}

static void a_short_backlog_leaves_at_the_slow_pace(void **state)
{
	struct pacing p = {.credit_bytes = 0};
	unsigned taken = 0;

	(void)state;
	take_all(&p, 50, FULL_FRAME, NOW_NS);
	for (uint64_t us = 10; us <= 1000; us += 10)
		taken += take_all(&p, 30, FULL_FRAME, NOW_NS + us * NS_PER_US);
	assert_in_range(taken, PACING_BYTES_PER_MS / pacing_cost(FULL_FRAME) - 1,
			PACING_BYTES_PER_MS / pacing_cost(FULL_FRAME) + 1);
}

/* A stream of so many full frames a millisecond, for so long. Return: how many waited at most, of its last
 * 10 ms or of all of it */
static unsigned stream(unsigned per_ms, unsigned long_ms, bool last)
{
	const unsigned step_us = 50;
	struct pacing p = {.credit_bytes = 0};
	unsigned waiting = 0, most = 0;

	for (uint64_t us = 0; us < long_ms * UINT64_C(1000); us += step_us) {
		waiting += per_ms * step_us / 1000;
		waiting -= take_all(&p, waiting, FULL_FRAME, NOW_NS + us * NS_PER_US);
		if (waiting > most && (!last || us + 10000 > long_ms * UINT64_C(1000)))
			most = waiting;
	}
	return most;
}

static void what_begins_is_spread_over_a_few_milliseconds(void **state)
{
	(void)state;
	assert_in_range(stream(200, 20, false), 200, 200 * PACING_DELAY_MS); /* 2.4 Gbit/s */
}

static void a_stream_that_goes_on_does_not_wait(void **state)
{
	(void)state;
	for (unsigned per_ms = 20; per_ms <= 400; per_ms += 20)
		assert_int_equal(stream(per_ms, 2 * PACING_RECENT_MS, true), 0);
}

static void after_a_rest_a_burst_is_spread_again(void **state)
{
	struct pacing p = {.credit_bytes = 0};

	(void)state;
	take_all(&p, 45, FULL_FRAME, NOW_NS);
	p.recent_bytes = UINT32_MAX;
	assert_int_equal(take_all(&p, 45, FULL_FRAME, NOW_NS + 500 * NS_PER_US), 45);
	take_all(&p, 45, FULL_FRAME, NOW_NS + (uint64_t)PACING_RECENT_MS * NS_PER_MS * 2);
	assert_in_range(
		take_all(&p, 45, FULL_FRAME,
			 NOW_NS + (uint64_t)PACING_RECENT_MS * NS_PER_MS * 2 + 500 * NS_PER_US),
		1, 20);
}

static void a_slow_machine_loses_nothing_of_a_burst(void **state)
{
	struct pacing p = {.credit_bytes = 0};
	double queued = 0, most = 0;
	unsigned waiting = 200;

	(void)state;
	for (unsigned ms = 0; waiting > 0; ms++) { /* as a timer of 1 ms sees it */
		unsigned taken =
			take_all(&p, waiting, FULL_FRAME, NOW_NS + (uint64_t)ms * NS_PER_MS);

		waiting -= taken;
		queued += taken;
		most = queued > most ? queued : most;
		queued = queued > 25 ? queued - 25 : 0; /* 25,000 frames a second */
		assert_true(ms < 20);
	}
	assert_true(most < 90);
}

static void credit_is_never_more_than_a_burst(void **state)
{
	struct pacing p = {.credit_bytes = 0};

	(void)state;
	pacing_refill(&p, UINT32_MAX, NOW_NS);
	assert_int_equal(p.credit_bytes, PACING_BURST_BYTES);
	pacing_refill(&p, UINT32_MAX, UINT64_MAX);
	assert_int_equal(p.credit_bytes, PACING_BURST_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_datagram_costs_less_than_the_kernel_counts),
		cmocka_unit_test(a_frame_after_a_rest_goes_at_once_however_long),
		cmocka_unit_test(a_burst_fills_half_a_buffer_and_waits),
		cmocka_unit_test(a_short_backlog_leaves_at_the_slow_pace),
		cmocka_unit_test(what_begins_is_spread_over_a_few_milliseconds),
		cmocka_unit_test(a_stream_that_goes_on_does_not_wait),
		cmocka_unit_test(after_a_rest_a_burst_is_spread_again),
		cmocka_unit_test(a_slow_machine_loses_nothing_of_a_burst),
		cmocka_unit_test(credit_is_never_more_than_a_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
