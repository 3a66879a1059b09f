/*
 * decode_upper.c - see decode.h; what IP carries: TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792),
 * ICMPv6 (RFC 4443, 4861)
 */
#include <netinet/in.h>

#include "decode_private.h"

enum {
	TCP_WORD_BYTES = 4,
	TCP_FIXED_BYTES = 20,
	TCP_OFFSET_SHIFT = 4,
	UDP_HEADER_BYTES = 8,
	ICMP_CHECKSUM_BYTES = 2,
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO_REQUEST = 8,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
	ND_SOLICITATION = 135,
	ND_ADVERTISEMENT = 136,
	ND_REDIRECT = 137,
	PORT_DHCP_SERVER = 67,
	PORT_DHCP_CLIENT = 68,
	PORT_DHCPV6_CLIENT = 546,
	PORT_DHCPV6_SERVER = 547,
};

/* Only what players on a LAN meet; either end's port. */
static const struct decode_name SERVICES[] = {
	{53, "DNS"},
	{69, "TFTP"},
	{123, "NTP"},
	{137, "NetBIOS names"},
	{138, "NetBIOS datagrams"},
	{1900, "SSDP"},
	{2350, "DirectPlay"},
	{5353, "mDNS"},
	{5355, "LLMNR"},
	{47624, "DirectPlay"},
	{0, NULL},
};

static const struct decode_name ICMP_TYPES[] = {
	{0, "echo reply"},     {3, "unreachable"},          {5, "redirect"},
	{8, "echo request"},   {9, "router advertisement"}, {10, "router solicitation"},
	{11, "time exceeded"}, {12, "parameter problem"},   {0, NULL},
};

static const struct decode_name ICMP6_TYPES[] = {
	{1, "unreachable"},
	{2, "packet too big"},
	{3, "time exceeded"},
	{4, "parameter problem"},
	{128, "echo request"},
	{129, "echo reply"},
	{130, "multicast listener query"},
	{131, "multicast listener report"},
	{132, "multicast listener done"},
	{133, "router solicitation"},
	{134, "router advertisement"},
	{135, "neighbour solicitation"},
	{136, "neighbour advertisement"},
	{137, "redirect"},
	{143, "multicast listener report"},
	{0, NULL},
};

static const struct decode_name PROTOCOLS[] = {
	{IPPROTO_IGMP, "IGMP"},
	{IPPROTO_IPIP, "IPv4 in it"},
	{IPPROTO_IPV6, "IPv6 in it"},
	{IPPROTO_GRE, "GRE"},
	{IPPROTO_ESP, "ESP"},
	{IPPROTO_PIM, "PIM"},
	{89, "OSPF"},
	{112, "VRRP"},
	{IPPROTO_SCTP, "SCTP"},
	{59, "nothing"},
	{0, NULL},
};

/* ---- addresses ---- */

void decode_ends_put(struct line *l, const struct decode_ends *ends)
{
	ends->put(l, ends->source);
	line_put(l, " > ");
	ends->put(l, ends->target);
}

static void put_end(struct line *l, const struct decode_ends *ends, const uint8_t *address,
		    uint16_t port)
{
	line_put(l, ends->bracketed ? "[" : "");
	ends->put(l, address);
	line_put(l, ends->bracketed ? "]:%u" : ":%u", port);
}

/* struct ports - of a header that begins with them */
struct ports {
	uint16_t source, target;
};

static struct ports put_ports(struct line *l, struct reader *r, const struct decode_ends *ends)
{
	struct ports p;

	p.source = reader_u16(r);
	p.target = reader_u16(r);
	put_end(l, ends, ends->source, p.source);
	line_put(l, " > ");
	put_end(l, ends, ends->target, p.target);
	return p;
}

static bool either(const struct ports *p, uint16_t one, uint16_t other)
{
	return p->source == one || p->source == other || p->target == one || p->target == other;
}

/* ---- TCP ---- */

static void put_flags(struct line *l, uint8_t flags)
{
	static const char *const NAMES[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	const char *before = " ";

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		if (!(flags & 1U << i))
			continue;
		line_put(l, "%s%s", before, NAMES[i]);
		before = "+";
	}
}

