/*
 * world.c - the order of things: events, rounds of trouble and calm
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum {
	ROUNDS = 3,
	TROUBLE_MIN_S = 5,
	TROUBLE_MAX_S = 75, /* so that tries are at most 16 s apart at its end: PROTOCOL.md 7.3 */
	OUTAGE_MAX_S = 400, /* longer ones end with a network that changed */
	CALM_MAX_S = 150,   /* a rekey falls into most */
	DRAIN_S = 2,        /* so long before the next trouble nothing is judged any more */
	TRAFFIC_MAX_MS = 4000,
	/* With many agents */
	CROWD_TROUBLE_MAX_S = 30,
	CROWD_CALM_MAX_S = 15,
	CROWD_TRAFFIC_MAX_MS = 20000,
	CALM_JITTER_MS = 20,
};

/* ---- the heap of events ---- */

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void swap(struct sim_event *a, struct sim_event *b)
{
	struct sim_event c = *a;

	*a = *b;
	*b = c;
}

void sim_at(struct sim *sim, uint64_t at_ns, enum sim_kind kind, unsigned agent,
	    struct sim_packet *packet)
{
	size_t i = sim->event_count;

	if (i == sim->event_room) {
		sim->event_room = i ? 2 * i : 256;
		sim->events = realloc(sim->events, sim->event_room * sizeof(*sim->events));
		if (!sim->events)
			abort();
	}
	sim->event_count++;
	sim->events[i] = (struct sim_event){at_ns, sim->order++, kind, agent, packet};
	for (; i && earlier(&sim->events[i], &sim->events[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&sim->events[i], &sim->events[(i - 1) / 2]);
}

static struct sim_event pop(struct sim *sim)
{
	struct sim_event first = sim->events[0];
	size_t i = 0, n = --sim->event_count;

	sim->events[0] = sim->events[n];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= n)
			return first;
		if (child + 1 < n && earlier(&sim->events[child + 1], &sim->events[child]))
			child++;
		if (!earlier(&sim->events[child], &sim->events[i]))
			return first;
		swap(&sim->events[child], &sim->events[i]);
		i = child;
	}
}

/* ---- trouble ---- */

static bool is_crowd(const struct sim *sim)
{
	return sim->count > SIM_AGENTS_FEW;
}

static uint64_t between_s(struct sim *sim, uint64_t least, uint64_t most)
{
	return (least + rng_below(&sim->rng, most - least + 1)) * SIM_NS_PER_S;
}

static void cut_some(struct sim *sim)
{
	unsigned percent = (unsigned)rng_below(&sim->rng, 101);

	for (unsigned i = 0; i < sim->count; i++) {
		for (unsigned k = 0; k < sim->count; k++) {
			sim->faults.cut[i][k] = rng_chance(&sim->rng, percent);
			if (k < i && rng_chance(&sim->rng, 70))
				sim->faults.cut[i][k] = sim->faults.cut[k][i];
		}
	}
}

/* At a random time of the trouble that ends at @end_ns. */
static void plan(struct sim *sim, uint64_t end_ns, enum sim_kind kind, unsigned agent)
{
	sim_at(sim, sim->now_ns + rng_below(&sim->rng, end_ns - sim->now_ns), kind, agent, NULL);
}

/* What the lines carry from now on; the agents are not told. */
static void change_sizes(struct sim *sim)
{
	static const uint16_t sizes[] = {1232, 1252, 1372, 1464, 1472, 1472, 8972};

	for (unsigned i = 0; i < sim->count; i++)
		for (unsigned k = 0; k < sim->count; k++)
			sim->carries[i][k] =
				sizes[rng_below(&sim->rng, sizeof(sizes) / sizeof(sizes[0]))];
}

/* What befalls one agent. */
static void plan_agent(struct sim *sim, uint64_t end_ns, unsigned i)
{
	if (rng_chance(&sim->rng, 30)) {
		plan(sim, end_ns, SIM_CRASH, i);
		plan(sim, end_ns, SIM_START, i);
	}
	if (rng_chance(&sim->rng, 30))
		plan(sim, end_ns, SIM_CLOCK, i);
	if (rng_chance(&sim->rng, 30))
		plan(sim, end_ns, SIM_UNPLUG, i);
	if (rng_chance(&sim->rng, 20)) {
		plan(sim, end_ns, SIM_SLEEP, i);
		plan(sim, end_ns, SIM_WAKE, i);
	}
}

