/*
 * hub.c - see hub.h
 */
#include "hub.h"

#include <netinet/in.h>
#include <string.h>

/* How an agent is known: one of this host by its port alone. */
static struct addr key_of(const struct hub *h, const struct addr *from)
{
	if (interfaces_own(h->interfaces, from))
		return addr_from_ipv4(INADDR_LOOPBACK, from->port);
	return *from;
}

static struct hub_agent *find(struct hub *h, const struct addr *key)
{
	for (size_t i = 0; i < HUB_AGENTS_MAX; i++) {
		if (addr_is_set(&h->agents[i].from) && addr_equal(&h->agents[i].from, key))
			return &h->agents[i];
	}
	return NULL;
}

/* Return: DROP_NONE, or that this interface is not ours to serve. */
static enum drop check_interface(const struct hub *h, uint32_t interface)
{
	if (h->scope == MCAST_NAMED && interface != h->served)
		return DROP_OTHER_INTERFACE;
	return DROP_NONE;
}

/* May it be an agent? One that is known lives, if it speaks: beacons get lost when much is going on. */
static bool is_agent(struct hub *h, const struct addr *from, uint64_t now_ns)
{
	struct addr key = key_of(h, from);
	struct hub_agent *known = find(h, &key);

	if (known)
		known->ticks = 0;
	return known || now_ns < h->settled_ns;
}

enum drop hub_classify(struct hub *h, const struct addr *from, uint32_t interface, uint64_t now_ns)
{
	bool own = interfaces_own(h->interfaces, from);

	if (own && from->port == h->own_port)
		return DROP_OWN_ECHO;
	if (!own && h->scope != MCAST_NAMED)
		return DROP_FOREIGN_HOST;
	if (from->port != h->group_port && is_agent(h, from, now_ns))
		return DROP_AGENT_INJECTED;
	return check_interface(h, interface);
}

bool hub_is_beaconing(const struct hub *h, const struct addr *from)
{
	bool own = interfaces_own(h->interfaces, from);

	if (from->port == h->group_port || (own && from->port == h->own_port))
		return false;
	return own || h->scope == MCAST_NAMED;
}

/* The slot of a known agent, else a free one, else that of the agent unheard for longest. */
static struct hub_agent *slot_for(struct hub *h, const struct addr *key)
{
	struct hub_agent *known = find(h, key);
	struct hub_agent *oldest = &h->agents[0];

	if (known)
		return known;
	for (size_t i = 0; i < HUB_AGENTS_MAX; i++) {
		if (!addr_is_set(&h->agents[i].from))
			return &h->agents[i];
		if (h->agents[i].ticks > oldest->ticks)
			oldest = &h->agents[i];
	}
	return oldest;
}

bool hub_hear(struct hub *h, const struct addr *from, const struct beacon *beacon)
{
	struct addr key = key_of(h, from);
	struct hub_agent *slot = slot_for(h, &key);
	bool was_free = !addr_is_set(&slot->from);

	*slot = (struct hub_agent){.from = key, .interface_count = beacon->interface_count};
	memcpy(slot->interfaces, beacon->interfaces, sizeof(slot->interfaces));
	return was_free;
}

void hub_tick(struct hub *h)
{
	for (size_t i = 0; i < HUB_AGENTS_MAX; i++) {
		struct hub_agent *a = &h->agents[i];

		if (addr_is_set(&a->from) && ++a->ticks > HUB_AGENT_TICKS)
			*a = (struct hub_agent){.ticks = 0};
	}
}

static bool has_joined(const struct hub_agent *a, uint32_t interface)
{
	for (size_t i = 0; i < a->interface_count; i++) {
		if (a->interfaces[i] == interface)
			return true;
	}
	return interface == 0;
}

uint32_t hub_agents_here(const struct hub *h, uint32_t interface)
{
	uint32_t count = 0;

	for (size_t i = 0; i < HUB_AGENTS_MAX; i++) {
		const struct hub_agent *a = &h->agents[i];

		if (addr_is_set(&a->from) && addr_is_loopback(&a->from) && has_joined(a, interface))
			count++;
	}
	return count;
}
