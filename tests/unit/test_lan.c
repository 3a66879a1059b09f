/*
 * test_lan.c - agent/lan.h with a port, an engine and a tunnel that only take notes
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../agent/ports/port.h"
#include "agent/clock.h"
#include "agent/lan.h"
#include "agent/switch.h"
#include "agent/tunnel.h"
#include "craft.h"

#define S_NS UINT64_C(1000000000)

enum {
	PEERS = 4,
	FRAME_BYTES = 60,
	BROADCAST = 255, /* stands for the broadcast address */
	RED = 10,        /* vlan ids */
	BLUE = 20,
	ANNA = 0,
	BEN = 1,
};

static const struct lan_limits NO_LIMITS = {.broadcast = BROADCAST_OFF};

/* ---- a port that takes notes ---- */

struct fake_port {
	struct port port;
	struct port_config config;
	int sent, flushed, ticks, changes, waiting;
};

static struct fake_port *open_ports[CONFIG_PORTS_MAX];
static int ports_opened, ports_closed;

static int fake_open(struct port **out, const struct port_env *env,
		     const struct port_config *config, const struct port_events *events,
		     struct error *err)
{
	struct fake_port *p = calloc(1, sizeof(*p));

	(void)env;
	(void)err;
	p->port = (struct port){.ops = port_ops_for(PORT_MCAST), .events = *events};
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

	(void)frame;
	assert_true(len >= ETHER_HEADER_BYTES);
	p->sent++;
	p->waiting++;
}

static void fake_flush(struct port *port)
{
	((struct fake_port *)port)->flushed++;
	((struct fake_port *)port)->waiting = 0;
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

static enum port_state fake_state(const struct port *port, char *detail, size_t size)
{
	(void)port;
	snprintf(detail, size, "a detail");
	return PORT_FORWARDING;
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
		.flush = fake_flush,
		.tick = fake_tick,
		.network_changed = fake_network_changed,
		.state = fake_state,
		.warnings = fake_warnings,
		.close = fake_close,
	};

	(void)type;
	return &ops;
}

static struct fake_port *port_named(const char *name)
{
	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (open_ports[i] && strcmp(open_ports[i]->config.name, name) == 0)
			return open_ports[i];
	}
	return NULL;
}

/* ---- a clock that the test sets ---- */

static uint64_t clock_ns;

uint64_t clock_now_ns(void)
{
	return clock_ns;
}

/* ---- an engine that takes notes ---- */

struct engine {
	int sent[PEERS];
	uint16_t last_vlan;
	int drops[PEERS][DROP_COUNT];
	int room; /* frames until the outbox is full */
	int flushes;
	struct frame_in inbox[8];
	size_t inbox_count, inbox_at;
	struct datagram outbox[1];
};

enum drop engine_send_frame(struct engine *e, int peer, const struct frame_out *frame,
			    uint64_t now_ns)
{
	assert_true(now_ns > 0);
	if (e->room == 0)
		return DROP_OUTBOX_FULL;
	e->room--;
	e->sent[peer]++;
	e->last_vlan = frame->vlan;
	return DROP_NONE;
}

void engine_count_drop(struct engine *e, int peer, enum drop reason)
{
	e->drops[peer][reason]++;
}

