/*
 * lan_private.h - the parts of the data path
 *
 * Layer: agent, private to lan*.c.
 *
 *	lan.c		life: vlans, ports, members
 *	lan_bulk.c	is it worth to wait for more frames?
 *	lan_carrier.c	is there anybody else on a port's vlan?
 *	lan_data.c	frames
 *	lan_dump.c	frames for those who watch
 *	lan_guard.c	what the guards stopped
 *	lan_mss.c	how long the segments of TCP become
 *	lan_nested.c	our own datagrams on it
 *	lan_offload.c	frames that something is left to be done for
 *	lan_segments.c	other agents on the same segments
 *	lan_flood.c	who sends more than its share
 *	lan_lanes.c	machines that share a port, each a member by itself
 *	lan_attached.c	machines that were handed over
 *	lan_tick.c	when they look around
 *	lan_status.c	what status and log say of it
 *
 * A member of a switch is a port, a lane of one or a machine that was handed over, numbered by its slot, or a
 * peer, numbered by the engine from LAN_PEER_BASE on. Ports of the configuration have the first slots.
 */
#ifndef AGENT_LAN_PRIVATE_H
#define AGENT_LAN_PRIVATE_H

#include "agent/bulk.h"
#include "agent/clock.h"
#include "agent/dump.h"
#include "agent/forward.h"
#include "agent/guard.h"
#include "agent/lan.h"
#include "agent/merge.h"
#include "agent/moderation.h"
#include "agent/nested.h"
#include "agent/segments.h"
#include "agent/switch.h"
#include "common/bucket.h"
#include "common/keyed_hash.h"
#include "ports/port.h"
#include "udp.h"

enum {
	LAN_LANES_MAX = 192, /* of all ports, and machines that were handed over */
	LAN_PORTS_MAX = CONFIG_PORTS_MAX + LAN_LANES_MAX,
	LAN_PEER_BASE = LAN_PORTS_MAX,
	LAN_SLOT_BITS = 64,   /* of a word with a bit for each slot */
	LAN_PEERS_MAX = 4096, /* engine_config.peers_max */
	LAN_MEMBERS_MAX = LAN_PEER_BASE + LAN_PEERS_MAX,
	LAN_VLAN_SLOTS = VLAN_ID_MAX + 1,
	LAN_WARNINGS_LOGGED = 16, /* remembered, so that each is logged once */
	LAN_TICK_SLACK_MS = 300,  /* for a wake-up that comes anyway; beacons bear as much */
	LAN_LONELY_TICKS = 3,     /* 4 to 6 s: longer than a peer's agent needs to restart */
};
_Static_assert((unsigned)BROADCAST_OFF == (unsigned)SWITCH_UNLIMITED, "one word for no limit");
_Static_assert(LAN_PORTS_MAX % LAN_SLOT_BITS == 0, "whole words");
_Static_assert((int)CONFIG_VLANS_MAX < UINT8_MAX, "vlan_at holds a slot in a byte");

struct lan_vlan {
	struct vlan_config config;
	struct vswitch *sw;
	struct guard *guard;
	struct fdb *near; /* machines of other hosts, by attachment; NULL while there are none */
};

/* What the guards stopped of one kind of one peer. */
struct lan_stop {
	uint64_t unlogged;  /* since the last line in the log */
	uint64_t last_ns;   /* 0: never */
	uint64_t logged_ns; /* 0: never */
};

/** enum lan_flood_kind - the limits that a member can exceed */
enum lan_flood_kind {
	LAN_FLOOD_BROADCAST,
	LAN_FLOOD_MACS,
	LAN_FLOOD_RATE,
	LAN_FLOODS
};

/* What a member sent over one limit. */
struct lan_flood {
	uint64_t counted;   /* the member's counter when it was last looked at */
	uint64_t unlogged;  /* since the last line in the log */
	uint64_t last_ns;   /* when the counter last moved; 0: never */
	uint64_t limit;     /* as it was then */
	uint64_t logged_ns; /* 0: never */
};

enum {
	LAN_PORT_NAME_BYTES =
		2 * NAME_BYTES + 16 /* a port's, "/", what tells its lanes apart, and a number */
};

/* @parent: whose lane it is, and whose @config; else NULL */
struct lan_port {
	struct lan *lan;
	struct lan_port *parent;
	char name[LAN_PORT_NAME_BYTES];
	struct port_config config;
	struct lan_vlan *vlan;
	struct port *port;
	int member;
	uint32_t lonely_ticks; /* nobody else was on its vlan; at most LAN_LONELY_TICKS */
	bool is_told;          /* the port knows whether somebody is */
	char said[SEGMENTS_SENTENCE_BYTES]; /* of its segments, last in the log */
	struct lan_flood floods[LAN_FLOODS];
};

