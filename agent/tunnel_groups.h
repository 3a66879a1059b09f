/*
 * tunnel_groups.h - datagrams by where they go
 *
 * Layer: agent, private to tunnel.c. Pure.
 *
 * Datagrams of several peers take turns in the outbox. Those of one peer and one class to one place, between the
 * same two addresses, are a *group*: one after the other they make runs (udp.h). Their order stays; between groups it
 * is free.
 */
#ifndef AGENT_TUNNEL_GROUPS_H
#define AGENT_TUNNEL_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/engine.h"

enum {
	TUNNEL_GROUP_DATAGRAMS = OUTBOX_MAX, /* at once */
	TUNNEL_GROUP_BUCKETS = 64,
	TUNNEL_GROUP_NONE = UINT16_MAX,
};

/** struct tunnel_group - @first, @last: indices of datagrams; @alike: next group of that bucket */
struct tunnel_group {
	uint16_t first, last, alike;
};

/** struct tunnel_groups - @next: of each datagram, the next of its group, or TUNNEL_GROUP_NONE */
struct tunnel_groups {
	uint16_t count;
	struct tunnel_group list[TUNNEL_GROUP_DATAGRAMS];
	uint16_t next[TUNNEL_GROUP_DATAGRAMS];
	uint16_t buckets[TUNNEL_GROUP_BUCKETS];
};

/** tunnel_groups_make() - Groups in the order of their first datagrams. @count: at most
 * TUNNEL_GROUP_DATAGRAMS */
void tunnel_groups_make(struct tunnel_groups *g, const struct datagram *datagrams, size_t count);

#endif
