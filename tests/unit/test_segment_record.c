/*
 * test_segment_record.c - what agents tell each other about their segments: PROTOCOL.md 6.6
 */
#include "forge.h"

#include <errno.h>
#include <sodium.h>

#include "proto/segments.h"

enum {
	KIND_REPORT = 0,
	KIND_ANSWER = 1,
	LATER_KIND = 2,
};

static struct segment_id id_of(unsigned n)
{
	struct segment_id id;

	for (unsigned i = 0; i < SEGMENT_ID_BYTES; i++)
		id.b[i] = (uint8_t)(n * 31 + i);
	return id;
}

static struct segment_state state_of(uint8_t number, size_t own, size_t heard)
{
	struct segment_state s = {.number = number,
				  .vlan = VLAN_ID_MIN,
				  .token = UINT64_C(0x0102030405060708) * number,
				  .own_count = own,
				  .heard_count = heard};

	for (size_t i = 0; i < own; i++)
		s.own[i] = id_of(number + (unsigned)i);
	for (size_t i = 0; i < heard; i++)
		s.heard[i] = id_of(100 + number + (unsigned)i);
	return s;
}

/* All that a report can hold. */
static struct segment_report longest_report(void)
{
	struct segment_report report = {.generation = UINT32_MAX, .count = SEGMENTS_MAX};

	for (size_t i = 0; i < SEGMENTS_MAX; i++) {
		report.list[i] = state_of((uint8_t)(250 + i), SEGMENT_OWN_MAX, SEGMENT_HEARD_MAX);
		report.list[i].vlan = (uint16_t)(VLAN_ID_MAX - i);
		report.list[i].serves = i & 1;
		report.list[i].is_blocked = i & 2;
	}
	return report;
}

static struct segment_answer longest_answer(void)
{
	struct segment_answer answer = {
		.generation = 7, .role_count = SEGMENTS_MAX, .name_count = SEGMENT_NAMES_MAX};

	for (size_t i = 0; i < SEGMENTS_MAX; i++)
		answer.roles[i] = (struct segment_role){(uint8_t)(i * 51), i & 1};
	for (size_t i = 0; i < SEGMENT_NAMES_MAX; i++) {
		answer.names[i].id = id_of((unsigned)i);
		memset(answer.names[i].name, 'a' + (int)i, NAME_BYTES - 1);
	}
	return answer;
}

static int send_report(struct wire *w, unsigned from, unsigned to,
		       const struct segment_report *report)
{
	return engine_send_segment_report(wire_engine(w, from), w->hosts[from].peer[to], report,
					  w->now_ns);
}

static int send_answer(struct wire *w, unsigned from, unsigned to,
		       const struct segment_answer *answer)
{
	return engine_send_segment_answer(wire_engine(w, from), w->hosts[from].peer[to], answer,
					  w->now_ns);
}

/* ---- there and back ---- */

static void assert_same_ids(const struct segment_id *a, const struct segment_id *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_memory_equal(a[i].b, b[i].b, SEGMENT_ID_BYTES);
}

static void assert_same_state(const struct segment_state *a, const struct segment_state *b)
{
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->vlan, b->vlan);
	assert_int_equal(a->serves, b->serves);
	assert_int_equal(a->is_blocked, b->is_blocked);
	assert_true(a->token == b->token);
	assert_int_equal(a->own_count, b->own_count);
	assert_same_ids(a->own, b->own, b->own_count);
	assert_int_equal(a->heard_count, b->heard_count);
	assert_same_ids(a->heard, b->heard, b->heard_count);
}

static void assert_report_arrives(struct wire *w, const struct segment_report *report)
{
	const struct segment_report *got = &w->hosts[1].last_report;
	uint32_t before = w->hosts[1].reports;

	assert_int_equal(send_report(w, 0, 1, report), 0);
	wire_settle(w);
	assert_int_equal(w->hosts[1].reports, before + 1);
	assert_int_equal(got->generation, report->generation);
	assert_int_equal(got->count, report->count);
	for (size_t i = 0; i < report->count; i++)
		assert_same_state(&got->list[i], &report->list[i]);
}

