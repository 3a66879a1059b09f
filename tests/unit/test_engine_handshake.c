/*
 * test_engine_handshake.c - initiations and what a responder does with them: PROTOCOL.md 4.2
 */
#include "forge.h"

#include <sodium.h>

#define WALL_NS (TESTS_WALL_S * NS_PER_S + 1000 * NS_PER_S)

/* An initiation from host 1 to host 0 that is all right, but for what the test changes. */
static struct forged_initiation honest(struct wire *w)
{
	return (struct forged_initiation){.from = &w->hosts[1].host.secret,
					  .to = &w->hosts[0].host.key,
					  .timestamp_ns = WALL_NS + 3600 * NS_PER_S,
					  .version = 1,
					  .ciphers = CIPHERS_KNOWN};
}

static enum drop input_forged(struct wire *w, const struct forged_initiation *f)
{
	uint8_t message[INITIATION_BYTES];

	forge_initiation(f, message);
	return wire_input(w, 0, &w->hosts[1].host.at, message, sizeof(message));
}

/* Nothing came out of an engine since @sent_bytes was read, and nothing about it can be seen. */
static void assert_silent(struct wire *w, uint64_t sent_bytes)
{
	wire_collect(w);
	assert_true(w->sent_bytes == sent_bytes);
}

static void two_hosts_connect_with_one_round_trip(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	(void)state;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true); /* only host 0 knows where the other is */
	wire_settle(w);
	assert_true(wire_is_up(w, 0, 1));
	assert_true(wire_is_up(w, 1, 0));
	assert_int_equal(w->sent[MESSAGE_INITIATION], 1);
	assert_int_equal(w->sent[MESSAGE_RESPONSE], 1);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_UP), 1);
	assert_int_equal(wire_events(w, 1, 0, ENGINE_EVENT_UP), 1);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void simultaneous_initiations_converge_on_one_session(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});

	(void)state;
	wire_connect(w);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 2);
	assert_int_equal(w->sent[MESSAGE_RESPONSE], 2);
	assert_int_equal(wire_session(w, 0, 1)->remote_index, wire_session(w, 1, 0)->local_index);
	assert_int_equal(wire_session(w, 1, 0)->remote_index, wire_session(w, 0, 1)->local_index);
	assert_true(wire_session(w, 0, 1)->we_initiated ==
		    (memcmp(w->hosts[0].host.key.b, w->hosts[1].host.key.b, KEY_BYTES) < 0));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void cipher_is_the_best_that_both_have(void **state)
{
	static const struct {
		uint8_t a, b;
		const char *name;
	} cases[] = {{CIPHER_CHACHA, CIPHER_CHACHA, "ChaCha20-Poly1305"},
		     {CIPHER_CHACHA, CIPHERS_KNOWN, "ChaCha20-Poly1305"},
		     {CIPHERS_KNOWN, CIPHER_CHACHA, "ChaCha20-Poly1305"},
		     {CIPHERS_KNOWN, CIPHERS_KNOWN, NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
		const char *name = cases[i].name ? cases[i].name
						 : cipher_name(cipher_choose(ciphers_of_machine(),
									     ciphers_of_machine()));

		wire_engine(w, 0)->ciphers = cases[i].a & ciphers_of_machine();
		wire_engine(w, 1)->ciphers = cases[i].b & ciphers_of_machine();
		wire_know(w, 1, 0, false);
		wire_know(w, 0, 1, true);
		wire_connect(w);
		assert_string_equal(wire_info(w, 0, 1).cipher, name);
		assert_string_equal(wire_info(w, 1, 0).cipher, name);
		wire_assert_carries(w, 0, 1);
		wire_free(w);
	}
}

static void responder_does_not_send_before_it_heard_data(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	(void)state;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_collect(w);
	wire_deliver(w, &w->queue[0]);
	assert_false(wire_is_up(w, 1, 0));
	assert_int_equal(wire_send(w, 1, 0, 60, 0), DROP_NO_SESSION);
	wire_free(w);
}

/* ---- what is dropped, and silently so ---- */

static void foreign_mac1_is_dropped_silently(void **state)
{
	struct wire *w = wire_pair();
	uint8_t initiation[INITIATION_BYTES], response[RESPONSE_BYTES] = {MESSAGE_RESPONSE};
	struct forged_initiation f = honest(w);
	struct drops before = wire_drops(w, 0);
	uint64_t sent = w->sent_bytes;

	(void)state;
	forge_initiation(&f, initiation);
	for (size_t bit = 0; bit < 8 * INITIATION_BYTES; bit += 37) {
		if (bit / 8 < TYPE_BYTES || bit / 8 >= INITIATION_BYTES - MAC_TAG_BYTES)
			continue;
		initiation[bit / 8] ^= (uint8_t)(1 << bit % 8);
		before = wire_drops(w, 0);
		assert_int_equal(
			wire_input(w, 0, &w->hosts[1].host.at, initiation, sizeof(initiation)),
			DROP_BAD_MAC1);
		wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_MAC1);
		initiation[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	before = wire_drops(w, 0);
	assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, response, sizeof(response)),
			 DROP_BAD_MAC1);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_MAC1);
	assert_silent(w, sent);
	wire_free(w);
}