enum drop engine_input(struct engine *e, const struct addr *from, uint8_t *datagram, size_t len,
		       uint64_t now_ns)
{
	(void)from;
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

static int full_room;

void engine_outbox_clear(struct engine *e)
{
	e->room = full_room;
}

static int tunnel_sends;

void tunnel_send(struct tunnel *t, const struct datagram *datagrams, size_t count)
{
	(void)t;
	(void)datagrams;
	(void)count;
	tunnel_sends++;
}

/* ---- the vlans under test ---- */

struct fixture {
	uv_loop_t loop;
	struct engine engine;
	struct config config;
	struct lan *lan;
};

static void add_vlan(struct config *c, const char *name, uint16_t id)
{
	struct vlan_config *v = &c->vlans[c->vlan_count++];

	snprintf(v->name, sizeof(v->name), "%s", name);
	v->id = id;
}

static void add_port(struct config *c, const char *name, uint16_t vlan)
{
	struct port_config *p = &c->ports[c->port_count++];

	*p = (struct port_config){.vlan = vlan, .broadcast = BROADCAST_OFF};
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->mcast.group = addr_from_ipv4(0xe6000001, 33000);
}

/* Two vlans: red with two ports, blue with one; anna on both, ben on red. */
static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const uint16_t both[] = {RED, BLUE}, red[] = {RED};

	memset(open_ports, 0, sizeof(open_ports));
	ports_opened = ports_closed = tunnel_sends = 0;
	full_room = 1000;
	clock_ns = S_NS;
	f->engine.room = full_room;
	f->config.max_frame = FRAME_MAX_DEFAULT_BYTES;
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

static int tear_down(void **state)
{
	struct fixture *f = *state;

	lan_close(f->lan);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(ports_opened, ports_closed);
	free(f);
	return 0;
}

static uint8_t frame[FRAME_BYTES];

static void write_frame(int dst, int src)
{
	memset(frame, 0, sizeof(frame));
	memset(frame, dst == BROADCAST ? 0xff : 0x02, MAC_BYTES);
	if (dst != BROADCAST)
		frame[5] = (uint8_t)dst;
	frame[6] = 0x02;
	memset(frame + 7, 0x02, MAC_BYTES - 1);
	frame[11] = (uint8_t)src;
	frame[12] = 0x08;
}

/* A machine on a port says something. */
static void say(const char *port, int dst, int src)
{
	struct fake_port *p = port_named(port);

	write_frame(dst, src);
	p->port.events.on_frame(p->port.events.context, frame, sizeof(frame));
	p->port.events.on_batch_end(p->port.events.context);
}

/* A datagram with one frame comes from a peer. */
static void hear(struct fixture *f, int peer, uint16_t vlan, int dst, int src)
{
	struct addr from = addr_from_ipv4(0x7f000001, 1);
	uint8_t datagram[1] = {0};

	write_frame(dst, src);
	f->engine.inbox[0] =
		(struct frame_in){.peer = peer, .vlan = vlan, .frame = frame, .len = sizeof(frame)};
	f->engine.inbox_count = 1;
	lan_input(f->lan, &from, datagram, 0);
	lan_flush(f->lan);
}

static void a_broadcast_of_a_port_goes_to_the_members_of_its_vlan_only(void **state)
{
	struct fixture *f = *state;

	say("hub", BROADCAST, 1);
	assert_int_equal(port_named("hub")->sent, 0);
	assert_int_equal(port_named("tap")->sent, 1);
	assert_int_equal(port_named("other")->sent, 0);
	assert_int_equal(f->engine.sent[ANNA], 1);
	assert_int_equal(f->engine.sent[BEN], 1);
	assert_int_equal(f->engine.last_vlan, RED);
	say("other", BROADCAST, 2);
	assert_int_equal(f->engine.sent[BEN], 1);
	assert_int_equal(f->engine.last_vlan, BLUE);
}

static void a_batch_ends_in_a_flush_of_engine_and_ports(void **state)
{
	struct fixture *f = *state;

	say("hub", BROADCAST, 1);
	assert_int_equal(port_named("tap")->waiting, 0);
	assert_int_equal(f->engine.flushes, 1);
	assert_int_equal(tunnel_sends, 0); /* there is no tunnel yet */
	lan_use_tunnel(f->lan, (struct tunnel *)f);
	lan_flush(f->lan);
	assert_int_equal(tunnel_sends, 1);
}

static void a_broadcast_of_a_peer_goes_to_ports_and_to_no_peer(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, RED, BROADCAST, 9);
	assert_int_equal(port_named("hub")->sent, 1);
	assert_int_equal(port_named("tap")->sent, 1);
	assert_int_equal(port_named("other")->sent, 0);
	assert_int_equal(f->engine.sent[BEN], 0);
}

static void unicast_takes_the_way_it_learned(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, RED, BROADCAST, 9);
	say("hub", 9, 1);
	assert_int_equal(f->engine.sent[ANNA], 1);
	assert_int_equal(f->engine.sent[BEN], 0);
	hear(f, ANNA, RED, 1, 9);
	assert_int_equal(port_named("hub")->sent, 2);
	assert_int_equal(port_named("tap")->sent, 1);
}