static void assert_answer_arrives(struct wire *w, const struct segment_answer *answer)
{
	const struct segment_answer *got = &w->hosts[1].last_answer;
	uint32_t before = w->hosts[1].answers;

	assert_int_equal(send_answer(w, 0, 1, answer), 0);
	wire_settle(w);
	assert_int_equal(w->hosts[1].answers, before + 1);
	assert_int_equal(got->generation, answer->generation);
	assert_int_equal(got->role_count, answer->role_count);
	for (size_t i = 0; i < answer->role_count; i++) {
		assert_int_equal(got->roles[i].number, answer->roles[i].number);
		assert_int_equal(got->roles[i].standby, answer->roles[i].standby);
	}
	assert_int_equal(got->name_count, answer->name_count);
	for (size_t i = 0; i < answer->name_count; i++) {
		assert_same_ids(&got->names[i].id, &answer->names[i].id, 1);
		assert_string_equal(got->names[i].name, answer->names[i].name);
	}
}

static void report_arrives_as_it_was_from_the_shortest_to_the_longest(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = {.generation = 1};
	struct drops before = wire_drops(w, 1);

	(void)state;
	assert_report_arrives(w, &report);
	report = (struct segment_report){.generation = 2, .count = 1, .list = {state_of(0, 0, 0)}};
	assert_report_arrives(w, &report);
	report.list[0] = state_of(255, 1, 3);
	report.list[0].serves = true;
	assert_report_arrives(w, &report);
	report = longest_report();
	assert_report_arrives(w, &report);
	wire_assert_no_drop(w, 1, &before);
	wire_free(w);
}

static void answer_arrives_as_it_was_from_the_shortest_to_the_longest(void **state)
{
	struct wire *w = wire_pair();
	struct segment_answer answer = {.generation = 1};
	struct drops before = wire_drops(w, 1);

	(void)state;
	assert_answer_arrives(w, &answer);
	answer = (struct segment_answer){.role_count = 1, .roles = {{5, true}}};
	assert_answer_arrives(w, &answer);
	answer = (struct segment_answer){.name_count = 1, .names = {{id_of(1), "J\xc3\xb6rg"}}};
	assert_answer_arrives(w, &answer);
	answer = longest_answer();
	assert_answer_arrives(w, &answer);
	wire_assert_no_drop(w, 1, &before);
	wire_free(w);
}

static void report_says_who_sent_it_and_holds_no_frame(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = longest_report();
	struct peer_info before = wire_info(w, 1, 0);
	struct frame_in in;
	struct packet p;

	(void)state;
	assert_int_equal(send_report(w, 0, 1, &report), 0);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	assert_int_equal(engine_input(wire_engine(w, 1), &p.from, p.bytes, p.len, w->now_ns),
			 DROP_NONE);
	memset(&in, 0xff, sizeof(in));
	assert_true(engine_next_frame(wire_engine(w, 1), &in, w->now_ns));
	assert_int_equal(in.peer, w->hosts[1].peer[0]);
	assert_non_null(in.report);
	assert_null(in.answer);
	assert_null(in.frame);
	assert_int_equal(in.len, 0);
	assert_false(engine_next_frame(wire_engine(w, 1), &in, w->now_ns));
	assert_int_equal(wire_info(w, 1, 0).rx_frames, before.rx_frames);
	wire_free(w);
}

/* As an agent does that answers what it has in hand. */
static void report_stays_readable_while_its_answer_is_sent(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = longest_report();
	struct segment_answer answer = longest_answer();
	struct frame_in in;
	struct packet p;

	(void)state;
	send_report(w, 0, 1, &report);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	engine_input(wire_engine(w, 1), &p.from, p.bytes, p.len, w->now_ns);
	assert_true(engine_next_frame(wire_engine(w, 1), &in, w->now_ns));
	assert_int_equal(send_answer(w, 1, 0, &answer), 0);
	engine_flush(wire_engine(w, 1), w->now_ns);
	assert_int_equal(in.report->count, report.count);
	assert_same_state(&in.report->list[5], &report.list[5]);
	wire_free(w);
}

