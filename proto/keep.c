/*
 * keep.c - see keep.h
 */
#include "keep.h"

#include "path.h"
#include "path_table.h"
#include "timers.h"

/*
 * A stamp is 1..65535, round a circle: after three days what was sent long ago seems recent for
 * some minutes. What comes then is no proof, which does no harm.
 */
enum {
	STAMPS = UINT16_MAX
};

static uint16_t stamp_of(uint64_t now_ns)
{
	return (uint16_t)(now_ns / KEEP_STAMP_NS % STAMPS + 1);
}

/* How much later @stamp is than @than, round the circle. */
static unsigned later_by(uint16_t stamp, uint16_t than)
{
	return (unsigned)(stamp + STAMPS - than) % STAMPS;
}

static uint8_t bit_of(int8_t path)
{
	return (uint8_t)(1u << path);
}

static bool is_open(const struct peer *p)
{
	return p->paths.active != PATH_NONE && p->keep.open & bit_of(p->paths.active);
}

static bool is_endpoint(const struct peer *p, const struct addr *a)
{
	return peer_path(p) && addr_equal(&peer_path(p)->remote, a);
}

/* Return: the place of the path to there, or PATH_NONE. Nearly always it is the active one. */
static int8_t place_of(struct peer *p, const struct addr *a)
{
	const struct path *path;

	if (is_endpoint(p, a))
		return p->paths.active;
	path = path_find(p, a);
	return path ? path_index(p, path) : PATH_NONE;
}

void keep_sent(struct peer *p, const struct addr *to, uint64_t now_ns)
{
	int8_t path = place_of(p, to);

	*(path == PATH_NONE ? &p->keep.sent_elsewhere : &p->keep.sent[path]) = stamp_of(now_ns);
}

void keep_replied(struct peer *p, const struct addr *to, uint64_t now_ns)
{
	if (place_of(p, to) != PATH_NONE)
		keep_sent(p, to, now_ns);
}

void keep_came(struct peer *p, const struct addr *from, uint64_t now_ns)
{
	int8_t path = place_of(p, from);
	uint16_t sent = path == PATH_NONE ? 0 : p->keep.sent[path];

	if (path == PATH_NONE || p->keep.is_mapped)
		return;
	if (!sent || later_by(stamp_of(now_ns), sent) > KEEP_PROOF_NS / KEEP_STAMP_NS)
		p->keep.open |= bit_of(path);
}

void keep_learned(struct peer *p, int8_t path)
{
	p->keep.sent[path] = p->keep.sent_elsewhere;
	keep_left(p, path);
}

void keep_forgotten(struct peer *p, int8_t path)
{
	struct peer_keep *k = &p->keep;
	uint16_t sent = k->sent[path];

	if (sent && (!k->sent_elsewhere || later_by(sent, k->sent_elsewhere) < STAMPS / 2))
		k->sent_elsewhere = sent;
	k->sent[path] = 0;
	keep_left(p, path);
}

void keep_left(struct peer *p, int8_t path)
{
	p->keep.open &= (uint8_t)~bit_of(path);
}

void keep_network_changed(struct peer *p)
{
	p->keep.open = 0;
	p->keep.is_mapped = false;
	p->keep.steps = 0;
	p->keep.asked = false;
}

/* ---- the mapping died ---- */

/* Nobody kept it, or not often enough. */
static void note_dead(struct peer *p)
{
	if (is_open(p)) {
		p->keep.open = 0;
		p->keep.is_mapped = true;
	} else if (p->keep.steps < KEEP_STEPS_MAX) {
		p->keep.steps++;
	}
}

/*
 * Who knows us at this address answers a ping with a pong alone. Who challenges us instead was
 * pinged from an address that is new to it; and ours did not change, or the ping would not count.
 */
void keep_challenged(struct engine *e, struct peer *p, const struct addr *from, uint64_t now_ns)
{
	if (!p->keep.asked || !is_endpoint(p, from))
		return;
	p->keep.asked = false;
	/* One that was answered is not on its way any more: its time is 0. */
	if (age_of(p->ping.sent_ns, now_ns) >= KEEP_ECHO_NS)
		return;
	note_dead(p);
	timers_wake_by(e, p, keep_ping_at(p));
}

/* Before its time, and from the same place: it did not hear us any more, nor we its asking. */
void keep_renewed(struct peer *p, const struct addr *from, uint64_t now_ns)
{
	uint64_t age_ns;

	if (p->current == SLOT_NONE || !is_open(p) || !is_endpoint(p, from))
		return;
	age_ns = age_of(p->sessions[p->current].born_ns, now_ns);
	/* Within the first seconds it may be the answer to another of its tries. */
	if (age_ns >= UNHEARD_NS && age_ns < REKEY_AFTER_NS)
		note_dead(p);
}

/* ---- pings ---- */

uint64_t keep_ping_at(const struct peer *p)
{
	if (is_open(p))
		return p->keep.is_pinged ? p->heard_ns + KEEP_QUIET_NS : HEAP_NEVER;
	return p->sent_ns + PING_IDLE_NS - p->keep.steps * PING_STEP_NS;
}

void keep_began(struct peer *p)
{
	p->keep.is_pinged = true;
}

void keep_pinged(struct engine *e, struct peer *p, uint64_t now_ns)
{
	uint16_t stamp = stamp_of(now_ns), last = p->keep.pinged;

	p->keep.pinged = stamp;
	if (last && later_by(stamp, last) <= KEEP_BEAT_NS / KEEP_STAMP_NS)
		p->keep.is_pinged = true;
	if (is_open(p) && p->keep.is_pinged)
		timers_wake_by(e, p, now_ns + KEEP_QUIET_NS);
}

void keep_ping(struct engine *e, struct peer *p, uint64_t now_ns)
{
	bool wanted = p->ping.wanted;

	if (path_ping(e, p, now_ns) == DROP_OUTBOX_FULL)
		return;
	p->keep.asked = !wanted;
	p->keep.is_pinged = false;
}
