/*
 * hub_datagram.h - is this Ethernet frame a hub's own datagram?
 *
 * Layer: agent (ports). Pure: no I/O, no clock, no memory of its own. Any bytes of any length are
 * safe.
 *
 * A machine's frame travels on a hub as the content of a UDP multicast datagram. Where a TAP is
 * bridged into the LAN of our own hub, that datagram comes in by the TAP as a frame again. Carried
 * on, it would be put onto the hub, come in once more, and grow by a header each time.
 */
#ifndef AGENT_PORTS_HUB_DATAGRAM_H
#define AGENT_PORTS_HUB_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

/**
 * struct hub_datagram - IPv4 to a multicast group
 * @to:		group, and UDP port unless it is a fragment
 * @is_fragment: the first one too: all of them go the same way
 */
struct hub_datagram {
	struct addr to;
	bool is_fragment;
};

/** hub_datagram_read() - Return: true with @out filled, if the frame is UDP to a group, whatever VLAN
 * tags and IP options it has */
bool hub_datagram_read(const uint8_t *frame, size_t len, struct hub_datagram *out);

/** hub_datagram_is_to() - May it be a datagram of the hub with that group and port? */
bool hub_datagram_is_to(const struct hub_datagram *d, const struct addr *group);

#endif
