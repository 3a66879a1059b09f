/*
 * place.c - where agents are: addresses, interfaces, a NAT before one of them, sleep
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum {
	SECOND_PERCENT = 40,
	NAT_PERCENT = 40,
	TOLD_PERCENT = 50, /* an agent hears of a change from its kernel */
};

#define MAPPING_NS (60 * SIM_NS_PER_S) /* that a NAT keeps what it was not reminded of */

static void own(struct sim_agent *a, const struct addr *at)
{
	a->owned[a->owned_count++ % SIM_OWNED_MAX] = *at;
}

bool sim_place_owned(const struct sim_agent *a, const struct addr *at)
{
	for (unsigned i = 0; i < SIM_OWNED_MAX; i++)
		if (addr_equal(&a->owned[i], at))
			return true;
	return false;
}

void sim_place_begin(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];

	a->at = host_address(agent);
	a->interface_bytes = rng_chance(&sim->rng, 50) ? 1472 : DATAGRAM_MAX_BYTES;
	own(a, &a->at);
	if (agent == 0)
		a->is_natted = rng_chance(&sim->rng, NAT_PERCENT);
	if (a->is_natted || !rng_chance(&sim->rng, SECOND_PERCENT))
		return;
	a->second = addr_from_ipv4(0x0a010001 + agent, 19543);
	own(a, &a->second);
}

/* What it says of itself; one behind a NAT does not know its address. */
void sim_place_tell(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];
	struct engine_self self = {.name = "agent"};

	if (!a->is_natted) {
		self.local[self.local_count++] = a->at;
		if (addr_is_set(&a->second))
			self.local[self.local_count++] = a->second;
	}
	engine_set_self(a->host.engine, &self, sim->now_ns);
}

static void notice(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];

	if (!a->running || a->is_asleep || !rng_chance(&sim->rng, TOLD_PERCENT))
		return;
	sim_place_tell(sim, agent);
	engine_network_changed(a->host.engine, sim->now_ns);
	sim_agent_flush(sim, agent);
}

void sim_place_roam(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];
	uint16_t port = (uint16_t)(1024 + rng_below(&sim->rng, 60000));

	if (a->is_natted)
		a->at.port = port;
	else
		a->at = addr_from_ipv4((uint32_t)(0xac100001 + rng_below(&sim->rng, 1 << 16)),
				       port);
	memset(a->mapped_ns, 0, sizeof(a->mapped_ns));
	own(a, &a->at);
	if (!a->is_natted)
		notice(sim, agent);
}

void sim_place_unplug(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];

	if (!addr_is_set(&a->second))
		return;
	a->is_unplugged = !a->is_unplugged;
	notice(sim, agent);
}

void sim_place_sleep(struct sim *sim, unsigned agent)
{
	sim->agents[agent].is_asleep = true;
}

/* The real agent notices it by its clocks. */
void sim_place_wake(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];

	if (!a->is_asleep)
		return;
	a->is_asleep = false;
	if (!a->running)
		return;
	engine_network_changed(a->host.engine, sim->now_ns);
	sim_agent_flush(sim, agent);
}

void sim_place_heal(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];

	sim_place_wake(sim, agent);
	a->is_unplugged = false;
	if (a->running)
		sim_place_tell(sim, agent);
}

/* ---- datagrams ---- */

int sim_place_source(const struct sim_agent *a, const struct datagram *d, struct addr *from)
{
	bool has_second = addr_is_set(&a->second);

	if (d->len > a->interface_bytes)
		return EMSGSIZE;
	*from = a->is_unplugged ? a->second : a->at;
	if (!addr_is_set(&d->local))
		return 0;
	if (has_second && addr_same_ip(&d->local, &a->second))
		*from = a->second;
	else if (!addr_same_ip(&d->local, &a->at) || a->is_unplugged)
		return EADDRNOTAVAIL;
	return 0;
}

bool sim_place_is_at(const struct sim_agent *a, const struct addr *at)
{
	return (addr_equal(&a->at, at) && !a->is_unplugged) ||
	       (addr_is_set(&a->second) && addr_equal(&a->second, at));
}

unsigned sim_place_owner(const struct sim *sim, const struct addr *at)
{
	unsigned i = 0;

	while (i < sim->count && !sim_place_is_at(&sim->agents[i], at))
		i++;
	return i;
}

/* The mapping that a NAT has for one of an agent's two addresses. */
static uint64_t *mapping(struct sim *sim, struct sim_agent *a, const struct addr *other)
{
	unsigned k = sim_place_owner(sim, other);

	if (!a->is_natted || k == sim->count)
		return NULL;
	return &a->mapped_ns[k][addr_equal(&sim->agents[k].second, other)];
}

void sim_place_sent(struct sim *sim, struct sim_agent *a, const struct addr *to)
{
	uint64_t *mapped_ns = mapping(sim, a, to);

	if (mapped_ns)
		*mapped_ns = sim->now_ns;
}

bool sim_place_lets_in(struct sim *sim, struct sim_agent *a, const struct addr *from)
{
	const uint64_t *mapped_ns = mapping(sim, a, from);

	if (!a->is_natted)
		return true;
	return mapped_ns && *mapped_ns && sim->now_ns - *mapped_ns < MAPPING_NS;
}
