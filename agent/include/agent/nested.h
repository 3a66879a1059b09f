/*
 * nested.h - is this frame one of our own datagrams, about to go through the tunnel that it is?
 *
 * Layer: agent. Pure: no I/O, no clock, no memory of its own. Any frame of any length is safe.
 *
 * It happens where this host's route to a peer leads onto the LAN, for example because the LAN's
 * DHCP server gave the TAP a default route. Carried on, a datagram would come in by the TAP again, in
 * a frame that needs a datagram of its own, and so on without end. So what goes between one of our own
 * addresses with the tunnel's port and a peer's address is dropped; ten in a second to one address, and
 * that address is no way to reach anybody.
 */
#ifndef AGENT_NESTED_H
#define AGENT_NESTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

enum {
	NESTED_OWN_MAX = 64,   /* addresses of this host; of one with more, the first */
	NESTED_PLACES_MAX = 8, /* addresses that are counted for at a time */
	NESTED_LIMIT = 10,     /* in a second: one or two may be left from before a route changed */
};

/** struct nested_place - datagrams to one address since a second began */
struct nested_place {
	struct addr remote;
	uint64_t since_ns;
	uint32_t count;
};

/** struct nested - caller-owned, zeroed at first; @port: the tunnel's; @own: this host's addresses, with it */
struct nested {
	uint16_t port;
	struct addr own[NESTED_OWN_MAX];
	size_t own_count;
	struct nested_place places[NESTED_PLACES_MAX];
};

enum nested_way {
	NESTED_NOT,
	NESTED_OUT,     /* this host sent it from the tunnel's port */
	NESTED_IN,      /* this host's is meant */
	NESTED_PERHAPS, /* from that port, and an address that is not known to be ours */
};

/** nested_way() - Might the frame be a datagram of ours? @remote: filled with the other end, unless not */
enum nested_way nested_way(const struct nested *n, const uint8_t *frame, size_t len,
			   struct addr *remote);

/** nested_count() - One more to @remote. Return: true when it is the NESTED_LIMIT-th within a second */
bool nested_count(struct nested *n, const struct addr *remote, uint64_t now_ns);

#endif
