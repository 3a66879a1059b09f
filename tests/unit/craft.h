/*
 * craft.h - frames for the tests of inspect, guard and lan: ARP, DHCP, neighbour discovery, BPDUs
 */
#ifndef TESTS_CRAFT_H
#define TESTS_CRAFT_H

#include "common/cursor.h"
#include "common/ether.h"

enum {
	CRAFT_BYTES = 512,
	CRAFT_ARP_REQUEST = 1,
	CRAFT_ARP_REPLY = 2,
	CRAFT_RS = 133,
	CRAFT_RA = 134,
	CRAFT_NS = 135,
	CRAFT_NA = 136,
	CRAFT_REDIRECT = 137,
	CRAFT_SOURCE_OPTION = 1,
	CRAFT_TARGET_OPTION = 2,
};

struct craft {
	uint8_t bytes[CRAFT_BYTES];
	struct writer w;
};

/* MAC 02:00:00:00:00:N; addresses 10.0.0.N and fe80::N. */
static inline struct mac craft_mac(int n)
{
	return (struct mac){{2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

static inline void craft_ip6(struct writer *w, int n)
{
	writer_u16(w, n ? 0xfe80 : 0);
	writer_zeros(w, 12);
	writer_u16(w, (uint16_t)n);
}

static inline void craft_mac_bytes(struct writer *w, int n)
{
	struct mac m = craft_mac(n);

	writer_bytes(w, m.b, MAC_BYTES);
}

/* Broadcast from machine @from; what follows is an ethertype or a wrapping. */
static inline void craft_start(struct craft *c, int from)
{
	c->w = writer_over(c->bytes, sizeof(c->bytes));
	memset(writer_reserve(&c->w, MAC_BYTES), 0xff, MAC_BYTES);
	craft_mac_bytes(&c->w, from);
}

static inline void craft_tag(struct craft *c, uint16_t tpid, uint16_t tag)
{
	writer_u16(&c->w, tpid);
	writer_u16(&c->w, tag);
}

/* LLC and SNAP; @len: what the 802.3 length says, true or not. */
static inline void craft_snap(struct craft *c, uint16_t len, uint32_t oui)
{
	writer_u16(&c->w, len);
	writer_bytes(&c->w, "\xaa\xaa\x03", 3);
	writer_uint(&c->w, oui, 3);
}

/* From the ethertype on: machine @says is at 10.0.0.@ip */
static inline void craft_arp(struct craft *c, uint16_t operation, int says, int ip)
{
	writer_u16(&c->w, 0x0806);
	writer_bytes(&c->w, "\x00\x01\x08\x00\x06\x04", 6);
	writer_u16(&c->w, operation);
	craft_mac_bytes(&c->w, says);
	writer_u32(&c->w, ip ? 0x0a000000U + (uint32_t)ip : 0);
	writer_zeros(&c->w, 6);
	writer_u32(&c->w, 0x0a0000fe);
}

/* From the ethertype on, up to the payload; @fragment: flags and offset; @words: of the header */
static inline void craft_ipv4(struct craft *c, int ip, uint16_t fragment, uint8_t words)
{
	writer_u16(&c->w, 0x0800);
	writer_u8(&c->w, (uint8_t)(0x40 | words));
	writer_zeros(&c->w, 1);
	writer_u16(&c->w, 300);
	writer_zeros(&c->w, 2);
	writer_u16(&c->w, fragment);
	writer_u8(&c->w, 64);
	writer_u8(&c->w, 17);
	writer_zeros(&c->w, 2);
	writer_u32(&c->w, ip ? 0x0a000000U + (uint32_t)ip : 0);
	writer_u32(&c->w, 0xffffffff);
	for (int i = 5; i < words; i++)
		writer_u32(&c->w, 0x01010101); /* no operation */
}

static inline void craft_udp(struct craft *c, uint16_t from, uint16_t to)
{
	writer_u16(&c->w, from);
	writer_u16(&c->w, to);
	writer_zeros(&c->w, 4);
}

/* A DHCP server's offer, from the ethertype on */
static inline void craft_offer(struct craft *c)
{
	craft_ipv4(c, 1, 0, 5);
	craft_udp(c, 67, 68);
	writer_u8(&c->w, 2);
	writer_zeros(&c->w, 235);
}

/* A DHCP client's discover with @id for its identifier, from the ethertype on */
static inline void craft_discover(struct craft *c, const char *id)
{
	craft_ipv4(c, 0, 0, 5);
	craft_udp(c, 68, 67);
	writer_u8(&c->w, 1);
	writer_zeros(&c->w, 235);
	writer_u32(&c->w, 0x63825363);
	writer_bytes(&c->w, "\x35\x01\x01\x00", 4); /* message type, pad */
	writer_u8(&c->w, 61);
	writer_u8(&c->w, (uint8_t)strlen(id));
	writer_bytes(&c->w, id, strlen(id));
	writer_u8(&c->w, 255);
}

/* From the ethertype on, up to the first header, whose number is @next */
static inline void craft_ipv6(struct craft *c, int ip, uint8_t next)
{
	writer_u16(&c->w, 0x86dd);
	writer_u32(&c->w, 0x60000000);
	writer_u16(&c->w, 200);
	writer_u8(&c->w, next);
	writer_u8(&c->w, 255);
	craft_ip6(&c->w, ip);
	writer_bytes(&c->w, "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
}

/* An extension header of @units * 8 bytes */
static inline void craft_extension(struct craft *c, uint8_t next, uint8_t units)
{
	writer_u8(&c->w, next);
	writer_u8(&c->w, (uint8_t)(units - 1));
	writer_zeros(&c->w, (size_t)units * 8 - 2);
}

static inline void craft_fragment(struct craft *c, uint8_t next, uint16_t offset_and_more)
{
	writer_u8(&c->w, next);
	writer_u8(&c->w, 0);
	writer_u16(&c->w, offset_and_more);
	writer_u32(&c->w, 7);
}

/* A link-layer option that names machine @says */
static inline void craft_option(struct craft *c, uint8_t type, int says)
{
	writer_u8(&c->w, type);
	writer_u8(&c->w, 1);
	craft_mac_bytes(&c->w, says);
}

/* ICMPv6, up to the options; @target: fe80::N where the type has one */
static inline void craft_nd(struct craft *c, uint8_t type, int target)
{
	writer_u8(&c->w, type);
	writer_zeros(&c->w, type == CRAFT_RA ? 15 : 7);
	if (type >= CRAFT_NS)
		craft_ip6(&c->w, target);
	if (type == CRAFT_REDIRECT)
		craft_ip6(&c->w, target);
}

#endif
