/*
 * lan_fakes.c - see lan_fakes.h
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/clock.h"
#include "agent/netwatch.h"
#include "agent/tunnel.h"
#include "lan_fakes.h"
#include "proto/segments.h"

const struct lan_limits NO_LIMITS = {.broadcast = BROADCAST_OFF};

/* ---- a port that takes notes ---- */

struct fake_port *open_ports[CONFIG_PORTS_MAX];
int ports_opened, ports_closed;
void (*on_port_hears)(struct fake_port *p, const struct port_frame *f);
void (*on_peer_hears)(int peer, const struct frame_out *out);

static int fake_open(struct port **out, const struct port_env *env,
		     const struct port_config *config, const struct port_events *events,
		     struct error *err)
{
	struct fake_port *p = calloc(1, sizeof(*p));

	(void)env;
	(void)err;
	p->port = (struct port){.ops = port_ops_for(PORT_MCAST), .events = *events};
	p->port.has_lanes = strncmp(config->name, "many", 4) == 0;
	p->config = *config;
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (!open_ports[i]) {
			open_ports[i] = p;
			break;
		}
	}
	ports_opened++;
	*out = &p->port;
	return 0;
}

static void fake_send(struct port *port, const uint8_t *frame, size_t len)
{
	struct fake_port *p = (struct fake_port *)port;

	assert_true(len >= ETHER_HEADER_BYTES);
	memcpy(p->last, frame, len < KEPT_BYTES ? len : KEPT_BYTES);
	p->sent++;
	p->waiting++;
	if (on_port_hears)
		on_port_hears(p, &(struct port_frame){.bytes = frame, .len = len});
}

static void fake_send_whole(struct port *port, const struct port_frame *f)
{
	assert_true(port->has_offload);
	assert_non_null(f->offload);
	if (on_port_hears)
		on_port_hears((struct fake_port *)port, f);
}

static void fake_flush(struct port *port)
{
	((struct fake_port *)port)->flushed++;
	((struct fake_port *)port)->waiting = 0;
}

static void fake_hear(struct port *port)
{
	((struct fake_port *)port)->heard++;
}

static void fake_tick(struct port *port, uint64_t now_ns)
{
	(void)now_ns;
	((struct fake_port *)port)->ticks++;
}

static void fake_network_changed(struct port *port, uint64_t now_ns)
{
	(void)now_ns;
	((struct fake_port *)port)->changes++;
}

static void fake_carrier(struct port *port, bool on)
{
	((struct fake_port *)port)->carrier = on;
	((struct fake_port *)port)->carrier_changes++;
}

static enum port_state fake_state(const struct port *port, char *detail, size_t size)
{
	snprintf(detail, size, "a detail");
	return ((const struct fake_port *)port)->state;
}

static size_t fake_warnings(const struct port *port, uint64_t now_ns, struct warning *out,
			    size_t max)
{
	(void)port;
	(void)now_ns;
	(void)out;
	(void)max;
	return 0;
}

static void fake_close(struct port *port)
{
	struct fake_port *p = (struct fake_port *)port;

	while (p->lanes) {
		struct fake_port *next = p->lanes->lanes;

		free(p->lanes);
		p->lanes = next;
	}
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (open_ports[i] == (struct fake_port *)port)
			open_ports[i] = NULL;
	}
	ports_closed++;
	free(port);
}

const struct port_ops *port_ops_for(enum port_type type)
{
	static const struct port_ops ops = {
		.open = fake_open,
		.send = fake_send,
		.send_whole = fake_send_whole,
		.flush = fake_flush,
		.hear = fake_hear,
		.tick = fake_tick,
		.network_changed = fake_network_changed,
		.carrier = fake_carrier,
		.state = fake_state,
		.warnings = fake_warnings,
		.close = fake_close,
	};

	(void)type;
	return &ops;
}

int lane_code;

struct fake_port *open_lane(const char *port, const char *stem)
{
	struct fake_port *p = port_named(port), *lane = calloc(1, sizeof(*lane));

	lane->port.ops = port_ops_for(PORT_MCAST);
	lane->of = p;
	lane_code = p->port.events.on_lane_open(p->port.events.context, &lane->port, stem);
	if (lane_code < 0) {
		free(lane);
		return NULL;
	}
	lane->lanes = p->lanes;
	p->lanes = lane;
	return lane;
}

