/*
 * decode.c - see decode.h
 */
#include "decode.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "decode_private.h"

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_RARP = 0x8035,
	ETHERTYPE_IPX = 0x8137,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_MIN = 0x0600, /* below, the field is a length: IEEE 802.3, 3.2.6 */
	TPID_8021Q = 0x8100,
	TPID_8021AD = 0x88a8,
	TPID_QINQ = 0x9100, /* before 802.1ad */
	TAG_VID_MASK = 0x0fff,
	WRAPPINGS_MAX = 8, /* nobody stacks more */

	SAP_SPANNING_TREE = 0x42, /* LLC, IEEE 802.1D 9.2 */
	SAP_SNAP = 0xaa,
	SAP_IPX = 0xe0,
	SAP_NETBIOS = 0xf0,
	SAP_NONE = 0xff, /* both SAPs: no LLC at all, but IPX as Novell began it ("802.3 raw") */
	OUI_BYTES = 3,

	SHOWN_BYTES = 32, /* of what nobody here can read */
};

static const struct decode_name ETHERTYPES[] = {
	{0x0842, "Wake-on-LAN"},
	{0x6003, "DECnet"},
	{0x809b, "AppleTalk"},
	{0x80f3, "AppleTalk ARP"},
	{0x8808, "Ethernet flow control"},
	{0x8847, "MPLS"},
	{0x8863, "PPPoE discovery"},
	{0x8864, "PPPoE"},
	{0x888e, "802.1X"},
	{0x88cc, "LLDP"},
	{0x9000, "loopback test"},
	{0, NULL},
};

/* ---- text ---- */

void line_put(struct line *l, const char *format, ...)
{
	size_t room = l->size - l->len;
	va_list args;
	int wanted;

	va_start(args, format);
	wanted = vsnprintf(l->text + l->len, room, format, args);
	va_end(args);
	if (wanted > 0)
		l->len += (size_t)wanted < room ? (size_t)wanted : room - 1;
}

void line_put_quoted(struct line *l, const uint8_t *bytes, size_t len, size_t most)
{
	line_put(l, ", \"");
	for (size_t i = 0; i < len && i < most; i++)
		line_put(l, "%c", bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.');
	line_put(l, len > most ? "\"..." : "\"");
}

void line_put_mac(struct line *l, const uint8_t *bytes)
{
	char text[MAC_TEXT_BYTES];
	struct mac m;

	if (bytes)
		memcpy(m.b, bytes, MAC_BYTES);
	line_put(l, "%s", bytes ? mac_format(&m, text) : "?");
}

static void put_ip(struct line *l, int family, const uint8_t *bytes)
{
	char text[INET6_ADDRSTRLEN];

	line_put(l, "%s", bytes ? inet_ntop(family, bytes, text, sizeof(text)) : "?");
}

void line_put_ipv4(struct line *l, const uint8_t *bytes)
{
	put_ip(l, AF_INET, bytes);
}

void line_put_ipv6(struct line *l, const uint8_t *bytes)
{
	put_ip(l, AF_INET6, bytes);
}

const char *decode_name(const struct decode_name *names, uint32_t number)
{
	for (; names->name; names++)
		if (names->number == number)
			return names->name;
	return NULL;
}

/* ---- the wrappings ---- */

static void put_rest(struct line *l, struct reader r)
{
	if (reader_left(&r) > 0)
		line_put_quoted(l, r.at, reader_left(&r), SHOWN_BYTES);
}

static void decode_other(struct line *l, struct reader r, uint16_t type)
{
	const char *name = decode_name(ETHERTYPES, type);

	if (name)
		line_put(l, ", %s", name);
	else
		line_put(l, ", type 0x%04x", type);
	put_rest(l, r);
}

/* Return: true with @type and @r behind the header, if there is an ethertype in it */
static bool unwrap_snap(struct line *l, struct reader *r, uint16_t *type)
{
	uint32_t oui = (uint32_t)reader_uint(r, OUI_BYTES);

	*type = reader_u16(r);
	if (r->failed)
		line_put(l, ", SNAP, cut short");
	else if (oui != 0)
		line_put(l, ", SNAP %06x type 0x%04x", oui, *type);
	return !r->failed && oui == 0;
}

/* What is for a service access point, behind the LLC header */
static void decode_sap(struct line *l, struct reader r, uint8_t sap)
{
	switch (sap) {
	case SAP_IPX:
		decode_ipx(l, r);
		break;
	case SAP_SPANNING_TREE:
		line_put(l, ", spanning tree");
		break;
	case SAP_NETBIOS:
		line_put(l, ", NetBEUI");
		break;
	default:
		line_put(l, ", LLC 0x%02x", sap);
		put_rest(l, r);
		break;
	}
}

/* Return: true with @type and @r behind the header, if it is SNAP with an ethertype in it */
static bool unwrap_llc(struct line *l, struct reader *r, uint16_t *type)
{
	struct reader whole = *r;
	uint8_t target = reader_u8(r), source = reader_u8(r);

	if (!r->failed && target == SAP_NONE && source == SAP_NONE) {
		decode_ipx(l, whole); /* these are its checksum */
		return false;
	}
	reader_u8(r); /* control */
	if (r->failed) {
		line_put(l, ", cut short");
		return false;
	}
	if (target == SAP_SNAP && source == SAP_SNAP)
		return unwrap_snap(l, r, type);
	decode_sap(l, *r, target);
	return false;
}

static bool is_tag(uint16_t type)
{
	return type == TPID_8021Q || type == TPID_8021AD || type == TPID_QINQ;
}

static void decode_type(struct line *l, struct reader r, uint16_t type)
{
	switch (type) {
	case ETHERTYPE_ARP:
		decode_arp(l, r, false);
		break;
	case ETHERTYPE_RARP:
		decode_arp(l, r, true);
		break;
	case ETHERTYPE_IPV4:
		decode_ipv4(l, r);
		break;
	case ETHERTYPE_IPV6:
		decode_ipv6(l, r);
		break;
	case ETHERTYPE_IPX:
		decode_ipx(l, r);
		break;
	default:
		decode_other(l, r, type);
		break;
	}
}

/* An 802.3 length says where the frame ends: what follows is padding */
static void cut_to_length(struct reader *r, uint16_t len)
{
	if (len < reader_left(r))
		r->end = r->at + len;
}

static void decode_payload(struct line *l, struct reader r)
{
	uint16_t type = reader_u16(&r);

	for (int i = 0; i < WRAPPINGS_MAX && !r.failed; i++) {
		if (is_tag(type)) {
			line_put(l, ", 802.1Q %u", reader_u16(&r) & TAG_VID_MASK);
			type = reader_u16(&r);
		} else if (type < ETHERTYPE_MIN) {
			cut_to_length(&r, type);
			if (!unwrap_llc(l, &r, &type))
				return;
		} else {
			decode_type(l, r, type);
			return;
		}
	}
	line_put(l, r.failed ? ", cut short" : ", and further wrappings");
}

const char *decode_frame(const uint8_t *frame, size_t len, char out[DECODE_TEXT_BYTES])
{
	struct line l = {.text = out, .size = DECODE_TEXT_BYTES};
	struct reader r = reader_over(frame, len);
	const uint8_t *target = reader_bytes(&r, MAC_BYTES), *source = reader_bytes(&r, MAC_BYTES);

	out[0] = '\0';
	line_put_mac(&l, source);
	line_put(&l, " > ");
	line_put_mac(&l, target);
	decode_payload(&l, r);
	return out;
}
