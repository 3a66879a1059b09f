/*
 * test_engine_timers.c - tries, keep-alives, silence: PROTOCOL.md 7.3, 8
 */
#include "forge.h"

#include <sodium.h>

#include "outbox.h"
#include "session.h"

static bool lose_all(struct wire *w, struct packet *p)
{
	(void)w;
	(void)p;
	return false;
}

static bool lose_of_1(struct wire *w, struct packet *p)
{
	return !addr_equal(&p->from, &w->hosts[1].host.at);
}

/* Tries in the next @seconds. */
static uint32_t tries_in(struct wire *w, uint64_t seconds)
{
	uint32_t before = w->sent[MESSAGE_INITIATION];

	wire_run(w, seconds * S_NS);
	return w->sent[MESSAGE_INITIATION] - before;
}

/* Host 0 tries to reach host 1, and all is lost. */
static struct wire *alone(void)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	w->pass = lose_all;
	wire_know(w, 0, 1, true);
	wire_settle(w);
	return w;
}

static void peer_not_reached_is_tried_every_second_for_a_minute_and_then_less(void **state)
{
	struct wire *w = alone();

	(void)state;
	assert_int_equal(wire_info(w, 0, 1).state, PEER_CONNECTING);
	assert_in_range(tries_in(w, 60), 54, 61);
	/* 2, 4, 8, 16, 32: five in the next minute. */
	assert_in_range(tries_in(w, 64), 4, 6);
	assert_int_equal(wire_info(w, 0, 1).state, PEER_DOWN);
	assert_int_equal(wire_info(w, 0, 1).trouble, TROUBLE_NO_ANSWER);
	/* And then one a minute. */
	assert_in_range(tries_in(w, 600), 9, 10);
	assert_in_range(wire_events(w, 0, 1, ENGINE_EVENT_UNREACHED), 60, 80);
	wire_free(w);
}

static void changed_network_starts_the_tries_again(void **state)
{
	struct wire *w = alone();

	(void)state;
	wire_run(w, 1000 * S_NS);
	w->sent[MESSAGE_INITIATION] = 0;
	engine_network_changed(wire_engine(w, 0), w->now_ns);
	wire_run(w, 0);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 1);
	assert_in_range(tries_in(w, 30), 26, 31);
	wire_free(w);
}

/* A route that flaps: each answer would come to an initiation that was given up for a newer one. */
static void network_that_changes_all_the_time_hastens_nothing(void **state)
{
	struct wire *w = alone();

	(void)state;
	wire_run(w, 1000 * S_NS);
	w->sent[MESSAGE_INITIATION] = 0;
	for (unsigned i = 0; i < 100; i++) {
		engine_network_changed(wire_engine(w, 0), w->now_ns);
		wire_run(w, S_NS / 10);
	}
	assert_in_range(w->sent[MESSAGE_INITIATION], 9, 11);
	wire_free(w);
}

/* As a laptop that slept behind a router: the peer gave it up, and can reach it no more. */
static void peer_that_forgot_us_is_back_within_two_seconds_of_a_changed_network(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	wire_run(w, 5 * S_NS);
	session_end_all(wire_engine(w, 1), wire_peer(w, 1, 0), w->now_ns);
	wire_peer(w, 1, 0)->attempt.at_ns = w->now_ns + 1000 * S_NS;
	engine_network_changed(wire_engine(w, 0), w->now_ns);
	wire_run(w, 2 * S_NS);
	assert_true(wire_is_up(w, 1, 0));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void answered_ping_after_a_changed_network_is_proof_enough(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	wire_run(w, 5 * S_NS);
	w->sent[MESSAGE_INITIATION] = 0;
	engine_network_changed(wire_engine(w, 0), w->now_ns);
	wire_run(w, 60 * S_NS);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 0);
	wire_free(w);
}

static void new_address_is_tried_at_once_and_an_old_one_is_not(void **state)
{
	struct wire *w = alone();
	struct addr two[2] = {w->hosts[1].host.at, addr_from_ipv4(0xc6336401, 1)};

	(void)state;
	wire_run(w, 1000 * S_NS);
	w->sent[MESSAGE_INITIATION] = 0;
	engine_peer_candidates(wire_engine(w, 0), w->hosts[0].peer[1], two, 1, w->now_ns);
	wire_run(w, 0);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 0);
	engine_peer_candidates(wire_engine(w, 0), w->hosts[0].peer[1], two, 2, w->now_ns);
	wire_run(w, 0);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 2);
	wire_free(w);
}

