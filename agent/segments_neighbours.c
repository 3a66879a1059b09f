/*
 * segments_neighbours.c - who is heard on an attachment, and whose ids those are
 */
#include <string.h>

#include "segments_private.h"

static struct neighbour *find(struct attachment *a, const struct mac *sender)
{
	for (size_t i = 0; i < a->neighbour_count; i++)
		if (mac_equal(&a->neighbours[i].sender, sender))
			return &a->neighbours[i];
	return NULL;
}

/* What it brought, others bring now: by the segment, or from behind it. */
static void forget(struct segments *s, struct attachment *a, struct neighbour *n, uint64_t now_ns)
{
	if (n->is_mutual) {
		s->ports[a->port].is_moved = true;
		peers_move(s, n->peer, now_ns);
	}
	*n = a->neighbours[--a->neighbour_count];
	s->is_dirty = true;
	if (a->neighbour_count == 0) /* nobody is left who could forward instead */
		memset(a->standby, 0, sizeof(a->standby));
}

static uint64_t gone_ns(const struct neighbour *n)
{
	return n->heard_ns + SEGMENTS_MISSED_MAX * n->period_ns;
}

void neighbours_expire(struct segments *s, struct attachment *a, uint64_t now_ns)
{
	for (size_t i = a->neighbour_count; i > 0; i--)
		if (now_ns >= gone_ns(&a->neighbours[i - 1]))
			forget(s, a, &a->neighbours[i - 1], now_ns);
}

uint64_t neighbours_expiry_ns(const struct attachment *a)
{
	uint64_t at = UINT64_MAX;

	for (size_t i = 0; i < a->neighbour_count; i++)
		if (gone_ns(&a->neighbours[i]) < at)
			at = gone_ns(&a->neighbours[i]);
	return at;
}

void segments_alive(struct segments *s, int port, uint32_t interface, const struct mac *sender,
		    uint64_t now_ns)
{
	struct attachment *a = segments_attachment(s, port, interface);
	struct neighbour *n = a ? find(a, sender) : NULL;

	if (n)
		n->heard_ns = now_ns;
}

/* ---- a beacon ---- */

static bool has_id(const struct attachment *a, const uint8_t full[BEACON_ID_BYTES])
{
	for (enum own_id i = 0; i < IDS; i++)
		if (a->has_id[i] && memcmp(a->ids[i].full, full, BEACON_ID_BYTES) == 0)
			return true;
	return false;
}

static bool knows(const struct neighbour *n, const uint8_t full[BEACON_ID_BYTES])
{
	for (size_t i = 0; i < n->id_count; i++)
		if (memcmp(n->ids[i].full, full, BEACON_ID_BYTES) == 0)
			return true;
	return false;
}

/* Two own ports are joined outside of this agent: one blocks, and machines of both are behind the other. */
static void join_twins(struct segments *s, int one, int other, uint64_t now_ns)
{
	int later = one > other ? one : other, first = one > other ? other : one;
	struct seg_port *p = &s->ports[later];

	if (p->twin_ns == 0) {
		s->ports[one].is_moved = s->ports[other].is_moved = true;
		beacons_soon(s, later, now_ns);
		beacons_soon(s, first, now_ns);
		s->is_dirty = true;
	}
	p->twin = first;
	p->twin_ns = now_ns;
	s->has_twins = true;
}

/* Return: true if it is one of ours, which means something where it is heard on another port of ours */
static bool take_own(struct segments *s, int port, const uint8_t id[BEACON_ID_BYTES],
		     uint64_t now_ns)
{
	const struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, -1, &cursor))) {
		if (!has_id(a, id))
			continue;
		if (a->port != port)
			join_twins(s, a->port, port, now_ns);
		return true;
	}
	return false;
}

static struct neighbour *make_room(struct segments *s, struct attachment *a, uint64_t now_ns)
{
	struct neighbour *n = &a->neighbours[a->neighbour_count];

	if (a->neighbour_count == SEGMENT_HEARD_MAX)
		return NULL; /* a segment with that many agents: the rest is strange to us */
	a->neighbour_count++;
	*n = (struct neighbour){.peer = -1, .told_by = -1};
	beacons_soon(s, a->port, now_ns); /* a newcomer: it does not know us yet */
	return n;
}

static void take_id(struct segments *s, struct neighbour *n, const uint8_t id[BEACON_ID_BYTES])
{
	if (n->id_count > 0 && memcmp(n->ids[0].full, id, BEACON_ID_BYTES) == 0)
		return;
	n->ids[1] = n->ids[0];
	n->ids[0] = segment_id_known(s, id);
	n->id_count = n->id_count == 0 ? 1 : 2;
	s->is_dirty = true;
}

