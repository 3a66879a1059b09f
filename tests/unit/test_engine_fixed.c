/*
 * test_engine_fixed.c - a peer that is at its candidates and nowhere else: PROTOCOL.md 7.4
 *
 * Host 1 holds host 0 where its candidates are.
 */
#include "forge.h"

#include <sodium.h>

#define ELSEWHERE addr_from_ipv4(0xc6336401, 4444)

/* From now on host 1 holds host 0, or lets it go. */
static void hold(struct wire *w, bool is_fixed)
{
	struct engine_peer_config config = {
		.key = w->hosts[0].host.key, .vlans = {1}, .vlan_count = 1, .is_fixed = is_fixed};

	engine_peer_change(wire_engine(w, 1), w->hosts[1].peer[0], &config, w->now_ns);
}

static void offer(struct wire *w, const struct addr *list, size_t count)
{
	engine_peer_candidates(wire_engine(w, 1), w->hosts[1].peer[0], list, count, w->now_ns);
}

static struct wire *fixed_pair(void)
{
	struct wire *w = wire_pair();

	hold(w, true);
	wire_run(w, 5 * S_NS);
	return w;
}

static struct addr endpoint(struct wire *w)
{
	return wire_info(w, 1, 0).endpoint;
}

static bool is_at(struct wire *w, struct addr at)
{
	struct addr now = endpoint(w);

	return addr_equal(&now, &at);
}

static uint64_t not_followed(struct wire *w)
{
	return wire_drops(w, 1).peers[DROP_NOT_FOLLOWED];
}

/* What went from host 1 to an address, if it was anything. */
static struct addr watched;
static uint32_t seen;

static bool watch(struct wire *w, struct packet *p)
{
	seen += addr_equal(&p->to, &watched) && p->bytes[0] == MESSAGE_DATA;
	(void)w;
	return true;
}

static void watch_for(struct wire *w, struct addr at)
{
	watched = at;
	seen = 0;
	w->pass = watch;
}

static void frames_from_elsewhere_arrive_and_nothing_goes_there(void **state)
{
	struct wire *w = fixed_pair();
	struct addr home = w->hosts[0].host.at;
	uint32_t frames = w->hosts[1].frames;

	(void)state;
	watch_for(w, ELSEWHERE);
	w->hosts[0].host.at = ELSEWHERE;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NONE);
		assert_int_equal(wire_send(w, 1, 0, 60, 1), DROP_NONE);
		wire_run(w, S_NS);
	}
	assert_int_equal(w->hosts[1].frames, frames + 10);
	assert_int_equal(seen, 0);
	assert_true(is_at(w, home));
	assert_true(wire_is_up(w, 1, 0));
	assert_true(not_followed(w) >= 10);
	wire_free(w);
}

static void where_it_was_heard_is_told_and_its_names_are_looked_up(void **state)
{
	struct wire *w = fixed_pair();
	uint32_t events = wire_events(w, 1, 0, ENGINE_EVENT_UNREACHED);
	struct addr elsewhere = ELSEWHERE;
	struct peer_info info;

	(void)state;
	assert_int_equal(wire_info(w, 1, 0).elsewhere_ns, 0);
	w->hosts[0].host.at = ELSEWHERE;
	for (unsigned i = 0; i < 100; i++) {
		wire_send(w, 0, 1, 60, 1);
		wire_settle(w);
	}
	info = wire_info(w, 1, 0);
	assert_true(addr_equal(&info.elsewhere, &elsewhere));
	assert_true(info.elsewhere_ns == w->now_ns);
	assert_int_equal(wire_events(w, 1, 0, ENGINE_EVENT_UNREACHED), events + 1);
	wire_run(w, 10 * S_NS);
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	assert_int_equal(wire_events(w, 1, 0, ENGINE_EVENT_UNREACHED), events + 2);
	wire_free(w);
}

