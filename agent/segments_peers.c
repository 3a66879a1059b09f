/*
 * segments_peers.c - reports and answers, both ways
 *
 * All of it is soft state: a report is repeated until it is answered, and now and then while others are
 * heard; an answer that changed is repeated a few times, and comes again with the next report.
 */
#include <stdlib.h>
#include <string.h>

#include "common/keyed_hash.h"
#include "segments_private.h"

enum {
	RETRY_MS = 300,
	TRIES_MAX = 5,     /* then it is an older version, or the path is down */
	REFRESH_MS = 5000, /* while anybody else is heard */
	REPEATS = 2,       /* of an answer that changed */
	FORGETS = 2,
};

struct seg_peer *segments_peer(const struct segments *s, int peer)
{
	if (peer < 0 || (size_t)peer >= s->peer_capacity || !s->peers[peer].is_up)
		return NULL;
	return &s->peers[peer];
}

bool segments_has_peer(const struct segments *s, int peer)
{
	return segments_peer(s, peer);
}

static struct seg_peer *place(struct segments *s, int peer)
{
	size_t wanted = (size_t)peer + 1;
	struct seg_peer *more;

	if (wanted <= s->peer_capacity)
		return &s->peers[peer];
	more = realloc(s->peers, wanted * sizeof(*more));
	if (!more)
		return NULL;
	memset(more + s->peer_capacity, 0, (wanted - s->peer_capacity) * sizeof(*more));
	s->peers = more;
	s->peer_capacity = wanted;
	return &s->peers[peer];
}

static void clear(struct seg_peer *p)
{
	free(p->report);
	*p = (struct seg_peer){.is_moved = p->is_moved,
			       .forget_ns = UINT64_MAX,
			       .report_ns = UINT64_MAX,
			       .answer_ns = UINT64_MAX};
}

/* What it decided about our segments. */
static void clear_roles(struct segments *s, int peer)
{
	struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, -1, &cursor)))
		segments_put(a->standby, peer, false);
}

/* Datagrams overtake each other. Generations count up, past their end too; 0 is none. */
static bool is_older(uint32_t generation, uint32_t than)
{
	return than != 0 && (int32_t)(generation - than) < 0;
}

void segments_peer_renewed(struct segments *s, int peer, uint64_t now_ns)
{
	struct seg_peer *p = segments_peer(s, peer);

	if (!p)
		return;
	p->tries = 0;
	p->report_ns = now_ns;
	p->heard_generation = 0; /* restarted, it counts anew */
}

void segments_peer_up(struct segments *s, int peer, const struct public_key *key, uint64_t now_ns)
{
	struct seg_peer *p = peer >= 0 && peer < SEGMENTS_PEERS_MAX ? place(s, peer) : NULL;

	if (!p)
		return;
	if (p->is_up) {
		segments_peer_renewed(s, peer, now_ns);
		return;
	}
	clear(p);
	clear_roles(s, peer);
	p->is_up = true;
	p->key = *key;
	p->up_ns = now_ns;
	p->report_ns = now_ns;
	s->is_dirty = true;
}

void segments_peer_down(struct segments *s, int peer, uint64_t now_ns)
{
	struct seg_peer *p = segments_peer(s, peer);

	(void)now_ns;
	if (!p)
		return;
	clear(p);
	clear_roles(s, peer);
	s->is_dirty = true;
}

/* ---- our report ---- */

static void describe(const struct segments *s, const struct attachment *a,
		     const struct public_key *key, struct segment_state *out)
{
	memset(out, 0, sizeof(*out)); /* padding, too: it is hashed */
	out->number = a->number;
	out->vlan = a->vlan;
	out->serves = a->place.serves;
	out->is_blocked = segments_admit(s, a->port) != DROP_NONE;
	out->token = a->place.serves && a->place.is_real ? s->config.token : UINT64_MAX;
	out->own[out->own_count++] = segment_id_for(a->ids[ID_NOW].full, key);
	if (a->has_id[ID_NEXT])
		out->own[out->own_count++] = segment_id_for(a->ids[ID_NEXT].full, key);
	else if (a->has_id[ID_BEFORE])
		out->own[out->own_count++] = segment_id_for(a->ids[ID_BEFORE].full, key);
	for (size_t i = 0; i < a->neighbour_count; i++)
		out->heard[out->heard_count++] = segment_id_for(a->neighbours[i].ids[0].full, key);
}

