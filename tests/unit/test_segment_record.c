/*
 * test_segment_record.c - segment reports and answers byte by byte: PROTOCOL.md 6.6
 */
#include "forge.h"

#include <sodium.h>

#include "rng.h"
#include "segment_samples.h"

enum {
	KIND_REPORT = 0,
	KIND_ANSWER = 1,
	LATER_KIND = 2,
};

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
	put_state(&at, 1, 1, 0xf9); /* all but blocked and standing by */
	writer_bytes(&at, "whatever", 8);
	assert_good(w, &at);
	assert_true(w->hosts[1].last_report.list[0].serves);
	assert_false(w->hosts[1].last_report.list[0].is_blocked);
	assert_false(w->hosts[1].last_report.list[0].stands_by);
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
	static const char too_long[] = "0123456789012345678901234567890123456789"
				       "012345678901234567890123";
	static const char *const names[] = {"",     "\x1b[2J",  "a\nb",  "a\xff",
					    "\xc3", "\xc2\x9b", too_long};
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

/* Body of the record that host 0 just sent, alone in its datagram. */
static struct writer sent_by_engine(struct wire *w)
{
	struct writer at = writer_over(scratch, sizeof(scratch));
	struct packet p;
	struct reader r;
	size_t len;

	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	r = forge_open(w, 1, 0, &p);
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
	struct segment_report report = sample_report();
	struct segment_answer answer = sample_answer();

	(void)state;
	sample_send_report(w, 0, 1, &report);
	assert_every_truncation_is_bad(w);
	sample_send_answer(w, 0, 1, &answer);
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

/* ---- any bytes ---- */

enum {
	MUTATIONS = 20000,
	MUTATED_BYTES_MAX = 4,
};

/* The body, with a few bytes changed, sometimes cut or made longer. */
static struct writer mutate(struct rng *rng, const uint8_t *body, size_t len)
{
	static uint8_t mutated[1024];
	struct writer at = writer_over(mutated, sizeof(mutated));

	writer_bytes(&at, body, len);
	for (uint64_t n = rng_below(rng, MUTATED_BYTES_MAX + 1); n > 0; n--)
		mutated[rng_below(rng, len)] =
			rng_chance(rng, 50) ? (uint8_t)rng_below(rng, 20) : (uint8_t)rng_u64(rng);
	if (rng_chance(rng, 20))
		at.at = at.start + rng_below(rng, len);
	else if (rng_chance(rng, 20))
		writer_zeros(&at, rng_below(rng, 20));
	return at;
}

/* What host 1 took goes back and must come out the same: so all of it is within its bounds. */
static void assert_survives_the_way_back(struct wire *w, bool is_report)
{
	struct segment_report report = w->hosts[1].last_report;
	struct segment_answer answer = w->hosts[1].last_answer;

	if (is_report)
		assert_int_equal(sample_send_report(w, 1, 0, &report), 0);
	else
		assert_int_equal(sample_send_answer(w, 1, 0, &answer), 0);
	wire_settle(w);
	if (is_report)
		assert_same_report(&w->hosts[0].last_report, &report);
	else
		assert_same_answer(&w->hosts[0].last_answer, &answer);
}

static void assert_taken_or_counted(struct wire *w, const struct writer *at)
{
	struct drops before = wire_drops(w, 1), after;
	uint32_t reports = w->hosts[1].reports, answers = w->hosts[1].answers;
	uint64_t counted;
	uint32_t taken;

	say(w, at);
	after = wire_drops(w, 1);
	taken = w->hosts[1].reports - reports + w->hosts[1].answers - answers;
	counted = after.peers[DROP_BAD_RECORD] - before.peers[DROP_BAD_RECORD] +
		  after.peers[DROP_UNKNOWN_RECORD] - before.peers[DROP_UNKNOWN_RECORD];
	assert_int_equal(taken + counted, 1);
	if (taken)
		assert_survives_the_way_back(w, w->hosts[1].reports > reports);
	else
		wire_assert_one_drop(w, 1, &before, OF_PEER,
				     after.peers[DROP_BAD_RECORD] > before.peers[DROP_BAD_RECORD]
					     ? DROP_BAD_RECORD
					     : DROP_UNKNOWN_RECORD);
}

static void changed_bytes_are_taken_within_bounds_or_counted(void **state)
{
	struct wire *w = wire_pair();
	struct segment_report report = sample_report();
	struct segment_answer answer = sample_answer();
	struct rng rng = {.state = 13};
	uint8_t bodies[2][1024];
	size_t lens[2];
	struct writer at;

	(void)state;
	report.count = 3;
	for (size_t i = 0; i < 2; i++) {
		i == 0 ? sample_send_report(w, 0, 1, &report)
		       : sample_send_answer(w, 0, 1, &answer);
		at = sent_by_engine(w);
		lens[i] = writer_used(&at);
		memcpy(bodies[i], at.start, lens[i]);
	}
	for (unsigned i = 0; i < MUTATIONS; i++) {
		at = mutate(&rng, bodies[i % 2], lens[i % 2]);
		assert_taken_or_counted(w, &at);
	}
	/* Both happened often: or nothing was tried. */
	assert_true(w->hosts[1].reports > MUTATIONS / 10);
	assert_true(w->hosts[1].answers > MUTATIONS / 20);
	assert_true(wire_drops(w, 1).peers[DROP_BAD_RECORD] > MUTATIONS / 10);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kind_of_a_later_version_is_skipped_and_counted),
		cmocka_unit_test(what_a_later_version_adds_at_the_end_or_in_flags_is_ignored),
		cmocka_unit_test(counts_above_the_most_make_the_whole_a_bad_record),
		cmocka_unit_test(too_many_ids_make_the_whole_a_bad_record),
		cmocka_unit_test(vlan_that_no_vlan_has_is_a_bad_record),
		cmocka_unit_test(attachment_that_is_named_twice_is_a_bad_record),
		cmocka_unit_test(name_that_is_no_text_makes_the_answer_a_bad_record),
		cmocka_unit_test(every_truncation_is_a_bad_record),
		cmocka_unit_test(bad_record_leaves_what_follows_it),
		cmocka_unit_test(changed_bytes_are_taken_within_bounds_or_counted),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
