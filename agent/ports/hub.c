/*
 * hub.c - see hub.h
 */
#include "hub.h"

#include <netinet/in.h>

/* How an agent is known: one of this host by its port alone. */
static struct addr key_of(const struct hub *h, const struct addr *from)
{
	if (interfaces_own(h->interfaces, from))
		return addr_from_ipv4(INADDR_LOOPBACK, from->port);
	return *from;
}

static bool is_here(const struct hub_agent *a)
{
	return addr_is_loopback(&a->from);
}

struct hub_agent *hub_agent_at(struct hub *h, const struct addr *from)
{
	struct addr key = key_of(h, from);

	for (size_t i = 0; i < HUB_AGENTS_MAX; i++) {
		if (addr_is_set(&h->agents[i].from) && addr_equal(&h->agents[i].from, &key))
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
static bool is_agent(struct hub *h, const struct addr *from, bool own, uint64_t now_ns)
{
	struct hub_agent *known = hub_agent_at(h, from);

	if (known)
		known->ticks = 0;
	return known || !own || now_ns < h->settled_ns;
}

enum drop hub_classify(struct hub *h, const struct addr *from, uint32_t interface, uint64_t now_ns)
{
	bool own = interfaces_own(h->interfaces, from);

	if (own && from->port == h->own_port)
		return DROP_OWN_ECHO;
	if (from->port != h->group_port && is_agent(h, from, own, now_ns))
		return DROP_AGENT_INJECTED;
	if (!own && h->scope != MCAST_NAMED)
		return DROP_FOREIGN_HOST;
	return check_interface(h, interface);
}

/* Whose place would we rather give away? That of another host's agent; then who was unheard for longer. */
static bool is_better_gone(const struct hub_agent *a, const struct hub_agent *than)
{
	if (is_here(a) != is_here(than))
		return is_here(than);
	return a->ticks > than->ticks;
}

/* A free slot, else one to take over; NULL where that is not for this one to have. */
static struct hub_agent *slot_for(struct hub *h, const struct addr *key)
{
	struct hub_agent *found = &h->agents[0];

	for (size_t i = 0; i < HUB_AGENTS_MAX; i++) {
		if (!addr_is_set(&h->agents[i].from))
			return &h->agents[i];
		if (is_better_gone(&h->agents[i], found))
			found = &h->agents[i];
	}
	return is_here(found) && !addr_is_loopback(key) ? NULL : found;
}

void hub_hear(struct hub *h, const struct addr *from, const struct mac *sender)
{
	struct addr key = key_of(h, from);
	struct hub_agent *slot = hub_agent_at(h, from);

	if (!slot)
		slot = slot_for(h, &key);
	if (slot)
		*slot = (struct hub_agent){.from = key, .sender = *sender};
}

void hub_tick(struct hub *h)
{
	for (size_t i = 0; i < HUB_AGENTS_MAX; i++) {
		struct hub_agent *a = &h->agents[i];

		if (addr_is_set(&a->from) && ++a->ticks > HUB_AGENT_TICKS)
			*a = (struct hub_agent){.ticks = 0};
	}
}