static void a_frame_for_a_vlan_that_is_not_here_is_counted(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, 99, BROADCAST, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_VLAN_UNKNOWN], 1);
	hear(f, ANNA, 5000, BROADCAST, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_VLAN_UNKNOWN], 2);
	assert_int_equal(port_named("hub")->sent, 0);
}

static void a_frame_for_a_vlan_the_peer_does_not_share_is_counted(void **state)
{
	struct fixture *f = *state;

	hear(f, BEN, BLUE, BROADCAST, 9);
	assert_int_equal(f->engine.drops[BEN][DROP_VLAN_NOT_ALLOWED], 1);
	assert_int_equal(port_named("other")->sent, 0);
}

static void what_the_switch_drops_is_counted_where_it_came_in(void **state)
{
	struct fixture *f = *state;

	say("hub", BROADCAST, 1);
	say("hub", 1, 2);
	assert_int_equal(port_named("hub")->port.drops[DROP_SAME_PORT], 1);
	hear(f, ANNA, RED, BROADCAST, 1);
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_ELSEWHERE], 1);
	hear(f, BEN, RED, BROADCAST, 7);
	hear(f, ANNA, RED, 7, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_SPLIT_HORIZON], 1);
}

static void more_addresses_than_a_peer_may_have_are_counted_and_go_on(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i <= SWITCH_PEER_QUOTA; i++)
		hear(f, ANNA, RED, BROADCAST, 100 + i);
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_QUOTA], 1);
	assert_int_equal(port_named("hub")->sent, SWITCH_PEER_QUOTA + 1);
}

static void a_mac_quota_of_a_peers_own_replaces_the_usual_one(void **state)
{
	const struct lan_limits two = {.broadcast = BROADCAST_OFF, .mac_quota = 2};
	const uint16_t red[] = {RED};
	struct fixture *f = *state;

	lan_peer_set(f->lan, BEN, red, 1, &two);
	for (int i = 1; i <= 3; i++) {
		hear(f, ANNA, RED, BROADCAST, i);
		hear(f, BEN, RED, BROADCAST, 100 + i);
	}
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_QUOTA], 0);
	assert_int_equal(f->engine.drops[BEN][DROP_MAC_QUOTA], 1);
}

static void a_full_outbox_is_sent_and_the_frame_tried_again(void **state)
{
	struct fixture *f = *state;

	lan_use_tunnel(f->lan, (struct tunnel *)f);
	f->engine.room = 1;
	say("hub", BROADCAST, 1);
	assert_int_equal(f->engine.sent[ANNA], 1);
	assert_int_equal(f->engine.sent[BEN], 1);
	assert_int_equal(tunnel_sends, 2); /* in between, and at the end */
}

/* ---- guards ---- */

static struct craft crafted;

static void say_crafted(const char *port)
{
	struct fake_port *p = port_named(port);

	p->port.events.on_frame(p->port.events.context, crafted.bytes, writer_used(&crafted.w));
	p->port.events.on_batch_end(p->port.events.context);
}

static void hear_crafted(struct fixture *f, int peer, uint16_t vlan)
{
	struct addr from = addr_from_ipv4(0x7f000001, 1);
	uint8_t datagram[1] = {0};

	f->engine.inbox[0] = (struct frame_in){
		.peer = peer, .vlan = vlan, .frame = crafted.bytes, .len = writer_used(&crafted.w)};
	f->engine.inbox_count = 1;
	lan_input(f->lan, &from, datagram, 0);
	lan_flush(f->lan);
}

static void allow(struct fixture *f, int peer, unsigned set)
{
	const struct lan_limits limits = {.broadcast = BROADCAST_OFF, .allow = set};
	const uint16_t both[] = {RED, BLUE};

	lan_peer_set(f->lan, peer, both, 2, &limits);
}

static void arp(int mac, int ip)
{
	craft_start(&crafted, mac);
	craft_arp(&crafted, CRAFT_ARP_REPLY, mac, ip);
}

static void a_peers_dhcp_answers_pass_only_where_allowed(void **state)
{
	struct fixture *f = *state;

	craft_start(&crafted, 9);
	craft_offer(&crafted);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_DHCP], 1);
	assert_int_equal(port_named("hub")->sent, 0);
	allow(f, ANNA, 1 << TRUST_ALLOW_DHCP);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(port_named("hub")->sent, 1);
	allow(f, ANNA, 0);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_DHCP], 2);
	assert_int_equal(port_named("hub")->sent, 1);
}

