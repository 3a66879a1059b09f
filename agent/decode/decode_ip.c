/*
 * decode_ip.c - see decode.h; IPv4 (RFC 791) and IPv6 (RFC 8200)
 */
#include <netinet/in.h>

#include "decode_private.h"

enum {
	IPV4_FIXED_BYTES = 20,
	IPV4_IHL_MASK = 0x0f,
	IPV4_WORD_BYTES = 4,
	IPV4_LENGTH_AT = 2,
	IPV4_ID_AT = 4,
	IPV4_FRAGMENT_AT = 6,
	IPV4_PROTOCOL_AT = 9,
	IPV4_SOURCE_AT = 12,
	IPV4_TARGET_AT = 16,
	IPV4_OFFSET_MASK = 0x1fff,
	IPV4_MORE = 0x2000,
	OFFSET_UNIT_BYTES = 8,

	IPV6_FLOW_BYTES = 4, /* version, class, flow */
	IPV6_UNIT_BYTES = 8,
	IPV6_OFFSET_MASK = 0xfff8,
	IPV6_MORE = 1,
	AH_UNIT_BYTES = 4,
	AH_UNITS_MORE = 2, /* RFC 4302, 2.2: its length does not count these */
	EXTENSIONS_MAX = 16,
	NO_FURTHER = 256, /* what follows is not the start of anything */
};

static uint16_t u16_at(const uint8_t *bytes, size_t at)
{
	return (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
}

/* Cut off what is behind the packet: padding. Return: false when the packet itself is cut */
static bool cut_to(struct reader *r, size_t len)
{
	if (len > reader_left(r))
		return false;
	r->end = r->at + len;
	return true;
}

static void put_fragment(struct line *l, uint32_t id, unsigned offset)
{
	line_put(l, ", fragment of 0x%x at %u", id, offset);
}

/* ---- IPv4 ---- */

/* @r: at the packet, cut to its end; its fixed header is there */
static void put_ipv4(struct line *l, struct reader r, const uint8_t *fixed)
{
	const struct decode_ends ends = {.put = line_put_ipv4,
					 .source = fixed + IPV4_SOURCE_AT,
					 .target = fixed + IPV4_TARGET_AT};
	uint16_t fragment = u16_at(fixed, IPV4_FRAGMENT_AT);
	unsigned offset = (fragment & IPV4_OFFSET_MASK) * OFFSET_UNIT_BYTES;
	size_t header = (size_t)(fixed[0] & IPV4_IHL_MASK) * IPV4_WORD_BYTES;

	if (header < IPV4_FIXED_BYTES || !reader_bytes(&r, header) || offset > 0)
		decode_ends_put(l, &ends);
	else
		decode_upper(l, r, fixed[IPV4_PROTOCOL_AT], &ends);
	if (offset > 0 || (fragment & IPV4_MORE))
		put_fragment(l, u16_at(fixed, IPV4_ID_AT), offset);
}

void decode_ipv4(struct line *l, struct reader r)
{
	struct reader packet = r;
	const uint8_t *fixed = reader_bytes(&r, IPV4_FIXED_BYTES);
	bool whole;

	line_put(l, ", IPv4 ");
	if (!fixed) {
		line_put(l, "cut short");
		return;
	}
	/* 0: a super-frame of a card that cuts it itself */
	whole = u16_at(fixed, IPV4_LENGTH_AT) == 0 ||
		cut_to(&packet, u16_at(fixed, IPV4_LENGTH_AT));
	put_ipv4(l, packet, fixed);
	if (!whole)
		line_put(l, ", cut short");
}

/* ---- IPv6 ---- */

/* struct chain - where a walk through extension headers has come to */
struct chain {
	struct reader r;
	uint16_t next; /* header; NO_FURTHER */
	uint32_t fragment_id;
	uint16_t fragment; /* offset and flag, 0 without such a header */
};

/* The fragment header hides what is behind it, unless it is the first one's */
static void pass_fragment(struct chain *c)
{
	uint8_t next = reader_u8(&c->r);

	reader_u8(&c->r);
	c->fragment = reader_u16(&c->r);
	c->fragment_id = reader_u32(&c->r);
	c->next = c->fragment & IPV6_OFFSET_MASK ? NO_FURTHER : next;
}

static void pass_extension(struct chain *c, size_t unit_bytes, size_t units_more)
{
	struct reader start = c->r;
	uint8_t next = reader_u8(&c->r), units = reader_u8(&c->r);

	reader_bytes(&start, (units + units_more) * unit_bytes);
	c->r = start;
	c->next = next;
}

/* Return: true when the next header is one of these, and passed */
static bool pass_header(struct chain *c)
{
	switch (c->next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		pass_extension(c, IPV6_UNIT_BYTES, 1);
		return true;
	case IPPROTO_AH:
		pass_extension(c, AH_UNIT_BYTES, AH_UNITS_MORE);
		return true;
	case IPPROTO_FRAGMENT:
		pass_fragment(c);
		return true;
	default:
		return false;
	}
}

static void put_chain(struct line *l, struct chain *c, const struct decode_ends *ends)
{
	for (int i = 0; i < EXTENSIONS_MAX && !c->r.failed; i++)
		if (!pass_header(c))
			break;
	if (c->r.failed || c->next == NO_FURTHER)
		decode_ends_put(l, ends);
	else
		decode_upper(l, c->r, (uint8_t)c->next, ends);
	if (c->fragment & (IPV6_OFFSET_MASK | IPV6_MORE))
		put_fragment(l, c->fragment_id, c->fragment & IPV6_OFFSET_MASK);
}

void decode_ipv6(struct line *l, struct reader r)
{
	struct decode_ends ends = {.put = line_put_ipv6, .bracketed = true};
	struct chain c = {0};
	uint16_t len;
	bool whole;

	reader_bytes(&r, IPV6_FLOW_BYTES);
	len = reader_u16(&r);
	c.next = reader_u8(&r);
	reader_u8(&r); /* hop limit */
	ends.source = reader_bytes(&r, DECODE_IPV6_BYTES);
	ends.target = reader_bytes(&r, DECODE_IPV6_BYTES);
	line_put(l, ", IPv6 ");
	if (r.failed) {
		line_put(l, "cut short");
		return;
	}
	whole = len == 0 || cut_to(&r, len); /* 0: a super-frame, or nothing to cut */
	c.r = r;
	put_chain(l, &c, &ends);
	if (!whole)
		line_put(l, ", cut short");
}
