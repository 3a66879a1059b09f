/*
 * mcast_out.c - what a hub port sends: frames, beacons, self-tests
 *
 * Layer: agent (ports).
 *
 * One socket sends it all, so that all of it comes from one port, by which others know us. Its options say
 * where datagrams go: normally where we serve, with what is for other hosts only, and with beacons, in
 * between. The two kinds of frames have a queue each, so that options change twice a flush and not twice a
 * frame; their order does not matter, for nobody hears both. Machines lose what their buffers have no room
 * for, so what we send where we serve is paced (pacing.h): what may not go at once waits in a backlog, for
 * the next flush or a timer.
 */
#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "mcast.h"
#include "mcast_socket.h"

enum {
	PACER_MS = 1, /* as fine as libuv's timers are */
};

/*
 * What we send comes back from one address, except for what mcast_block() holds back. It is kept away by
 * that as well as by the port: another host's agent may have been given the same port.
 */
static void ignore_echo(struct mcast *m, const struct addr *source)
{
	if (!addr_equal(&m->ignored, source) &&
	    mcast_ignore(m->receiver, source, m->hub.own_port) == 0)
		m->ignored = *source;
}

/* Does the filter get to see what we inject there? */
static bool has_echo(const struct mcast *m, uint32_t interface)
{
	return interface != m->loopback || !addr_is_ipv4(&m->blocked);
}

void mcast_serve(struct mcast *m)
{
	bool named = m->config.mcast.scope == MCAST_NAMED;
	uint32_t interface = named ? m->hub.served : m->loopback;
	const struct interface_address *at = interfaces_by_index(&m->interfaces, interface);

	const struct addr *source;

	m->serving = 0;
	if (!at || !at->is_up)
		return;
	source = has_echo(m, interface) ? &at->addr : &m->blocked;
	if (mcast_send_by(m->sender, interface, source, named ? MCAST_LAN : MCAST_HOST) < 0)
		return;
	m->serving = interface;
	ignore_echo(m, &at->addr);
}

/* ---- frames ---- */

static void on_refused(void *context, size_t index, int error)
{
	struct mcast_batch *b = context;
	struct mcast *m = b->m;

	m->port.drops[DROP_PORT_SEND]++;
	m->port.tx_frames--;
	m->port.tx_bytes -= b->list[index].len;
	m->send_error = error;
	b->refused++;
}

/* Make a batch of those of a queue that go by @interface. */
static void gather(struct mcast *m, const struct mcast_queue *q, uint32_t interface,
		   struct mcast_batch *b)
{
	socklen_t to_len = addr_to_sockaddr(&m->config.mcast.group, false, &b->to);
	size_t at = 0;

	b->m = m;
	b->count = b->refused = 0;
	for (size_t i = 0; i < q->count; i++) {
		if (q->interfaces[i] == interface)
			b->list[b->count++] = (struct udp_to_send){.bytes = q->bytes + at,
								   .len = q->lengths[i],
								   .to = (struct sockaddr *)&b->to,
								   .to_len = to_len};
		at += q->lengths[i];
	}
}

static void count_batch(const struct mcast_batch *b)
{
	struct port *p = &b->m->port;

	p->tx_frames += b->count;
	for (size_t i = 0; i < b->count; i++)
		p->tx_bytes += b->list[i].len;
}

/* ---- where we serve: paced ---- */

/* As many of those that wait as the credit pays for, at most a batch. */
static void gather_paid(struct mcast *m, struct mcast_batch *b)
{
	socklen_t to_len = addr_to_sockaddr(&m->config.mcast.group, false, &b->to);

	b->m = m;
	b->count = b->refused = 0;
	while (b->count < UDP_BATCH && b->count < m->inject.count) {
		struct backlog_frame f = backlog_frame(&m->inject, b->count);

		if (!pacing_take(&m->pacing, pacing_cost(f.len)))
			break;
		b->list[b->count++] = (struct udp_to_send){.bytes = f.bytes,
							   .len = f.len,
							   .to = (struct sockaddr *)&b->to,
							   .to_len = to_len};
	}
}

static void on_time(uv_timer_t *timer)
{
	mcast_flush(timer->data);
}

/* What waits has its turn in a moment, or with whatever is sent before that. */
static void wait_for_credit(struct mcast *m)
{
	if (m->inject.count > 0 && !uv_is_active((uv_handle_t *)&m->pacer))
		uv_timer_start(&m->pacer, on_time, PACER_MS, 0);
}

static void flush_inject(struct mcast *m)
{
	struct mcast_batch *b = &m->batch;

	if (m->inject.count == 0)
		return;
	if (m->serving == 0) {
		m->port.drops[DROP_PORT_DOWN] += m->inject.count;
		backlog_clear(&m->inject);
		return;
	}
	pacing_refill(&m->pacing, m->inject.cost_bytes, clock_now_ns());
	for (gather_paid(m, b); b->count > 0; gather_paid(m, b)) {
		count_batch(b);
		udp_send_runs(&m->out, b->list, b->count, on_refused, b);
		if (has_echo(m, m->serving))
			m->echoes += (uint32_t)(b->count - b->refused);
		for (size_t i = 0; i < b->count; i++)
			backlog_remove(&m->inject);
	}
	wait_for_credit(m);
}

/* ---- to other hosts ---- */

