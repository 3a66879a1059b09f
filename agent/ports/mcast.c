/*
 * mcast.c - a port on a QEMU hub: everything that sends Ethernet frames in UDP multicast
 *
 * Layer: agent (ports).
 *
 * How it works. One socket receives what is sent to the group, where machines of this host hear it
 * (mcast_attach.c), and hub.h tells machines, agents and strangers apart by source address. Another
 * socket, with a port of its own, injects what comes from elsewhere, once, with TTL 0 on loopback: that
 * reaches every machine of this host, whichever interface it joined on, and leaves nothing on a wire. What
 * programs send by the default route is heard as well (mcast_hold.c), and machines hear it again. With
 * `interface = NAME` the hub is shared with that LAN: other hosts' machines are heard too, and TTL is
 * 1 there. The kernel drops our own echo by its source before it fills the buffer.
 *
 * Life: open, then started (sockets there) now or at a later tick, then up until close. Sockets are
 * never opened twice: interfaces come and go.
 */
#include "mcast.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/clock.h"
#include "mcast_socket.h"

enum {
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
	SHARED_S = 10,                     /* for so long somebody else is there who was heard */
	BEHIND_READS = 16,                 /* full ones in a row, 1024 frames: more than a burst */
	TEST_TICKS = 60 / PORT_TICK_S,     /* a self-test every minute: firewalls start late */
	REFRESH_TICKS = 120 / PORT_TICK_S, /* snooping switches forget after 260 s (RFC 3376 8.4) */
	REREAD_TICKS = 10 / PORT_TICK_S,   /* interfaces, in case nobody tells of a change */
};

/* ---- frames in ---- */

/*
 * Has somebody handed on a beacon of ours? Two hubs may be bridged by a program (socat). That is for the
 * owner to know; but it makes the program no agent, or its machines would not be heard.
 */
static bool is_handed_on(const struct mcast *m, const struct port_beacon *heard)
{
	for (const struct mcast *own = *m->hubs; own; own = own->next) {
		if (mac_equal(&own->beacon_source, &heard->sender))
			return !heard->same_host || heard->from.port != own->hub.own_port;
	}
	return false;
}

/*
 * A beacon never goes on to the switch. A guest can send one, too: it is reported, and trusted in nothing.
 * That this host's agents beacon on an interface is no reason to: they would have each other, and
 * themselves, go on for ever.
 */
static void take_beacon(struct mcast *m, const struct udp_received *r, const struct beacon *beacon,
			uint64_t now_ns)
{
	struct port_beacon heard = {
		.interface = r->interface,
		.sender = ether_src(r->bytes),
		.from = r->from,
		.same_host = interfaces_own(&m->interfaces, &r->from),
		.from_machine = r->from.port == m->hub.group_port,
		.beacon = *beacon,
	};

	if (!heard.same_host || heard.from_machine)
		mcast_note(m, r->interface, now_ns);
	if (heard.same_host && r->from.port == m->hub.own_port)
		return; /* our own, from where we do not inject */
	if (heard.from_machine)
		m->port.drops[DROP_BEACON]++;
	else if (beacon->kind == BEACON_SELF_TEST)
		selftest_heard(&m->selftest, beacon->id, r->interface);
	else if (beacon->kind == BEACON_AGENT && !is_handed_on(m, &heard))
		hub_hear(&m->hub, &r->from, &heard.sender);
	if (beacon->kind == BEACON_AGENT || beacon->kind == BEACON_LEAVING)
		m->port.events.on_beacon(m->port.events.context, &heard);
}

/* Return: is it one? */
static bool take_if_beacon(struct mcast *m, const struct udp_received *r, uint64_t now_ns)
{
	struct beacon beacon;

	if (!beacon_read(r->bytes, r->len, &beacon))
		return false;
	take_beacon(m, r, &beacon, now_ns);
	return true;
}

/* What else is to be done about a frame that does not enter. */
static void drop_frame(struct mcast *m, const struct udp_received *r, enum drop drop,
		       uint64_t now_ns)
{
	const struct port_events *e = &m->port.events;
	struct port_source source = {
		.interface = r->interface, .from = &r->from, .is_foreign = true};
	const struct hub_agent *agent;

	m->port.drops[drop]++;
	if (drop == DROP_OTHER_INTERFACE)
		m->loopback_ns = now_ns;
	if (drop == DROP_FOREIGN_HOST)
		e->on_frame(e->context, r->bytes, r->len, &source);
	if (drop != DROP_AGENT_INJECTED)
		return;
	agent = hub_agent_at(&m->hub, &r->from);
	if (agent)
		e->on_alive(e->context, r->interface, &agent->sender);
}

