/*
 * segments_answers.c - what peers report, and what we answer
 *
 * A report that says nothing new costs an answer, and another one an election too: so of each peer one is taken
 * every SEGMENTS_APART_MS, and of several within that time the last. An answer goes out for each report and when
 * our decision changed; again and again while the peer's report does not say that it heard.
 */
#include <stdlib.h>
#include <string.h>

#include "segments_private.h"

enum {
	RETRY_MS = 300,
	REPEATS = 10, /* then the peer does not confirm, or hears nothing */
};

/* ---- its report ---- */

static bool is_claimed(const struct segments *s, const struct seg_peer *but,
		       const struct segment_id *id)
{
	for (size_t i = 0; i < s->peer_capacity; i++) {
		const struct seg_peer *p = &s->peers[i];

		for (size_t k = 0; p != but && p->is_up && p->report && k < p->report->count; k++)
			if (segment_id_in(id, p->report->list[k].own, p->report->list[k].own_count))
				return true;
	}
	return false;
}

/* An id is the peer's that reported it first: it says so before it is sent on the segment, where others
 * might hear it and call it their own. */
static void drop_claimed(const struct segments *s, struct seg_peer *p)
{
	for (size_t k = 0; k < p->report->count; k++) {
		struct segment_state *state = &p->report->list[k];
		size_t kept = 0;

		for (size_t i = 0; i < state->own_count; i++)
			if (!is_claimed(s, p, &state->own[i]))
				state->own[kept++] = state->own[i];
		state->own_count = kept;
	}
}

static bool is_same_state(const struct segment_state *a, const struct segment_state *b)
{
	return a->number == b->number && a->vlan == b->vlan && a->serves == b->serves &&
	       a->is_blocked == b->is_blocked && a->token == b->token &&
	       a->own_count == b->own_count && a->heard_count == b->heard_count &&
	       memcmp(a->own, b->own, a->own_count * sizeof(*a->own)) == 0 &&
	       memcmp(a->heard, b->heard, a->heard_count * sizeof(*a->heard)) == 0;
}

/* All but what it says of our own decisions */
static bool is_same(const struct segment_report *a, const struct segment_report *b)
{
	if (!a || a->count != b->count)
		return !a && b->count == 0;
	for (size_t i = 0; i < a->count; i++)
		if (!is_same_state(&a->list[i], &b->list[i]))
			return false;
	return true;
}

static const struct seg_role *find_role(const struct seg_peer *p, uint8_t number)
{
	for (size_t i = 0; i < p->role_count; i++)
		if (p->roles[i].number == number)
			return &p->roles[i];
	return NULL;
}

static bool is_to_stand_by(const struct seg_peer *p, const struct segment_state *state)
{
	const struct seg_role *role = find_role(p, state->number);

	return role && role->rival >= 0;
}

static bool stood_by(const struct seg_peer *p, uint8_t number)
{
	for (size_t i = 0; p->report && i < p->report->count; i++)
		if (p->report->list[i].number == number)
			return p->report->list[i].stands_by;
	return false;
}

/* From now on it stands by: until now its frames taught us where machines are. */
static void note_confirmed(struct segments *s, int peer, const struct segment_report *report,
			   uint64_t now_ns)
{
	const struct seg_peer *p = &s->peers[peer];

	for (size_t i = 0; i < report->count; i++)
		if (report->list[i].stands_by && !stood_by(p, report->list[i].number) &&
		    is_to_stand_by(p, &report->list[i]))
			peers_move(s, peer, now_ns);
}

/* Does its report say of each segment what we decided? */
static bool is_confirmed(const struct seg_peer *p)
{
	for (size_t i = 0; p->report && i < p->report->count; i++)
		if (p->report->list[i].stands_by != is_to_stand_by(p, &p->report->list[i]))
			return false;
	return true;
}

static void answer_soon(struct seg_peer *p, uint64_t now_ns)
{
	uint64_t soon_ns = p->said_ns + SEGMENTS_APART_MS * SEGMENTS_NS_PER_MS;

	if (soon_ns < now_ns)
		soon_ns = now_ns;
	if (soon_ns < p->answer_ns)
		p->answer_ns = soon_ns;
}

void answers_change(struct seg_peer *p, uint64_t now_ns)
{
	p->repeats = REPEATS;
	answer_soon(p, now_ns);
}

static void store(struct segments *s, struct seg_peer *p, const struct segment_report *report)
{
	if (report->count > 0 && !p->report)
		p->report = malloc(sizeof(*p->report));
	if (report->count == 0) {
		free(p->report);
		p->report = NULL;
	} else if (p->report) {
		*p->report = *report;
		drop_claimed(s, p);
	}
	s->is_dirty = true;
}

