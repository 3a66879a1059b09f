/*
 * segments_data.c - what the data path asks of the segments
 *
 * Asked for every frame and every place where it may go: where nobody else is heard, the answer is
 * found at once.
 */
#include <string.h>

#include "segments_private.h"

bool segments_beacons(const struct segments *s, int port)
{
	return port >= 0 && port < CONFIG_PORTS_MAX && s->ports[port].is_open;
}

enum drop segments_admit(const struct segments *s, int port)
{
	const struct attachment *a;
	size_t cursor = 0;

	if (!segments_beacons(s, port))
		return DROP_NONE;
	if (s->ports[port].twin_ns != 0)
		return DROP_PORT_BLOCKED;
	while ((a = segments_each(s, port, &cursor)))
		if (a->is_estranged)
			return DROP_PORT_BLOCKED;
	return s->ports[port].is_listening ? DROP_PORT_LISTENING : DROP_NONE;
}

/* The mutual neighbour of that peer, or NULL */
static const struct neighbour *mutual(const struct attachment *a, int peer)
{
	for (size_t i = 0; i < a->neighbour_count; i++)
		if (a->neighbours[i].peer == peer && a->neighbours[i].is_mutual)
			return &a->neighbours[i];
	return NULL;
}

/* Does it take every machine's frames there now? */
static bool takes(const struct neighbour *n)
{
	return n->serves && !n->is_blocked && !n->is_listening;
}

/* Has a peer not said yet who forwards, though it may have to? Not for ever: it may be an older one. */
static bool is_held(const struct segments *s, const struct attachment *a, int peer, uint64_t now_ns)
{
	const struct seg_peer *p = segments_peer(s, peer);

	return p && p->answered == 0 && a->neighbour_count > 0 &&
	       now_ns - p->up_ns < SEGMENTS_HOLD_MS * SEGMENTS_NS_PER_MS;
}

static bool stands_by(const struct segments *s, const struct attachment *a, int peer,
		      uint64_t now_ns)
{
	return segments_in_set(a->standby, peer) || is_held(s, a, peer, now_ns);
}

/*
 * On loopback of a port that serves its host, all its machines are heard: who stands by there does so for
 * all of them. An agent of this host is known by being heard there.
 */
static const struct attachment *host_of(const struct segments *s, const struct attachment *a)
{
	const struct attachment *other;
	size_t cursor = 0;

	if (a->place.serves)
		return NULL;
	while ((other = segments_each(s, a->port, &cursor)))
		if (!other->place.is_real && other->place.serves && other->neighbour_count > 0)
			return other;
	return NULL;
}

/* Does that neighbour take what was sent from there? An agent that serves its own host only takes that
 * host's frames; if that host is this one, and so do we, it takes all that we take. */
static bool takes_from(const struct attachment *a, const struct neighbour *n,
		       const struct addr *source)
{
	if (takes(n) || (n->same_host && !a->place.serves))
		return true;
	return source && addr_same_ip(&n->from, source);
}

enum segments_way segments_way_to(const struct segments *s, const struct segments_origin *from,
				  int peer, uint64_t now_ns)
{
	const struct attachment *a =
		from->interface ? segments_attachment(s, from->port, from->interface) : NULL;
	const struct attachment *host = a ? host_of(s, a) : NULL;
	const struct neighbour *n;

	if (!a)
		return SEGMENTS_PLAIN;
	if (host && mutual(host, peer))
		return SEGMENTS_HEARD;
	if (host && stands_by(s, host, peer, now_ns))
		return SEGMENTS_STANDBY;
	n = mutual(a, peer);
	if (n && takes_from(a, n, from->source))
		return SEGMENTS_HEARD;
	if (stands_by(s, a, peer, now_ns))
		return SEGMENTS_STANDBY;
	return n ? SEGMENTS_MARKED : SEGMENTS_PLAIN;
}

bool segments_shares(const struct segments *s, int port, int peer)
{
	const struct attachment *a;
	size_t cursor = 0;

	while ((a = segments_each(s, port, &cursor)))
		if (mutual(a, peer))
			return true;
	return false;
}

