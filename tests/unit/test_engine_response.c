/*
 * test_engine_response.c - what an initiator does with a response: PROTOCOL.md 4.3
 */
#include "forge.h"

#include <sodium.h>

/* Host 0's initiation to host 1, on its way. */
static struct wire *with_initiation(struct packet *p)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	wire_know(w, 0, 1, true);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, p));
	return w;
}

static struct forged_response honest_response(struct wire *w, const struct packet *p)
{
	return (struct forged_response){.from = &w->hosts[1].host.secret,
					.initiation = p->bytes,
					.version = 1,
					.ciphers = CIPHER_CHACHA};
}

static enum drop input_response(struct wire *w, const struct forged_response *f)
{
	uint8_t message[RESPONSE_BYTES];

	forge_response(f, message);
	return wire_input(w, 0, &w->hosts[1].host.at, message, sizeof(message));
}

static void honest_forged_response_is_accepted(void **state)
{
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct forged_response f = honest_response(w, &p);

	(void)state;
	assert_int_equal(input_response(w, &f), DROP_NONE);
	assert_true(wire_is_up(w, 0, 1));
	wire_free(w);
}

static void late_orphan_or_foreign_response_changes_nothing(void **state)
{
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct forged_response f = honest_response(w, &p);
	uint8_t message[RESPONSE_BYTES], foreign[RESPONSE_BYTES];
	struct drops before;

	(void)state;
	forge_response(&f, message);
	/* Orphan: an index that nobody gave out. */
	memcpy(foreign, message, sizeof(foreign));
	foreign[8] ^= 1;
	forge_mac1(&w->hosts[0].host.key, foreign, RESPONSE_BYTES);
	before = wire_drops(w, 0);
	assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, foreign, RESPONSE_BYTES),
			 DROP_UNKNOWN_INDEX);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_UNKNOWN_INDEX);
	assert_false(wire_is_up(w, 0, 1));
	/* Late: the same one twice. */
	assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, message, RESPONSE_BYTES),
			 DROP_NONE);
	wire_collect(w);
	before = wire_drops(w, 0);
	assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, message, RESPONSE_BYTES),
			 DROP_UNKNOWN_INDEX);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_UNKNOWN_INDEX);
	wire_free(w);
}

static void response_under_another_psk_is_named_as_trouble(void **state)
{
	static const struct preshared_key other = {.b = {1}};
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct forged_response f = honest_response(w, &p);
	struct drops before = wire_drops(w, 0);

	(void)state;
	f.psk = &other;
	assert_int_equal(input_response(w, &f), DROP_BAD_HANDSHAKE);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_BAD_HANDSHAKE);
	assert_int_equal(wire_info(w, 0, 1).trouble, TROUBLE_BAD_ANSWER);
	/* It stays outstanding: the right one may still come. */
	f.psk = NULL;
	assert_int_equal(input_response(w, &f), DROP_NONE);
	wire_free(w);
}

static void initiation_is_given_up_after_sixteen_forged_responses(void **state)
{
	static const struct preshared_key other = {.b = {1}};
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct forged_response f = honest_response(w, &p);

	(void)state;
	f.psk = &other;
	for (unsigned i = 0; i < FAILED_RESPONSES_MAX; i++)
		assert_int_equal(input_response(w, &f), DROP_BAD_HANDSHAKE);
	f.psk = NULL;
	assert_int_equal(input_response(w, &f), DROP_UNKNOWN_INDEX);
	wire_free(w);
}

static void response_with_a_low_order_ephemeral_is_dropped(void **state)
{
	static const struct public_key zero;
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct forged_response f = honest_response(w, &p);
	struct drops before = wire_drops(w, 0);

	(void)state;
	f.ephemeral = &zero;
	assert_int_equal(input_response(w, &f), DROP_BAD_HANDSHAKE);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_BAD_HANDSHAKE);
	wire_free(w);
}

