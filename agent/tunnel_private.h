/*
 * tunnel_private.h - the parts of the tunnel
 *
 * Layer: agent, private to tunnel*.c.
 *
 *	tunnel.c	sockets and their life
 *	tunnel_in.c	what comes in
 *	tunnel_out.c	what goes out
 *	tunnel_groups.c	what goes out by where it goes
 */
#ifndef AGENT_TUNNEL_PRIVATE_H
#define AGENT_TUNNEL_PRIVATE_H

#include "agent/tunnel.h"
#include "flow_order.h"
#include "tunnel_groups.h"
#include "udp.h"

enum {
	FAMILIES = 2,   /* IPv4 and IPv6, in this order */
	SENT_SETS = 64, /* so many busy peers do not make us forget one of them */
	SENT_MAX = 16,  /* addresses of each: its own, and those where it is looked for */
	NOBODY_LATELY = -2,
	LATE_MAX = 1024, /* so many of strangers wait behind those of sessions */
	PAUSE_MS =
		3, /* after which one message is read and handed over, before others are looked for */
};

struct half {
	struct tunnel *tunnel;
	int fd; /* or -1 */
	struct udp_sender sender;
	uv_poll_t poll;
};

/* To whom a datagram was sent. @order: later is more; 0: nothing is here */
struct sent {
	struct addr to;
	int peer;
	uint64_t order;
};

/* What was sent to peers of one remainder. @next: where the next new one goes */
struct sent_set {
	struct sent list[SENT_MAX];
	size_t next;
};

/* One that is handed over after those of sessions. @message: of what udp_receiver_read() gave, it is part */
struct late {
	uint8_t *bytes;
	uint32_t len;
	uint32_t message;
};

/* What goes to one of the sockets, by group. @to: of each group, at its first datagram's place */
struct sending {
	struct tunnel_groups groups;
	size_t count;
	struct udp_to_send list[TUNNEL_GROUP_DATAGRAMS];
	const struct datagram *datagrams[TUNNEL_GROUP_DATAGRAMS];
	struct sockaddr_storage to[TUNNEL_GROUP_DATAGRAMS];
};

struct tunnel {
	struct half halves[FAMILIES];
	struct tunnel_events events;
	struct udp_receiver *receiver;
	uint64_t read_ms; /* when, as the loop has the time */
	struct late late[LATE_MAX];
	size_t late_count;
	uint16_t port;
	int handles;                     /* not yet let go by libuv */
	struct sent_set sent[SENT_SETS]; /* to say for whom an ICMP error is */
	uint64_t sent_order;
	struct sending sending;
	struct flow_frame messages[UDP_BATCH]; /* what was read at once */
	struct flow_order order;
};

/* tunnel_in_readable() - A socket has something to read */
void tunnel_in_readable(uv_poll_t *poll, int status, int events);

/* tunnel_out_sent_to() - Which peer the last datagram to there was for, or NOBODY_LATELY */
int tunnel_out_sent_to(const struct tunnel *t, const struct addr *to);

#endif
