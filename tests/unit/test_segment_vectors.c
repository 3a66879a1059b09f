/*
 * test_segment_vectors.c - segment records against tests/vectors/segments.json, which the second
 * implementation reads too
 */
#include "forge.h"

#include <jansson.h>
#include <sodium.h>

#include "segment_samples.h"

#ifndef SEGMENT_VECTORS
#error "the build names the file"
#endif

enum {
	BODY_MAX = 2048
};

/** struct bytes - of a record's body */
struct bytes {
	uint8_t at[BODY_MAX];
	size_t len;
};

static json_t *file;

static const json_t *member(const json_t *of, const char *name)
{
	const json_t *found = json_object_get(of, name);

	if (!found)
		fail_msg("%s is missing", name);
	return found;
}

static uint64_t number(const json_t *of, const char *name)
{
	return (uint64_t)json_integer_value(member(of, name));
}

static size_t unhex(const json_t *text, void *out, size_t max)
{
	size_t len = 0;

	assert_true(json_is_string(text));
	assert_int_equal(sodium_hex2bin(out, max, json_string_value(text), json_string_length(text),
					NULL, &len, NULL),
			 0);
	return len;
}

static struct bytes body_of(const json_t *vector, const char *name)
{
	struct bytes b;

	b.len = unhex(member(vector, name), b.at, sizeof(b.at));
	return b;
}

static size_t load_ids(const json_t *list, struct segment_id *out, size_t most)
{
	assert_in_range(json_array_size(list), 0, most);
	for (size_t i = 0; i < json_array_size(list); i++)
		assert_int_equal(unhex(json_array_get(list, i), out[i].b, SEGMENT_ID_BYTES),
				 SEGMENT_ID_BYTES);
	return json_array_size(list);
}

static struct segment_state load_state(const json_t *v)
{
	uint8_t token[8];
	struct reader r = reader_over(token, sizeof(token));
	struct segment_state s = {
		.number = (uint8_t)number(v, "number"),
		.vlan = (uint16_t)number(v, "vlan"),
		.serves = json_is_true(member(v, "serves")),
		.is_blocked = json_is_true(member(v, "blocked")),
		.stands_by = json_is_true(json_object_get(v, "stands_by")),
	};

	assert_int_equal(unhex(member(v, "token"), token, sizeof(token)), sizeof(token));
	s.token = reader_u64(&r);
	s.own_count = load_ids(member(v, "own"), s.own, SEGMENT_OWN_MAX);
	s.heard_count = load_ids(member(v, "heard"), s.heard, SEGMENT_HEARD_MAX);
	return s;
}

static struct segment_report load_report(const json_t *v)
{
	const json_t *list = member(v, "segments");
	struct segment_report report = {.generation = (uint32_t)number(v, "generation"),
					.count = json_array_size(list)};

	assert_in_range(report.count, 0, SEGMENTS_MAX);
	for (size_t i = 0; i < report.count; i++)
		report.list[i] = load_state(json_array_get(list, i));
	return report;
}

static struct segment_answer load_answer(const json_t *v)
{
	const json_t *roles = member(v, "roles"), *names = member(v, "names");
	struct segment_answer answer = {.generation = (uint32_t)number(v, "generation"),
					.role_count = json_array_size(roles),
					.name_count = json_array_size(names)};

	assert_in_range(answer.role_count, 0, SEGMENTS_MAX);
	assert_in_range(answer.name_count, 0, SEGMENT_NAMES_MAX);
	for (size_t i = 0; i < answer.role_count; i++) {
		const json_t *role = json_array_get(roles, i);

		answer.roles[i].number = (uint8_t)number(role, "number");
		answer.roles[i].standby = json_is_true(member(role, "standby"));
	}
	for (size_t i = 0; i < answer.name_count; i++) {
		const json_t *name = json_array_get(names, i);
		const char *text = json_string_value(member(name, "name"));

		unhex(member(name, "id"), answer.names[i].id.b, SEGMENT_ID_BYTES);
		memcpy(answer.names[i].name, text, strlen(text));
	}
	return answer;
}

