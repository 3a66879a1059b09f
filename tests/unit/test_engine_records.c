/*
 * test_engine_records.c - what is inside a data message: PROTOCOL.md 6
 */
#include "forge.h"

#include <sodium.h>

static uint8_t scratch[FORGE_MAX_BYTES];

static struct writer records(void)
{
	return writer_over(scratch, sizeof(scratch));
}

/* Deliver records from host 1 to host 0: the datagram is taken, and exactly @reason is counted. */
static void assert_record_drop(struct wire *w, const struct writer *at, enum drop reason)
{
	struct drops before = wire_drops(w, 0);

	assert_int_equal(forge_records(w, 1, 0, at), DROP_NONE);
	wire_assert_one_drop(w, 0, &before, OF_PEER, reason);
}

/* A frame record's body of @len bytes, tag and all, for vlan 1. */
static void put_frame(struct writer *w, uint16_t tag, size_t frame_len)
{
	writer_u8(w, RECORD_FRAME);
	writer_u16(w, (uint16_t)(FRAME_TAG_BYTES + frame_len));
	writer_u16(w, tag);
	for (size_t i = 0; i < frame_len; i++)
		writer_u8(w, (uint8_t)i);
}

static void frames_that_wait_share_a_datagram_and_keep_their_order(void **state)
{
	struct wire *w = wire_pair();
	uint32_t sent;

	(void)state;
	wire_run(w, S_NS);
	sent = w->sent[MESSAGE_DATA];
	for (uint8_t i = 0; i < 10; i++)
		assert_int_equal(wire_send(w, 0, 1, 60, i), DROP_NONE);
	wire_settle(w);
	assert_int_equal(w->sent[MESSAGE_DATA] - sent, 1);
	assert_int_equal(w->hosts[1].frames, 10);
	assert_int_equal(w->hosts[1].last_frame[0], 9);
	wire_free(w);
}

static void every_frame_length_arrives_unchanged(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	for (size_t len = ETHER_HEADER_BYTES; len <= FRAME_MAX_DEFAULT_BYTES;
	     len += len < 2600 ? 1 : 97) {
		uint32_t frames = w->hosts[1].frames;

		assert_int_equal(wire_send(w, 0, 1, len, (uint8_t)len), DROP_NONE);
		wire_settle(w);
		assert_int_equal(w->hosts[1].frames, frames + 1);
		assert_int_equal(w->hosts[1].last.len, len);
		for (size_t i = 0; i < len; i++)
			if (w->hosts[1].last_frame[i] != (uint8_t)(len + i * 31))
				fail_msg("length %zu, byte %zu", len, i);
	}
	wire_free(w);
}

static void frame_that_fits_a_datagram_is_never_split(void **state)
{
	struct wire *w = wire_pair();
	const size_t longest =
		DATAGRAM_BASE_BYTES - DATA_MIN_BYTES - RECORD_HEADER_BYTES - FRAME_TAG_BYTES;
	uint32_t sent;

	(void)state;
	wire_run(w, S_NS);
	sent = w->sent[MESSAGE_DATA];
	wire_send(w, 0, 1, longest, 0);
	wire_collect(w);
	assert_int_equal(w->sent[MESSAGE_DATA] - sent, 1);
	wire_send(w, 0, 1, longest + 1, 0);
	wire_collect(w);
	assert_int_equal(w->sent[MESSAGE_DATA] - sent, 3);
	assert_int_equal(w->hosts[1].frames, 0);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, 2);
	wire_free(w);
}

static void outgoing_frame_under_14_bytes_or_over_max_frame_is_dropped(void **state)
{
	struct wire *w = wire_pair();
	struct drops before = wire_drops(w, 0);

	(void)state;
	assert_int_equal(wire_send(w, 0, 1, 0, 0), DROP_SHORT_FRAME);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_SHORT_FRAME);
	assert_int_equal(wire_send(w, 0, 1, 13, 0), DROP_SHORT_FRAME);
	before = wire_drops(w, 0);
	assert_int_equal(wire_send(w, 0, 1, FRAME_MAX_DEFAULT_BYTES + 1, 0), DROP_LONG_FRAME);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_LONG_FRAME);
	assert_int_equal(wire_send(w, 0, 1, 65535, 0), DROP_LONG_FRAME);
	wire_free(w);
}