static void reports_answers_and_frames_share_a_datagram_in_order(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = {.generation = 9, .count = 1, .list = {state_of(1, 2, 2)}};
	struct segment_answer answer = {.generation = 3, .role_count = 1};
	struct frame_in in;
	struct packet p;

	(void)state;
	assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NONE);
	assert_int_equal(send_report(w, 0, 1, &report), 0);
	assert_int_equal(send_answer(w, 0, 1, &answer), 0);
	assert_int_equal(wire_send(w, 0, 1, 61, 1), DROP_NONE);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	engine_input(wire_engine(w, 1), &p.from, p.bytes, p.len, w->now_ns);
	assert_true(engine_next_frame(wire_engine(w, 1), &in, w->now_ns));
	assert_int_equal(in.len, 60);
	assert_true(engine_next_frame(wire_engine(w, 1), &in, w->now_ns) && in.report);
	assert_true(engine_next_frame(wire_engine(w, 1), &in, w->now_ns) && in.answer);
	assert_true(engine_next_frame(wire_engine(w, 1), &in, w->now_ns));
	assert_int_equal(in.len, 61);
	assert_false(engine_next_frame(wire_engine(w, 1), &in, w->now_ns));
	assert_false(wire_take(w, MESSAGE_DATA, &p));
	wire_free(w);
}

static void name_that_is_empty_is_left_out_of_an_answer(void **state)
{
	struct wire *w = wire_pair();
	struct segment_answer answer = {
		.name_count = 3, .names = {{id_of(1), "anna"}, {id_of(2), ""}, {id_of(3), "ben"}}};

	(void)state;
	assert_int_equal(send_answer(w, 0, 1, &answer), 0);
	wire_settle(w);
	assert_int_equal(w->hosts[1].last_answer.name_count, 2);
	assert_string_equal(w->hosts[1].last_answer.names[1].name, "ben");
	assert_same_ids(&w->hosts[1].last_answer.names[1].id, &answer.names[2].id, 1);
	wire_free(w);
}

static void without_a_session_or_a_peer_there_is_nobody_to_tell(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});
	struct segment_report report = {.generation = 1};
	struct segment_answer answer = {.generation = 1};

	(void)state;
	assert_int_equal(send_report(w, 0, 1, &report), -ENOTCONN);
	assert_int_equal(send_answer(w, 0, 1, &answer), -ENOTCONN);
	wire_connect(w);
	assert_int_equal(send_report(w, 0, 1, &report), 0);
	assert_int_equal(engine_send_segment_report(wire_engine(w, 0), 17, &report, w->now_ns),
			 -ENOTCONN);
	assert_int_equal(engine_send_segment_answer(wire_engine(w, 0), -1, &answer, w->now_ns),
			 -ENOTCONN);
	wire_free(w);
}

static void full_outbox_takes_no_report_until_it_is_cleared(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = longest_report();
	struct segment_answer answer = longest_answer();
	unsigned n = 0;

	(void)state;
	while (send_report(w, 0, 1, &report) == 0)
		assert_in_range(++n, 1, OUTBOX_MAX);
	assert_int_equal(n, OUTBOX_MAX); /* at its longest, one a datagram */
	assert_int_equal(send_report(w, 0, 1, &report), -ENOBUFS);
	assert_int_equal(send_answer(w, 0, 1, &answer), -ENOBUFS);
	wire_settle(w);
	assert_int_equal(w->hosts[1].reports, OUTBOX_MAX);
	assert_int_equal(send_report(w, 0, 1, &report), 0);
	wire_free(w);
}

/* ---- what others may send ---- */

static uint8_t scratch[2048];

static struct writer start(uint8_t kind)
{
	struct writer w = writer_over(scratch, sizeof(scratch));

	writer_u8(&w, kind);
	writer_u32(&w, 7);
	return w;
}

static void put_state(struct writer *w, uint8_t number, uint16_t vlan, uint8_t flags)
{
	writer_u8(w, number);
	writer_u16(w, vlan);
	writer_u8(w, flags);
	writer_u64(w, 99);
	writer_u8(w, 0);
	writer_u8(w, 0);
}

