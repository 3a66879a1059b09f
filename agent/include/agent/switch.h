/*
 * switch.h - one vlan's switch: where does this frame go?
 *
 * Layer: agent. Pure: no I/O, no clock, no libuv; allocates in switch_new() only. Knows ports and
 * peers as members, small integers that the caller gives out.
 *
 * How it works. switch_frame() looks at the length, then at the addresses that no bridge forwards,
 * learns the source, and says where the frame goes: to one member, or to all that switch_flood_next()
 * names. What a peer sent never goes to another peer (split horizon: every pair of agents has its own
 * session). A frame from an address that another member owns is dropped, unless the owner is a peer
 * and the frame a local machine's: then it goes on, but is not learned. What goes to more than the
 * one right place passes the ingress's token bucket.
 */
#ifndef AGENT_SWITCH_H
#define AGENT_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/clones.h"
#include "agent/fdb.h"
#include "common/ether.h"
#include "common/keyed_hash.h"
#include "proto/drop.h"

enum {
	SWITCH_NOBODY =
		-1, /* ingress of a frame that no member sent: learned nowhere, limited by nothing */
	SWITCH_FLOOD = -2,
	SWITCH_UNLIMITED = UINT32_MAX, /* broadcast limit: none */
	SWITCH_PORT_QUOTA = 1024,      /* addresses behind a port */
	SWITCH_PEER_QUOTA = 64,        /* and behind a peer */
};

struct vswitch;

/**
 * struct switch_config - what a switch needs to start; copied
 * @key:	random, secret
 * @members_max: members are numbered 0 to this - 1; at most 65,534
 * @max_frame:	longest frame that passes, bytes
 */
struct switch_config {
	struct hash_key key;
	uint32_t members_max;
	uint32_t max_frame;
};

/** switch_new() - Return: a switch without members, or NULL without memory */
struct vswitch *switch_new(const struct switch_config *config);

void switch_free(struct vswitch *sw);

/**
 * struct switch_member - how a member is treated
 * @is_peer:	another agent: split horizon applies
 * @quota:	addresses that may be learned behind it, 1 or more
 * @broadcast:	frames a second to more than one place, or SWITCH_UNLIMITED
 */
struct switch_member {
	bool is_peer;
	uint32_t quota;
	uint32_t broadcast;
};

/** switch_join() - Make @member one, or change how it is treated: what it learned stays */
void switch_join(struct vswitch *sw, int member, const struct switch_member *how, uint64_t now_ns);

/** switch_pin() - These addresses belong to @member, and no longer those that did: whoever else sends
 * from one is refused. What is pinned to another member already stays there */
void switch_pin(struct vswitch *sw, int member, const struct mac *macs, size_t count);

/** switch_leave() - It is none any more, and its addresses go. Harmless where it is none */
void switch_leave(struct vswitch *sw, int member);

/** switch_forget() - It stays a member, but what was learned behind it goes: its session ended */
void switch_forget(struct vswitch *sw, int member);

bool switch_has(const struct vswitch *sw, int member);

/**
 * struct switch_verdict - where a frame goes
 * @drop:	DROP_NONE, or why it goes nowhere
 * @to:		if not dropped: a member, or SWITCH_FLOOD
 * @crowded:	count DROP_MAC_QUOTA for the ingress; the frame itself goes on
 * @contested:	its source address belongs to another member, whatever becomes of the frame
 */
struct switch_verdict {
	enum drop drop;
	int to;
	bool crowded, contested;
};

/**
 * switch_frame() - Take one frame
 * @from:	a member, or SWITCH_NOBODY
 * @frame:	@len bytes, any content, any length
 */
struct switch_verdict switch_frame(struct vswitch *sw, int from, const uint8_t *frame, size_t len,
				   uint64_t now_ns);

/**
 * switch_is_flooding() - Would switch_frame() drop it for the broadcast limit? Cheap
 *
 * Asked first, it spares the closer looks at a flood: 50,000 frames a second cost a processor little.
 * What is so dropped teaches the switch nothing, as nobody heard it.
 */
bool switch_is_flooding(struct vswitch *sw, int from, const uint8_t *frame, size_t len,
			uint64_t now_ns);

/** switch_is_for_many() - Would a frame of 14 bytes or more be flooded? */
bool switch_is_for_many(const struct vswitch *sw, const uint8_t *frame, uint64_t now_ns);

/**
 * switch_flood_next() - The members that a flooded frame from @from goes to, one by one
 * @cursor:	0 before the first; no member may join or leave in between
 *
 * Return: a member, or -1 when there is no further one
 */
int switch_flood_next(const struct vswitch *sw, int from, size_t *cursor);

/** switch_owner() - Return: the member that owns @mac, or -1 */
int switch_owner(const struct vswitch *sw, const struct mac *mac, uint64_t now_ns);

/** switch_visit_macs() - Every address that is known now */
void switch_visit_macs(const struct vswitch *sw, uint64_t now_ns, fdb_visitor visit, void *context);

/** switch_clones() - Addresses seen in two places lately. Return: how many, at most @max */
size_t switch_clones(const struct vswitch *sw, uint64_t now_ns, struct clone *out, size_t max);

#endif
