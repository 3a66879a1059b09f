/*
 * agent.c - one agent of the simulation: engine and switch, joined as the real loop joins them
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum {
	VLAN = 1,
	TICKS_MAX = 500, /* of one agent in a virtual second: more is a timer that spins */
};

/* Members of its switch: its ports, then its peers. */
static int member_of_peer(int peer)
{
	return SIM_PORTS + peer;
}

static uint64_t wall_of(const struct sim *sim, const struct sim_agent *a)
{
	return TESTS_WALL_S * TESTS_NS_PER_S + sim->now_ns + (uint64_t)a->wall_offset_ns;
}

unsigned sim_agent_other(const struct sim_agent *a, int peer)
{
	unsigned k = 0;

	while (k < SIM_AGENTS_MAX - 1 && a->peer[k] != peer)
		k++;
	return k;
}

/* ---- life ---- */

static void know(struct sim *sim, unsigned agent, unsigned other)
{
	struct sim_agent *a = &sim->agents[agent];
	struct engine_peer_config config = {.vlans = {VLAN}, .vlan_count = 1};
	struct secret_key secret = host_secret(sim->seed, other);
	struct addr candidates[2];
	size_t count = 0;

	secret_key_public(&secret, &config.key);
	if (sim->psk[agent][other])
		memset(&config.psk, 0x5a, sizeof(config.psk));
	a->peer[other] = engine_peer_add(a->host.engine, &config, sim->now_ns);
	if (a->peer[other] < 0) {
		sim_fail(sim, "agent %u cannot add a peer", agent);
		return;
	}
	if (a->knows[other])
		candidates[count++] = host_address(other);
	if (addr_is_set(&a->disk.last[other]))
		candidates[count++] = a->disk.last[other];
	engine_peer_candidates(a->host.engine, a->peer[other], candidates, count, sim->now_ns);
}

static void join(struct sim *sim, struct sim_agent *a)
{
	struct switch_config config = {.members_max = SIM_PORTS + SIM_AGENTS_MAX,
				       .max_frame = SIM_FRAME_MAX};
	struct switch_member port = {.quota = SWITCH_PORT_QUOTA, .broadcast = SWITCH_UNLIMITED};
	struct switch_member peer = {
		.is_peer = true, .quota = SWITCH_PEER_QUOTA, .broadcast = SWITCH_UNLIMITED};

	a->sw = switch_new(&config);
	if (!a->sw)
		abort();
	for (int i = 0; i < SIM_PORTS; i++)
		switch_join(a->sw, i, &port, sim->now_ns);
	for (unsigned k = 0; k < sim->count; k++)
		if (a->peer[k] >= 0)
			switch_join(a->sw, member_of_peer(a->peer[k]), &peer, sim->now_ns);
}

void sim_agent_start(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];

	if (a->running)
		return;
	host_start(&a->host, &(struct host_setup){.number = agent,
						  .seed = sim->seed,
						  .now_ns = sim->now_ns,
						  .wall_ns = wall_of(sim, a),
						  .floor_ns = a->disk.ceiling_ns,
						  .peers_max = SIM_AGENTS_MAX,
						  .ciphers = a->ciphers});
	a->disk.ceiling_ns = engine_timestamp_ceiling_ns(a->host.engine);
	a->running = true;
	memset(a->peer, -1, sizeof(a->peer));
	for (unsigned k = 0; k < sim->count; k++)
		if (k != agent)
			know(sim, agent, k);
	join(sim, a);
	sim_place_tell(sim, agent);
	sim_agent_flush(sim, agent);
}

void sim_agent_crash(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];

	if (!a->running)
		return;
	host_stop(&a->host);
	switch_free(a->sw);
	a->sw = NULL;
	a->running = false;
	a->is_asleep = false;
}

void sim_agent_set_clock(struct sim *sim, unsigned agent, int64_t offset_ns)
{
	struct sim_agent *a = &sim->agents[agent];

	a->wall_offset_ns = offset_ns;
	if (a->running)
		engine_set_wall(a->host.engine, wall_of(sim, a), sim->now_ns);
}

/* ---- out ---- */

static void take_event(struct sim *sim, struct sim_agent *a, const struct engine_event *event)
{
	static const char *const names[] = {[ENGINE_EVENT_UP] = "up",
					    [ENGINE_EVENT_DOWN] = "down",
					    [ENGINE_EVENT_RENEWED] = "renewed",
					    [ENGINE_EVENT_MOVED] = "moved",
					    [ENGINE_EVENT_PATH] = "path",
					    [ENGINE_EVENT_HELLO] = "hello",
					    [ENGINE_EVENT_UNREACHED] = "unreached",
					    [ENGINE_EVENT_PONG] = "pong",
					    [ENGINE_EVENT_KNOCK] = "knock",
					    [ENGINE_EVENT_RESERVE] = "reserve"};
	struct peer_info info;

	if (sim->verbose) {
		char what[64];

		snprintf(what, sizeof(what), "with %u: %s", sim_agent_other(a, event->peer),
			 names[event->type]);
		sim_say(sim, (unsigned)(a - sim->agents), what);
	}
	if (event->type == ENGINE_EVENT_RESERVE) {
		a->disk.ceiling_ns = engine_timestamp_ceiling_ns(a->host.engine);
		engine_timestamp_persisted(a->host.engine, a->disk.ceiling_ns, sim->now_ns);
	} else if (event->type == ENGINE_EVENT_DOWN) {
		switch_forget(a->sw, member_of_peer(event->peer));
	} else if (event->type == ENGINE_EVENT_MOVED &&
		   engine_peer_info(a->host.engine, event->peer, &info)) {
		a->disk.last[sim_agent_other(a, event->peer)] = info.endpoint;
	}
}

