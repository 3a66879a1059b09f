/*
 * test_lan_offload.c - agent/lan.h: super-frames and unfinished checksums from an interface of the host
 */
#include "unit.h"

#include <unistd.h>

#include "agent/mss.h"
#include "lan_notes.h"

static uint8_t said[SUPER_BYTES];

/* The host behind an interface hands over a super-frame; what stands for its checksum is nonsense */
static void say_whole(const char *port, const struct super *s, uint16_t piece_len)
{
	struct port *p = &port_named(port)->port;
	struct offload o;
	struct port_frame f = {.bytes = said, .len = super_write(s, said), .offload = &o};

	assert_true(offload_derive(said, f.len, &o));
	poke_u16(said + o.checksum_at, 0xeeee);
	o.piece_len = piece_len;
	p->events.on_whole(p->events.context, &f, &(struct port_source){.interface = 0});
	p->events.on_batch_end(p->events.context);
}

static void a_super_frame_to_a_peer_crosses_in_pieces_with_unfinished_checksums(void **state)
{
	struct fixture *f = *state;

	is_behind(f, NULL, ANNA, 1);
	say_whole("tap", &TCP4, PIECE_BYTES);
	assert_int_equal(note_count, PIECES);
	assert_pieces_to_peer(0, ANNA, true, &TCP4);
	forget_notes();
	say_whole("tap", &UDP6, PIECE_BYTES);
	assert_pieces_to_peer(0, ANNA, true, &UDP6);
}

/* More of it than the outbox has room for: it is sent in between. */
static void a_full_outbox_is_sent_and_no_piece_is_lost(void **state)
{
	struct fixture *f = *state;

	is_behind(f, NULL, ANNA, 1);
	f->engine.room = full_room = 1;
	say_whole("tap", &TCP4, PIECE_BYTES);
	assert_int_equal(note_count, PIECES);
	assert_pieces_to_peer(0, ANNA, true, &TCP4);
	assert_int_equal(f->engine.drops[ANNA][DROP_OUTBOX_FULL], 0);
}

static void a_super_frame_to_a_machine_is_cut_and_finished(void **state)
{
	is_behind(*state, "hub", -1, 1);
	say_whole("tap", &TCP4, PIECE_BYTES);
	assert_int_equal(note_count, PIECES);
	assert_pieces_to_port(0, "hub", NOT_WHOLE, &TCP4);
	forget_notes();
	say_whole("tap", &UDP6, PIECE_BYTES);
	assert_pieces_to_port(0, "hub", NOT_WHOLE, &UDP6);
}

static void a_super_frame_between_two_interfaces_stays_whole(void **state)
{
	port_named("hub")->port.has_offload = true;
	is_behind(*state, "hub", -1, 1);
	say_whole("tap", &TCP4, PIECE_BYTES);
	assert_int_equal(wholes, 1);
	assert_pieces_to_port(0, "hub", 0, &TCP4);
}

static void a_flooded_super_frame_is_finished_once_for_all(void **state)
{
	(void)state;
	say_whole("tap", &TCP4, PIECE_BYTES);
	assert_int_equal(note_count, 3 * PIECES); /* hub, anna, ben: each piece to all */
	for (size_t i = 0; i < PIECES; i++) {
		struct super piece = super_piece(&TCP4, PIECE_BYTES, i);

		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(notes[3 * i + k].whole, NOT_WHOLE);
			assert_false(notes[3 * i + k].unfinished);
			assert_bytes(&notes[3 * i + k], &piece);
		}
	}
}

/* As a host asks for an address: one datagram to all, its checksum left to whoever sends it on */
static void a_flooded_frame_that_is_no_super_frame_is_finished_by_each_peer(void **state)
{
	struct super s = UDP6;

	(void)state;
	s.data_len = 300;
	say_whole("tap", &s, 0);
	assert_int_equal(note_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(notes[i].unfinished, notes[i].peer >= 0);
		assert_bytes(&notes[i], &s);
	}
}

static void each_piece_counts_for_the_limit_of_floods(void **state)
{
	struct fixture *f = *state;

	f->config.ports[1].broadcast = 2;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	say_whole("tap", &TCP4, PIECE_BYTES);
	assert_int_equal(note_count, 3 * 2);
	assert_int_equal(port_named("tap")->port.drops[DROP_BROADCAST_LIMIT], 1);
}