static void a_local_servers_answers_go_out(void **state)
{
	struct fixture *f = *state;

	craft_start(&crafted, 9);
	craft_offer(&crafted);
	say_crafted("hub");
	assert_int_equal(f->engine.sent[ANNA], 1);
	assert_int_equal(port_named("tap")->sent, 1);
}

static void what_a_guard_stops_teaches_the_switch_nothing(void **state)
{
	struct fixture *f = *state;

	craft_start(&crafted, 9);
	craft_offer(&crafted);
	hear_crafted(f, ANNA, RED);
	craft_start(&crafted, 9); /* the same machine, behind ben */
	craft_ipv4(&crafted, 9, 0, 5);
	hear_crafted(f, BEN, RED);
	assert_int_equal(f->engine.drops[BEN][DROP_MAC_ELSEWHERE], 0);
}

static void a_peer_cannot_claim_what_a_local_machine_uses(void **state)
{
	struct fixture *f = *state;

	arp(1, 5);
	say_crafted("hub");
	arp(9, 5);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_ARP], 1);
	assert_int_equal(port_named("tap")->sent, 1);
	hear_crafted(f, ANNA, BLUE); /* another network */
	assert_int_equal(port_named("other")->sent, 1);
}

static void talk_among_neighbours_teaches_the_guard(void **state)
{
	struct fixture *f = *state;

	arp(1, 7);
	say_crafted("hub");
	arp(2, 5); /* told to its neighbour alone */
	memcpy(crafted.bytes, craft_mac(1).b, MAC_BYTES);
	say_crafted("hub");
	assert_int_equal(port_named("hub")->port.drops[DROP_SAME_PORT], 1);
	arp(9, 5);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_ARP], 1);
}

static void a_stolen_mac_teaches_the_guard_nothing(void **state)
{
	struct fixture *f = *state;

	arp(1, 6);
	say_crafted("hub");
	arp(1, 5); /* anna, as if she were that machine */
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_ELSEWHERE], 1);
	arp(9, 5);
	hear_crafted(f, BEN, RED);
	assert_int_equal(f->engine.drops[BEN][DROP_GUARD_ARP], 0);
}

static void a_mac_stolen_by_another_port_teaches_the_guard_nothing(void **state)
{
	struct fixture *f = *state;

	arp(1, 6);
	say_crafted("hub");
	arp(1, 5);
	say_crafted("tap");
	assert_int_equal(port_named("tap")->port.drops[DROP_MAC_ELSEWHERE], 1);
	arp(9, 5);
	hear_crafted(f, BEN, RED);
	assert_int_equal(f->engine.drops[BEN][DROP_GUARD_ARP], 0);
}

static void a_peer_with_a_rate_is_held_to_it(void **state)
{
	struct fixture *f = *state;
	struct lan_limits limits = {.broadcast = BROADCAST_OFF, .rate = 8000};
	const uint16_t red[] = {RED};

	lan_peer_set(f->lan, ANNA, red, 1, &limits);
	for (int i = 0; i < FRAME_MAX_BYTES / FRAME_BYTES; i++)
		hear(f, ANNA, RED, BROADCAST, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_PEER_RATE], 0); /* the longest frame may pass */
	lan_peer_set(f->lan, ANNA, red, 1, &limits);                /* gives no new credit */
	for (int i = 0; i < 1000; i++)
		hear(f, ANNA, RED, BROADCAST, 9);
	assert_in_range(f->engine.drops[ANNA][DROP_PEER_RATE], 1, 1000);
	assert_int_equal(port_named("hub")->sent, FRAME_MAX_BYTES / FRAME_BYTES + 1000 -
							  f->engine.drops[ANNA][DROP_PEER_RATE]);
	for (int i = 0; i < FRAME_MAX_BYTES / FRAME_BYTES + 1000; i++)
		hear(f, BEN, RED, BROADCAST, 8);
	assert_int_equal(f->engine.drops[BEN][DROP_PEER_RATE], 0); /* who has none, has none */
}

