/*
 * stream.c - a port for machines that speak Ethernet frames in a stream of bytes, over a unix socket or TCP
 *
 * Layer: agent (ports). With `listen` machines connect to us, any number, and each is a lane; with
 * `connect` we connect to one. See stream.h.
 */
#include "stream.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- frames out; where there are lanes, they have their own ---- */

static void stream_send(struct port *p, const uint8_t *frame, size_t len)
{
	struct stream_conn *conn = &((struct stream *)p)->connector.conn;

	if (conn->poll)
		stream_conn_send(conn, frame, len);
	else
		p->drops[DROP_PORT_DOWN]++;
}

static void stream_flush(struct port *p)
{
	struct stream_conn *conn = &((struct stream *)p)->connector.conn;

	if (conn->poll)
		stream_conn_flush(conn);
}

/* ---- life ---- */

static int stream_open(struct port **out, const struct port_env *env,
		       const struct port_config *config, const struct port_events *events,
		       struct error *err)
{
	struct stream *s = calloc(1, sizeof(*s));
	bool listens = config->plug.local.kind != ENDPOINT_NONE;
	int code = s ? 0 : -ENOMEM;

	if (code == 0) {
		s->port =
			(struct port){.ops = &stream_ops, .events = *events, .has_lanes = listens};
		s->config = *config;
		s->use = (struct stream_use){.loop = env->loop, .area = env->area};
		s->listener.socket.fd = -1;
	}
	if (code == 0 && listens)
		stream_listen_start(s);
	else if (code == 0)
		code = stream_connect_start(s);
	if (code < 0) {
		free(s);
		return error_set(err, code, "not enough memory for port %s", config->name);
	}
	*out = &s->port;
	return 0;
}

static void stream_tick(struct port *p, uint64_t now_ns)
{
	(void)now_ns;
	if (p->has_lanes)
		stream_listen_tick((struct stream *)p);
	else
		stream_connect_tick((struct stream *)p);
}

static void stream_network_changed(struct port *p, uint64_t now_ns)
{
	(void)now_ns;
	if (p->has_lanes)
		stream_listen_tick((struct stream *)p);
	else
		stream_connect_now((struct stream *)p);
}

static void stream_close(struct port *p)
{
	struct stream *s = (struct stream *)p;

	if (p->has_lanes)
		stream_listen_stop(s);
	else
		stream_connect_stop(s);
	free(s);
}

/* ---- status ---- */

static enum port_state stream_state(const struct port *p, char *detail, size_t size)
{
	const struct stream *s = (const struct stream *)p;

	if (p->has_lanes)
		snprintf(detail, size, "%s", s->listener.why.text);
	else
		stream_connect_say(s, detail, size);
	return detail[0] ? PORT_DOWN : PORT_FORWARDING;
}

const struct port_ops stream_ops = {
	.open = stream_open,
	.send = stream_send,
	.flush = stream_flush,
	.tick = stream_tick,
	.network_changed = stream_network_changed,
	.state = stream_state,
	.warnings = plug_no_warnings,
	.close = stream_close,
};
