/*
 * reassembly.c - see reassembly.h
 *
 * 64 entries are few enough to look through one by one; the data path comes here only for frames
 * that fit no datagram.
 */
#include "reassembly.h"

#include <assert.h>
#include <string.h>

size_t reassembly_memory_bytes(uint32_t body_max)
{
	return (size_t)REASSEMBLY_FRAMES_MAX * body_max;
}

void reassembly_init(struct reassembly *r, void *memory, uint32_t body_max)
{
	memset(r, 0, sizeof(*r));
	r->memory = memory;
	r->body_max = body_max;
	for (size_t i = 0; i < REASSEMBLY_FRAMES_MAX; i++)
		r->frames[i].body = r->memory + i * body_max;
}

static void release(struct reassembly *r, struct unfinished *u)
{
	u->total = 0;
	r->in_use--;
}

static struct unfinished *find(struct reassembly *r, const struct piece *p)
{
	for (size_t i = 0; r->in_use && i < REASSEMBLY_FRAMES_MAX; i++) {
		struct unfinished *u = &r->frames[i];

		if (u->total && u->peer == p->peer && u->session == p->session && u->id == p->id)
			return u;
	}
	return NULL;
}

/* Return: the oldest of @peer; @count: how many it has. */
static struct unfinished *oldest_of(struct reassembly *r, uint32_t peer, uint32_t *count)
{
	struct unfinished *oldest = NULL;

	*count = 0;
	for (size_t i = 0; i < REASSEMBLY_FRAMES_MAX; i++) {
		struct unfinished *u = &r->frames[i];

		if (!u->total || u->peer != peer)
			continue;
		++*count;
		if (!oldest || u->since_ns < oldest->since_ns)
			oldest = u;
	}
	return oldest;
}

/* The oldest of whoever has the most. */
static struct unfinished *oldest_of_greediest(struct reassembly *r)
{
	struct unfinished *victim = NULL;
	uint32_t most = 0;

	for (size_t i = 0; i < REASSEMBLY_FRAMES_MAX; i++) {
		uint32_t count;
		struct unfinished *u = oldest_of(r, r->frames[i].peer, &count);

		if (u && count > most) {
			most = count;
			victim = u;
		}
	}
	return victim;
}

static struct unfinished *first_free(struct reassembly *r)
{
	for (size_t i = 0; i < REASSEMBLY_FRAMES_MAX; i++)
		if (!r->frames[i].total)
			return &r->frames[i];
	return NULL;
}

/* Return: an entry for a new frame of @peer; @evicted: who lost one for it, or -1. */
static struct unfinished *claim(struct reassembly *r, uint32_t peer, int *evicted)
{
	uint32_t own;
	struct unfinished *victim = oldest_of(r, peer, &own);

	*evicted = -1;
	if (own < REASSEMBLY_PEER_MAX && r->in_use < REASSEMBLY_FRAMES_MAX) {
		r->in_use++;
		return first_free(r);
	}
	if (!victim)
		victim = oldest_of_greediest(r);
	*evicted = (int)victim->peer;
	return victim;
}

static struct unfinished *start(struct reassembly *r, const struct piece *p, uint64_t now_ns,
				int *evicted)
{
	struct unfinished *u = claim(r, p->peer, evicted);

	u->since_ns = now_ns;
	u->peer = p->peer;
	u->session = p->session;
	u->id = p->id;
	u->total = p->total;
	u->stretch_count = 0;
	return u;
}

static bool piece_is_sane(const struct reassembly *r, const struct piece *p)
{
	return p->len > 0 && p->total >= FRAME_TAG_BYTES + ETHER_HEADER_BYTES &&
	       p->total <= r->body_max && p->offset + p->len <= p->total;
}

/* Insert a stretch, joined with its neighbours. Return: false if it overlaps or there are too many. */
static bool insert(struct unfinished *u, uint16_t from, uint16_t to)
{
	struct stretch *s = u->stretches;
	size_t at = 0, n = u->stretch_count;
	bool joins_before, joins_after;

	while (at < n && s[at].end <= from)
		at++;
	if (at < n && s[at].start < to)
		return false;
	joins_before = at > 0 && s[at - 1].end == from;
	joins_after = at < n && s[at].start == to;
	if (joins_before && joins_after) {
		s[at - 1].end = s[at].end;
		memmove(&s[at], &s[at + 1], (n - at - 1) * sizeof(*s));
		u->stretch_count--;
	} else if (joins_before) {
		s[at - 1].end = to;
	} else if (joins_after) {
		s[at].start = from;
	} else {
		if (n == REASSEMBLY_STRETCHES_MAX)
			return false;
		memmove(&s[at + 1], &s[at], (n - at) * sizeof(*s));
		s[at] = (struct stretch){from, to};
		u->stretch_count++;
	}
	return true;
}

static bool is_complete(const struct unfinished *u)
{
	return u->stretch_count == 1 && u->stretches[0].start == 0 &&
	       u->stretches[0].end == u->total;
}

struct reassembled reassembly_add(struct reassembly *r, const struct piece *piece, uint64_t now_ns)
{
	struct reassembled result = {.drop = DROP_NONE, .evicted_peer = -1};
	struct unfinished *u;

	result.drop = DROP_BAD_FRAGMENT;
	if (!piece_is_sane(r, piece))
		return result;
	u = find(r, piece);
	if (!u)
		u = start(r, piece, now_ns, &result.evicted_peer);
	if (u->total != piece->total) {
		release(r, u);
		return result;
	}
	if (!insert(u, piece->offset, (uint16_t)(piece->offset + piece->len)))
		return result;
	memcpy(u->body + piece->offset, piece->bytes, piece->len);
	result.drop = DROP_NONE;
	if (is_complete(u)) {
		result.body = u->body;
		result.len = u->total;
		release(r, u);
	}
	return result;
}

int reassembly_expire(struct reassembly *r, uint64_t now_ns)
{
	for (size_t i = 0; r->in_use && i < REASSEMBLY_FRAMES_MAX; i++) {
		struct unfinished *u = &r->frames[i];

		if (u->total && now_ns - u->since_ns >= REASSEMBLY_TIMEOUT_NS) {
			release(r, u);
			return (int)u->peer;
		}
	}
	return -1;
}

uint64_t reassembly_deadline_ns(const struct reassembly *r)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; r->in_use && i < REASSEMBLY_FRAMES_MAX; i++) {
		const struct unfinished *u = &r->frames[i];

		if (u->total && u->since_ns + REASSEMBLY_TIMEOUT_NS < first)
			first = u->since_ns + REASSEMBLY_TIMEOUT_NS;
	}
	return first;
}

void reassembly_forget(struct reassembly *r, uint32_t peer, uint32_t session)
{
	for (size_t i = 0; r->in_use && i < REASSEMBLY_FRAMES_MAX; i++) {
		struct unfinished *u = &r->frames[i];

		if (u->total && u->peer == peer && u->session == session)
			release(r, u);
	}
}
