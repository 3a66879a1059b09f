/*
 * udp.c - a port for one machine that speaks raw Ethernet frames in UDP
 *
 * Layer: agent (ports). QEMU's `-netdev socket,udp=` and `-netdev dgram` with addresses, VirtualBox's
 * UDPTunnel, GNS3, dynamips, uBridge.
 *
 * How it works. One socket, bound to `local` and connected to `remote`: the kernel passes on what comes
 * from that very address and nothing else, and what we send comes from the very address that the
 * machine sends to, as those want it that connect their own end. Without SO_REUSEADDR nobody else can
 * bind `local` and take the machine's frames away.
 *
 * Life: open, then started (socket there) now or at a later tick, then up until close. That the machine
 * is not there (ICMP: nobody listens) is no fault of the port: it goes on, and says so.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "common/attributes.h"
#include "plug.h"
#include "queue.h"

enum {
	DEAF_TICKS = 5 /* after so long without a refusal, the machine is taken to listen */
};

/* struct udp_port - @fd: or -1; @start_error: negative errno, why there is none; @refused_ticks: since
 * ICMP said that nobody listens, DEAF_TICKS when it has not lately */
struct udp_port {
	struct port port;
	struct plug_config config;
	uv_loop_t *loop;
	const struct udp_area *area;
	struct queue queue;
	uv_poll_t *poll;
	int fd;
	bool offload;          /* as the user wants it */
	struct udp_sender out; /* of @fd */
	struct sockaddr_storage to;
	socklen_t to_len;
	int start_error;
	int send_error; /* positive errno of the last refused frame since the last tick; or 0 */
	uint32_t refused_ticks;
};

/* ---- frames in ---- */

static void take(struct udp_port *u, const struct udp_received *r)
{
	const struct port_frame f = {.bytes = r->bytes, .len = r->len};

	/* Somebody was quicker than our connect(). */
	if (!addr_equal(&r->from, &u->config.remote.addr)) {
		u->port.drops[DROP_STRANGER]++;
		return;
	}
	u->refused_ticks = DEAF_TICKS;
	plug_hear_datagram(&u->port, &f, r->is_cut);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct udp_port *u = poll->data;
	UNINITIALIZED struct udp_received batch[UDP_BATCH];
	int count = udp_receive(u->fd, u->area, batch);

	(void)events;
	if (status < 0) /* libuv stops watching a socket in error; the read cleared it */
		uv_poll_start(poll, UV_READABLE, on_readable);
	if (count == -ECONNREFUSED)
		u->refused_ticks = 0;
	for (int i = 0; i < count; i++)
		take(u, &batch[i]);
	if (count > 0)
		u->port.events.on_batch_end(u->port.events.context);
}

/* ---- frames out ---- */

static void on_refused(void *context, size_t index, int error)
{
	struct udp_port *u = context;

	u->port.drops[error == EAGAIN || error == ENOBUFS ? DROP_PORT_FULL : DROP_PORT_SEND]++;
	u->port.tx_frames--;
	u->port.tx_bytes -= u->queue.lengths[index];
	u->send_error = error;
}

static void udp_port_flush(struct port *p)
{
	struct udp_port *u = (struct udp_port *)p;
	UNINITIALIZED struct udp_to_send list[UDP_BATCH];
	size_t count = queue_list(&u->queue, list);

	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++) { /* what takes no runs is known by its address */
		list[i].to = (struct sockaddr *)&u->to;
		list[i].to_len = u->to_len;
	}
	p->tx_frames += count;
	p->tx_bytes += u->queue.bytes;
	udp_send_runs(&u->out, list, count, on_refused, u);
	queue_clear(&u->queue);
}

static void udp_port_send(struct port *p, const uint8_t *frame, size_t len)
{
	struct udp_port *u = (struct udp_port *)p;

	assert(len >= ETHER_HEADER_BYTES && len <= FRAME_MAX_BYTES);
	if (u->fd < 0) {
		p->drops[DROP_PORT_DOWN]++;
		return;
	}
	if (!queue_takes(&u->queue, len))
		udp_port_flush(p);
	queue_add(&u->queue, frame, len);
}

/* ---- life ---- */

static int bind_and_connect(int fd, const struct plug_config *config)
{
	struct sockaddr_storage local, remote;
	socklen_t local_len = addr_to_sockaddr(&config->local.addr, false, &local);
	socklen_t remote_len = addr_to_sockaddr(&config->remote.addr, false, &remote);

	if (bind(fd, (struct sockaddr *)&local, local_len) < 0 ||
	    connect(fd, (struct sockaddr *)&remote, remote_len) < 0)
		return -errno;
	return 0;
}

