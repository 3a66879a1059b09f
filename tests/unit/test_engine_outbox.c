/*
 * test_engine_outbox.c - datagrams on their way out: a full outbox, a session that changes meanwhile
 */
#include "forge.h"

#include <sodium.h>

#include "outbox.h"

static void fill_outbox(struct wire *w, unsigned host)
{
	while (outbox_raw(wire_engine(w, host), -1, &(struct route){0}, COOKIE_REPLY_BYTES))
		;
}

static void full_outbox_refuses_a_frame_that_may_be_tried_again(void **state)
{
	struct wire *w = wire_pair();
	unsigned sent = 0;
	enum drop drop = DROP_NONE;
	struct drops before;

	(void)state;
	wire_run(w, S_NS);
	before = wire_drops(w, 0);
	/* Each fills a datagram; the last stays open. */
	while (sent < 1000 && (drop = wire_send(w, 0, 1, 1190, 1)) == DROP_NONE)
		sent++;
	assert_int_equal(drop, DROP_OUTBOX_FULL);
	assert_int_equal(sent, OUTBOX_MAX);
	wire_assert_no_drop(w, 0, &before); /* refused, not dropped: the caller tries again */
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, OUTBOX_MAX);
	assert_int_equal(wire_send(w, 0, 1, 1190, 1), DROP_NONE);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, OUTBOX_MAX + 1);
	wire_free(w);
}

static void split_frame_goes_out_whole_or_not_at_all(void **state)
{
	struct wire *w = wire_pair();
	unsigned sent = 0;

	(void)state;
	wire_run(w, S_NS);
	while (sent < 1000 && wire_send(w, 0, 1, FRAME_MAX_DEFAULT_BYTES, 1) == DROP_NONE)
		sent++;
	assert_in_range(sent, 14, 16);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, sent);
	assert_int_equal(reassembly_in_use(&wire_engine(w, 1)->reassembly), 0);
	wire_free(w);
}

static void initiation_that_cannot_be_answered_is_counted_and_may_come_again(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	struct drops before;
	struct packet p;

	(void)state;
	wire_know(w, 1, 0, false);
	wire_know(w, 0, 1, true);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &p));
	fill_outbox(w, 1);
	before = wire_drops(w, 1);
	assert_int_equal(wire_deliver(w, &p), DROP_OUTBOX_FULL);
	wire_assert_one_drop(w, 1, &before, OF_PEER, DROP_OUTBOX_FULL);
	engine_outbox_clear(wire_engine(w, 1));
	assert_int_equal(wire_deliver(w, &p), DROP_NONE);
	wire_free(w);
}

static void what_was_not_flushed_is_neither_shown_nor_lost_by_a_clear(void **state)
{
	struct wire *w = wire_pair();
	struct engine *e = wire_engine(w, 0);
	const struct datagram *d;

	(void)state;
	wire_run(w, S_NS);
	assert_non_null(outbox_raw(e, -1, &(struct route){0}, COOKIE_REPLY_BYTES));
	assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NONE);
	assert_int_equal(engine_outbox(e, &d), 1); /* the frame's datagram is plain text still */
	engine_outbox_clear(e);
	assert_int_equal(engine_outbox(e, &d), 0);
	/* Another's datagram does not get into its place, nor its next frame anywhere else. */
	assert_non_null(outbox_raw(e, -1, &(struct route){0}, COOKIE_REPLY_BYTES));
	assert_int_equal(wire_send(w, 0, 1, 60, 2), DROP_NONE);
	engine_flush(e, w->now_ns);
	assert_int_equal(engine_outbox(e, &d), 2);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, 2);
	wire_free(w);
}

