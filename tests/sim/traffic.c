/*
 * traffic.c - machines that send frames, and what they may hear
 *
 * Everything about a frame follows from the seed, its sender and its number; so whoever hears it can
 * make it again and compare.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cursor.h"
#include "sim.h"

enum {
	ETHERTYPE = 0x88b6, /* for experiments: IEEE 802 */
	HEADER_BYTES = ETHER_HEADER_BYTES + 8,
	BROADCAST_PERCENT = 50,
	LARGE_PERCENT = 15,
	JUMBO_PERCENT = 3,
	BURST_PERCENT = 10,
	BURST_MAX = 20,
	EVERYBODY = -1,
	EXERCISE = 16, /* one frame in so many is a long one for all */
};

static struct mac mac_of(unsigned machine)
{
	return (struct mac){{0x52, 0x54, 0, 0x12, 0x34, (uint8_t)machine}};
}

/* struct frame - one as its sender made it; @to: a machine, or EVERYBODY */
struct frame {
	uint8_t bytes[SIM_FRAME_MAX];
	size_t len;
	int to;
};

static void make(const struct sim *sim, unsigned machine, uint32_t number, struct frame *out)
{
	struct rng rng = {.state = sim->seed ^ (uint64_t)machine << 40 ^ number};
	struct mac to, from = mac_of(machine);
	struct writer w = writer_over(out->bytes, SIM_FRAME_MAX);
	unsigned other = (unsigned)rng_below(&rng, sim->count * SIM_PORTS);

	out->to = rng_chance(&rng, BROADCAST_PERCENT) || other == machine ? EVERYBODY : (int)other;
	out->len = 60 + rng_below(&rng, 200);
	if (rng_chance(&rng, LARGE_PERCENT))
		out->len = 1100 + rng_below(&rng, 415);
	if (rng_chance(&rng, JUMBO_PERCENT))
		out->len = 1515 + rng_below(&rng, SIM_FRAME_MAX - 1514);
	if (number % EXERCISE == 0) {
		out->to = EVERYBODY;
		out->len = ETHER_HEADER_BYTES + 1500;
	}
	memset(to.b, 0xff, MAC_BYTES);
	if (out->to != EVERYBODY)
		to = mac_of(other);
	writer_bytes(&w, to.b, MAC_BYTES);
	writer_bytes(&w, from.b, MAC_BYTES);
	writer_u16(&w, ETHERTYPE);
	writer_u32(&w, machine);
	writer_u32(&w, number);
	while (writer_used(&w) < out->len) {
		uint8_t block[64];
		size_t left = out->len - writer_used(&w);

		rng_fill(&rng, block, sizeof(block));
		memcpy(block, SIM_MARKER, strlen(SIM_MARKER));
		writer_bytes(&w, block, left < sizeof(block) ? left : sizeof(block));
	}
}

static void send_one(struct sim *sim, unsigned machine)
{
	uint32_t number = sim->sent[machine];
	struct frame f;

	if (number == SIM_FRAMES_MAX || !sim->agents[machine / SIM_PORTS].running ||
	    sim->agents[machine / SIM_PORTS].is_asleep)
		return;
	sim->sent[machine]++;
	make(sim, machine, number, &f);
	if (sim->verbose) {
		char what[64];

		snprintf(what, sizeof(what), "machine %u sends frame %u to %d", machine, number,
			 f.to);
		sim_say(sim, machine / SIM_PORTS, what);
	}
	sim->judged[machine][number] = sim->calm && sim->now_ns < sim->calm_end_ns;
	sim_agent_port(sim, machine / SIM_PORTS, machine % SIM_PORTS, f.bytes, f.len);
}

void sim_traffic(struct sim *sim, unsigned agent)
{
	unsigned machine = agent * SIM_PORTS + (unsigned)rng_below(&sim->rng, SIM_PORTS);
	uint64_t count =
		rng_chance(&sim->rng, BURST_PERCENT) ? 1 + rng_below(&sim->rng, BURST_MAX) : 1;

	for (uint64_t i = 0; i < count; i++)
		send_one(sim, machine);
	if (sim->agents[agent].running && !sim->agents[agent].is_asleep)
		sim_agent_flush(sim, agent);
}

void sim_traffic_exercise(struct sim *sim, unsigned agent)
{
	for (unsigned i = 0; i < EXERCISE; i++)
		send_one(sim, agent * SIM_PORTS);
	sim_agent_flush(sim, agent);
}

static bool was_seen(const struct sim *sim, unsigned by, unsigned machine, uint32_t number)
{
	return sim->seen[by][machine][number / 8] & 1 << number % 8;
}

void sim_traffic_heard(struct sim *sim, unsigned by, int from_agent, const uint8_t *frame,
		       size_t len)
{
	struct reader r = reader_over(frame, len);
	struct frame sent;
	uint32_t machine, number;

	reader_bytes(&r, ETHER_HEADER_BYTES);
	machine = reader_u32(&r);
	number = reader_u32(&r);
	if (r.failed || machine >= sim->count * SIM_PORTS || number >= sim->sent[machine]) {
		sim_fail(sim, "machine %u hears a frame that nobody sent", by);
		return;
	}
	make(sim, machine, number, &sent);
	if (sent.len != len || memcmp(sent.bytes, frame, len) != 0)
		sim_fail(sim, "machine %u hears frame %u of machine %u changed", by, number,
			 machine);
	if (machine == by)
		sim_fail(sim, "machine %u hears its own frame %u", by, number);
	if (from_agent != (int)(machine / SIM_PORTS))
		sim_fail(sim, "machine %u hears frame %u of machine %u by agent %d", by, number,
			 machine, from_agent);
	if (was_seen(sim, by, machine, number))
		sim_fail(sim, "machine %u hears frame %u of machine %u twice", by, number, machine);
	sim->seen[by][machine][number / 8] |= (uint8_t)(1 << number % 8);
	sim->delivered++;
	sim_trace(sim, frame, HEADER_BYTES);
}

static void judge_one(struct sim *sim, unsigned machine, uint32_t number)
{
	struct frame f;

	make(sim, machine, number, &f);
	for (unsigned by = 0; by < sim->count * SIM_PORTS; by++) {
		bool should = by != machine && (f.to == EVERYBODY || f.to == (int)by);

		if (should && !was_seen(sim, by, machine, number))
			sim_fail(sim, "machine %u never heard frame %u (%zu bytes) of machine %u",
				 by, number, f.len, machine);
	}
}

void sim_traffic_judge(struct sim *sim)
{
	for (unsigned machine = 0; machine < sim->count * SIM_PORTS; machine++) {
		for (uint32_t n = 0; n < sim->sent[machine]; n++) {
			if (sim->judged[machine][n])
				judge_one(sim, machine, n);
			sim->judged[machine][n] = false;
		}
	}
}
