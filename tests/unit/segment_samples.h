/*
 * segment_samples.h - segment reports and answers for tests, and whether two are the same
 */
#ifndef TESTS_SEGMENT_SAMPLES_H
#define TESTS_SEGMENT_SAMPLES_H

#include "proto/segments.h"
#include "wire.h"

static inline struct segment_id sample_id(unsigned n)
{
	struct segment_id id;

	for (unsigned i = 0; i < SEGMENT_ID_BYTES; i++)
		id.b[i] = (uint8_t)(n * 31 + i);
	return id;
}

static inline struct segment_state sample_state(uint8_t number, size_t own, size_t heard)
{
	struct segment_state s = {.number = number,
				  .vlan = VLAN_ID_MIN,
				  .token = UINT64_C(0x0102030405060708) * number,
				  .own_count = own,
				  .heard_count = heard};

	for (size_t i = 0; i < own; i++)
		s.own[i] = sample_id(number + (unsigned)i);
	for (size_t i = 0; i < heard; i++)
		s.heard[i] = sample_id(100 + number + (unsigned)i);
	return s;
}

/* All that a report can hold; and an answer. */
static inline struct segment_report sample_report(void)
{
	struct segment_report report = {.generation = UINT32_MAX, .count = SEGMENTS_MAX};

	for (size_t i = 0; i < SEGMENTS_MAX; i++) {
		report.list[i] =
			sample_state((uint8_t)(250 + i), SEGMENT_OWN_MAX, SEGMENT_HEARD_MAX);
		report.list[i].vlan = (uint16_t)(VLAN_ID_MAX - i);
		report.list[i].serves = i & 1;
		report.list[i].is_blocked = i & 2;
		report.list[i].stands_by = i & 4;
	}
	return report;
}

static inline struct segment_answer sample_answer(void)
{
	struct segment_answer answer = {
		.generation = 7, .role_count = SEGMENTS_MAX, .name_count = SEGMENT_NAMES_MAX};

	for (size_t i = 0; i < SEGMENTS_MAX; i++)
		answer.roles[i] = (struct segment_role){(uint8_t)(i * 51), i & 1};
	for (size_t i = 0; i < SEGMENT_NAMES_MAX; i++) {
		answer.names[i].id = sample_id((unsigned)i);
		memset(answer.names[i].name, 'a' + (int)i, NAME_BYTES - 1);
	}
	return answer;
}

static inline void assert_same_ids(const struct segment_id *a, const struct segment_id *b,
				   size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_memory_equal(a[i].b, b[i].b, SEGMENT_ID_BYTES);
}

static inline void assert_same_state(const struct segment_state *a, const struct segment_state *b)
{
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->vlan, b->vlan);
	assert_int_equal(a->serves, b->serves);
	assert_int_equal(a->is_blocked, b->is_blocked);
	assert_int_equal(a->stands_by, b->stands_by);
	assert_true(a->token == b->token);
	assert_int_equal(a->own_count, b->own_count);
	assert_same_ids(a->own, b->own, b->own_count);
	assert_int_equal(a->heard_count, b->heard_count);
	assert_same_ids(a->heard, b->heard, b->heard_count);
}

static inline void assert_same_report(const struct segment_report *a,
				      const struct segment_report *b)
{
	assert_int_equal(a->generation, b->generation);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_same_state(&a->list[i], &b->list[i]);
}

static inline void assert_same_answer(const struct segment_answer *a,
				      const struct segment_answer *b)
{
	assert_int_equal(a->generation, b->generation);
	assert_int_equal(a->role_count, b->role_count);
	for (size_t i = 0; i < a->role_count; i++) {
		assert_int_equal(a->roles[i].number, b->roles[i].number);
		assert_int_equal(a->roles[i].standby, b->roles[i].standby);
	}
	assert_int_equal(a->name_count, b->name_count);
	for (size_t i = 0; i < a->name_count; i++) {
		assert_same_ids(&a->names[i].id, &b->names[i].id, 1);
		assert_string_equal(a->names[i].name, b->names[i].name);
	}
}

static inline int sample_send_report(struct wire *w, unsigned from, unsigned to,
				     const struct segment_report *report)
{
	return engine_send_segment_report(wire_engine(w, from), w->hosts[from].peer[to], report,
					  w->now_ns);
}

static inline int sample_send_answer(struct wire *w, unsigned from, unsigned to,
				     const struct segment_answer *answer)
{
	return engine_send_segment_answer(wire_engine(w, from), w->hosts[from].peer[to], answer,
					  w->now_ns);
}

#endif
