/*
 * fd_link.c - see fd_link.h
 */
#include "fd_link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/attributes.h"
#include "dgram_socket.h"

/* ---- what it is ---- */

/* Return: a socket option's value, or -1. */
static int option_of(int fd, int option)
{
	int value;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

/* Return: length of the address of the other end, 0 where it has no name; or a negative errno. */
static int peer_name_len(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		return -errno;
	return len > sizeof(sa_family_t) ? (int)len : 0;
}

static int refuse_named(struct error *why)
{
	return error_set(why, -EINVAL,
			 "is connected to a socket that has a name: hand over one end of a "
			 "socketpair");
}

int fd_link_check_foreign(int fd, struct error *why)
{
	if (option_of(fd, SO_TYPE) == SOCK_DGRAM)
		return error_set(
			why, -EPERM,
			"is a SOCK_DGRAM, which can be connected elsewhere later: only the agent's "
			"own user and root may hand that over. Use SOCK_SEQPACKET, as 'longwire "
			"run' does with QEMU 7.2 or later");
	return peer_name_len(fd) != 0 ? refuse_named(why) : 0;
}

int fd_link_check(int fd, struct error *why)
{
	if (option_of(fd, SO_DOMAIN) != AF_UNIX)
		return error_set(why, -ENOTSOCK,
				 "is no unix socket: hand over one end of a socketpair");
	if (option_of(fd, SO_ACCEPTCONN) == 1)
		return error_set(why, -EINVAL,
				 "listens for connections, and has no other end: hand over one end "
				 "of a socketpair, or use a port of type stream with `listen`");
	if (peer_name_len(fd) < 0)
		return error_set(
			why, -ENOTCONN,
			"is not connected: its other end was closed, or there never was one");
	if (option_of(fd, SO_TYPE) == SOCK_DGRAM && peer_name_len(fd) != 0)
		return refuse_named(why); /* hardly what was meant */
	return 0;
}

/* ---- frames in ---- */

/* Somebody who has the descriptor, too, may have shut it down: it is readable for ever then. */
static bool is_shut_down(int fd)
{
	struct pollfd now = {.fd = fd, .events = POLLRDHUP};

	return poll(&now, 1, 0) > 0 && now.revents & POLLRDHUP;
}

/* Return: false at the end of the connection. */
static bool read_batch(struct fd_link *l)
{
	UNINITIALIZED struct dgram_received batch[UDP_BATCH];
	int count = dgram_receive(l->fd, l->use.area, false, batch);

	for (int i = 0; i < count; i++) {
		const struct port_frame f = {.bytes = batch[i].bytes, .len = batch[i].len};

		if (l->has_records && f.len == 0) {
			count = -EPIPE;
			break;
		}
		plug_hear_datagram(l->port, &f, batch[i].is_cut);
	}
	if (count == 0)
		return !is_shut_down(l->fd);
	l->port->events.on_batch_end(l->port->events.context);
	return count > 0;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct fd_link *l = poll->data;

	(void)events;
	if (!read_batch(l))
		l->use.on_end(l->context);
	else if (status < 0) /* libuv stops watching a socket in error; the read cleared it */
		uv_poll_start(poll, UV_READABLE, on_readable);
}

/* ---- frames out ---- */

static void on_ending(uv_timer_t *timer)
{
	struct fd_link *l = timer->data;

	l->use.on_end(l->context);
}

/* Within send() and flush() nobody may be told. */
static void end_soon(struct fd_link *l)
{
	if (!l->ending)
		l->ending = plug_soon(l->use.loop, on_ending, l);
}

static bool is_lost(int error)
{
	return error == ECONNREFUSED || error == ENOTCONN || error == EPIPE || error == ECONNRESET;
}

/* Return: how many are done with, when the frame at @at met @error. A full queue is full for those behind it,
 * too. */
static size_t give_up(struct fd_link *l, size_t at, int error)
{
	size_t rest = l->queue.count - at;

	if (is_lost(error)) {
		l->port->drops[DROP_PORT_DOWN] += rest;
		end_soon(l);
	} else if (error == EAGAIN || error == ENOBUFS) {
		l->port->drops[DROP_PORT_FULL] += rest;
	} else {
		l->port->drops[DROP_PORT_SEND]++;
		return at + 1;
	}
	return l->queue.count;
}

static void flush_datagrams(struct fd_link *l)
{
	for (size_t done = 0; done < l->queue.count;) {
		int sent = dgram_send(l->fd, &l->queue, done, NULL);

		for (int i = 0; i < sent; i++)
			plug_count_sent(l->port, l->queue.lengths[done + (size_t)i]);
		done = sent < 0 ? give_up(l, done, -sent) : done + (size_t)sent;
	}
	queue_clear(&l->queue);
}

void fd_link_flush(struct fd_link *l)
{
	if (l->conn.poll)
		stream_conn_flush(&l->conn);
	else
		flush_datagrams(l);
}

void fd_link_send(struct fd_link *l, const uint8_t *frame, size_t len)
{
	assert(len >= ETHER_HEADER_BYTES && len <= FRAME_MAX_BYTES);
	if (l->conn.poll) {
		stream_conn_send(&l->conn, frame, len);
		return;
	}
	if (!queue_takes(&l->queue, len))
		flush_datagrams(l);
	queue_add(&l->queue, frame, len);
}

/* ---- life ---- */

static int open_datagrams(struct fd_link *l)
{
	udp_enlarge(l->fd);
	if (queue_init(&l->queue))
		l->poll = plug_watch(l->use.loop, l->fd, on_readable, l);
	if (l->poll)
		return 0;
	fd_link_close(l);
	return -ENOMEM;
}

int fd_link_open(struct fd_link *l, int fd, const struct stream_use *use, struct port *port,
		 void *context)
{
	int type = option_of(fd, SO_TYPE), code;

	*l = (struct fd_link){.port = port,
			      .use = *use,
			      .context = context,
			      .fd = fd,
			      .has_records = type == SOCK_SEQPACKET};
	if (type != SOCK_STREAM)
		return open_datagrams(l);
	code = stream_conn_open(&l->conn, fd, use, port, context);
	if (code < 0)
		*l = (struct fd_link){.fd = -1};
	return code;
}

bool fd_link_is_open(const struct fd_link *l)
{
	return l->conn.poll || l->poll;
}

void fd_link_close(struct fd_link *l)
{
	plug_not_soon(l->ending);
	if (l->conn.poll)
		stream_conn_close(&l->conn);
	else if (l->port) {
		plug_unwatch(l->poll);
		close(l->fd);
		queue_fini(&l->queue);
	}
	*l = (struct fd_link){.fd = -1};
}
