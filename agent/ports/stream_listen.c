/*
 * stream_listen.c - a port to which machines connect, each with a lane
 *
 * Layer: agent (ports). See stream.h. QEMU as the client: `-netdev stream` and `-netdev socket,connect=`.
 *
 * Its own network and unix sockets differ in how they are bound, and in nothing else.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream.h"

enum {
	BACKLOG = 64,      /* machines that start at once */
	ACCEPT_BATCH = 16, /* connections a wake-up */
};

/* ---- lanes ---- */

static struct stream_lane *lane_over(const struct port *p)
{
	return (struct stream_lane *)(uintptr_t)p;
}

static void lane_send(struct port *p, const uint8_t *frame, size_t len)
{
	stream_conn_send(&lane_over(p)->conn, frame, len);
}

static void lane_flush(struct port *p)
{
	stream_conn_flush(&lane_over(p)->conn);
}

static enum port_state lane_state(const struct port *p, char *detail, size_t size)
{
	(void)p;
	(void)size;
	detail[0] = '\0';
	return PORT_FORWARDING;
}

static const struct port_ops LANE_OPS = {
	.send = lane_send, .flush = lane_flush, .state = lane_state};

/* The connection ended; what was read badly is counted where the user still sees it. */
static void on_end(void *context)
{
	struct stream_lane *lane = context, **at = &lane->stream->listener.lanes;

	while (*at != lane)
		at = &(*at)->next;
	*at = lane->next;
	lane->stream->port.drops[DROP_BAD_FRAMING] += lane->port.drops[DROP_BAD_FRAMING];
	lane->port.events.on_lane_close(lane->port.events.context);
	stream_conn_close(&lane->conn);
	free(lane);
}

/* Consumes @fd. */
static void admit(struct stream *s, int fd)
{
	struct stream_lane *lane = calloc(1, sizeof(*lane));
	const struct stream_use use = {s->use.loop, s->use.area, on_end};

	if (!lane) {
		close(fd);
		return;
	}
	lane->stream = s;
	lane->port.ops = &LANE_OPS;
	if (stream_conn_open(&lane->conn, fd, &use, &lane->port, lane) < 0) {
		free(lane);
		return;
	}
	if (s->port.events.on_lane_open(s->port.events.context, &lane->port, NULL) < 0) {
		stream_conn_close(&lane->conn);
		free(lane);
		return;
	}
	lane->next = s->listener.lanes;
	s->listener.lanes = lane;
}

/* Waiting for a descriptor would wake us without end: the next tick tries again. */
static void pause_listening(struct stream *s)
{
	plug_unwatch(s->listener.poll);
	s->listener.poll = NULL;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	struct stream *s = poll->data;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int fd = accept4(s->listener.socket.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			admit(s, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_listening(s);
		else if (status < 0)
			uv_poll_start(poll, UV_READABLE, on_connection);
		break;
	}
}

/* ---- life ---- */

static int bind_addr(int fd, const struct addr *at)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(at, false, &ss);
	int on = 1;

	/* Connections of the agent before us that are just ending are in nobody's way. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!addr_is_ipv4(at))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&ss, len);
}

static int say_addr(const struct endpoint *at, int code, struct error *why)
{
	char text[ENDPOINT_TEXT_BYTES];

	endpoint_format(at, text);
	if (code == -EADDRINUSE)
		return error_set(
			why, code,
			"another program listens at %s: stop it (`ss -tlnp` names it), or use "
			"another `listen`",
			text);
	if (code == -EADDRNOTAVAIL)
		return error_set(
			why, code,
			"this host does not have the address of %s; it is used as soon as it "
			"does (`ip addr` lists them)",
			text);
	return error_set(why, code, "cannot listen at %s: %s", text, strerror(-code));
}

static int open_addr(struct stream_listener *l, const struct endpoint *at)
{
	int family = addr_is_ipv4(&at->addr) ? AF_INET : AF_INET6, code;

	l->socket = (struct unix_socket){
		.fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
	if (l->socket.fd >= 0 && bind_addr(l->socket.fd, &at->addr) == 0)
		return 0;
	code = say_addr(at, -errno, &l->why);
	unix_socket_close(&l->socket, at);
	return code;
}

void stream_listen_start(struct stream *s)
{
	struct stream_listener *l = &s->listener;
	const struct plug_config *plug = &s->config.plug;
	int code;

	l->why.text[0] = '\0';
	if (endpoint_is_unix(&plug->local))
		code = unix_socket_open(&l->socket, SOCK_STREAM, plug, &l->why);
	else
		code = open_addr(l, &plug->local);
	if (code < 0)
		return;
	if (listen(l->socket.fd, BACKLOG) < 0) {
		say_addr(&plug->local, -errno, &l->why);
		unix_socket_close(&l->socket, &plug->local);
		return;
	}
	l->poll = plug_watch(s->use.loop, l->socket.fd, on_connection, s);
}

/* Machines that are connected stay so. */
static void close_listener(struct stream *s)
{
	pause_listening(s);
	unix_socket_close(&s->listener.socket, &s->config.plug.local);
}

void stream_listen_tick(struct stream *s)
{
	struct stream_listener *l = &s->listener;

	if (l->socket.fd >= 0 && !unix_socket_is_found(&l->socket, &s->config.plug.local))
		close_listener(s);
	if (l->socket.fd < 0)
		stream_listen_start(s);
	else if (!l->poll)
		l->poll = plug_watch(s->use.loop, l->socket.fd, on_connection, s);
}

void stream_listen_stop(struct stream *s)
{
	close_listener(s);
	while (s->listener.lanes) {
		struct stream_lane *lane = s->listener.lanes;

		s->listener.lanes = lane->next;
		stream_conn_close(&lane->conn);
		free(lane);
	}
}