void close_lane(struct fake_port *lane)
{
	struct fake_port **at = &lane->of->lanes;

	lane->port.events.on_lane_close(lane->port.events.context);
	while (*at != lane)
		at = &(*at)->lanes;
	*at = lane->lanes;
	free(lane);
}

struct fake_port *port_named(const char *name)
{
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (open_ports[i] && strcmp(open_ports[i]->config.name, name) == 0)
			return open_ports[i];
	}
	return NULL;
}

/* ---- a clock that the test sets ---- */

uint64_t clock_ns;

uint64_t clock_now_ns(void)
{
	return clock_ns;
}

struct clock_reading clock_read(void)
{
	return (struct clock_reading){.boot_ns = clock_ns, .wall_ns = WALL_NS};
}

/* ---- an engine that takes notes ---- */

enum drop engine_send_frame(struct engine *e, int peer, const struct frame_out *frame,
			    uint64_t now_ns)
{
	assert_true(now_ns > 0);
	if (e->room == 0)
		return DROP_OUTBOX_FULL;
	e->room--;
	e->sent[peer]++;
	e->last_vlan = frame->vlan;
	e->last_dscp = frame->dscp;
	memcpy(e->last[peer], frame->frame, frame->len < KEPT_BYTES ? frame->len : KEPT_BYTES);
	if (on_peer_hears)
		on_peer_hears(peer, frame);
	return DROP_NONE;
}

bool engine_peer_is_up(const struct engine *e, int peer)
{
	return e->is_up[peer];
}

void engine_count_drop(struct engine *e, int peer, enum drop reason)
{
	e->drops[peer][reason]++;
}

enum drop engine_input(struct engine *e, const struct route *route, uint8_t *datagram, size_t len,
		       uint64_t now_ns)
{
	(void)route;
	(void)datagram;
	(void)len;
	(void)now_ns;
	e->inbox_at = 0;
	return DROP_NONE;
}

bool engine_next_frame(struct engine *e, struct frame_in *out, uint64_t now_ns)
{
	(void)now_ns;
	if (e->inbox_at == e->inbox_count)
		return false;
	*out = e->inbox[e->inbox_at++];
	return true;
}

unsigned engine_frames_kept(const struct engine *e)
{
	return e->kept;
}

const struct public_key *engine_key(const struct engine *e)
{
	static const struct public_key KEY = {{0xaa}};

	(void)e;
	return &KEY;
}

bool engine_peer_info(const struct engine *e, int peer, struct peer_info *out)
{
	*out = (struct peer_info){.key.b = {(uint8_t)(peer + 1)}};
	for (size_t i = 0; i < DROP_COUNT; i++)
		out->drops[i] = (uint64_t)e->drops[peer][i];
	return true;
}

size_t engine_peer_paths(const struct engine *e, int peer, struct path_info out[PEER_PATHS_MAX])
{
	out[0] = (struct path_info){.remote = e->path[peer]};
	return addr_is_set(&e->path[peer]) ? 1 : 0;
}

void engine_path_refuse(struct engine *e, int peer, const struct addr *remote, uint64_t now_ns)
{
	(void)now_ns;
	e->refused[peer] += addr_equal(&e->path[peer], remote);
}

bool has_address = true;
int address_looks;

size_t netwatch_addresses(const struct netwatch_wanted *wanted, struct addr *out, size_t max)
{
	assert_true(max > 0);
	address_looks++;
	out[0] = addr_from_ipv4(has_address ? 0x0a000001 : 0x0a0000ff, wanted->port);
	return 1;
}

uint32_t engine_peer_mtu(const struct engine *e, int peer)
{
	return e->mtu[peer];
}

int engine_send_segment_report(struct engine *e, int peer, const struct segment_report *report,
			       uint64_t now_ns)
{
	(void)e;
	(void)peer;
	(void)report;
	(void)now_ns;
	return 0;
}

int engine_send_segment_answer(struct engine *e, int peer, const struct segment_answer *answer,
			       uint64_t now_ns)
{
	(void)e;
	(void)peer;
	(void)answer;
	(void)now_ns;
	return 0;
}

void engine_flush(struct engine *e, uint64_t now_ns)
{
	(void)now_ns;
	e->flushes++;
}

size_t engine_outbox(const struct engine *e, const struct datagram **out)
{
	*out = e->outbox;
	return 1;
}

