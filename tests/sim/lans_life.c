/*
 * lans_life.c - an agent starts with nothing known, and ends
 */
#include <string.h>

#include "lans.h"

enum {
	SENDER_PORTS = 40000,
};

/* ---- what segments ask ---- */

static struct rng *chance; /* of the world that runs now */

static void fill_random(void *context, void *out, size_t len)
{
	(void)context;
	rng_fill(chance, out, len);
}

static bool shares_vlan(void *context, int peer, uint16_t vlan)
{
	(void)context;
	(void)peer;
	return vlan > 0;
}

static const char *name_of(void *context, int peer)
{
	static char name[8];

	(void)context;
	name[0] = (char)('a' + peer);
	return name;
}

/* ---- it starts ---- */

static void open_port(struct lans *w, int agent, int port)
{
	struct lans_agent *me = &w->agents[agent];
	struct lans_port *p = &me->ports[port];

	if (p->kind == LANS_PRIVATE)
		return;
	memset(p->attached, 0, sizeof(p->attached));
	memset(p->heard_ns, 0, sizeof(p->heard_ns));
	rng_fill(&w->rng, p->mac.b, MAC_BYTES);
	p->mac.b[0] = 0x02;
	p->hub = (struct hub){
		.group_port = LANS_GROUP_PORT,
		.own_port = (uint16_t)(SENDER_PORTS + agent * LANS_PORTS_MAX + port),
		.scope = p->kind == LANS_NAMED ? MCAST_NAMED : MCAST_AUTO,
		.served = p->kind == LANS_NAMED ? p->interface : 0,
		.interfaces = &w->hosts[me->host].interfaces,
		.settled_ns = w->now_ns + HUB_SETTLE_MS * LANS_NS_PER_MS,
	};
	segments_port_open(me->segments, port, (uint16_t)(w->vlan_of[p->group] + 1), w->now_ns);
	lans_agent_follow(w, agent, port);
}

static struct vswitch *new_switch(struct lans *w, const struct lans_agent *me, int vlan)
{
	struct switch_config config = {.members_max = LANS_PEER_BASE + LANS_AGENTS_MAX,
				       .max_frame = LANS_DATAGRAM_BYTES};
	struct switch_member port = {.quota = SWITCH_PORT_QUOTA, .broadcast = SWITCH_UNLIMITED};
	struct switch_member peer = {
		.is_peer = true, .quota = SWITCH_PEER_QUOTA, .broadcast = SWITCH_UNLIMITED};
	struct vswitch *sw = switch_new(&config);

	for (size_t i = 0; i < me->port_count; i++)
		if (w->vlan_of[me->ports[i].group] == vlan)
			switch_join(sw, (int)i, &port, w->now_ns);
	for (int i = 0; i < (int)w->agent_count; i++)
		if (&w->agents[i] != me)
			switch_join(sw, LANS_PEER_BASE + i, &peer, w->now_ns);
	return sw;
}

static struct fdb *new_near(void)
{
	static const struct hash_key KEY;
	struct fdb *near = fdb_new(&KEY, SEGMENTS_NUMBERS_MAX);

	for (int i = 0; i < SEGMENTS_NUMBERS_MAX; i++)
		fdb_set_quota(near, i, LANS_MACHINES_MAX);
	return near;
}

void lans_agent_start(struct lans *w, int agent)
{
	struct lans_agent *me = &w->agents[agent];
	struct segments_config config = {.key = me->key,
					 .token = rng_u64(&w->rng) >> 1,
					 .random = fill_random,
					 .shares_vlan = shares_vlan,
					 .name_of = name_of};

	chance = &w->rng;
	me->running = true;
	me->life++;
	memset(me->sessions, 0, sizeof(me->sessions));
	me->segments = segments_new(&config);
	for (int v = 0; v < LANS_VLANS; v++) {
		me->sw[v] = new_switch(w, me, v);
		me->near[v] = new_near();
	}
	for (size_t i = 0; i < me->port_count; i++)
		open_port(w, agent, (int)i);
	lans_connect_all(w, agent);
	lans_agent_run(w, agent);
	lans_at(w, w->now_ns + rng_below(&w->rng, LANS_TICK_S * LANS_NS_PER_S), LANS_TICK, agent,
		(int)me->life, NULL);
}

/* ---- it ends ---- */

static void say_leaving(struct lans *w, int agent)
{
	struct segments_beacon out[SEGMENTS_ATTACHMENTS_MAX];
	struct lans_agent *me = &w->agents[agent];

	for (size_t i = 0; i < me->port_count; i++) {
		size_t count = segments_leaving(me->segments, (int)i, out);

		for (size_t k = 0; k < count; k++)
			lans_agent_beacon(w, agent, &out[k]);
	}
}

void lans_agent_end(struct lans *w, int agent, bool cleanly)
{
	struct lans_agent *me = &w->agents[agent];

	if (!me->running)
		return;
	if (cleanly)
		say_leaving(w, agent);
	lans_died(w, agent, cleanly);
	me->running = false;
	segments_free(me->segments);
	for (int v = 0; v < LANS_VLANS; v++) {
		switch_free(me->sw[v]);
		fdb_free(me->near[v]);
	}
	me->segments = NULL;
}
