/*
 * stream_connect.c - a port that connects to one machine, and again when it has to
 *
 * Layer: agent (ports). See stream.h. QEMU as the listener: `-netdev stream,server=on` and
 * `-netdev socket,listen=`; passt.
 *
 * Life: a try is made at once, and after one in vain at the next tick; then, if the machine is elsewhere
 * or hung up, after ever more ticks; one that sent something since has the first one again. A name is
 * looked up by the resolver, and asked for anew after each try in vain.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"
#include "stream.h"

enum {
	/* Where nobody listens on this host: it costs nothing, and a machine's boot ROM gives up after 15 s. */
	WAIT_TICKS_HERE = 1,
	WAIT_TICKS_MAX =
		5, /* 10 s between two tries: a person who starts a machine waits no longer */
	GIVE_UP_TICKS = 5, /* and for an answer */
};

static void fail(struct stream *s, int error)
{
	struct stream_connector *c = &s->connector;
	bool is_cheap = error != -ECONNRESET && endpoint_is_on_host(&s->config.plug.remote);
	uint32_t most = is_cheap ? WAIT_TICKS_HERE : WAIT_TICKS_MAX;

	c->error = error;
	c->tries++;
	c->wait_ticks = c->tries < most ? c->tries : most;
	if (c->lookup)
		lookup_again(c->lookup, clock_now_ns());
}

/* ---- connected ---- */

static void on_end(void *context)
{
	struct stream *s = context;
	struct stream_connector *c = &s->connector;

	stream_conn_close(&c->conn);
	if (s->port.rx_frames > c->heard_frames)
		c->tries = 0;
	fail(s, -ECONNRESET);
	s->port.events.on_gone(s->port.events.context);
}

/* Consumes @fd. */
static void connected(struct stream *s, int fd)
{
	const struct stream_use use = {s->use.loop, s->use.area, on_end};
	struct stream_connector *c = &s->connector;
	int code = stream_conn_open(&c->conn, fd, &use, &s->port, s);

	c->error = 0;
	c->heard_frames = s->port.rx_frames;
	if (code < 0)
		fail(s, code);
}

/* ---- connecting ---- */

static void stop_connecting(struct stream *s, bool keeps_fd)
{
	struct stream_connector *c = &s->connector;

	if (!c->connecting)
		return;
	plug_unwatch(c->connecting);
	c->connecting = NULL;
	if (!keeps_fd)
		close(c->fd);
}

static void on_connected(uv_poll_t *poll, int status, int events)
{
	struct stream *s = poll->data;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)status;
	(void)events;
	getsockopt(s->connector.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	stop_connecting(s, error == 0);
	if (error)
		fail(s, -error);
	else
		connected(s, s->connector.fd);
}

static void wait_for_answer(struct stream *s, int fd)
{
	struct stream_connector *c = &s->connector;

	c->connecting = plug_watch(s->use.loop, fd, on_connected, s);
	if (!c->connecting) {
		close(fd);
		fail(s, -ENOMEM);
		return;
	}
	uv_poll_start(c->connecting, UV_WRITABLE, on_connected);
	c->fd = fd;
	c->error = 0;
	c->wait_ticks = GIVE_UP_TICKS;
}

/* Return: length of the filled part; 0 when a name has no address yet. */
static socklen_t find_machine(const struct stream *s, struct sockaddr_storage *out)
{
	const struct endpoint *remote = &s->config.plug.remote;
	const struct lookup *l = s->connector.lookup;

	if (endpoint_is_unix(remote)) {
		struct sockaddr_un at;
		socklen_t len = endpoint_to_unix(remote, &at);

		memcpy(out, &at, sizeof(at));
		return len;
	}
	if (!l)
		return addr_to_sockaddr(&remote->addr, false, out);
	if (l->count == 0)
		return 0;
	return addr_to_sockaddr(&l->addrs[s->connector.tries % l->count], false, out);
}

static void try(struct stream *s)
{
	struct sockaddr_storage at = {0};
	socklen_t len = find_machine(s, &at);
	int fd;

	if (len == 0) {
		fail(s, -EHOSTUNREACH);
		return;
	}
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		fail(s, -errno);
	} else if (connect(fd, (struct sockaddr *)&at, len) == 0) {
		connected(s, fd);
	} else if (errno == EINPROGRESS) {
		wait_for_answer(s, fd);
	} else {
		fail(s, -errno);
		close(fd);
	}
}

static bool is_connected(const struct stream *s)
{
	return s->connector.conn.poll != NULL;
}

void stream_connect_now(struct stream *s)
{
	if (!is_connected(s) && !s->connector.connecting)
		try(s);
}

static void on_lookup(void *context, uint64_t now_ns)
{
	(void)now_ns;
	stream_connect_now(context);
}

/* ---- life ---- */

int stream_connect_start(struct stream *s)
{
	const struct endpoint *remote = &s->config.plug.remote;
	struct card_address where = {.port = remote->addr.port};

	s->connector.conn.fd = -1;
	if (remote->kind != ENDPOINT_NAME) {
		try(s);
		return 0;
	}
	snprintf(where.host, sizeof(where.host), "%s", remote->text);
	s->connector.lookup = lookup_new(s->use.loop, &where, on_lookup, s);
	s->connector.wait_ticks = GIVE_UP_TICKS;
	return s->connector.lookup ? 0 : -ENOMEM;
}

void stream_connect_tick(struct stream *s)
{
	struct stream_connector *c = &s->connector;

	if (is_connected(s) || (c->wait_ticks > 0 && --c->wait_ticks > 0))
		return;
	if (c->connecting) {
		stop_connecting(s, false);
		fail(s, -ETIMEDOUT);
		return;
	}
	try(s);
}

void stream_connect_stop(struct stream *s)
{
	stop_connecting(s, false);
	stream_conn_close(&s->connector.conn);
	lookup_free(s->connector.lookup);
}

/* ---- status ---- */

void stream_connect_say(const struct stream *s, char *detail, size_t size)
{
	const struct stream_connector *c = &s->connector;
	char to[ENDPOINT_TEXT_BYTES];

	detail[0] = '\0';
	if (is_connected(s))
		return;
	endpoint_format(&s->config.plug.remote, to);
	if (c->lookup && c->lookup->count == 0)
		snprintf(detail, size, "cannot look up %s: %s", to,
			 c->lookup->state == LOOKUP_FAILED ? lookup_error_text(c->lookup)
							   : "no answer yet");
	else if (c->error == -ECONNREFUSED || c->error == -ENOENT)
		snprintf(detail, size,
			 "nobody listens at %s: start the machine there, or correct `connect`", to);
	else if (c->error == -EAGAIN)
		snprintf(detail, size, "the machine at %s serves somebody else", to);
	else if (c->error == -EPROTOTYPE)
		snprintf(detail, size, "%s is a datagram socket: use a port of type dgram", to);
	else if (c->error == -ECONNRESET)
		snprintf(detail, size, "%s ended the connection; trying again", to);
	else if (c->error < 0)
		snprintf(detail, size, "cannot connect to %s: %s; trying again", to,
			 strerror(-c->error));
	else
		snprintf(detail, size, "connecting to %s", to);
}