static void largest_max_frame_crosses_in_pieces(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .max_frame = FRAME_MAX_BYTES});
	struct frame_in frame;
	struct packet p;
	unsigned whole = 0;

	(void)state;
	wire_connect(w);
	wire_run(w, S_NS);
	assert_int_equal(wire_send(w, 0, 1, FRAME_MAX_BYTES, 3), DROP_NONE);
	wire_collect(w);
	/* By hand: the frame is longer than what the harness keeps. */
	while (wire_take(w, MESSAGE_DATA, &p)) {
		assert_int_equal(engine_input(wire_engine(w, 1), &(struct route){.remote = p.from},
					      p.bytes, p.len, w->now_ns),
				 DROP_NONE);
		while (engine_next_frame(wire_engine(w, 1), &frame, w->now_ns)) {
			whole++;
			assert_int_equal(frame.len, FRAME_MAX_BYTES);
			for (size_t i = 0; i < frame.len; i++)
				if (frame.frame[i] != (uint8_t)(3 + i * 31))
					fail_msg("byte %zu", i);
		}
	}
	assert_int_equal(whole, 1);
	wire_free(w);
}

static void empty_data_message_is_a_keep_alive(void **state)
{
	struct wire *w = wire_pair();
	struct drops before = wire_drops(w, 0);
	struct writer at = records();

	(void)state;
	w->now_ns += S_NS;
	assert_int_equal(forge_records(w, 1, 0, &at), DROP_NONE);
	wire_assert_no_drop(w, 0, &before);
	assert_true(wire_info(w, 0, 1).heard_ns == w->now_ns);
	wire_free(w);
}

static void padding_that_is_not_zero_is_counted(void **state)
{
	struct wire *w = wire_pair();
	struct drops before = wire_drops(w, 0);
	struct writer at = records();

	(void)state;
	put_frame(&at, 1, 60);
	writer_zeros(&at, 100);
	assert_int_equal(forge_records(w, 1, 0, &at), DROP_NONE);
	wire_assert_no_drop(w, 0, &before);
	assert_int_equal(w->hosts[0].frames, 1);
	writer_u8(&at, 1);
	assert_record_drop(w, &at, DROP_BAD_PADDING);
	assert_int_equal(w->hosts[0].frames, 2); /* what stood before it counts */
	wire_free(w);
}

/* tinc CVE-2013-1428: an inner length larger than the rest, 0 or 65,535. */
static void record_longer_than_the_datagram_ends_it(void **state)
{
	static const uint16_t lengths[] = {61, 62, 1000, 65535};
	struct wire *w = wire_pair();

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint32_t frames = w->hosts[0].frames;
		struct writer at = records();

		put_frame(&at, 1, 60);
		writer_u8(&at, RECORD_FRAME);
		writer_u16(&at, lengths[i]);
		writer_zeros(&at, 60);
		assert_record_drop(w, &at, DROP_BAD_RECORD);
		assert_int_equal(w->hosts[0].frames, frames + 1);
	}
	/* A header that is cut off. */
	for (size_t len = 1; len < RECORD_HEADER_BYTES; len++) {
		struct writer at = records();

		put_frame(&at, 1, 60);
		writer_u8(&at, RECORD_FRAME);
		if (len > 1)
			writer_u8(&at, 0);
		assert_record_drop(w, &at, DROP_BAD_RECORD);
	}
	wire_free(w);
}

static void unknown_record_is_skipped_and_the_next_is_read(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	for (unsigned type = RECORD_GOODBYE + 1; type < 256; type++) {
		uint32_t frames = w->hosts[0].frames;
		struct writer at = records();

		forge_put(&at, (uint8_t)type, "later", 5);
		put_frame(&at, 1, 60);
		assert_record_drop(w, &at, DROP_UNKNOWN_RECORD);
		assert_int_equal(w->hosts[0].frames, frames + 1);
	}
	wire_free(w);
}

