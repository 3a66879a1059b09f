/*
 * hub.h - who speaks on a QEMU hub: a machine, another agent, or we ourselves?
 *
 * Layer: agent (ports). Pure: no I/O, no clock, no allocation.
 *
 * How it works. Everybody on a hub sends to one group and port, and every machine's frames come from
 * that same port, the group's; an agent sends from a port of its own, and says so in beacons. So an
 * address and port that sent a beacon is an agent, and everything else is a machine, test programs
 * with a random source port included. On this host a source port belongs to one socket whatever the
 * address, so agents of this host are known by port alone. An agent is forgotten when nothing
 * was heard of it for HUB_AGENT_TICKS ticks of our own; we count ticks, not seconds, because after a suspend
 * everybody's clocks jump and everybody's next beacon is still to come.
 */
#ifndef AGENT_PORTS_HUB_H
#define AGENT_PORTS_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/beacon.h"
#include "agent/config.h"
#include "common/addr.h"
#include "interfaces.h"
#include "proto/drop.h"

enum {
	HUB_AGENTS_MAX = 32, /* known at once; the one unheard for longest makes room */
	HUB_AGENT_TICKS = 4, /* beacons missed until it counts as gone */
	/* After start, sources that may be agents are not yet taken for machines: agents answer a
	 * newcomer's first beacon at once. */
	HUB_SETTLE_MS = 500,
};

/** struct hub_agent - another agent; a slot without address is free */
struct hub_agent {
	struct addr from; /* on this host: 127.0.0.1 and its port, whatever the interface */
	uint32_t ticks;   /* since its last beacon or frame */
	size_t interface_count;
	uint32_t interfaces[BEACON_INTERFACES_MAX]; /* where it has joined, if it is on this host */
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

/** hub_is_beaconing() - Does a beacon from there count? Not from the group's port, because a guest
 * could send that; nor from ours; nor from a host that we do not serve */
bool hub_is_beaconing(const struct hub *h, const struct addr *from);

/**
 * hub_hear() - A beacon that counts came from @from
 *
 * Return: true if that agent was not known and is to be answered. One that had to take another's place
 * is not: with more agents than places, everybody's answers would ask for further ones without end.
 */
bool hub_hear(struct hub *h, const struct addr *from, const struct beacon *beacon);

/** hub_tick() - Our own beacon is due: forget agents that miss theirs */
void hub_tick(struct hub *h);

/** hub_agents_here() - How many other agents of this host are on the hub; with @interface not 0,
 * those that have joined there */
uint32_t hub_agents_here(const struct hub *h, uint32_t interface);

#endif