static void full_outbox_stops_a_tick_that_goes_on_after_it_is_cleared(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	wire_run(w, 5 * S_NS);
	fill_outbox(w, 0);
	w->now_ns += REKEY_AFTER_NS;
	for (unsigned i = 0; i < 10; i++) {
		engine_tick(wire_engine(w, 0), w->now_ns);
		assert_true(engine_deadline_ns(wire_engine(w, 0)) <= w->now_ns);
	}
	engine_outbox_clear(wire_engine(w, 0));
	engine_tick(wire_engine(w, 0), w->now_ns);
	assert_true(engine_deadline_ns(wire_engine(w, 0)) > w->now_ns);
	wire_settle(w);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void send_class(struct wire *w, size_t len, uint8_t dscp)
{
	static const uint8_t bytes[4000];
	const struct frame_out frame = {.vlan = 1, .dscp = dscp, .frame = bytes, .len = len};

	assert_int_equal(
		engine_send_frame(wire_engine(w, 0), w->hosts[0].peer[1], &frame, w->now_ns),
		DROP_NONE);
}

/* Flush, and compare the classes of all datagrams. */
static void assert_classes(struct wire *w, const uint8_t *classes, size_t count)
{
	const struct datagram *d;

	engine_flush(wire_engine(w, 0), w->now_ns);
	assert_int_equal(engine_outbox(wire_engine(w, 0), &d), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(d[i].dscp, classes[i]);
}

static void frames_of_several_classes_never_share_a_datagram(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	wire_run(w, S_NS);
	send_class(w, 60, 0);
	send_class(w, 60, 0);
	send_class(w, 60, 46);
	send_class(w, 60, 46);
	send_class(w, 60, 10);
	send_class(w, 60, 0);
	assert_classes(w, (const uint8_t[]){0, 46, 10, 0}, 4);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, 6);
	wire_free(w);
}

static void pieces_of_a_frame_have_its_class(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	wire_run(w, S_NS);
	send_class(w, 60, 0);
	send_class(w, 3000, 46);
	send_class(w, 60, 0);
	assert_classes(w, (const uint8_t[]){0, 46, 46, 46, 0}, 5);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, 3);
	wire_free(w);
}

static void what_is_no_frame_has_no_class(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	wire_run(w, S_NS);
	send_class(w, 60, 46);
	assert_int_equal(engine_ping(wire_engine(w, 0), w->hosts[0].peer[1], 1, w->now_ns), 0);
	assert_classes(w, (const uint8_t[]){46, 0}, 2);
	engine_outbox_clear(wire_engine(w, 0));
	send_class(w, 60, 0); /* in the place of one that had a class */
	assert_classes(w, (const uint8_t[]){0}, 1);
	wire_free(w);
}

static void input_with_a_full_outbox_harms_nothing(void **state)
{
	struct wire *w = wire_pair();
	uint8_t token[TOKEN_BYTES] = {0}, hello[4] = {0};

	(void)state;
	wire_run(w, 5 * S_NS);
	for (unsigned type = RECORD_PADDING; type < RECORD_GOODBYE; type++) {
		size_t len = type == RECORD_KEEPALIVE                           ? 0
			     : type == RECORD_HELLO || type == RECORD_HELLO_ACK ? sizeof(hello)
										: TOKEN_BYTES;

		fill_outbox(w, 0);
		assert_int_equal(forge_record(w, 1, 0, (uint8_t)type, token, len), DROP_NONE);
		assert_true(engine_deadline_ns(wire_engine(w, 0)) > w->now_ns);
	}
	fill_outbox(w, 0);
	assert_int_equal(forge_record(w, 1, 0, RECORD_GOODBYE, "", 0), DROP_NONE);
	assert_false(wire_is_up(w, 0, 1));
	engine_outbox_clear(wire_engine(w, 0));
	wire_run(w, 3 * S_NS);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

/*
 * A frame's last piece waits in the open datagram while the session changes: sent on the new one it would
 * be taken for a piece of the frame that has the same id there.
 */
static void piece_of_a_frame_never_goes_out_on_another_session(void **state)
{
	struct wire *w = wire_pair();
	unsigned i = wire_session(w, 0, 1)->we_initiated ? 0 : 1, r = !i;
	struct packet initiation, response;
	struct wire_host *to = &w->hosts[r];

	(void)state;
	wire_run(w, 5 * S_NS);
	/* A rekey by hand: the response is there, not yet read. */
	w->now_ns = wire_session(w, i, r)->born_ns + REKEY_AFTER_NS;
	engine_tick(wire_engine(w, i), w->now_ns);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_INITIATION, &initiation));
	wire_deliver(w, &initiation);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_RESPONSE, &response));
	w->used = w->first;
	/* The next frame to be split on the new session gets the number that this one has on the old. */
	wire_session(w, i, r)->fragment_id = 0;
	assert_int_equal(wire_send(w, i, r, 1514, 100), DROP_NONE);
	wire_deliver(w, &response);
	wire_settle(w);
	assert_int_equal(to->frames, 1);
	assert_int_equal(wire_send(w, i, r, 1514, 7), DROP_NONE);
	wire_settle(w);
	assert_int_equal(to->frames, 2);
	for (size_t at = 0; at < 1514; at++)
		assert_int_equal(to->last_frame[at], (uint8_t)(7 + at * 31));
	wire_free(w);
}

