/*
 * lans_random.c - worlds made of a seed
 *
 * Up to four LANs with up to eight hosts. No host has machines that hear two LANs: they would hear twice what
 * agents carry between the two, and nobody could help that.
 */
#include <stdio.h>

#include "lans.h"

enum {
	SEGMENTS = 4,
	HOSTS_MIN = 2,
	RUN_S = 14,
	START_MS = 4000,
	LOST_S = 2,      /* five words in a row, 300 ms apart, are lost once in 3,000 times */
	EXTRA_MAX = 400, /* of all changes of a world: a loop makes thousands */
};

static bool chance(struct lans *w, unsigned percent)
{
	return rng_chance(&w->rng, percent);
}

static int pick(struct lans *w, int limit)
{
	return (int)rng_below(&w->rng, (uint64_t)limit);
}

static bool has_room(const struct lans *w)
{
	return w->machine_count + 4 < LANS_MACHINES_MAX && w->agent_count + 2 < LANS_AGENTS_MAX;
}

static void add_agent(struct lans *w, int host, int group)
{
	enum lans_port_kind kind = chance(w, 50) ? LANS_AUTO : LANS_NAMED;
	int agent = lans_agent(w, host);

	lans_port(w, agent, kind, kind == LANS_NAMED ? LANS_ETH0 : 0, group);
	if (chance(w, 40))
		lans_private(w, agent, group);
}

static void add_host(struct lans *w, int segments)
{
	int host = lans_host(w, pick(w, segments), LANS_NO_SEGMENT);
	int group = chance(w, 15) ? 1 : 0;
	int agents = chance(w, 10) ? 2 : !chance(w, 25);

	for (int i = 0; i < agents; i++)
		add_agent(w, host, group);
	if (chance(w, 60))
		lans_machine(w, host, LANS_ETH0, group);
	if (chance(w, 40))
		lans_machine(w, host, LANS_LO, group);
}

/*
 * Everybody knows everybody; or all of one LAN know all of another, or none of it; or two on one LAN may be
 * strangers; or it is as it is.
 */
enum trust_kind {
	FULL,
	BY_SEGMENT,
	STRANGERS,
	UNEVEN,
	TRUSTS
};

static void add_trust(struct lans *w)
{
	enum trust_kind how = (enum trust_kind)pick(w, TRUSTS);
	bool known[SEGMENTS][SEGMENTS];

	for (int i = 0; i < SEGMENTS; i++)
		for (int k = 0; k <= i; k++)
			known[i][k] = known[k][i] = how != BY_SEGMENT || i == k || chance(w, 70);
	for (int i = 0; i < (int)w->agent_count; i++)
		for (int k = 0; k < i; k++) {
			int a = w->hosts[w->agents[i].host].segment[LANS_ETH0];
			int b = w->hosts[w->agents[k].host].segment[LANS_ETH0];

			if (known[a][b] && (how != STRANGERS || a != b || chance(w, 60)) &&
			    (how != UNEVEN || chance(w, 60)))
				lans_trust(w, i, k);
		}
}

static uint64_t when(struct lans *w, uint64_t from_ms, uint64_t span_ms)
{
	return w->now_ns + (from_ms + rng_below(&w->rng, span_ms)) * LANS_NS_PER_MS;
}

static void add_times(struct lans *w)
{
	for (int i = 0; i < (int)w->agent_count; i++) {
		lans_at(w, when(w, 0, START_MS), LANS_START, i, 0, NULL);
		if (!chance(w, 15))
			continue;
		lans_at(w, when(w, 2 * START_MS, 2000), chance(w, 50) ? LANS_KILL : LANS_STOP, i, 0,
			NULL);
		w->end_ns += RUN_S / 2 * LANS_NS_PER_S;
		if (chance(w, 50))
			lans_at(w, when(w, 3 * START_MS, 2000), LANS_START, i, 0, NULL);
	}
	for (int i = 0; i < (int)w->machine_count; i++)
		if (chance(w, 15)) {
			w->machines[i].running = false;
			lans_at(w, when(w, START_MS, 2000), LANS_PLUG, i, 0, NULL);
		}
}

void lans_make_random(struct lans *w)
{
	int hosts = HOSTS_MIN + pick(w, LANS_HOSTS_MAX - HOSTS_MIN + 1);
	int segments = 1 + pick(w, SEGMENTS);

	w->vlan_of[1] = 1;
	w->end_ns = w->now_ns + RUN_S * LANS_NS_PER_S;
	for (int i = 0; i < hosts && has_room(w); i++)
		add_host(w, segments);
	add_trust(w);
	add_times(w);
	w->lose_words = chance(w, 30) ? 20 : 0;
	if (w->lose_words > 0)
		w->again_ns = LOST_S * LANS_NS_PER_S;
	w->connect_ns = (chance(w, 30) ? 5000 : 800) * LANS_NS_PER_MS;
	w->extra_max = EXTRA_MAX;
}

/* ---- in words ---- */

static const char *kind_name(enum lans_port_kind kind)
{
	static const char *const NAMES[] = {"auto", "eth", "private"};

	return NAMES[kind];
}

static void describe_agent(const struct lans *w, int number)
{
	const struct lans_agent *a = &w->agents[number];

	printf("#   agent %d on host %d, key %02x..:", number, a->host, a->key.b[0]);
	for (size_t i = 0; i < a->port_count; i++)
		printf(" port %zu %s%s hub %d;", i, kind_name(a->ports[i].kind),
		       a->ports[i].kind != LANS_NAMED       ? ""
		       : a->ports[i].interface == LANS_ETH0 ? "0"
							    : "1",
		       a->ports[i].group);
	printf(" knows");
	for (int i = 0; i < (int)w->agent_count; i++)
		if (w->trust[number][i])
			printf(" %d", i);
	printf("\n");
}

void lans_describe(const struct lans *w)
{
	printf("# seed %llu, %u %% of words are lost\n", (unsigned long long)w->seed,
	       w->lose_words);
	for (size_t i = 0; i < w->host_count; i++)
		printf("#   host %zu: eth0 on LAN %d, eth1 on %d\n", i,
		       w->hosts[i].segment[LANS_ETH0], w->hosts[i].segment[LANS_ETH1]);
	for (size_t i = 0; i < w->machine_count; i++) {
		const struct lans_machine *m = &w->machines[i];

		if (m->interface)
			printf("#   machine %zu on host %d, hub %d, by %s\n", i, m->host, m->group,
			       m->interface == LANS_LO ? "loopback" : "eth");
		else
			printf("#   machine %zu on port %d of agent %d\n", i, m->port, m->agent);
	}
	for (int i = 0; i < (int)w->agent_count; i++)
		describe_agent(w, i);
}
