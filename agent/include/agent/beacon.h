/*
 * beacon.h - how agents of one segment tell each other that they are there
 *
 * Layer: agent. Pure. An Ethernet frame to 03:6C:77:00:00:01 of type 0x88B5 (IEEE 802 local
 * experimental 1), which no switch of ours carries through a tunnel:
 *
 *	16 bytes	random id of the sender on this segment, new every ten seconds
 *	 1 byte		kind
 *	 1 byte		number of interfaces, at most BEACON_INTERFACES_MAX
 *	 4 bytes each	index of an interface of the sender's host by which it hears this hub
 *	 1 byte		flags: enum beacon_flags
 *	 8 bytes	rank: of two agents that block one port, the one with the lower rank keeps its own
 *	 2 bytes	milliseconds until the sender's next beacon
 *
 * A frame that ends after the id is a beacon without interfaces, and one that ends before the flags has
 * none, the last rank and the period of an agent that is alone. What follows is ignored.
 */
#ifndef AGENT_BEACON_H
#define AGENT_BEACON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ether.h"

enum {
	BEACON_ID_BYTES = 16,
	BEACON_INTERFACES_MAX = 16,
	BEACON_TRAILER_BYTES = 1 + 8 + 2,
	BEACON_FRAME_BYTES = ETHER_HEADER_BYTES + BEACON_ID_BYTES + 2 + 4 * BEACON_INTERFACES_MAX +
			     BEACON_TRAILER_BYTES,
	BEACON_PERIOD_MS = 2000, /* of an agent that hears no other */
};
#define BEACON_RANK_LAST UINT64_MAX

/** enum beacon_kind - others may come: whoever does not know a kind ignores the beacon */
enum beacon_kind {
	BEACON_AGENT = 0, /* whoever sends this is an agent */
	BEACON_SELF_TEST =
		1, /* sent to find out whether it is heard: of interest to its sender only */
	BEACON_LEAVING = 2, /* the sender ends: forget it at once */
};

enum beacon_flags {
	BEACON_SERVES = 0x01,    /* takes every machine's frames there, other hosts' too */
	BEACON_BLOCKED = 0x02,   /* takes and injects nothing there, to keep a loop open */
	BEACON_LISTENING = 0x04, /* does not yet: it has just come */
};

/**
 * struct beacon - what one says
 * @flags:	set of enum beacon_flags; unknown ones are kept
 * @period_ms:	never 0 when read
 */
struct beacon {
	uint8_t id[BEACON_ID_BYTES];
	uint8_t kind;
	uint8_t flags;
	uint16_t period_ms;
	uint64_t rank;
	size_t interface_count;
	uint32_t interfaces[BEACON_INTERFACES_MAX];
};

/** beacon_is() - Is that frame's header a beacon's? Any content, any length */
bool beacon_is(const uint8_t *frame, size_t len);

/** beacon_read() - Return: true and @out filled, or false if it is none or cut short */
bool beacon_read(const uint8_t *frame, size_t len, struct beacon *out);

/** beacon_write() - @source: the sender's MAC. Return: length of the frame, bytes */
size_t beacon_write(const struct beacon *b, const struct mac *source,
		    uint8_t out[BEACON_FRAME_BYTES]);

#endif