static void unknown_key_is_as_silent_as_a_wrong_tag(void **state)
{
	struct wire *w = wire_pair();
	struct secret_key stranger = host_secret(99, 0);
	struct forged_initiation f = honest(w);
	struct drops before = wire_drops(w, 0);
	uint64_t sent = w->sent_bytes;

	(void)state;
	f.from = &stranger;
	assert_int_equal(input_forged(w, &f), DROP_UNKNOWN_KEY);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_UNKNOWN_KEY);
	assert_silent(w, sent);
	wire_free(w);
}

static void initiation_that_does_not_authenticate_is_dropped_silently(void **state)
{
	struct wire *w = wire_pair();
	struct forged_initiation f = honest(w);
	uint8_t message[INITIATION_BYTES];
	uint64_t sent = w->sent_bytes;

	(void)state;
	/* In the ephemeral key, the static key, and the payload; each with a right mac1. */
	for (size_t at = 10; at < 8 + NOISE_1_BYTES; at += 40) {
		struct drops before = wire_drops(w, 0);

		forge_initiation(&f, message);
		message[at] ^= 1;
		forge_mac1(f.to, message, INITIATION_BYTES);
		assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, message, sizeof(message)),
				 DROP_BAD_HANDSHAKE);
		wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_HANDSHAKE);
	}
	assert_silent(w, sent);
	assert_true(wire_is_up(w, 0, 1));
	wire_free(w);
}

/* Whoever claims a peer's key without having it gets past the first half and no further. */
static void stolen_public_key_opens_nothing(void **state)
{
	struct wire *w = wire_pair();
	struct secret_key thief = host_secret(99, 0);
	struct forged_initiation f = honest(w);
	struct drops before = wire_drops(w, 0);
	uint64_t sent = w->sent_bytes;

	(void)state;
	f.from = &thief;
	f.claimed = &w->hosts[1].host.key;
	assert_int_equal(input_forged(w, &f), DROP_BAD_HANDSHAKE);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_HANDSHAKE);
	assert_silent(w, sent);
	wire_free(w);
}

static void own_key_and_reflected_initiation_are_dropped(void **state)
{
	struct wire *w = wire_pair();
	struct forged_initiation f = honest(w);
	struct drops before = wire_drops(w, 0);
	struct packet p;

	(void)state;
	f.from = &w->hosts[0].host.secret;
	assert_int_equal(input_forged(w, &f), DROP_OWN_KEY);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_OWN_KEY);
	wire_free(w);
	/* Sent back as it was: made for the other's key, so mac1 says no already. */
	w = wire_new(&(struct wire_setup){.count = 2});
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	before = wire_drops(w, 0);
	assert_true(addr_equal(&p.from, &w->hosts[0].host.at));
	assert_int_equal(wire_input(w, 0, &p.to, p.bytes, p.len), DROP_BAD_MAC1);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_MAC1);
	wire_free(w);
}