static void peer_without_an_address_is_idle_and_costs_no_wake_up(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	(void)state;
	wire_know(w, 0, 1, false);
	wire_settle(w);
	assert_int_equal(wire_info(w, 0, 1).state, PEER_IDLE);
	assert_true(engine_deadline_ns(wire_engine(w, 0)) == UINT64_MAX);
	/* No addresses at all, given as such. */
	engine_peer_candidates(wire_engine(w, 0), w->hosts[0].peer[1], NULL, 0, w->now_ns);
	assert_true(engine_deadline_ns(wire_engine(w, 0)) == UINT64_MAX);
	wire_free(w);
}

static void idle_session_wakes_up_less_than_once_a_second(void **state)
{
	struct wire *w = wire_pair();
	uint32_t data;

	(void)state;
	wire_run(w, 5 * S_NS);
	w->ticks = 0;
	data = w->sent[MESSAGE_DATA];
	wire_run(w, 600 * S_NS);
	/* Two hosts for ten minutes: pings every 20 s, rekeys every two minutes. */
	assert_in_range(w->ticks, 50, 300);
	assert_in_range(w->sent[MESSAGE_DATA] - data, 50, 200);
	assert_true(wire_is_up(w, 0, 1));
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	wire_free(w);
}

static void frames_in_one_direction_are_answered_by_keep_alives(void **state)
{
	struct wire *w = wire_pair();
	uint32_t initiations;

	(void)state;
	wire_run(w, 5 * S_NS);
	initiations = w->sent[MESSAGE_INITIATION];
	for (unsigned i = 0; i < 80; i++) {
		wire_send(w, 0, 1, 60, 1);
		wire_run(w, S_NS);
		assert_true(wire_peer(w, 0, 1)->unanswered_ns == 0 ||
			    w->now_ns - wire_peer(w, 0, 1)->unanswered_ns <= KEEPALIVE_NS + S_NS);
	}
	assert_int_equal(w->sent[MESSAGE_INITIATION], initiations);
	assert_true(wire_is_up(w, 0, 1));
	wire_free(w);
}

static void keep_alives_are_not_answered_by_keep_alives(void **state)
{
	struct wire *w = wire_pair();
	uint32_t data;

	(void)state;
	wire_run(w, 21 * S_NS);
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	data = w->sent[MESSAGE_DATA];
	wire_run(w, 19 * S_NS); /* before anybody's ping */
	assert_in_range(w->sent[MESSAGE_DATA] - data, 1, 3);
	wire_free(w);
}

static void nothing_heard_for_15_seconds_starts_tries_and_25_end_the_session(void **state)
{
	struct wire *w = wire_pair();
	uint64_t start;

	(void)state;
	wire_run(w, 5 * S_NS);
	w->pass = lose_of_1;
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	start = w->now_ns;
	w->sent[MESSAGE_INITIATION] = 0;
	wire_run(w, UNHEARD_NS - 1);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 0);
	wire_run(w, 1);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 1);
	wire_run(w, SILENT_NS - UNHEARD_NS - 1);
	assert_in_range(w->sent[MESSAGE_INITIATION], 8, 20);
	assert_true(wire_is_up(w, 0, 1));
	wire_run(w, 1);
	assert_false(wire_is_up(w, 0, 1));
	assert_int_equal(wire_info(w, 0, 1).trouble, TROUBLE_SILENT);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 1);
	assert_true(w->now_ns - start == SILENT_NS);
	/* The wire heals: up again at the next try. */
	w->pass = NULL;
	wire_run(w, 2 * S_NS);
	assert_true(wire_is_up(w, 0, 1));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void peer_that_restarted_is_up_again_within_two_seconds(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	for (unsigned host = 0; host < 2; host++) {
		wire_run(w, 30 * S_NS);
		wire_restart(w, host, 0);
		wire_run(w, 2 * S_NS);
		assert_true(wire_is_up(w, 0, 1));
		assert_true(wire_is_up(w, 1, 0));
		wire_assert_carries(w, 0, 1);
	}
	wire_free(w);
}

