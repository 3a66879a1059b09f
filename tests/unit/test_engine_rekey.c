/*
 * test_engine_rekey.c - one key after the other, and the end of a key: PROTOCOL.md 4.4, 8
 */
#include "forge.h"

#include <sodium.h>

static bool is_initiator(struct wire *w, unsigned host, unsigned other)
{
	return wire_session(w, host, other)->we_initiated;
}

static unsigned initiator_of(struct wire *w)
{
	return is_initiator(w, 0, 1) ? 0 : 1;
}

static void initiator_rekeys_after_120_seconds_and_nothing_is_lost(void **state)
{
	struct wire *w = wire_pair();
	uint64_t born = wire_session(w, 0, 1)->born_ns;
	uint32_t index = wire_session(w, 0, 1)->local_index;
	unsigned i, frames = 0;

	(void)state;
	i = initiator_of(w);
	w->sent[MESSAGE_INITIATION] = 0;
	for (; w->now_ns < born + 130 * S_NS; frames++) {
		wire_send(w, 0, 1, 60, 1);
		wire_send(w, 1, 0, 1514, 1);
		wire_run(w, S_NS / 4);
		if (w->now_ns < born + REKEY_AFTER_NS)
			assert_int_equal(wire_session(w, 0, 1)->local_index, index);
	}
	assert_int_equal(w->sent[MESSAGE_INITIATION], 1);
	assert_int_not_equal(wire_session(w, 0, 1)->local_index, index);
	assert_int_equal(initiator_of(w), i);
	assert_int_equal(w->hosts[0].frames, frames);
	assert_int_equal(w->hosts[1].frames, frames);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	wire_free(w);
}

/* The initiation of the one that should rekey does not get through. */
static bool lose_initiator_s(struct wire *w, struct packet *p)
{
	return p->bytes[0] != MESSAGE_INITIATION ||
	       !addr_equal(&p->from, &w->hosts[*(unsigned *)w->context].host.at);
}

static void responder_rekeys_after_150_seconds_if_the_initiator_cannot(void **state)
{
	struct wire *w = wire_pair();
	unsigned i = initiator_of(w);

	(void)state;
	w->context = &i;
	w->pass = lose_initiator_s;
	wire_run(w, 149 * S_NS);
	assert_int_equal(initiator_of(w), i);
	wire_run(w, 3 * S_NS);
	assert_int_equal(initiator_of(w), !i);
	wire_assert_carries(w, 0, 1);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	wire_free(w);
}

static bool lose_handshakes(struct wire *w, struct packet *p)
{
	(void)w;
	return p->bytes[0] == MESSAGE_DATA;
}

static void key_dies_after_180_seconds_when_rekeying_is_blocked(void **state)
{
	struct wire *w = wire_pair();
	uint64_t born = wire_session(w, 0, 1)->born_ns;

	(void)state;
	w->pass = lose_handshakes;
	w->sent[MESSAGE_INITIATION] = 0;
	while (w->now_ns + S_NS < born + REJECT_AFTER_NS) {
		wire_run(w, S_NS);
		wire_assert_carries(w, 0, 1);
	}
	/* Every 5 s from 120 s on by one, from 150 s on by both. */
	assert_in_range(w->sent[MESSAGE_INITIATION], 15, 19);
	w->now_ns = born + REJECT_AFTER_NS;
	engine_tick(wire_engine(w, 0), w->now_ns);
	engine_tick(wire_engine(w, 1), w->now_ns);
	assert_false(wire_is_up(w, 0, 1));
	assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NO_SESSION);
	for (enum session_slot slot = SLOT_OURS; slot < SLOT_COUNT; slot++) {
		static const struct session_keys none;

		if (!wire_peer(w, 0, 1)->sessions[slot].local_index)
			assert_memory_equal(&wire_peer(w, 0, 1)->secrets->sessions[slot], &none,
					    sizeof(none));
	}
	w->pass = NULL;
	wire_run(w, 2 * S_NS);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

/* Both counters of a session of host 0, where it sends, and where host 1 receives. */
static void set_counter(struct wire *w, uint64_t counter)
{
	wire_session(w, 0, 1)->send_counter = counter;
}

