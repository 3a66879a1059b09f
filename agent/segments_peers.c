/*
 * segments_peers.c - peers with a session: they come, go, and may have other machines behind them
 */
#include <stdlib.h>
#include <string.h>

#include "segments_private.h"

enum {
	FORGETS = 2, /* more times, so far apart: */
	FORGET_MS = 300,
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
	struct seg_peer was = *p;

	free(was.report);
	free(was.waiting);
	*p = (struct seg_peer){.is_moved = was.is_moved,
			       .generation = was.generation,
			       .former_next = was.former_next,
			       .forget_ns = UINT64_MAX,
			       .report_ns = UINT64_MAX,
			       .answer_ns = UINT64_MAX,
			       .take_ns = UINT64_MAX};
	memcpy(p->former, was.former, sizeof(p->former));
}

/* What it decided about our segments. */
static void clear_roles(struct segments *s, int peer)
{
	struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, -1, &cursor)))
		segments_put(a->standby, peer, false);
}

void segments_peer_renewed(struct segments *s, int peer, uint64_t now_ns)
{
	struct seg_peer *p = segments_peer(s, peer);

	if (!p)
		return;
	p->tries = 0;
	p->report_ns = now_ns;
	if (p->heard_generation != 0)
		p->renewed_generation = p->heard_generation;
	p->heard_generation = 0; /* restarted, it counts anew */
	answers_drop_waiting(p);
}

/* ---- those that forwarded for each other's segment ---- */

static bool was_rival(const struct seg_peer *p, int rival)
{
	for (size_t i = 0; i < SEGMENTS_MAX; i++)
		if (p->former[i] == 1 + rival)
			return true;
	return false;
}

void peers_note_rival(struct segments *s, int peer, int rival)
{
	struct seg_peer *p = &s->peers[peer];

	if (rival < 0 || was_rival(p, rival))
		return;
	p->former[p->former_next] = 1 + rival;
	p->former_next = (p->former_next + 1) % SEGMENTS_MAX;
}

/* One of a segment is gone, or back: perhaps another one was killed a moment ago, and nobody was there to
 * miss it. What would come by the one is not to be refused for the other's sake. */
void peers_forget_rivals(struct segments *s, int peer, uint64_t now_ns)
{
	for (size_t i = 0; i < s->peer_capacity; i++)
		if (was_rival(&s->peers[i], peer) || was_rival(&s->peers[peer], (int)i))
			peers_move(s, (int)i, now_ns);
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
	peers_forget_rivals(s, peer, now_ns);
	clear(p);
	clear_roles(s, peer);
	p->is_up = true;
	p->key = *key;
	p->up_ns = now_ns;
	p->generation++;
	p->report_ns = now_ns;
	s->is_dirty = true;
}

void segments_peer_down(struct segments *s, int peer, uint64_t now_ns)
{
	struct seg_peer *p = segments_peer(s, peer);

	if (!p)
		return;
	peers_forget_rivals(s, peer, now_ns);
	clear(p);
	clear_roles(s, peer);
	s->is_dirty = true;
}

/* ---- machines that may be elsewhere ---- */

void peers_move(struct segments *s, int peer, uint64_t now_ns)
{
	struct seg_peer *p = &s->peers[peer];

	p->is_moved = true;
	p->forgets = FORGETS;
	p->forget_ns = p->is_up ? now_ns + FORGET_MS * SEGMENTS_NS_PER_MS : UINT64_MAX;
}

static void forget_again(struct seg_peer *p, uint64_t now_ns)
{
	if (!p->is_up || now_ns < p->forget_ns)
		return;
	p->is_moved = true;
	p->forgets--;
	p->forget_ns = p->forgets > 0 ? now_ns + FORGET_MS * SEGMENTS_NS_PER_MS : UINT64_MAX;
}

void peers_forget_again(struct segments *s, uint64_t now_ns)
{
	for (size_t i = 0; i < s->peer_capacity; i++)
		forget_again(&s->peers[i], now_ns);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t peer_deadline_ns(const struct seg_peer *p)
{
	return earlier(earlier(p->forget_ns, p->take_ns), earlier(p->report_ns, p->answer_ns));
}

uint64_t peers_deadline_ns(const struct segments *s)
{
	uint64_t at = UINT64_MAX;

	for (size_t i = 0; i < s->peer_capacity; i++)
		if (s->peers[i].is_up)
			at = earlier(at, peer_deadline_ns(&s->peers[i]));
	return at;
}
