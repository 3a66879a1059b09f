/*
 * segments.c - see segments.h; ports, attachments, who blocks, time
 */
#include "agent/segments.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "segments_private.h"

enum {
	TWIN_MS = 3 * SEGMENTS_SHARED_MS,
};

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
	for (int i = 0; s->has_twins && i < CONFIG_PORTS_MAX; i++)
		if (s->ports[i].twin_ns != 0 && (i == port || s->ports[i].twin == port))
			return true;
	return false;
}

static bool any_twins(const struct segments *s)
{
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++)
		if (s->ports[i].twin_ns != 0)
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
	s->has_twins = any_twins(s);
}

/* ---- attachments ---- */

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
	beacons_new_id(s, a, ID_NOW);
	s->attachments[number] = a;
	if (number >= s->attachment_end)
		s->attachment_end = number + 1;
	s->is_dirty = true;
	beacons_soon(s, port, now_ns);
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
		beacons_soon(s, a->port, now_ns);
	a->rank = rank;
	if (a->place.serves && a->place.is_real)
		estranged = has_stranger_first(a);
	if (estranged == a->is_estranged)
		return;
	a->is_estranged = estranged;
	if (!estranged)
		neighbours_moved(s, a->port, now_ns);
	beacons_soon(s, a->port, now_ns);
}

static void settle_port(struct segments *s, int port, uint64_t now_ns)
{
	struct seg_port *p = &s->ports[port];

	if (p->is_listening && now_ns - p->opened_ns >= SEGMENTS_LISTEN_MS * SEGMENTS_NS_PER_MS) {
		p->is_listening = false;
		s->is_dirty = true;
		neighbours_moved(s, port, now_ns);
		if (segments_is_shared(s, port))
			beacons_soon(s, port, now_ns);
	}
	if (p->twin_ns != 0 && now_ns - p->twin_ns > TWIN_MS * SEGMENTS_NS_PER_MS) {
		p->twin_ns = 0;
		s->has_twins = any_twins(s);
		p->is_moved = s->ports[p->twin].is_moved = true;
		s->is_dirty = true;
		neighbours_moved(s, port, now_ns);
		beacons_soon(s, port, now_ns);
	}
	if (now_ns >= p->due_ns)
		beacons_send(s, port, now_ns);
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
			beacons_send(s, port, now_ns);
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
