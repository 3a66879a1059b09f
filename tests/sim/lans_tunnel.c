/*
 * lans_tunnel.c - sessions between agents, and what they carry
 *
 * As the engine has them: one side knows of a new session a little before the other; who was killed
 * is missed after 25 s, or renewed when it comes back earlier; who stops says goodbye.
 */
#include <stdlib.h>
#include <string.h>

#include "lans.h"

enum {
	DEAD_S = 25,
	JITTER_PERCENT = 30,
};

static uint64_t on_the_way_ns(struct lans *w, int from, int to)
{
	uint64_t delay_ns = w->delay_ns[from][to];

	return delay_ns + rng_below(&w->rng, delay_ns * JITTER_PERCENT / 100 + 1);
}

void lans_tell(struct lans *w, int from, int to, const struct lans_message *m)
{
	struct lans_session *s = &w->agents[from].sessions[to];
	struct lans_message *copy;

	if (!s->up || w->cut[from][to])
		return;
	if ((m->kind == LANS_REPORT || m->kind == LANS_ANSWER) &&
	    rng_chance(&w->rng, w->lose_words)) {
		lans_say(w, "what agent %d tells agent %d is lost", from, to);
		return;
	}
	copy = malloc(sizeof(*copy));
	*copy = *m;
	copy->epoch = s->epoch;
	lans_at(w, w->now_ns + on_the_way_ns(w, from, to), LANS_TELL, from, to, copy);
}

void lans_told(struct lans *w, int from, int to, const struct lans_message *m)
{
	struct lans_session *s = &w->agents[to].sessions[from];

	if (!w->agents[to].running || !s->up || s->epoch != m->epoch || w->cut[from][to])
		return;
	if (m->kind == LANS_GOODBYE)
		lans_lose(w, to, from, m->epoch);
	else
		lans_agent_peer(w, to, from, m);
}

/* ---- beginning ---- */

void lans_connect_all(struct lans *w, int agent)
{
	for (int i = 0; i < (int)w->agent_count; i++) {
		uint64_t at_ns = w->now_ns + rng_below(&w->rng, w->connect_ns + 1);

		if (!w->trust[agent][i])
			continue;
		if (rng_chance(&w->rng, 50))
			lans_at(w, at_ns, LANS_CONNECT, agent, i, NULL);
		else
			lans_at(w, at_ns, LANS_CONNECT, i, agent, NULL);
	}
}

static void come_up(struct lans *w, int a, int b, unsigned epoch)
{
	struct lans_session *s = &w->agents[a].sessions[b];
	bool was_up = s->up;

	*s = (struct lans_session){.up = true, .epoch = epoch};
	lans_say(w, "agent %d %s agent %d", a, was_up ? "has new keys with" : "has a session with",
		 b);
	if (was_up)
		segments_peer_renewed(w->agents[a].segments, b, w->now_ns);
	else
		segments_peer_up(w->agents[a].segments, b, &w->agents[b].key, w->now_ns);
	lans_changed(w, w->settle_ns);
	lans_agent_run(w, a);
}

void lans_connect(struct lans *w, int a, int b)
{
	unsigned *epoch;

	if (!w->agents[a].running || !w->agents[b].running || w->cut[a][b])
		return;
	epoch = malloc(sizeof(*epoch));
	*epoch = ++w->epochs;
	lans_at(w, w->now_ns + w->delay_ns[a][b], LANS_ACCEPT, b, a, epoch);
	come_up(w, a, b, *epoch);
}

void lans_accept(struct lans *w, int a, int b, unsigned epoch)
{
	if (w->agents[a].running && w->agents[a].sessions[b].epoch < epoch)
		come_up(w, a, b, epoch);
}

/* ---- ending ---- */

void lans_lose(struct lans *w, int a, int b, unsigned epoch)
{
	struct lans_agent *me = &w->agents[a];
	struct lans_session *s = &me->sessions[b];

	if (!me->running || !s->up || s->epoch != epoch)
		return;
	s->up = false;
	lans_say(w, "agent %d has no session with agent %d any more", a, b);
	segments_peer_down(me->segments, b, w->now_ns);
	lans_forgets(w, w->now_ns);
	for (int v = 0; v < LANS_VLANS; v++)
		switch_forget(me->sw[v], CONFIG_PORTS_MAX + b);
	lans_agent_run(w, a);
}

void lans_died(struct lans *w, int agent, bool cleanly)
{
	const struct lans_message goodbye = {.kind = LANS_GOODBYE};

	for (int i = 0; i < (int)w->agent_count; i++) {
		struct lans_session *s = &w->agents[agent].sessions[i];
		unsigned *epoch;

		if (!s->up)
			continue;
		if (cleanly)
			lans_tell(w, agent, i, &goodbye);
		epoch = malloc(sizeof(*epoch));
		*epoch = s->epoch;
		lans_at(w, w->now_ns + DEAD_S * LANS_NS_PER_S, LANS_LOSE, i, agent, epoch);
		s->up = false;
	}
}