/* What host 0 just sent to host 1, and nothing else. */
static void assert_sent(struct wire *w, const struct bytes *want)
{
	struct packet p;
	struct reader r;

	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	r = forge_open(w, 1, 0, &p);
	assert_int_equal(reader_u8(&r), RECORD_SEGMENTS);
	assert_int_equal(reader_u16(&r), want->len);
	assert_int_equal(reader_left(&r), want->len);
	assert_memory_equal(r.at, want->at, want->len);
}

static void give(struct wire *w, const struct bytes *body)
{
	assert_int_equal(forge_record(w, 0, 1, RECORD_SEGMENTS, body->at, body->len), DROP_NONE);
}

static void reports_are_written_and_read_as_the_vectors_say(void **state)
{
	const json_t *list = member(file, "reports");
	struct wire *w = wire_pair();

	(void)state;
	assert_true(json_array_size(list) >= 4);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		struct segment_report report = load_report(v);
		struct bytes body = body_of(v, "body");

		assert_int_equal(sample_send_report(w, 0, 1, &report), 0);
		assert_sent(w, &body);
		give(w, &body);
		assert_int_equal(w->hosts[1].reports, i + 1);
		assert_same_report(&w->hosts[1].last_report, &report);
	}
	wire_free(w);
}

static void answers_are_written_and_read_as_the_vectors_say(void **state)
{
	const json_t *list = member(file, "answers");
	struct wire *w = wire_pair();

	(void)state;
	assert_true(json_array_size(list) >= 4);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		struct segment_answer answer = load_answer(v);
		struct bytes body = body_of(v, "body");

		assert_int_equal(sample_send_answer(w, 0, 1, &answer), 0);
		assert_sent(w, &body);
		give(w, &body);
		assert_int_equal(w->hosts[1].answers, i + 1);
		assert_same_answer(&w->hosts[1].last_answer, &answer);
	}
	wire_free(w);
}

static void what_the_vectors_refuse_is_counted_as_they_say(void **state)
{
	const json_t *list = member(file, "refused");
	struct wire *w = wire_pair();

	(void)state;
	assert_true(json_array_size(list) >= 10);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		struct drops before = wire_drops(w, 1);
		struct bytes body = body_of(v, "body");
		const char *counter = json_string_value(member(v, "counter"));
		enum drop reason = DROP_BAD_RECORD;

		while (reason < DROP_COUNT && strcmp(drop_name(reason), counter) != 0)
			reason++;
		give(w, &body);
		wire_assert_one_drop(w, 1, &before, OF_PEER, reason);
	}
	assert_int_equal(w->hosts[1].reports + w->hosts[1].answers, 0);
	wire_free(w);
}

static void what_later_versions_add_changes_nothing(void **state)
{
	const json_t *list = member(file, "later");
	struct wire *w = wire_pair();
	struct segment_report report;
	struct segment_answer answer;

	(void)state;
	assert_true(json_array_size(list) >= 2);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		struct bytes body = body_of(v, "body"), same = body_of(v, "same_as");
		uint32_t reports = w->hosts[1].reports, answers = w->hosts[1].answers;

		give(w, &body);
		report = w->hosts[1].last_report;
		answer = w->hosts[1].last_answer;
		give(w, &same);
		assert_int_equal(w->hosts[1].reports + w->hosts[1].answers, reports + answers + 2);
		if (w->hosts[1].reports > reports)
			assert_same_report(&w->hosts[1].last_report, &report);
		else
			assert_same_answer(&w->hosts[1].last_answer, &answer);
	}
	wire_free(w);
}

static int load(void **state)
{
	json_error_t error;

	(void)state;
	file = json_load_file(SEGMENT_VECTORS, 0, &error);
	return file ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	json_decref(file);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_are_written_and_read_as_the_vectors_say),
		cmocka_unit_test(answers_are_written_and_read_as_the_vectors_say),
		cmocka_unit_test(what_the_vectors_refuse_is_counted_as_they_say),
		cmocka_unit_test(what_later_versions_add_changes_nothing),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, load, unload);
}
