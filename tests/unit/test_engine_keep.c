/*
 * test_engine_keep.c - which paths are kept by pings, and how often: PROTOCOL.md 7.8
 */
#include "forge.h"

#include <sodium.h>

#include "keep.h"
#include "path_table.h"

#define NEW_AT addr_from_ipv4(0xc6336401, 4444)

/* Idle pings of a host to another within the next @seconds; there is no more than one a second. */
static unsigned pings_in(struct wire *w, unsigned host, unsigned other, unsigned seconds)
{
	struct peer *p = wire_peer(w, host, other);
	uint8_t token[TOKEN_BYTES];
	unsigned count = 0;

	for (unsigned i = 0; i < seconds; i++) {
		memcpy(token, p->ping.token, TOKEN_BYTES);
		wire_run(w, S_NS);
		count += memcmp(token, p->ping.token, TOKEN_BYTES) != 0;
	}
	return count;
}

static bool is_open(struct wire *w, unsigned host, unsigned other)
{
	const struct peer *p = wire_peer(w, host, other);

	return p->keep.open & 1u << p->paths.active;
}

/* Host 0 called host 1, which did not know where it is. */
static struct wire *called(void)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_connect(w);
	wire_run(w, 5 * S_NS);
	return w;
}

/* And host 1 has called from another address since, so that neither has to keep anything. */
static struct wire *both_open(void)
{
	struct wire *w = called();

	w->hosts[1].host.at = NEW_AT;
	wire_send(w, 1, 0, 60, 1);
	wire_run(w, 75 * S_NS); /* host 1 has asked host 0 why it pings no more */
	assert_true(is_open(w, 0, 1));
	assert_true(is_open(w, 1, 0));
	return w;
}

static bool lose_all(struct wire *w, struct packet *p)
{
	(void)w;
	(void)p;
	return false;
}

static bool lose_of_0(struct wire *w, struct packet *p)
{
	return !addr_equal(&p->from, &w->hosts[0].host.at);
}

/* ---- open paths ---- */

static void who_is_called_first_has_an_open_path_and_the_caller_has_not(void **state)
{
	struct wire *w = called();

	(void)state;
	assert_true(is_open(w, 1, 0));
	assert_false(is_open(w, 0, 1));
	assert_in_range(pings_in(w, 0, 1, 100), 4, 5);
	assert_int_equal(pings_in(w, 1, 0, 100), 0);
	wire_free(w);
}

static void neither_pings_where_both_are_open_and_the_session_lives_on(void **state)
{
	struct wire *w = both_open();
	uint8_t token[TOKEN_BYTES];

	(void)state;
	/* A ping now and then is no sign of one that will go on. */
	for (unsigned i = 0; i < 4; i++) {
		engine_ping(wire_engine(w, i % 2), w->hosts[i % 2].peer[1 - i % 2], i, w->now_ns);
		wire_run(w, 30 * S_NS);
	}
	w->sent[MESSAGE_INITIATION] = w->sent[MESSAGE_DATA] = 0;
	memcpy(token, wire_peer(w, 1, 0)->ping.token, TOKEN_BYTES);
	assert_int_equal(pings_in(w, 0, 1, 600), 0);
	assert_memory_equal(token, wire_peer(w, 1, 0)->ping.token, TOKEN_BYTES);
	assert_in_range(w->sent[MESSAGE_INITIATION], 4, 6);
	assert_in_range(w->sent[MESSAGE_DATA], 16, 48); /* hellos and their answers alone */
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void where_we_called_too_proves_nothing(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	(void)state;
	w->pass = lose_all;
	wire_know(w, 1, 0, true);
	wire_run(w, 10 * S_NS);
	w->pass = NULL;
	wire_know(w, 0, 1, true);
	wire_connect(w);
	assert_false(is_open(w, 0, 1));
	assert_false(is_open(w, 1, 0));
	wire_free(w);
}

/* A router may have let it in because of what was sent before the path was forgotten. */
static void forgotten_path_proves_nothing_until_nothing_was_sent_for_5_minutes(void **state)
{
	struct wire *w = called();
	struct peer *p = wire_peer(w, 1, 0);
	struct addr at = NEW_AT;
	uint8_t bit;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct path *path = path_learn(p, &at, PATH_FROM_HEARD);

		bit = (uint8_t)(1u << path_index(p, path));
		keep_came(p, &at, w->now_ns);
		assert_int_equal(!!(p->keep.open & bit), i != 1);
		if (i == 0)
			keep_sent(p, &at, w->now_ns);
		path_forget(p, path);
		assert_false(p->keep.open & bit);
		w->now_ns += KEEP_PROOF_NS * (i + 1) / 2 + KEEP_STAMP_NS;
	}
	wire_free(w);
}