static void record_of_a_length_that_its_type_has_not_is_bad_and_the_next_is_read(void **state)
{
	static const struct {
		uint8_t type;
		size_t len;
	} cases[] = {
		{RECORD_FRAME, 0},         {RECORD_FRAME, 1},          {RECORD_FRAGMENT, 0},
		{RECORD_FRAGMENT, 7},      {RECORD_FRAGMENT, 8},       {RECORD_HELLO, 0},
		{RECORD_HELLO, 3},         {RECORD_HELLO_ACK, 0},      {RECORD_HELLO_ACK, 3},
		{RECORD_HELLO_ACK, 5},     {RECORD_KEEPALIVE, 1},      {RECORD_PING, 0},
		{RECORD_PING, 7},          {RECORD_PING, 9},           {RECORD_PONG, 7},
		{RECORD_PONG, 9},          {RECORD_PATH_CHALLENGE, 7}, {RECORD_PATH_CHALLENGE, 9},
		{RECORD_PATH_RESPONSE, 7}, {RECORD_PATH_RESPONSE, 9},  {RECORD_GOODBYE, 1},
	};
	static const uint8_t body[16];
	struct wire *w = wire_pair();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t frames = w->hosts[0].frames;
		struct writer at = records();

		forge_put(&at, cases[i].type, body, cases[i].len);
		put_frame(&at, 1, 60);
		assert_record_drop(w, &at, DROP_BAD_RECORD);
		assert_int_equal(w->hosts[0].frames, frames + 1);
		assert_true(wire_is_up(w, 0, 1));
	}
	wire_free(w);
}

static void incoming_frame_under_14_bytes_is_dropped(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	for (size_t len = 0; len < ETHER_HEADER_BYTES; len++) {
		struct writer at = records();

		put_frame(&at, 1, len);
		assert_record_drop(w, &at, DROP_SHORT_FRAME);
	}
	assert_int_equal(w->hosts[0].frames, 0);
	wire_free(w);
}

static void incoming_frame_over_max_frame_is_dropped(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = records();

	(void)state;
	put_frame(&at, 1, FRAME_MAX_DEFAULT_BYTES + 1);
	assert_record_drop(w, &at, DROP_LONG_FRAME);
	at = records();
	put_frame(&at, 1, FRAME_MAX_DEFAULT_BYTES);
	assert_int_equal(forge_records(w, 1, 0, &at), DROP_NONE);
	assert_int_equal(w->hosts[0].frames, 1);
	wire_free(w);
}

static void on_segment_and_an_unfinished_checksum_are_passed_on(void **state)
{
	struct wire *w = wire_pair();
	struct drops before = wire_drops(w, 0);
	struct writer at = records();

	(void)state;
	put_frame(&at, FLAG_ON_SEGMENT | 0x3000 | 7, 60);
	assert_int_equal(forge_records(w, 1, 0, &at), DROP_NONE);
	wire_assert_no_drop(w, 0, &before);
	assert_int_equal(w->hosts[0].frames, 1);
	assert_int_equal(w->hosts[0].last.vlan, 7);
	assert_true(w->hosts[0].last.on_segment);
	assert_false(w->hosts[0].last.checksum_unfinished);
	assert_false(w->hosts[0].last.is_reassembled);
	at = records();
	put_frame(&at, FLAG_CHECKSUM_UNFINISHED | 1, 60);
	assert_int_equal(forge_records(w, 1, 0, &at), DROP_NONE);
	assert_int_equal(w->hosts[0].frames, 2);
	assert_true(w->hosts[0].last.checksum_unfinished);
	assert_false(w->hosts[0].last.on_segment);
	wire_free(w);
}