static void low_order_points_on_the_wire_are_answered_by_nothing(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct wire *w = wire_pair();
	uint64_t sent = w->sent_bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct engine_peer_config config = {.vlans = {1}, .vlan_count = 1};
		struct forged_initiation f = honest(w);
		struct public_key point;
		struct drops before = wire_drops(w, 0);

		sodium_hex2bin(point.b, KEY_BYTES, points[i], 2 * KEY_BYTES, NULL, NULL, NULL);
		f.ephemeral = &point;
		assert_int_equal(input_forged(w, &f), DROP_BAD_HANDSHAKE);
		wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_HANDSHAKE);
		before = wire_drops(w, 0);
		f.ephemeral = NULL;
		f.claimed = &point;
		assert_int_equal(input_forged(w, &f), DROP_BAD_HANDSHAKE);
		wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_HANDSHAKE);
		config.key = point;
		assert_true(engine_peer_add(wire_engine(w, 0), &config, w->now_ns) < 0);
	}
	assert_silent(w, sent);
	wire_free(w);
}

static void version_0_is_refused(void **state)
{
	struct wire *w = wire_pair();
	struct forged_initiation f = honest(w);
	struct drops before = wire_drops(w, 0);
	uint64_t sent = w->sent_bytes;

	(void)state;
	f.version = 0;
	assert_int_equal(input_forged(w, &f), DROP_BAD_VERSION);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_BAD_VERSION);
	assert_silent(w, sent);
	wire_free(w);
}

static void later_version_is_answered(void **state)
{
	struct wire *w = wire_pair();
	struct forged_initiation f = honest(w);
	struct drops before = wire_drops(w, 0);

	(void)state;
	f.version = 200;
	assert_int_equal(input_forged(w, &f), DROP_NONE);
	wire_assert_no_drop(w, 0, &before);
	wire_free(w);
}

static void offer_without_a_known_cipher_is_refused(void **state)
{
	struct wire *w = wire_pair();
	struct forged_initiation f = honest(w);
	struct drops before = wire_drops(w, 0);
	uint64_t sent = w->sent_bytes;

	(void)state;
	f.ciphers = 0;
	assert_int_equal(input_forged(w, &f), DROP_NO_COMMON_CIPHER);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_NO_COMMON_CIPHER);
	assert_silent(w, sent);
	wire_free(w);
}

static void cipher_bit_of_a_later_version_is_ignored_and_counted(void **state)
{
	struct wire *w = wire_pair();
	struct forged_initiation f = honest(w);
	struct drops before = wire_drops(w, 0);

	(void)state;
	f.ciphers = CIPHER_CHACHA | 0x40;
	assert_int_equal(input_forged(w, &f), DROP_NONE);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_UNKNOWN_CAPABILITY);
	wire_free(w);
}

static void replayed_initiation_is_refused_and_says_nothing(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct packet p;
	struct drops before;
	uint64_t sent;

	(void)state;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_collect(w);
	p = w->queue[0];
	wire_deliver(w, &p);
	/* Answered, not confirmed. */
	before = wire_drops(w, 1);
	assert_int_equal(wire_deliver(w, &p), DROP_OLD_INITIATION);
	wire_assert_one_drop(w, 1, &before, OF_PEER, DROP_OLD_INITIATION);
	wire_connect(w);
	wire_run(w, 5 * S_NS);
	/* Confirmed. */
	sent = w->sent_bytes;
	before = wire_drops(w, 1);
	assert_int_equal(wire_deliver(w, &p), DROP_OLD_INITIATION);
	wire_assert_one_drop(w, 1, &before, OF_PEER, DROP_OLD_INITIATION);
	assert_silent(w, sent);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static bool lose_responses(struct wire *w, struct packet *p)
{
	(void)w;
	return p->bytes[0] != MESSAGE_RESPONSE;
}

/* The second copy came by another path: that is no trouble with anybody's clock. */
static void second_copy_of_an_initiation_is_not_reported_as_an_old_clock(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct packet p;

	(void)state;
	w->pass = lose_responses;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_collect(w);
	p = w->queue[0];
	assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	assert_int_equal(wire_deliver(w, &p), DROP_OLD_INITIATION);
	assert_int_equal(wire_info(w, 1, 0).trouble, TROUBLE_NONE);
	wire_free(w);
}

static void fifty_initiations_a_second_are_answered_and_no_more(void **state)
{
	struct wire *w = wire_pair();
	struct forged_initiation f = honest(w);
	struct drops before;

	(void)state;
	w->now_ns += 2 * S_NS; /* the handshakes of wire_pair() are forgotten */
	for (unsigned i = 0; i < PEER_INITIATIONS_MAX; i++) {
		f.timestamp_ns++;
		w->now_ns += 10 * NS_PER_MS;
		assert_int_equal(input_forged(w, &f), DROP_NONE);
		wire_collect(w);
	}
	f.timestamp_ns++;
	before = wire_drops(w, 0);
	assert_int_equal(input_forged(w, &f), DROP_TOO_MANY_INITIATIONS);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_TOO_MANY_INITIATIONS);
	w->now_ns += S_NS;
	assert_int_equal(input_forged(w, &f), DROP_NONE);
	wire_free(w);
}