/* It was sent to other hosts as well, which only a hub shared with a LAN means to do. */
static void note_clear(const struct mcast *m, struct mcast_attachment *at, const struct addr *from)
{
	at->is_clear = m->config.mcast.scope == MCAST_AUTO;
	at->is_program = from->port != m->hub.group_port;
}

static void take(struct mcast *m, const struct udp_received *r, uint64_t now_ns)
{
	struct port_source source = {.interface = r->interface, .from = &r->from};
	struct mcast_attachment *at;
	enum drop drop;

	if (beacon_is(r->bytes, r->len) && take_if_beacon(m, r, now_ns))
		return;
	at = mcast_note(m, r->interface, now_ns);
	drop = hub_classify(&m->hub, &r->from, r->interface, now_ns);
	if (drop == DROP_NONE && r->is_cut)
		drop = DROP_LONG_FRAME;
	if (drop != DROP_NONE) {
		drop_frame(m, r, drop, now_ns);
		return;
	}
	if (at && r->interface != m->loopback)
		note_clear(m, at, &r->from);
	m->port.rx_frames++;
	m->port.rx_bytes += r->len;
	m->port.events.on_frame(m->port.events.context, r->bytes, r->len, &source);
}

/* All machines of a hub share the socket's buffer. One that sends more than we can take fills it, and others
 * lose as much of the little that they send; so before it is full, whoever sends so much is the one who loses. With
 * nobody else there, it may have all of the buffer. */
static unsigned part_to_keep(struct mcast *m, size_t count, uint64_t now_ns)
{
	m->full_reads = count == UDP_BATCH ? m->full_reads + 1 : 0;
	if (m->full_reads < BEHIND_READS || m->mixed_ns == 0 ||
	    now_ns - m->mixed_ns > (uint64_t)SHARED_S * NS_PER_S)
		return FLOW_WHOLE;
	return flow_order_keep(udp_filled(m->receiver));
}

/* Of what was read, small flows first. */
static void take_all(struct mcast *m, size_t count)
{
	uint64_t now_ns = clock_now_ns();
	unsigned keep = part_to_keep(m, count, now_ns);

	for (size_t i = 0; i < count; i++)
		m->frames[i] = (struct flow_frame){m->received[i].bytes, m->received[i].len};
	flow_order_make(&m->order, m->frames, count, keep);
	if (m->order.is_mixed)
		m->mixed_ns = now_ns;
	m->port.drops[DROP_HUB_OVERFLOW] += count - m->order.count;
	for (size_t i = 0; i < m->order.count; i++)
		take(m, &m->received[m->order.order[i]], now_ns);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct mcast *m = poll->data;
	int count = udp_receive(m->receiver, m->area, m->received);

	(void)events;
	if (status < 0) /* libuv stops watching a socket in error; the read cleared it */
		uv_poll_start(poll, UV_READABLE, on_readable);
	if (count <= 0) {
		m->full_reads = 0;
		return;
	}
	take_all(m, (size_t)count);
	m->port.events.on_batch_end(m->port.events.context);
}

/* ---- life ---- */

static void close_sockets(struct mcast *m)
{
	if (m->receiver >= 0)
		close(m->receiver);
	if (m->sender >= 0)
		close(m->sender);
	if (m->holder >= 0)
		close(m->holder);
	m->receiver = m->sender = m->holder = -1;
}

/* The receiver first: while it is there the kernel does not choose the group's port for the sender. */
static int open_sockets(struct mcast *m)
{
	int code = m->receiver =
		mcast_open_receiver(&m->config.mcast.group, m->config.mcast.scope == MCAST_AUTO);

	m->ignored = (struct addr){.port = 0}; /* any */
	m->echoes = m->lost = 0;
	if (code >= 0)
		code = m->sender = mcast_open_sender(&m->hub.own_port);
	if (code >= 0)
		code = mcast_ignore(m->receiver, &m->ignored, m->hub.own_port);
	if (code >= 0)
		code = uv_poll_init(m->loop, &m->poll, m->receiver);
	if (code < 0) {
		close_sockets(m);
		return code;
	}
	udp_sender_init(&m->out, m->sender, m->offload);
	m->poll.data = m;
	return uv_poll_start(&m->poll, UV_READABLE, on_readable);
}

