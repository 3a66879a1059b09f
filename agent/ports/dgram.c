/*
 * dgram.c - a port for machines that speak raw Ethernet frames in unix datagrams
 *
 * Layer: agent (ports). QEMU's `-netdev dgram` with paths, and any program with a unix socket.
 *
 * How it works. One socket, bound to `local`, hears all. With `remote` the port is one machine's; without,
 * every machine that sends has a lane (dgram_lanes.c), told apart by the path that it has bound. Each
 * machine is sent to through a link. QEMU takes a full queue of ours badly (it spins), so what is there
 * is read at once, whatever becomes of it.
 *
 * Life: open, then started (socket there) now or at a later tick. The socket is made anew when somebody
 * removed its file, or the kernel's limit was raised.
 */
#include "dgram.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../flow_order.h"
#include "common/attributes.h"

/* ---- frames in ---- */

const char *dgram_folder(const struct dgram *d, char out[ENDPOINT_PATH_BYTES])
{
	char *slash;

	strcpy(out, d->config.plug.local.text);
	slash = strrchr(out, '/');
	if (d->config.plug.local.kind != ENDPOINT_PATH || !slash)
		strcpy(out, "/");
	else
		*slash = '\0';
	return out;
}

/* Does another name than `remote` lead to it? A machine may have bound a relative path, or come by a link. */
static bool leads_to_remote(const struct dgram *d, const struct dgram_name *from)
{
	const struct endpoint *remote = &d->config.plug.remote;
	char folder[ENDPOINT_PATH_BYTES];
	struct endpoint e;

	if (!endpoint_from_unix(&from->at, from->len, dgram_folder(d, folder), &e))
		return false;
	return endpoint_equal(&e, remote) ||
	       (e.kind == ENDPOINT_PATH && remote->kind == ENDPOINT_PATH &&
		unix_socket_is_at(e.text, remote->text));
}

/* Is it the machine's? Who has no name cannot be told from it, and has got past the file's mode. */
static bool is_remote(struct dgram *d, const struct dgram_name *from)
{
	if (dgram_name_equal(from, &d->pair.to) || from->len <= sizeof(sa_family_t))
		return true;
	if (!dgram_name_equal(from, &d->odd)) {
		d->odd = *from;
		d->odd_is_it = leads_to_remote(d, from);
	}
	return d->odd_is_it;
}

static void take(struct dgram *d, const struct dgram_received *r)
{
	const struct port_frame f = {.bytes = r->bytes, .len = r->len};
	struct dgram_lane *lane;

	if (!d->port.has_lanes) {
		if (is_remote(d, &r->from))
			plug_hear_datagram(&d->port, &f, r->is_cut);
		else
			d->port.drops[DROP_STRANGER]++;
		return;
	}
	lane = dgram_lane_of(d, r);
	if (lane)
		plug_hear_datagram(&lane->port, &f, r->is_cut);
}

/* Of what was read, small flows first. */
static void take_all(struct dgram *d, const struct dgram_received *batch, size_t count)
{
	UNINITIALIZED struct flow_frame frames[UDP_BATCH];
	UNINITIALIZED struct flow_order order;

	for (size_t i = 0; i < count; i++)
		frames[i] = (struct flow_frame){batch[i].bytes, batch[i].len};
	flow_order_make(&order, frames, count, FLOW_WHOLE);
	for (size_t i = 0; i < order.count; i++)
		take(d, &batch[order.order[i]]);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct dgram *d = poll->data;
	UNINITIALIZED struct dgram_received batch[UDP_BATCH];
	int count = dgram_receive(d->socket.fd, d->area, d->port.has_lanes, batch);

	(void)events;
	if (status < 0) /* libuv stops watching a socket in error; the read cleared it */
		uv_poll_start(poll, UV_READABLE, on_readable);
	/* A machine that was missing speaks: it can be answered. */
	if (count > 0 && !d->port.has_lanes && d->pair.error < 0)
		dgram_link_reach(&d->pair);
	if (count <= 0)
		return;
	take_all(d, batch, (size_t)count);
	d->port.events.on_batch_end(d->port.events.context);
}

/* ---- frames out; where there are lanes, they have their own ---- */

static void dgram_port_send(struct port *p, const uint8_t *frame, size_t len)
{
	dgram_link_send(&((struct dgram *)p)->pair, p, frame, len);
}

static void dgram_port_flush(struct port *p)
{
	dgram_link_flush(&((struct dgram *)p)->pair, p);
}

/* ---- life ---- */

static void stop(struct dgram *d)
{
	plug_unwatch(d->poll);
	d->poll = NULL;
	unix_socket_close(&d->socket, &d->config.plug.local);
}

