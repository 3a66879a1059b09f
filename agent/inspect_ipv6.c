/*
 * inspect_ipv6.c - IPv6 for inspect.c: extension headers, neighbour discovery, DHCPv6
 *
 * RFC 8200 has the headers, RFC 4861 neighbour discovery, RFC 7113 how router advertisements hide.
 */
#include <string.h>

#include "inspect_private.h"

enum {
	HEADER_HOP_BY_HOP = 0,
	HEADER_UDP = 17,
	HEADER_ROUTING = 43,
	HEADER_FRAGMENT = 44,
	HEADER_AUTHENTICATION = 51,
	HEADER_ICMPV6 = 58,
	HEADER_DESTINATION = 60,
	HEADER_MOBILITY = 135,
	HEADER_HIP = 139,
	HEADER_SHIM6 = 140,

	FIXED_BYTES = 40,
	NEXT_AT = 6,
	SOURCE_AT = 8,
	UNIT_BYTES = 8,                /* of an extension header's length, not counting the first */
	AUTHENTICATION_UNIT_BYTES = 4, /* of that one's, not counting two; RFC 4302 */
	FRAGMENT_MORE = 1,
	FRAGMENT_OFFSET_MASK = 0xfff8,
	MULTICAST = 0xff,

	DHCPV6_CLIENT_PORT = 546,

	ND_ROUTER_SOLICITATION = 133,
	ND_ROUTER_ADVERTISEMENT = 134,
	ND_NEIGHBOUR_SOLICITATION = 135,
	ND_NEIGHBOUR_ADVERTISEMENT = 136,
	ND_REDIRECT = 137,
	ND_REST_BYTES = 7, /* code, checksum, flags or reserved */
	ND_RA_REST_BYTES = 8,
	OPTION_SOURCE = 1, /* link-layer addresses */
	OPTION_TARGET = 2,
	OPTION_HEAD_BYTES = 2,
};

/* struct packet - while the headers are walked */
struct packet {
	struct reader r;
	uint8_t next;
	const uint8_t *source;
	bool first_of_several; /* a fragment with more to come */
};

/* An address that one machine can have takes @role. */
static void take_ip(struct inspect *out, const uint8_t *ip, enum ip_role role)
{
	static const uint8_t unspecified[INSPECT_IP_BYTES];

	if (ip[0] == MULTICAST || memcmp(ip, unspecified, INSPECT_IP_BYTES) == 0)
		return;
	memcpy(out->ip.ip, ip, INSPECT_IP_BYTES);
	out->role = role;
}

/* Return: whether a link-layer address of @type is there; one that is not the source contradicts */
static bool read_options(struct inspect *out, struct reader r, uint8_t type)
{
	bool found = false;

	for (;;) {
		uint8_t is = reader_u8(&r);
		size_t len = (size_t)reader_u8(&r) * UNIT_BYTES;
		const uint8_t *value = len == 0 ? NULL : reader_bytes(&r, len - OPTION_HEAD_BYTES);

		if (!value)
			return found;
		if (is != type)
			continue;
		found = true;
		if (memcmp(value, out->source.b, MAC_BYTES) != 0)
			out->contradicts = true;
	}
}

/* What its sender says of its own address. Duplicate address detection, from "::", says nothing. */
static void read_solicitation(struct inspect *out, struct packet *p, size_t skip)
{
	reader_bytes(&p->r, skip);
	if (read_options(out, p->r, OPTION_SOURCE))
		take_ip(out, p->source, IP_CLAIMED);
}

static void read_advertisement(struct inspect *out, struct packet *p)
{
	const uint8_t *target;

	reader_bytes(&p->r, ND_REST_BYTES);
	target = reader_bytes(&p->r, INSPECT_IP_BYTES);
	if (!target)
		return;
	take_ip(out, target, IP_CLAIMED);
	read_options(out, p->r, OPTION_TARGET);
}

static void read_icmpv6(struct inspect *out, struct packet *p)
{
	uint8_t type = reader_u8(&p->r);

	if (p->r.failed || type < ND_ROUTER_SOLICITATION || type > ND_REDIRECT)
		return;
	out->ra = type == ND_ROUTER_ADVERTISEMENT || type == ND_REDIRECT;
	/* RFC 6980: no neighbour discovery in fragments, where its options could hide */
	out->contradicts = p->first_of_several;
	switch (type) {
	case ND_ROUTER_SOLICITATION:
		read_solicitation(out, p, ND_REST_BYTES);
		break;
	case ND_ROUTER_ADVERTISEMENT:
		read_solicitation(out, p, ND_REST_BYTES + ND_RA_REST_BYTES);
		break;
	case ND_NEIGHBOUR_SOLICITATION:
		read_solicitation(out, p, ND_REST_BYTES + INSPECT_IP_BYTES);
		break;
	case ND_NEIGHBOUR_ADVERTISEMENT:
		read_advertisement(out, p);
		break;
	default: /* a redirect speaks of others' addresses */
		break;
	}
}

static void read_upper(struct inspect *out, struct packet *p)
{
	if (p->next == HEADER_UDP) {
		reader_u16(&p->r); /* source port */
		out->dhcp_reply = reader_u16(&p->r) == DHCPV6_CLIENT_PORT;
	} else if (p->next == HEADER_ICMPV6) {
		read_icmpv6(out, p);
	}
}

static bool is_extension(uint8_t header)
{
	switch (header) {
	case HEADER_HOP_BY_HOP:
	case HEADER_ROUTING:
	case HEADER_FRAGMENT:
	case HEADER_AUTHENTICATION:
	case HEADER_DESTINATION:
	case HEADER_MOBILITY:
	case HEADER_HIP:
	case HEADER_SHIM6:
		return true;
	default:
		return false;
	}
}

/* Take one header off. Return: false at a fragment that is not the first, or without bytes */
static bool skip_extension(struct packet *p)
{
	uint8_t header = p->next, units;
	uint16_t fragment;
	size_t rest;

	p->next = reader_u8(&p->r);
	units = reader_u8(&p->r);
	fragment = reader_u16(&p->r);
	if (header == HEADER_FRAGMENT) {
		if (fragment & FRAGMENT_OFFSET_MASK)
			return false;
		p->first_of_several |= (fragment & FRAGMENT_MORE) && !p->r.failed;
		rest = UNIT_BYTES;
	} else if (header == HEADER_AUTHENTICATION) {
		rest = (size_t)(units + 2) * AUTHENTICATION_UNIT_BYTES;
	} else {
		rest = (size_t)(units + 1) * UNIT_BYTES;
	}
	reader_bytes(&p->r, rest - 2 * sizeof(uint16_t));
	return !p->r.failed;
}

void inspect_ipv6(struct inspect *out, struct reader r)
{
	struct packet p = {.r = r};
	const uint8_t *fixed = reader_bytes(&p.r, FIXED_BYTES);

	if (!fixed)
		return;
	p.next = fixed[NEXT_AT];
	p.source = fixed + SOURCE_AT;
	take_ip(out, p.source, IP_USED);
	while (is_extension(p.next)) /* each takes bytes, so this ends with them */
		if (!skip_extension(&p))
			break;
	if (!is_extension(p.next) && !p.r.failed)
		read_upper(out, &p);
	if (p.first_of_several && p.r.failed)
		out->ra = true; /* the rest of the headers hides in the next fragment */
}