/* As after a look-up: the name of a site that got another address. */
static void it_moves_to_a_new_candidate_and_leaves_one_that_is_none_any_more(void **state)
{
	struct wire *w = wire_pair();
	struct addr elsewhere = ELSEWHERE;

	(void)state;
	hold(w, true);
	w->hosts[0].host.at = ELSEWHERE;
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	offer(w, &elsewhere, 1);
	wire_run(w, 0); /* at once, however young the session is */
	assert_true(is_at(w, ELSEWHERE));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void it_moves_between_its_candidates_as_others_do(void **state)
{
	struct wire *w = fixed_pair();
	struct addr two[2] = {w->hosts[0].host.at, ELSEWHERE};

	(void)state;
	offer(w, two, 2);
	w->hosts[0].host.at = ELSEWHERE;
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	assert_true(is_at(w, ELSEWHERE));
	assert_int_equal(not_followed(w), 0);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void peer_that_becomes_fixed_where_it_is_notices_nothing(void **state)
{
	struct wire *w = wire_pair();
	uint32_t handshakes, down, data;

	(void)state;
	wire_run(w, 5 * S_NS);
	data = w->sent[MESSAGE_DATA];
	handshakes = w->sent[MESSAGE_INITIATION];
	down = wire_events(w, 1, 0, ENGINE_EVENT_DOWN);
	wire_send(w, 1, 0, 60, 1);
	hold(w, true);
	wire_run(w, 5 * S_NS);
	hold(w, false);
	wire_run(w, 0);
	assert_int_equal(w->sent[MESSAGE_DATA], data + 1); /* the frame */
	wire_run(w, 5 * S_NS);
	assert_int_equal(w->sent[MESSAGE_INITIATION], handshakes);
	assert_int_equal(wire_events(w, 1, 0, ENGINE_EVENT_DOWN), down);
	assert_int_equal(w->hosts[0].frames, 1);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

/* Host 0 roams, and then it may not have: what is sent goes to its candidate at once, or nowhere. */
static void peer_that_becomes_fixed_while_elsewhere_is_left_at_once_and_keeps_its_session(
	void **state)
{
	struct wire *w = wire_pair();
	struct addr home = w->hosts[0].host.at;
	uint32_t session, tries;

	(void)state;
	w->hosts[0].host.at = ELSEWHERE;
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	assert_true(is_at(w, ELSEWHERE));
	session = wire_session(w, 1, 0)->local_index;
	wire_send(w, 1, 0, 60, 1); /* waits in the outbox, and must not go there any more */
	watch_for(w, ELSEWHERE);
	tries = w->sent[MESSAGE_INITIATION];
	hold(w, true);
	wire_run(w, 0);
	assert_int_equal(w->sent[MESSAGE_INITIATION], tries + 1); /* to its candidate */
	wire_run(w, 3 * S_NS);
	assert_int_equal(seen, 0);
	assert_false(wire_is_up(w, 1, 0));
	assert_int_equal(wire_info(w, 1, 0).trouble, TROUBLE_ELSEWHERE);
	assert_int_equal(wire_info(w, 1, 0).state, PEER_CONNECTING);
	assert_int_equal(wire_session(w, 1, 0)->local_index, session);
	w->hosts[0].host.at = home; /* it came home */
	wire_run(w, 2 * S_NS);
	assert_true(wire_is_up(w, 1, 0));
	assert_true(is_at(w, home));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void peer_that_may_roam_again_is_followed_at_once(void **state)
{
	struct wire *w = fixed_pair();

	(void)state;
	w->hosts[0].host.at = ELSEWHERE;
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	hold(w, false);
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	assert_true(is_at(w, ELSEWHERE));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

/* A stranger's packet cannot be told from a peer's before it is answered. */
static void handshake_from_elsewhere_is_answered_and_moves_nothing(void **state)
{
	struct wire *w = fixed_pair();
	struct addr home = w->hosts[0].host.at;
	uint32_t responses = w->sent[MESSAGE_RESPONSE];

	(void)state;
	wire_restart(w, 0, 0);
	w->now_ns += S_NS; /* its clock is later than before */
	w->hosts[0].host.at = ELSEWHERE;
	watch_for(w, ELSEWHERE);
	wire_run(w, 3 * S_NS);
	assert_true(w->sent[MESSAGE_RESPONSE] > responses);
	assert_int_equal(wire_session(w, 0, 1)->we_initiated, true);
	assert_int_equal(seen, 0);
	assert_true(is_at(w, home));
	wire_free(w);
}

/* Its first session is confirmed from elsewhere: there is no address to send to. */
static void peer_first_heard_elsewhere_is_not_up_until_it_answers_at_a_candidate(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct addr home = host_address(0);

	(void)state;
	wire_know(w, 0, 1, true);
	wire_know(w, 1, 0, true);
	hold(w, true);
	w->hosts[0].host.at = ELSEWHERE;
	watch_for(w, ELSEWHERE);
	wire_run(w, 3 * S_NS);
	assert_false(wire_is_up(w, 1, 0));
	assert_true(wire_is_up(w, 0, 1));
	assert_int_equal(seen, 0);
	assert_int_equal(wire_info(w, 1, 0).trouble, TROUBLE_ELSEWHERE);
	w->hosts[0].host.at = home;
	wire_run(w, 2 * S_NS);
	assert_true(wire_is_up(w, 1, 0));
	assert_true(is_at(w, home));
	wire_free(w);
}

static bool initiation_to_elsewhere(struct wire *w, struct packet *p)
{
	(void)w;
	seen += addr_equal(&p->to, &watched) && p->bytes[0] == MESSAGE_INITIATION;
	return p->bytes[0] != MESSAGE_DATA;
}

/* Whether data comes from there, or a handshake could be tried there. */
static void addresses_of_its_hello_do_not_count(void **state)
{
	struct engine_self self = {.name = "anna", .local_count = 1, .local = {ELSEWHERE}};

	(void)state;
	for (unsigned is_fixed = 0; is_fixed < 2; is_fixed++) {
		struct wire *w = wire_pair();

		hold(w, is_fixed);
		engine_set_self(wire_engine(w, 0), &self, w->now_ns);
		wire_run(w, S_NS);
		assert_int_equal(wire_info(w, 1, 0).local_count, 1);
		watch_for(w, ELSEWHERE);
		w->pass = initiation_to_elsewhere;
		wire_send(w, 1, 0, 60, 1);
		wire_run(w, 20 * S_NS); /* nothing is heard: it is tried everywhere */
		assert_int_equal(seen > 0, !is_fixed);
		wire_free(w);
	}
}

static void path_challenge_from_elsewhere_is_not_answered(void **state)
{
	static uint8_t datagram[FORGE_MAX_BYTES];
	struct wire *w = fixed_pair();
	struct addr elsewhere = ELSEWHERE, home = w->hosts[0].host.at;
	const struct addr *const from[] = {&elsewhere, &home};
	uint8_t bytes[64];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct writer at = writer_over(bytes, sizeof(bytes));
		uint32_t before = w->sent[MESSAGE_DATA];
		size_t len;

		forge_put(&at, RECORD_PATH_CHALLENGE, "12345678", TOKEN_BYTES);
		len = forge_data(w, 0, 1, &at, datagram);
		assert_int_equal(wire_input(w, 1, from[i], datagram, len), DROP_NONE);
		wire_collect(w);
		assert_int_equal(w->sent[MESSAGE_DATA], before + i);
	}
	wire_free(w);
}

/* The challenge was sent while it still might. */
static void answer_to_a_challenge_from_before_moves_nothing(void **state)
{
	struct wire *w = wire_pair();
	struct addr home = w->hosts[0].host.at;
	struct packet p;

	(void)state;
	wire_run(w, 5 * S_NS);
	w->hosts[0].host.at = ELSEWHERE;
	wire_send(w, 0, 1, 60, 1);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	wire_deliver(w, &p);
	wire_collect(w); /* the challenge is on its way */
	hold(w, true);
	wire_settle(w);
	assert_true(is_at(w, home));
	wire_free(w);
}

static void response_from_elsewhere_makes_a_session_and_no_endpoint(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct packet p;

	(void)state;
	wire_know(w, 0, 1, false);
	wire_know(w, 1, 0, true);
	hold(w, true);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	wire_deliver(w, &p);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_RESPONSE, &p));
	p.from = ELSEWHERE;
	watch_for(w, ELSEWHERE);
	wire_deliver(w, &p);
	wire_collect(w);
	assert_int_equal(seen, 0);
	assert_false(wire_is_up(w, 1, 0));
	wire_run(w, 6 * S_NS);
	assert_true(wire_is_up(w, 1, 0)); /* by the next one */
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_from_elsewhere_arrive_and_nothing_goes_there),
		cmocka_unit_test(where_it_was_heard_is_told_and_its_names_are_looked_up),
		cmocka_unit_test(it_moves_to_a_new_candidate_and_leaves_one_that_is_none_any_more),
		cmocka_unit_test(it_moves_between_its_candidates_as_others_do),
		cmocka_unit_test(peer_that_becomes_fixed_where_it_is_notices_nothing),
		cmocka_unit_test(
			peer_that_becomes_fixed_while_elsewhere_is_left_at_once_and_keeps_its_session),
		cmocka_unit_test(peer_that_may_roam_again_is_followed_at_once),
		cmocka_unit_test(handshake_from_elsewhere_is_answered_and_moves_nothing),
		cmocka_unit_test(
			peer_first_heard_elsewhere_is_not_up_until_it_answers_at_a_candidate),
		cmocka_unit_test(addresses_of_its_hello_do_not_count),
		cmocka_unit_test(path_challenge_from_elsewhere_is_not_answered),
		cmocka_unit_test(answer_to_a_challenge_from_before_moves_nothing),
		cmocka_unit_test(response_from_elsewhere_makes_a_session_and_no_endpoint),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
