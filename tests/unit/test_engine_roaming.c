/*
 * test_engine_roaming.c - where a peer is: PROTOCOL.md 7.2
 */
#include "forge.h"

#include <sodium.h>

#include "path_table.h"

#define ELSEWHERE    addr_from_ipv4(0xc6336401, 4444)
#define ELSEWHERE_AT (struct addr[]){ELSEWHERE}[0]

static bool is_at(struct wire *w, unsigned host, unsigned other, struct addr at)
{
	struct addr endpoint = wire_info(w, host, other).endpoint;

	return addr_equal(&endpoint, &at);
}

static void peer_that_moved_is_followed_after_a_challenge(void **state)
{
	struct wire *w = wire_pair();
	uint32_t moved = wire_events(w, 1, 0, ENGINE_EVENT_MOVED);

	(void)state;
	wire_run(w, 5 * S_NS);
	w->hosts[0].host.at = ELSEWHERE;
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	assert_true(is_at(w, 1, 0, ELSEWHERE));
	assert_int_equal(wire_events(w, 1, 0, ENGINE_EVENT_MOVED), moved + 1);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void peer_that_moved_between_families_is_followed(void **state)
{
	static const struct addr ipv6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}, .port = 19543};
	struct wire *w = wire_pair();

	(void)state;
	wire_run(w, 5 * S_NS);
	w->hosts[0].host.at = ipv6;
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	assert_true(is_at(w, 1, 0, ipv6));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

/* Nothing but the challenge goes to an address that did not answer it. */
static void data_goes_to_the_old_address_until_the_challenge_is_answered(void **state)
{
	struct wire *w = wire_pair();
	struct addr old = w->hosts[0].host.at, elsewhere = ELSEWHERE;
	struct packet p;

	(void)state;
	wire_run(w, 5 * S_NS);
	wire_send(w, 0, 1, 60, 1);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	p.from = ELSEWHERE; /* as by one who only redirects it */
	wire_deliver(w, &p);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	assert_true(addr_equal(&p.to, &elsewhere));
	assert_int_equal(p.len, DATA_MIN_BYTES + RECORD_HEADER_BYTES + TOKEN_BYTES);
	assert_false(wire_take(w, MESSAGE_DATA, &p));
	wire_send(w, 1, 0, 60, 2);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	assert_true(addr_equal(&p.to, &old));
	assert_true(is_at(w, 1, 0, old));
	wire_free(w);
}

static void challenges_of_newcomers_are_few(void **state)
{
	struct wire *w = wire_pair();
	unsigned challenges = 0;
	struct packet p;

	(void)state;
	wire_run(w, 5 * S_NS);
	for (unsigned i = 0; i < 300; i++) {
		wire_send(w, 0, 1, 60, 1);
		wire_collect(w);
		assert_true(wire_take(w, MESSAGE_DATA, &p));
		p.from = addr_from_ipv4(0xc6336401 + i, 4444);
		wire_deliver(w, &p);
		wire_collect(w);
		while (wire_take(w, MESSAGE_DATA, &p))
			challenges++;
		w->now_ns += 10 * NS_PER_MS;
	}
	assert_in_range(challenges, 2, 8); /* of 300 in 3 s: one newcomer in half a second */
	wire_free(w);
}

/* The path to ELSEWHERE that host 1 has for host 0. */
static struct path *probed(struct wire *w)
{
	struct path *path = path_find(wire_peer(w, 1, 0), &ELSEWHERE_AT);

	assert_non_null(path);
	return path;
}

/* Sets host 1 to challenge ELSEWHERE as an address of host 0. Return: its token. */
static struct wire *with_challenge(uint8_t token[TOKEN_BYTES])
{
	struct wire *w = wire_pair();
	struct packet p;

	wire_run(w, 5 * S_NS);
	wire_send(w, 0, 1, 60, 1);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	p.from = ELSEWHERE;
	wire_deliver(w, &p);
	wire_collect(w);
	w->used = w->first;
	memcpy(token, probed(w)->token, TOKEN_BYTES);
	return w;
}

