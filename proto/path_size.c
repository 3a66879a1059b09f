/*
 * path_size.c - see path_size.h
 */
#include "path_size.h"

#include <string.h>

#include "events.h"
#include "mtu_search.h"
#include "outbox.h"
#include "path_probe.h"
#include "path_table.h"
#include "timers.h"

/* Nothing longer than the path carries is sent from now on; or something longer than before. */
static void set_mtu(struct engine *e, struct peer *p, uint16_t mtu_bytes)
{
	struct path *path = path_active(p);

	if (path->mtu_bytes == mtu_bytes)
		return;
	path->mtu_bytes = mtu_bytes;
	event_raise(e, p, ENGINE_EVENT_PATH);
}

static void schedule(struct engine *e, struct peer *p, uint64_t at_ns)
{
	p->size.next_ns = at_ns;
	timers_wake_by(e, p, at_ns);
}

/* What passes 1,500-byte wires is tried at once; what takes longer waits until there is something to send. */
static bool may_search(const struct peer *p, uint64_t now_ns)
{
	const struct mtu_search *s = &p->size.search;

	return path_is_busy(p, now_ns) || (s->good < s->usual && s->bad > s->most);
}

static void watch(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_size *z = &p->size;

	z->owes = false;
	z->watches = true;
	z->watch_lost = 0;
	schedule(e, p, now_ns);
}

/* Go on with the search, if something is left to try, and a reason to. */
static void go_on(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_size *z = &p->size;

	z->sent_ns = 0;
	z->next_ns = HEAP_NEVER;
	if (z->owes)
		watch(e, p, now_ns);
	else if (z->searches && may_search(p, now_ns))
		schedule(e, p, now_ns);
}

/* The next size, if there is one. */
static void step(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_size *z = &p->size;

	z->lost = 0;
	z->size = mtu_search_next(&z->search);
	if (!z->size) {
		z->searches = false;
		z->searched_ns = now_ns;
	}
	go_on(e, p, now_ns);
}

static void search(struct engine *e, struct peer *p, uint16_t bad, uint64_t now_ns)
{
	struct peer_size *z = &p->size;
	const struct path *path = path_active(p);

	z->search = mtu_search_begin(addr_is_ipv4(&path->remote), path->mtu_bytes, bad);
	z->searches = true;
	z->watches = false;
	z->owes = false;
	step(e, p, now_ns);
}

void path_size_begin(struct engine *e, struct peer *p, uint64_t now_ns)
{
	p->size.watched_ns = 0;
	search(e, p, 0, now_ns);
}

/* It has shrunk: what is sent from now on passes surely, and the search finds what else does. */
static void shrink(struct engine *e, struct peer *p, uint16_t bad, uint64_t now_ns)
{
	set_mtu(e, p, DATAGRAM_LEAST_BYTES);
	search(e, p, bad, now_ns);
}

void path_size_used(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_size *z = &p->size;

	if (z->next_ns != HEAP_NEVER)
		return;
	if (z->searches)
		schedule(e, p, now_ns);
	else if (age_of(z->searched_ns, now_ns) >= MTU_AGAIN_NS)
		search(e, p, 0, now_ns);
}

void path_size_sent(struct engine *e, struct peer *p, size_t len, uint64_t now_ns)
{
	struct peer_size *z = &p->size;

	if (len <= DATAGRAM_LEAST_BYTES || !path_active(p) || z->watches ||
	    age_of(z->watched_ns, now_ns) < MTU_WATCH_NS)
		return;
	if (z->next_ns != HEAP_NEVER)
		z->owes = true;
	else
		watch(e, p, now_ns);
}

/* How long the answer may take. */
static uint64_t patience_ns(const struct path *path)
{
	uint64_t patience = 3 * (uint64_t)path->rtt_ns;

	if (patience < MTU_PATIENCE_MIN_NS)
		return MTU_PATIENCE_MIN_NS;
	return patience < MTU_PATIENCE_MAX_NS ? patience : MTU_PATIENCE_MAX_NS;
}

static void send_probe(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_size *z = &p->size;
	struct path *path = path_active(p);
	const struct route to = {path->remote, path->local};
	const struct probe probe = {
		.route = &to, .token = z->token, .size = z->watches ? path->mtu_bytes : z->size};
	bool is_first = (z->watches ? z->watch_lost : z->lost) == 0;

	e->random(e->random_context, z->token, TOKEN_BYTES);
	if (outbox_probe(e, p, &probe, now_ns) != DROP_NONE)
		return;
	z->sent_ns = now_ns ? now_ns : 1;
	z->next_ns = now_ns + patience_ns(path);
	/* A short one beside it, so that it is known whether the length is what was wrong. */
	if (is_first)
		z->first_ns = now_ns;
	else
		path_probe(e, p, path, NULL, now_ns);
}

/* Does the path carry anything? If not, it waits until there is something to send. */
static bool carries_short_ones(struct peer *p)
{
	struct peer_size *z = &p->size;

	if (p->paths.answered_ns >= z->first_ns)
		return true;
	z->watches = false;
	z->lost = 0;
	z->next_ns = HEAP_NEVER;
	return false;
}

/* The probe on its way was not answered in time. Return: is another of that size to be sent at once? */
static bool take_loss(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_size *z = &p->size;

	z->sent_ns = 0;
	if (z->watches) {
		if (++z->watch_lost < MTU_LOST_MAX)
			return true;
		if (carries_short_ones(p))
			shrink(e, p, path_active(p)->mtu_bytes, now_ns);
		return false;
	}
	if (++z->lost >= MTU_LOST_MAX) {
		if (!carries_short_ones(p))
			return false;
		mtu_search_failed(&z->search, z->size);
		step(e, p, now_ns);
		return false;
	}
	if (z->owes)
		watch(e, p, now_ns);
	return true;
}

void path_size_due(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_size *z = &p->size;

	if (z->next_ns > now_ns || (z->sent_ns && !take_loss(e, p, now_ns)))
		return;
	send_probe(e, p, now_ns);
}

bool path_size_take(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
		    uint64_t now_ns)
{
	struct peer_size *z = &p->size;

	if (!z->sent_ns || memcmp(z->token, token, TOKEN_BYTES) != 0)
		return false;
	p->paths.answered_ns = now_ns;
	if (z->watches) {
		z->watches = false;
		z->watched_ns = now_ns;
		go_on(e, p, now_ns);
		return true;
	}
	mtu_search_passed(&z->search, z->size);
	set_mtu(e, p, z->search.good);
	z->watched_ns = now_ns;
	step(e, p, now_ns);
	return true;
}

void path_size_refused(struct engine *e, struct peer *p, size_t len, uint64_t now_ns)
{
	struct peer_size *z = &p->size;
	uint16_t bad = (uint16_t)(len <= DATAGRAM_MAX_BYTES ? len : DATAGRAM_MAX_BYTES);

	if (bad <= DATAGRAM_LEAST_BYTES)
		return;
	if (bad <= path_active(p)->mtu_bytes) {
		shrink(e, p, bad, now_ns);
	} else if (z->searches && !z->watches) {
		mtu_search_failed(&z->search, bad);
		step(e, p, now_ns);
	}
}

void path_size_rest(struct peer *p)
{
	p->size.next_ns = HEAP_NEVER;
	p->size.sent_ns = 0;
	p->size.lost = 0;
	p->size.watches = false;
	p->size.owes = false;
}