/* What lan_peer_set() said of a peer: applied again to vlans that come later. */
struct lan_peer {
	bool is_set;
	struct lan_limits limits;
	struct bucket bucket; /* bytes, if limits.rate is set */
	struct lan_stop stops[GUARD_KINDS];
	struct lan_flood floods[LAN_FLOODS];
	uint16_t vlans[PEER_VLANS_MAX];
	size_t vlan_count;
};

/* An address of a peer to which the route leads through the tunnel; @last_ns 0: none */
struct lan_nest {
	int peer;
	int member; /* where our datagrams came in */
	struct addr remote;
	uint64_t last_ns;
};

struct lan {
	uv_loop_t *loop;
	struct engine *engine;
	struct tunnel *tunnel;
	struct dump *dump; /* NULL: nobody watches */
	uv_timer_t timer;
	int timers;          /* open ones */
	uint64_t tick_ms;    /* after how long the next tick is due; 0: none */
	uint64_t tick_at_ms; /* when, on the loop's clock */
	bool is_touched;     /* something happened since the last tick */
	struct segments *segments;
	uv_timer_t segments_timer;
	bool segments_touched; /* something happened there in this batch */
	uint64_t now_ns;       /* of the current batch; 0 between batches */
	size_t plain_frames; /* of this batch, from or to ports without offload; each counts once */
	struct bulk bulk;    /* of such frames */
	struct moderation moderation; /* likewise */
	bool yields;                  /* to whoever else wants the processor */
	uint32_t max_frame;
	bool offload;                   /* TAPs are asked for it */
	bool dscp_copy;                 /* datagrams have the class of their frames */
	uint32_t broadcast;             /* of whoever sets no limit of its own */
	char folder[CONFIG_PATH_BYTES]; /* for commands in warnings */
	struct udp_area area;
	struct mcast *hubs;
	struct hash_key key;
	struct nested nested;
	struct lan_nest nest;      /* the last one */
	uint64_t nested_looked_ns; /* for an own address, in vain; 0: never */
	uint16_t mss_clamp;        /* as in config */
	uint8_t *clamped;   /* max_frame bytes: the SYN that crosses just now, with another MSS */
	uint8_t *finished;  /* OFFLOAD_FRAME_MAX bytes: the piece that is delivered just now */
	struct piece piece; /* likewise */
	struct merge merge; /* of one peer's frames, within a batch */
	struct frame_in merging; /* the first of them */
	unsigned reassembled;    /* frames that the engine put together since, with that one */

	struct lan_vlan *vlans[CONFIG_VLANS_MAX]; /* NULL: a free slot */
	uint8_t vlan_at[LAN_VLAN_SLOTS];          /* by id: 1 + slot, or 0 */
	struct lan_port *ports[LAN_PORTS_MAX];    /* NULL: a free slot */
	uint64_t used[LAN_PORTS_MAX /
		      LAN_SLOT_BITS]; /* a bit for each slot: flushing asks twice a wake-up */
	struct lan_peer *peers;       /* by number */
	size_t peers_capacity;

	const char *(*name_of)(void *context, int peer);
	void *name_context;
	uint64_t logged[LAN_WARNINGS_LOGGED]; /* hashes of the warnings that are known */
	uint64_t lines_since_ns;              /* of those that were logged */
	unsigned lines;
};

/** lan_vlan_by_id() - Return: the vlan, or NULL */
static inline struct lan_vlan *lan_vlan_by_id(const struct lan *l, uint16_t id)
{
	uint8_t slot = id < LAN_VLAN_SLOTS ? l->vlan_at[id] : 0;

	return slot ? l->vlans[slot - 1] : NULL;
}

/** lan_put_port() - What is in a slot from now on, or NULL */
static inline void lan_put_port(struct lan *l, size_t slot, struct lan_port *p)
{
	uint64_t bit = UINT64_C(1) << slot % LAN_SLOT_BITS, *word = &l->used[slot / LAN_SLOT_BITS];

	l->ports[slot] = p;
	*word = p ? *word | bit : *word & ~bit;
}

/** lan_now_ns() - The clock, read once a batch */
static inline uint64_t lan_now_ns(struct lan *l)
{
	if (l->now_ns == 0)
		l->now_ns = clock_now_ns();
	return l->now_ns;
}

/** lan_is_within() - Was @then_ns, unless 0, less than @seconds ago? */
static inline bool lan_is_within(uint64_t then_ns, uint64_t seconds, uint64_t now_ns)
{
	return then_ns != 0 && now_ns - then_ns < seconds * UINT64_C(1000000000);
}