static void take_flags(struct segments *s, struct neighbour *n, const struct beacon *b)
{
	bool serves = b->flags & BEACON_SERVES, blocked = b->flags & BEACON_BLOCKED,
	     listening = b->flags & BEACON_LISTENING;

	if (n->serves != serves || n->is_blocked != blocked || n->is_listening != listening ||
	    n->rank != b->rank)
		s->is_dirty = true;
	n->serves = serves;
	n->is_blocked = blocked;
	n->is_listening = listening;
	n->rank = b->rank;
}

/* What it says of its period is believed within reason only. */
static uint64_t period_of(const struct beacon *b)
{
	uint64_t ms = b->period_ms;

	if (ms < SEGMENTS_SHARED_MS)
		ms = SEGMENTS_SHARED_MS;
	if (ms > SEGMENTS_ALONE_MS)
		ms = SEGMENTS_ALONE_MS;
	return ms * SEGMENTS_NS_PER_MS;
}

static void leave(struct segments *s, struct attachment *a, const struct segments_heard *heard,
		  uint64_t now_ns)
{
	struct neighbour *n = find(a, &heard->sender);

	/* Whoever says so must know its id. */
	if (n && knows(n, heard->beacon.id))
		forget(s, a, n, now_ns);
}

void segments_hear(struct segments *s, int port, const struct segments_heard *heard,
		   uint64_t now_ns)
{
	struct attachment *a = segments_attachment(s, port, heard->interface);
	struct neighbour *n;

	/* A port on eth0 hears this host's agents on loopback, too: not its segment. */
	if (!a || take_own(s, port, heard->beacon.id, now_ns) || heard->is_doubtful)
		return;
	if (heard->beacon.kind == BEACON_LEAVING) {
		leave(s, a, heard, now_ns);
		return;
	}
	n = find(a, &heard->sender);
	if (!n)
		n = make_room(s, a, now_ns);
	if (!n)
		return;
	n->sender = heard->sender;
	n->from = heard->from;
	n->same_host = heard->same_host;
	n->heard_ns = now_ns;
	n->period_ns = period_of(&heard->beacon);
	take_id(s, n, heard->beacon.id);
	take_flags(s, n, &heard->beacon);
}

/* ---- whose is it? ---- */

/* Return: the segment of @r that has that neighbour's ids, or NULL */
static const struct segment_state *find_own(const struct segment_report *r,
					    const struct attachment *a, const struct neighbour *n)
{
	for (size_t i = 0; r && i < r->count; i++) {
		const struct segment_state *state = &r->list[i];

		if (state->vlan != a->vlan)
			continue;
		for (size_t k = 0; k < n->id_count; k++)
			if (segment_id_in(&n->ids[k].for_us, state->own, state->own_count))
				return state;
	}
	return NULL;
}

static bool hears_us(const struct segment_state *state, const struct attachment *a)
{
	for (enum own_id i = 0; i < IDS; i++)
		if (a->has_id[i] &&
		    segment_id_in(&a->ids[i].for_us, state->heard, state->heard_count))
			return true;
	return false;
}

static void resolve(struct segments *s, struct attachment *a, struct neighbour *n, uint64_t now_ns)
{
	bool was_mutual = n->is_mutual;
	int was = n->peer;

	n->peer = -1;
	n->is_mutual = false;
	for (size_t i = 0; i < s->peer_capacity && n->peer < 0; i++) {
		const struct segment_state *state =
			s->peers[i].is_up ? find_own(s->peers[i].report, a, n) : NULL;

		if (!state)
			continue;
		n->peer = (int)i;
		n->is_mutual = hears_us(state, a);
	}
	if (n->is_mutual == was_mutual && (n->peer == was || !was_mutual))
		return;
	/* What came by the tunnel comes by the segment now, or the other way round. */
	s->ports[a->port].is_moved |= was_mutual;
	if (n->is_mutual)
		peers_move(s, n->peer, now_ns);
}

void neighbours_moved(struct segments *s, int port, uint64_t now_ns)
{
	const struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, port, &cursor)))
		for (size_t i = 0; i < a->neighbour_count; i++)
			if (a->neighbours[i].is_mutual)
				peers_move(s, a->neighbours[i].peer, now_ns);
}

void neighbours_resolve(struct segments *s, struct attachment *a, uint64_t now_ns)
{
	for (size_t i = 0; i < a->neighbour_count; i++)
		resolve(s, a, &a->neighbours[i], now_ns);
}