static void a_super_frame_that_is_dropped_counts_for_all_its_pieces(void **state)
{
	is_behind(*state, "tap", -1, 1);
	say_whole("tap", &TCP4, PIECE_BYTES);
	assert_int_equal(note_count, 0);
	assert_int_equal(port_named("tap")->port.drops[DROP_SAME_PORT], PIECES);
}

/* The longest of the pieces counts, not the whole. */
static void a_super_frame_may_be_longer_than_any_frame(void **state)
{
	static uint8_t much[30000];
	struct super s = TCP4;

	is_behind(*state, "hub", -1, 1);
	s.data = much;
	s.data_len = sizeof(much);
	say_whole("tap", &s, 1500);
	assert_int_equal(note_count, 20);
	assert_int_equal(port_named("tap")->port.drops[DROP_LONG_FRAME], 0);
	forget_notes();
	say_whole("tap", &s, FRAME_MAX_DEFAULT_BYTES);
	assert_int_equal(note_count, 0);
	assert_int_equal(port_named("tap")->port.drops[DROP_LONG_FRAME], 4);
}

/* Its checksum stays unfinished, and is that of the lowered MSS for who finishes it. */
static void a_syn_with_an_unfinished_checksum_is_clamped(void **state)
{
	struct fixture *f = *state;
	struct port *p = &port_named("tap")->port;
	struct offload o;
	struct port_frame frame = {.bytes = said, .offload = &o};
	struct super s = TCP4;
	struct mss mss;

	f->engine.is_up[ANNA] = true;
	f->engine.mtu[ANNA] = 1400;
	is_behind(f, NULL, ANNA, 1);
	s.flags = 0x02; /* SYN */
	s.data_len = 0;
	s.tcp_more = 1;
	frame.len = super_write(&s, said);
	memcpy(said + 54, "\2\4\x05\xb4", 4); /* MSS 1460 */
	assert_true(offload_derive(said, frame.len, &o));
	p->events.on_whole(p->events.context, &frame, &(struct port_source){.interface = 0});
	assert_int_equal(note_count, 1);
	assert_true(notes[0].unfinished);
	assert_true(mss_find(notes[0].bytes, notes[0].len, &mss));
	assert_int_equal(mss.value, 1400 - FRAME_OVERHEAD_BYTES - 14 - 40);
	assert_int_equal(
		super_sum(notes[0].bytes + 34, 24, super_sum(notes[0].bytes + 26, 8, 6 + 24)),
		UINT16_MAX);
	assert_int_equal(peek_u16(said + 56), 1460); /* borrowed */
}

static void who_watches_sees_finished_pieces_of_an_interface(void **state)
{
	struct fixture *f = *state;
	int fd = watch(f);

	port_named("hub")->port.has_offload = true;
	say_whole("tap", &TCP4, PIECE_BYTES);
	assert_shown(f, fd, &TCP4);
	is_behind(f, "hub", -1, 1);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	forget_shown(fd);
	say_whole("tap", &TCP4, PIECE_BYTES);
	assert_shown(f, fd, &TCP4);
	assert_pieces_to_port(0, "hub", NOT_WHOLE, &TCP4);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		offloaded(a_super_frame_to_a_peer_crosses_in_pieces_with_unfinished_checksums),
		offloaded(a_full_outbox_is_sent_and_no_piece_is_lost),
		offloaded(a_super_frame_to_a_machine_is_cut_and_finished),
		offloaded(a_super_frame_between_two_interfaces_stays_whole),
		offloaded(a_flooded_super_frame_is_finished_once_for_all),
		offloaded(a_flooded_frame_that_is_no_super_frame_is_finished_by_each_peer),
		offloaded(each_piece_counts_for_the_limit_of_floods),
		offloaded(a_super_frame_that_is_dropped_counts_for_all_its_pieces),
		offloaded(a_super_frame_may_be_longer_than_any_frame),
		offloaded(a_syn_with_an_unfinished_checksum_is_clamped),
		watched(who_watches_sees_finished_pieces_of_an_interface),
	};

	return cmocka_run_group_tests_name("lan_offload", tests, NULL, NULL);
}
