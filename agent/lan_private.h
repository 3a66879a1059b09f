/*
 * lan_private.h - the parts of the data path
 *
 * Layer: agent, private to lan*.c.
 *
 *	lan.c		life: vlans, ports, members
 *	lan_data.c	frames
 *	lan_status.c	what status and log say of it
 *
 * A member of a switch is a port, numbered by its slot, or a peer, numbered by the engine from
 * LAN_PEER_BASE on.
 */
#ifndef AGENT_LAN_PRIVATE_H
#define AGENT_LAN_PRIVATE_H

#include "agent/clock.h"
#include "agent/lan.h"
#include "agent/switch.h"
#include "common/keyed_hash.h"
#include "ports/port.h"
#include "udp.h"

enum {
	LAN_PEER_BASE = CONFIG_PORTS_MAX,
	LAN_PEERS_MAX = 4096, /* engine_config.peers_max */
	LAN_MEMBERS_MAX = LAN_PEER_BASE + LAN_PEERS_MAX,
	LAN_VLAN_SLOTS = VLAN_ID_MAX + 1,
	LAN_WARNINGS_LOGGED = 16, /* remembered, so that each is logged once */
};
_Static_assert((unsigned)BROADCAST_OFF == (unsigned)SWITCH_UNLIMITED, "one word for no limit");
_Static_assert((int)CONFIG_VLANS_MAX < UINT8_MAX, "vlan_at holds a slot in a byte");

struct lan_vlan {
	struct vlan_config config;
	struct vswitch *sw;
};

struct lan_port {
	struct lan *lan;
	struct port_config config;
	struct lan_vlan *vlan;
	struct port *port;
	int member;
};

/* What lan_peer_set() said of a peer: applied again to vlans that come later. */
struct lan_peer {
	bool is_set;
	struct lan_limits limits;
	uint16_t vlans[PEER_VLANS_MAX];
	size_t vlan_count;
};

struct lan {
	uv_loop_t *loop;
	struct engine *engine;
	struct tunnel *tunnel;
	uv_timer_t timer;
	uint64_t now_ns; /* of the current batch; 0 between batches */
	uint32_t max_frame;
	struct udp_area area;
	struct mcast *hubs;
	struct hash_key key;

	struct lan_vlan *vlans[CONFIG_VLANS_MAX]; /* NULL: a free slot */
	uint8_t vlan_at[LAN_VLAN_SLOTS];          /* by id: 1 + slot, or 0 */
	struct lan_port *ports[CONFIG_PORTS_MAX]; /* NULL: a free slot */
	struct lan_peer *peers;                   /* by number */
	size_t peers_capacity;

	const char *(*name_of)(void *context, int peer);
	void *name_context;
	uint64_t logged[LAN_WARNINGS_LOGGED]; /* hashes of the warnings that are known */
};

/** lan_vlan_by_id() - Return: the vlan, or NULL */
static inline struct lan_vlan *lan_vlan_by_id(const struct lan *l, uint16_t id)
{
	uint8_t slot = id < LAN_VLAN_SLOTS ? l->vlan_at[id] : 0;

	return slot ? l->vlans[slot - 1] : NULL;
}

/** lan_now_ns() - The clock, read once a batch */
static inline uint64_t lan_now_ns(struct lan *l)
{
	if (l->now_ns == 0)
		l->now_ns = clock_now_ns();
	return l->now_ns;
}

/** lan_port_events() - What @p's port reports, into the data path */
struct port_events lan_port_events(struct lan_port *p);

/** lan_log_warnings() - Those that were not there the last time */
void lan_log_warnings(struct lan *l);

#endif