/* One who recorded an initiation must not be able to use up its sender's budget. */
static void replayed_initiations_do_not_keep_a_peer_out(void **state)
{
	struct wire *w = wire_pair();
	struct forged_initiation f = honest(w);
	uint8_t recorded[INITIATION_BYTES];

	(void)state;
	f.timestamp_ns = WALL_NS - 3600 * NS_PER_S;
	forge_initiation(&f, recorded);
	for (unsigned i = 0; i < 2 * PEER_INITIATIONS_MAX; i++) {
		w->now_ns += 5 * NS_PER_MS;
		assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, recorded, sizeof(recorded)),
				 DROP_OLD_INITIATION);
	}
	f = honest(w);
	assert_int_equal(input_forged(w, &f), DROP_NONE);
	wire_free(w);
}

static void initiation_never_moves_the_endpoint(void **state)
{
	struct wire *w = wire_pair();
	struct forged_initiation f = honest(w);
	struct addr elsewhere = addr_from_ipv4(0xc6336401, 4444);
	uint8_t message[INITIATION_BYTES];
	struct addr before = wire_info(w, 0, 1).endpoint;
	struct addr after;

	(void)state;
	forge_initiation(&f, message);
	assert_int_equal(wire_input(w, 0, &elsewhere, message, sizeof(message)), DROP_NONE);
	after = wire_info(w, 0, 1).endpoint;
	assert_true(addr_equal(&before, &after));
	assert_true(wire_is_up(w, 0, 1));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hosts_connect_with_one_round_trip),
		cmocka_unit_test(simultaneous_initiations_converge_on_one_session),
		cmocka_unit_test(cipher_is_the_best_that_both_have),
		cmocka_unit_test(responder_does_not_send_before_it_heard_data),
		cmocka_unit_test(foreign_mac1_is_dropped_silently),
		cmocka_unit_test(unknown_key_is_as_silent_as_a_wrong_tag),
		cmocka_unit_test(initiation_that_does_not_authenticate_is_dropped_silently),
		cmocka_unit_test(stolen_public_key_opens_nothing),
		cmocka_unit_test(own_key_and_reflected_initiation_are_dropped),
		cmocka_unit_test(low_order_points_on_the_wire_are_answered_by_nothing),
		cmocka_unit_test(version_0_is_refused),
		cmocka_unit_test(later_version_is_answered),
		cmocka_unit_test(offer_without_a_known_cipher_is_refused),
		cmocka_unit_test(cipher_bit_of_a_later_version_is_ignored_and_counted),
		cmocka_unit_test(replayed_initiation_is_refused_and_says_nothing),
		cmocka_unit_test(second_copy_of_an_initiation_is_not_reported_as_an_old_clock),
		cmocka_unit_test(fifty_initiations_a_second_are_answered_and_no_more),
		cmocka_unit_test(replayed_initiations_do_not_keep_a_peer_out),
		cmocka_unit_test(initiation_never_moves_the_endpoint),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
