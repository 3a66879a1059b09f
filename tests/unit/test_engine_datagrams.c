/*
 * test_engine_datagrams.c - bytes that are no message, and those that claim a session: PROTOCOL.md 3, 8
 */
#include "forge.h"

#include <endian.h>
#include <sodium.h>
#include <stdlib.h>

enum {
	MILLION = 1000000
};

/* @len bytes of type @type from host 1's address to host 0, all else zero. */
static enum drop input_zeros(struct wire *w, uint8_t type, size_t len)
{
	static uint8_t bytes[FORGE_MAX_BYTES];

	memset(bytes, 0, len);
	if (len)
		bytes[0] = type;
	return wire_input(w, 0, &w->hosts[1].host.at, bytes, len);
}

static void datagram_shorter_than_a_header_is_too_short(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	for (uint8_t type = 0; type < 8; type++) {
		for (size_t len = 0; len < TYPE_BYTES; len++) {
			struct drops before = wire_drops(w, 0);

			assert_int_equal(input_zeros(w, type, len), DROP_TOO_SHORT);
			wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_TOO_SHORT);
		}
	}
	for (size_t len = TYPE_BYTES; len < DATA_MIN_BYTES; len++) {
		struct drops before = wire_drops(w, 0);

		assert_int_equal(input_zeros(w, MESSAGE_DATA, len), DROP_TOO_SHORT);
		wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_TOO_SHORT);
	}
	wire_free(w);
}

static void handshake_of_any_other_length_is_dropped(void **state)
{
	static const size_t lengths[] = {0, INITIATION_BYTES, RESPONSE_BYTES, COOKIE_REPLY_BYTES};
	struct wire *w = wire_pair();

	(void)state;
	for (uint8_t type = MESSAGE_INITIATION; type <= MESSAGE_COOKIE; type++) {
		for (size_t len = TYPE_BYTES; len <= FORGE_MAX_BYTES; len += len < 2000 ? 1 : 977) {
			struct drops before = wire_drops(w, 0);

			if (len == lengths[type])
				continue;
			assert_int_equal(input_zeros(w, type, len), DROP_BAD_LENGTH);
			wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_LENGTH);
		}
		assert_int_equal(input_zeros(w, type, FORGE_MAX_BYTES), DROP_BAD_LENGTH);
	}
	wire_free(w);
}

static void unknown_type_and_reserved_bytes_are_dropped(void **state)
{
	struct wire *w = wire_pair();
	uint8_t bytes[64] = {0};

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		struct drops before = wire_drops(w, 0);

		if (type >= MESSAGE_INITIATION && type <= MESSAGE_DATA)
			continue;
		bytes[0] = (uint8_t)type;
		assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, bytes, sizeof(bytes)),
				 DROP_BAD_TYPE);
		wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_TYPE);
	}
	for (size_t at = 1; at < TYPE_BYTES; at++) {
		struct drops before = wire_drops(w, 0);

		memset(bytes, 0, sizeof(bytes));
		bytes[0] = MESSAGE_DATA;
		bytes[at] = 1;
		assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, bytes, sizeof(bytes)),
				 DROP_BAD_TYPE);
		wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_BAD_TYPE);
	}
	wire_free(w);
}

static void data_for_an_unknown_index_is_answered_by_nothing(void **state)
{
	struct wire *w = wire_pair();
	struct drops before = wire_drops(w, 0);
	uint64_t sent = w->sent_bytes;

	(void)state;
	assert_int_equal(input_zeros(w, MESSAGE_DATA, DATA_MIN_BYTES), DROP_UNKNOWN_INDEX);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_UNKNOWN_INDEX);
	wire_collect(w);
	assert_true(w->sent_bytes == sent);
	wire_free(w);
}

static void million_datagrams_of_every_type_and_length_abort_nothing(void **state)
{
	struct wire *w = wire_pair();
	struct rng rng = {.state = 5};
	uint8_t bytes[64];

	(void)state;
	for (uint32_t i = 0; i < MILLION; i++) {
		size_t len = i % 65;

		rng_fill(&rng, bytes, sizeof(bytes));
		bytes[0] = (uint8_t)(i / 65);
		if (i % 3)
			memset(bytes + 1, 0, TYPE_BYTES - 1);
		/* Every other one of them hits our index. */
		if (i % 2)
			memcpy(bytes + TYPE_BYTES,
			       &(uint32_t){htobe32(wire_session(w, 0, 1)->local_index)},
			       INDEX_BYTES);
		/* In place, not by wire_input(): a million small buffers cost more than the test. */
		engine_input(wire_engine(w, 0), &(struct route){.remote = w->hosts[1].host.at},
			     bytes, len, w->now_ns);
	}
	assert_true(wire_is_up(w, 0, 1));
	wire_collect(w);
	assert_int_equal(w->used - w->first, 0);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

/* One data datagram of host 1, on its way to host 0. */
static struct wire *with_data(struct packet *p)
{
	struct wire *w = wire_pair();

	wire_run(w, S_NS);
	assert_int_equal(wire_send(w, 1, 0, 60, 1), DROP_NONE);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, p));
	return w;
}

