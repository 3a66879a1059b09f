/*
 * reassembly.c - see reassembly.h
 *
 * 64 entries are few enough to look through one by one, if they lie close together: bulk with frames that
 * just fit no datagram comes here twice a frame, and lost pieces leave a peer's entries taken.
 */
#include "reassembly.h"

#include <assert.h>
#include <string.h>

enum {
	NO_ENTRY = -1,
};

_Static_assert(REASSEMBLY_FRAMES_MAX == 64, "a bit of one word for each");

static uint64_t bit(size_t entry)
{
	return UINT64_C(1) << entry;
}

/* The first of a set that is not empty */
static unsigned first_of(uint64_t set)
{
	return (unsigned)__builtin_ctzll(set);
}

uint32_t reassembly_kept(uint32_t body_max)
{
	uint32_t fitting = REASSEMBLY_KEPT_BYTES / body_max;

	return fitting < REASSEMBLY_KEPT_MAX ? fitting : REASSEMBLY_KEPT_MAX;
}

size_t reassembly_memory_bytes(uint32_t body_max)
{
	return ((size_t)REASSEMBLY_FRAMES_MAX + reassembly_kept(body_max)) * body_max;
}

void reassembly_init(struct reassembly *r, void *memory, uint32_t body_max)
{
	memset(r, 0, sizeof(*r));
	r->memory = memory;
	r->body_max = body_max;
	r->kept_count = reassembly_kept(body_max);
	for (size_t i = 0; i < REASSEMBLY_FRAMES_MAX; i++)
		r->frames[i].body = r->memory + i * body_max;
	for (size_t i = 0; i < r->kept_count; i++)
		r->kept[i] = r->memory + (REASSEMBLY_FRAMES_MAX + i) * body_max;
}

unsigned reassembly_in_use(const struct reassembly *r)
{
	unsigned count = 0;

	for (uint64_t left = r->used; left; left &= left - 1)
		count++;
	return count;
}

static void release(struct reassembly *r, unsigned entry)
{
	r->used &= ~bit(entry);
}

static bool is_of(const struct origin *o, const struct piece *p)
{
	return o->id == p->id && o->peer == p->peer && o->session == p->session;
}

/* Return: the entry of the piece's frame, or NO_ENTRY. */
static int find(const struct reassembly *r, const struct piece *p)
{
	if (r->used & bit(r->recent) && is_of(&r->origins[r->recent], p))
		return (int)r->recent;
	for (uint64_t left = r->used; left; left &= left - 1)
		if (is_of(&r->origins[first_of(left)], p))
			return (int)first_of(left);
	return NO_ENTRY;
}

/* Return: the oldest of @peer, or NO_ENTRY; @count: how many it has. */
static int oldest_of(const struct reassembly *r, uint32_t peer, uint32_t *count)
{
	int oldest = NO_ENTRY;

	*count = 0;
	for (uint64_t left = r->used; left; left &= left - 1) {
		const struct origin *o = &r->origins[first_of(left)];

		if (o->peer != peer)
			continue;
		++*count;
		if (oldest == NO_ENTRY || o->since_ns < r->origins[oldest].since_ns)
			oldest = (int)first_of(left);
	}
	return oldest;
}

/* The oldest of whoever has the most. */
static int oldest_of_greediest(const struct reassembly *r)
{
	int victim = NO_ENTRY;
	uint32_t most = 0;

	for (uint64_t left = r->used; left; left &= left - 1) {
		uint32_t count;
		int oldest = oldest_of(r, r->origins[first_of(left)].peer, &count);

		if (count > most) {
			most = count;
			victim = oldest;
		}
	}
	return victim;
}

/* Return: an entry for a new frame of @peer; @evicted: who lost one for it, or -1. */
static unsigned claim(struct reassembly *r, uint32_t peer, int *evicted)
{
	uint32_t own;
	int victim = oldest_of(r, peer, &own);
	unsigned entry;

	*evicted = -1;
	if (own < REASSEMBLY_PEER_MAX && ~r->used) {
		entry = first_of(~r->used);
		r->used |= bit(entry);
		return entry;
	}
	if (victim == NO_ENTRY)
		victim = oldest_of_greediest(r);
	assert(victim != NO_ENTRY);
	*evicted = (int)r->origins[victim].peer;
	return (unsigned)victim;
}

static unsigned start(struct reassembly *r, const struct piece *p, uint64_t now_ns, int *evicted)
{
	unsigned entry = claim(r, p->peer, evicted);

	r->origins[entry] = (struct origin){
		.since_ns = now_ns, .peer = p->peer, .session = p->session, .id = p->id};
	r->frames[entry].total = p->total;
	r->frames[entry].stretch_count = 0;
	return entry;
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

/* The entry goes on with the body that was finished longest ago. */
static const uint8_t *hand_out(struct reassembly *r, unsigned entry)
{
	uint8_t *body = r->frames[entry].body;

	r->frames[entry].body = r->kept[r->kept_next];
	r->kept[r->kept_next] = body;
	r->kept_next = r->kept_next + 1 < r->kept_count ? r->kept_next + 1 : 0;
	release(r, entry);
	return body;
}

/* The entry of the piece's frame, from now on at least. */
static unsigned entry_of(struct reassembly *r, const struct piece *p, uint64_t now_ns, int *evicted)
{
	int found = find(r, p);

	r->recent = found == NO_ENTRY ? start(r, p, now_ns, evicted) : (unsigned)found;
	return r->recent;
}

struct reassembled reassembly_add(struct reassembly *r, const struct piece *piece, uint64_t now_ns)
{
	struct reassembled result = {.drop = DROP_BAD_FRAGMENT, .evicted_peer = -1};
	struct unfinished *u;
	unsigned entry;

	if (!piece_is_sane(r, piece))
		return result;
	entry = entry_of(r, piece, now_ns, &result.evicted_peer);
	u = &r->frames[entry];
	if (u->total != piece->total) {
		release(r, entry);
		return result;
	}
	if (!insert(u, piece->offset, (uint16_t)(piece->offset + piece->len)))
		return result;
	memcpy(u->body + piece->offset, piece->bytes, piece->len);
	result.drop = DROP_NONE;
	if (is_complete(u)) {
		result.body = hand_out(r, entry);
		result.len = u->total;
	}
	return result;
}

int reassembly_expire(struct reassembly *r, uint64_t now_ns)
{
	for (uint64_t left = r->used; left; left &= left - 1) {
		const struct origin *o = &r->origins[first_of(left)];

		if (now_ns - o->since_ns >= REASSEMBLY_TIMEOUT_NS) {
			release(r, first_of(left));
			return (int)o->peer;
		}
	}
	return -1;
}

uint64_t reassembly_deadline_ns(const struct reassembly *r)
{
	uint64_t first = UINT64_MAX;

	for (uint64_t left = r->used; left; left &= left - 1) {
		uint64_t due = r->origins[first_of(left)].since_ns + REASSEMBLY_TIMEOUT_NS;

		if (due < first)
			first = due;
	}
	return first;
}

void reassembly_forget(struct reassembly *r, uint32_t peer, uint32_t session)
{
	for (uint64_t left = r->used; left; left &= left - 1) {
		const struct origin *o = &r->origins[first_of(left)];

		if (o->peer == peer && o->session == session)
			release(r, first_of(left));
	}
}