static void goodbye_ends_the_session_and_nothing_behind_it_counts(void **state)
{
	struct wire *w = wire_pair();
	struct drops before = wire_drops(w, 0);
	struct writer at = records();
	static uint8_t datagrams[3][FORGE_MAX_BYTES];
	size_t len = 0;

	(void)state;
	put_frame(&at, 1, 60);
	forge_put(&at, RECORD_GOODBYE, "", 0);
	put_frame(&at, 1, 60);
	for (size_t i = 0; i < 3; i++)
		len = forge_data(w, 1, 0, &at, datagrams[i]);
	assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, datagrams[0], len), DROP_NONE);
	wire_assert_no_drop(w, 0, &before);
	assert_int_equal(w->hosts[0].frames, 1);
	assert_false(wire_is_up(w, 0, 1));
	assert_int_equal(wire_info(w, 0, 1).trouble, TROUBLE_GOODBYE);
	/* A hundred of them: the first counts. */
	assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, datagrams[1], len),
			 DROP_UNKNOWN_INDEX);
	assert_int_equal(wire_input(w, 0, &w->hosts[1].host.at, datagrams[2], len),
			 DROP_UNKNOWN_INDEX);
	wire_collect(w);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 1);
	wire_free(w);
}

static void ping_is_answered_and_measures_the_round_trip(void **state)
{
	struct wire *w = wire_pair();
	struct packet p;

	(void)state;
	assert_int_equal(engine_ping(wire_engine(w, 0), w->hosts[0].peer[1], 4711, w->now_ns), 0);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	w->now_ns += 30 * NS_PER_MS;
	wire_deliver(w, &p);
	wire_settle(w);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_PONG), 1);
	assert_true(w->hosts[0].last_pong.token == 4711);
	assert_true(w->hosts[0].last_pong.rtt_ns == 30 * NS_PER_MS);
	/* Smoothed: the handshake's own ping over a wire without delay came before it. */
	assert_in_range(wire_info(w, 0, 1).rtt_ns, 30 * NS_PER_MS / 8 - 1, 30 * NS_PER_MS / 8 + 1);
	wire_free(w);
}

static void pings_to_one_peer_are_each_answered_with_their_own_round_trip(void **state)
{
	struct wire *w = wire_pair();
	struct packet first, second;
	struct engine_event event;

	(void)state;
	assert_int_equal(engine_ping(wire_engine(w, 0), w->hosts[0].peer[1], 1, w->now_ns), 0);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &first));
	w->now_ns += 10 * NS_PER_MS;
	assert_int_equal(engine_ping(wire_engine(w, 0), w->hosts[0].peer[1], 2, w->now_ns), 0);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &second));
	w->now_ns += 20 * NS_PER_MS;
	wire_deliver(w, &second);
	wire_settle(w);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_PONG), 1);
	assert_true(w->hosts[0].last_pong.token == 2);
	assert_true(w->hosts[0].last_pong.rtt_ns == 20 * NS_PER_MS);
	wire_deliver(w, &first);
	wire_settle(w);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_PONG), 2);
	assert_true(w->hosts[0].last_pong.token == 1);
	assert_true(w->hosts[0].last_pong.rtt_ns == 30 * NS_PER_MS);
	assert_false(engine_next_event(wire_engine(w, 0), &event));
	wire_free(w);
}

static void as_many_pings_as_may_wait_are_all_answered_in_one_batch(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	for (uint64_t i = 0; i < ENGINE_PINGS_MAX; i++)
		assert_int_equal(engine_ping(wire_engine(w, 0), w->hosts[0].peer[1], i, w->now_ns),
				 0);
	wire_settle(w);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_PONG), ENGINE_PINGS_MAX);
	wire_free(w);
}

static void the_oldest_of_too_many_pings_is_forgotten(void **state)
{
	struct wire *w = wire_pair();
	struct packet p;

	(void)state;
	for (uint64_t i = 0; i <= ENGINE_PINGS_MAX; i++) {
		assert_int_equal(engine_ping(wire_engine(w, 0), w->hosts[0].peer[1], i, w->now_ns),
				 0);
		w->now_ns += NS_PER_MS;
	}
	wire_collect(w);
	while (wire_take(w, MESSAGE_DATA, &p)) {
		wire_deliver(w, &p);
		wire_settle(w);
	}
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_PONG), ENGINE_PINGS_MAX);
	wire_free(w);
}