void sim_agent_flush(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];
	struct engine_event event;
	const struct datagram *d;
	size_t n;
	int error;

	while (engine_next_event(a->host.engine, &event))
		take_event(sim, a, &event);
	engine_flush(a->host.engine, sim->now_ns);
	n = engine_outbox(a->host.engine, &d);
	for (size_t i = 0; i < n; i++) {
		sim_check_datagram(sim, agent, &d[i]);
		error = sim_network_send(sim, agent, &d[i]);
		if (error)
			engine_send_failed(a->host.engine, &d[i], error, sim->now_ns);
	}
	engine_outbox_clear(a->host.engine);
	sim_check_memory(sim, agent);
}

/* ---- frames ---- */

static void send_to_peer(struct sim *sim, unsigned agent, int peer, const uint8_t *frame,
			 size_t len)
{
	struct engine *e = sim->agents[agent].host.engine;
	struct frame_out out = {.vlan = VLAN, .frame = frame, .len = len};

	if (!engine_peer_is_up(e, peer))
		return;
	if (engine_send_frame(e, peer, &out, sim->now_ns) != DROP_OUTBOX_FULL)
		return;
	sim_agent_flush(sim, agent);
	engine_send_frame(e, peer, &out, sim->now_ns);
}

static void emit(struct sim *sim, unsigned agent, int to, int from, const uint8_t *frame,
		 size_t len)
{
	const struct sim_agent *a = &sim->agents[agent];

	if (to >= SIM_PORTS)
		send_to_peer(sim, agent, to - SIM_PORTS, frame, len);
	else
		sim_traffic_heard(sim, agent * SIM_PORTS + (unsigned)to,
				  from >= SIM_PORTS ? (int)sim_agent_other(a, from - SIM_PORTS)
						    : (int)agent,
				  frame, len);
}

static void forward(struct sim *sim, unsigned agent, int from, const uint8_t *frame, size_t len)
{
	struct vswitch *sw = sim->agents[agent].sw;
	struct switch_verdict v = switch_frame(sw, from, frame, len, sim->now_ns);
	size_t cursor = 0;
	int to;

	if (v.drop != DROP_NONE)
		return;
	if (v.to != SWITCH_FLOOD) {
		emit(sim, agent, v.to, from, frame, len);
		return;
	}
	while ((to = switch_flood_next(sw, from, &cursor)) >= 0)
		emit(sim, agent, to, from, frame, len);
}

void sim_agent_port(struct sim *sim, unsigned agent, unsigned port, const uint8_t *frame,
		    size_t len)
{
	if (sim->agents[agent].running && !sim->agents[agent].is_asleep)
		forward(sim, agent, (int)port, frame, len);
}

/* ---- in ---- */

/* What does not authenticate is answered by less than it was long; most is answered by nothing. */
static void check_reply(struct sim *sim, unsigned agent, enum drop drop, size_t cause)
{
	const struct datagram *d;
	size_t n, bytes = 0;

	engine_flush(sim->agents[agent].host.engine, sim->now_ns);
	n = engine_outbox(sim->agents[agent].host.engine, &d);
	for (size_t i = 0; i < n; i++)
		bytes += d[i].len;
	if (drop != DROP_NONE && bytes > cause)
		sim_fail(sim, "agent %u answers %zu bytes (%s) with %zu", agent, cause,
			 drop_name(drop), bytes);
}

void sim_agent_input(struct sim *sim, unsigned agent, struct sim_packet *packet)
{
	struct sim_agent *a = &sim->agents[agent];
	uint8_t *exact = malloc(packet->len ? packet->len : 1);
	struct route route = {.remote = packet->from};
	struct frame_in frame;
	enum drop drop;

	if (!a->is_natted)
		route.local = packet->to;
	if (!exact)
		abort();
	memcpy(exact, packet->bytes, packet->len);
	drop = engine_input(a->host.engine, &route, exact, packet->len, sim->now_ns);
	sim_trace(sim, &drop, sizeof(drop));
	if (sim->verbose && sim->calm && drop != DROP_NONE)
		sim_say(sim, agent, drop_name(drop));
	while (engine_next_frame(a->host.engine, &frame, sim->now_ns)) {
		if (!frame.frame)
			sim_fail(sim, "agent %u gets a report that nobody sent", agent);
		if (frame.vlan != VLAN || frame.checksum_unfinished || frame.on_segment)
			sim_fail(sim, "agent %u gets a frame with vlan %u", agent, frame.vlan);
		forward(sim, agent, member_of_peer(frame.peer), frame.frame, frame.len);
	}
	check_reply(sim, agent, drop, packet->len);
	sim_agent_flush(sim, agent);
	free(exact);
	free(packet);
}

/* ---- time ---- */

uint64_t sim_agent_deadline_ns(const struct sim *sim, unsigned agent)
{
	const struct sim_agent *a = &sim->agents[agent];

	return a->running && !a->is_asleep ? engine_deadline_ns(a->host.engine) : UINT64_MAX;
}

void sim_agent_tick(struct sim *sim, unsigned agent)
{
	struct sim_agent *a = &sim->agents[agent];

	if (a->tick_second != sim->now_ns / SIM_NS_PER_S) {
		a->tick_second = sim->now_ns / SIM_NS_PER_S;
		a->ticks = 0;
	}
	if (++a->ticks > TICKS_MAX)
		sim_fail(sim, "agent %u ticks %u times in a second", agent, a->ticks);
	engine_tick(a->host.engine, sim->now_ns);
	sim_agent_flush(sim, agent);
}
