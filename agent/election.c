/*
 * election.c - who forwards to us, among our peers that report each other
 *
 * A node is a segment that a peer reports. Two nodes compete where each reports the other's id, on one
 * vlan, and at least one of the two takes every machine's frames there. Those come first whose agent is on a
 * segment of ours as well: it carries frames between the two anyway. Then those that take every machine's
 * frames, then the lowest key; a node that nobody before it stands in the way of forwards, and whoever competes with
 * it stands by. So there is no node that stands by and has no forwarder beside it.
 */
#include <stdlib.h>
#include <string.h>

#include "segments_private.h"

enum {
	NODES_MAX = 1024, /* segments on which somebody is heard, of all peers */
};

struct node {
	int peer;
	size_t index; /* in the peer's report */
	const struct segment_state *state;
	const struct public_key *key;
	bool is_beside; /* the peer is on a segment of ours, too, and brings there what it hears */
	int rival;      /* -1: it forwards */
};

static int compare(const void *left, const void *right)
{
	const struct node *a = left, *b = right;
	int order;

	if (a->state->is_blocked != b->state->is_blocked)
		return a->state->is_blocked ? 1 : -1;
	if (a->is_beside != b->is_beside)
		return a->is_beside ? -1 : 1;
	if (a->state->serves != b->state->serves)
		return a->state->serves ? -1 : 1;
	order = memcmp(a->key->b, b->key->b, KEY_BYTES);
	return order ? order : (int)a->index - (int)b->index;
}

static bool hears(const struct segment_state *a, const struct segment_state *b)
{
	for (size_t i = 0; i < b->own_count; i++)
		if (segment_id_in(&b->own[i], a->heard, a->heard_count))
			return true;
	return false;
}

static bool compete(const struct node *a, const struct node *b)
{
	return a->peer != b->peer && a->state->vlan == b->state->vlan &&
	       (a->state->serves || b->state->serves) && hears(a->state, b->state) &&
	       hears(b->state, a->state);
}

static bool is_beside(const struct segments *s, int peer, uint16_t vlan)
{
	const struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, -1, &cursor)))
		for (size_t i = 0; i < a->neighbour_count; i++) {
			const struct neighbour *n = &a->neighbours[i];

			if (n->peer == peer && n->is_mutual && n->serves && a->vlan == vlan)
				return true;
		}
	return false;
}

static size_t collect(const struct segments *s, struct node *nodes)
{
	size_t count = 0;

	for (size_t i = 0; i < s->peer_capacity; i++) {
		const struct segment_report *r = s->peers[i].is_up ? s->peers[i].report : NULL;

		for (size_t k = 0; r && k < r->count && count < NODES_MAX; k++)
			if (r->list[k].heard_count > 0 &&
			    s->config.shares_vlan(s->config.context, (int)i, r->list[k].vlan))
				nodes[count++] = (struct node){
					.peer = (int)i,
					.index = k,
					.state = &r->list[k],
					.key = &s->peers[i].key,
					.is_beside = is_beside(s, (int)i, r->list[k].vlan),
					.rival = -1};
	}
	return count;
}

/* In order: whoever forwards makes all that compete with it stand by. One that is blocked forwards to
 * nobody, and keeps nobody from it. */
static void decide(struct node *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (nodes[i].rival >= 0 || nodes[i].state->is_blocked)
			continue;
		for (size_t k = 0; k < count; k++)
			if (k != i && nodes[k].rival < 0 && compete(&nodes[i], &nodes[k]))
				nodes[k].rival = nodes[i].peer;
	}
}

/* ---- what came of it, against what was decided before ---- */

static const struct seg_role *find_role(const struct seg_peer *p, uint8_t number)
{
	for (size_t i = 0; i < p->role_count; i++)
		if (p->roles[i].number == number)
			return &p->roles[i];
	return NULL;
}

/* Whoever does not forward any more, or is not forwarded for any more, has other machines behind it. */
static bool note_change(struct segments *s, int peer, const struct seg_role *now, uint64_t now_ns)
{
	const struct seg_role *was = find_role(&s->peers[peer], now->number);
	int before = was ? was->rival : -1;

	peers_note_rival(s, peer, now->rival);
	if (before == now->rival)
		return false;
	if (now->rival >= 0)
		peers_move(s, peer, now_ns);
	if (before >= 0)
		peers_move(s, before, now_ns);
	return (before >= 0) != (now->rival >= 0);
}

/* What it no longer reports is no longer another one's to forward. */
static void note_vanished(struct segments *s, const struct seg_peer *p, uint64_t now_ns)
{
	for (size_t i = 0; i < p->role_count; i++) {
		bool is_told = false;

		for (size_t k = 0; p->report && k < p->report->count; k++)
			is_told |= p->report->list[k].number == p->roles[i].number;
		if (!is_told && p->roles[i].rival >= 0)
			peers_move(s, p->roles[i].rival, now_ns);
	}
}

static int rival_of(const struct node *nodes, size_t count, int peer, size_t index)
{
	for (size_t i = 0; i < count; i++)
		if (nodes[i].peer == peer && nodes[i].index == index)
			return nodes[i].rival;
	return -1;
}

static void carry_out(struct segments *s, int peer, const struct node *nodes, size_t count,
		      uint64_t now_ns)
{
	struct seg_peer *p = &s->peers[peer];
	struct seg_role roles[SEGMENTS_MAX];
	size_t role_count = p->report ? p->report->count : 0;
	bool changed = false;

	note_vanished(s, p, now_ns);
	for (size_t i = 0; i < role_count; i++) {
		roles[i] = (struct seg_role){.number = p->report->list[i].number,
					     .rival = rival_of(nodes, count, peer, i)};
		changed |= note_change(s, peer, &roles[i], now_ns);
	}
	memcpy(p->roles, roles, role_count * sizeof(*roles));
	p->role_count = role_count;
	if (changed)
		answers_change(p, now_ns);
}

void election_hold(struct segments *s, uint64_t now_ns)
{
	struct node nodes[NODES_MAX];
	size_t count = collect(s, nodes);

	qsort(nodes, count, sizeof(*nodes), compare);
	decide(nodes, count);
	for (size_t i = 0; i < s->peer_capacity; i++)
		if (s->peers[i].is_up)
			carry_out(s, (int)i, nodes, count, now_ns);
}