/* Return: a descriptor or a negative errno. */
static int open_socket(const struct plug_config *config)
{
	int family = addr_is_ipv4(&config->local.addr) ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int code;

	if (fd < 0)
		return -errno;
	udp_enlarge(fd);
	code = bind_and_connect(fd, config);
	if (code == 0)
		return fd;
	close(fd);
	return code;
}

static void start(struct udp_port *u)
{
	int fd = u->start_error = open_socket(&u->config);

	if (fd < 0)
		return;
	u->poll = plug_watch(u->loop, fd, on_readable, u);
	if (u->poll) {
		u->fd = fd;
		udp_sender_init(&u->out, fd, u->offload);
		return;
	}
	u->start_error = -ENOMEM;
	close(fd);
}

static int udp_port_open(struct port **out, const struct port_env *env,
			 const struct port_config *config, const struct port_events *events,
			 struct error *err)
{
	struct udp_port *u = calloc(1, sizeof(*u));

	if (!u || !queue_init(&u->queue)) {
		free(u);
		return error_set(err, -ENOMEM, "not enough memory for port %s", config->name);
	}
	u->port = (struct port){.ops = &udp_ops, .events = *events};
	u->config = config->plug;
	u->loop = env->loop;
	u->area = env->area;
	u->offload = env->offload;
	u->to_len = addr_to_sockaddr(&u->config.remote.addr, false, &u->to);
	u->fd = -1;
	u->refused_ticks = DEAF_TICKS;
	start(u);
	*out = &u->port;
	return 0;
}

static void udp_port_tick(struct port *p, uint64_t now_ns)
{
	struct udp_port *u = (struct udp_port *)p;

	(void)now_ns;
	u->send_error = 0;
	if (u->refused_ticks < DEAF_TICKS)
		u->refused_ticks++;
	if (u->fd < 0)
		start(u);
}

static void udp_port_network_changed(struct port *p, uint64_t now_ns)
{
	struct udp_port *u = (struct udp_port *)p;

	(void)now_ns;
	if (u->fd < 0)
		start(u);
}

static void udp_port_close(struct port *p)
{
	struct udp_port *u = (struct udp_port *)p;

	plug_unwatch(u->poll);
	if (u->fd >= 0)
		close(u->fd); /* now, so that another port can have the address at once */
	queue_fini(&u->queue);
	free(u);
}

/* ---- status ---- */

static enum port_state why_not_started(const struct udp_port *u, char *detail, size_t size)
{
	char local[ENDPOINT_TEXT_BYTES];

	endpoint_format(&u->config.local, local);
	if (u->start_error == -EADDRINUSE)
		snprintf(
			detail, size,
			"another program has UDP address %s: stop it (`ss -ulpn` names it), or use "
			"another `local`; `local` is ours, `remote` the machine's",
			local);
	else if (u->start_error == -EADDRNOTAVAIL)
		snprintf(detail, size,
			 "this host does not have the address of %s; it is used as soon as it does "
			 "(`ip addr` lists them)",
			 local);
	else
		snprintf(detail, size, "cannot open %s: %s; trying again every %d s", local,
			 strerror(-u->start_error), PORT_TICK_S);
	return PORT_DOWN;
}

static enum port_state udp_port_state(const struct port *p, char *detail, size_t size)
{
	const struct udp_port *u = (const struct udp_port *)p;
	char remote[ENDPOINT_TEXT_BYTES];

	if (u->fd < 0)
		return why_not_started(u, detail, size);
	detail[0] = '\0';
	endpoint_format(&u->config.remote, remote);
	if (u->refused_ticks < DEAF_TICKS)
		snprintf(detail, size,
			 "nobody listens at %s: start the machine there, or correct `remote`",
			 remote);
	else if (u->send_error)
		snprintf(detail, size, "the kernel refuses frames to %s: %s", remote,
			 strerror(u->send_error));
	return PORT_FORWARDING;
}

const struct port_ops udp_ops = {
	.open = udp_port_open,
	.send = udp_port_send,
	.flush = udp_port_flush,
	.tick = udp_port_tick,
	.network_changed = udp_port_network_changed,
	.state = udp_port_state,
	.warnings = plug_no_warnings,
	.close = udp_port_close,
};
