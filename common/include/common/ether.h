/*
 * ether.h - MAC addresses and what an Ethernet header says
 *
 * Layer: common.
 */
#ifndef COMMON_ETHER_H
#define COMMON_ETHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	MAC_BYTES = 6,
	MAC_TEXT_BYTES = 18, /* aa:bb:cc:dd:ee:ff and NUL */
	ETHER_HEADER_BYTES =
		14, /* destination, source, type: also the shortest frame that we carry */
	ETHER_MTU_FRAME_BYTES = 1514,
	FRAME_MAX_BYTES = 65507, /* the largest UDP payload, so the largest frame a hub can carry */
	FRAME_MAX_DEFAULT_BYTES = 9216,
	VLAN_ID_MIN = 1,
	VLAN_ID_MAX = 4094, /* 12 bits without the two reserved values */
};

struct mac {
	uint8_t b[MAC_BYTES];
};

static inline bool mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a->b, b->b, MAC_BYTES) == 0;
}

/** mac_is_group() - Broadcast or multicast (IEEE 802 I/G bit) */
static inline bool mac_is_group(const struct mac *m)
{
	return m->b[0] & 1;
}

bool mac_is_zero(const struct mac *m);
bool mac_is_broadcast(const struct mac *m);

/** mac_is_link_local() - 01:80:C2:00:00:0x, which no bridge forwards (IEEE 802.1D table 7-10) */
bool mac_is_link_local(const struct mac *m);

/** mac_parse() - "aa:bb:cc:dd:ee:ff", either case, also with "-". Return: 0 or -EINVAL, @out untouched */
int mac_parse(const char *text, struct mac *out);

/** mac_format() - Lower case with colons. Return: @out */
const char *mac_format(const struct mac *m, char out[MAC_TEXT_BYTES]);

/** ether_dst(), ether_src() - @frame has at least ETHER_HEADER_BYTES */
static inline struct mac ether_dst(const uint8_t *frame)
{
	struct mac m;

	memcpy(m.b, frame, MAC_BYTES);
	return m;
}

static inline struct mac ether_src(const uint8_t *frame)
{
	struct mac m;

	memcpy(m.b, frame + MAC_BYTES, MAC_BYTES);
	return m;
}

#endif
