/*
 * test_lan_merge.c - agent/lan.h: frames with unfinished checksums from peers
 */
#include "unit.h"

#include <unistd.h>

#include "agent/tunnel.h"
#include "lan_notes.h"

static uint8_t arrived[NOTES_MAX][NOTE_BYTES];
static size_t arrived_count;

/* The next frame in the datagrams of this batch */
static struct frame_in *next_arrival(struct fixture *f, int peer)
{
	struct frame_in *in = &f->engine.inbox[f->engine.inbox_count++];

	*in = (struct frame_in){.peer = peer, .vlan = RED, .frame = arrived[arrived_count++]};
	assert_true(f->engine.inbox_count <= sizeof(f->engine.inbox) / sizeof(*in));
	return in;
}

static struct frame_in *arrives(struct fixture *f, int peer, const struct super *s, size_t index)
{
	static uint8_t bytes[SUPER_BYTES];
	struct frame_in *in = next_arrival(f, peer);
	struct super piece = super_piece(s, PIECE_BYTES, index);

	in->len = super_write(&piece, bytes);
	in->checksum_unfinished = true;
	memcpy(arrived[arrived_count - 1], bytes, in->len);
	poke_u16(arrived[arrived_count - 1] + (s->is_udp ? 60 : 50), 0xeeee);
	return in;
}

static void all_arrive(struct fixture *f, int peer, const struct super *s)
{
	for (size_t i = 0; i < PIECES; i++)
		arrives(f, peer, s, i);
}

static void take_in(struct fixture *f)
{
	const struct route route = {.remote = addr_from_ipv4(0x7f000001, 1)};
	uint8_t datagram[1] = {0};

	lan_input(f->lan, &route, datagram, 0);
	f->engine.inbox_count = arrived_count = 0;
}

static void take_batch(struct fixture *f)
{
	take_in(f);
	lan_flush(f->lan);
}

static void pieces_for_an_interface_are_put_together_until_the_batch_ends(void **state)
{
	struct fixture *f = *state;

	is_behind(f, "tap", -1, 1);
	all_arrive(f, ANNA, &TCP4);
	take_in(f);
	assert_int_equal(note_count, 0);
	lan_flush(f->lan);
	assert_int_equal(note_count, PIECES);
	assert_int_equal(wholes, 1);
	assert_pieces_to_port(0, "tap", 0, &TCP4);
	forget_notes();
	all_arrive(f, ANNA, &UDP6);
	take_batch(f);
	assert_pieces_to_port(0, "tap", 0, &UDP6);
	lan_flush(f->lan);
	assert_int_equal(note_count, PIECES); /* once */
}

static void pieces_for_a_machine_are_finished_each(void **state)
{
	struct fixture *f = *state;

	is_behind(f, "hub", -1, 1);
	all_arrive(f, ANNA, &TCP4);
	take_in(f); /* and wait for nothing */
	assert_int_equal(note_count, PIECES);
	assert_pieces_to_port(0, "hub", NOT_WHOLE, &TCP4);
	lan_flush(f->lan);
	assert_int_equal(note_count, PIECES);
}

static void flooded_pieces_are_finished_for_interfaces_too(void **state)
{
	struct fixture *f = *state;

	all_arrive(f, ANNA, &UDP6);
	take_batch(f);
	assert_int_equal(note_count, 2 * PIECES);
	for (size_t i = 0; i < 2 * PIECES; i++) {
		struct super piece = super_piece(&UDP6, PIECE_BYTES, i / 2);

		assert_int_equal(notes[i].whole, NOT_WHOLE);
		assert_bytes(&notes[i], &piece);
	}
}