static void a_ping_to_a_peer_that_was_removed_is_forgotten(void **state)
{
	struct wire *w = wire_pair();
	struct engine *e = wire_engine(w, 0);

	(void)state;
	assert_int_equal(engine_ping(e, w->hosts[0].peer[1], 1, w->now_ns), 0);
	engine_peer_remove(e, w->hosts[0].peer[1], w->now_ns);
	for (size_t i = 0; i < ENGINE_PINGS_MAX; i++)
		assert_int_equal(e->pings[i].state, USER_PING_FREE);
	wire_free(w);
}

static void pong_that_was_not_asked_for_is_ignored(void **state)
{
	struct wire *w = wire_pair();
	uint8_t token[TOKEN_BYTES] = {1};
	uint64_t rtt_ns = wire_info(w, 0, 1).rtt_ns;

	(void)state;
	w->now_ns += S_NS;
	assert_int_equal(forge_record(w, 1, 0, RECORD_PONG, token, sizeof(token)), DROP_NONE);
	assert_true(wire_info(w, 0, 1).rtt_ns == rtt_ns);
	assert_int_equal(engine_ping(wire_engine(w, 0), w->hosts[0].peer[1], 1, w->now_ns), 0);
	assert_int_equal(forge_record(w, 1, 0, RECORD_PONG, token, sizeof(token)), DROP_NONE);
	wire_collect(w);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_PONG), 0);
	wire_free(w);
}

static void frames_of_one_peer_are_never_sent_to_another(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 3});
	uint32_t sent;

	(void)state;
	wire_connect(w);
	wire_run(w, S_NS);
	sent = w->sent[MESSAGE_DATA];
	wire_send(w, 0, 1, 60, 1);
	wire_settle(w);
	assert_int_equal(w->sent[MESSAGE_DATA] - sent, 1);
	assert_int_equal(w->hosts[1].frames, 1);
	assert_int_equal(w->hosts[2].frames, 0);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_that_wait_share_a_datagram_and_keep_their_order),
		cmocka_unit_test(every_frame_length_arrives_unchanged),
		cmocka_unit_test(frame_that_fits_a_datagram_is_never_split),
		cmocka_unit_test(outgoing_frame_under_14_bytes_or_over_max_frame_is_dropped),
		cmocka_unit_test(largest_max_frame_crosses_in_pieces),
		cmocka_unit_test(empty_data_message_is_a_keep_alive),
		cmocka_unit_test(padding_that_is_not_zero_is_counted),
		cmocka_unit_test(record_longer_than_the_datagram_ends_it),
		cmocka_unit_test(unknown_record_is_skipped_and_the_next_is_read),
		cmocka_unit_test(
			record_of_a_length_that_its_type_has_not_is_bad_and_the_next_is_read),
		cmocka_unit_test(incoming_frame_under_14_bytes_is_dropped),
		cmocka_unit_test(incoming_frame_over_max_frame_is_dropped),
		cmocka_unit_test(on_segment_and_an_unfinished_checksum_are_passed_on),
		cmocka_unit_test(goodbye_ends_the_session_and_nothing_behind_it_counts),
		cmocka_unit_test(ping_is_answered_and_measures_the_round_trip),
		cmocka_unit_test(pings_to_one_peer_are_each_answered_with_their_own_round_trip),
		cmocka_unit_test(as_many_pings_as_may_wait_are_all_answered_in_one_batch),
		cmocka_unit_test(the_oldest_of_too_many_pings_is_forgotten),
		cmocka_unit_test(a_ping_to_a_peer_that_was_removed_is_forgotten),
		cmocka_unit_test(pong_that_was_not_asked_for_is_ignored),
		cmocka_unit_test(frames_of_one_peer_are_never_sent_to_another),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