/* Each interface in turn, then back to the one that we serve. */
static void flush_beyond(struct mcast *m)
{
	struct mcast_batch *b = &m->batch;

	if (m->beyond.count == 0)
		return;
	for (size_t i = 0; i < m->attachment_count; i++) {
		uint32_t interface = m->attachments[i].interface;
		const struct interface_address *at = interfaces_by_index(&m->interfaces, interface);

		gather(m, &m->beyond, interface, b);
		if (b->count == 0)
			continue;
		if (!at || mcast_send_by(m->sender, interface, &at->addr, MCAST_BEYOND) < 0) {
			m->port.drops[DROP_PORT_SEND] += b->count;
			continue;
		}
		/* One by one: what this interface refuses says nothing of the one that we serve. */
		count_batch(b);
		udp_send(m->sender, b->list, b->count, on_refused, b);
	}
	m->beyond.count = m->beyond.used = 0;
	mcast_serve(m);
}

void mcast_flush(struct port *p)
{
	struct mcast *m = (struct mcast *)p;

	flush_inject(m);
	flush_beyond(m);
}

void mcast_send(struct port *p, const uint8_t *frame, size_t len)
{
	struct mcast *m = (struct mcast *)p;

	assert(len >= ETHER_HEADER_BYTES && len <= FRAME_MAX_BYTES);
	if (m->serving == 0)
		p->drops[DROP_PORT_DOWN]++;
	else if (!backlog_add(&m->inject, frame, len))
		p->drops[DROP_PORT_FULL]++;
	else if (m->inject.count % UDP_BATCH == 0)
		flush_inject(m);
}

void mcast_send_beyond(struct port *p, uint32_t interface, const uint8_t *frame, size_t len)
{
	struct mcast *m = (struct mcast *)p;
	struct mcast_queue *q = &m->beyond;

	assert(len >= ETHER_HEADER_BYTES && len <= FRAME_MAX_BYTES);
	if (interface == m->loopback || !mcast_attachment(m, interface)) {
		p->drops[DROP_PORT_DOWN]++;
		return;
	}
	if (q->count == UDP_BATCH || q->used + len > MCAST_QUEUE_BYTES)
		flush_beyond(m);
	memcpy(q->bytes + q->used, frame, len);
	q->used += len;
	q->interfaces[q->count] = interface;
	q->lengths[q->count++] = len;
}

/* ---- beacons ---- */

/* What cannot be sent is not heard, and that is what is reported. Return: was it sent? */
static bool say(const struct mcast *m, int fd, uint32_t interface, enum mcast_reach reach,
		const struct port_frame *f)
{
	const struct interface_address *at = interfaces_by_index(&m->interfaces, interface);
	struct sockaddr_storage to;
	socklen_t to_len = addr_to_sockaddr(&m->config.mcast.group, false, &to);

	if (!at || mcast_send_by(fd, interface, &at->addr, reach) < 0)
		return false;
	return sendto(fd, f->bytes, f->len, MSG_DONTWAIT, (struct sockaddr *)&to, to_len) >= 0;
}

/* A beacon, which the filter sees where we inject. */
static void say_beacon(struct mcast *m, uint32_t interface, enum mcast_reach reach,
		       const struct port_frame *f)
{
	if (say(m, m->sender, interface, reach, f) && interface == m->serving)
		m->echoes++;
}

void mcast_beacon(struct port *p, uint32_t interface, struct beacon *b)
{
	struct mcast *m = (struct mcast *)p;
	uint8_t bytes[BEACON_FRAME_BYTES];
	struct port_frame f = {.bytes = bytes};

	if (m->sender < 0)
		return;
	b->interface_count = m->attachment_count;
	for (size_t i = 0; i < m->attachment_count; i++)
		b->interfaces[i] = m->attachments[i].interface;
	f.len = beacon_write(b, &m->beacon_source, bytes);
	if (interface != m->loopback)
		say_beacon(m, interface, MCAST_LAN, &f);
	/* An agent that shares its hub with a LAN is known to the others of this host, too. */
	if (interface == m->loopback || m->config.mcast.scope == MCAST_NAMED)
		say_beacon(m, m->loopback, MCAST_HOST, &f);
	mcast_serve(m);
}

/* ---- self-test ---- */

void mcast_test(struct mcast *m, uint64_t now_ns)
{
	struct beacon beacon = {.kind = BEACON_SELF_TEST};
	uint8_t bytes[BEACON_FRAME_BYTES];
	struct port_frame f = {.bytes = bytes};
	uint32_t interfaces[PORT_ATTACHMENTS_MAX];
	size_t count = 0;
	uint16_t port;
	int fd = mcast_open_sender(&port);

	if (fd < 0)
		return; /* out of descriptors: no reason to blame a firewall */
	for (size_t i = 0; i < m->attachment_count; i++) {
		if (m->attachments[i].has_members)
			interfaces[count++] = m->attachments[i].interface;
	}
	randombytes_buf(beacon.id, sizeof(beacon.id));
	selftest_begin(&m->selftest, beacon.id, interfaces, count, now_ns);
	f.len = beacon_write(&beacon, &m->beacon_source, bytes);
	for (size_t i = 0; i < count; i++)
		say(m, fd, interfaces[i], MCAST_HOST, &f);
	close(fd);
}