static void a_frame_in_between_ends_a_super_frame_and_order_is_kept(void **state)
{
	struct fixture *f = *state;
	struct frame_in *in;
	struct super piece;

	is_behind(f, "tap", -1, 1);
	arrives(f, ANNA, &TCP4, 0);
	arrives(f, ANNA, &TCP4, 1);
	in = next_arrival(f, ANNA);
	write_frame(1, 2);
	in->frame = frame_said;
	in->len = FRAME_BYTES;
	arrives(f, ANNA, &TCP4, 2);
	take_batch(f);
	assert_int_equal(note_count, PIECES + 1);
	for (size_t i = 0; i < 4; i++) {
		static const int whole[] = {0, 0, NOT_WHOLE, 1};

		assert_int_equal(notes[i].whole, whole[i]);
		piece = super_piece(&TCP4, PIECE_BYTES, i < 2 ? i : 2);
		if (whole[i] != NOT_WHOLE)
			assert_bytes(&notes[i], &piece);
	}
	assert_memory_equal(notes[2].bytes, frame_said, FRAME_BYTES);
}

/* One of another flow, too */
static void two_flows_are_two_super_frames(void **state)
{
	struct fixture *f = *state;

	is_behind(f, "tap", -1, 1);
	all_arrive(f, ANNA, &TCP4);
	all_arrive(f, ANNA, &UDP6);
	take_batch(f);
	assert_int_equal(wholes, 2);
	assert_pieces_to_port(0, "tap", 0, &TCP4);
	assert_pieces_to_port(PIECES, "tap", 1, &UDP6);
}

static void a_frame_of_another_peer_or_from_a_segment_is_none_of_it(void **state)
{
	struct fixture *f = *state;

	is_behind(f, "tap", -1, 1);
	arrives(f, ANNA, &TCP4, 0);
	arrives(f, BEN, &TCP4, 1);
	arrives(f, ANNA, &TCP4, 1)->on_segment = true;
	take_batch(f);
	assert_int_equal(wholes, 2);
	assert_int_equal(note_count, 2);
	assert_int_equal(f->engine.drops[BEN][DROP_MAC_ELSEWHERE], 1);
}

static void reassembled_frames_wait_for_the_others_too(void **state)
{
	struct fixture *f = *state;

	is_behind(f, "tap", -1, 1);
	f->engine.kept = PIECES + 1;
	for (size_t i = 0; i < PIECES; i++)
		arrives(f, ANNA, &UDP6, i)->is_reassembled = i != 1;
	take_in(f);
	assert_int_equal(note_count, 0);
	lan_flush(f->lan);
	assert_int_equal(wholes, 1);
	assert_pieces_to_port(0, "tap", 0, &UDP6);
}

/* Their bytes are the engine's, and other ones when so many more were put together. */
static void no_more_reassembled_frames_wait_than_are_kept(void **state)
{
	struct fixture *f = *state;

	is_behind(f, "tap", -1, 1);
	f->engine.kept = PIECES - 1;
	for (size_t i = 0; i < PIECES; i++)
		arrives(f, ANNA, &TCP4, i)->is_reassembled = true;
	take_in(f);
	assert_int_equal(wholes, 1);
	assert_int_equal(note_count, PIECES - 1);
	lan_flush(f->lan);
	assert_int_equal(wholes, 2);
	assert_int_equal(note_count, PIECES);
}

static void a_reassembled_frame_that_goes_nowhere_counts_as_well(void **state)
{
	struct fixture *f = *state;
	struct frame_in *lost;

	is_behind(f, "tap", -1, 1);
	f->engine.kept = 2;
	arrives(f, ANNA, &TCP4, 0)->is_reassembled = true;
	lost = arrives(f, ANNA, &TCP4, 1);
	lost->is_reassembled = true;
	lost->vlan = 99;
	take_in(f);
	assert_int_equal(note_count, 1);
	arrives(f, ANNA, &TCP4, 1)->is_reassembled = true;
	take_in(f); /* begins anew, and so does the count */
	assert_int_equal(note_count, 1);
	lan_flush(f->lan);
	assert_int_equal(note_count, 2);
}

