/*
 * lans_kernel.c - who hears what is sent to a hub
 *
 * The rules of Linux's IPv4 multicast, as QEMU's sockets meet them. A datagram comes in by an interface if any
 * process of the host has joined the group there. Then every socket that is bound to the group and its
 * port gets it, wherever it joined itself (IP_MULTICAST_ALL, as QEMU has it); one without that option only
 * where it joined. TTL 0 stays on the host. What is sent by a real interface comes back on that interface,
 * with its index, unless the sender said IP_MULTICAST_LOOP 0, which has no effect on loopback. The source
 * is the address of the interface by which it was sent.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/beacon.h"
#include "lans.h"

enum {
	LOCAL_US = 20,
	LAN_US = 150,
	JITTER_US = 100,
	NS_PER_US = 1000,
};

static bool agent_joins(const struct lans_agent *a, int host, uint32_t interface, int group)
{
	if (!a->running || a->host != host)
		return false;
	for (size_t i = 0; i < a->port_count; i++) {
		const struct lans_port *p = &a->ports[i];

		if (p->kind == LANS_PRIVATE || p->group != group)
			continue;
		if (interface == LANS_LO || (p->kind == LANS_NAMED && p->interface == interface))
			return true;
	}
	return false;
}

static bool bridge_joins(const struct lans_bridge *b, int host, uint32_t interface, int group)
{
	for (int i = 0; i < 2; i++)
		if (b->running && b->host[i] == host && b->interface[i] == interface &&
		    b->group[i] == group)
			return true;
	return false;
}

bool lans_is_member(const struct lans *w, int host, uint32_t interface, int group)
{
	for (size_t i = 0; i < w->machine_count; i++) {
		const struct lans_machine *m = &w->machines[i];

		if (m->running && m->interface == interface && m->host == host && m->group == group)
			return true;
	}
	for (size_t i = 0; i < w->agent_count; i++)
		if (agent_joins(&w->agents[i], host, interface, group))
			return true;
	return bridge_joins(&w->bridge, host, interface, group);
}

/* ---- sending ---- */

static void deliver(struct lans *w, int host, const struct lans_datagram *d, bool is_local)
{
	struct lans_datagram *copy = malloc(sizeof(*copy));
	uint64_t us = (is_local ? LOCAL_US : LAN_US) + rng_below(&w->rng, JITTER_US);

	*copy = *d;
	lans_at(w, w->now_ns + us * NS_PER_US, LANS_ARRIVE, host, 0, copy);
}

static void send_by_wire(struct lans *w, const struct lans_socket *from, struct lans_datagram *d)
{
	int segment = w->hosts[from->host].segment[from->interface];

	for (size_t h = 0; h < w->host_count; h++)
		for (uint32_t i = LANS_ETH0; i < LANS_INTERFACES; i++) {
			d->interface = i;
			if ((int)h != from->host && w->hosts[h].segment[i] == segment)
				deliver(w, (int)h, d, false);
		}
}

void lans_send(struct lans *w, const struct lans_socket *from, int group, const uint8_t *bytes,
	       size_t len)
{
	const struct interface_address *at =
		interfaces_by_index(&w->hosts[from->host].interfaces, from->interface);
	struct lans_datagram d = {.group = group, .interface = from->interface, .len = len};

	if (!at)
		return;
	d.from = at->addr;
	d.from.port = from->port;
	memcpy(d.bytes, bytes, len);
	if (from->interface == LANS_LO || from->loop)
		deliver(w, from->host, &d, true);
	if (from->interface != LANS_LO && from->ttl > 0)
		send_by_wire(w, from, &d);
}

/* ---- receiving ---- */

/* A port's socket does not get what it sent itself, nor what comes from the same port elsewhere. */
static bool port_hears(const struct lans_port *p, const struct lans_datagram *d)
{
	if (p->kind == LANS_PRIVATE || p->group != d->group || d->from.port == p->hub.own_port)
		return false;
	return p->kind == LANS_AUTO || d->interface == LANS_LO || d->interface == p->interface;
}

static void hand_on(struct lans *w, int host, const struct lans_datagram *d)
{
	const struct lans_bridge *b = &w->bridge;
	bool is_beacon = beacon_is(d->bytes, d->len);

	for (int i = 0; b->running && i < 2; i++) {
		struct lans_socket to = {.host = b->host[!i],
					 .interface = b->interface[!i],
					 .port = b->as_machine ? LANS_GROUP_PORT : b->port,
					 .ttl = 1,
					 .loop = true};

		/* A program of this kind hears on its one interface, and not itself. */
		if (b->host[i] != host || b->group[i] != d->group ||
		    b->interface[i] != d->interface || d->from.port == b->port)
			continue;
		if (b->beacons_only && (!is_beacon || d->from.port == LANS_GROUP_PORT))
			continue;
		lans_say_of(w, d->bytes, "the bridge hands it on");
		lans_send(w, &to, b->group[!i], d->bytes, d->len);
	}
}

void lans_arrive(struct lans *w, int host, const struct lans_datagram *d)
{
	if (!lans_is_member(w, host, d->interface, d->group))
		return;
	for (size_t i = 0; i < w->machine_count; i++) {
		const struct lans_machine *m = &w->machines[i];

		if (m->running && m->interface && m->host == host && m->group == d->group)
			lans_heard(w, (int)i, d->bytes, d->len);
	}
	for (size_t i = 0; i < w->agent_count; i++)
		for (size_t k = 0; k < w->agents[i].port_count; k++)
			if (w->agents[i].running && w->agents[i].host == host &&
			    port_hears(&w->agents[i].ports[k], d))
				lans_agent_hub(w, (int)i, (int)k, d);
	hand_on(w, host, d);
}