/* A path response from host 0 as if it came from @from. */
/* Else one datagram with a hundred of them makes us send a hundred to an address that it names. */
static void one_datagram_is_answered_by_one_path_response(void **state)
{
	struct wire *w = wire_pair();
	uint8_t records[1000];
	struct writer at = writer_over(records, sizeof(records));
	struct packet p;

	(void)state;
	wire_run(w, 5 * S_NS);
	while (writer_left(&at) >= RECORD_HEADER_BYTES + TOKEN_BYTES)
		forge_put(&at, RECORD_PATH_CHALLENGE, "12345678", TOKEN_BYTES);
	assert_int_equal(forge_records(w, 0, 1, &at), DROP_NONE);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	assert_false(wire_take(w, MESSAGE_DATA, &p));
	wire_free(w);
}

static void respond_from(struct wire *w, const struct addr *from, const uint8_t token[TOKEN_BYTES])
{
	static uint8_t datagram[FORGE_MAX_BYTES];
	uint8_t bytes[64];
	struct writer at = writer_over(bytes, sizeof(bytes));
	size_t len;

	forge_put(&at, RECORD_PATH_RESPONSE, token, TOKEN_BYTES);
	len = forge_data(w, 0, 1, &at, datagram);
	assert_int_equal(wire_input(w, 1, from, datagram, len), DROP_NONE);
}

static void only_the_right_token_from_the_challenged_address_in_time_moves(void **state)
{
	uint8_t token[TOKEN_BYTES];
	struct wire *w = with_challenge(token);
	struct addr elsewhere = ELSEWHERE, old = w->hosts[0].host.at, third = addr_from_ipv4(1, 1);

	(void)state;
	third = addr_from_ipv4(0xc6336402, 4444);
	respond_from(w, &old, token);
	respond_from(w, &third, token);
	token[0] ^= 1;
	respond_from(w, &elsewhere, token);
	token[0] ^= 1;
	assert_true(is_at(w, 1, 0, old));
	respond_from(w, &elsewhere, token);
	assert_true(is_at(w, 1, 0, elsewhere));
	wire_free(w);
	/* Five seconds later it is too late. */
	w = with_challenge(token);
	w->now_ns += PATH_ANSWER_NS;
	respond_from(w, &elsewhere, token);
	assert_true(is_at(w, 1, 0, old));
	wire_free(w);
}

static void older_datagram_that_took_another_way_moves_nothing(void **state)
{
	struct wire *w = wire_pair();
	struct packet first, second;

	(void)state;
	wire_run(w, 5 * S_NS);
	wire_send(w, 0, 1, 60, 1);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &first));
	wire_send(w, 0, 1, 60, 2);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &second));
	first.from = ELSEWHERE;
	wire_deliver(w, &second);
	assert_int_equal(wire_deliver(w, &first), DROP_NONE);
	wire_collect(w);
	assert_false(wire_take(w, MESSAGE_DATA, &first)); /* no challenge */
	wire_free(w);
}

/* The response went to one address, the first data comes from another. */
static void session_confirmed_from_elsewhere_is_usable_once_that_is_validated(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct packet p;

	(void)state;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	wire_deliver(w, &p);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_RESPONSE, &p));
	wire_deliver(w, &p);
	w->hosts[0].host.at = ELSEWHERE;
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	wire_deliver(w, &p);
	assert_true(is_at(w, 1, 0, (struct addr){0}));
	wire_settle(w);
	assert_true(is_at(w, 1, 0, ELSEWHERE));
	/* And the hello that could not go out then goes out now. */
	wire_run(w, 2 * S_NS);
	assert_true(wire_peer(w, 1, 0)->hello.resend_at_ns == HEAP_NEVER);
	assert_int_equal(wire_info(w, 0, 1).vlan_count, 1);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

/* Who sees a response can send it on from an address of his own, and be faster. */
static void response_from_elsewhere_does_not_take_the_endpoint_along(void **state)
{
	struct wire *w = wire_pair();
	unsigned i = wire_session(w, 0, 1)->we_initiated ? 0 : 1, r = !i;
	struct addr at = w->hosts[r].host.at;
	uint32_t index = wire_session(w, i, r)->local_index;
	struct packet p;

	(void)state;
	wire_run(w, 5 * S_NS);
	w->now_ns = wire_session(w, i, r)->born_ns + REKEY_AFTER_NS;
	engine_tick(wire_engine(w, i), w->now_ns);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	wire_deliver(w, &p);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_RESPONSE, &p));
	p.from = ELSEWHERE;
	assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	assert_int_not_equal(wire_session(w, i, r)->local_index, index);
	assert_true(is_at(w, i, r, at));
	wire_assert_carries(w, 0, 1);
	assert_true(is_at(w, i, r, at));
	wire_free(w);
}