static void begin_trouble(struct sim *sim)
{
	bool outage = rng_chance(&sim->rng, 20) && !is_crowd(sim);
	uint64_t end_ns = sim->now_ns + between_s(sim, TROUBLE_MIN_S,
						  outage          ? OUTAGE_MAX_S
						  : is_crowd(sim) ? CROWD_TROUBLE_MAX_S
								  : TROUBLE_MAX_S);
	struct sim_faults *f = &sim->faults;

	sim->calm = false;
	f->loss = rng_chance(&sim->rng, 60) ? (unsigned)rng_below(&sim->rng, 60) : 0;
	f->duplicate = rng_chance(&sim->rng, 50) ? (unsigned)rng_below(&sim->rng, 50) : 0;
	f->corrupt = rng_chance(&sim->rng, 50) ? (unsigned)rng_below(&sim->rng, 30) : 0;
	f->hijack = rng_chance(&sim->rng, 30) ? (unsigned)rng_below(&sim->rng, 10) : 0;
	f->delay_ns = rng_below(&sim->rng, 300) * SIM_NS_PER_MS;
	f->jitter_ns = rng_chance(&sim->rng, 60) ? rng_below(&sim->rng, 3000) * SIM_NS_PER_MS : 0;
	if (rng_chance(&sim->rng, 50))
		cut_some(sim);
	if (rng_chance(&sim->rng, 30))
		change_sizes(sim);
	for (unsigned i = 0; i < sim->count; i++)
		plan_agent(sim, end_ns, i);
	for (unsigned i = (unsigned)rng_below(&sim->rng, 4); i > 0; i--)
		plan(sim, end_ns, SIM_ROAM, 0);
	sim->trouble_ns = end_ns - sim->now_ns;
	sim_at(sim, end_ns, SIM_HEAL, 0, NULL);
}

/* From years behind to years ahead, or a little. */
static void step_clock(struct sim *sim, unsigned agent)
{
	static const uint64_t scales_s[] = {2, 3600, 86400, UINT64_C(315360000)};
	uint64_t scale = scales_s[rng_below(&sim->rng, 4)] * SIM_NS_PER_S;
	int64_t step = (int64_t)rng_below(&sim->rng, 2 * scale) - (int64_t)scale;

	sim_agent_set_clock(sim, agent, sim->agents[agent].wall_offset_ns + step);
}

static void heal(struct sim *sim)
{
	memset(&sim->faults, 0, sizeof(sim->faults));
	sim->faults.delay_ns = SIM_NS_PER_MS;
	sim->faults.jitter_ns = CALM_JITTER_MS * SIM_NS_PER_MS;
	for (unsigned i = 0; i < sim->count; i++) {
		sim_agent_start(sim, i);
		sim_place_heal(sim, i);
		if (sim->trouble_ns <= TROUBLE_MAX_S * SIM_NS_PER_S)
			continue;
		engine_network_changed(sim->agents[i].host.engine, sim->now_ns);
		sim_agent_flush(sim, i);
	}
	for (unsigned i = 0; i < sim->count; i++)
		sim_agent_flush(sim, i);
	/* Lines that carry less than before are noticed when they are used. */
	sim_at(sim, sim->now_ns + SIM_HEAL_NS / 3, SIM_EXERCISE, 0, NULL);
	sim_at(sim, sim->now_ns + 2 * SIM_HEAL_NS / 3, SIM_EXERCISE, 0, NULL);
	sim_at(sim, sim->now_ns + SIM_HEAL_NS, SIM_CONNECTED, 0, NULL);
}

static void demand_connected(struct sim *sim)
{
	uint64_t calm_ns =
		between_s(sim, 2 * DRAIN_S, is_crowd(sim) ? CROWD_CALM_MAX_S : CALM_MAX_S);

	sim_check_connected(sim);
	sim->calm = true;
	sim->calm_end_ns = sim->now_ns + calm_ns - DRAIN_S * SIM_NS_PER_S;
	sim_at(sim, sim->now_ns + calm_ns, SIM_JUDGE, 0, NULL);
}

static void end_round(struct sim *sim)
{
	sim_traffic_judge(sim);
	sim->calm = false;
	if (sim->rounds_left--)
		sim_at(sim, sim->now_ns, SIM_TROUBLE, 0, NULL);
}

/* ---- events ---- */

static void deliver(struct sim *sim, struct sim_packet *p)
{
	for (unsigned i = 0; i < sim->count; i++) {
		struct sim_agent *a = &sim->agents[i];

		if (!a->running || a->is_asleep || !sim_place_is_at(a, &p->to))
			continue;
		if (!sim_place_lets_in(sim, a, &p->from))
			break;
		sim_agent_input(sim, i, p);
		return;
	}
	free(p);
}

static uint64_t soon(struct sim *sim)
{
	unsigned most = is_crowd(sim) ? CROWD_TRAFFIC_MAX_MS : TRAFFIC_MAX_MS;

	return sim->now_ns + rng_below(&sim->rng, most) * SIM_NS_PER_MS;
}