static void openness_is_lost_with_the_network(void **state)
{
	struct wire *w = both_open();

	(void)state;
	engine_network_changed(wire_engine(w, 1), w->now_ns);
	wire_run(w, 5 * S_NS);
	assert_true(is_open(w, 0, 1));
	assert_in_range(pings_in(w, 1, 0, 100), 4, 5);
	wire_free(w);
}

static void openness_is_lost_when_the_path_is_left(void **state)
{
	struct wire *w = called();
	struct addr old = w->hosts[0].host.at;
	struct peer *p = wire_peer(w, 1, 0);

	(void)state;
	w->hosts[0].host.at = NEW_AT;
	wire_send(w, 0, 1, 60, 1);
	wire_run(w, 5 * S_NS);
	assert_true(is_open(w, 1, 0));
	/* Back at once: what was sent to there a moment ago may be what lets it in. */
	w->hosts[0].host.at = old;
	wire_send(w, 0, 1, 60, 1);
	wire_run(w, 5 * S_NS);
	assert_true(addr_equal(&peer_path(p)->remote, &old));
	assert_false(is_open(w, 1, 0));
	wire_free(w);
}

static void openness_is_lost_when_what_is_sent_there_is_not_answered(void **state)
{
	struct wire *w = both_open();

	(void)state;
	w->pass = lose_all;
	wire_send(w, 1, 0, 60, 1);
	wire_run(w, UNHEARD_NS + S_NS);
	w->pass = NULL;
	wire_run(w, 5 * S_NS);
	assert_false(is_open(w, 1, 0));
	assert_in_range(pings_in(w, 1, 0, 100), 4, 5);
	wire_free(w);
}

/* ---- who is dead ---- */

static void dead_peer_that_nobody_pings_is_noticed_by_the_time_the_key_dies(void **state)
{
	for (unsigned host = 0; host < 2; host++) {
		struct wire *w = both_open();
		uint64_t born_ns = wire_session(w, host, 1 - host)->born_ns;
		bool initiated = wire_session(w, host, 1 - host)->we_initiated;

		(void)state;
		w->pass = lose_all;
		while (wire_is_up(w, host, 1 - host))
			wire_run(w, S_NS);
		assert_in_range((w->now_ns - born_ns) / S_NS, initiated ? 149 : 179,
				initiated ? 152 : 181);
		wire_free(w);
	}
}

/* Host 0 is dead: how long until host 1 knows, in seconds since it was heard last? */
static unsigned noticed_after(struct wire *w)
{
	uint64_t heard_ns = wire_peer(w, 1, 0)->heard_ns;

	w->pass = lose_of_0;
	while (wire_is_up(w, 1, 0))
		wire_run(w, S_NS);
	return (unsigned)((w->now_ns - heard_ns) / S_NS);
}

static void peer_that_pings_no_more_is_asked_after_45_s(void **state)
{
	struct wire *w = called();

	(void)state;
	assert_int_equal(pings_in(w, 1, 0, 50), 0);
	wire_peer(w, 1, 0)->keep.is_pinged = false; /* as once it was asked; it pings again since */
	assert_int_equal(pings_in(w, 1, 0, 50), 0);
	assert_in_range(noticed_after(w), 69, 72);
	wire_free(w);
}

static void peer_that_never_pinged_is_asked_after_45_s(void **state)
{
	struct wire *w = called();

	(void)state;
	assert_in_range(noticed_after(w), 69, 72);
	wire_free(w);
}

/* ---- routers ---- */

/** struct router - a NAT before one host, as the test's pass sees it */
struct router {
	unsigned host;
	bool renames;         /* a new mapping has another port */
	uint64_t lifetime_ns; /* of a mapping that nothing goes out by */
	uint64_t out_ns;
	struct addr outside;
};

