/*
 * stream_conn.h - one connection of frames in a stream of bytes
 *
 * Layer: agent (ports), private to stream*.c.
 *
 * How it works. What comes is always read, whatever becomes of it: QEMU as a listener freezes its whole
 * machine on a peer that does not read. What goes out waits here in bounded room; where there is none,
 * whole frames are dropped, and the rest of a begun one is kept. The connection ends where it is read:
 * at its end, in error, or at a length that no frame has. send() and flush() never end it.
 */
#ifndef AGENT_PORTS_STREAM_CONN_H
#define AGENT_PORTS_STREAM_CONN_H

#include "framing.h"
#include "plug.h"

/**
 * struct stream_conn - zeroed, then stream_conn_open()
 * @port:	counts, and hears; borrowed
 * @poll:	NULL while it is not open
 * @is_waiting:	libuv tells when the kernel takes more
 * @on_end:	it ended: called from the loop, closes it
 */
struct stream_conn {
	struct port *port;
	const struct udp_area *area;
	uv_poll_t *poll;
	int fd;
	bool is_waiting;
	struct framing_in in;
	struct framing_out out;
	void (*on_end)(void *context);
	void *context;
};

/** struct stream_use - what all connections of a port have in common */
struct stream_use {
	uv_loop_t *loop;
	const struct udp_area *area;
	void (*on_end)(void *context);
};

/**
 * stream_conn_open() - Take over a connected socket that does not block
 * @port:	borrowed until it is closed
 * @context:	for on_end()
 *
 * Return: 0; -ENOMEM, with @fd closed
 */
int stream_conn_open(struct stream_conn *c, int fd, const struct stream_use *use, struct port *port,
		     void *context);

/** stream_conn_close() - Harmless on one that is not open */
void stream_conn_close(struct stream_conn *c);

/** stream_conn_send(), stream_conn_flush() - As port_ops has them */
void stream_conn_send(struct stream_conn *c, const uint8_t *frame, size_t len);
void stream_conn_flush(struct stream_conn *c);

#endif