static void peer_that_said_goodbye_is_tried_a_second_later(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	wire_run(w, 5 * S_NS);
	w->sent[MESSAGE_INITIATION] = 0;
	assert_false(engine_goodbye(wire_engine(w, 1), w->now_ns));
	wire_collect(w);
	wire_settle(w);
	assert_false(wire_is_up(w, 0, 1));
	assert_int_equal(wire_info(w, 0, 1).state, PEER_DOWN);
	wire_run(w, S_NS - 1);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 0);
	wire_run(w, S_NS);
	assert_true(wire_is_up(w, 0, 1));
	wire_free(w);
}

static void unconfirmed_session_is_dropped_after_15_seconds(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct packet p;

	(void)state;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	wire_deliver(w, &p);
	wire_peer(w, 0, 1)->attempt.at_ns = w->now_ns + 1000 * S_NS;
	w->pass = lose_all;
	wire_run(w, UNCONFIRMED_NS - 1);
	assert_int_not_equal(wire_peer(w, 1, 0)->sessions[SLOT_NEXT].local_index, 0);
	wire_run(w, 1);
	assert_int_equal(wire_peer(w, 1, 0)->sessions[SLOT_NEXT].local_index, 0);
	wire_free(w);
}

static void random_part_of_a_try_is_at_most_100_ms(void **state)
{
	struct wire *w = alone();
	uint64_t last = w->now_ns, least = UINT64_MAX, most = 0;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		uint64_t gap;

		w->now_ns = engine_deadline_ns(wire_engine(w, 0));
		engine_tick(wire_engine(w, 0), w->now_ns);
		w->sent[MESSAGE_INITIATION] = 0;
		wire_collect(w);
		if (!w->sent[MESSAGE_INITIATION])
			continue; /* an outstanding one was given up */
		gap = w->now_ns - last;
		last = w->now_ns;
		least = gap < least ? gap : least;
		most = gap > most ? gap : most;
	}
	assert_in_range(least, S_NS, S_NS + 20 * NS_PER_MS);
	assert_in_range(most, S_NS + 60 * NS_PER_MS, S_NS + 100 * NS_PER_MS);
	wire_free(w);
}

static void changed_network_pings_every_peer_even_with_a_small_outbox(void **state)
{
	struct wire *w = wire_pair();
	uint32_t data;

	(void)state;
	wire_run(w, 5 * S_NS);
	data = w->sent[MESSAGE_DATA];
	engine_network_changed(wire_engine(w, 0), w->now_ns);
	wire_run(w, 0);
	assert_int_equal(w->sent[MESSAGE_DATA] - data, 3); /* ping, pong, a probe of the size */
	/* As if the datagrams of a thousand other peers filled the outbox. */
	while (outbox_raw(wire_engine(w, 0), -1, &(struct route){.remote = w->hosts[1].host.at}, 64))
		;
	engine_network_changed(wire_engine(w, 0), w->now_ns);
	engine_outbox_clear(wire_engine(w, 0));
	data = w->sent[MESSAGE_DATA];
	wire_run(w, 10 * NS_PER_MS);
	assert_int_equal(w->sent[MESSAGE_DATA] - data, 3);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_not_reached_is_tried_every_second_for_a_minute_and_then_less),
		cmocka_unit_test(changed_network_starts_the_tries_again),
		cmocka_unit_test(network_that_changes_all_the_time_hastens_nothing),
		cmocka_unit_test(
			peer_that_forgot_us_is_back_within_two_seconds_of_a_changed_network),
		cmocka_unit_test(answered_ping_after_a_changed_network_is_proof_enough),
		cmocka_unit_test(new_address_is_tried_at_once_and_an_old_one_is_not),
		cmocka_unit_test(peer_without_an_address_is_idle_and_costs_no_wake_up),
		cmocka_unit_test(idle_session_wakes_up_less_than_once_a_second),
		cmocka_unit_test(frames_in_one_direction_are_answered_by_keep_alives),
		cmocka_unit_test(keep_alives_are_not_answered_by_keep_alives),
		cmocka_unit_test(nothing_heard_for_15_seconds_starts_tries_and_25_end_the_session),
		cmocka_unit_test(peer_that_restarted_is_up_again_within_two_seconds),
		cmocka_unit_test(peer_that_said_goodbye_is_tried_a_second_later),
		cmocka_unit_test(unconfirmed_session_is_dropped_after_15_seconds),
		cmocka_unit_test(random_part_of_a_try_is_at_most_100_ms),
		cmocka_unit_test(changed_network_pings_every_peer_even_with_a_small_outbox),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