/* Is there anything to say about it? Those where somebody is heard come first: there is not room for all. */
static bool is_told(const struct attachment *a, bool heard)
{
	if (heard)
		return a->neighbour_count > 0;
	return a->neighbour_count == 0 && a->place.serves && a->place.is_real;
}

static bool is_anybody_heard(const struct segments *s)
{
	const struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, -1, &cursor)))
		if (a->neighbour_count > 0)
			return true;
	return false;
}

static void make_report(const struct segments *s, int peer, struct segment_report *out)
{
	out->generation = s->generation;
	out->count = 0;
	for (int heard = 1; heard >= 0; heard--) {
		const struct attachment *a;
		size_t cursor = 0;

		while ((a = segments_each(s, -1, &cursor)) && out->count < SEGMENTS_MAX)
			if (is_told(a, heard) &&
			    s->config.shares_vlan(s->config.context, peer, a->vlan))
				describe(s, a, &s->peers[peer].key, &out->list[out->count++]);
	}
}

/* A number that is another one when what we report is. */
static uint64_t fingerprint(const struct segments *s)
{
	static const struct hash_key ZERO;
	struct segment_state state;
	const struct attachment *a;
	size_t cursor = 0;
	uint64_t sum = 0;

	while ((a = segments_each(s, -1, &cursor))) {
		if (!is_told(a, true) && !is_told(a, false))
			continue;
		describe(s, a, &s->config.key, &state);
		sum += keyed_hash(&ZERO, (const uint8_t *)&state, sizeof(state));
	}
	return sum;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Nothing to say, and nothing said before? The first goes in any case: the peer may remember what an agent
 * said that was killed. */
static bool has_report_for(const struct segments *s, int peer, const struct seg_peer *p)
{
	struct segment_report report;

	if (p->sent_count > 0 || p->sent_generation == 0)
		return true;
	make_report(s, peer, &report);
	return report.count > 0;
}

void peers_move(struct segments *s, int peer, uint64_t now_ns)
{
	struct seg_peer *p = &s->peers[peer];

	p->is_moved = true;
	p->forgets = FORGETS;
	p->forget_ns = p->is_up ? now_ns + RETRY_MS * SEGMENTS_NS_PER_MS : UINT64_MAX;
}

static void forget_again(struct seg_peer *p, uint64_t now_ns)
{
	if (!p->is_up || now_ns < p->forget_ns)
		return;
	p->is_moved = true;
	p->forgets--;
	p->forget_ns = p->forgets > 0 ? now_ns + RETRY_MS * SEGMENTS_NS_PER_MS : UINT64_MAX;
}

void peers_settle(struct segments *s, uint64_t now_ns)
{
	uint64_t now = fingerprint(s);

	for (size_t i = 0; i < s->peer_capacity; i++)
		forget_again(&s->peers[i], now_ns);
	if (now == s->fingerprint && s->generation != 0)
		return;
	s->fingerprint = now;
	s->generation++;
	if (s->generation == 0)
		s->generation++;
	for (size_t i = 0; i < s->peer_capacity; i++) {
		s->peers[i].report_ns = s->peers[i].is_up ? now_ns : UINT64_MAX;
		s->peers[i].tries = 0;
	}
}

bool segments_next_report(struct segments *s, int *peer, struct segment_report *out,
			  uint64_t now_ns)
{
	for (size_t i = 0; i < s->peer_capacity; i++) {
		struct seg_peer *p = &s->peers[i];

		if (!p->is_up || now_ns < p->report_ns)
			continue;
		p->report_ns = UINT64_MAX;
		if (!has_report_for(s, (int)i, p))
			continue;
		make_report(s, (int)i, out);
		*peer = (int)i;
		p->sent_count = out->count;
		p->sent_generation = out->generation;
		if (++p->tries < TRIES_MAX)
			p->report_ns = now_ns + RETRY_MS * SEGMENTS_NS_PER_MS;
		else if (is_anybody_heard(s))
			p->report_ns = now_ns + REFRESH_MS * SEGMENTS_NS_PER_MS;
		return true;
	}
	return false;
}

/* ---- its answer ---- */

static struct attachment *by_number(const struct segments *s, uint8_t number, int peer)
{
	struct attachment *a = s->attachments[number];

	return a && s->config.shares_vlan(s->config.context, peer, a->vlan) ? a : NULL;
}

static bool is_named(const struct neighbour *n, const struct segment_id *id,
		     const struct public_key *key)
{
	for (size_t i = 0; i < n->id_count; i++) {
		struct segment_id told = segment_id_for(n->ids[i].full, key);

		if (segment_id_equal(&told, id))
			return true;
	}
	return false;
}

/* A peer that we have in common with a stranger says what it calls it. */
static void take_name(struct segments *s, int peer, const struct segment_name *name)
{
	struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, -1, &cursor)))
		for (size_t i = 0; i < a->neighbour_count; i++) {
			struct neighbour *n = &a->neighbours[i];

			if (!is_named(n, &name->id, &s->peers[peer].key))
				continue;
			n->told_by = peer;
			memcpy(n->name, name->name, sizeof(n->name));
			n->name[sizeof(n->name) - 1] = '\0';
		}
}

