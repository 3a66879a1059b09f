/*
 * mcast.h - the parts of a hub port
 *
 * Layer: agent (ports), private to mcast*.c.
 *
 *	mcast.c		life of the port, frames in
 *	mcast_out.c	frames, beacons and self-tests out
 *	mcast_attach.c	by which interfaces it hears its group
 *	mcast_hold.c	what this host sends by its default route is heard, too
 *	mcast_status.c	its state in words, and warnings
 */
#ifndef AGENT_PORTS_MCAST_H
#define AGENT_PORTS_MCAST_H

#include "../flow_order.h"
#include "backlog.h"
#include "egress.h"
#include "hub.h"
#include "interfaces.h"
#include "pacing.h"
#include "port.h"
#include "selftest.h"

enum {
	MCAST_QUEUE_BYTES = 128 * 1024, /* of frames to other hosts between two flushes */
};
_Static_assert((int)MCAST_QUEUE_BYTES >= (int)FRAME_MAX_BYTES, "the longest frame must fit");
_Static_assert((int)FLOW_BATCH_MAX == (int)UDP_BATCH, "what is read at once is a batch");
_Static_assert((int)FLOW_WHOLE == (int)UDP_FULL, "in the same parts");
_Static_assert((int)SELFTEST_INTERFACES_MAX >= (int)PORT_ATTACHMENTS_MAX, "all can be tested");

/**
 * struct mcast_attachment - an interface by which we hear the group
 * @has_members: somebody hears all of the group there; when last looked
 * @heard_ns:	when anything was last heard there; 0: never
 * @is_clear:	a machine of this host was heard there, and it is a real interface that we do not serve
 * @is_program:	it was a program that sent from a port of its own, and no machine
 */
struct mcast_attachment {
	uint32_t interface;
	bool has_members;
	bool is_clear, is_program;
	uint64_t heard_ns;
};

/**
 * struct mcast_queue - frames to other hosts
 * @bytes:	the frames, one after the other; MCAST_QUEUE_BYTES of room
 * @interfaces:	by which each is to go
 */
struct mcast_queue {
	uint8_t *bytes;
	size_t used, count;
	size_t lengths[UDP_BATCH];
	uint32_t interfaces[UDP_BATCH];
};

/** struct mcast_batch - datagrams on their way to the kernel: here, and not zeroed on the stack for each wake-up.
 * @refused: how many of them it did not take */
struct mcast_batch {
	struct mcast *m;
	struct sockaddr_storage to;
	size_t count, refused;
	struct udp_to_send list[UDP_BATCH];
};

struct mcast {
	struct port port;
	struct port_config config;
	uv_loop_t *loop;
	const struct udp_area *area;
	struct mcast **hubs; /* the owner's list, in which @next is */
	struct mcast *next;

	bool is_open;          /* open() is over: events may be reported */
	int receiver, sender;  /* or -1 */
	bool offload;          /* as the user wants it */
	struct udp_sender out; /* of @sender */
	int start_error;       /* negative errno: why they are not open */
	int send_error; /* positive errno of the last refused frame since the last tick; or 0 */
	uv_poll_t poll;

	struct interfaces interfaces;
	struct hub hub; /* MCAST_NAMED: member of the group on hub.served */
	struct selftest selftest;
	uint32_t loopback; /* index, where we are a member; or 0 */
	uint32_t serving;  /* index of the interface where we inject; 0: none */
	struct addr
		blocked; /* from where we inject on loopback, with no echo; not IPv4: as at @ignored */
	struct addr ignored; /* from where our other echoes come; not IPv4: from anywhere */
	int holder;          /* MCAST_AUTO: what keeps @held ours, or -1 */
	struct egress held;
	int hold_error; /* positive errno: why it is not held; or 0 */
	size_t attachment_count;
	struct mcast_attachment attachments[PORT_ATTACHMENTS_MAX];
	uint64_t ticks;
	struct mac beacon_source;
	uint64_t loopback_ns; /* MCAST_NAMED: when a machine was last heard on loopback; or 0 */

	uint32_t echoes; /* sent since the sockets opened, and dropped by the filter as our own */
	uint32_t lost;   /* to a full buffer since then; both wrap */

	struct backlog inject; /* where we serve */
	struct pacing pacing;
	uv_timer_t pacer;          /* runs while something waits */
	struct mcast_queue beyond; /* to other hosts only */
	struct mcast_batch batch;
	struct udp_received received[UDP_BATCH];
	struct flow_frame frames[UDP_BATCH]; /* of them */
	struct flow_order order;
	uint64_t mixed_ns;   /* when a batch was last seen that others shared with bulk; 0: never */
	unsigned full_reads; /* one after the other: for so long more came than was read */
};

/* ---- mcast_attach.c ---- */

/** mcast_follow() - Read the interfaces again if @reread; join, leave and attach as they and the members
 * want */
void mcast_follow(struct mcast *m, bool reread, uint64_t now_ns);

/** mcast_refresh() - Leave and join on the LAN: hardware snooping forgets who says nothing for long */
void mcast_refresh(struct mcast *m);

/** mcast_attachment() - Return: the attachment on that interface, or NULL */
struct mcast_attachment *mcast_attachment(struct mcast *m, uint32_t interface);

/**
 * mcast_note() - Something was heard on an interface, which makes it an attachment of a port that hears
 * what machines hear
 *
 * Return: it, or NULL where it is none
 */
struct mcast_attachment *mcast_note(struct mcast *m, uint32_t interface, uint64_t now_ns);

/** mcast_list_attachments() - See struct port_ops */
size_t mcast_list_attachments(const struct port *p, struct port_attachment *out, size_t max);

/* ---- mcast_hold.c ---- */

/** mcast_follow_route() - With MCAST_AUTO, hold the interface by which this host now sends to the group.
 * @look: at the kernel's table, too, whether it still is */
void mcast_follow_route(struct mcast *m, bool look);

/* ---- mcast_out.c ---- */

/** mcast_send(), mcast_send_beyond(), mcast_flush(), mcast_beacon() - See struct port_ops */
void mcast_send(struct port *p, const uint8_t *frame, size_t len);
void mcast_send_beyond(struct port *p, uint32_t interface, const uint8_t *frame, size_t len);
void mcast_flush(struct port *p);
void mcast_beacon(struct port *p, uint32_t interface, struct beacon *b);

/** mcast_serve() - Let what we send go where we serve: now, if there is such an interface and it is up */
void mcast_serve(struct mcast *m);

/** mcast_test() - Send ourselves a frame on every interface where we must hear it */
void mcast_test(struct mcast *m, uint64_t now_ns);

/* ---- mcast_status.c ---- */

/** mcast_state(), mcast_warnings() - See struct port_ops */
enum port_state mcast_state(const struct port *p, char *detail, size_t size);
size_t mcast_warnings(const struct port *p, uint64_t now_ns, struct warning *out, size_t max);

#endif
