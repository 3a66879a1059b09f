/*
 * stream_conn.c - see stream_conn.h
 */
#include "stream_conn.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_BYTES = 128 * 1024, /* a wake-up, so that others have their turn */
	/* A host that vanished is noticed within a minute; on loopback nobody vanishes. */
	KEEPALIVE_IDLE_S = 30,
	KEEPALIVE_INTERVAL_S = 10,
	KEEPALIVE_COUNT = 3,
};

/* ---- frames in ---- */

static void on_frame(void *context, const uint8_t *frame, size_t len)
{
	struct stream_conn *c = context;

	plug_heard(c->port, frame, len);
}

static void on_long(void *context)
{
	struct stream_conn *c = context;

	c->port->drops[DROP_LONG_FRAME]++;
}

/* Return: false at the end of the connection. */
static bool read_frames(struct stream_conn *c)
{
	const struct framing_sink sink = {on_frame, on_long, c};
	size_t room = UDP_BATCH * c->area->slot_bytes, at = framing_begin(&c->in, c->area->bytes);
	ssize_t len;
	int code;

	if (room > at + READ_BYTES)
		room = at + READ_BYTES;
	do {
		len = recv(c->fd, c->area->bytes + at, room - at, MSG_DONTWAIT);
	} while (len < 0 && errno == EINTR);
	if (len <= 0)
		return len < 0 && errno == EAGAIN;
	code = framing_run(&c->in, c->area->bytes, at + (size_t)len, &sink);
	if (code < 0)
		c->port->drops[DROP_BAD_FRAMING]++;
	c->port->events.on_batch_end(c->port->events.context);
	return code == 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct stream_conn *c = poll->data;

	if (status == 0 && (events & UV_WRITABLE))
		stream_conn_flush(c);
	if (status == 0 && !(events & (UV_READABLE | UV_DISCONNECT)))
		return;
	if (!read_frames(c) || status < 0)
		c->on_end(c->context);
}

/* ---- frames out ---- */

/* Ask to be told, or not any more, when the kernel takes more. */
static void wait_for_room(struct stream_conn *c, bool is_waiting)
{
	if (c->is_waiting == is_waiting)
		return;
	c->is_waiting = is_waiting;
	uv_poll_start(c->poll, is_waiting ? UV_READABLE | UV_WRITABLE : UV_READABLE, on_ready);
}

void stream_conn_flush(struct stream_conn *c)
{
	const uint8_t *at;
	size_t waiting;

	while ((waiting = framing_wait(&c->out, &at)) > 0) {
		ssize_t sent = send(c->fd, at, waiting, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			break;
		/* Broken: reading says so too, and ends it. */
		framing_sent(&c->out, sent < 0 ? waiting : (size_t)sent);
	}
	wait_for_room(c, waiting > 0);
}

void stream_conn_send(struct stream_conn *c, const uint8_t *frame, size_t len)
{
	bool is_taken;

	assert(len >= FRAMING_MIN_BYTES && len <= FRAME_MAX_BYTES);
	is_taken = framing_push(&c->out, frame, len);
	if (!is_taken && !c->is_waiting) {
		stream_conn_flush(c);
		is_taken = framing_push(&c->out, frame, len);
	}
	if (is_taken)
		plug_count_sent(c->port, len);
	else
		c->port->drops[DROP_PORT_FULL]++;
}

/* ---- life ---- */

static void set_int(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value)); /* it works without, too */
}

/* Each frame leaves when it comes. On a unix socket none of this exists, and none is needed. */
static void set_up_tcp(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
}

int stream_conn_open(struct stream_conn *c, int fd, const struct stream_use *use, struct port *port,
		     void *context)
{
	bool has_memory;

	*c = (struct stream_conn){.port = port,
				  .area = use->area,
				  .fd = fd,
				  .on_end = use->on_end,
				  .context = context};
	set_up_tcp(fd);
	has_memory = framing_in_init(&c->in, (uint32_t)use->area->slot_bytes - 1) &&
		     framing_out_init(&c->out);
	if (has_memory)
		c->poll = plug_watch(use->loop, fd, on_ready, c);
	if (c->poll)
		return 0;
	stream_conn_close(c);
	return -ENOMEM;
}

void stream_conn_close(struct stream_conn *c)
{
	plug_unwatch(c->poll);
	if (c->port)
		close(c->fd);
	framing_in_fini(&c->in);
	framing_out_fini(&c->out);
	*c = (struct stream_conn){.fd = -1};
}
