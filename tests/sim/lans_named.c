/*
 * lans_named.c - scenarios with names: the loops that people build
 *
 * Segment 0 is the LAN that is shared; machines are on hubs (by eth0, or by loopback) and on private ports,
 * of which every agent may have one.
 */
#include "lans.h"

enum {
	HERE, /* segments */
	THERE,
	START_MS = 1500, /* agents start within so long */
	RUN_S = 26,      /* 1,000 frames after all is settled */
	CHANGE_S = 8,
};

static void start_all(struct lans *w)
{
	for (int i = 0; i < (int)w->agent_count; i++)
		lans_at(w, w->now_ns + rng_below(&w->rng, START_MS) * LANS_NS_PER_MS, LANS_START, i,
			0, NULL);
	w->end_ns = w->now_ns + RUN_S * LANS_NS_PER_S;
	w->extra_max = 10;
}

static void at_s(struct lans *w, unsigned s, enum lans_kind kind, int a)
{
	lans_at(w, w->now_ns + s * LANS_NS_PER_S, kind, a, 0, NULL);
}

/* An agent on a host of its own, with machines: by eth0, by loopback, on a private port. */
enum machines {
	PLAIN = 1,
	LOOPED = 2,
	PRIVATE = 4,
	ALL = 7,
};

static void add_machines(struct lans *w, int agent, unsigned machines)
{
	int host = w->agents[agent].host;

	if (machines & PLAIN)
		lans_machine(w, host, LANS_ETH0, 0);
	if (machines & LOOPED)
		lans_machine(w, host, LANS_LO, 0);
	if (machines & PRIVATE)
		lans_private(w, agent, 0);
}

static int add(struct lans *w, int segment, enum lans_port_kind kind, unsigned machines)
{
	int agent = lans_agent(w, lans_host(w, segment, LANS_NO_SEGMENT));

	lans_port(w, agent, kind, kind == LANS_NAMED ? LANS_ETH0 : 0, 0);
	add_machines(w, agent, machines);
	return agent;
}

/* Another agent on the host of @beside. */
static int add_beside(struct lans *w, int beside, enum lans_port_kind kind)
{
	int agent = lans_agent(w, w->agents[beside].host);

	lans_port(w, agent, kind, kind == LANS_NAMED ? LANS_ETH0 : 0, 0);
	lans_private(w, agent, 0);
	return agent;
}

/* A host without agent, with a machine on that LAN. */
static void add_bare(struct lans *w, int segment)
{
	lans_machine(w, lans_host(w, segment, LANS_NO_SEGMENT), LANS_ETH0, 0);
}

/* ---- two agents on one LAN, with a tunnel between them ---- */

static void two(struct lans *w, enum lans_port_kind a, enum lans_port_kind b, unsigned machines)
{
	add(w, HERE, a, a == LANS_NAMED ? machines & ~(unsigned)LOOPED : machines);
	add(w, HERE, b, b == LANS_NAMED ? machines & ~(unsigned)LOOPED : machines);
	add_bare(w, HERE);
	lans_trust_all(w);
	start_all(w);
}

static void two_auto_plain(struct lans *w)
{
	two(w, LANS_AUTO, LANS_AUTO, PLAIN | PRIVATE);
}

static void two_auto_looped(struct lans *w)
{
	two(w, LANS_AUTO, LANS_AUTO, LOOPED | PRIVATE);
}

static void two_auto_mixed(struct lans *w)
{
	two(w, LANS_AUTO, LANS_AUTO, ALL);
}

static void two_named(struct lans *w)
{
	two(w, LANS_NAMED, LANS_NAMED, PLAIN | PRIVATE);
}

static void auto_and_named_plain(struct lans *w)
{
	two(w, LANS_AUTO, LANS_NAMED, PLAIN | PRIVATE);
}

static void auto_and_named_looped(struct lans *w)
{
	two(w, LANS_AUTO, LANS_NAMED, LOOPED | PRIVATE);
}

static void auto_and_named_mixed(struct lans *w)
{
	two(w, LANS_AUTO, LANS_NAMED, ALL);
}

