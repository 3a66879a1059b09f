/*
 * test_segments.c - reports and answers from one engine to another: proto/segments.h
 */
#include "segment_samples.h"

#include <errno.h>
#include <sodium.h>

static void assert_report_arrives(struct wire *w, const struct segment_report *report)
{
	uint32_t before = w->hosts[1].reports;

	assert_int_equal(sample_send_report(w, 0, 1, report), 0);
	wire_settle(w);
	assert_int_equal(w->hosts[1].reports, before + 1);
	assert_same_report(&w->hosts[1].last_report, report);
}

static void assert_answer_arrives(struct wire *w, const struct segment_answer *answer)
{
	uint32_t before = w->hosts[1].answers;

	assert_int_equal(sample_send_answer(w, 0, 1, answer), 0);
	wire_settle(w);
	assert_int_equal(w->hosts[1].answers, before + 1);
	assert_same_answer(&w->hosts[1].last_answer, answer);
}

static void report_arrives_as_it_was_from_the_shortest_to_the_longest(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = {.generation = 1};
	struct drops before = wire_drops(w, 1);

	(void)state;
	assert_report_arrives(w, &report);
	report = (struct segment_report){
		.generation = 2, .count = 1, .list = {sample_state(0, 0, 0)}};
	assert_report_arrives(w, &report);
	report.list[0] = sample_state(255, 1, 3);
	report.list[0].serves = true;
	assert_report_arrives(w, &report);
	report = sample_report();
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
	answer = (struct segment_answer){.name_count = 1, .names = {{sample_id(1), "J\xc3\xb6rg"}}};
	assert_answer_arrives(w, &answer);
	answer = sample_answer();
	assert_answer_arrives(w, &answer);
	wire_assert_no_drop(w, 1, &before);
	wire_free(w);
}

static void report_says_who_sent_it_and_holds_no_frame(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = sample_report();
	struct peer_info before = wire_info(w, 1, 0);
	struct frame_in in;
	struct packet p;

	(void)state;
	assert_int_equal(sample_send_report(w, 0, 1, &report), 0);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	assert_int_equal(engine_input(wire_engine(w, 1), &(struct route){.remote = p.from}, p.bytes,
				      p.len, w->now_ns),
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
	struct segment_report report = sample_report();
	struct segment_answer answer = sample_answer();
	struct frame_in in;
	struct packet p;

	(void)state;
	sample_send_report(w, 0, 1, &report);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	engine_input(wire_engine(w, 1), &(struct route){.remote = p.from}, p.bytes, p.len,
		     w->now_ns);
	assert_true(engine_next_frame(wire_engine(w, 1), &in, w->now_ns));
	assert_int_equal(sample_send_answer(w, 1, 0, &answer), 0);
	engine_flush(wire_engine(w, 1), w->now_ns);
	assert_int_equal(in.report->count, report.count);
	assert_same_state(&in.report->list[5], &report.list[5]);
	wire_free(w);
}

static void reports_answers_and_frames_share_a_datagram_in_order(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = {
		.generation = 9, .count = 1, .list = {sample_state(1, 2, 2)}};
	struct segment_answer answer = {.generation = 3, .role_count = 1};
	struct frame_in in;
	struct packet p;

	(void)state;
	assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NONE);
	assert_int_equal(sample_send_report(w, 0, 1, &report), 0);
	assert_int_equal(sample_send_answer(w, 0, 1, &answer), 0);
	assert_int_equal(wire_send(w, 0, 1, 61, 1), DROP_NONE);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	engine_input(wire_engine(w, 1), &(struct route){.remote = p.from}, p.bytes, p.len,
		     w->now_ns);
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
		.name_count = 3,
		.names = {{sample_id(1), "anna"}, {sample_id(2), ""}, {sample_id(3), "ben"}}};

	(void)state;
	assert_int_equal(sample_send_answer(w, 0, 1, &answer), 0);
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
	assert_int_equal(sample_send_report(w, 0, 1, &report), -ENOTCONN);
	assert_int_equal(sample_send_answer(w, 0, 1, &answer), -ENOTCONN);
	wire_connect(w);
	assert_int_equal(sample_send_report(w, 0, 1, &report), 0);
	assert_int_equal(engine_send_segment_report(wire_engine(w, 0), 17, &report, w->now_ns),
			 -ENOTCONN);
	assert_int_equal(engine_send_segment_answer(wire_engine(w, 0), -1, &answer, w->now_ns),
			 -ENOTCONN);
	wire_free(w);
}

static void full_outbox_takes_no_report_until_it_is_cleared(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = sample_report();
	struct segment_answer answer = sample_answer();
	unsigned n = 0;

	(void)state;
	while (sample_send_report(w, 0, 1, &report) == 0)
		assert_in_range(++n, 1, OUTBOX_MAX);
	assert_int_equal(n, OUTBOX_MAX); /* at its longest, one a datagram */
	assert_int_equal(sample_send_report(w, 0, 1, &report), -ENOBUFS);
	assert_int_equal(sample_send_answer(w, 0, 1, &answer), -ENOBUFS);
	wire_settle(w);
	assert_int_equal(w->hosts[1].reports, OUTBOX_MAX);
	assert_int_equal(sample_send_report(w, 0, 1, &report), 0);
	wire_free(w);
}

/* ---- time ---- */

/* Host 0 reports every second, as one that shares a segment does. */
static void report_for(struct wire *w, unsigned seconds)
{
	struct segment_report report = {
		.generation = 1, .count = 1, .list = {sample_state(1, 2, 2)}};

	for (unsigned i = 0; i < seconds; i++) {
		sample_send_report(w, 0, 1, &report);
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
	assert_int_equal(w->hosts[1].reports, 100);
	assert_int_equal(with, without + 100);
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
		cmocka_unit_test(peer_that_is_gone_is_noticed_although_reports_go_out_all_the_time),
		cmocka_unit_test(
			peer_that_only_hears_reports_stays_up_and_says_no_more_than_without),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
