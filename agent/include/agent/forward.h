/*
 * forward.h - where copies of a frame go, segments taken into account
 *
 * Layer: agent. Pure: no I/O, no clock, no allocation. The switch says to whom a frame belongs; this says
 * who of them gets it from us. What a machine on a shared segment sends is heard there by other agents, too:
 * those get it marked on-segment, or not at all.
 */
#ifndef AGENT_FORWARD_H
#define AGENT_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/segments.h"
#include "agent/switch.h"
#include "proto/drop.h"

/**
 * struct forward - what a decision is made with; borrowed
 * @peer_base:	members from this number on are peers, numbered from 0
 * @to_port:	leave by that port
 * @beyond:	leave by that port on that interface alone, for other hosts' ears only
 * @to_peer:	go to that peer; @on_segment: marked so
 */
struct forward {
	const struct vswitch *sw;
	const struct segments *segments;
	int peer_base;
	void (*to_port)(void *context, int port);
	void (*beyond)(void *context, int port, uint32_t interface);
	void (*to_peer)(void *context, int peer, bool on_segment);
	void *context;
	uint64_t now_ns;
};

/**
 * struct forward_from - where the frame came from
 * @member:	of the switch, or SWITCH_NOBODY
 * @interface:	a port's, where it came in; 0: none
 * @source:	borrowed: address that sent it there; NULL: none
 * @on_segment:	a peer's frame came marked so
 * @heard_at:	a peer's frame is for a machine that was last heard on the attachment of that number; -1: not
 *		known
 */
struct forward_from {
	int member;
	uint32_t interface;
	const struct addr *source;
	bool on_segment;
	int heard_at;
};

/**
 * forward_frame() - Give a frame that the switch let pass to all that are to have it from us
 * @to:		the verdict's: a member or SWITCH_FLOOD
 *
 * Return: DROP_NONE, or why the one member that it is for does not get it from us: DROP_ON_SEGMENT,
 * DROP_STANDBY, DROP_PORT_LISTENING, DROP_PORT_BLOCKED
 */
enum drop forward_frame(const struct forward *f, const struct forward_from *from, int to);

#endif
