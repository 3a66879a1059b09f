/*
 * segments_reports.c - what we report to peers, and what they answer
 *
 * Soft state: a report is repeated until it is answered, and now and then while others are heard. An
 * answer that changed our mind is confirmed: by a report that says for each attachment whether we stand by.
 */
#include <string.h>

#include "common/keyed_hash.h"
#include "segments_private.h"

enum {
	RETRY_MS = 300,
	TRIES_MAX = 10,    /* then it is an older version, or the path is down */
	REFRESH_MS = 5000, /* while anybody else is heard */
};

/* The @which newest id of each neighbour, as far as there is room. Peers may not know its newest yet. */
static void add_heard(const struct attachment *a, size_t which, const struct public_key *key,
		      struct segment_state *out)
{
	for (size_t i = 0; i < a->neighbour_count && out->heard_count < SEGMENT_HEARD_MAX; i++)
		if (which < a->neighbours[i].id_count)
			out->heard[out->heard_count++] =
				segment_id_for(a->neighbours[i].ids[which].full, key);
}

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
	add_heard(a, 0, key, out);
	add_heard(a, 1, key, out);
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

static void describe_to(const struct segments *s, const struct attachment *a, int peer,
			struct segment_state *out)
{
	describe(s, a, &s->peers[peer].key, out);
	out->stands_by = segments_in_set(a->standby, peer);
}

static void make_report(const struct segments *s, int peer, struct segment_report *out)
{
	out->generation = s->peers[peer].generation;
	out->count = 0;
	for (int heard = 1; heard >= 0; heard--) {
		const struct attachment *a;
		size_t cursor = 0;

		while ((a = segments_each(s, -1, &cursor)) && out->count < SEGMENTS_MAX)
			if (is_told(a, heard) &&
			    s->config.shares_vlan(s->config.context, peer, a->vlan))
				describe_to(s, a, peer, &out->list[out->count++]);
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

/* Anything to say, or to take back that the peer may still believe? The first goes in any case: the peer may
 * remember what an agent said that was killed. */
static bool has_report_for(const struct segments *s, int peer, const struct seg_peer *p)
{
	struct segment_report report;

	if (p->sent_count > 0 || p->sent_generation == 0 || p->answered != p->sent_generation)
		return true;
	make_report(s, peer, &report);
	return report.count > 0;
}

/* It is not what was reported before: told at @at_ns, and until it is answered. */
static void report_anew(struct seg_peer *p, uint64_t at_ns)
{
	p->generation++;
	if (p->generation == 0)
		p->generation++;
	p->tries = 0;
	p->report_ns = at_ns;
}

void reports_settle(struct segments *s, uint64_t now_ns)
{
	uint64_t now = fingerprint(s);

	if (now == s->fingerprint)
		return;
	s->fingerprint = now;
	for (size_t i = 0; i < s->peer_capacity; i++)
		if (s->peers[i].is_up)
			report_anew(&s->peers[i], now_ns);
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
		p->reported_ns = now_ns;
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

/* One that is not named forwards. Return: whether that is news */
static bool take_roles(struct segments *s, int peer, const struct segment_answer *answer)
{
	struct attachment *a;
	size_t cursor = 0;
	bool changed = false;

	while ((a = segments_each(s, -1, &cursor))) {
		bool standby = false;

		for (size_t i = 0; i < answer->role_count; i++)
			if (by_number(s, answer->roles[i].number, peer) == a)
				standby = answer->roles[i].standby;
		changed |= segments_put(a->standby, peer, standby);
	}
	return changed;
}

static void note_answered(const struct segments *s, struct seg_peer *p,
			  const struct segment_answer *answer, uint64_t now_ns)
{
	if (answer->generation != p->sent_generation || answer->generation != p->generation)
		return; /* of an earlier report: the present one is on its way */
	p->answered = answer->generation;
	p->tries = TRIES_MAX;
	p->report_ns = is_anybody_heard(s) ? now_ns + REFRESH_MS * SEGMENTS_NS_PER_MS : UINT64_MAX;
}

/* It goes on telling us until it knows that we heard. */
static void confirm(struct seg_peer *p, uint64_t now_ns)
{
	uint64_t soon_ns = p->reported_ns + SEGMENTS_APART_MS * SEGMENTS_NS_PER_MS;

	report_anew(p, soon_ns > now_ns ? soon_ns : now_ns);
}

void segments_take_answer(struct segments *s, int peer, const struct segment_answer *answer,
			  uint64_t now_ns)
{
	struct seg_peer *p = segments_peer(s, peer);
	bool changed;

	if (!p || segments_is_older(answer->generation, p->answered))
		return;
	changed = take_roles(s, peer, answer);
	for (size_t i = 0; i < answer->name_count; i++)
		take_name(s, peer, &answer->names[i]);
	note_answered(s, p, answer, now_ns);
	if (changed)
		confirm(p, now_ns);
}
