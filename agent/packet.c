/*
 * packet.c - see packet.h
 */
#include "agent/packet.h"

#include "common/cursor.h"
#include "common/ether.h"
#include "packet_fields.h"

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_8021Q = 0x8100,
	TYPE_8021AD = 0x88a8,
	TYPE_AT = 12,
	TAG_BYTES = 4,
	TAGS_MAX = 2, /* 802.1ad: one of the provider, one of the customer */

	VERSION_SHIFT = 4,
	FIRST_SHIFT = 12, /* of 16 bits: where the version is */
	IPV4_DSCP_SHIFT = 2,
	IPV6_DSCP_SHIFT = 6, /* below it the ECN bits, and four of the flow label */
	DSCP_MASK = 0x3f,
	IPV4_WORD_BYTES = 4,
	IPV4_WORDS_MASK = 0x0f,
	IPV4_FRAGMENT_MASK = 0x3fff, /* more fragments, offset */

	IPV6_HOP_BY_HOP = 0,
	IPV6_ROUTING = 43,
	IPV6_DESTINATION = 60,
	IPV6_UNIT_BYTES = 8, /* of an extension header's length, not counting the first */
};

/* Return: the type of what @r is left at, tags taken off; 0 if it is too short */
static uint16_t read_type(struct reader *r)
{
	const uint8_t *header = reader_bytes(r, ETHER_HEADER_BYTES), *tag;
	uint16_t type = header ? peek_u16(header + TYPE_AT) : 0;

	for (int i = 0; i < TAGS_MAX && (type == TYPE_8021Q || type == TYPE_8021AD); i++) {
		tag = reader_bytes(r, TAG_BYTES);
		type = tag ? peek_u16(tag + sizeof(uint16_t)) : 0;
	}
	return type;
}

/* What follows @taken bytes of headers is the upper layer; @total: of the packet, as its header says */
static bool finish(struct packet *out, size_t taken, size_t total, size_t there)
{
	if (total < taken || total > there)
		return false;
	out->upper_at = out->network_at + taken;
	out->upper_len = total - taken;
	return true;
}

static bool read_ipv4(struct packet *out, struct reader r)
{
	size_t there = reader_left(&r), header;
	const uint8_t *h = reader_bytes(&r, IPV4_FIXED_BYTES);

	if (!h)
		return false;
	header = (size_t)(h[0] & IPV4_WORDS_MASK) * IPV4_WORD_BYTES;
	if (h[0] >> VERSION_SHIFT != 4 || header < IPV4_FIXED_BYTES ||
	    (peek_u16(h + IPV4_FRAGMENT_AT) & IPV4_FRAGMENT_MASK) != 0)
		return false;
	out->protocol = h[IPV4_PROTOCOL_AT];
	out->source = h + IPV4_SOURCE_AT;
	out->destination = out->source + IPV4_BYTES;
	out->ip_bytes = IPV4_BYTES;
	return finish(out, header, peek_u16(h + IPV4_LENGTH_AT), there);
}

/* Does that header say nothing but where the next one is? */
static bool is_passed(uint8_t header)
{
	return header == IPV6_HOP_BY_HOP || header == IPV6_ROUTING || header == IPV6_DESTINATION;
}

static bool read_ipv6(struct packet *out, struct reader r)
{
	size_t there = reader_left(&r), total;
	uint8_t next;

	if (reader_u32(&r) >> 28 != 6) /* version; class and flow label */
		return false;
	total = (size_t)reader_u16(&r) + IPV6_FIXED_BYTES;
	next = reader_u8(&r);
	reader_u8(&r); /* hop limit */
	out->source = reader_bytes(&r, IPV6_BYTES);
	out->destination = reader_bytes(&r, IPV6_BYTES);
	out->ip_bytes = IPV6_BYTES;
	while (is_passed(next) && !r.failed) {
		next = reader_u8(&r);
		reader_bytes(&r, (size_t)reader_u8(&r) * IPV6_UNIT_BYTES + IPV6_UNIT_BYTES - 2);
	}
	out->protocol = next;
	return !r.failed && finish(out, there - reader_left(&r), total, there);
}

bool packet_find(const uint8_t *frame, size_t len, struct packet *out)
{
	struct reader r = reader_over(frame, len);
	uint16_t type = read_type(&r);

	out->network_at = len - reader_left(&r);
	if (type == TYPE_IPV4)
		return read_ipv4(out, r);
	return type == TYPE_IPV6 && read_ipv6(out, r);
}

uint8_t packet_dscp(const uint8_t *frame, size_t len)
{
	struct reader r = reader_over(frame, len);
	uint16_t type = read_type(&r), first = reader_u16(&r);

	if (r.failed)
		return 0;
	if (type == TYPE_IPV4 && first >> FIRST_SHIFT == 4)
		return first >> IPV4_DSCP_SHIFT & DSCP_MASK;
	if (type == TYPE_IPV6 && first >> FIRST_SHIFT == 6)
		return first >> IPV6_DSCP_SHIFT & DSCP_MASK;
	return 0;
}