static bool route_through(struct wire *w, struct packet *p)
{
	struct router *r = w->context;
	const struct addr *inside = &w->hosts[r->host].host.at;
	bool is_alive = w->now_ns - r->out_ns < r->lifetime_ns;

	if (addr_equal(&p->from, inside)) {
		r->outside.port = (uint16_t)(r->outside.port + (!is_alive && r->renames));
		r->out_ns = w->now_ns;
		p->from = r->outside;
		return true;
	}
	if (!is_alive || !addr_equal(&p->to, &r->outside))
		return false;
	p->to = *inside;
	return true;
}

static void put_router(struct wire *w, struct router *r)
{
	r->out_ns = w->now_ns;
	r->outside = r->renames ? NEW_AT : w->hosts[r->host].host.at;
	w->context = r;
	w->pass = route_through;
}

/* Host 0 was let in by a mapping that was kept for somebody else, and is kept no more. */
static void path_that_only_seemed_open_is_kept_from_then_on(void **state)
{
	struct router r = {.host = 1, .lifetime_ns = 15 * S_NS};
	struct wire *w = called();

	(void)state;
	wire_run(w, 50 * S_NS);
	put_router(w, &r);
	wire_run(w, 75 * S_NS);
	assert_true(wire_is_up(w, 0, 1));
	assert_true(wire_is_up(w, 1, 0));
	assert_false(is_open(w, 1, 0));
	w->hosts[0].events[1][ENGINE_EVENT_DOWN] = 0;
	wire_run(w, 900 * S_NS);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	/* Nor does it seem so again. */
	w->hosts[0].host.at = addr_from_ipv4(0xc6336477, 77);
	wire_send(w, 0, 1, 60, 1);
	wire_run(w, 5 * S_NS);
	assert_false(is_open(w, 1, 0));
	wire_free(w);
}

static void mapping_that_dies_between_pings_is_kept_more_often(void **state)
{
	struct router r = {.host = 0, .renames = true, .lifetime_ns = 12 * S_NS};
	struct wire *w = called();

	(void)state;
	put_router(w, &r);
	wire_send(w, 0, 1, 60, 1);
	wire_run(w, 150 * S_NS);
	assert_int_equal(wire_peer(w, 0, 1)->keep.steps, 2);
	assert_in_range(pings_in(w, 0, 1, 100), 8, 10); /* a rekey takes the place of one */
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	wire_assert_carries(w, 1, 0);
	/* What holds for this network need not hold for the next. */
	w->pass = NULL;
	engine_network_changed(wire_engine(w, 0), w->now_ns);
	wire_run(w, 5 * S_NS);
	assert_in_range(pings_in(w, 0, 1, 100), 3, 5);
	wire_free(w);
}

static void challenge_for_another_reason_changes_nothing(void **state)
{
	struct wire *w = called();

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		while (!wire_peer(w, 0, 1)->keep.asked)
			wire_run(w, S_NS / 10);
		wire_send(w, 1, 0, 60, 1);
		wire_run(w, S_NS / 2);
		wire_send(w, 1, 0, 60, 1); /* they are followed by a challenge */
		wire_run(w, 5 * S_NS);
		assert_false(wire_peer(w, 0, 1)->keep.asked);
	}
	assert_int_equal(wire_peer(w, 0, 1)->keep.steps, 0);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_called_first_has_an_open_path_and_the_caller_has_not),
		cmocka_unit_test(neither_pings_where_both_are_open_and_the_session_lives_on),
		cmocka_unit_test(where_we_called_too_proves_nothing),
		cmocka_unit_test(
			forgotten_path_proves_nothing_until_nothing_was_sent_for_5_minutes),
		cmocka_unit_test(openness_is_lost_with_the_network),
		cmocka_unit_test(openness_is_lost_when_the_path_is_left),
		cmocka_unit_test(openness_is_lost_when_what_is_sent_there_is_not_answered),
		cmocka_unit_test(dead_peer_that_nobody_pings_is_noticed_by_the_time_the_key_dies),
		cmocka_unit_test(peer_that_pings_no_more_is_asked_after_45_s),
		cmocka_unit_test(peer_that_never_pinged_is_asked_after_45_s),
		cmocka_unit_test(path_that_only_seemed_open_is_kept_from_then_on),
		cmocka_unit_test(mapping_that_dies_between_pings_is_kept_more_often),
		cmocka_unit_test(challenge_for_another_reason_changes_nothing),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