static void forged_data_is_counted_and_moves_neither_window_nor_endpoint(void **state)
{
	struct packet p;
	struct wire *w = with_data(&p);
	struct addr elsewhere = addr_from_ipv4(0xc6336401, 4444);
	struct addr endpoint = wire_info(w, 0, 1).endpoint, after;
	uint8_t evil[DATAGRAM_MAX_BYTES];

	(void)state;
	for (size_t at = 13; at < p.len; at++) { /* a counter far ahead is counted otherwise */
		struct drops before = wire_drops(w, 0);

		memcpy(evil, p.bytes, p.len);
		evil[at] ^= 0x40;
		assert_int_equal(wire_input(w, 0, &elsewhere, evil, p.len), DROP_BAD_TAG);
		wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_BAD_TAG);
	}
	after = wire_info(w, 0, 1).endpoint;
	assert_true(addr_equal(&endpoint, &after));
	wire_collect(w);
	assert_int_equal(w->used - w->first, 0); /* not even a challenge */
	assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	assert_int_equal(w->hosts[0].frames, 1);
	wire_free(w);
}

static void replayed_data_is_dropped_wherever_it_comes_from(void **state)
{
	struct packet p;
	struct wire *w = with_data(&p);
	struct addr elsewhere = addr_from_ipv4(0xc6336401, 4444);
	struct drops before;

	(void)state;
	assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	before = wire_drops(w, 0);
	assert_int_equal(wire_deliver(w, &p), DROP_REPLAY);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_REPLAY);
	p.from = elsewhere;
	assert_int_equal(wire_deliver(w, &p), DROP_REPLAY);
	assert_int_equal(w->hosts[0].frames, 1);
	wire_collect(w);
	assert_int_equal(w->used - w->first, 0);
	wire_free(w);
}

static void replayed_data_does_not_keep_a_dead_peer_up(void **state)
{
	struct packet p;
	struct wire *w = with_data(&p);
	uint64_t heard;

	(void)state;
	wire_deliver(w, &p);
	heard = wire_info(w, 0, 1).heard_ns;
	w->now_ns += S_NS;
	wire_deliver(w, &p);
	assert_true(wire_info(w, 0, 1).heard_ns == heard);
	wire_free(w);
}

static void key_of_180_seconds_is_dead(void **state)
{
	struct packet p;
	struct wire *w = with_data(&p);
	struct drops before = wire_drops(w, 0);

	(void)state;
	/* No tick: what counts is the age, not whether somebody tidied up. */
	w->now_ns = wire_session(w, 0, 1)->born_ns + REJECT_AFTER_NS;
	assert_int_equal(wire_deliver(w, &p), DROP_EXPIRED_KEY);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_EXPIRED_KEY);
	assert_int_equal(w->hosts[0].frames, 0);
	assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NO_SESSION);
	w->now_ns--;
	assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	wire_free(w);
}

static void counter_past_its_limit_is_dropped(void **state)
{
	struct packet p;
	struct wire *w = with_data(&p);
	uint64_t limit = cipher_reject_after(wire_session(w, 0, 1)->cipher);
	struct writer at = writer_over(p.bytes + 8, 8);
	struct drops before = wire_drops(w, 0);

	(void)state;
	writer_u64(&at, limit);
	assert_int_equal(wire_deliver(w, &p), DROP_EXPIRED_KEY);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_EXPIRED_KEY);
	at = writer_over(p.bytes + 8, 8);
	writer_u64(&at, limit - 1);
	assert_int_equal(wire_deliver(w, &p), DROP_BAD_TAG);
	wire_free(w);
}

/* Nebula's unauthenticated close, and the like: nothing that is not sealed ends a session. */
static void spoofed_goodbye_in_clear_ends_nothing(void **state)
{
	struct wire *w = wire_pair();
	uint8_t bytes[DATA_MIN_BYTES + RECORD_HEADER_BYTES] = {MESSAGE_DATA};
	struct writer at = writer_over(bytes + TYPE_BYTES, sizeof(bytes) - TYPE_BYTES);
	struct drops before = wire_drops(w, 0);

	(void)state;
	writer_u32(&at, wire_session(w, 0, 1)->local_index);
	writer_u64(&at, 1000);
	forge_put(&at, RECORD_GOODBYE, "", 0);
	assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, bytes, sizeof(bytes)),
			 DROP_BAD_TAG);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_BAD_TAG);
	assert_true(wire_is_up(w, 0, 1));
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagram_shorter_than_a_header_is_too_short),
		cmocka_unit_test(handshake_of_any_other_length_is_dropped),
		cmocka_unit_test(unknown_type_and_reserved_bytes_are_dropped),
		cmocka_unit_test(data_for_an_unknown_index_is_answered_by_nothing),
		cmocka_unit_test(million_datagrams_of_every_type_and_length_abort_nothing),
		cmocka_unit_test(forged_data_is_counted_and_moves_neither_window_nor_endpoint),
		cmocka_unit_test(replayed_data_is_dropped_wherever_it_comes_from),
		cmocka_unit_test(replayed_data_does_not_keep_a_dead_peer_up),
		cmocka_unit_test(key_of_180_seconds_is_dead),
		cmocka_unit_test(counter_past_its_limit_is_dropped),
		cmocka_unit_test(spoofed_goodbye_in_clear_ends_nothing),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
