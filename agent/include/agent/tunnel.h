/*
 * tunnel.h - the UDP sockets that carry datagrams between agents
 *
 * Layer: agent. Knows datagrams and addresses, nothing of what is inside.
 *
 * One IPv4 and one IPv6 socket on the same port, non-blocking, polled by libuv; reads are recvmmsg,
 * writes sendmmsg (libuv's own UDP calls can do neither, and one failed send there fails every
 * datagram queued behind it), of runs of equal datagrams as one where that goes (udp.h). What comes in says which of our addresses it was sent to, and what goes out
 * may say from which it is to be sent: a host with several answers from the one that was spoken to. A host
 * without IPv6 (or IPv4) runs on the other alone.
 */
#ifndef AGENT_TUNNEL_H
#define AGENT_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/addr.h"
#include "common/error.h"
#include "proto/engine.h"

struct tunnel;

/**
 * struct tunnel_events - what the tunnel reports
 * @on_datagram:	one received datagram, those of sessions before the others of a batch; @bytes may
 *			be changed, and are the tunnel's again after on_batch_end()
 * @on_truncated:	a datagram longer than the buffer was dropped
 * @on_batch_end:	the socket was read empty or a batch is full: flush now
 * @on_refused:		the kernel took a datagram not at all, for @error (positive errno)
 * @on_icmp:		an ICMP message came back about a datagram for @peer (ECONNREFUSED: nobody listens
 *			there), which a stranger can forge: good for a sentence, for nothing else
 */
struct tunnel_events {
	void (*on_datagram)(void *context, const struct route *route, uint8_t *bytes, size_t len);
	void (*on_truncated)(void *context);
	void (*on_batch_end)(void *context);
	void (*on_refused)(void *context, const struct datagram *d, int error);
	void (*on_icmp)(void *context, int peer, int error);
	void *context;
};

/**
 * tunnel_open() - Bind @port on all addresses of both families
 *
 * Return: 0; a negative errno with @err (a port in use says so, and who should change what)
 */
int tunnel_open(struct tunnel **out, uv_loop_t *loop, uint16_t port,
		const struct tunnel_events *events, struct error *err);

/**
 * tunnel_use_offload() - Let the kernel cut up, and put together, runs of equal datagrams, where it can
 *
 * Off in a new tunnel. What is on its way in when it is switched off may be lost.
 */
void tunnel_use_offload(struct tunnel *t, bool on);

/**
 * tunnel_send() - Send all; what the kernel refuses is reported and dropped, the rest goes on
 *
 * In order, of those of one class that go to one address from one peer.
 */
void tunnel_send(struct tunnel *t, const struct datagram *datagrams, size_t count);

/** tunnel_bound() - Local addresses for status. Return: how many, at most 2 */
size_t tunnel_bound(const struct tunnel *t, struct addr out[2]);

/** tunnel_lost() - Datagrams that came faster than they were read, and that the kernel dropped */
uint64_t tunnel_lost(const struct tunnel *t);

/** tunnel_close() - Frees @t once libuv has let go of the handles */
void tunnel_close(struct tunnel *t);

#endif