static void crossing_2_to_the_32_keeps_nonces_unique(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .ciphers = CIPHER_CHACHA});
	uint64_t last = 0;

	(void)state;
	wire_connect(w);
	wire_run(w, S_NS);
	set_counter(w, UINT32_MAX - UINT64_C(50));
	for (unsigned i = 0; i < 100; i++) {
		struct packet p;
		struct reader r;
		uint64_t counter;

		wire_send(w, 0, 1, 60, 1);
		wire_collect(w);
		assert_true(wire_take(w, MESSAGE_DATA, &p));
		r = reader_over(p.bytes + 8, 8);
		counter = reader_u64(&r);
		assert_true(counter > last);
		last = counter;
		assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	}
	assert_true(last > UINT32_MAX);
	assert_int_equal(w->hosts[1].frames, 100);
	wire_free(w);
}

static void counter_at_its_rekey_limit_starts_a_handshake_at_once(void **state)
{
	static const uint8_t ciphers[] = {CIPHER_CHACHA, CIPHERS_KNOWN};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct wire *w = wire_new(&(struct wire_setup){.count = 2, .ciphers = ciphers[i]});
		uint32_t index;

		wire_connect(w);
		wire_run(w, 10 * S_NS);
		index = wire_session(w, 0, 1)->local_index;
		set_counter(w, cipher_rekey_after(wire_session(w, 0, 1)->cipher) - 1);
		wire_send(w, 0, 1, 60, 1);
		wire_run(w, 100 * NS_PER_MS);
		assert_int_not_equal(wire_session(w, 0, 1)->local_index, index);
		assert_true(wire_session(w, 0, 1)->send_counter < 100);
		wire_assert_carries(w, 0, 1);
		wire_free(w);
	}
}

static void counter_at_its_end_sends_nothing_and_the_peer_counts_as_down(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct drops before;
	uint64_t limit;
	uint32_t ticks, sent;

	(void)state;
	/* One session only: with two, the other one is sent on. */
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_connect(w);
	wire_run(w, 10 * S_NS);
	limit = cipher_reject_after(wire_session(w, 0, 1)->cipher);
	w->pass = lose_handshakes;
	set_counter(w, limit - 1);
	assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NONE);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, 1);
	sent = w->sent[MESSAGE_DATA];
	before = wire_drops(w, 0);
	assert_int_equal(wire_send(w, 0, 1, 60, 2), DROP_NO_SESSION);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_NO_SESSION);
	ticks = w->ticks;
	wire_run(w, 10 * S_NS);
	assert_false(wire_is_up(w, 0, 1));
	assert_in_range(w->ticks - ticks, 1, 60); /* and no timer spins over it */
	assert_in_range(w->sent[MESSAGE_DATA] - sent, 0, 2);
	/* What it still hears is taken. */
	assert_int_equal(wire_send(w, 1, 0, 60, 1), DROP_NONE);
	wire_settle(w);
	assert_int_equal(w->hosts[0].frames, 1);
	w->pass = NULL;
	wire_run(w, 2 * S_NS);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void replaced_session_is_received_on_for_five_seconds(void **state)
{
	struct wire *w = wire_pair();
	unsigned i = initiator_of(w), r = !i;
	struct packet early, late;

	(void)state;
	wire_run(w, wire_session(w, 0, 1)->born_ns + REKEY_AFTER_NS - 1 - w->now_ns);
	wire_send(w, r, i, 60, 1);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &early));
	wire_send(w, r, i, 60, 2);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &late));
	wire_run(w, S_NS);
	assert_int_equal(wire_deliver(w, &early), DROP_NONE);
	assert_int_equal(w->hosts[i].frames, 1);
	wire_run(w, REPLACED_NS);
	assert_int_equal(wire_deliver(w, &late), DROP_UNKNOWN_INDEX);
	wire_free(w);
}

/* ---- each message of a rekey lost, garbled, doubled or late: it converges ---- */

struct trouble {
	uint8_t type;
	unsigned kind; /* 0 lose, 1 garble, 2 double, 3 hold back until the next */
	unsigned left;
	struct packet held;
	bool holds;
};

static bool make_trouble(struct wire *w, struct packet *p)
{
	struct trouble *t = w->context;

	if (p->bytes[0] != t->type || !t->left)
		return true;
	t->left--;
	if (t->kind == 1)
		p->bytes[p->len - 20] ^= 1;
	if (t->kind == 2)
		wire_deliver(w, p);
	if (t->kind != 3)
		return t->kind != 0;
	t->held = *p;
	t->holds = true;
	return false;
}

