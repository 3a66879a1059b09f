/*
 * lan_carrier.c - is there anybody else on a port's vlan?
 *
 * A port whose other end can be told (a TAP: the interface's carrier) is told when somebody comes,
 * at once, and when the last one has been gone for a while, so that a peer that restarts unplugs no
 * cable. Somebody is another port that is not down or blocked, whoever is behind it, or a peer of
 * that vlan that is up. A port with lanes is nobody by itself. Each of its lanes is somebody as
 * long as it is there: its machine spoke, and some are reached only after the lane was opened.
 */
#include "lan_private.h"

static bool is_working(const struct lan *l, const struct lan_port *p)
{
	char detail[PORT_DETAIL_BYTES];
	enum port_state state;

	if (p->parent)
		return true;
	if (p->port->has_lanes)
		return false;
	state = lan_segments_state(l, p, detail, sizeof(detail));
	return state != PORT_DOWN && state != PORT_BLOCKED;
}

static bool has_neighbour(const struct lan *l, const struct lan_port *p)
{
	for (size_t i = 0; i < LAN_PORTS_MAX; i++) {
		const struct lan_port *other = l->ports[i];

		if (other && other != p && other->vlan == p->vlan && is_working(l, other))
			return true;
	}
	return false;
}

static bool has_peer(const struct lan *l, const struct lan_port *p)
{
	for (int i = 0; i < (int)l->peers_capacity; i++) {
		if (switch_has(p->vlan->sw, LAN_PEER_BASE + i) && engine_peer_is_up(l->engine, i))
			return true;
	}
	return false;
}

/* @ticks: how many passed since the last time */
static void follow(const struct lan *l, struct lan_port *p, uint32_t ticks)
{
	bool was_on = p->lonely_ticks < LAN_LONELY_TICKS, is_on;

	if (has_neighbour(l, p) || has_peer(l, p))
		p->lonely_ticks = 0;
	else if (was_on)
		p->lonely_ticks += ticks;
	is_on = p->lonely_ticks < LAN_LONELY_TICKS;
	if (is_on != was_on || !p->is_told)
		p->port->ops->carrier(p->port, is_on);
	p->is_told = true;
}

void lan_carrier_follow(struct lan *l, uint32_t ticks)
{
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (l->ports[i] && l->ports[i]->port->ops->carrier)
			follow(l, l->ports[i], ticks);
	}
}