int full_room;

void engine_outbox_clear(struct engine *e)
{
	e->room = full_room;
}

int tunnel_sends;

void tunnel_send(struct tunnel *t, const struct datagram *datagrams, size_t count)
{
	(void)t;
	(void)datagrams;
	(void)count;
	tunnel_sends++;
}

/* ---- the vlans under test ---- */

void add_vlan(struct config *c, const char *name, uint16_t id)
{
	struct vlan_config *v = &c->vlans[c->vlan_count++];

	snprintf(v->name, sizeof(v->name), "%s", name);
	v->id = id;
}

void add_port(struct config *c, const char *name, uint16_t vlan)
{
	struct port_config *p = &c->ports[c->port_count++];

	*p = (struct port_config){.vlan = vlan, .broadcast = BROADCAST_OFF};
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->mcast.group = addr_from_ipv4(0xe6000001, 33000);
}

int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const uint16_t both[] = {RED, BLUE}, red[] = {RED};

	memset(open_ports, 0, sizeof(open_ports));
	ports_opened = ports_closed = tunnel_sends = 0;
	on_port_hears = NULL;
	on_peer_hears = NULL;
	full_room = 1000;
	has_address = true;
	address_looks = 0;
	clock_ns = S_NS;
	f->engine.room = full_room;
	f->config.max_frame = FRAME_MAX_DEFAULT_BYTES;
	f->config.broadcast = BROADCAST_OFF;
	f->config.mss_clamp = MSS_CLAMP_PATH;
	strcpy(f->config.folder, "/anna/lw");
	add_vlan(&f->config, "red", RED);
	add_vlan(&f->config, "blue", BLUE);
	add_port(&f->config, "hub", RED);
	add_port(&f->config, "tap", RED);
	add_port(&f->config, "other", BLUE);
	uv_loop_init(&f->loop);
	assert_int_equal(lan_open(&f->lan, &f->loop, &f->engine, &f->config, NULL), 0);
	lan_peer_set(f->lan, ANNA, both, 2, &NO_LIMITS);
	lan_peer_set(f->lan, BEN, red, 1, &NO_LIMITS);
	*state = f;
	return 0;
}

int tear_down(void **state)
{
	struct fixture *f = *state;

	lan_close(f->lan);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(ports_opened, ports_closed);
	free(f);
	return 0;
}

uint8_t frame_said[FRAME_BYTES];

void write_frame(int dst, int src)
{
	memset(frame_said, 0, sizeof(frame_said));
	memset(frame_said, dst == BROADCAST ? 0xff : 0x02, MAC_BYTES);
	if (dst != BROADCAST)
		frame_said[5] = (uint8_t)dst;
	frame_said[6] = 0x02;
	memset(frame_said + 7, 0x02, MAC_BYTES - 1);
	frame_said[11] = (uint8_t)src;
	frame_said[12] = 0x08;
}

static void say_any(struct fake_port *p, const uint8_t *frame, size_t len)
{
	p->port.events.on_frame(p->port.events.context, frame, len,
				&(struct port_source){.interface = 0});
	p->port.events.on_batch_end(p->port.events.context);
}

void say_frame(const char *port, const uint8_t *frame, size_t len)
{
	say_any(port_named(port), frame, len);
}

void say_at(struct fake_port *p, int dst, int src)
{
	write_frame(dst, src);
	say_any(p, frame_said, sizeof(frame_said));
}

void say(const char *port, int dst, int src)
{
	say_at(port_named(port), dst, src);
}

void hear_frame(struct fixture *f, const struct frame_in *in)
{
	const struct route route = {.remote = addr_from_ipv4(0x7f000001, 1)};
	uint8_t datagram[1] = {0};

	f->engine.inbox[0] = *in;
	f->engine.inbox_count = 1;
	lan_input(f->lan, &route, datagram, 0);
	lan_flush(f->lan);
}

void hear(struct fixture *f, int peer, uint16_t vlan, int dst, int src)
{
	struct frame_in in = {
		.peer = peer, .vlan = vlan, .frame = frame_said, .len = sizeof(frame_said)};

	write_frame(dst, src);
	hear_frame(f, &in);
}

const char *name_of(void *context, int peer)
{
	(void)context;
	return peer == ANNA ? "anna" : NULL;
}
