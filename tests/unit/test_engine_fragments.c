/*
 * test_engine_fragments.c - frames in pieces, as the engine takes them: PROTOCOL.md 6.2, 6.3
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

static void put_fragment(struct writer *w, uint32_t id, uint16_t total, uint16_t offset, size_t len)
{
	writer_u8(w, RECORD_FRAGMENT);
	writer_u16(w, (uint16_t)(FRAGMENT_HEADER_BYTES + len));
	writer_u32(w, id);
	writer_u16(w, total);
	writer_u16(w, offset);
	/* The body is the tag for vlan 1 and then zeros. */
	for (size_t i = 0; i < len; i++)
		writer_u8(w, offset + i == 1);
}

static void fragments_that_contradict_are_dropped(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = records();

	(void)state;
	put_fragment(&at, 1, 100, 90, 11);
	assert_record_drop(w, &at, DROP_BAD_FRAGMENT);
	at = records();
	put_fragment(&at, 1, 15, 0, 15);
	assert_record_drop(w, &at, DROP_BAD_FRAGMENT);
	at = records();
	put_fragment(&at, 1, 100, 0, 50);
	put_fragment(&at, 1, 100, 0, 50);
	put_fragment(&at, 1, 100, 50, 50);
	assert_record_drop(w, &at, DROP_BAD_FRAGMENT);
	assert_int_equal(w->hosts[0].frames, 1);
	at = records();
	put_fragment(&at, 2, 100, 0, 50);
	put_fragment(&at, 2, 101, 50, 51);
	assert_record_drop(w, &at, DROP_BAD_FRAGMENT);
	assert_int_equal(w->hosts[0].frames, 1);
	assert_int_equal(reassembly_in_use(&wire_engine(w, 0)->reassembly), 0);
	wire_free(w);
}

static void finished_fragments_are_read_like_a_frame(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = records();

	(void)state;
	writer_u8(&at, RECORD_FRAGMENT);
	writer_u16(&at, FRAGMENT_HEADER_BYTES + 62);
	writer_u32(&at, 1);
	writer_u16(&at, 62);
	writer_u16(&at, 0);
	writer_u16(&at, FLAG_CHECKSUM_UNFINISHED | 1);
	writer_zeros(&at, 60);
	assert_int_equal(forge_records(w, 1, 0, &at), DROP_NONE);
	assert_int_equal(w->hosts[0].frames, 1);
	assert_true(w->hosts[0].last.checksum_unfinished);
	assert_true(w->hosts[0].last.is_reassembled);
	wire_free(w);
}

static void seventeenth_unfinished_frame_costs_its_sender_the_first(void **state)
{
	struct wire *w = wire_pair();
	struct drops before = wire_drops(w, 0);
	struct writer at;

	(void)state;
	for (uint32_t id = 0; id < REASSEMBLY_PEER_MAX; id++) {
		at = records();
		put_fragment(&at, id, 1000, 0, 10);
		assert_int_equal(forge_records(w, 1, 0, &at), DROP_NONE);
	}
	wire_assert_no_drop(w, 0, &before);
	at = records();
	put_fragment(&at, 99, 1000, 0, 10);
	assert_record_drop(w, &at, DROP_REASSEMBLY_FULL);
	wire_free(w);
}

static void unfinished_frame_is_counted_when_it_is_given_up(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = records();
	struct drops before;

	(void)state;
	put_fragment(&at, 1, 1000, 0, 10);
	assert_int_equal(forge_records(w, 1, 0, &at), DROP_NONE);
	assert_true(engine_deadline_ns(wire_engine(w, 0)) <= w->now_ns + S_NS);
	before = wire_drops(w, 0);
	wire_run(w, S_NS - 1);
	wire_assert_no_drop(w, 0, &before);
	wire_run(w, 1);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_REASSEMBLY_TIMEOUT);
	wire_free(w);
}

static void unfinished_frames_of_a_peer_that_goes_go_with_it(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = records();

	(void)state;
	put_fragment(&at, 1, 1000, 0, 10);
	assert_int_equal(forge_records(w, 1, 0, &at), DROP_NONE);
	assert_int_equal(reassembly_in_use(&wire_engine(w, 0)->reassembly), 1);
	engine_peer_remove(wire_engine(w, 0), w->hosts[0].peer[1], w->now_ns);
	assert_int_equal(reassembly_in_use(&wire_engine(w, 0)->reassembly), 0);
	w->hosts[0].peer[1] = -1;
	wire_free(w);
}

/* Headers that were made for it, and data from where it lies: wherever the border is, and whether it is split. */
static void frame_in_two_parts_arrives_as_one(void **state)
{
	enum {
		LENGTHS = 4,
		LONGEST = 3000
	};
	static const size_t lengths[LENGTHS] = {60, 1195, 1514, LONGEST};
	static uint8_t bytes[LONGEST], head[LONGEST];
	struct wire *w = wire_pair();

	(void)state;
	for (size_t i = 0; i < LONGEST; i++)
		bytes[i] = (uint8_t)(i * 31);
	for (size_t i = 0; i < LENGTHS; i++) {
		for (size_t border = ETHER_HEADER_BYTES; border <= lengths[i]; border += 23) {
			struct frame_out out = {.vlan = 1,
						.checksum_unfinished = true,
						.frame = head,
						.len = border,
						.data = bytes + border,
						.data_len = lengths[i] - border};
			uint64_t sent = wire_info(w, 0, 1).tx_bytes;

			memset(head, 0xee, LONGEST);
			memcpy(head, bytes, border);
			assert_int_equal(engine_send_frame(wire_engine(w, 0),
							   (int)wire_peer(w, 0, 1)->number, &out,
							   w->now_ns),
					 DROP_NONE);
			wire_settle(w);
			assert_int_equal(w->hosts[1].last.len, lengths[i]);
			assert_memory_equal(w->hosts[1].last_frame, bytes, lengths[i]);
			assert_true(w->hosts[1].last.checksum_unfinished);
			assert_int_equal(wire_info(w, 0, 1).tx_bytes, sent + lengths[i]);
		}
	}
	wire_free(w);
}

static void both_parts_count_for_the_longest_frame(void **state)
{
	static uint8_t bytes[FRAME_MAX_DEFAULT_BYTES];
	struct frame_out out = {.vlan = 1,
				.frame = bytes,
				.len = FRAME_MAX_DEFAULT_BYTES - 100,
				.data = bytes,
				.data_len = 101};
	struct wire *w = wire_pair();
	int peer = (int)wire_peer(w, 0, 1)->number;

	(void)state;
	assert_int_equal(engine_send_frame(wire_engine(w, 0), peer, &out, w->now_ns),
			 DROP_LONG_FRAME);
	out.data_len--;
	assert_int_equal(engine_send_frame(wire_engine(w, 0), peer, &out, w->now_ns), DROP_NONE);
	wire_settle(w);
	assert_int_equal(w->hosts[1].last.len, FRAME_MAX_DEFAULT_BYTES);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_that_contradict_are_dropped),
		cmocka_unit_test(finished_fragments_are_read_like_a_frame),
		cmocka_unit_test(frame_in_two_parts_arrives_as_one),
		cmocka_unit_test(both_parts_count_for_the_longest_frame),
		cmocka_unit_test(seventeenth_unfinished_frame_costs_its_sender_the_first),
		cmocka_unit_test(unfinished_frame_is_counted_when_it_is_given_up),
		cmocka_unit_test(unfinished_frames_of_a_peer_that_goes_go_with_it),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