static void say(struct wire *w, const struct writer *at)
{
	assert_int_equal(forge_record(w, 0, 1, RECORD_SEGMENTS, at->start, writer_used(at)),
			 DROP_NONE);
}

/* Delivers nothing, counts one bad record. */
static void assert_bad(struct wire *w, const struct writer *at)
{
	struct drops before = wire_drops(w, 1);
	uint32_t reports = w->hosts[1].reports, answers = w->hosts[1].answers;

	say(w, at);
	wire_assert_one_drop(w, 1, &before, OF_PEER, DROP_BAD_RECORD);
	assert_int_equal(w->hosts[1].reports, reports);
	assert_int_equal(w->hosts[1].answers, answers);
}

static void assert_good(struct wire *w, const struct writer *at)
{
	struct drops before = wire_drops(w, 1);
	uint32_t got = w->hosts[1].reports + w->hosts[1].answers;

	say(w, at);
	wire_assert_no_drop(w, 1, &before);
	assert_int_equal(w->hosts[1].reports + w->hosts[1].answers, got + 1);
}

static void kind_of_a_later_version_is_skipped_and_counted(void **state)
{
	struct wire *w = wire_pair();
	struct drops before;

	(void)state;
	for (unsigned kind = LATER_KIND; kind <= UINT8_MAX; kind += 23) {
		struct writer at = start((uint8_t)kind);

		before = wire_drops(w, 1);
		say(w, &at);
		wire_assert_one_drop(w, 1, &before, OF_PEER, DROP_UNKNOWN_RECORD);
		at.at = at.start + 1;
		before = wire_drops(w, 1);
		say(w, &at);
		wire_assert_one_drop(w, 1, &before, OF_PEER, DROP_UNKNOWN_RECORD);
	}
	assert_int_equal(w->hosts[1].reports + w->hosts[1].answers, 0);
	wire_free(w);
}

static void what_a_later_version_adds_at_the_end_or_in_flags_is_ignored(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = start(KIND_REPORT);

	(void)state;
	writer_u8(&at, 1);
	put_state(&at, 1, 1, 0xfd); /* all but blocked */
	writer_bytes(&at, "whatever", 8);
	assert_good(w, &at);
	assert_true(w->hosts[1].last_report.list[0].serves);
	assert_false(w->hosts[1].last_report.list[0].is_blocked);
	at = start(KIND_ANSWER);
	writer_u8(&at, 1);
	writer_u8(&at, 4);
	writer_u8(&at, 0xfe); /* all but stand by */
	writer_u8(&at, 0);
	writer_bytes(&at, "whatever", 8);
	assert_good(w, &at);
	assert_int_equal(w->hosts[1].last_answer.roles[0].number, 4);
	assert_false(w->hosts[1].last_answer.roles[0].standby);
	wire_free(w);
}

static void counts_above_the_most_make_the_whole_a_bad_record(void **state)
{
	struct wire *w = wire_pair();
	struct writer at;

	(void)state;
	for (unsigned more = 1; more <= UINT8_MAX - SEGMENTS_MAX; more += 31) {
		at = start(KIND_REPORT);
		writer_u8(&at, (uint8_t)(SEGMENTS_MAX + more));
		writer_zeros(&at, 1000);
		assert_bad(w, &at);
		at = start(KIND_ANSWER);
		writer_u8(&at, (uint8_t)(SEGMENTS_MAX + more));
		writer_zeros(&at, 1000);
		assert_bad(w, &at);
		at = start(KIND_ANSWER);
		writer_u8(&at, 0);
		writer_u8(&at, (uint8_t)(SEGMENT_NAMES_MAX + more));
		for (unsigned i = 0; i < 20; i++)
			writer_bytes(&at, "12345678\1a", 10);
		assert_bad(w, &at);
	}
	wire_free(w);
}