static void what_waits_for_a_peer_that_goes_down_or_away_is_not_sent(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 3});
	const struct datagram *d;

	(void)state;
	wire_connect(w);
	wire_run(w, S_NS);
	/* Open datagrams of both; the first one's is taken out between. */
	assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NONE);
	assert_int_equal(wire_send(w, 0, 2, 60, 2), DROP_NONE);
	assert_int_equal(forge_record(w, 1, 0, RECORD_GOODBYE, "", 0), DROP_NONE);
	engine_flush(wire_engine(w, 0), w->now_ns);
	assert_int_equal(engine_outbox(wire_engine(w, 0), &d), 1);
	assert_int_equal(d->peer, w->hosts[0].peer[2]);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, 0);
	assert_int_equal(w->hosts[2].frames, 1);
	/* Removed: what waits goes out before the goodbye. */
	assert_int_equal(wire_send(w, 0, 2, 60, 3), DROP_NONE);
	engine_peer_remove(wire_engine(w, 0), w->hosts[0].peer[2], w->now_ns);
	wire_settle(w);
	assert_int_equal(w->hosts[2].frames, 2);
	assert_false(wire_is_up(w, 2, 0));
	wire_free(w);
}

static void frame_for_no_peer_or_no_session_is_counted(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});
	uint8_t frame[60] = {0};
	struct frame_out out = {.vlan = 1, .frame = frame, .len = sizeof(frame)};
	struct drops before = wire_drops(w, 0);

	(void)state;
	assert_int_equal(engine_send_frame(wire_engine(w, 0), -1, &out, w->now_ns),
			 DROP_NO_SESSION);
	wire_assert_one_drop(w, 0, &before, OF_AGENT, DROP_NO_SESSION);
	assert_int_equal(engine_send_frame(wire_engine(w, 0), 99, &out, w->now_ns),
			 DROP_NO_SESSION);
	wire_know(w, 0, 1, true);
	before = wire_drops(w, 0);
	assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NO_SESSION);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_NO_SESSION);
	wire_free(w);
}

/* ---- runs ---- */

enum {
	RUN_MAX = 8
};

/* Send frames of these lengths at once; 0 ends them. Datagrams must be as long as @expected says. */
static void assert_lengths(struct wire *w, const size_t frames[RUN_MAX],
			   const size_t expected[RUN_MAX])
{
	unsigned sent = 0, before = w->hosts[1].frames;
	const struct datagram *d;

	for (; sent < RUN_MAX && frames[sent]; sent++)
		assert_int_equal(wire_send(w, 0, 1, frames[sent], (uint8_t)sent), DROP_NONE);
	engine_flush(wire_engine(w, 0), w->now_ns);
	assert_int_equal(engine_outbox(wire_engine(w, 0), &d), sent);
	for (unsigned i = 0; i < sent; i++)
		assert_int_equal(d[i].len, expected[i]);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, before + sent);
}

#define ASSERT_LENGTHS(w, frames, expected) \
	assert_lengths(w, (const size_t[RUN_MAX])frames, (const size_t[RUN_MAX])expected)
#define LIST(...)           \
	{                   \
		__VA_ARGS__ \
	}

static struct wire *quiet_pair(void)
{
	struct wire *w = wire_pair();

	wire_run(w, S_NS);
	return w;
}

static void full_datagrams_are_made_as_long_as_the_first(void **state)
{
	struct wire *w = quiet_pair();
	struct drops before = wire_drops(w, 1);

	(void)state;
	ASSERT_LENGTHS(w, LIST(1100, 1090, 1029, 1100, 1000), LIST(1137, 1137, 1137, 1137, 1037));
	wire_assert_no_drop(w, 1, &before);
	wire_free(w);
}

static void the_last_stays_as_it_is(void **state)
{
	struct wire *w = quiet_pair();

	(void)state;
	ASSERT_LENGTHS(w, LIST(1100, 1090), LIST(1137, 1127));
	wire_free(w);
}

