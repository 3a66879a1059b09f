/*
 * segments.c - see segments.h; ports, attachments, time, beacons
 */
#include "agent/segments.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/keyed_hash.h"
#include "segments_private.h"

enum {
	SOON_MS = 50,     /* between two beacons of a port at the least, whatever happens */
	SUSPECT_MS = 200, /* two machines may have one MAC for good: no beacon for each frame */
	SLACK_MS = 300,   /* a regular tick this much too early is as good */
	TWIN_MS = 3 * SEGMENTS_SHARED_MS,
};

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

bool segments_put(uint64_t *set, int peer, bool member)
{
	uint64_t bit = UINT64_C(1) << (peer % BITS_PER_WORD);
	uint64_t *word = &set[peer / BITS_PER_WORD];
	uint64_t was = *word;

	*word = member ? was | bit : was & ~bit;
	return *word != was;
}

/* ---- finding ---- */

struct attachment *segments_each(const struct segments *s, int port, size_t *cursor)
{
	while (*cursor < s->attachment_end) {
		struct attachment *a = s->attachments[(*cursor)++];

		if (a && (port < 0 || a->port == port))
			return a;
	}
	return NULL;
}

struct attachment *segments_attachment(const struct segments *s, int port, uint32_t interface)
{
	struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, port, &cursor)))
		if (a->place.interface == interface)
			return a;
	return NULL;
}

bool segments_is_shared(const struct segments *s, int port)
{
	const struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, port, &cursor)))
		if (a->neighbour_count > 0)
			return true;
	for (int i = 0; i < CONFIG_PORTS_MAX; i++)
		if (s->ports[i].twin_ns != 0 && (i == port || s->ports[i].twin == port))
			return true;
	return false;
}

/* ---- life ---- */

struct segments *segments_new(const struct segments_config *config)
{
	struct segments *s = calloc(1, sizeof(*s));

	if (s)
		s->config = *config;
	return s;
}

void segments_free(struct segments *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SEGMENTS_NUMBERS_MAX; i++)
		free(s->attachments[i]);
	for (size_t i = 0; i < s->peer_capacity; i++) {
		free(s->peers[i].report);
		free(s->peers[i].waiting);
	}
	free(s->peers);
	free(s);
}

void segments_port_open(struct segments *s, int port, uint16_t vlan, uint64_t now_ns)
{
	assert(port >= 0 && port < CONFIG_PORTS_MAX && !s->ports[port].is_open);
	s->ports[port] = (struct seg_port){.is_open = true,
					   .is_listening = true,
					   .vlan = vlan,
					   .opened_ns = now_ns,
					   .due_ns = UINT64_MAX};
}

static void detach(struct segments *s, size_t number)
{
	free(s->attachments[number]);
	s->attachments[number] = NULL;
	while (s->attachment_end > 0 && !s->attachments[s->attachment_end - 1])
		s->attachment_end--;
	s->is_dirty = true;
}

void segments_port_close(struct segments *s, int port)
{
	for (size_t i = 0; i < SEGMENTS_NUMBERS_MAX; i++)
		if (s->attachments[i] && s->attachments[i]->port == port)
			detach(s, i);
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++)
		if (s->ports[i].twin == port)
			s->ports[i].twin_ns = 0;
	s->ports[port] = (struct seg_port){.is_open = false};
}

/* ---- attachments ---- */

static void new_id(struct segments *s, struct attachment *a, enum own_id which)
{
	uint8_t full[BEACON_ID_BYTES];

	s->config.random(s->config.context, full, sizeof(full));
	a->ids[which] = segment_id_known(s, full);
	a->has_id[which] = true;
}

static void attach(struct segments *s, int port, const struct segments_place *place,
		   uint64_t now_ns)
{
	size_t number = 0;
	struct attachment *a;

	while (number < SEGMENTS_NUMBERS_MAX && s->attachments[number])
		number++;
	a = number < SEGMENTS_NUMBERS_MAX ? calloc(1, sizeof(*a)) : NULL;
	if (!a)
		return; /* no beacons there: like a segment of our own */
	a->port = port;
	a->vlan = s->ports[port].vlan;
	a->place = *place;
	a->number = (uint8_t)number;
	a->id_ns = now_ns;
	new_id(s, a, ID_NOW);
	s->attachments[number] = a;
	if (number >= s->attachment_end)
		s->attachment_end = number + 1;
	s->is_dirty = true;
	segments_beacon_soon(s, port, now_ns);
}

static bool is_listed(uint32_t interface, const struct segments_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (places[i].interface == interface)
			return true;
	return false;
}

void segments_attach(struct segments *s, int port, const struct segments_place *places,
		     size_t count, uint64_t now_ns)
{
	struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, port, &cursor)))
		if (!is_listed(a->place.interface, places, count))
			detach(s, a->number);
	for (size_t i = 0; i < count && i < SEGMENTS_ATTACHMENTS_MAX; i++) {
		a = segments_attachment(s, port, places[i].interface);
		if (a)
			a->place = places[i];
		else
			attach(s, port, &places[i], now_ns);
	}
}

/* ---- beacons ---- */

