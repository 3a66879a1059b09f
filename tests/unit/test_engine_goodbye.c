/*
 * test_engine_goodbye.c - which sessions a goodbye ends: PROTOCOL.md 6.5
 */
#include "forge.h"

#include "handshake.h"
#include "session.h"

/* A pair whose first session host @initiator began. */
static struct wire *pair_begun_by(unsigned initiator)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	wire_know(w, !initiator, initiator, false);
	wire_know(w, initiator, !initiator, true);
	wire_connect(w);
	wire_run(w, 100 * NS_PER_MS);
	assert_int_equal(wire_session(w, initiator, !initiator)->we_initiated, true);
	return w;
}

/* Host 1 ends; its goodbye is under way still. */
static struct packet take_last_words(struct wire *w)
{
	struct packet p;

	assert_false(engine_goodbye(wire_engine(w, 1), w->now_ns));
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	return p;
}

static void assert_late_goodbye_ends_nothing(unsigned initiator)
{
	struct wire *w = pair_begun_by(initiator);
	struct packet late = take_last_words(w);
	uint32_t downs;

	wire_restart(w, 1, 0);
	wire_run(w, NS_PER_S);
	assert_true(wire_is_up(w, 0, 1) && wire_is_up(w, 1, 0));
	downs = wire_events(w, 0, 1, ENGINE_EVENT_DOWN);
	assert_int_equal(wire_deliver(w, &late), DROP_NONE);
	wire_settle(w);
	assert_true(wire_is_up(w, 0, 1));
	wire_assert_carries(w, 0, 1);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), downs);
	wire_free(w);
}

static void goodbye_that_comes_after_its_successor_ends_nothing(void **state)
{
	(void)state;
	assert_late_goodbye_ends_nothing(1); /* on a session that was replaced since */
	assert_late_goodbye_ends_nothing(0); /* on one that is there beside the new one */
}

static bool lose_all(struct wire *w, struct packet *p)
{
	(void)w;
	(void)p;
	return false;
}

/* A new session that host 0 began and sends on; host 1, which did not hear it yet, sends on the old one. */
static struct wire *half_rekeyed(void)
{
	struct wire *w = pair_begun_by(0);
	struct packet p;

	w->now_ns += NS_PER_S;
	assert_true(handshake_initiate(wire_engine(w, 0), wire_peer(w, 0, 1), false, w->now_ns));
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_RESPONSE, &p));
	assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	w->pass = lose_all;
	wire_settle(w);
	w->pass = NULL;
	return w;
}

static void goodbye_is_said_on_the_session_that_only_the_other_sends_on(void **state)
{
	struct wire *w = half_rekeyed();

	(void)state;
	assert_int_not_equal(wire_peer(w, 1, 0)->sessions[SLOT_NEXT].local_index, 0);
	assert_false(engine_goodbye(wire_engine(w, 1), w->now_ns));
	wire_collect(w);
	wire_settle(w);
	assert_false(wire_is_up(w, 0, 1));
	assert_int_equal(wire_info(w, 0, 1).trouble, TROUBLE_GOODBYE);
	wire_free(w);
}

static void goodbye_ends_older_sessions_too(void **state)
{
	struct wire *w = pair_begun_by(0);
	struct peer *p = wire_peer(w, 0, 1);

	(void)state;
	wire_run(w,
		 121 * S_NS); /* rekeyed just now: the first session is received on for 5 s more */
	assert_int_not_equal(p->sessions[SLOT_REPLACED].local_index, 0);
	assert_int_equal(forge_record(w, 1, 0, RECORD_GOODBYE, "", 0), DROP_NONE);
	assert_false(wire_is_up(w, 0, 1));
	for (enum session_slot slot = SLOT_OURS; slot < SLOT_COUNT; slot++)
		assert_int_equal(p->sessions[slot].local_index, 0);
	wire_free(w);
}

static void goodbye_on_one_of_two_crossed_sessions_ends_both(void **state)
{
	struct wire *w = wire_pair(); /* both knew each other: their first initiations crossed */
	struct peer *p = wire_peer(w, 0, 1);
	struct session *ours = &p->sessions[SLOT_OURS], *theirs = &p->sessions[SLOT_THEIRS];

	(void)state;
	assert_int_not_equal(ours->cross_id, 0);
	assert_int_equal(ours->cross_id, theirs->cross_id);
	wire_session(w, 0, 1)->usable_ns -= 1; /* the one that is not sent on is the newer */
	assert_int_equal(forge_record(w, 1, 0, RECORD_GOODBYE, "", 0), DROP_NONE);
	assert_false(wire_is_up(w, 0, 1));
	wire_free(w);
}

static void who_calls_again_before_his_goodbye_arrives_need_not_call_twice(void **state)
{
	struct wire *w = pair_begun_by(1);
	struct packet late = take_last_words(w), p;

	(void)state;
	wire_restart(w, 1, 0);
	w->now_ns += NS_PER_MS;
	wire_collect(w);
	engine_tick(wire_engine(w, 1), w->now_ns);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	assert_int_equal(wire_deliver(w, &late), DROP_NONE);
	assert_false(wire_is_up(w, 0, 1));
	wire_settle(w); /* the answer, and what confirms it */
	assert_true(wire_is_up(w, 0, 1) && wire_is_up(w, 1, 0));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goodbye_that_comes_after_its_successor_ends_nothing),
		cmocka_unit_test(goodbye_is_said_on_the_session_that_only_the_other_sends_on),
		cmocka_unit_test(goodbye_ends_older_sessions_too),
		cmocka_unit_test(goodbye_on_one_of_two_crossed_sessions_ends_both),
		cmocka_unit_test(who_calls_again_before_his_goodbye_arrives_need_not_call_twice),
	};

	return cmocka_run_group_tests_name("engine_goodbye", tests, NULL, NULL);
}
