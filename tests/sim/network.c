/*
 * network.c - what is between the agents, and what it does to datagrams
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum {
	RECORD_PERCENT = 5,
	SPOOF_PERCENT = 50,
	GARBAGE_PERCENT = 20,
	APPENDED = 16, /* bytes that may be put on, once */
};

static struct sim_packet *packet_new(const struct addr *from, const struct addr *to,
				     const uint8_t *bytes, size_t len)
{
	struct sim_packet *p = malloc(sizeof(*p) + len + APPENDED);

	if (!p)
		abort();
	p->from = *from;
	p->to = *to;
	p->len = len;
	memcpy(p->bytes, bytes, len);
	return p;
}

/* Flip a bit, cut something off, or put something on. */
static void corrupt(struct sim *sim, struct sim_packet *p)
{
	uint64_t how = rng_below(&sim->rng, 4);

	if (how == 0) {
		p->len = rng_below(&sim->rng, p->len + 1);
	} else if (how == 1 && p->len + APPENDED <= SIM_DATAGRAM_MAX) {
		rng_fill(&sim->rng, p->bytes + p->len, APPENDED);
		p->len += APPENDED;
	} else if (p->len) {
		p->bytes[rng_below(&sim->rng, p->len)] ^= (uint8_t)(1 << rng_below(&sim->rng, 8));
	}
}

static void record(struct sim *sim, const struct sim_packet *p)
{
	size_t place = rng_below(&sim->rng, SIM_RECORDED);

	if (!rng_chance(&sim->rng, RECORD_PERCENT) && p->bytes[0] == 4)
		return;
	free(sim->recorded[place]);
	sim->recorded[place] = packet_new(&p->from, &p->to, p->bytes, p->len);
}

static void arrive(struct sim *sim, struct sim_packet *p)
{
	const struct sim_faults *f = &sim->faults;
	uint64_t delay = f->delay_ns + (f->jitter_ns ? rng_below(&sim->rng, f->jitter_ns) : 0);

	if (rng_chance(&sim->rng, f->corrupt))
		corrupt(sim, p);
	sim_at(sim, sim->now_ns + delay, SIM_ARRIVE, 0, p);
}

static struct addr thief(struct sim *sim)
{
	return addr_from_ipv4((uint32_t)(0xc6336401 + rng_below(&sim->rng, 8)),
			      (uint16_t)(1 + rng_below(&sim->rng, 60000)));
}

/* Somebody on the way: it arrives, but from an address of his, or of another agent's. */
static void hijack(struct sim *sim, struct sim_packet *p)
{
	p->from = rng_chance(&sim->rng, 50) ? thief(sim)
					    : sim->agents[rng_below(&sim->rng, sim->count)].at;
}

int sim_network_send(struct sim *sim, unsigned agent, const struct datagram *d)
{
	const struct sim_faults *f = &sim->faults;
	unsigned to = sim_place_owner(sim, &d->to);
	struct addr from;
	struct sim_packet *p;
	int error = sim_place_source(&sim->agents[agent], d, &from);

	if (error)
		return error;
	p = packet_new(&from, &d->to, d->bytes, d->len);
	sim->datagrams++;
	sim_place_sent(sim, &sim->agents[agent], &d->to);
	if (to < sim->count && d->len > sim->carries[agent][to]) {
		free(p); /* nor can anybody record it behind there, and send it again */
		return 0;
	}
	record(sim, p);
	if (to < sim->count && f->cut[agent][to]) {
		free(p);
		return 0;
	}
	if (rng_chance(&sim->rng, f->duplicate))
		arrive(sim, packet_new(&from, &d->to, d->bytes, d->len));
	if (rng_chance(&sim->rng, f->hijack))
		hijack(sim, p);
	if (rng_chance(&sim->rng, f->loss))
		free(p);
	else
		arrive(sim, p);
	return 0;
}

/* Somebody who recorded datagrams sends one again: as it was, from elsewhere, or garbled. */
void sim_network_attack(struct sim *sim)
{
	const struct sim_packet *old = sim->recorded[rng_below(&sim->rng, SIM_RECORDED)];
	struct sim_packet *p;

	if (!old)
		return;
	p = packet_new(&old->from, &old->to, old->bytes, old->len);
	if (rng_chance(&sim->rng, SPOOF_PERCENT))
		p->from = thief(sim);
	if (rng_chance(&sim->rng, GARBAGE_PERCENT))
		corrupt(sim, p);
	sim_at(sim, sim->now_ns + SIM_NS_PER_MS, SIM_ARRIVE, 0, p);
}

void sim_network_free(struct sim *sim)
{
	for (size_t i = 0; i < SIM_RECORDED; i++)
		free(sim->recorded[i]);
}
