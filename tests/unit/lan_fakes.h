/*
 * lan_fakes.h - ports, an engine, a tunnel and a clock that only take notes, and two vlans between them
 */
#ifndef TESTS_LAN_FAKES_H
#define TESTS_LAN_FAKES_H

#include "../../agent/ports/port.h"
#include "agent/lan.h"

#define S_NS    UINT64_C(1000000000)
#define WALL_NS UINT64_C(1700000000000000000)

enum {
	PEERS = 4,
	FRAME_BYTES = 60,
	KEPT_BYTES = 512, /* of the last frame */
	BROADCAST = 255,  /* stands for the broadcast address */
	RED = 10,         /* vlan ids */
	BLUE = 20,
	ANNA = 0,
	BEN = 1,
};

extern const struct lan_limits NO_LIMITS;

/* One whose name begins with "many" has lanes. */
struct fake_port {
	struct port port;
	struct port_config config;
	int sent, flushed, heard, ticks, changes, waiting;
	enum port_state state;
	bool carrier;
	int carrier_changes;
	struct fake_port *lanes; /* of a port: its first one; of a lane: the next one */
	struct fake_port *of;    /* of a lane: its port */
	uint8_t last[KEPT_BYTES];
};

struct engine {
	int sent[PEERS];
	uint16_t last_vlan;
	uint8_t last_dscp;
	uint8_t last[PEERS][KEPT_BYTES];
	uint32_t mtu[PEERS];
	struct addr path[PEERS];
	int refused[PEERS];
	int drops[PEERS][DROP_COUNT];
	bool is_up[PEERS];
	int room; /* frames until the outbox is full */
	int flushes;
	unsigned kept; /* frames that were put together */
	struct frame_in inbox[8];
	size_t inbox_count, inbox_at;
	struct datagram outbox[1];
};

struct fixture {
	uv_loop_t loop;
	struct engine engine;
	struct config config;
	struct lan *lan;
};

extern int ports_opened, ports_closed, tunnel_sends;
extern int full_room; /* frames that the outbox takes when it is empty */
extern uint64_t clock_ns;
extern bool has_address;  /* 10.0.0.1, the source in craft_tcp.h, is this host's */
extern int address_looks; /* at this host's addresses */
extern uint8_t frame_said[FRAME_BYTES];

/* Called with each frame that a port or a peer is handed, unless NULL. A port takes them whole once a test has
 * set its has_offload. */
extern void (*on_port_hears)(struct fake_port *p, const struct port_frame *f);
extern void (*on_peer_hears)(int peer, const struct frame_out *out);

/* The open port of that name, or NULL. */
struct fake_port *port_named(const char *name);

/* Open a machine of its own on a port: a lane. What on_lane_open() returned is left in `lane_code`. Close it
 * with close_lane(), or let the port close. */
extern int lane_code;
struct fake_port *open_lane(const char *port, const char *stem);
void close_lane(struct fake_port *lane);

/* For configurations. */
void add_vlan(struct config *c, const char *name, uint16_t id);
void add_port(struct config *c, const char *name, uint16_t vlan);

/* Two vlans: red with two ports, blue with one; anna on both, ben on red. */
int set_up(void **state);
int tear_down(void **state);

/* Into `frame_said`; addresses are 02:02:02:02:02:N. */
void write_frame(int dst, int src);

/* A machine on a port says something. */
void say(const char *port, int dst, int src);

/* The same, at a port that one has already. */
void say_at(struct fake_port *p, int dst, int src);

/* The same with any frame. */
void say_frame(const char *port, const uint8_t *frame, size_t len);

/* A datagram with one frame comes from a peer. */
void hear(struct fixture *f, int peer, uint16_t vlan, int dst, int src);

/* The same with any frame. */
void hear_frame(struct fixture *f, const struct frame_in *in);

/* How warnings call anna; ben has no name. */
const char *name_of(void *context, int peer);

#define with_lan(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