static void one_plain_one_looped(struct lans *w)
{
	add(w, HERE, LANS_AUTO, PLAIN | PRIVATE);
	add(w, HERE, LANS_AUTO, LOOPED | PRIVATE);
	add_bare(w, HERE);
	lans_trust_all(w);
	start_all(w);
}

/* ---- on one host ---- */

static void two_auto_on_one_host(struct lans *w)
{
	add_beside(w, add(w, HERE, LANS_AUTO, ALL), LANS_AUTO);
	add(w, THERE, LANS_AUTO, ALL);
	add_bare(w, HERE);
	lans_trust_all(w);
	start_all(w);
}

static void auto_and_named_on_one_host(struct lans *w)
{
	add_beside(w, add(w, HERE, LANS_AUTO, ALL), LANS_NAMED);
	add(w, THERE, LANS_AUTO, ALL);
	add_bare(w, HERE);
	lans_trust_all(w);
	start_all(w);
}

static void two_on_one_host_and_one_beside(struct lans *w)
{
	add_beside(w, add(w, HERE, LANS_AUTO, ALL), LANS_AUTO);
	add(w, HERE, LANS_NAMED, PLAIN | PRIVATE);
	add(w, THERE, LANS_AUTO, ALL);
	add_bare(w, HERE);
	lans_trust_all(w);
	start_all(w);
}

static void strangers_on_one_host(struct lans *w)
{
	int a = add(w, HERE, LANS_AUTO, ALL), b = add_beside(w, a, LANS_AUTO);
	int far = add(w, THERE, LANS_AUTO, ALL);

	lans_trust(w, a, far);
	lans_trust(w, b, far);
	start_all(w);
}

/* ---- two on one segment, the third remote ---- */

static void three(struct lans *w, enum lans_port_kind a, enum lans_port_kind b, bool strangers)
{
	int far;

	add(w, HERE, a, a == LANS_NAMED ? PLAIN | PRIVATE : ALL);
	add(w, HERE, b, b == LANS_NAMED ? PLAIN | PRIVATE : ALL);
	far = add(w, THERE, LANS_NAMED, PLAIN | PRIVATE);
	add_bare(w, HERE);
	add_bare(w, THERE);
	lans_trust(w, 0, far);
	lans_trust(w, 1, far);
	if (!strangers)
		lans_trust(w, 0, 1);
	start_all(w);
}

static void three_auto(struct lans *w)
{
	three(w, LANS_AUTO, LANS_AUTO, false);
}

static void three_named(struct lans *w)
{
	three(w, LANS_NAMED, LANS_NAMED, false);
}

static void three_mixed(struct lans *w)
{
	three(w, LANS_AUTO, LANS_NAMED, false);
}

static void three_auto_strangers(struct lans *w)
{
	three(w, LANS_AUTO, LANS_AUTO, true);
}

/* One of the two blocks, and its private machine is cut off from the LAN. */
static void three_named_strangers(struct lans *w)
{
	three(w, LANS_NAMED, LANS_NAMED, true);
}

static void three_mixed_strangers(struct lans *w)
{
	three(w, LANS_AUTO, LANS_NAMED, true);
}

static void five_on_one_segment(struct lans *w)
{
	add(w, HERE, LANS_NAMED, PLAIN | PRIVATE);
	add(w, HERE, LANS_AUTO, ALL);
	add(w, HERE, LANS_NAMED, PLAIN);
	add(w, HERE, LANS_AUTO, LOOPED);
	add(w, HERE, LANS_AUTO, PLAIN | PRIVATE);
	add(w, THERE, LANS_NAMED, PLAIN | PRIVATE);
	add(w, THERE, LANS_AUTO, ALL);
	lans_trust_all(w);
	start_all(w);
}

/* ---- two segments joined by two pairs ---- */