static void response_may_choose_only_what_was_offered(void **state)
{
	static const uint8_t wrong[] = {0, 3, 4, 0x41, 0xff};
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct forged_response f = honest_response(w, &p);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong); i++) {
		struct drops before = wire_drops(w, 0);

		f.ciphers = wrong[i];
		assert_int_equal(input_response(w, &f), DROP_NO_COMMON_CIPHER);
		wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_NO_COMMON_CIPHER);
	}
	assert_false(wire_is_up(w, 0, 1));
	wire_free(w);
	w = wire_new(&(struct wire_setup){.count = 2, .strangers = true, .ciphers = CIPHER_CHACHA});
	wire_know(w, 0, 1, true);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	f = honest_response(w, &p);
	f.ciphers = CIPHER_AES;
	assert_int_equal(input_response(w, &f), DROP_NO_COMMON_CIPHER);
	wire_free(w);
}

static void response_may_not_choose_a_version_above_ours_or_none(void **state)
{
	static const uint8_t wrong[] = {0, 2, 255};
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct forged_response f = honest_response(w, &p);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong); i++) {
		struct drops before = wire_drops(w, 0);

		f.version = wrong[i];
		assert_int_equal(input_response(w, &f), DROP_BAD_VERSION);
		wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_BAD_VERSION);
	}
	assert_false(wire_is_up(w, 0, 1));
	wire_free(w);
}

/* Round trip longer than a try: the answer to the first still counts. */
static void answer_to_the_try_before_the_latest_is_taken(void **state)
{
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct forged_response f = honest_response(w, &p);

	(void)state;
	wire_run(w, 3 * S_NS / 2);
	assert_int_equal(w->sent[MESSAGE_INITIATION], 2);
	assert_int_equal(input_response(w, &f), DROP_NONE);
	wire_free(w);
}

/* Its responder may have forgotten the earlier session for it: PROTOCOL.md 7.3. */
static void answer_to_one_try_ends_the_earlier_and_not_the_later(void **state)
{
	struct packet first, second;
	struct wire *w = with_initiation(&first);
	struct forged_response of_first = honest_response(w, &first), of_second = of_first;

	(void)state;
	wire_run(w, 3 * S_NS / 2 - 1);
	w->now_ns = engine_deadline_ns(wire_engine(w, 0));
	engine_tick(wire_engine(w, 0), w->now_ns);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &second));
	of_first.initiation = second.bytes; /* of the two latest, the earlier is the second now */
	wire_run(w, 0);
	w->now_ns = engine_deadline_ns(wire_engine(w, 0));
	engine_tick(wire_engine(w, 0), w->now_ns);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &first));
	of_second.initiation = first.bytes;
	assert_int_equal(input_response(w, &of_first), DROP_NONE);
	assert_int_equal(input_response(w, &of_second), DROP_NONE);
	assert_int_equal(input_response(w, &of_first), DROP_UNKNOWN_INDEX);
	wire_free(w);
}

static void answer_after_ten_seconds_is_too_late(void **state)
{
	struct packet p;
	struct wire *w = with_initiation(&p);
	struct forged_response f = honest_response(w, &p);

	(void)state;
	wire_peer(w, 0, 1)->attempt.at_ns = w->now_ns + 100 * S_NS; /* no later try replaces it */
	wire_run(w, OUTSTANDING_NS);
	assert_int_equal(input_response(w, &f), DROP_UNKNOWN_INDEX);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest_forged_response_is_accepted),
		cmocka_unit_test(late_orphan_or_foreign_response_changes_nothing),
		cmocka_unit_test(response_under_another_psk_is_named_as_trouble),
		cmocka_unit_test(initiation_is_given_up_after_sixteen_forged_responses),
		cmocka_unit_test(response_with_a_low_order_ephemeral_is_dropped),
		cmocka_unit_test(response_may_choose_only_what_was_offered),
		cmocka_unit_test(response_may_not_choose_a_version_above_ours_or_none),
		cmocka_unit_test(answer_to_the_try_before_the_latest_is_taken),
		cmocka_unit_test(answer_to_one_try_ends_the_earlier_and_not_the_later),
		cmocka_unit_test(answer_after_ten_seconds_is_too_late),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