static void what_has_no_checksum_is_counted_and_goes_nowhere(void **state)
{
	struct fixture *f = *state;

	arrives(f, ANNA, &TCP4, 0)->len--;
	arrives(f, ANNA, &TCP4, 0)->len = ETHER_HEADER_BYTES;
	take_batch(f);
	assert_int_equal(note_count, 0);
	assert_int_equal(f->engine.drops[ANNA][DROP_NO_CHECKSUM], 2);
	/* and in the midst of others leaves them as they are */
	is_behind(f, "tap", -1, 1);
	arrives(f, ANNA, &TCP4, 0);
	arrives(f, ANNA, &TCP4, 1)->len--;
	arrives(f, ANNA, &TCP4, 1);
	arrives(f, ANNA, &TCP4, 2);
	take_batch(f);
	assert_int_equal(wholes, 1);
	assert_pieces_to_port(0, "tap", 0, &TCP4);
	assert_int_equal(f->engine.drops[ANNA][DROP_NO_CHECKSUM], 3);
}

/* A datagram for a DHCP client, from a peer that may not be its server */
static void pieces_that_are_dropped_count_each(void **state)
{
	struct fixture *f = *state;
	struct super s = UDP6;

	is_behind(f, "tap", -1, 1);
	s.from = 547;
	s.to = 546;
	all_arrive(f, ANNA, &s);
	take_batch(f);
	assert_int_equal(note_count, 0);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_DHCP], PIECES);
}

static void a_vlan_that_the_peer_is_not_on_takes_none(void **state)
{
	struct fixture *f = *state;

	is_behind(f, "tap", -1, 1);
	arrives(f, ANNA, &TCP4, 0)->vlan = 99;
	arrives(f, BEN, &TCP4, 0)->vlan = BLUE;
	take_batch(f);
	assert_int_equal(note_count, 0);
	assert_int_equal(f->engine.drops[ANNA][DROP_VLAN_UNKNOWN], 1);
	assert_int_equal(f->engine.drops[BEN][DROP_VLAN_NOT_ALLOWED], 1);
}

/* All that a peer with a limit sends: its burst is one second of it, or the longest frame */
static void a_rate_is_of_each_piece(void **state)
{
	struct fixture *f = *state;
	const uint16_t red[] = {RED};
	struct lan_limits limits = {.broadcast = BROADCAST_OFF, .rate = 8};
	size_t passed = FRAME_MAX_BYTES / (PIECE_BYTES + 54);

	is_behind(f, "tap", -1, 1);
	lan_peer_set(f->lan, ANNA, red, 1, &limits);
	for (size_t i = 0; i < passed; i += 2) {
		arrives(f, ANNA, &TCP4, 0);
		arrives(f, ANNA, &TCP4, 1);
		forget_notes();
		take_batch(f);
		assert_int_equal(note_count, 2);
	}
	all_arrive(f, ANNA, &TCP4);
	take_batch(f);
	assert_int_equal(f->engine.drops[ANNA][DROP_PEER_RATE], PIECES);
}

static void who_watches_sees_finished_pieces_of_a_peer(void **state)
{
	struct fixture *f = *state;
	int fd;

	is_behind(f, "tap", -1, 1);
	fd = watch(f);
	all_arrive(f, ANNA, &UDP6);
	take_batch(f);
	assert_shown(f, fd, &UDP6);
	assert_pieces_to_port(0, "tap", NOT_WHOLE, &UDP6);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		offloaded(pieces_for_an_interface_are_put_together_until_the_batch_ends),
		offloaded(pieces_for_a_machine_are_finished_each),
		offloaded(flooded_pieces_are_finished_for_interfaces_too),
		offloaded(a_frame_in_between_ends_a_super_frame_and_order_is_kept),
		offloaded(two_flows_are_two_super_frames),
		offloaded(a_frame_of_another_peer_or_from_a_segment_is_none_of_it),
		offloaded(reassembled_frames_wait_for_the_others_too),
		offloaded(no_more_reassembled_frames_wait_than_are_kept),
		offloaded(a_reassembled_frame_that_goes_nowhere_counts_as_well),
		offloaded(what_has_no_checksum_is_counted_and_goes_nowhere),
		offloaded(pieces_that_are_dropped_count_each),
		offloaded(a_vlan_that_the_peer_is_not_on_takes_none),
		offloaded(a_rate_is_of_each_piece),
		watched(who_watches_sees_finished_pieces_of_a_peer),
	};

	return cmocka_run_group_tests_name("lan_merge", tests, NULL, NULL);
}