static void one_shorter_by_more_than_a_sixteenth_ends_the_run(void **state)
{
	struct wire *w = quiet_pair();

	(void)state;
	ASSERT_LENGTHS(w, LIST(1100, 1028, 1080, 1070, 1000), LIST(1137, 1065, 1117, 1117, 1037));
	wire_free(w);
}

static void a_longer_one_begins_another_run(void **state)
{
	struct wire *w = quiet_pair();

	(void)state;
	ASSERT_LENGTHS(w, LIST(1080, 1100, 1090, 1000), LIST(1117, 1137, 1137, 1037));
	wire_free(w);
}

static void a_run_does_not_outlive_the_flush(void **state)
{
	struct wire *w = quiet_pair();

	(void)state;
	ASSERT_LENGTHS(w, LIST(1100, 1100, 1000), LIST(1137, 1137, 1037));
	ASSERT_LENGTHS(w, LIST(1080, 1070, 1000), LIST(1117, 1117, 1037));
	wire_free(w);
}

static void no_padding_exceeds_what_the_path_carries(void **state)
{
	struct wire *w = quiet_pair();
	struct peer *p = wire_peer(w, 0, 1);
	const struct datagram *d;

	(void)state;
	wire_send(w, 0, 1, 1190, 1);
	wire_send(w, 0, 1, 1190, 2);
	p->paths.list[p->paths.active].mtu_bytes = DATAGRAM_LEAST_BYTES;
	wire_send(w, 0, 1, 1150, 3);
	wire_send(w, 0, 1, 1150, 4);
	engine_flush(wire_engine(w, 0), w->now_ns);
	assert_int_equal(engine_outbox(wire_engine(w, 0), &d), 4);
	assert_int_equal(d[1].len, 1227);
	assert_int_equal(d[2].len, 1187);
	wire_free(w);
}

/* One whose place in the order changes because another is gone keeps its bytes. */
static void one_that_moves_up_is_not_mixed_up_with_others(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 3});
	struct peer *gone = wire_peer(w, 0, 2);

	(void)state;
	wire_connect(w);
	wire_run(w, S_NS);
	wire_send(w, 0, 2, 1000, 1);
	for (uint8_t i = 0; i < 5; i++)
		wire_send(w, 0, 1, 1190, i);
	outbox_discard(wire_engine(w, 0), gone);
	engine_flush(wire_engine(w, 0), w->now_ns);
	for (uint8_t i = 0; i < 5; i++)
		wire_send(w, 0, 1, 1190, i);
	wire_settle(w);
	assert_int_equal(w->hosts[1].frames, 10);
	wire_assert_carries(w, 0, 2);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_outbox_refuses_a_frame_that_may_be_tried_again),
		cmocka_unit_test(split_frame_goes_out_whole_or_not_at_all),
		cmocka_unit_test(initiation_that_cannot_be_answered_is_counted_and_may_come_again),
		cmocka_unit_test(what_was_not_flushed_is_neither_shown_nor_lost_by_a_clear),
		cmocka_unit_test(full_outbox_stops_a_tick_that_goes_on_after_it_is_cleared),
		cmocka_unit_test(frames_of_several_classes_never_share_a_datagram),
		cmocka_unit_test(pieces_of_a_frame_have_its_class),
		cmocka_unit_test(what_is_no_frame_has_no_class),
		cmocka_unit_test(input_with_a_full_outbox_harms_nothing),
		cmocka_unit_test(piece_of_a_frame_never_goes_out_on_another_session),
		cmocka_unit_test(what_waits_for_a_peer_that_goes_down_or_away_is_not_sent),
		cmocka_unit_test(frame_for_no_peer_or_no_session_is_counted),
		cmocka_unit_test(full_datagrams_are_made_as_long_as_the_first),
		cmocka_unit_test(the_last_stays_as_it_is),
		cmocka_unit_test(one_shorter_by_more_than_a_sixteenth_ends_the_run),
		cmocka_unit_test(a_longer_one_begins_another_run),
		cmocka_unit_test(a_run_does_not_outlive_the_flush),
		cmocka_unit_test(no_padding_exceeds_what_the_path_carries),
		cmocka_unit_test(one_that_moves_up_is_not_mixed_up_with_others),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