static void four(struct lans *w, enum lans_port_kind kind)
{
	unsigned machines = kind == LANS_AUTO ? PLAIN | LOOPED : PLAIN;

	add(w, HERE, kind, machines);
	add(w, THERE, kind, machines);
	add(w, HERE, kind, machines);
	add(w, THERE, kind, machines);
	add_bare(w, HERE);
	add_bare(w, THERE);
	lans_trust(w, 0, 1);
	lans_trust(w, 2, 3);
	start_all(w);
}

/* Two of the four block, and yet everybody hears everybody. */
static void two_pairs_of_strangers(struct lans *w)
{
	four(w, LANS_NAMED);
	w->all_hear = true;
}

static void two_pairs_of_strangers_auto(struct lans *w)
{
	four(w, LANS_AUTO);
}

static void two_pairs_of_peers(struct lans *w)
{
	four(w, LANS_NAMED);
	lans_trust_all(w);
}

/* The two on a segment know each other, but not the other's friend. */
static void two_pairs_in_a_ring(struct lans *w)
{
	four(w, LANS_NAMED);
	lans_trust(w, 0, 2);
	lans_trust(w, 1, 3);
}

/* ---- own ports ---- */

static struct lans_bridge *bridge_hubs(struct lans *w, int host)
{
	w->bridge = (struct lans_bridge){.host = {host, host},
					 .group = {0, 1},
					 .interface = {LANS_LO, LANS_LO},
					 .port = 51234};
	return &w->bridge;
}

/* Two hubs on one host, both ports of one agent, and a program that joins them. */
static void bridge_own_ports(struct lans *w)
{
	int a = add(w, HERE, LANS_AUTO, LOOPED | PRIVATE);
	int host = w->agents[a].host;

	lans_port(w, a, LANS_AUTO, 0, 1);
	lans_machine(w, host, LANS_LO, 1);
	add(w, THERE, LANS_AUTO, ALL);
	bridge_hubs(w, host);
	lans_trust_all(w);
	start_all(w);
}

static void own_ports_bridged(struct lans *w)
{
	bridge_own_ports(w);
	at_s(w, 0, LANS_BRIDGE, 0);
}

/* While frames go: they go round until a beacon has, which is sent when the first comes back, but 50 ms after
 * the one before at the earliest. */
static void own_ports_bridged_later(struct lans *w)
{
	bridge_own_ports(w);
	at_s(w, CHANGE_S, LANS_BRIDGE, 0);
	w->copies_max = 2000;
	w->extra_max = 2000;
}

/* One agent with a port on each of two LANs, which others join, too. */
static void two_lans_on_one_agent(struct lans *w)
{
	int a = lans_agent(w, lans_host(w, HERE, THERE));

	lans_port(w, a, LANS_NAMED, LANS_ETH0, 0);
	lans_port(w, a, LANS_NAMED, LANS_ETH1, 0);
	lans_private(w, a, 0);
	add_bare(w, HERE);
	add_bare(w, THERE);
	start_all(w);
}

static void two_lans_on_one_agent_and_a_pair(struct lans *w)
{
	two_lans_on_one_agent(w);
	add(w, HERE, LANS_NAMED, PLAIN | PRIVATE);
	add(w, THERE, LANS_NAMED, PLAIN | PRIVATE);
	lans_trust_all(w);
	at_s(w, 0, LANS_START, 1);
	at_s(w, 1, LANS_START, 2);
}

static void two_lans_on_two_agents(struct lans *w)
{
	int a;

	two_lans_on_one_agent(w);
	a = lans_agent(w, lans_host(w, HERE, THERE));
	lans_port(w, a, LANS_NAMED, LANS_ETH0, 0);
	lans_port(w, a, LANS_NAMED, LANS_ETH1, 0);
	lans_private(w, a, 0);
	lans_trust_all(w);
	at_s(w, 1, LANS_START, 1);
}

/* ---- comings and goings ---- */

/* Of the two that share a segment, the one with the lower key forwards. */
static int forwarder(const struct lans *w)
{
	return memcmp(w->agents[0].key.b, w->agents[1].key.b, KEY_BYTES) < 0 ? 0 : 1;
}