static void too_many_ids_make_the_whole_a_bad_record(void **state)
{
	struct wire *w = wire_pair();
	struct writer at;

	(void)state;
	for (unsigned most = 0; most < 2; most++) {
		at = start(KIND_REPORT);
		writer_u8(&at, 1);
		put_state(&at, 1, 1, 0);
		at.at -= 2;
		writer_u8(&at, (uint8_t)(SEGMENT_OWN_MAX + most));
		writer_zeros(&at, (SEGMENT_OWN_MAX + most) * SEGMENT_ID_BYTES);
		writer_u8(&at, 0);
		most ? assert_bad(w, &at) : assert_good(w, &at);
		at = start(KIND_REPORT);
		writer_u8(&at, 1);
		put_state(&at, 1, 1, 0);
		at.at -= 1;
		writer_u8(&at, (uint8_t)(SEGMENT_HEARD_MAX + most));
		writer_zeros(&at, (SEGMENT_HEARD_MAX + most) * SEGMENT_ID_BYTES);
		most ? assert_bad(w, &at) : assert_good(w, &at);
	}
	wire_free(w);
}

static void vlan_that_no_vlan_has_is_a_bad_record(void **state)
{
	static const uint16_t vlans[] = {0, VLAN_ID_MAX + 1, 0x1001, UINT16_MAX};
	struct wire *w = wire_pair();

	(void)state;
	for (size_t i = 0; i < sizeof(vlans) / sizeof(vlans[0]); i++) {
		struct writer at = start(KIND_REPORT);

		writer_u8(&at, 1);
		put_state(&at, 1, vlans[i], 0);
		assert_bad(w, &at);
	}
	wire_free(w);
}

static void attachment_that_is_named_twice_is_a_bad_record(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = start(KIND_REPORT);

	(void)state;
	writer_u8(&at, 2);
	put_state(&at, 200, 1, 0);
	put_state(&at, 200, 2, 0);
	assert_bad(w, &at);
	at = start(KIND_ANSWER);
	writer_u8(&at, 3);
	writer_bytes(&at, "\xc8\1\x48\1\xc8\0", 6);
	writer_u8(&at, 0);
	assert_bad(w, &at);
	at.start[10] = 201; /* the third number */
	assert_good(w, &at);
	wire_free(w);
}

static void name_that_is_no_text_makes_the_answer_a_bad_record(void **state)
{
	static const char *const names[] = {"",
					    "\x1b[2J",
					    "a\nb",
					    "a\xff",
					    "\xc3",
					    "\xc2\x9b",
					    "0123456789012345678901234567890123456789"
					    "012345678901234567890123"};
	struct wire *w = wire_pair();

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct writer at = start(KIND_ANSWER);

		writer_u8(&at, 0);
		writer_u8(&at, 1);
		writer_zeros(&at, SEGMENT_ID_BYTES);
		writer_u8(&at, (uint8_t)strlen(names[i]));
		writer_bytes(&at, names[i], strlen(names[i]));
		assert_bad(w, &at);
	}
	wire_free(w);
}

/* Body of the record that an engine sends, which is the first of its datagram. */
static struct writer sent_by_engine(struct wire *w)
{
	struct packet p;
	struct session *s = wire_session(w, 1, 0);
	struct sealed sealed = {.datagram = p.bytes};
	struct reader r;
	struct writer at = writer_over(scratch, sizeof(scratch));
	size_t len;

	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	sealed.text_len = p.len - DATA_MIN_BYTES;
	r = reader_over(p.bytes + TYPE_BYTES + INDEX_BYTES, 8);
	sealed.counter = reader_u64(&r);
	assert_true(open_datagram(
		s->cipher,
		wire_peer(w, 1, 0)->secrets->sessions[wire_peer(w, 1, 0)->current].receive,
		&sealed));
	r = reader_over(p.bytes + DATA_HEADER_BYTES, sealed.text_len);
	assert_int_equal(reader_u8(&r), RECORD_SEGMENTS);
	len = reader_u16(&r);
	writer_bytes(&at, reader_bytes(&r, len), len);
	assert_int_equal(reader_left(&r), 0);
	return at;
}

static void assert_every_truncation_is_bad(struct wire *w)
{
	struct writer whole = sent_by_engine(w), some = whole;

	for (size_t len = writer_used(&whole); len-- > 0;) {
		some.at = whole.start + len;
		assert_bad(w, &some);
	}
}