void segments_take_answer(struct segments *s, int peer, const struct segment_answer *answer,
			  uint64_t now_ns)
{
	struct seg_peer *p = segments_peer(s, peer);

	if (!p || is_older(answer->generation, p->answered))
		return;
	clear_roles(s, peer); /* one that is not named forwards */
	for (size_t i = 0; i < answer->role_count; i++) {
		struct attachment *a = by_number(s, answer->roles[i].number, peer);

		if (a)
			segments_put(a->standby, peer, answer->roles[i].standby);
	}
	for (size_t i = 0; i < answer->name_count; i++)
		take_name(s, peer, &answer->names[i]);
	if (answer->generation != p->sent_generation || answer->generation != s->generation)
		return; /* of an earlier report: the present one is on its way */
	p->answered = answer->generation;
	p->tries = TRIES_MAX;
	p->report_ns = is_anybody_heard(s) ? now_ns + REFRESH_MS * SEGMENTS_NS_PER_MS : UINT64_MAX;
}

/* ---- its report, our answer ---- */

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

void segments_take_report(struct segments *s, int peer, const struct segment_report *report,
			  uint64_t now_ns)
{
	struct seg_peer *p = segments_peer(s, peer);

	if (!p || is_older(report->generation, p->heard_generation))
		return;
	if (report->count > 0 && !p->report)
		p->report = malloc(sizeof(*p->report));
	if (report->count == 0) {
		free(p->report);
		p->report = NULL;
	} else if (p->report) {
		*p->report = *report;
		drop_claimed(s, p);
	}
	p->heard_generation = report->generation;
	p->answer_ns = now_ns;
	s->is_dirty = true;
}

void peers_answer_changed(struct seg_peer *p, uint64_t now_ns)
{
	p->answer_ns = now_ns;
	p->repeats = REPEATS;
}

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
		out->roles[out->role_count++] = (struct segment_role){
			.number = p->report->list[i].number,
			.standby = i < p->role_count && p->roles[i].rival >= 0};
		add_names(s, peer, &p->report->list[i], out);
	}
}

bool segments_next_answer(struct segments *s, int *peer, struct segment_answer *out,
			  uint64_t now_ns)
{
	for (size_t i = 0; i < s->peer_capacity; i++) {
		struct seg_peer *p = &s->peers[i];

		if (!p->is_up || now_ns < p->answer_ns)
			continue;
		p->answer_ns = UINT64_MAX;
		if (p->repeats > 0) {
			p->repeats--;
			p->answer_ns = now_ns + RETRY_MS * SEGMENTS_NS_PER_MS;
		}
		make_answer(s, (int)i, p, out);
		*peer = (int)i;
		return true;
	}
	return false;
}

static uint64_t peer_deadline_ns(const struct seg_peer *p)
{
	return earlier(p->forget_ns, earlier(p->report_ns, p->answer_ns));
}

uint64_t peers_deadline_ns(const struct segments *s)
{
	uint64_t at = UINT64_MAX;

	for (size_t i = 0; i < s->peer_capacity; i++)
		if (s->peers[i].is_up)
			at = earlier(at, peer_deadline_ns(&s->peers[i]));
	return at;
}
