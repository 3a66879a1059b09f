/*
 * tap.c - a port that is an interface of this host: for the host itself, or in one of its bridges
 *
 * Layer: agent (ports).
 *
 * How it works. One descriptor gives a frame a read and takes one a write; these may be super-frames, where
 * the kernel has them (offload.h). While it is open, and the interface up, the port is up. When the interface is deleted, the descriptor is given back, and
 * every tick tries to attach again, to the interface that somebody made anew or to one that it makes.
 * Making one needs privilege, attaching to a persistent one of our own user does not: that is the
 * only kind which can still be opened after privileges were dropped.
 *
 * The interface's carrier says whether there is anybody at the other end: see port_ops.carrier.
 */
#include "tap.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/clock.h"
#include "common/cursor.h"
#include "common/log.h"
#include "hub_datagram.h"

enum {
	ETHER_TYPE_BYTES = 2,
	TYPE_8021Q = 0x8100,
	TAG_BYTES = 4, /* not counted in an MTU */
};

/* ---- giving the interface back ---- */

/* @error: why it is not open; logged if it is another reason than the last time */
static void fail(struct tap *t, int error)
{
	char why[PORT_DETAIL_BYTES];
	bool is_new = t->error != error;

	t->error = error;
	tap_state(&t->port, why, sizeof(why));
	if (is_new)
		log_warn("port %s: %s", t->config.name, why);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

/* @error: why, negative; 0: because the port closes */
static void let_go(struct tap *t, int error)
{
	if (t->device.fd < 0)
		return;
	uv_close((uv_handle_t *)t->poll, on_closed); /* stops it at once */
	tap_device_close(&t->device);
	t->poll = NULL;
	t->port.has_offload = false;
	t->link = (struct tap_link){.is_here = false};
	if (error)
		fail(t, error);
}

/* ---- segments ---- */

/* Where frames come in now. Return: the interface's index, or 0 */
static uint32_t attached(const struct tap *t)
{
	return t->device.fd >= 0 && t->link.is_up ? t->link.index : 0;
}

/* Tell the owner if that changed; not while a frame is being sent: it would beacon in between. */
static void report(struct tap *t)
{
	if (attached(t) == t->reported)
		return;
	t->reported = attached(t);
	t->port.events.on_attached(t->port.events.context);
}

/* A bridge may be behind it, so whoever speaks there is served. */
static size_t tap_attachments(const struct port *p, struct port_attachment *out, size_t max)
{
	uint32_t interface = attached((const struct tap *)p);

	if (interface == 0 || max == 0)
		return 0;
	*out = (struct port_attachment){.interface = interface, .serves = true, .is_real = true};
	return 1;
}

/* A frame like any other, and not counted with those. What cannot be sent is not heard. */
static void tap_beacon(struct port *p, uint32_t interface, struct beacon *b)
{
	struct tap *t = (struct tap *)p;
	uint8_t frame[BEACON_FRAME_BYTES];
	size_t len;

	b->interface_count = 1;
	b->interfaces[0] = interface;
	len = beacon_write(b, &t->beacon_source, frame);
	if (t->device.fd >= 0)
		tap_device_write(&t->device, &(struct port_frame){.bytes = frame, .len = len});
}

/* Of all frames that it becomes, with their headers. */
static size_t all_bytes(const struct port_frame *f)
{
	const struct offload *o = f->offload;

	return o ? o->data_len + offload_count(o) * o->headers_len : f->len;
}

/* ---- frames in ---- */

/* What the hub of one of our own ports brought: see hub_datagram.h. */
static bool is_of_own_hub(const struct tap *t, const uint8_t *frame, size_t len)
{
	struct hub_datagram d;

	return *t->hubs && hub_datagram_read(frame, len, &d) && mcast_serves(*t->hubs, &d);
}

/* Whoever is on this LAN can send one, a guest too: it is another agent's or a lie. */
static void take_beacon(struct tap *t, const uint8_t *frame, const struct beacon *beacon)
{
	struct port_beacon heard = {
		.interface = t->link.index, .sender = ether_src(frame), .beacon = *beacon};

	if (beacon->kind == BEACON_AGENT || beacon->kind == BEACON_LEAVING)
		t->port.events.on_beacon(t->port.events.context, &heard);
}

static void take(struct tap *t, const struct port_frame *f)
{
	const struct port_events *e = &t->port.events;
	struct port_source source = {.interface = t->link.index};
	size_t count = f->offload ? offload_count(f->offload) : 1;
	struct beacon beacon;

	if (is_of_own_hub(t, f->bytes, f->len)) {
		t->port.drops[DROP_HUB_IN_TAP] += count;
		return;
	}
	if (beacon_read(f->bytes, f->len, &beacon)) {
		take_beacon(t, f->bytes, &beacon);
		return;
	}
	t->port.rx_frames += count;
	t->port.rx_bytes += all_bytes(f);
	if (f->offload)
		e->on_whole(e->context, f, &source);
	else
		e->on_frame(e->context, f->bytes, f->len, &source);
}

/* Return: bytes taken; 0 when nothing more waits, or the interface is gone */
static size_t take_next(struct tap *t)
{
	struct offload offload;
	struct port_frame f;
	int code = tap_device_read(&t->device, t->area, &f, &offload);

	if (code == -EBADMSG) {
		t->port.drops[DROP_NO_CHECKSUM]++;
		return 1;
	}
	if (code < 0 && code != -EAGAIN && code != -EINTR)
		let_go(t, code);
	if (code < 0)
		return 0;
	/* without offloads, what is longer than a slot is cut, and too long for the switch */
	take(t, &f);
	return t->device.fd >= 0 ? f.len : 0;
}

/* How many frames to read now. After a pause it is nearly always one, and a second read, which finds nothing, would
 * only delay it: the loop comes back at once if there are more. */
static int batch_size(struct tap *t)
{
	uint64_t now_ms = uv_now(t->loop);
	bool is_lone = now_ms - t->read_ms >= TAP_PAUSE_MS;

	t->read_ms = now_ms;
	return is_lone ? 1 : TAP_BATCH;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct tap *t = poll->data;
	size_t bytes = 0, more = t->device.fd >= 0;
	int most = batch_size(t);

	(void)events;
	if (status < 0) /* POLLERR: it was deleted */
		let_go(t, -EBADFD);
	for (int i = 0; more && t->device.fd >= 0 && i < most && bytes < TAP_BATCH_BYTES; i++) {
		more = take_next(t);
		bytes += more;
	}
	t->port.events.on_batch_end(t->port.events.context);
	report(t);
}

/* ---- frames out ---- */

/* Longer than any interface of that MTU would hear on a cable. */
static bool is_too_long(const struct tap *t, const uint8_t *frame, size_t len)
{
	struct reader type = reader_over(frame + 2 * MAC_BYTES, ETHER_TYPE_BYTES);
	size_t most = t->link.mtu + (size_t)ETHER_HEADER_BYTES;

	if (reader_u16(&type) == TYPE_8021Q)
		most += TAG_BYTES;
	return t->link.mtu != 0 && len > most;
}

static void note_refusal(struct tap *t, int error, size_t count)
{
	if (error == EIO) { /* set down a moment ago, in whichever namespace it is */
		t->link.is_up = false;
		t->port.drops[DROP_PORT_DOWN] += count;
	} else if (error == EBADFD) {
		let_go(t, -error);
		t->port.drops[DROP_PORT_DOWN] += count;
	} else {
		t->send_error = error;
		t->port.drops[DROP_PORT_SEND] += count;
	}
}

/* Return: false if it cannot be sent, which is counted */
static bool may_send(struct tap *t, const uint8_t *frame, size_t len, size_t count)
{
	if (t->device.fd < 0) {
		t->port.drops[DROP_PORT_DOWN] += count;
		return false;
	}
	if (!is_too_long(t, frame, len))
		return true;
	t->port.drops[DROP_OVER_MTU] += count;
	t->long_bytes = len;
	t->long_ns = clock_now_ns();
	return false;
}

static void note_sent(struct tap *t)
{
	uint64_t now_ms = uv_now(t->loop);

	t->may_answer = now_ms - t->sent_ms >= TAP_PAUSE_MS;
	t->sent_ms = now_ms;
}

/* What became of a frame: @code is 0 or a negative errno. */
static void settle(struct tap *t, const struct port_frame *f, int code)
{
	size_t count = f->offload ? offload_count(f->offload) : 1;

	if (code < 0) {
		note_refusal(t, -code, count);
		return;
	}
	t->port.tx_frames += count;
	t->port.tx_bytes += all_bytes(f);
	note_sent(t);
}

static void put(struct tap *t, const struct port_frame *f)
{
	/* it may have gone with the piece before */
	settle(t, f, t->device.fd < 0 ? -EBADFD : tap_device_write(&t->device, f));
}

static void tap_send(struct port *p, const uint8_t *frame, size_t len)
{
	struct tap *t = (struct tap *)p;

	assert(len >= ETHER_HEADER_BYTES && len <= FRAME_MAX_BYTES);
	if (may_send(t, frame, len, 1))
		put(t, &(struct port_frame){.bytes = frame, .len = len});
}

/* What the kernel does not take whole goes piece by piece. */
static void put_pieces(struct tap *t, const struct port_frame *f)
{
	struct cutter c = cutter_over(f->bytes, f->offload);
	struct piece piece;
	struct slice data;
	struct offload one = *f->offload;

	one.piece_len = 0;
	one.more = &data;
	one.more_count = 1;
	while (cutter_next(&c, &piece)) {
		data = (struct slice){piece.data, piece.data_len};
		one.data_len = (uint32_t)piece.data_len;
		put(t, &(struct port_frame){
			       .bytes = piece.headers, .len = piece.headers_len, .offload = &one});
	}
}

static void tap_send_whole(struct port *p, const struct port_frame *f)
{
	struct tap *t = (struct tap *)p;
	const struct offload *o = f->offload;
	size_t count = offload_count(o);
	int code = -EINVAL;

	if (!may_send(t, f->bytes, offload_first_len(o), count))
		return;
	if (count == 1 || !o->is_udp || t->device.has_udp_offload)
		code = tap_device_write(&t->device, f);
	if (code == -EINVAL && count > 1)
		put_pieces(t, f); /* some kernels want no super-frame with such headers */
	else
		settle(t, f, code);
}

/* The kernel answers a ping or a segment before it comes back from the call that brought it. To go through the loop
 * first would only delay that answer; it is not worth a call for each frame of many. */
static void tap_hear(struct port *p)
{
	struct tap *t = (struct tap *)p;

	if (!t->may_answer)
		return;
	t->may_answer = false;
	if (t->device.fd >= 0 && take_next(t))
		t->port.events.on_batch_end(t->port.events.context);
	report(t);
}

/* Nothing waits: the kernel takes frames one by one, so send() has handed them over already. */
static void tap_flush(struct port *p)
{
	(void)p;
}

/* ---- life ---- */

static int watch(struct tap *t)
{
	int code;

	t->poll = malloc(sizeof(*t->poll));
	code = t->poll ? uv_poll_init(t->loop, t->poll, t->device.fd) : -ENOMEM;
	if (code < 0) {
		free(t->poll);
		t->poll = NULL;
		return code;
	}
	t->poll->data = t;
	uv_poll_start(t->poll, UV_READABLE, on_readable);
	return 0;
}

/* Without privilege the interface stays as it is, and state says what is missing. */
static void set_up(struct tap *t)
{
	const char *name = t->config.tap.name;
	uint32_t mtu = t->config.tap.mtu;

	t->mtu_error = mtu ? tap_device_set_mtu(name, mtu) : 0;
	tap_device_set_up(name);
	if (!t->has_carrier)
		tap_device_set_carrier(t->device.fd, false);
	tap_device_look(t->device.fd, &t->link);
}

static void start(struct tap *t)
{
	int code = tap_device_open(&t->device, t->config.tap.name, t->wants_offload, &t->step);

	if (code == 0) {
		code = watch(t);
		if (code < 0)
			tap_device_close(&t->device);
	}
	if (code < 0) {
		fail(t, code);
		return;
	}
	t->port.has_offload = t->device.has_offload;
	if (t->error)
		log_info("port %s: interface %s is open", t->config.name, t->config.tap.name);
	t->error = 0;
	set_up(t);
}

static int tap_open(struct port **out, const struct port_env *env, const struct port_config *config,
		    const struct port_events *events, struct error *err)
{
	struct tap *t = calloc(1, sizeof(*t));

	if (!t)
		return error_set(err, -ENOMEM, "not enough memory for port %s", config->name);
	t->port = (struct port){.ops = &tap_ops, .events = *events};
	t->config = *config;
	t->loop = env->loop;
	t->area = env->area;
	t->hubs = env->hubs;
	t->device.fd = -1;
	t->wants_offload = env->offload;
	t->has_carrier = true; /* as the kernel has it at first */
	randombytes_buf(t->beacon_source.b, MAC_BYTES);
	t->beacon_source.b[0] = 0x02; /* locally administered, one machine's */
	start(t);
	t->reported = attached(t);
	*out = &t->port;
	return 0;
}

/* Is it still there, and as it was? If it is not open, try. */
static void follow(struct tap *t)
{
	if (t->device.fd >= 0 && tap_device_look(t->device.fd, &t->link) < 0)
		let_go(t, -EBADFD);
	if (t->device.fd < 0)
		start(t);
	report(t);
}

static void tap_tick(struct port *p, uint64_t now_ns)
{
	struct tap *t = (struct tap *)p;

	(void)now_ns;
	t->send_error = 0;
	follow(t);
}

static void tap_network_changed(struct port *p, uint64_t now_ns)
{
	(void)now_ns;
	follow((struct tap *)p);
}

static void tap_carrier(struct port *p, bool on)
{
	struct tap *t = (struct tap *)p;

	t->has_carrier = on;
	if (t->device.fd >= 0)
		tap_device_set_carrier(t->device.fd, on);
}

static void tap_close(struct port *p)
{
	struct tap *t = (struct tap *)p;

	let_go(t, 0);
	free(t);
}

const struct port_ops tap_ops = {
	.open = tap_open,
	.send = tap_send,
	.send_whole = tap_send_whole,
	.flush = tap_flush,
	.hear = tap_hear,
	.tick = tap_tick,
	.network_changed = tap_network_changed,
	.carrier = tap_carrier,
	.state = tap_state,
	.warnings = tap_warnings,
	.attachments = tap_attachments,
	.beacon = tap_beacon,
	.close = tap_close,
};
