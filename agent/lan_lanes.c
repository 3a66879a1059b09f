/*
 * lan_lanes.c - machines that share a port, each a member of the vlan by itself
 *
 * How it works. A port that takes several machines reports each as a lane. It gets a slot behind those of
 * the configured ports, a name of its own and the port's configuration; for switch, guard and status
 * it is a port. It goes with its machine, and what was learned behind it goes at once. A number, and
 * a slot, is the lowest one that is free: a machine that comes back finds its port again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lan_private.h"

enum {
	STEM_MAX = NAME_BYTES /* characters shown of what a machine is called */
};

/* ---- names ---- */

bool lan_is_named(const struct lan *l, const char *name)
{
	for (size_t i = 0; i < LAN_PORTS_MAX; i++) {
		if (l->ports[i] && strcmp(l->ports[i]->name, name) == 0)
			return true;
	}
	return false;
}

/* PORT/STEM; PORT/STEM.2 and so on if that is taken; PORT/1 and so on without a stem. */
static void name_lane(const struct lan_port *parent, const char *stem,
		      char out[LAN_PORT_NAME_BYTES])
{
	unsigned number = 1;

	const char *port = parent->config.name;

	do {
		if (!stem)
			snprintf(out, LAN_PORT_NAME_BYTES, "%s/%u", port, number);
		else if (number == 1)
			snprintf(out, LAN_PORT_NAME_BYTES, "%s/%.*s", port, STEM_MAX, stem);
		else
			snprintf(out, LAN_PORT_NAME_BYTES, "%s/%.*s.%u", port, STEM_MAX, stem,
				 number);
		number++;
	} while (lan_is_named(parent->lan, out));
}

/* ---- life ---- */

static size_t count_lanes(const struct lan_port *parent)
{
	size_t count = 0;

	for (size_t i = CONFIG_PORTS_MAX; i < LAN_PORTS_MAX; i++)
		count += parent->lan->ports[i] && parent->lan->ports[i]->parent == parent;
	return count;
}

size_t lan_free_lane(const struct lan *l)
{
	size_t slot = CONFIG_PORTS_MAX;

	while (slot < LAN_PORTS_MAX && l->ports[slot])
		slot++;
	return slot;
}

int lan_on_lane_open(void *context, struct port *lane, const char *stem)
{
	struct lan_port *parent = context, *p = NULL;
	struct lan *l = parent->lan;
	size_t slot = lan_free_lane(l);

	if (slot < LAN_PORTS_MAX && count_lanes(parent) < PORT_LANES_MAX)
		p = calloc(1, sizeof(*p));
	if (!p) {
		parent->port->drops[DROP_PORT_CROWDED]++;
		return -ENOSPC;
	}
	*p = (struct lan_port){.lan = l,
			       .parent = parent,
			       .config = parent->config,
			       .vlan = parent->vlan,
			       .port = lane,
			       .member = (int)slot};
	name_lane(parent, stem, p->name);
	lane->events = lan_port_events(p);
	lan_put_port(l, slot, p);
	lan_join_port(p);
	lan_carrier_follow(l, 0);
	return 0;
}

void lan_on_lane_close(void *lane_context)
{
	struct lan_port *p = lane_context;

	lan_touch(p->lan);
	lan_leave_port(p);
	lan_put_port(p->lan, (size_t)p->member, NULL);
	free(p);
}

void lan_on_gone(void *context)
{
	struct lan_port *p = context;

	lan_touch(p->lan);
	switch_forget(p->vlan->sw, p->member);
	guard_forget(p->vlan->guard, p->member);
}

/* ---- what the port does ---- */

void lan_lanes_reload(const struct lan_port *p)
{
	for (size_t i = CONFIG_PORTS_MAX; i < LAN_PORTS_MAX; i++) {
		struct lan_port *lane = p->lan->ports[i];

		if (!lane || lane->parent != p)
			continue;
		lane->config = p->config;
		lan_join_port(lane);
	}
}

void lan_lanes_drop(const struct lan_port *p)
{
	for (size_t i = CONFIG_PORTS_MAX; i < LAN_PORTS_MAX; i++) {
		if (p->lan->ports[i] && p->lan->ports[i]->parent == p)
			lan_on_lane_close(p->lan->ports[i]);
	}
}