void segments_beacon_soon(struct segments *s, int port, uint64_t now_ns)
{
	struct seg_port *p = &s->ports[port];
	uint64_t soon_ns = p->beacon_ns + SOON_MS * SEGMENTS_NS_PER_MS;

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
	segments_beacon_soon(s, port, now_ns);
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
		new_id(s, a, ID_NEXT);
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

static void beacon_port(struct segments *s, int port, uint64_t now_ns)
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
			beacon_port(s, port, now_ns);
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

/* ---- who blocks ---- */

/* The lowest token of us and of the peers that serve a LAN on that vlan: two pairs of strangers that meet
 * on two segments decide alike on both. */
static uint64_t rank_of(const struct segments *s, const struct attachment *a)
{
	uint64_t rank = s->config.token;

	if (!a->place.serves || !a->place.is_real)
		return UINT64_MAX;
	for (size_t i = 0; i < s->peer_capacity; i++) {
		const struct segment_report *r = s->peers[i].is_up ? s->peers[i].report : NULL;

		for (size_t k = 0; r && k < r->count; k++)
			if (r->list[k].serves && r->list[k].vlan == a->vlan &&
			    r->list[k].token < rank)
				rank = r->list[k].token;
	}
	return rank;
}

/* Two with one rank have a peer in common that is lowest: then who blocked goes on doing so, and of two
 * that do not, their ids decide. Ids alone would change places with every new one. */
static bool goes_first(const struct neighbour *n, const struct attachment *a)
{
	if (n->rank != a->rank)
		return n->rank < a->rank;
	if (a->is_estranged)
		return true;
	return memcmp(n->ids[0].full, a->ids[ID_NOW].full, BEACON_ID_BYTES) < 0;
}

static bool has_stranger_first(const struct attachment *a)
{
	for (size_t i = 0; i < a->neighbour_count; i++) {
		const struct neighbour *n = &a->neighbours[i];

		if (n->peer < 0 && n->serves && !n->is_blocked && goes_first(n, a))
			return true;
	}
	return false;
}

static void judge_strangers(struct segments *s, struct attachment *a, uint64_t now_ns)
{
	uint64_t rank = rank_of(s, a);
	bool estranged = false;

	if (rank != a->rank)
		segments_beacon_soon(s, a->port, now_ns);
	a->rank = rank;
	if (a->place.serves && a->place.is_real)
		estranged = has_stranger_first(a);
	if (estranged == a->is_estranged)
		return;
	a->is_estranged = estranged;
	if (!estranged)
		neighbours_moved(s, a->port, now_ns);
	segments_beacon_soon(s, a->port, now_ns);
}

static void settle_port(struct segments *s, int port, uint64_t now_ns)
{
	struct seg_port *p = &s->ports[port];

	if (p->is_listening && now_ns - p->opened_ns >= SEGMENTS_LISTEN_MS * SEGMENTS_NS_PER_MS) {
		p->is_listening = false;
		s->is_dirty = true;
		neighbours_moved(s, port, now_ns);
		if (segments_is_shared(s, port))
			segments_beacon_soon(s, port, now_ns);
	}
	if (p->twin_ns != 0 && now_ns - p->twin_ns > TWIN_MS * SEGMENTS_NS_PER_MS) {
		p->twin_ns = 0;
		p->is_moved = s->ports[p->twin].is_moved = true;
		s->is_dirty = true;
		neighbours_moved(s, port, now_ns);
		segments_beacon_soon(s, port, now_ns);
	}
	if (now_ns >= p->due_ns)
		beacon_port(s, port, now_ns);
}

void segments_settle(struct segments *s, uint64_t now_ns)
{
	struct attachment *a;
	size_t cursor = 0;

	for (int port = 0; port < CONFIG_PORTS_MAX; port++)
		if (s->ports[port].is_open)
			settle_port(s, port, now_ns);
	while ((a = segments_each(s, -1, &cursor)))
		neighbours_expire(s, a, now_ns);
	answers_take_waiting(s, now_ns);
	if (s->is_dirty) {
		cursor = 0;
		while ((a = segments_each(s, -1, &cursor))) {
			neighbours_resolve(s, a, now_ns);
			judge_strangers(s, a, now_ns);
		}
		election_hold(s, now_ns);
	}
	s->is_dirty = false;
	peers_forget_again(s, now_ns);
	reports_settle(s, now_ns);
	for (int port = 0; port < CONFIG_PORTS_MAX; port++)
		if (s->ports[port].is_open && now_ns >= s->ports[port].due_ns)
			beacon_port(s, port, now_ns);
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t port_deadline_ns(const struct seg_port *p)
{
	uint64_t at = p->due_ns;

	if (p->is_listening)
		at = earlier(at, p->opened_ns + SEGMENTS_LISTEN_MS * SEGMENTS_NS_PER_MS);
	if (p->twin_ns != 0)
		at = earlier(at, p->twin_ns + (TWIN_MS + 1) * SEGMENTS_NS_PER_MS);
	return at;
}

uint64_t segments_deadline_ns(const struct segments *s)
{
	uint64_t at = peers_deadline_ns(s);
	const struct attachment *a;
	size_t cursor = 0;

	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++)
		if (s->ports[i].is_open)
			at = earlier(at, port_deadline_ns(&s->ports[i]));
	while ((a = segments_each(s, -1, &cursor)))
		at = earlier(at, neighbours_expiry_ns(a));
	return at;
}

bool segments_next_moved(struct segments *s, struct segments_moved *out)
{
	*out = (struct segments_moved){.port = -1, .peer = -1};
	for (int i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (!s->ports[i].is_moved)
			continue;
		s->ports[i].is_moved = false;
		out->port = i;
		return true;
	}
	for (size_t i = 0; i < s->peer_capacity; i++) {
		if (!s->peers[i].is_moved)
			continue;
		s->peers[i].is_moved = false;
		out->peer = (int)i;
		return true;
	}
	return false;
}
