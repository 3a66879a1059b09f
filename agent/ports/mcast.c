/*
 * mcast.c - a port on a QEMU hub: everything that sends Ethernet frames in UDP multicast
 *
 * Layer: agent (ports).
 *
 * How it works. One socket receives what is sent to the group on the interfaces where it has joined,
 * and hub.h tells machines, agents and strangers apart by source address. Another socket, with a port
 * of its own, injects what comes from elsewhere, once, with TTL 0 on loopback: that reaches every
 * machine of this host, whichever interface it joined on, and leaves nothing on a wire. With
 * `interface = NAME` the hub is shared with that LAN: other hosts' machines are heard too, and TTL is
 * 1 there. The kernel drops our own echo by its source port before it fills the buffer.
 *
 * Life: open, then started (sockets there) now or at a later tick, then up until close. Sockets are
 * never opened twice: interfaces come and go by joining and leaving.
 */
#include "mcast.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "mcast_socket.h"

enum {
	NS_PER_MS = 1000000,
	ID_TICKS = 10 / PORT_TICK_S,       /* a new beacon id every ten seconds */
	TEST_TICKS = 60 / PORT_TICK_S,     /* and a self-test every minute: firewalls start late */
	REFRESH_TICKS = 120 / PORT_TICK_S, /* snooping switches forget after 260 s (RFC 3376 8.4) */
	REREAD_TICKS = 10 / PORT_TICK_S,   /* interfaces, in case nobody tells of a change */
};

/* ---- frames in ---- */

/* What the warnings want to know of a machine's frame. */
static void note_interface(struct mcast *m, uint32_t interface, uint64_t now_ns)
{
	struct membership *at = mcast_membership(m, interface);

	if (at)
		at->clear_ns = now_ns;
}

static void take_beacon(struct mcast *m, const struct udp_received *r, const struct beacon *beacon)
{
	if (beacon->kind == BEACON_SELF_TEST)
		selftest_heard(&m->selftest, beacon->id, r->interface);
	else if (beacon->kind == BEACON_AGENT && hub_hear(&m->hub, &r->from, beacon))
		mcast_beacon(m); /* a newcomer: tell it at once that we are here */
}

static void take(struct mcast *m, const struct udp_received *r, uint64_t now_ns)
{
	struct beacon beacon;
	enum drop drop;

	if (beacon_read(r->bytes, r->len, &beacon) && hub_is_beaconing(&m->hub, &r->from)) {
		take_beacon(m, r, &beacon);
		return;
	}
	drop = hub_classify(&m->hub, &r->from, r->interface, now_ns);
	if (drop == DROP_OTHER_INTERFACE)
		m->loopback_ns = now_ns;
	if (drop == DROP_NONE && r->is_cut)
		drop = DROP_LONG_FRAME;
	if (drop != DROP_NONE) {
		m->port.drops[drop]++;
		return;
	}
	note_interface(m, r->interface, now_ns);
	m->port.rx_frames++;
	m->port.rx_bytes += r->len;
	m->port.events.on_frame(m->port.events.context, r->bytes, r->len);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct mcast *m = poll->data;
	struct udp_received batch[UDP_BATCH];
	int count = udp_receive(m->receiver, m->area, batch);
	uint64_t now_ns = clock_now_ns();

	(void)events;
	if (status < 0) /* libuv stops watching a socket in error; the read cleared it */
		uv_poll_start(poll, UV_READABLE, on_readable);
	for (int i = 0; i < count; i++)
		take(m, &batch[i], now_ns);
	if (count > 0)
		m->port.events.on_batch_end(m->port.events.context);
}

/* ---- frames out ---- */

static void on_refused(void *context, size_t index, int error)
{
	struct mcast *m = context;

	m->port.drops[DROP_PORT_SEND]++;
	m->port.tx_frames--;
	m->port.tx_bytes -= m->lengths[index];
	m->send_error = error;
}

static void mcast_flush(struct port *p)
{
	struct mcast *m = (struct mcast *)p;
	struct udp_to_send list[UDP_BATCH];
	struct sockaddr_storage to;
	socklen_t to_len = addr_to_sockaddr(&m->config.mcast.group, false, &to);
	size_t at = 0;

	if (m->queued == 0)
		return;
	for (size_t i = 0; i < m->queued; i++) {
		list[i] = (struct udp_to_send){.bytes = m->queue + at,
					       .len = m->lengths[i],
					       .to = (struct sockaddr *)&to,
					       .to_len = to_len};
		at += m->lengths[i];
	}
	p->tx_frames += m->queued;
	p->tx_bytes += at;
	udp_send(m->sender, list, m->queued, on_refused, m);
	m->queued = m->queued_bytes = 0;
}