static void a_pinned_mac_is_its_peers_alone(void **state)
{
	struct fixture *f = *state;
	struct lan_limits limits = {.broadcast = BROADCAST_OFF, .pin_count = 1};
	const uint16_t red[] = {RED};

	memset(limits.pins[0].b, 0x02, MAC_BYTES);
	limits.pins[0].b[5] = 9;
	hear(f, BEN, RED, BROADCAST, 9);
	lan_peer_set(f->lan, ANNA, red, 1, &limits);
	hear(f, BEN, RED, BROADCAST, 9);
	assert_int_equal(f->engine.drops[BEN][DROP_MAC_ELSEWHERE], 1);
	say("hub", BROADCAST, 9);
	assert_int_equal(port_named("hub")->port.drops[DROP_MAC_ELSEWHERE], 1);
	hear(f, ANNA, RED, BROADCAST, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_ELSEWHERE], 0);
	limits.pin_count = 0;
	lan_peer_set(f->lan, ANNA, red, 1, &limits);
	lan_peer_down(f->lan, ANNA);
	hear(f, BEN, RED, BROADCAST, 9);
	assert_int_equal(f->engine.drops[BEN][DROP_MAC_ELSEWHERE], 1);
}

static void a_dead_session_frees_its_ip_addresses(void **state)
{
	struct fixture *f = *state;

	arp(9, 5);
	hear_crafted(f, BEN, RED);
	lan_peer_down(f->lan, BEN);
	arp(8, 5);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_ARP], 0);
}

static void a_frame_that_fits_no_outbox_is_counted_once(void **state)
{
	struct fixture *f = *state;

	full_room = f->engine.room = 0;
	say("hub", BROADCAST, 1);
	assert_int_equal(f->engine.drops[ANNA][DROP_OUTBOX_FULL], 1);
	assert_int_equal(f->engine.drops[BEN][DROP_OUTBOX_FULL], 1);
}

static void a_peer_that_is_unset_or_changed_loses_its_vlans(void **state)
{
	struct fixture *f = *state;
	const uint16_t blue[] = {BLUE};

	lan_peer_unset(f->lan, BEN);
	lan_peer_set(f->lan, ANNA, blue, 1, &NO_LIMITS);
	say("hub", BROADCAST, 1);
	assert_int_equal(f->engine.sent[ANNA] + f->engine.sent[BEN], 0);
	say("other", BROADCAST, 2);
	assert_int_equal(f->engine.sent[ANNA], 1);
}

static void a_dead_sessions_addresses_are_forgotten(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, RED, BROADCAST, 9);
	lan_peer_down(f->lan, ANNA);
	say("hub", 9, 1);
	assert_int_equal(f->engine.sent[BEN], 1); /* flooded again */
}

static void each_batch_reads_the_clock(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, RED, BROADCAST, 9);
	clock_ns += FDB_AGE_S * S_NS;
	say("hub", 9, 1);
	assert_int_equal(f->engine.sent[BEN], 1); /* too old: flooded */
}

static void an_injected_frame_reaches_everybody_and_is_learned_nowhere(void **state)
{
	struct fixture *f = *state;
	struct error err = {""};

	write_frame(BROADCAST, 1);
	assert_int_equal(lan_inject(f->lan, RED, frame, sizeof(frame), &err), 0);
	assert_int_equal(port_named("hub")->sent + port_named("tap")->sent, 2);
	assert_int_equal(f->engine.sent[ANNA] + f->engine.sent[BEN], 2);
	say("hub", 1, 2);
	assert_int_equal(f->engine.sent[ANNA], 2);
}

static void a_refused_injection_says_why(void **state)
{
	struct fixture *f = *state;
	struct error err = {""};

	write_frame(BROADCAST, 1);
	assert_int_equal(lan_inject(f->lan, 0, frame, sizeof(frame), &err), -EINVAL);
	assert_error(&err, "--vlan");
	assert_int_equal(lan_inject(f->lan, 7, frame, sizeof(frame), &err), -ENOENT);
	assert_error(&err, "7");
	assert_int_equal(lan_inject(f->lan, RED, frame, 13, &err), -EINVAL);
	assert_error(&err, "short_frame");
}