static void happen(struct sim *sim, const struct sim_event *event)
{
	switch (event->kind) {
	case SIM_ARRIVE:
		deliver(sim, event->packet);
		break;
	case SIM_TRAFFIC:
		sim_traffic(sim, event->agent);
		sim_at(sim, soon(sim), SIM_TRAFFIC, event->agent, NULL);
		break;
	case SIM_START:
		sim_agent_start(sim, event->agent);
		break;
	case SIM_CRASH:
		sim_agent_crash(sim, event->agent);
		break;
	case SIM_CLOCK:
		step_clock(sim, event->agent);
		break;
	case SIM_ROAM:
		sim_place_roam(sim, event->agent);
		break;
	case SIM_UNPLUG:
		sim_place_unplug(sim, event->agent);
		break;
	case SIM_SLEEP:
		sim_place_sleep(sim, event->agent);
		break;
	case SIM_WAKE:
		sim_place_wake(sim, event->agent);
		break;
	case SIM_EXERCISE:
		for (unsigned i = 0; i < sim->count; i++)
			sim_traffic_exercise(sim, i);
		break;
	case SIM_ATTACK:
		sim_network_attack(sim);
		sim_at(sim, soon(sim) / 4 + 3 * (sim->now_ns / 4), SIM_ATTACK, 0, NULL);
		break;
	case SIM_TROUBLE:
		begin_trouble(sim);
		break;
	case SIM_HEAL:
		heal(sim);
		break;
	case SIM_CONNECTED:
		demand_connected(sim);
		break;
	case SIM_JUDGE:
		end_round(sim);
		break;
	}
}

/* ---- from the beginning to the end ---- */

static void begin(struct sim *sim, uint64_t seed, unsigned count)
{
	memset(sim, 0, sizeof(*sim));
	sim->seed = seed;
	sim->rng.state = seed;
	sim->trace = UINT64_C(0xcbf29ce484222325);
	sim->now_ns = 1000 * SIM_NS_PER_S;
	sim->count = count ? count : 2 + (unsigned)rng_below(&sim->rng, SIM_AGENTS_FEW - 1);
	sim->rounds_left = is_crowd(sim) ? 0 : ROUNDS - 1;
	for (unsigned i = 0; i < sim->count; i++) {
		struct sim_agent *a = &sim->agents[i];

		sim_place_begin(sim, i);
		a->ciphers = rng_chance(&sim->rng, 50) ? 1 : 0;
		sim_at(sim, sim->now_ns + rng_below(&sim->rng, 5000) * SIM_NS_PER_MS, SIM_START, i,
		       NULL);
		sim_at(sim, soon(sim), SIM_TRAFFIC, i, NULL);
		for (unsigned k = 0; k < i; k++) {
			uint64_t who = rng_below(&sim->rng, 3);

			/* The first may roam, so everybody else's address is known to it. */
			a->knows[k] = who != 0;
			sim->agents[k].knows[i] = who != 1 || k == 0;
			sim->psk[i][k] = sim->psk[k][i] = rng_chance(&sim->rng, 30);
		}
	}
	change_sizes(sim);
	sim_at(sim, sim->now_ns, SIM_TROUBLE, 0, NULL);
	sim_at(sim, sim->now_ns, SIM_ATTACK, 0, NULL);
}

static void end(struct sim *sim)
{
	while (sim->event_count)
		free(pop(sim).packet);
	for (unsigned i = 0; i < sim->count; i++)
		sim_agent_crash(sim, i);
	sim_network_free(sim);
	free(sim->events);
	free(sim->nonces.slots);
}

/* Who is to tick before the next event? Return: an agent, or count. */
static unsigned next_to_tick(const struct sim *sim, uint64_t *at_ns)
{
	unsigned who = sim->count;

	for (unsigned i = 0; i < sim->count; i++) {
		uint64_t due = sim_agent_deadline_ns(sim, i);

		if (due >= *at_ns)
			continue;
		*at_ns = due;
		who = i;
	}
	return who;
}

static bool is_over(const struct sim *sim)
{
	return sim->failed || sim->rounds_left == UINT32_MAX;
}

bool sim_run(struct sim *sim, uint64_t seed, unsigned count, bool verbose)
{
	begin(sim, seed, count);
	sim->verbose = verbose;
	while (!is_over(sim)) {
		uint64_t at_ns = sim->events[0].at_ns;
		unsigned who = next_to_tick(sim, &at_ns);

		if (at_ns > sim->now_ns)
			sim->now_ns = at_ns;
		if (who < sim->count) {
			sim_agent_tick(sim, who);
		} else {
			struct sim_event event = pop(sim);

			happen(sim, &event);
		}
	}
	end(sim);
	return !sim->failed;
}