/** lan_port_events() - What @p's port reports, into the data path */
struct port_events lan_port_events(struct lan_port *p);

/** lan_touch() - Something happened, after which ports want a tick, though else they need none */
static inline void lan_touch(struct lan *l)
{
	l->is_touched = true;
}

/** lan_settle() - The batch is over: the tick that it made necessary will come */
void lan_settle(struct lan *l);

/** lan_send_outbox() - Seal what waits, and hand it to the kernel */
void lan_send_outbox(struct lan *l);
/** lan_join_port(), lan_leave_port() - A port or lane as a member of its vlan; joining again changes how it
 * is treated */
void lan_join_port(const struct lan_port *p);
void lan_leave_port(const struct lan_port *p);

/* See struct port_events; @context is the struct lan_port */
void lan_on_gone(void *context);
int lan_on_lane_open(void *context, struct port *lane, const char *stem);
void lan_on_lane_close(void *lane_context);

/** lan_lanes_reload() - @p has another configuration */
void lan_lanes_reload(const struct lan_port *p);

/** lan_is_named() - Has some port, lane or machine that name? */
bool lan_is_named(const struct lan *l, const char *name);

/** lan_free_lane() - Return: a slot behind those of configured ports, or LAN_PORTS_MAX */
size_t lan_free_lane(const struct lan *l);

/** lan_find_vlan() - @id: 0: the only one. Return: 0, or a negative errno with @err */
int lan_find_vlan(const struct lan *l, uint16_t id, struct lan_vlan **out, struct error *err);

/** lan_attached_reload() - Other ports and vlans are about to come; those that go are still there */
void lan_attached_reload(struct lan *l, const struct config *config);

/** lan_lanes_drop() - @p is about to be closed, and frees what they were for */
void lan_lanes_drop(const struct lan_port *p);

/** lan_carrier_follow() - Tell ports whether somebody else is on their vlan
 * @ticks:	passed since the last time */
void lan_carrier_follow(struct lan *l, uint32_t ticks);

/** lan_log_warnings() - Those that were not there the last time */
void lan_log_warnings(struct lan *l);

/* struct lan_namer - how sentences call a peer; both may be NULL */
struct lan_namer {
	const char *(*name_of)(void *context, int peer);
	void *context;
};

enum {
	LAN_PLACE_BYTES = LAN_PORT_NAME_BYTES + 8 /* "port " or "peer " and a name */
};

/** lan_name_place() - A member in a sentence */
void lan_name_place(const struct lan *l, int member, const struct lan_namer *n,
		    char out[LAN_PLACE_BYTES]);

/* ---- lan_dump.c ---- */

/**
 * lan_dump() - Show a frame to those who watch, once, where it entered
 * @vlan:	NULL: none that we know, nothing is shown
 * @from:	member, or SWITCH_NOBODY
 * @v:		what became of it
 *
 * Only while l->dump is set: ask before, so that it costs nothing else.
 */
void lan_dump(struct lan *l, const struct lan_vlan *vlan, int from, const struct switch_verdict *v,
	      const struct port_frame *f);

/* ---- lan_guard.c ---- */

/** lan_guard_stopped() - A frame of @peer was dropped for @reason; looked at if a guard did it */
void lan_guard_stopped(struct lan *l, int peer, enum drop reason);

/** lan_guard_warnings() - What was stopped lately, with the command that lets it pass. Return: how many,
 * at most @max */
size_t lan_guard_warnings(const struct lan *l, const struct lan_namer *n, struct warning *out,
			  size_t max);

/** lan_guard_twins() - Warnings of IP addresses and DHCP clients with two MACs. Return: likewise */
size_t lan_guard_twins(const struct lan *l, const struct lan_namer *n, struct warning *out,
		       size_t max);

/** lan_guard_log() - A line for each peer and kind of which something was stopped, once a minute */
void lan_guard_log(struct lan *l);

/* ---- lan_mss.c ---- */

/* struct lan_crossing - which path a frame crosses; @peer -1: those of all peers on the vlan */
struct lan_crossing {
	const struct lan_vlan *vlan;
	int peer;
};

/** lan_clamp_mss() - A SYN whose segments would not fit a datagram of that path gets a lower MSS. Return:
 * @f as it was, or a copy that is valid until the next call */
struct port_frame lan_clamp_mss(struct lan *l, const struct lan_crossing *c,
				const struct port_frame *f);

/* ---- lan_nested.c ---- */