enum drop segments_injects(const struct segments *s, int port, int peer, bool marked,
			   uint64_t now_ns)
{
	enum drop admit = segments_admit(s, port);
	const struct attachment *a;
	size_t cursor = 0;

	if (admit != DROP_NONE)
		return admit;
	while ((a = segments_each(s, port, &cursor))) {
		if (marked && mutual(a, peer))
			return DROP_ON_SEGMENT;
		if (stands_by(s, a, peer, now_ns))
			return DROP_STANDBY;
	}
	return DROP_NONE;
}

bool segments_is_at(const struct segments *s, int port, int number)
{
	return number >= 0 && s->attachments[number] && s->attachments[number]->port == port;
}

enum drop segments_injects_there(const struct segments *s, int number, int peer, bool marked,
				 uint64_t now_ns)
{
	const struct attachment *a = s->attachments[number];
	enum drop admit = segments_admit(s, a->port);

	if (admit != DROP_NONE)
		return admit;
	if (marked && segments_shares(s, a->port, peer))
		return DROP_ON_SEGMENT;
	return stands_by(s, a, peer, now_ns) ? DROP_STANDBY : DROP_NONE;
}

/* Does a peer serve that LAN, where we serve our own host only? The first from *@cursor on, or NULL */
static const struct neighbour *next_server(const struct attachment *a, size_t *cursor)
{
	if (a->place.serves || !a->place.is_real)
		return NULL;
	while (*cursor < a->neighbour_count) {
		const struct neighbour *n = &a->neighbours[(*cursor)++];

		if (n->is_mutual && takes(n))
			return n;
	}
	return NULL;
}

static bool is_served_by_peer(const struct attachment *a)
{
	size_t cursor = 0;

	return next_server(a, &cursor);
}

/* Is it for us to send there what came in by @from? Not where all that serve it know another agent of this
 * host, which does. */
static bool goes_beyond(const struct segments *s, const struct attachment *a,
			const struct attachment *from, uint64_t now_ns)
{
	const struct neighbour *n;
	size_t cursor = 0;

	while ((n = next_server(a, &cursor)))
		if (!from || !stands_by(s, from, n->peer, now_ns))
			return true;
	return false;
}

bool segments_covers(const struct segments *s, int port, int peer)
{
	const struct attachment *a;
	size_t cursor = 0;

	if (segments_admit(s, port) != DROP_NONE)
		return false;
	while ((a = segments_each(s, port, &cursor)))
		if ((a->place.serves || is_served_by_peer(a)) && mutual(a, peer))
			return true;
	return false;
}

size_t segments_beyond(const struct segments *s, const struct segments_origin *from, int port,
		       uint32_t out[SEGMENTS_ATTACHMENTS_MAX], uint64_t now_ns)
{
	const struct attachment *a, *origin = NULL;
	size_t cursor = 0, count = 0;

	if (segments_admit(s, port) != DROP_NONE)
		return 0;
	if (from->port == port)
		origin = segments_attachment(s, port, from->interface);
	while (count < SEGMENTS_ATTACHMENTS_MAX && (a = segments_each(s, port, &cursor)))
		if (goes_beyond(s, a, origin, now_ns))
			out[count++] = a->place.interface;
	return count;
}

static bool has_lower_key(const struct segments *s, int peer)
{
	return memcmp(s->peers[peer].key.b, s->config.key.b, KEY_BYTES) < 0;
}

bool segments_is_carried(const struct segments *s, const struct segments_origin *from, int port)
{
	const struct attachment *a =
		from->interface ? segments_attachment(s, from->port, from->interface) : NULL;

	for (size_t i = 0; a && i < a->neighbour_count; i++) {
		const struct neighbour *n = &a->neighbours[i];
		const struct attachment *b;
		size_t cursor = 0;

		if (!n->is_mutual || !takes(n) || !has_lower_key(s, n->peer))
			continue;
		while ((b = segments_each(s, port, &cursor))) {
			const struct neighbour *other = mutual(b, n->peer);

			if (other && takes(other))
				return true;
		}
	}
	return false;
}

bool segments_hides(const struct segments *s, int port, uint32_t interface)
{
	const struct attachment *a = segments_attachment(s, port, interface);

	return a && !a->place.is_real;
}

int segments_number(const struct segments *s, int port, uint32_t interface)
{
	const struct attachment *a = segments_attachment(s, port, interface);

	return a ? a->number : -1;
}