/* A responder with several addresses may answer from one that we did not know: that is challenged. */
static void responder_that_answers_from_another_address_is_reached_there(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct packet p;

	(void)state;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	wire_deliver(w, &p);
	w->hosts[1].host.at = ELSEWHERE;
	wire_settle(w);
	assert_true(is_at(w, 0, 1, ELSEWHERE));
	assert_true(is_at(w, 1, 0, w->hosts[0].host.at));
	wire_run(w, 2 * S_NS);
	assert_true(wire_peer(w, 0, 1)->hello.resend_at_ns == HEAP_NEVER);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static bool lose_data(struct wire *w, struct packet *p)
{
	(void)w;
	return p->bytes[0] != MESSAGE_DATA;
}

/* The challenge was lost, and nobody speaks: the session must not stay useless until its end. */
static void session_without_an_endpoint_is_replaced_by_one_that_has_it(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct addr home = w->hosts[1].host.at;
	struct packet p;

	(void)state;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	wire_deliver(w, &p);
	w->hosts[1].host.at = ELSEWHERE;
	w->pass = lose_data;
	wire_settle(w);
	assert_true(is_at(w, 0, 1, (struct addr){0}));
	w->pass = NULL;
	w->hosts[1].host.at = home;
	wire_run(w, 10 * S_NS);
	assert_true(is_at(w, 0, 1, home));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void initiation_goes_to_all_addresses_and_a_rekey_to_the_endpoint(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct addr list[PEER_CANDIDATES_MAX + 1];
	struct packet p;

	(void)state;
	for (uint32_t i = 0; i <= PEER_CANDIDATES_MAX; i++)
		list[i] = addr_from_ipv4(0xc6336401 + i, 1);
	list[3] = w->hosts[1].host.at;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, false);
	engine_peer_candidates(wire_engine(w, 0), w->hosts[0].peer[1], list,
			       PEER_CANDIDATES_MAX + 1, w->now_ns);
	wire_collect(w);
	assert_int_equal(w->sent[MESSAGE_INITIATION], PEER_CANDIDATES_MAX);
	for (size_t i = 1; i < w->used; i++)
		assert_memory_equal(w->queue[i].bytes, w->queue[0].bytes, INITIATION_BYTES);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	wire_connect(w);
	w->sent[MESSAGE_INITIATION] = 0;
	wire_run(w, REKEY_AFTER_NS + S_NS);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 1);
	wire_free(w);
}

static void addresses_of_a_hello_are_tried_too(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});
	struct engine_self self = {.name = "x", .local_count = 1};
	bool tried = false;

	(void)state;
	self.local[0] = ELSEWHERE;
	engine_set_self(wire_engine(w, 1), &self, w->now_ns);
	wire_connect(w);
	wire_run(w, S_NS);
	w->hosts[1].host.at = (struct addr){0}; /* gone */
	w->sent[MESSAGE_INITIATION] = 0;
	for (unsigned i = 0; i < 60 && !tried; i++) {
		struct packet p;

		w->now_ns += S_NS;
		engine_tick(wire_engine(w, 0), w->now_ns);
		wire_collect(w);
		while (wire_take(w, MESSAGE_INITIATION, &p))
			tried |= addr_equal(&p.to, &self.local[0]);
		w->used = w->first;
	}
	assert_true(tried);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_that_moved_is_followed_after_a_challenge),
		cmocka_unit_test(peer_that_moved_between_families_is_followed),
		cmocka_unit_test(data_goes_to_the_old_address_until_the_challenge_is_answered),
		cmocka_unit_test(challenges_of_newcomers_are_few),
		cmocka_unit_test(one_datagram_is_answered_by_one_path_response),
		cmocka_unit_test(only_the_right_token_from_the_challenged_address_in_time_moves),
		cmocka_unit_test(older_datagram_that_took_another_way_moves_nothing),
		cmocka_unit_test(session_confirmed_from_elsewhere_is_usable_once_that_is_validated),
		cmocka_unit_test(response_from_elsewhere_does_not_take_the_endpoint_along),
		cmocka_unit_test(responder_that_answers_from_another_address_is_reached_there),
		cmocka_unit_test(session_without_an_endpoint_is_replaced_by_one_that_has_it),
		cmocka_unit_test(initiation_goes_to_all_addresses_and_a_rekey_to_the_endpoint),
		cmocka_unit_test(addresses_of_a_hello_are_tried_too),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