static void forwarder_killed(struct lans *w)
{
	three(w, LANS_NAMED, LANS_NAMED, false);
	at_s(w, CHANGE_S, LANS_KILL, forwarder(w));
	w->end_ns += 30 * LANS_NS_PER_S; /* until its peers miss it */
}

static void forwarder_stopped(struct lans *w)
{
	three(w, LANS_NAMED, LANS_NAMED, false);
	at_s(w, CHANGE_S, LANS_STOP, forwarder(w));
}

static void stranger_killed(struct lans *w)
{
	four(w, LANS_NAMED);
	at_s(w, CHANGE_S, LANS_KILL, 0);
}

static void forwarder_restarted(struct lans *w)
{
	three(w, LANS_NAMED, LANS_NAMED, false);
	at_s(w, CHANGE_S, LANS_KILL, forwarder(w));
	at_s(w, CHANGE_S + 4, LANS_START, forwarder(w));
	at_s(w, CHANGE_S + 8, LANS_STOP, forwarder(w));
	at_s(w, CHANGE_S + 10, LANS_START, forwarder(w));
}

static void session_lost(struct lans *w)
{
	three(w, LANS_NAMED, LANS_NAMED, false);
	lans_at(w, w->now_ns + CHANGE_S * LANS_NS_PER_S, LANS_CUT, 0, 1, NULL);
}

/* ---- guests that lie ---- */

/* Two hubs far apart, and a guest on both that hands on beacons. */
static void beacons_relayed(struct lans *w, enum lans_port_kind kind)
{
	int a = add(w, HERE, kind, kind == LANS_NAMED ? PLAIN | PRIVATE : ALL);
	int b = add(w, THERE, kind, kind == LANS_NAMED ? PLAIN | PRIVATE : ALL);

	lans_trust_all(w);
	w->bridge = (struct lans_bridge){.host = {w->agents[a].host, w->agents[b].host},
					 .interface = {LANS_ETH0, LANS_ETH0},
					 .as_machine = true,
					 .beacons_only = true};
	at_s(w, CHANGE_S, LANS_BRIDGE, 0);
	start_all(w);
}

static void beacons_relayed_auto(struct lans *w)
{
	beacons_relayed(w, LANS_AUTO);
}

static void beacons_relayed_named(struct lans *w)
{
	beacons_relayed(w, LANS_NAMED);
}

#define NAMED(what)         \
	{                   \
#what, what \
	}

const struct lans_named lans_named[] = {
	NAMED(two_auto_plain),
	NAMED(two_auto_looped),
	NAMED(two_auto_mixed),
	NAMED(two_named),
	NAMED(auto_and_named_plain),
	NAMED(auto_and_named_looped),
	NAMED(auto_and_named_mixed),
	NAMED(one_plain_one_looped),
	NAMED(two_auto_on_one_host),
	NAMED(auto_and_named_on_one_host),
	NAMED(two_on_one_host_and_one_beside),
	NAMED(strangers_on_one_host),
	NAMED(three_auto),
	NAMED(three_named),
	NAMED(three_mixed),
	NAMED(three_auto_strangers),
	NAMED(three_named_strangers),
	NAMED(three_mixed_strangers),
	NAMED(five_on_one_segment),
	NAMED(two_pairs_of_strangers),
	NAMED(two_pairs_of_strangers_auto),
	NAMED(two_pairs_of_peers),
	NAMED(two_pairs_in_a_ring),
	NAMED(own_ports_bridged),
	NAMED(own_ports_bridged_later),
	NAMED(two_lans_on_one_agent),
	NAMED(two_lans_on_one_agent_and_a_pair),
	NAMED(two_lans_on_two_agents),
	NAMED(forwarder_killed),
	NAMED(forwarder_stopped),
	NAMED(stranger_killed),
	NAMED(forwarder_restarted),
	NAMED(session_lost),
	NAMED(beacons_relayed_auto),
	NAMED(beacons_relayed_named),
};
const size_t lans_named_count = sizeof(lans_named) / sizeof(lans_named[0]);
