/*
 * mcast.h - the parts of a hub port
 *
 * Layer: agent (ports), private to mcast*.c.
 *
 *	mcast.c		life of the port, frames in and out
 *	mcast_members.c	on which interfaces it is a member of the group, beacons, self-test
 *	mcast_status.c	its state in words, and warnings
 */
#ifndef AGENT_PORTS_MCAST_H
#define AGENT_PORTS_MCAST_H

#include "hub.h"
#include "interfaces.h"
#include "port.h"
#include "selftest.h"

enum {
	MCAST_MEMBERSHIPS_MAX = BEACON_INTERFACES_MAX, /* Linux allows 20 a socket */
	MCAST_QUEUE_BYTES = 128 * 1024,                /* of frames to send between two flushes */
	MCAST_CLEAR_SHOWN_S = 60, /* a machine that sends in clear is warned of for so long */
};
_Static_assert((int)MCAST_QUEUE_BYTES >= (int)FRAME_MAX_BYTES, "the longest frame must fit");
_Static_assert((int)SELFTEST_INTERFACES_MAX >= (int)MCAST_MEMBERSHIPS_MAX, "all can be tested");

/**
 * struct membership - an interface on which we have joined the group
 * @idle_ticks:	for so long nobody else was a member there
 * @others:	members there that are no agents, when last counted
 * @clear_ns:	when a machine of this host was last heard there; 0: never
 */
struct membership {
	uint32_t interface;
	uint32_t idle_ticks;
	uint32_t others;
	uint64_t clear_ns;
};

struct mcast {
	struct port port;
	struct port_config config;
	uv_loop_t *loop;
	const struct udp_area *area;
	struct mcast **hubs; /* the owner's list, in which @next is */
	struct mcast *next;

	int receiver, sender; /* or -1 */
	int start_error;      /* negative errno: why they are not open */
	int send_error; /* positive errno of the last refused frame since the last tick; or 0 */
	uv_poll_t poll;

	struct interfaces interfaces;
	struct hub hub;
	struct selftest selftest;
	size_t membership_count;
	struct membership memberships[MCAST_MEMBERSHIPS_MAX];
	uint32_t serving; /* index of the interface where we inject; 0: none */
	uint64_t ticks;
	uint8_t beacon_id[BEACON_ID_BYTES];
	struct mac beacon_source;
	uint64_t loopback_ns; /* MCAST_NAMED: when a machine was last heard on loopback; or 0 */

	size_t queued, queued_bytes;
	size_t lengths[UDP_BATCH];
	uint8_t *queue; /* frames, one after the other */
};

/** mcast_follow() - Read the interfaces again if @reread; join and leave as they and the machines want */
void mcast_follow(struct mcast *m, bool reread);

/** mcast_refresh() - Leave and join on the LAN: hardware snooping forgets who says nothing for long */
void mcast_refresh(struct mcast *m);

/** mcast_membership() - Return: the membership on that interface, or NULL */
struct membership *mcast_membership(struct mcast *m, uint32_t interface);

/** mcast_beacon() - Say on every joined interface that we are an agent */
void mcast_beacon(struct mcast *m);

/** mcast_test() - Send ourselves a frame on every interface that we serve */
void mcast_test(struct mcast *m, uint64_t now_ns);

/** mcast_state(), mcast_warnings() - See struct port_ops */
enum port_state mcast_state(const struct port *p, char *detail, size_t size);
size_t mcast_warnings(const struct port *p, uint64_t now_ns, struct warning *out, size_t max);

#endif
