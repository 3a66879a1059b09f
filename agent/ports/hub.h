/*
 * hub.h - who speaks on a QEMU hub: a machine, another agent, or we ourselves?
 *
 * Layer: agent (ports). Pure: no I/O, no clock, no allocation.
 *
 * How it works. Everybody on a hub sends to one group and port, and every machine's frames come from
 * that same port, the group's; an agent sends from a port of its own, and says so in beacons. What another
 * host sends from any other port is therefore an agent's, beacon or not: if it were taken for a
 * machine's, the frame could go round for ever. On this host, where programs such as socat send frames
 * as well, an address and port that sent a beacon is an agent, and everything else is a machine. A
 * source port of this host belongs to one socket whatever the address, so its agents are known by port
 * alone. An agent is forgotten when nothing was heard of it for HUB_AGENT_TICKS ticks of our own; we
 * count ticks, not seconds, because after a suspend everybody's clocks jump and everybody's next beacon
 * is still to come.
 */
#ifndef AGENT_PORTS_HUB_H
#define AGENT_PORTS_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/config.h"
#include "common/addr.h"
#include "common/ether.h"
#include "interfaces.h"
#include "proto/drop.h"

enum {
	HUB_AGENTS_MAX = 32, /* known at once; the one unheard for longest makes room */
	HUB_AGENT_TICKS = 4, /* beacons missed until it counts as gone */
	/* After start, sources of this host that may be agents are not yet taken for machines: agents
	 * answer a newcomer's first beacon at once. */
	HUB_SETTLE_MS = 500,
};

/**
 * struct hub_agent - another agent; a slot without address is free
 * @from:	on this host: 127.0.0.1 and its port, whatever the interface
 * @sender:	source MAC of its beacons
 * @ticks:	since its last beacon or frame
 */
struct hub_agent {
	struct addr from;
	struct mac sender;
	uint32_t ticks;
};

/**
 * struct hub - what is known of a hub; the caller sets the first group
 * @group_port:	UDP port of the group
 * @own_port:	from which we send
 * @scope:	whom we serve
 * @served:	MCAST_NAMED: index of the interface, 0 while there is none
 * @interfaces:	borrowed; who we are
 * @settled_ns:	when sources that may be agents are taken for machines
 */
struct hub {
	uint16_t group_port;
	uint16_t own_port;
	enum mcast_scope scope;
	uint32_t served;
	const struct interfaces *interfaces;
	uint64_t settled_ns;

	struct hub_agent agents[HUB_AGENTS_MAX];
};

/**
 * hub_classify() - May this frame enter the switch? Notes that an agent lives
 * @from:	its source
 * @interface:	index where it came in
 *
 * Return: DROP_NONE for a machine's frame; DROP_OWN_ECHO; DROP_AGENT_INJECTED; DROP_FOREIGN_HOST;
 * DROP_OTHER_INTERFACE
 */
enum drop hub_classify(struct hub *h, const struct addr *from, uint32_t interface, uint64_t now_ns);

/**
 * hub_hear() - An agent's beacon came from @from, which is not the group's port
 * @sender:	source MAC of its frame
 *
 * One of another host never takes the place of one of this host, whose frames we would then take for a
 * machine's.
 */
void hub_hear(struct hub *h, const struct addr *from, const struct mac *sender);

/** hub_agent_at() - Return: the agent that beaconed from there, or NULL */
struct hub_agent *hub_agent_at(struct hub *h, const struct addr *from);

/** hub_tick() - Forget agents that were not heard for long */
void hub_tick(struct hub *h);

#endif
