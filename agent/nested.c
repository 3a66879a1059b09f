/*
 * nested.c - see nested.h
 */
#include "agent/nested.h"

#include "agent/packet.h"
#include "common/cursor.h"
#include "packet_fields.h"

static const uint64_t NS_PER_S = 1000000000;

static struct addr address(const struct packet *p, const uint8_t *ip, uint16_t port)
{
	struct reader r = reader_over(ip, p->ip_bytes);
	struct addr a = {.port = port};

	if (p->ip_bytes == IPV4_BYTES)
		return addr_from_ipv4(reader_u32(&r), port);
	reader_copy(&r, a.ip, sizeof(a.ip));
	return a;
}

static bool is_own(const struct nested *n, const struct addr *a)
{
	for (size_t i = 0; i < n->own_count; i++)
		if (addr_equal(&n->own[i], a))
			return true;
	return false;
}

/* Return: true with both ends filled, if the frame is UDP from or to a port that may be ours */
static bool read_ends(const struct nested *n, const uint8_t *frame, size_t len, struct addr *source,
		      struct addr *destination)
{
	struct packet p;
	struct reader r;
	uint16_t from, to;

	if (!packet_find(frame, len, &p) || p.protocol != PACKET_UDP)
		return false;
	r = reader_over(frame + p.upper_at, p.upper_len);
	from = reader_u16(&r);
	to = reader_u16(&r);
	if (r.failed || n->port == 0 || (from != n->port && to != n->port))
		return false; /* so it is with nearly all */
	*source = address(&p, p.source, from);
	*destination = address(&p, p.destination, to);
	return true;
}

enum nested_way nested_way(const struct nested *n, const uint8_t *frame, size_t len,
			   struct addr *remote)
{
	struct addr source, destination;

	if (!read_ends(n, frame, len, &source, &destination))
		return NESTED_NOT;
	if (is_own(n, &source)) {
		*remote = destination;
		return NESTED_OUT;
	}
	if (is_own(n, &destination)) {
		*remote = source;
		return NESTED_IN;
	}
	*remote = destination;
	return source.port == n->port ? NESTED_PERHAPS : NESTED_NOT;
}

/* Return: its place, or that of the address whose second began longest ago */
static struct nested_place *place_of(struct nested *n, const struct addr *remote)
{
	struct nested_place *oldest = &n->places[0];

	for (size_t i = 0; i < NESTED_PLACES_MAX; i++) {
		struct nested_place *p = &n->places[i];

		if (addr_equal(&p->remote, remote))
			return p;
		if (p->since_ns < oldest->since_ns)
			oldest = p;
	}
	*oldest = (struct nested_place){.remote = *remote};
	return oldest;
}

bool nested_count(struct nested *n, const struct addr *remote, uint64_t now_ns)
{
	struct nested_place *p = place_of(n, remote);

	if (p->count == 0 || now_ns - p->since_ns >= NS_PER_S) {
		p->since_ns = now_ns;
		p->count = 0;
	}
	p->count++;
	return p->count == NESTED_LIMIT;
}