/** lan_is_nested() - Is it a datagram between us and a peer? Ten in a second: its path is refused. @member: where
 * it came in, or SWITCH_NOBODY */
bool lan_is_nested(struct lan *l, int member, const struct port_frame *f);

/** lan_check_nested() - Return: DROP_TUNNEL_IN_TUNNEL for a datagram of the peer's to us in a frame that it
 * sent, else DROP_NONE */
enum drop lan_check_nested(struct lan *l, const struct frame_in *in);

/** lan_nested_warnings() - An address that leads into the tunnel itself. Return: how many, at most @max */
size_t lan_nested_warnings(const struct lan *l, const struct lan_namer *n, struct warning *out,
			   size_t max);

/* ---- lan_offload.c ---- */

/* struct lan_pieces - a frame as machines get it: finished, and cut */
struct lan_pieces {
	struct lan *lan;
	struct port_frame frame;
	struct cutter cutter;
};

/** lan_pieces_of() - One without an offload is its own only piece. One at a time */
struct lan_pieces lan_pieces_of(struct lan *l, const struct port_frame *f);

/** lan_pieces_next() - @out: valid until the next call. Return: false after the last */
bool lan_pieces_next(struct lan_pieces *p, struct port_frame *out);

/** lan_take_unfinished() - A peer's frame with an unfinished checksum. Return: DROP_NONE, or DROP_NO_CHECKSUM if
 * it has none */
enum drop lan_take_unfinished(struct lan *l, const struct lan_vlan *vlan,
			      const struct frame_in *in);

/** lan_merge_end() - What was put together of a peer's frames enters the switch now */
void lan_merge_end(struct lan *l);

/** lan_merge_reassembled() - A frame that the engine put together was taken: not many more, and it writes over
 * the first of them */
void lan_merge_reassembled(struct lan *l);

/** lan_note_bulk() - The batch is over: yield, or no more, as its frames of machines without offload tell. Each costs
 * about as much as the wake-up that brings it */
void lan_note_bulk(struct lan *l);

/** lan_enter() - A peer's frame, or all that were put together behind @in, which vlan and rate let pass */
void lan_enter(struct lan *l, const struct lan_vlan *vlan, const struct frame_in *in,
	       const struct port_frame *f);

/* ---- lan_segments.c ---- */

/** lan_segments_open() - Return: 0 or -ENOMEM */
int lan_segments_open(struct lan *l);

/** lan_segments_run() - Conclusions, beacons, reports; sets the timer for the next time */
void lan_segments_run(struct lan *l);

/** lan_segments_open_port(), lan_segments_close_port() - After it joined; before it goes */
void lan_segments_open_port(struct lan_port *p);
void lan_segments_close_port(struct lan_port *p);

void lan_segments_peer_down(struct lan *l, int peer);

/** lan_segments_take() - A report or an answer */
void lan_segments_take(struct lan *l, const struct frame_in *in);

/* See struct port_events; @context is the struct lan_port */
void lan_on_beacon(void *context, const struct port_beacon *heard);
void lan_on_alive(void *context, uint32_t interface, const struct mac *sender);
void lan_on_attached(void *context);

/** lan_segments_learn() - A machine, perhaps of another host that @p does not serve, sent this */
void lan_segments_learn(struct lan_port *p, const uint8_t *frame, size_t len, uint32_t interface);

/** lan_segments_heard_at() - Number of the attachment where a frame's destination was last heard, or -1 */
int lan_segments_heard_at(struct lan *l, const struct lan_vlan *vlan, const uint8_t *frame);

/** lan_segments_is_near() - Is the frame's destination heard on the segment where it came in? @owner: the
 * member behind which the switch has it, or none; a peer that does not hear us there is asked still */
bool lan_segments_is_near(const struct lan_port *p, const uint8_t *frame, uint32_t interface,
			  int owner);

/** lan_segments_state() - Of a port, its own or that of its segments */
enum port_state lan_segments_state(const struct lan *l, const struct lan_port *p, char *detail,
				   size_t size);

/** lan_segments_warnings() - Ports that are blocked. Return: how many, at most @max */
size_t lan_segments_warnings(const struct lan *l, struct warning *out, size_t max);

/** lan_segments_log() - What changed */
void lan_segments_log(struct lan *l);
/* ---- lan_flood.c ---- */

/** lan_flood_tick() - Look at the counters: a line for each member and limit exceeded, once a minute */
void lan_flood_tick(struct lan *l);

/** lan_flood_warnings() - Limits exceeded lately, each with the member's name. Return: how many, at most
 * @max */
size_t lan_flood_warnings(const struct lan *l, const struct lan_namer *n, struct warning *out,
			  size_t max);

#endif
