/*
 * hub_datagram.c - see hub_datagram.h
 */
#include "hub_datagram.h"

#include "common/cursor.h"
#include "common/ether.h"

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_8021Q = 0x8100,
	TYPE_8021AD = 0x88a8,
	TAGS_MAX = 2,
	TAG_BYTES = 2, /* after the type */

	IPV4_VERSION = 4,
	IPV4_WORD_BYTES = 4,
	IPV4_FIXED_BYTES = 20,       /* RFC 791, 3.1 */
	IPV4_BEFORE_FRAGMENT = 5,    /* type of service, length, identification */
	IPV4_FRAGMENT_MASK = 0x3fff, /* more fragments, offset */
	IPV4_BEFORE_TARGET = 6,      /* checksum, source */
	IPV4_NIBBLE = 4,
	IPV4_NIBBLE_MASK = 0x0f,
	PROTOCOL_UDP = 17,
	GROUPS_SHIFT = 28, /* RFC 5771: 224.0.0.0/4 */
	GROUPS = 0xe,
	UDP_PORT_BYTES = 2,
};

/* Return: the type of what is in the frame, tags taken off */
static uint16_t read_type(struct reader *r)
{
	uint16_t type;

	reader_bytes(r, 2 * MAC_BYTES);
	type = reader_u16(r);
	for (int i = 0; i < TAGS_MAX && (type == TYPE_8021Q || type == TYPE_8021AD); i++) {
		reader_bytes(r, TAG_BYTES);
		type = reader_u16(r);
	}
	return type;
}

/* The header, options included. Return: the group, or 0 if it is no UDP to one */
static uint32_t read_ipv4(struct reader *r, bool *is_fragment)
{
	uint8_t start = reader_u8(r), protocol;
	size_t bytes = (start & IPV4_NIBBLE_MASK) * (size_t)IPV4_WORD_BYTES;
	uint32_t target;

	reader_bytes(r, IPV4_BEFORE_FRAGMENT);
	*is_fragment = reader_u16(r) & IPV4_FRAGMENT_MASK;
	reader_u8(r); /* time to live */
	protocol = reader_u8(r);
	reader_bytes(r, IPV4_BEFORE_TARGET);
	target = reader_u32(r);
	if (start >> IPV4_NIBBLE != IPV4_VERSION || bytes < IPV4_FIXED_BYTES)
		return 0;
	reader_bytes(r, bytes - IPV4_FIXED_BYTES);
	return protocol == PROTOCOL_UDP && target >> GROUPS_SHIFT == GROUPS ? target : 0;
}

bool hub_datagram_read(const uint8_t *frame, size_t len, struct hub_datagram *out)
{
	struct reader r = reader_over(frame, len);
	uint32_t group;

	if (read_type(&r) != TYPE_IPV4)
		return false;
	group = read_ipv4(&r, &out->is_fragment);
	if (r.failed || group == 0)
		return false;
	out->to = addr_from_ipv4(group, 0);
	if (out->is_fragment)
		return true;
	reader_bytes(&r, UDP_PORT_BYTES); /* of the sender: any */
	out->to.port = reader_u16(&r);
	return !r.failed;
}

bool hub_datagram_is_to(const struct hub_datagram *d, const struct addr *group)
{
	return d->is_fragment ? addr_same_ip(&d->to, group) : addr_equal(&d->to, group);
}
