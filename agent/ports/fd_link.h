/*
 * fd_link.h - a machine at the other end of a descriptor that somebody handed over
 *
 * Layer: agent (ports), private. Shared by the port type fd and the machines of `longwire run`.
 *
 * How it works. A connected unix socket: SOCK_DGRAM and SOCK_SEQPACKET carry a frame in each message,
 * SOCK_STREAM as a port of type stream does. What comes is always read; what the machine does not read in
 * time is dropped. It ends when the other end is closed: a stream or SEQPACKET says so at once, a DGRAM
 * pair with the first frame that is sent after it. Others may hold the same descriptor, and may change its
 * flags or shut it down at any time, so nothing here relies on these: every call says MSG_DONTWAIT.
 */
#ifndef AGENT_PORTS_FD_LINK_H
#define AGENT_PORTS_FD_LINK_H

#include "queue.h"
#include "stream_conn.h"

/**
 * struct fd_link - zeroed, then fd_link_open()
 * @conn:	of a stream; else unused
 * @poll, @queue: of the others
 * @ending:	it ended in send() or flush(); the loop is about to say so
 */
struct fd_link {
	struct port *port;
	struct stream_use use;
	void *context;
	int fd;
	bool has_records; /* SEQPACKET: an empty message is its end */
	struct stream_conn conn;
	uv_poll_t *poll;
	struct queue queue;
	uv_timer_t *ending;
};

/** fd_link_check() - Is it something that a machine can be behind? Return: 0, or a negative errno with a
 * sentence that goes on after the descriptor's name: "listens; ..." */
int fd_link_check(int fd, struct error *why);

/** fd_link_check_foreign() - Likewise, after it, from whom we must not lend our rights to: what we send carries
 * our user id, and who holds a SOCK_DGRAM can connect it to any service at any time */
int fd_link_check_foreign(int fd, struct error *why);

/**
 * fd_link_open() - Take over a descriptor that was checked
 * @use:	its on_end() is called with @context, from the loop; there it is closed
 * @port:	counts, and hears; borrowed until it is closed
 *
 * Return: 0; -ENOMEM, with @fd closed
 */
int fd_link_open(struct fd_link *l, int fd, const struct stream_use *use, struct port *port,
		 void *context);

/** fd_link_is_open() */
bool fd_link_is_open(const struct fd_link *l);

/** fd_link_close() - Harmless on one that is not open */
void fd_link_close(struct fd_link *l);

/** fd_link_send(), fd_link_flush() - As port_ops has them; it is open */
void fd_link_send(struct fd_link *l, const uint8_t *frame, size_t len);
void fd_link_flush(struct fd_link *l);

#endif