static void decode_tcp(struct line *l, struct reader r, const struct decode_ends *ends)
{
	size_t header, whole = reader_left(&r);
	uint32_t sequence, acknowledged;
	uint8_t flags;

	put_ports(l, &r, ends);
	sequence = reader_u32(&r);
	acknowledged = reader_u32(&r);
	header = (size_t)(reader_u8(&r) >> TCP_OFFSET_SHIFT) * TCP_WORD_BYTES;
	flags = reader_u8(&r);
	line_put(l, ", TCP");
	if (r.failed || header < TCP_FIXED_BYTES || header > whole) {
		line_put(l, ", cut short");
		return;
	}
	put_flags(l, flags);
	line_put(l, ", seq %u, ack %u, %zu bytes in it", sequence, acknowledged, whole - header);
}

/* ---- UDP ---- */

static void decode_udp(struct line *l, struct reader r, const struct decode_ends *ends)
{
	struct ports p = put_ports(l, &r, ends);
	uint16_t len = reader_u16(&r);
	const char *name = decode_name(SERVICES, p.target);

	reader_u16(&r); /* checksum */
	name = name ? name : decode_name(SERVICES, p.source);
	line_put(l, ", UDP");
	if (r.failed) {
		line_put(l, ", cut short");
		return;
	}
	if (either(&p, PORT_DHCP_SERVER, PORT_DHCP_CLIENT)) {
		decode_dhcp(l, r);
		return;
	}
	if (either(&p, PORT_DHCPV6_SERVER, PORT_DHCPV6_CLIENT)) {
		decode_dhcpv6(l, r);
		return;
	}
	if (name)
		line_put(l, ", %s", name);
	/* what the header says; a fragment holds less */
	line_put(l, ", %d bytes in it", len > UDP_HEADER_BYTES ? len - UDP_HEADER_BYTES : 0);
}

/* ---- ICMP ---- */

static void put_type(struct line *l, const struct decode_name *names, uint8_t type, uint8_t code)
{
	const char *name = decode_name(names, type);

	if (name)
		line_put(l, ", %s", name);
	else
		line_put(l, ", type %u", type);
	if (code)
		line_put(l, ", code %u", code);
}

static void put_echo(struct line *l, struct reader *r)
{
	uint16_t id = reader_u16(r), sequence = reader_u16(r);

	if (r->failed)
		line_put(l, ", cut short");
	else
		line_put(l, ", id %u, seq %u", id, sequence);
}

static void decode_icmp(struct line *l, struct reader r, const struct decode_ends *ends)
{
	uint8_t type = reader_u8(&r), code = reader_u8(&r);

	decode_ends_put(l, ends);
	line_put(l, ", ICMP");
	if (r.failed) {
		line_put(l, ", cut short");
		return;
	}
	put_type(l, ICMP_TYPES, type, code);
	reader_bytes(&r, ICMP_CHECKSUM_BYTES);
	if (type == ICMP_ECHO_REQUEST || type == ICMP_ECHO_REPLY)
		put_echo(l, &r);
}

static void put_nd_target(struct line *l, struct reader *r)
{
	const uint8_t *target;

	reader_u32(r); /* flags, reserved */
	target = reader_bytes(r, DECODE_IPV6_BYTES);
	line_put(l, target ? " of " : ", cut short");
	if (target)
		line_put_ipv6(l, target);
}

static void decode_icmp6(struct line *l, struct reader r, const struct decode_ends *ends)
{
	uint8_t type = reader_u8(&r), code = reader_u8(&r);

	decode_ends_put(l, ends);
	line_put(l, ", ICMPv6");
	if (r.failed) {
		line_put(l, ", cut short");
		return;
	}
	put_type(l, ICMP6_TYPES, type, code);
	reader_bytes(&r, ICMP_CHECKSUM_BYTES);
	if (type == ICMP6_ECHO_REQUEST || type == ICMP6_ECHO_REPLY)
		put_echo(l, &r);
	else if (type >= ND_SOLICITATION && type <= ND_REDIRECT)
		put_nd_target(l, &r);
}

/* ---- all of them ---- */

void decode_upper(struct line *l, struct reader r, uint8_t protocol, const struct decode_ends *ends)
{
	const char *name = decode_name(PROTOCOLS, protocol);

	switch (protocol) {
	case IPPROTO_TCP:
		decode_tcp(l, r, ends);
		break;
	case IPPROTO_UDP:
		decode_udp(l, r, ends);
		break;
	case IPPROTO_ICMP:
		decode_icmp(l, r, ends);
		break;
	case IPPROTO_ICMPV6:
		decode_icmp6(l, r, ends);
		break;
	default:
		decode_ends_put(l, ends);
		if (name)
			line_put(l, ", %s", name);
		else
			line_put(l, ", protocol %u", protocol);
		break;
	}
}