static void mcast_send(struct port *p, const uint8_t *frame, size_t len)
{
	struct mcast *m = (struct mcast *)p;

	assert(len >= ETHER_HEADER_BYTES && len <= FRAME_MAX_BYTES);
	if (m->serving == 0) {
		p->drops[DROP_PORT_DOWN]++;
		return;
	}
	if (m->queued == UDP_BATCH || m->queued_bytes + len > MCAST_QUEUE_BYTES)
		mcast_flush(p);
	memcpy(m->queue + m->queued_bytes, frame, len);
	m->queued_bytes += len;
	m->lengths[m->queued++] = len;
}

/* ---- life ---- */

static void close_sockets(struct mcast *m)
{
	if (m->receiver >= 0)
		close(m->receiver);
	if (m->sender >= 0)
		close(m->sender);
	m->receiver = m->sender = -1;
}

/* The receiver first: while it is there the kernel does not choose the group's port for the sender. */
static int open_sockets(struct mcast *m)
{
	int code = m->receiver = mcast_open_receiver(&m->config.mcast.group);

	if (code >= 0)
		code = m->sender = mcast_open_sender(&m->hub.own_port);
	if (code >= 0)
		code = mcast_ignore_port(m->receiver, m->hub.own_port);
	if (code >= 0)
		code = uv_poll_init(m->loop, &m->poll, m->receiver);
	if (code < 0) {
		close_sockets(m);
		return code;
	}
	m->poll.data = m;
	return uv_poll_start(&m->poll, UV_READABLE, on_readable);
}

static void start(struct mcast *m, uint64_t now_ns)
{
	m->start_error = open_sockets(m);
	if (m->start_error < 0)
		return;
	m->hub.settled_ns = now_ns + (uint64_t)HUB_SETTLE_MS * NS_PER_MS;
	randombytes_buf(m->beacon_id, sizeof(m->beacon_id));
	mcast_follow(m, true);
	mcast_beacon(m);
	mcast_test(m, now_ns);
}

static int mcast_open(struct port **out, const struct port_env *env,
		      const struct port_config *config, const struct port_events *events,
		      struct error *err)
{
	struct mcast *m = calloc(1, sizeof(*m));
	uint8_t *queue = malloc(MCAST_QUEUE_BYTES);

	if (!m || !queue) {
		free(m);
		free(queue);
		return error_set(err, -ENOMEM, "not enough memory for port %s", config->name);
	}
	m->port = (struct port){.ops = &mcast_ops, .events = *events};
	m->config = *config;
	m->loop = env->loop;
	m->area = env->area;
	m->hubs = env->hubs;
	m->next = *m->hubs;
	*m->hubs = m;
	m->queue = queue;
	m->receiver = m->sender = -1;
	m->hub = (struct hub){.group_port = config->mcast.group.port,
			      .scope = config->mcast.scope,
			      .interfaces = &m->interfaces};
	randombytes_buf(m->beacon_source.b, MAC_BYTES);
	m->beacon_source.b[0] = 0x02; /* locally administered, one machine's */
	start(m, clock_now_ns());
	*out = &m->port;
	return 0;
}

static void mcast_tick(struct port *p, uint64_t now_ns)
{
	struct mcast *m = (struct mcast *)p;

	m->ticks++;
	m->send_error = 0;
	if (m->receiver < 0) {
		start(m, now_ns);
		return;
	}
	hub_tick(&m->hub);
	if (m->ticks % ID_TICKS == 0)
		randombytes_buf(m->beacon_id, sizeof(m->beacon_id));
	if (m->ticks % REFRESH_TICKS == 0)
		mcast_refresh(m);
	mcast_follow(m, m->ticks % REREAD_TICKS == 0);
	mcast_beacon(m);
	selftest_finish(&m->selftest, now_ns);
	if (m->ticks % TEST_TICKS == 0 || selftest_any_deaf(&m->selftest))
		mcast_test(m, now_ns);
}

static void mcast_network_changed(struct port *p, uint64_t now_ns)
{
	struct mcast *m = (struct mcast *)p;

	if (m->receiver < 0) {
		start(m, now_ns);
		return;
	}
	mcast_follow(m, true);
	mcast_beacon(m);
	mcast_test(m, now_ns);
}

static void free_port(struct mcast *m)
{
	close_sockets(m);
	interfaces_free(&m->interfaces);
	free(m->queue);
	free(m);
}

static void on_closed(uv_handle_t *handle)
{
	free_port(handle->data);
}

static void mcast_close(struct port *p)
{
	struct mcast *m = (struct mcast *)p;
	struct mcast **at = m->hubs;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (m->receiver < 0)
		free_port(m);
	else
		uv_close((uv_handle_t *)&m->poll, on_closed);
}

const struct port_ops mcast_ops = {
	.open = mcast_open,
	.send = mcast_send,
	.flush = mcast_flush,
	.tick = mcast_tick,
	.network_changed = mcast_network_changed,
	.state = mcast_state,
	.warnings = mcast_warnings,
	.close = mcast_close,
};
