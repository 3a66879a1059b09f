/*
 * segments_beacons.c - ids, and the beacons that carry them
 */
#include <string.h>

#include "common/keyed_hash.h"
#include "segments_private.h"

enum {
	SUSPECT_MS = 200, /* two machines may have one MAC for good: no beacon for each frame */
	SLACK_MS = 300,   /* a regular tick this much too early is as good */
};

/* ---- ids ---- */

bool segment_id_equal(const struct segment_id *a, const struct segment_id *b)
{
	return memcmp(a->b, b->b, SEGMENT_ID_BYTES) == 0;
}

struct segment_id segment_id_for(const uint8_t full[BEACON_ID_BYTES], const struct public_key *key)
{
	struct hash_key secret;
	struct segment_id id;
	uint64_t hash;

	memcpy(secret.b, full, sizeof(secret.b));
	hash = keyed_hash(&secret, key->b, sizeof(key->b));
	memcpy(id.b, &hash, sizeof(id.b)); /* as it came out of the hash, on every machine */
	return id;
}
_Static_assert((int)KEYED_HASH_KEY_BYTES == (int)BEACON_ID_BYTES, "an id is a key");
_Static_assert((int)SEGMENT_ID_BYTES == (int)sizeof(uint64_t), "and its hash what reports carry");

struct known_id segment_id_known(const struct segments *s, const uint8_t full[BEACON_ID_BYTES])
{
	struct known_id id = {.for_us = segment_id_for(full, &s->config.key)};

	memcpy(id.full, full, sizeof(id.full));
	return id;
}

bool segment_id_in(const struct segment_id *id, const struct segment_id *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (segment_id_equal(id, &list[i]))
			return true;
	return false;
}

void beacons_new_id(struct segments *s, struct attachment *a, enum own_id which)
{
	uint8_t full[BEACON_ID_BYTES];

	s->config.random(s->config.context, full, sizeof(full));
	a->ids[which] = segment_id_known(s, full);
	a->has_id[which] = true;
}

/* ---- when ---- */

void beacons_soon(struct segments *s, int port, uint64_t now_ns)
{
	struct seg_port *p = &s->ports[port];
	uint64_t soon_ns = p->beacon_ns + SEGMENTS_APART_MS * SEGMENTS_NS_PER_MS;

	if (p->beacon_ns == 0 || soon_ns < now_ns)
		soon_ns = now_ns;
	if (soon_ns < p->due_ns)
		p->due_ns = soon_ns;
}

bool segments_suspect(struct segments *s, int port, uint64_t now_ns)
{
	if (!segments_beacons(s, port) ||
	    now_ns - s->ports[port].suspect_ns < SUSPECT_MS * SEGMENTS_NS_PER_MS)
		return false;
	s->ports[port].suspect_ns = now_ns;
	beacons_soon(s, port, now_ns);
	return true;
}

static uint64_t period_ns(const struct segments *s, int port)
{
	return (segments_is_shared(s, port) ? SEGMENTS_SHARED_MS : SEGMENTS_ALONE_MS) *
	       SEGMENTS_NS_PER_MS;
}

/* The present id becomes the one before, and the next one, which the peers know, the present one. */
static void rotate(struct segments *s, struct attachment *a, uint64_t now_ns)
{
	uint64_t age_ns = now_ns - a->id_ns;

	if (age_ns < (SEGMENTS_ID_S - SEGMENTS_ID_AHEAD_S) * SEGMENTS_NS_PER_S)
		return;
	s->is_dirty = true;
	if (!a->has_id[ID_NEXT]) {
		beacons_new_id(s, a, ID_NEXT);
		return;
	}
	if (age_ns < SEGMENTS_ID_S * SEGMENTS_NS_PER_S)
		return;
	a->ids[ID_BEFORE] = a->ids[ID_NOW];
	a->ids[ID_NOW] = a->ids[ID_NEXT];
	a->has_id[ID_BEFORE] = true;
	a->has_id[ID_NEXT] = false;
	a->id_ns = now_ns;
}

void beacons_send(struct segments *s, int port, uint64_t now_ns)
{
	struct seg_port *p = &s->ports[port];
	struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, port, &cursor))) {
		rotate(s, a, now_ns);
		a->is_due = true;
	}
	p->beacon_ns = now_ns;
	p->due_ns = UINT64_MAX;
	if (segments_is_shared(s, port))
		p->due_ns = now_ns + period_ns(s, port);
	s->beacon_cursor = 0;
}

void segments_regular(struct segments *s, uint64_t now_ns)
{
	for (int port = 0; port < CONFIG_PORTS_MAX; port++) {
		struct seg_port *p = &s->ports[port];

		if (p->is_open &&
		    now_ns - p->beacon_ns + SLACK_MS * SEGMENTS_NS_PER_MS >= period_ns(s, port))
			beacons_send(s, port, now_ns);
	}
}

static bool is_blocked(const struct segments *s, int port)
{
	return segments_admit(s, port) == DROP_PORT_BLOCKED;
}

static struct beacon make_beacon(const struct segments *s, const struct attachment *a)
{
	struct beacon b = {
		.kind = BEACON_AGENT,
		.rank = a->rank,
		.period_ms = (uint16_t)(period_ns(s, a->port) / SEGMENTS_NS_PER_MS),
	};

	b.flags = (uint8_t)((a->place.serves ? BEACON_SERVES : 0) |
			    (is_blocked(s, a->port) ? BEACON_BLOCKED : 0) |
			    (s->ports[a->port].is_listening ? BEACON_LISTENING : 0));
	memcpy(b.id, a->ids[ID_NOW].full, BEACON_ID_BYTES);
	return b;
}

bool segments_next_beacon(struct segments *s, struct segments_beacon *out)
{
	struct attachment *a;

	while ((a = segments_each(s, -1, &s->beacon_cursor))) {
		if (!a->is_due)
			continue;
		a->is_due = false;
		*out = (struct segments_beacon){.port = a->port,
						.interface = a->place.interface,
						.beacon = make_beacon(s, a)};
		return true;
	}
	s->beacon_cursor = 0;
	return false;
}

size_t segments_leaving(const struct segments *s, int port,
			struct segments_beacon out[SEGMENTS_ATTACHMENTS_MAX])
{
	const struct attachment *a;
	size_t cursor = 0, count = 0;

	while (count < SEGMENTS_ATTACHMENTS_MAX && (a = segments_each(s, port, &cursor))) {
		out[count] = (struct segments_beacon){
			.port = port, .interface = a->place.interface, .beacon = make_beacon(s, a)};
		out[count++].beacon.kind = BEACON_LEAVING;
	}
	return count;
}