static void every_truncation_is_a_bad_record(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = longest_report();
	struct segment_answer answer = longest_answer();

	(void)state;
	send_report(w, 0, 1, &report);
	assert_every_truncation_is_bad(w);
	send_answer(w, 0, 1, &answer);
	assert_every_truncation_is_bad(w);
	wire_free(w);
}

/* The rest of the datagram is read on. */
static void bad_record_leaves_what_follows_it(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = writer_over(scratch, sizeof(scratch));

	(void)state;
	forge_put(&at, RECORD_SEGMENTS, "\0\0\0\0\7\7", 6);
	forge_put(&at, RECORD_SEGMENTS, "\0\0\0\0\7\0", 6);
	assert_int_equal(forge_records(w, 0, 1, &at), DROP_NONE);
	assert_int_equal(w->hosts[1].reports, 1);
	assert_int_equal(w->hosts[1].last_report.generation, 7);
	wire_free(w);
}

/* ---- time ---- */

/* Host 0 reports every second, as one that shares a segment does. */
static void report_for(struct wire *w, unsigned seconds)
{
	struct segment_report report = {.generation = 1, .count = 1, .list = {state_of(1, 2, 2)}};

	for (unsigned i = 0; i < seconds; i++) {
		send_report(w, 0, 1, &report);
		wire_run(w, S_NS);
	}
}

static bool lose_of_1(struct wire *w, struct packet *p)
{
	return !addr_equal(&p->from, &w->hosts[1].host.at);
}

static void peer_that_is_gone_is_noticed_although_reports_go_out_all_the_time(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	report_for(w, 5);
	w->pass = lose_of_1;
	report_for(w, 46); /* as without them: a ping after 20 s, and 25 s of silence */
	assert_false(wire_is_up(w, 0, 1));
	wire_free(w);
}

static void peer_that_only_hears_reports_stays_up_and_says_no_more_than_without(void **state)
{
	struct wire *quiet = wire_pair(), *w;
	uint32_t without, with;

	(void)state;
	wire_run(quiet, 100 * S_NS);
	without = quiet->sent[MESSAGE_DATA];
	wire_free(quiet);
	w = wire_pair();
	report_for(w, 100);
	with = w->sent[MESSAGE_DATA];
	assert_in_range(w->hosts[1].reports, 100, 100);
	assert_in_range(with, without + 90, without + 101);
	assert_true(wire_is_up(w, 0, 1) && wire_is_up(w, 1, 0));
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_arrives_as_it_was_from_the_shortest_to_the_longest),
		cmocka_unit_test(answer_arrives_as_it_was_from_the_shortest_to_the_longest),
		cmocka_unit_test(report_says_who_sent_it_and_holds_no_frame),
		cmocka_unit_test(report_stays_readable_while_its_answer_is_sent),
		cmocka_unit_test(reports_answers_and_frames_share_a_datagram_in_order),
		cmocka_unit_test(name_that_is_empty_is_left_out_of_an_answer),
		cmocka_unit_test(without_a_session_or_a_peer_there_is_nobody_to_tell),
		cmocka_unit_test(full_outbox_takes_no_report_until_it_is_cleared),
		cmocka_unit_test(kind_of_a_later_version_is_skipped_and_counted),
		cmocka_unit_test(what_a_later_version_adds_at_the_end_or_in_flags_is_ignored),
		cmocka_unit_test(counts_above_the_most_make_the_whole_a_bad_record),
		cmocka_unit_test(too_many_ids_make_the_whole_a_bad_record),
		cmocka_unit_test(vlan_that_no_vlan_has_is_a_bad_record),
		cmocka_unit_test(attachment_that_is_named_twice_is_a_bad_record),
		cmocka_unit_test(name_that_is_no_text_makes_the_answer_a_bad_record),
		cmocka_unit_test(every_truncation_is_a_bad_record),
		cmocka_unit_test(bad_record_leaves_what_follows_it),
		cmocka_unit_test(peer_that_is_gone_is_noticed_although_reports_go_out_all_the_time),
		cmocka_unit_test(
			peer_that_only_hears_reports_stays_up_and_says_no_more_than_without),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