static void start(struct dgram *d)
{
	d->why.text[0] = '\0';
	d->queue_limit = dgram_queue_limit();
	if (unix_socket_open(&d->socket, SOCK_DGRAM, &d->config.plug, &d->why) < 0)
		return;
	udp_enlarge(d->socket.fd);
	if (d->port.has_lanes && dgram_ask_users(d->socket.fd) < 0)
		error_set(&d->why, -errno, "cannot ask who sends: %s", strerror(errno));
	else if (!(d->poll = plug_watch(d->loop, d->socket.fd, on_readable, d)))
		error_set(&d->why, -ENOMEM, "out of memory");
	if (!d->poll)
		stop(d);
}

static int dgram_port_open(struct port **out, const struct port_env *env,
			   const struct port_config *config, const struct port_events *events,
			   struct error *err)
{
	struct dgram *d = calloc(1, sizeof(*d));
	bool is_pair = config->plug.remote.kind != ENDPOINT_NONE;

	if (!d || (is_pair && dgram_link_init(&d->pair, &config->plug.remote, DGRAM_ANYBODY,
					      &d->socket) < 0)) {
		free(d);
		return error_set(err, -ENOMEM, "not enough memory for port %s", config->name);
	}
	d->port = (struct port){.ops = &dgram_ops, .events = *events, .has_lanes = !is_pair};
	d->config = *config;
	d->loop = env->loop;
	d->area = env->area;
	d->socket.fd = -1;
	start(d);
	if (is_pair)
		dgram_link_reach(&d->pair);
	else
		dgram_memory_init(d, env->folder);
	*out = &d->port;
	return 0;
}

static bool is_queue_short(const struct dgram *d)
{
	return d->queue_limit >= 0 && d->queue_limit < DGRAM_QUEUE_MIN;
}

/* A socket keeps the limit that it was made with. */
static bool wants_new_socket(const struct dgram *d)
{
	return !unix_socket_is_found(&d->socket, &d->config.plug.local) ||
	       (is_queue_short(d) && dgram_queue_limit() >= DGRAM_QUEUE_MIN);
}

static void dgram_port_tick(struct port *p, uint64_t now_ns)
{
	struct dgram *d = (struct dgram *)p;
	bool was_there = d->pair.error == 0;

	(void)now_ns;
	if (d->socket.fd >= 0 && wants_new_socket(d))
		stop(d);
	if (d->socket.fd < 0)
		start(d);
	if (p->has_lanes) {
		dgram_lanes_tick(d);
		dgram_memory_save(d);
		return;
	}
	d->odd = (struct dgram_name){.len = 0}; /* what a name leads to may have changed */
	if (dgram_link_reach(&d->pair) < 0 && was_there)
		p->events.on_gone(p->events.context);
}

static void dgram_port_network_changed(struct port *p, uint64_t now_ns)
{
	(void)p;
	(void)now_ns;
}

static void dgram_port_forget(struct port *p)
{
	dgram_memory_forget((struct dgram *)p);
}

static void dgram_port_close(struct port *p)
{
	struct dgram *d = (struct dgram *)p;

	stop(d);
	dgram_memory_fini(d);
	dgram_lanes_free(d);
	if (!p->has_lanes)
		dgram_link_fini(&d->pair);
	free(d);
}

/* ---- status ---- */

static enum port_state dgram_port_state(const struct port *p, char *detail, size_t size)
{
	const struct dgram *d = (const struct dgram *)p;
	char remote[ENDPOINT_TEXT_BYTES];

	snprintf(detail, size, "%s", d->why.text);
	if (detail[0])
		return PORT_DOWN;
	if (!p->has_lanes)
		dgram_link_say(&d->pair, endpoint_format(&d->config.plug.remote, remote), detail,
			       size);
	return detail[0] ? PORT_DOWN : PORT_FORWARDING;
}

static size_t dgram_port_warnings(const struct port *p, uint64_t now_ns, struct warning *out,
				  size_t max)
{
	const struct dgram *d = (const struct dgram *)p;

	(void)now_ns;
	if (max == 0 || d->socket.fd < 0 || !is_queue_short(d))
		return 0;
	snprintf(out->code, sizeof(out->code), "short-queue");
	snprintf(out->text, sizeof(out->text),
		 "the kernel lets only %d frames wait at a unix socket, so port %s loses part of "
		 "every "
		 "burst, and a machine of QEMU's that meets a full queue takes a whole core",
		 d->queue_limit, d->config.name);
	snprintf(out->fix, sizeof(out->fix), "sudo sysctl -w net.unix.max_dgram_qlen=%d",
		 DGRAM_QUEUE_GOOD);
	return 1;
}

const struct port_ops dgram_ops = {
	.open = dgram_port_open,
	.send = dgram_port_send,
	.flush = dgram_port_flush,
	.tick = dgram_port_tick,
	.network_changed = dgram_port_network_changed,
	.state = dgram_port_state,
	.warnings = dgram_port_warnings,
	.forget = dgram_port_forget,
	.close = dgram_port_close,
};
