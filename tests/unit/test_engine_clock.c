/*
 * test_engine_clock.c - timestamps, their ceiling, and clocks that are wrong: PROTOCOL.md 4.1, 4.2, 9
 */
#include "forge.h"

#include <sodium.h>

#include "handshake.h"

#define YEAR_NS (365 * 24 * 3600 * NS_PER_S)
#define WALL_NS (TESTS_WALL_S * NS_PER_S)

/* The timestamp of an initiation of host 0 to host 1, ns since 1970. */
static uint64_t timestamp_of(struct wire *w, const struct packet *p)
{
	struct public_key s, e;
	struct noise n;
	uint8_t payload[PAYLOAD_BYTES], static_static[KEY_BYTES];
	struct noise_keys keys = {.own_static = &w->hosts[1].host.secret,
				  .static_static = static_static};
	struct reader r = reader_over(payload, sizeof(payload));
	uint64_t seconds;

	noise_init(&n, "longwire1", 9, &w->hosts[1].host.key);
	assert_int_equal(noise_read_1_static(&n, &keys, p->bytes + 8, &s, &e), 0);
	noise_dh(static_static, &w->hosts[1].host.secret, &s);
	assert_int_equal(noise_read_1_payload(&n, &keys, p->bytes + 8 + 80,
					      &(struct noise_payload){payload, PAYLOAD_BYTES}),
			 0);
	seconds = reader_u64(&r);
	return seconds * NS_PER_S + reader_u32(&r);
}

/* The next initiation of host 0; the wire loses it. */
static uint64_t next_timestamp(struct wire *w)
{
	struct packet p;

	wire_collect(w);
	w->used = w->first; /* earlier ones */
	do {
		w->now_ns = engine_deadline_ns(wire_engine(w, 0));
		assert_true(w->now_ns != UINT64_MAX);
		engine_tick(wire_engine(w, 0), w->now_ns);
		wire_collect(w);
	} while (!wire_take(w, MESSAGE_INITIATION, &p));
	return timestamp_of(w, &p);
}

static struct wire *calling(void)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	wire_know(w, 0, 1, true);
	return w;
}

static void timestamps_follow_the_wall_clock_and_never_repeat(void **state)
{
	struct wire *w = calling();
	uint64_t last = 0;

	(void)state;
	next_timestamp(w);
	for (unsigned i = 0; i < 50; i++) {
		uint64_t t = next_timestamp(w);

		assert_true(t > last);
		assert_true(t == WALL_NS + w->now_ns);
		last = t;
	}
	wire_free(w);
}

static void clock_set_back_ten_years_still_gives_later_timestamps(void **state)
{
	struct wire *w = calling();
	uint64_t last = next_timestamp(w);

	(void)state;
	engine_set_wall(wire_engine(w, 0), WALL_NS - 10 * YEAR_NS, w->now_ns);
	for (unsigned i = 0; i < 50; i++) {
		uint64_t t = next_timestamp(w);

		assert_true(t == last + 1);
		last = t;
	}
	wire_free(w);
}

static void no_timestamp_is_above_the_ceiling_on_disk(void **state)
{
	struct wire *w = calling();
	uint64_t ceiling;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		engine_set_wall(wire_engine(w, 0), WALL_NS + i * 20 * 60 * NS_PER_S, w->now_ns);
		assert_true(next_timestamp(w) <= wire_engine(w, 0)->ceiling_ns);
	}
	assert_in_range(w->hosts[0].events[WIRE_HOSTS_MAX][ENGINE_EVENT_RESERVE], 20, 60);
	ceiling = engine_timestamp_ceiling_ns(wire_engine(w, 0));
	assert_true(ceiling >= WALL_NS + 99 * 20 * 60 * NS_PER_S);
	wire_free(w);
}

static void nothing_is_sent_until_the_ceiling_is_persisted(void **state)
{
	struct wire *w = calling();
	struct engine *e = wire_engine(w, 0);
	struct engine_event event;
	unsigned asked = 0;

	(void)state;
	next_timestamp(w);
	/* A day ahead: far beyond what was reserved. */
	engine_set_wall(e, WALL_NS + 24 * 3600 * NS_PER_S, w->now_ns);
	for (unsigned i = 0; i < 10; i++) {
		const struct datagram *d;

		w->now_ns += 2 * S_NS;
		engine_tick(e, w->now_ns);
		assert_int_equal(engine_outbox(e, &d), 0);
		while (engine_next_event(e, &event))
			asked += event.type == ENGINE_EVENT_RESERVE;
	}
	assert_in_range(asked, 1, 10);
	assert_true(engine_deadline_ns(e) > w->now_ns); /* waits, does not spin */
	engine_timestamp_persisted(e, engine_timestamp_ceiling_ns(e), w->now_ns);
	assert_true(next_timestamp(w) >= WALL_NS + 24 * 3600 * NS_PER_S);
	wire_free(w);
}

