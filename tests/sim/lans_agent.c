/*
 * lans_agent.c - an agent: switch, segments and forwarding plan, joined as lan*.c joins them
 */
#include <stdlib.h>
#include <string.h>

#include "agent/forward.h"
#include "lans.h"

enum {
	HEARD_S = 10, /* for so long an interface where something was heard is attached */
};

/* ---- what segments want done ---- */

static void send_by(struct lans *w, int agent, const struct lans_port *p,
		    const struct lans_socket *how, const uint8_t *bytes, size_t len)
{
	struct lans_socket from = *how;

	from.host = w->agents[agent].host;
	from.port = p->hub.own_port;
	lans_send(w, &from, p->group, bytes, len);
}

void lans_agent_beacon(struct lans *w, int agent, const struct segments_beacon *out)
{
	const struct lans_port *p = &w->agents[agent].ports[out->port];
	struct lans_socket how = {
		.interface = out->interface, .ttl = out->interface != LANS_LO, .loop = true};
	uint8_t bytes[BEACON_FRAME_BYTES];
	size_t len = beacon_write(&out->beacon, &p->mac, bytes);

	if (out->beacon.kind == BEACON_AGENT && rng_chance(&w->rng, w->lose_beacons))
		return;
	send_by(w, agent, p, &how, bytes, len);
	how = (struct lans_socket){.interface = LANS_LO};
	if (p->kind == LANS_NAMED)
		send_by(w, agent, p, &how, bytes, len);
}

static void say_standby(struct lans *w, int from, int to, const struct segment_answer *a)
{
	for (size_t i = 0; i < a->role_count; i++)
		lans_say(w, "agent %d tells agent %d: %s on attachment %u", from, to,
			 a->roles[i].standby ? "stand by" : "forward", a->roles[i].number);
}

static void send_words(struct lans *w, int agent)
{
	struct lans_agent *me = &w->agents[agent];
	struct lans_message m = {.kind = LANS_REPORT};
	int peer;

	while (segments_next_report(me->segments, &peer, &m.report, w->now_ns))
		lans_tell(w, agent, peer, &m);
	m.kind = LANS_ANSWER;
	while (segments_next_answer(me->segments, &peer, &m.answer, w->now_ns)) {
		say_standby(w, agent, peer, &m.answer);
		lans_tell(w, agent, peer, &m);
	}
}

static void forget(struct lans_agent *me, const struct segments_moved *moved)
{
	for (int v = 0; v < LANS_VLANS; v++)
		switch_forget(me->sw[v],
			      moved->port >= 0 ? moved->port : LANS_PEER_BASE + moved->peer);
}

void lans_agent_run(struct lans *w, int agent)
{
	struct lans_agent *me = &w->agents[agent];
	struct segments_beacon beacon;
	struct segments_moved moved;

	segments_settle(me->segments, w->now_ns);
	while (segments_next_beacon(me->segments, &beacon))
		lans_agent_beacon(w, agent, &beacon);
	send_words(w, agent);
	while (segments_next_moved(me->segments, &moved))
		forget(me, &moved);
	me->deadline_ns = segments_deadline_ns(me->segments);
}

/* ---- attachments ---- */

static void attach(struct lans *w, int agent, int port)
{
	struct lans_agent *me = &w->agents[agent];
	struct lans_port *p = &me->ports[port];
	struct segments_place places[LANS_INTERFACES];
	size_t count = 0;

	for (uint32_t i = LANS_LO; i < LANS_INTERFACES; i++)
		if (p->attached[i])
			places[count++] = (struct segments_place){.interface = i,
								  .serves = p->kind == LANS_NAMED ||
									    i == LANS_LO,
								  .is_real = i != LANS_LO};
	segments_attach(me->segments, port, places, count, w->now_ns);
}

void lans_agent_follow(struct lans *w, int agent, int port)
{
	struct lans_agent *me = &w->agents[agent];
	struct lans_port *p = &me->ports[port];

	for (uint32_t i = LANS_LO; i < LANS_INTERFACES; i++) {
		bool heard =
			p->heard_ns[i] != 0 && w->now_ns - p->heard_ns[i] < HEARD_S * LANS_NS_PER_S;

		p->attached[i] =
			p->kind == LANS_NAMED ? i == p->interface : heard || lans_is_member(w, me->host, i, p->group);
	}
	attach(w, agent, port);
}

static void note(struct lans *w, int agent, int port, uint32_t interface)
{
	struct lans_port *p = &w->agents[agent].ports[port];

	p->heard_ns[interface] = w->now_ns;
	if (p->kind == LANS_NAMED || p->attached[interface])
		return;
	p->attached[interface] = true;
	attach(w, agent, port);
	lans_agent_run(w, agent);
}

/* ---- frames out ---- */

struct delivery {
	struct lans *w;
	int agent, vlan;
	const uint8_t *bytes;
	size_t len;
};

