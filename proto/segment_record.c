/*
 * segment_record.c - see segment_record.h, proto/segments.h
 */
#include "segment_record.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "outbox.h"
#include "utf8.h"

enum segment_kind {
	KIND_REPORT = 0,
	KIND_ANSWER = 1,
};

enum {
	FLAG_SERVES = 0x01,
	FLAG_BLOCKED = 0x02,
	FLAG_STANDS_BY = 0x04,
	FLAG_STANDBY = 0x01, /* of a role */

	START_BYTES = 1 + 4, /* kind, generation */
	STATE_MAX_BYTES = 1 + 2 + 1 + 8 + 1 + SEGMENT_OWN_MAX * SEGMENT_ID_BYTES + 1 +
			  SEGMENT_HEARD_MAX * SEGMENT_ID_BYTES,
	REPORT_MAX_BYTES = START_BYTES + 1 + SEGMENTS_MAX * STATE_MAX_BYTES,
	ROLE_BYTES = 1 + 1,
	NAME_MAX_BYTES = SEGMENT_ID_BYTES + 1 + NAME_BYTES - 1,
	ANSWER_MAX_BYTES = START_BYTES + 1 + SEGMENTS_MAX * ROLE_BYTES + 1 +
			   SEGMENT_NAMES_MAX * NAME_MAX_BYTES,
};

_Static_assert((int)RECORD_HEADER_BYTES + (int)REPORT_MAX_BYTES <= (int)RECORDS_LEAST_BYTES,
	       "the longest report fits one datagram");
_Static_assert((int)RECORD_HEADER_BYTES + (int)ANSWER_MAX_BYTES <= (int)RECORDS_LEAST_BYTES,
	       "the longest answer fits one datagram");

/** struct numbers - which of the 256 numbers of attachments were seen; one bit each */
struct numbers {
	uint8_t seen[(UINT8_MAX + 1) / 8];
};

/* Each attachment is named once, so that it can be looked up by its number. */
static bool number_is_new(struct numbers *n, uint8_t number)
{
	uint8_t bit = (uint8_t)(1U << number % 8);
	bool is_new = !(n->seen[number / 8] & bit);

	n->seen[number / 8] |= bit;
	return is_new;
}

static bool vlan_is_valid(uint16_t vlan)
{
	return vlan >= VLAN_ID_MIN && vlan <= VLAN_ID_MAX;
}

/* ---- ours ---- */

static int send_segments(struct engine *e, int peer, const struct writer *w, uint64_t now_ns)
{
	struct peer *p = peer_by_number(e, peer);
	struct record record = {RECORD_SEGMENTS, w->start, writer_used(w)};
	enum drop drop = p ? outbox_record(e, p, &record, now_ns) : DROP_NO_SESSION;

	assert(!w->failed);
	if (drop == DROP_NO_SESSION)
		return -ENOTCONN;
	return drop == DROP_OUTBOX_FULL ? -ENOBUFS : 0;
}

static void write_ids(struct writer *w, const struct segment_id *ids, size_t count)
{
	writer_u8(w, (uint8_t)count);
	for (size_t i = 0; i < count; i++)
		writer_bytes(w, ids[i].b, SEGMENT_ID_BYTES);
}

static void write_state(struct writer *w, const struct segment_state *s)
{
	assert(vlan_is_valid(s->vlan));
	assert(s->own_count <= SEGMENT_OWN_MAX && s->heard_count <= SEGMENT_HEARD_MAX);
	writer_u8(w, s->number);
	writer_u16(w, s->vlan);
	writer_u8(w, (uint8_t)((s->serves ? FLAG_SERVES : 0) | (s->is_blocked ? FLAG_BLOCKED : 0) |
			       (s->stands_by ? FLAG_STANDS_BY : 0)));
	writer_u64(w, s->token);
	write_ids(w, s->own, s->own_count);
	write_ids(w, s->heard, s->heard_count);
}

int engine_send_segment_report(struct engine *e, int peer, const struct segment_report *report,
			       uint64_t now_ns)
{
	uint8_t body[REPORT_MAX_BYTES];
	struct writer w = writer_over(body, sizeof(body));

	assert(report->count <= SEGMENTS_MAX);
	writer_u8(&w, KIND_REPORT);
	writer_u32(&w, report->generation);
	writer_u8(&w, (uint8_t)report->count);
	for (size_t i = 0; i < report->count; i++)
		write_state(&w, &report->list[i]);
	return send_segments(e, peer, &w, now_ns);
}