static void a_reload_disturbs_only_what_changed(void **state)
{
	struct fixture *f = *state;
	struct fake_port *hub = port_named("hub");
	struct config next = f->config;

	hear(f, ANNA, RED, BROADCAST, 9);
	next.port_count = 0;
	next.vlan_count = 0;
	add_vlan(&next, "crimson", RED);
	add_vlan(&next, "green", 30);
	add_port(&next, "extra", 30);
	add_port(&next, "hub", RED);
	assert_int_equal(lan_reload(f->lan, &next, NULL), 0);
	assert_ptr_equal(port_named("hub"), hub);
	assert_null(port_named("tap"));
	assert_null(port_named("other"));
	assert_int_equal(ports_opened, 4);
	say("hub", 9, 1);
	assert_int_equal(f->engine.sent[ANNA], 1); /* known still */
	assert_int_equal(f->engine.sent[BEN], 0);
	say("extra", BROADCAST, 1);
	assert_int_equal(f->engine.sent[ANNA], 1); /* no peer is a member of green */
}

static void a_peers_vlan_that_comes_later_finds_it_there(void **state)
{
	struct fixture *f = *state;
	const uint16_t green[] = {30};
	struct config next = f->config;

	lan_peer_set(f->lan, BEN, green, 1, &NO_LIMITS);
	add_vlan(&next, "green", 30);
	add_port(&next, "extra", 30);
	lan_reload(f->lan, &next, NULL);
	say("extra", BROADCAST, 1);
	assert_int_equal(f->engine.sent[BEN], 1);
}

static void a_port_with_another_group_is_opened_again(void **state)
{
	struct fixture *f = *state;
	struct config next = f->config;

	next.ports[0].mcast.group.port++;
	next.ports[1].line = 77;      /* moved in the file */
	next.ports[1].broadcast = 10; /* changed in place */
	lan_reload(f->lan, &next, NULL);
	assert_int_equal(ports_opened, 4);
	assert_int_equal(ports_closed, 1);
}

static int macs_seen;

static void on_mac(void *context, const struct mac_info *info)
{
	(void)context;
	macs_seen++;
	assert_int_equal(info->vlan, RED);
	if (info->port)
		assert_string_equal(info->port, "hub");
	else
		assert_int_equal(info->peer, ANNA);
}

static void status_shows_ports_and_addresses(void **state)
{
	struct fixture *f = *state;
	struct port_info info;
	size_t count = 0;

	say("hub", BROADCAST, 1);
	hear(f, ANNA, RED, BROADCAST, 9);
	while (lan_port_info(f->lan, count, &info))
		count++;
	assert_int_equal(count, 3);
	assert_true(lan_port_info(f->lan, 2, &info));
	assert_string_equal(info.name, "other");
	assert_string_equal(info.type, "mcast");
	assert_string_equal(info.detail, "a detail");
	assert_string_equal(port_state_name(info.state), "forwarding");
	macs_seen = 0;
	lan_macs(f->lan, on_mac, NULL);
	assert_int_equal(macs_seen, 2);
}

static const char *name_of(void *context, int peer)
{
	(void)context;
	return peer == ANNA ? "anna" : NULL;
}

static void a_mac_in_two_places_is_a_warning_with_both_and_the_fix(void **state)
{
	struct fixture *f = *state;
	struct warning w[4];

	say("hub", BROADCAST, 1);
	hear(f, ANNA, RED, BROADCAST, 1);
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 1);
	assert_string_equal(w[0].code, "mac-in-two-places");
	assert_contains(w[0].text, "02:02:02:02:02:01");
	assert_contains(w[0].text, "port hub");
	assert_contains(w[0].text, "peer anna");
	assert_contains(w[0].fix, "mac=52:54:00:");
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 0), 0);
}

static void what_was_stopped_is_a_warning_with_the_command_that_lets_it_pass(void **state)
{
	struct fixture *f = *state;
	struct warning w[4];

	craft_start(&crafted, 9);
	craft_offer(&crafted);
	hear_crafted(f, ANNA, RED);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 1);
	assert_string_equal(w[0].code, "guard-dhcp");
	assert_contains(w[0].text, "anna sent answers of a DHCP server");
	assert_contains(w[0].fix, "longwire -C /anna/lw allow anna dhcp");
	allow(f, ANNA, 1 << TRUST_ALLOW_DHCP);
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 0);
	lan_peer_unset(f->lan, ANNA);
	allow(f, ANNA, 0); /* the number is somebody else's now */
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 0);
}