static void to_port(void *context, int port)
{
	const struct delivery *d = context;
	const struct lans_port *p = &d->w->agents[d->agent].ports[port];
	struct lans_socket how = {.interface = p->kind == LANS_NAMED ? p->interface : LANS_LO,
				  .ttl = p->kind == LANS_NAMED,
				  .loop = true};

	lans_say_of(d->w, d->bytes, "agent %d injects it by port %d", d->agent, port);
	if (p->kind != LANS_PRIVATE) {
		send_by(d->w, d->agent, p, &how, d->bytes, d->len);
		return;
	}
	for (size_t i = 0; i < d->w->machine_count; i++) {
		const struct lans_machine *m = &d->w->machines[i];

		if (m->running && m->interface == 0 && m->agent == d->agent && m->port == port)
			lans_heard(d->w, (int)i, d->bytes, d->len);
	}
}

static void beyond(void *context, int port, uint32_t interface)
{
	const struct delivery *d = context;
	struct lans_socket how = {.interface = interface, .ttl = 1};

	lans_say_of(d->w, d->bytes, "agent %d sends it beyond by port %d, interface %u", d->agent,
		    port, interface);
	send_by(d->w, d->agent, &d->w->agents[d->agent].ports[port], &how, d->bytes, d->len);
}

static void to_peer(void *context, int peer, bool on_segment)
{
	const struct delivery *d = context;
	struct lans_message m = {.kind = LANS_FRAME, .on_segment = on_segment, .len = d->len};
	const struct lans_agent *me = &d->w->agents[d->agent];

	m.vlan = d->vlan;
	memcpy(m.bytes, d->bytes, d->len);
	if (me->sessions[peer].up)
		lans_say_of(d->w, d->bytes, "agent %d sends it to agent %d%s", d->agent, peer,
			    on_segment ? ", on-segment" : "");
	lans_tell(d->w, d->agent, peer, &m);
}

/* Is it for a machine that heard it on the segment where it came in? */
static bool is_near(const struct lans_agent *me, const struct delivery *d,
		    const struct forward_from *from, int to)
{
	struct mac dst = ether_dst(d->bytes);
	int owner = to == SWITCH_FLOOD ? SWITCH_NOBODY : to, number;

	if (from->member >= LANS_PEER_BASE || !from->interface || mac_is_group(&dst))
		return false;
	number = segments_number(me->segments, from->member, from->interface);
	if (number < 0 || fdb_find(me->near[d->vlan], &dst, d->w->now_ns) != number)
		return false;
	return owner < LANS_PEER_BASE ||
	       segments_shares(me->segments, from->member, owner - LANS_PEER_BASE);
}

static enum drop forward(const struct forward_from *from, const struct delivery *d)
{
	struct lans_agent *me = &d->w->agents[d->agent];
	struct forward how = {.sw = me->sw[d->vlan],
			      .segments = me->segments,
			      .peer_base = LANS_PEER_BASE,
			      .to_port = to_port,
			      .beyond = beyond,
			      .to_peer = to_peer,
			      .context = (void *)d,
			      .now_ns = d->w->now_ns};
	struct switch_verdict v =
		switch_frame(me->sw[d->vlan], from->member, d->bytes, d->len, d->w->now_ns);

	if (v.contested && from->member < LANS_PEER_BASE &&
	    segments_suspect(me->segments, from->member, d->w->now_ns))
		me->deadline_ns = d->w->now_ns;
	if (v.drop == DROP_NONE && is_near(me, d, from, v.to))
		v.drop = DROP_SAME_PORT;
	if (v.drop == DROP_NONE)
		v.drop = forward_frame(&how, from, v.to);
	return v.drop;
}

/* ---- frames in ---- */

/* On which attachment is that machine? */
static void learn(const struct forward_from *from, const struct delivery *d)
{
	struct lans_agent *me = &d->w->agents[d->agent];
	int number = segments_number(me->segments, from->member, from->interface);
	struct mac src = ether_src(d->bytes);

	if (number >= 0 && segments_is_shared(me->segments, from->member))
		fdb_learn(me->near[d->vlan], &src, number, false, d->w->now_ns);
}

static void from_port(const struct forward_from *from, const struct delivery *d)
{
	enum drop drop = segments_admit(d->w->agents[d->agent].segments, from->member);

	if (from->interface)
		learn(from, d);
	if (drop == DROP_NONE)
		drop = forward(from, d);
	lans_say_of(d->w, d->bytes, "agent %d took it by port %d, interface %u: %s", d->agent,
		    from->member, from->interface,
		    drop == DROP_NONE ? "forwarded" : drop_name(drop));
}

void lans_agent_private(struct lans *w, int agent, int port, const uint8_t *bytes, size_t len)
{
	struct delivery d = {.w = w,
			     .agent = agent,
			     .vlan = w->vlan_of[w->agents[agent].ports[port].group],
			     .bytes = bytes,
			     .len = len};
	struct forward_from from = {.member = port};

	if (w->agents[agent].running)
		from_port(&from, &d);
}