static void start(struct mcast *m, uint64_t now_ns)
{
	m->start_error = open_sockets(m);
	if (m->start_error < 0)
		return;
	m->hub.settled_ns = now_ns + (uint64_t)HUB_SETTLE_MS * NS_PER_MS;
	mcast_follow(m, true, now_ns);
	mcast_test(m, now_ns);
}

static void free_port(struct mcast *m)
{
	close_sockets(m);
	interfaces_free(&m->interfaces);
	backlog_fini(&m->inject);
	free(m->beyond.bytes);
	free(m);
}

/* Return: a port with its memory and nothing else, or NULL. */
static struct mcast *allocate(void)
{
	struct mcast *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->receiver = m->sender = m->holder = -1;
	m->beyond.bytes = malloc(MCAST_QUEUE_BYTES);
	if (backlog_init(&m->inject) && m->beyond.bytes)
		return m;
	free_port(m);
	return NULL;
}

static int mcast_open(struct port **out, const struct port_env *env,
		      const struct port_config *config, const struct port_events *events,
		      struct error *err)
{
	struct mcast *m = allocate();

	if (!m)
		return error_set(err, -ENOMEM, "not enough memory for port %s", config->name);
	m->port = (struct port){.ops = &mcast_ops, .events = *events};
	m->config = *config;
	m->loop = env->loop;
	m->area = env->area;
	m->offload = env->offload;
	m->hubs = env->hubs;
	m->next = *m->hubs;
	*m->hubs = m;
	m->hub = (struct hub){.group_port = config->mcast.group.port,
			      .scope = config->mcast.scope,
			      .interfaces = &m->interfaces};
	uv_timer_init(m->loop, &m->pacer);
	m->pacer.data = m;
	randombytes_buf(m->beacon_source.b, MAC_BYTES);
	m->beacon_source.b[0] = 0x02; /* locally administered, one machine's */
	start(m, clock_now_ns());
	m->is_open = true;
	*out = &m->port;
	return 0;
}

/*
 * The kernel has one counter for what the buffer had no room for and what the filter refused, and the filter
 * refuses our own echo. An echo that got lost elsewhere makes it too small for as long.
 */
static void count_overflow(struct mcast *m)
{
	uint32_t lost = udp_lost(m->receiver) - m->echoes, more = lost - m->lost;

	if (more == 0 || more > UINT32_MAX / 2)
		return;
	m->port.drops[DROP_HUB_OVERFLOW] += more;
	m->lost = lost;
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
	count_overflow(m);
	hub_tick(&m->hub);
	if (m->ticks % REFRESH_TICKS == 0)
		mcast_refresh(m);
	mcast_follow(m, m->ticks % REREAD_TICKS == 0, now_ns);
	selftest_finish(&m->selftest, now_ns);
	/* Again where it was deaf: its members may have left meanwhile, and then nobody is to hear it. */
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
	mcast_follow(m, true, now_ns);
	mcast_test(m, now_ns);
}

static void on_closed(uv_handle_t *handle)
{
	free_port(handle->data);
}

static void on_pacer_closed(uv_handle_t *handle)
{
	struct mcast *m = handle->data;

	if (m->receiver < 0)
		free_port(m);
	else
		uv_close((uv_handle_t *)&m->poll, on_closed);
}

static void mcast_close(struct port *p)
{
	struct mcast *m = (struct mcast *)p;
	struct mcast **at = m->hubs;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (m->receiver >= 0)
		uv_poll_stop(&m->poll); /* no event comes any more */
	uv_close((uv_handle_t *)&m->pacer, on_pacer_closed);
}

const struct port_ops mcast_ops = {
	.open = mcast_open,
	.send = mcast_send,
	.flush = mcast_flush,
	.tick = mcast_tick,
	.network_changed = mcast_network_changed,
	.state = mcast_state,
	.warnings = mcast_warnings,
	.attachments = mcast_list_attachments,
	.beacon = mcast_beacon,
	.send_beyond = mcast_send_beyond,
	.close = mcast_close,
};