static void rekey_converges_whatever_happens_to_its_messages(void **state)
{
	(void)state;
	for (uint8_t type = MESSAGE_INITIATION; type <= MESSAGE_DATA; type++) {
		for (unsigned kind = 0; kind < 4; kind++) {
			struct wire *w = wire_pair();
			struct trouble t = {.type = type, .kind = kind, .left = 3};
			uint32_t index = wire_session(w, 0, 1)->local_index;

			w->context = &t;
			wire_run(w,
				 wire_session(w, 0, 1)->born_ns + REKEY_AFTER_NS - 1 - w->now_ns);
			w->sent[MESSAGE_INITIATION] = 0;
			w->pass = make_trouble;
			wire_run(w, 20 * S_NS);
			if (t.holds)
				wire_deliver(w, &t.held);
			wire_run(w, 20 * S_NS);
			assert_int_not_equal(wire_session(w, 0, 1)->local_index, index);
			assert_int_equal(wire_session(w, 0, 1)->remote_index,
					 wire_session(w, 1, 0)->local_index);
			/* At most one per 5 s and side. */
			assert_in_range(w->sent[MESSAGE_INITIATION], 1, 16);
			assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
			wire_assert_carries(w, 0, 1);
			wire_free(w);
		}
	}
}

/* ---- crossing initiations: PROTOCOL.md 4.4 ---- */

/* Every order in which the messages of a crossing can arrive ends in a session that carries. */
static void crossing_initiations_converge_in_every_order(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 256; order++) {
		struct wire *w = wire_new(&(struct wire_setup){.count = 2});
		unsigned choice = order;

		wire_collect(w);
		while (w->first < w->used) {
			size_t n = w->used - w->first;
			size_t pick = w->first + choice % (n < 2 ? 1 : 2);
			struct packet p = w->queue[pick];

			choice /= n < 2 ? 1 : 2;
			memmove(&w->queue[pick], &w->queue[pick + 1],
				(w->used - pick - 1) * sizeof(*w->queue));
			w->used--;
			wire_deliver(w, &p);
			wire_collect(w);
		}
		assert_true(wire_is_up(w, 0, 1));
		assert_true(wire_is_up(w, 1, 0));
		wire_assert_carries(w, 0, 1);
		w->sent[MESSAGE_INITIATION] = 0;
		wire_run(w, 100 * S_NS);
		assert_int_equal(w->sent[MESSAGE_INITIATION], 0);
		wire_assert_carries(w, 0, 1);
		wire_run(w, 100 * S_NS);
		assert_in_range(w->sent[MESSAGE_INITIATION], 1, 2);
		wire_assert_carries(w, 0, 1);
		wire_free(w);
	}
}

/* ---- an answer that its sender has forgotten ---- */

struct held {
	struct packet initiations[2];
	unsigned count;
};

static bool hold_initiations(struct wire *w, struct packet *p)
{
	struct held *h = w->context;

	if (p->bytes[0] == MESSAGE_INITIATION && h->count < 2)
		h->initiations[h->count++] = *p;
	return false;
}

/* The responder keeps the session of the initiation that came last, the initiator of the newer one. */
static void initiations_out_of_order_cost_a_few_seconds_only(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct held h = {.count = 0};

	(void)state;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	w->context = &h;
	w->pass = hold_initiations;
	wire_run(w, S_NS + 200 * NS_PER_MS);
	assert_int_equal(h.count, 2);
	w->pass = NULL;
	assert_int_equal(wire_deliver(w, &h.initiations[1]), DROP_NONE);
	assert_int_equal(wire_deliver(w, &h.initiations[0]), DROP_NONE);
	wire_settle(w);
	wire_run(w, 5 * S_NS);
	assert_true(wire_is_up(w, 1, 0));
	wire_assert_carries(w, 0, 1);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initiator_rekeys_after_120_seconds_and_nothing_is_lost),
		cmocka_unit_test(responder_rekeys_after_150_seconds_if_the_initiator_cannot),
		cmocka_unit_test(key_dies_after_180_seconds_when_rekeying_is_blocked),
		cmocka_unit_test(crossing_2_to_the_32_keeps_nonces_unique),
		cmocka_unit_test(counter_at_its_rekey_limit_starts_a_handshake_at_once),
		cmocka_unit_test(counter_at_its_end_sends_nothing_and_the_peer_counts_as_down),
		cmocka_unit_test(replaced_session_is_received_on_for_five_seconds),
		cmocka_unit_test(rekey_converges_whatever_happens_to_its_messages),
		cmocka_unit_test(initiations_out_of_order_cost_a_few_seconds_only),
		cmocka_unit_test(crossing_initiations_converge_in_every_order),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