static struct segments_heard heard_as(const struct lans *w, int agent,
				      const struct lans_datagram *d, const struct beacon *b)
{
	return (struct segments_heard){
		.interface = d->interface,
		.sender = ether_src(d->bytes),
		.from = d->from,
		.same_host = interfaces_own(&w->hosts[w->agents[agent].host].interfaces, &d->from),
		.is_doubtful = d->from.port == LANS_GROUP_PORT,
		.beacon = *b};
}

/* Has somebody handed on a beacon of ours? That makes him no agent. */
static bool is_handed_on(const struct lans_agent *me, const struct lans_datagram *d)
{
	struct mac sender = ether_src(d->bytes);

	for (size_t i = 0; i < me->port_count; i++)
		if (mac_equal(&me->ports[i].mac, &sender))
			return d->from.port != me->ports[i].hub.own_port;
	return false;
}

static void take_beacon(struct lans *w, int agent, int port, const struct lans_datagram *d,
			const struct beacon *b)
{
	struct lans_agent *me = &w->agents[agent];
	struct segments_heard heard = heard_as(w, agent, d, b);

	if (!heard.is_doubtful && b->kind == BEACON_AGENT && !is_handed_on(me, d))
		hub_hear(&me->ports[port].hub, &d->from, &heard.sender);
	segments_hear(me->segments, port, &heard, w->now_ns);
	lans_agent_run(w, agent);
}

void lans_agent_hub(struct lans *w, int agent, int port, const struct lans_datagram *d)
{
	struct lans_agent *me = &w->agents[agent];
	struct hub *hub = &me->ports[port].hub;
	struct delivery out = {.w = w,
			       .agent = agent,
			       .vlan = w->vlan_of[d->group],
			       .bytes = d->bytes,
			       .len = d->len};
	struct forward_from from = {.member = port, .interface = d->interface, .source = &d->from};
	const struct hub_agent *known;
	struct beacon b;
	enum drop drop;

	note(w, agent, port, d->interface);
	if (beacon_read(d->bytes, d->len, &b)) {
		take_beacon(w, agent, port, d, &b);
		return;
	}
	drop = hub_classify(hub, &d->from, d->interface, w->now_ns);
	if (drop == DROP_FOREIGN_HOST)
		learn(&from, &out);
	if (drop == DROP_NONE)
		from_port(&from, &out);
	known = drop == DROP_AGENT_INJECTED ? hub_agent_at(hub, &d->from) : NULL;
	if (known)
		segments_alive(me->segments, port, d->interface, &known->sender, w->now_ns);
}

/* Our own machine's frame, sent back by whoever serves the segment where it was heard? */
static bool is_echo(const struct lans_agent *me, int peer, const struct lans_message *m,
		    uint64_t now_ns)
{
	struct mac src = ether_src(m->bytes);
	int owner = switch_owner(me->sw[m->vlan], &src, now_ns);

	return m->on_segment && owner >= 0 && owner < LANS_PEER_BASE &&
	       segments_shares(me->segments, owner, peer);
}

void lans_agent_peer(struct lans *w, int agent, int peer, const struct lans_message *m)
{
	struct lans_agent *me = &w->agents[agent];
	struct delivery d = {
		.w = w, .agent = agent, .vlan = m->vlan, .bytes = m->bytes, .len = m->len};
	struct mac dst = ether_dst(m->bytes);
	struct forward_from from = {.member = LANS_PEER_BASE + peer,
				    .on_segment = m->on_segment,
				    .heard_at = fdb_find(me->near[m->vlan], &dst, w->now_ns)};
	enum drop drop = DROP_ON_SEGMENT;

	if (m->kind == LANS_REPORT)
		segments_take_report(me->segments, peer, &m->report, w->now_ns);
	if (m->kind == LANS_ANSWER)
		segments_take_answer(me->segments, peer, &m->answer, w->now_ns);
	if (m->kind != LANS_FRAME) {
		lans_agent_run(w, agent);
		return;
	}
	if (!is_echo(me, peer, m, w->now_ns))
		drop = forward(&from, &d);
	lans_say_of(w, m->bytes, "agent %d got it from agent %d%s: %s", agent, peer,
		    m->on_segment ? ", on-segment" : "",
		    drop == DROP_NONE ? "forwarded" : drop_name(drop));
}

/* ---- time ---- */

void lans_agent_tick(struct lans *w, int agent)
{
	struct lans_agent *me = &w->agents[agent];

	for (size_t i = 0; i < me->port_count; i++) {
		if (me->ports[i].kind == LANS_PRIVATE)
			continue;
		hub_tick(&me->ports[i].hub);
		lans_agent_follow(w, agent, (int)i);
	}
	segments_regular(me->segments, w->now_ns);
	lans_agent_run(w, agent);
	lans_at(w, w->now_ns + LANS_TICK_S * LANS_NS_PER_S, LANS_TICK, agent, (int)me->life, NULL);
}