static void only_the_ceiling_that_was_written_counts_as_persisted(void **state)
{
	struct wire *w = calling();
	struct engine *e = wire_engine(w, 0);
	uint64_t written, before = e->ceiling_ns;
	struct engine_event event;
	const struct datagram *d;

	(void)state;
	next_timestamp(w);
	engine_set_wall(e, WALL_NS + 24 * 3600 * NS_PER_S, w->now_ns);
	w->now_ns += 2 * S_NS;
	engine_tick(e, w->now_ns);
	written = engine_timestamp_ceiling_ns(e); /* being written, while the clock is set again */
	engine_set_wall(e, WALL_NS + 48 * 3600 * NS_PER_S, w->now_ns);
	handshake_reserve(e, w->now_ns);
	engine_timestamp_persisted(e, written, w->now_ns);
	assert_true(e->ceiling_ns == written);
	engine_timestamp_persisted(e, before, w->now_ns); /* an earlier writing that was slower */
	assert_true(e->ceiling_ns == written);
	w->now_ns += 2 * S_NS;
	engine_tick(e, w->now_ns);
	assert_int_equal(engine_outbox(e, &d), 0);
	while (engine_next_event(e, &event) && event.type != ENGINE_EVENT_RESERVE)
		;
	assert_int_equal(event.type, ENGINE_EVENT_RESERVE); /* it asks for more */
	engine_timestamp_persisted(e, engine_timestamp_ceiling_ns(e), w->now_ns);
	assert_true(next_timestamp(w) >= WALL_NS + 48 * 3600 * NS_PER_S);
	wire_free(w);
}

static void restarted_agent_starts_above_the_ceiling(void **state)
{
	struct wire *w = calling();
	uint64_t ceiling = engine_timestamp_ceiling_ns(wire_engine(w, 0));

	(void)state;
	next_timestamp(w);
	wire_restart(w, 0, ceiling);
	assert_true(next_timestamp(w) > ceiling);
	wire_free(w);
}

/* Return: a pair whose host 0 has its clock @offset_ns from the right one. */
static struct wire *pair_with_clock(int64_t offset_ns)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	engine_set_wall(wire_engine(w, 0), WALL_NS + w->now_ns + (uint64_t)offset_ns, w->now_ns);
	wire_engine(w, 0)->timestamp_ns = 0;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	return w;
}

static void peers_ten_years_apart_connect(void **state)
{
	(void)state;
	for (int64_t years = -10; years <= 10; years += 20) {
		struct wire *w = pair_with_clock(years * (int64_t)YEAR_NS);

		wire_connect(w);
		wire_assert_carries(w, 0, 1);
		wire_run(w, 300 * S_NS);
		wire_assert_carries(w, 0, 1);
		wire_free(w);
	}
}

static void clock_stepped_by_a_day_either_way_disturbs_no_session(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	for (int day = -1; day <= 1; day += 2) {
		for (unsigned host = 0; host < 2; host++) {
			engine_set_wall(wire_engine(w, host),
					WALL_NS + w->now_ns + (uint64_t)(day * 86400) * NS_PER_S,
					w->now_ns);
			wire_run(w, 200 * S_NS);
			wire_assert_carries(w, 0, 1);
		}
	}
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	wire_free(w);
}

/* CVE-2021-46873: the clock was in 2100 once, and its state file was lost. */
static void initiation_from_2100_and_then_the_right_clock_connects(void **state)
{
	struct wire *w = pair_with_clock(75 * (int64_t)YEAR_NS);
	uint64_t gone;

	(void)state;
	wire_connect(w);
	wire_run(w, 30 * S_NS);
	gone = w->now_ns;
	/* Only host 0 can call: host 1 never knew an address of its own accord. */
	host_stop(&w->hosts[0].host);
	host_start(&w->hosts[0].host,
		   &(struct host_setup){.number = 0, .seed = 1, .now_ns = w->now_ns});
	wire_engine(w, 1)->peers[0].paths.active = PATH_NONE;
	wire_know(w, 0, 1, true);
	wire_run(w, 5 * S_NS);
	assert_false(wire_is_up(w, 0, 1));
	while (!wire_is_up(w, 0, 1) && w->now_ns < gone + 700 * S_NS)
		wire_run(w, S_NS);
	assert_in_range((w->now_ns - gone) / S_NS, 500, 620);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timestamps_follow_the_wall_clock_and_never_repeat),
		cmocka_unit_test(clock_set_back_ten_years_still_gives_later_timestamps),
		cmocka_unit_test(no_timestamp_is_above_the_ceiling_on_disk),
		cmocka_unit_test(nothing_is_sent_until_the_ceiling_is_persisted),
		cmocka_unit_test(only_the_ceiling_that_was_written_counts_as_persisted),
		cmocka_unit_test(restarted_agent_starts_above_the_ceiling),
		cmocka_unit_test(peers_ten_years_apart_connect),
		cmocka_unit_test(clock_stepped_by_a_day_either_way_disturbs_no_session),
		cmocka_unit_test(initiation_from_2100_and_then_the_right_clock_connects),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