static void write_roles(struct writer *w, const struct segment_answer *answer)
{
	assert(answer->role_count <= SEGMENTS_MAX);
	writer_u8(w, (uint8_t)answer->role_count);
	for (size_t i = 0; i < answer->role_count; i++) {
		writer_u8(w, answer->roles[i].number);
		writer_u8(w, answer->roles[i].standby ? FLAG_STANDBY : 0);
	}
}

static void write_names(struct writer *w, const struct segment_answer *answer)
{
	uint8_t *count = writer_reserve(w, 1);

	assert(answer->name_count <= SEGMENT_NAMES_MAX);
	*count = 0;
	for (size_t i = 0; i < answer->name_count; i++) {
		const struct segment_name *n = &answer->names[i];
		size_t len = strnlen(n->name, NAME_BYTES - 1);

		if (len == 0)
			continue;
		writer_bytes(w, n->id.b, SEGMENT_ID_BYTES);
		writer_u8(w, (uint8_t)len);
		writer_bytes(w, n->name, len);
		++*count;
	}
}

int engine_send_segment_answer(struct engine *e, int peer, const struct segment_answer *answer,
			       uint64_t now_ns)
{
	uint8_t body[ANSWER_MAX_BYTES];
	struct writer w = writer_over(body, sizeof(body));

	writer_u8(&w, KIND_ANSWER);
	writer_u32(&w, answer->generation);
	write_roles(&w, answer);
	write_names(&w, answer);
	return send_segments(e, peer, &w, now_ns);
}

/* ---- theirs ---- */

/* A count and so many ids. Return: false if they are too many, or not there. */
static bool take_ids(struct reader *r, struct segment_id *out, size_t most, size_t *count)
{
	*count = reader_u8(r);
	if (*count > most)
		return false;
	for (size_t i = 0; i < *count; i++)
		reader_copy(r, out[i].b, SEGMENT_ID_BYTES);
	return !r->failed;
}

static bool take_state(struct reader *r, struct segment_state *s)
{
	uint8_t flags;

	s->number = reader_u8(r);
	s->vlan = reader_u16(r);
	flags = reader_u8(r);
	s->serves = flags & FLAG_SERVES;
	s->is_blocked = flags & FLAG_BLOCKED;
	s->stands_by = flags & FLAG_STANDS_BY;
	s->token = reader_u64(r);
	return vlan_is_valid(s->vlan) && take_ids(r, s->own, SEGMENT_OWN_MAX, &s->own_count) &&
	       take_ids(r, s->heard, SEGMENT_HEARD_MAX, &s->heard_count);
}

static bool take_report(struct reader *r, struct segment_report *report)
{
	struct numbers numbers = {0};

	*report = (struct segment_report){.generation = reader_u32(r)};
	report->count = reader_u8(r);
	if (report->count > SEGMENTS_MAX)
		return false;
	for (size_t i = 0; i < report->count; i++)
		if (!take_state(r, &report->list[i]) ||
		    !number_is_new(&numbers, report->list[i].number))
			return false;
	return !r->failed;
}

static bool take_roles(struct reader *r, struct segment_answer *answer)
{
	struct numbers numbers = {0};

	answer->role_count = reader_u8(r);
	if (answer->role_count > SEGMENTS_MAX)
		return false;
	for (size_t i = 0; i < answer->role_count; i++) {
		answer->roles[i].number = reader_u8(r);
		answer->roles[i].standby = reader_u8(r) & FLAG_STANDBY;
		if (r->failed || !number_is_new(&numbers, answer->roles[i].number))
			return false;
	}
	return !r->failed;
}

static bool take_names(struct reader *r, struct segment_answer *answer)
{
	answer->name_count = reader_u8(r);
	if (answer->name_count > SEGMENT_NAMES_MAX)
		return false;
	for (size_t i = 0; i < answer->name_count; i++) {
		struct segment_name *n = &answer->names[i];

		reader_copy(r, n->id.b, SEGMENT_ID_BYTES);
		if (!utf8_take_name(r, reader_u8(r), n->name))
			return false;
	}
	return !r->failed;
}

static bool take_answer(struct reader *r, struct segment_answer *answer)
{
	*answer = (struct segment_answer){.generation = reader_u32(r)};
	return take_roles(r, answer) && take_names(r, answer);
}

enum drop segment_record_take(struct engine *e, struct reader *body, struct frame_in *out)
{
	uint8_t kind = reader_u8(body);

	if (kind == KIND_REPORT && take_report(body, &e->segments.report))
		out->report = &e->segments.report;
	else if (kind == KIND_ANSWER && take_answer(body, &e->segments.answer))
		out->answer = &e->segments.answer;
	else
		return kind > KIND_ANSWER ? DROP_UNKNOWN_RECORD : DROP_BAD_RECORD;
	return DROP_NONE;
}