static void an_address_in_two_places_is_a_warning_with_both_and_the_fix(void **state)
{
	struct fixture *f = *state;
	struct warning w[4];

	arp(1, 5);
	say_crafted("hub");
	arp(9, 5);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 2);
	assert_string_equal(w[0].code, "ip-in-two-places");
	assert_contains(w[0].text, "IP address 10.0.0.5");
	assert_contains(w[0].text, "02:00:00:00:00:01 behind port hub");
	assert_contains(w[0].text, "02:00:00:00:00:09 behind peer anna");
	assert_contains(w[0].fix, "machine-id");
	assert_string_equal(w[1].code, "guard-arp");
	assert_contains(w[1].fix, "allow anna arp");
}

static void a_dhcp_client_with_two_macs_is_a_warning(void **state)
{
	struct fixture *f = *state;
	struct warning w[4];

	craft_start(&crafted, 1);
	craft_discover(&crafted, "\xff\x01");
	say_crafted("hub");
	craft_start(&crafted, 2);
	craft_discover(&crafted, "\xff\x01");
	say_crafted("hub");
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 1);
	assert_string_equal(w[0].code, "dhcp-client-twice");
	assert_contains(w[0].text, "DHCP client identifier ff:01 is used by two machines");
	assert_contains(w[0].text, "02:00:00:00:00:02 behind port hub");
}

static void ports_are_told_of_the_network_and_of_time(void **state)
{
	struct fixture *f = *state;

	lan_network_changed(f->lan);
	assert_int_equal(port_named("tap")->changes, 1);
	while (port_named("tap")->ticks == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
}

#define with_lan(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lan(a_broadcast_of_a_port_goes_to_the_members_of_its_vlan_only),
		with_lan(a_batch_ends_in_a_flush_of_engine_and_ports),
		with_lan(a_broadcast_of_a_peer_goes_to_ports_and_to_no_peer),
		with_lan(unicast_takes_the_way_it_learned),
		with_lan(a_frame_for_a_vlan_that_is_not_here_is_counted),
		with_lan(a_frame_for_a_vlan_the_peer_does_not_share_is_counted),
		with_lan(what_the_switch_drops_is_counted_where_it_came_in),
		with_lan(more_addresses_than_a_peer_may_have_are_counted_and_go_on),
		with_lan(a_mac_quota_of_a_peers_own_replaces_the_usual_one),
		with_lan(a_full_outbox_is_sent_and_the_frame_tried_again),
		with_lan(a_frame_that_fits_no_outbox_is_counted_once),
		with_lan(a_peers_dhcp_answers_pass_only_where_allowed),
		with_lan(a_local_servers_answers_go_out),
		with_lan(what_a_guard_stops_teaches_the_switch_nothing),
		with_lan(a_peer_cannot_claim_what_a_local_machine_uses),
		with_lan(talk_among_neighbours_teaches_the_guard),
		with_lan(a_stolen_mac_teaches_the_guard_nothing),
		with_lan(a_mac_stolen_by_another_port_teaches_the_guard_nothing),
		with_lan(a_peer_with_a_rate_is_held_to_it),
		with_lan(a_pinned_mac_is_its_peers_alone),
		with_lan(a_dead_session_frees_its_ip_addresses),
		with_lan(a_peer_that_is_unset_or_changed_loses_its_vlans),
		with_lan(a_dead_sessions_addresses_are_forgotten),
		with_lan(each_batch_reads_the_clock),
		with_lan(an_injected_frame_reaches_everybody_and_is_learned_nowhere),
		with_lan(a_refused_injection_says_why),
		with_lan(a_reload_disturbs_only_what_changed),
		with_lan(a_peers_vlan_that_comes_later_finds_it_there),
		with_lan(a_port_with_another_group_is_opened_again),
		with_lan(status_shows_ports_and_addresses),
		with_lan(a_mac_in_two_places_is_a_warning_with_both_and_the_fix),
		with_lan(what_was_stopped_is_a_warning_with_the_command_that_lets_it_pass),
		with_lan(an_address_in_two_places_is_a_warning_with_both_and_the_fix),
		with_lan(a_dhcp_client_with_two_macs_is_a_warning),
		with_lan(ports_are_told_of_the_network_and_of_time),
	};

	return cmocka_run_group_tests_name("lan", tests, NULL, NULL);
}