/* The session went on, and its reports begin anew. */
static bool was_restarted(const struct seg_peer *p, const struct segment_report *report)
{
	return p->heard_generation == 0 &&
	       segments_is_older(report->generation, p->renewed_generation);
}

static void take(struct segments *s, int peer, const struct segment_report *report, uint64_t now_ns)
{
	struct seg_peer *p = &s->peers[peer];

	note_confirmed(s, peer, report, now_ns);
	if (was_restarted(p, report))
		peers_forget_rivals(s, peer, now_ns);
	if (is_same(p->report, report)) {
		for (size_t i = 0; i < report->count; i++)
			p->report->list[i].stands_by = report->list[i].stands_by;
	} else {
		store(s, p, report);
		p->taken_ns = now_ns;
	}
	if (report->generation != p->heard_generation)
		p->repeats = REPEATS;
	p->heard_generation = report->generation;
	answer_soon(p, now_ns);
}

void answers_drop_waiting(struct seg_peer *p)
{
	free(p->waiting);
	p->waiting = NULL;
	p->take_ns = UINT64_MAX;
}

static void put_off(struct seg_peer *p, const struct segment_report *report, uint64_t until_ns)
{
	if (!p->waiting)
		p->waiting = malloc(sizeof(*p->waiting));
	if (!p->waiting)
		return; /* it comes again */
	*p->waiting = *report;
	p->take_ns = until_ns;
}

void segments_take_report(struct segments *s, int peer, const struct segment_report *report,
			  uint64_t now_ns)
{
	struct seg_peer *p = segments_peer(s, peer);
	uint64_t until_ns;

	if (!p || segments_is_older(report->generation, p->heard_generation) ||
	    (p->waiting && segments_is_older(report->generation, p->waiting->generation)))
		return;
	until_ns = p->taken_ns + SEGMENTS_APART_MS * SEGMENTS_NS_PER_MS;
	if (now_ns < until_ns && !is_same(p->report, report)) {
		put_off(p, report, until_ns);
		return;
	}
	answers_drop_waiting(p);
	take(s, peer, report, now_ns);
}

void answers_take_waiting(struct segments *s, uint64_t now_ns)
{
	for (size_t i = 0; i < s->peer_capacity; i++) {
		struct seg_peer *p = &s->peers[i];

		if (!p->is_up || now_ns < p->take_ns)
			continue;
		take(s, (int)i, p->waiting, now_ns);
		answers_drop_waiting(p);
	}
}

/* ---- our answer ---- */

/* Other peers of ours whose ids it hears: it may have no card of theirs. */
static void add_names(const struct segments *s, int peer, const struct segment_state *state,
		      struct segment_answer *out)
{
	for (size_t i = 0; i < s->peer_capacity; i++) {
		const struct segment_report *r = s->peers[i].is_up ? s->peers[i].report : NULL;

		for (size_t k = 0; r && (int)i != peer && k < r->count; k++)
			for (size_t o = 0; o < r->list[k].own_count; o++) {
				const struct segment_id *id = &r->list[k].own[o];
				const char *name = s->config.name_of(s->config.context, (int)i);
				struct segment_name *to = &out->names[out->name_count];

				if (out->name_count == SEGMENT_NAMES_MAX || !name ||
				    !segment_id_in(id, state->heard, state->heard_count))
					continue;
				*to = (struct segment_name){.id = *id};
				strncpy(to->name, name, sizeof(to->name) - 1);
				out->name_count++;
			}
	}
}

static void make_answer(const struct segments *s, int peer, const struct seg_peer *p,
			struct segment_answer *out)
{
	*out = (struct segment_answer){.generation = p->heard_generation};
	for (size_t i = 0; p->report && i < p->report->count; i++) {
		const struct segment_state *state = &p->report->list[i];

		out->roles[out->role_count++] = (struct segment_role){
			.number = state->number, .standby = is_to_stand_by(p, state)};
		add_names(s, peer, state, out);
	}
}

bool segments_next_answer(struct segments *s, int *peer, struct segment_answer *out,
			  uint64_t now_ns)
{
	for (size_t i = 0; i < s->peer_capacity; i++) {
		struct seg_peer *p = &s->peers[i];

		if (!p->is_up || now_ns < p->answer_ns)
			continue;
		make_answer(s, (int)i, p, out);
		p->said_ns = now_ns;
		p->answer_ns = UINT64_MAX;
		if (p->repeats > 0 && !is_confirmed(p)) {
			p->repeats--;
			p->answer_ns = now_ns + RETRY_MS * SEGMENTS_NS_PER_MS;
		}
		*peer = (int)i;
		return true;
	}
	return false;
}
