/*
 * tunnel_in.c - what comes in; see tunnel.h and tunnel_private.h
 *
 * Both sockets are read through one receiver, because each batch is handed over whole before the next is
 * read. A wake-up reads one batch of a socket: what is left wakes the loop again, after the others
 * had their turn.
 *
 * In a batch, what belongs to sessions is handed over before all else: PROTOCOL.md 5.3. Of that, messages from
 * addresses that sent little come first, so that the bulk of one peer does not delay others. Those from one
 * address stay in order.
 */
#include "tunnel_private.h"

enum {
	PORT_END =
		offsetof(struct addr, port) + sizeof(uint16_t), /* in an address, behind the IP */
	LONGEST_BYTES = 9216 /* datagram that is taken: more than a 9000-byte wire carries */
};
_Static_assert((int)LONGEST_BYTES >= (int)DATAGRAM_MAX_BYTES, "our own datagrams must fit");

/* libuv stops watching a socket that is in error; reading the errors mends it. */
static void take_errors(struct half *half)
{
	struct tunnel *t = half->tunnel;
	struct udp_error errors[UDP_ERRORS_MAX];
	size_t count = udp_read_errors(half->fd, errors);

	for (size_t i = 0; i < count; i++) {
		int peer = tunnel_out_sent_to(t, &errors[i].to);

		if (peer >= 0)
			t->events.on_icmp(t->events.context, peer, errors[i].error);
	}
	uv_poll_start(&half->poll, UV_READABLE, tunnel_in_readable);
}

static struct route route_of(const struct tunnel *t, const struct udp_received *r)
{
	struct route route = {.remote = r->from, .local = r->local};

	if (r->interface) /* else the kernel did not say */
		route.local.port = t->port;
	return route;
}

/* To be handed over later. Return: false when there is no room: nobody but a stranger sends so many. */
static bool put_off(struct tunnel *t, uint8_t *bytes, size_t len, int message)
{
	if (t->late_count == LATE_MAX)
		return false;
	t->late[t->late_count++] = (struct late){bytes, (uint32_t)len, (uint32_t)message};
	return true;
}

/* All datagrams of a message, but those that are for later. */
static void take(struct tunnel *t, const struct udp_received *r, int message)
{
	const struct tunnel_events *events = &t->events;
	const struct route route = route_of(t, r);
	size_t at = 0;

	do {
		size_t left = r->len - at, len = left < r->each ? left : r->each;
		uint8_t *bytes = r->bytes + at;

		at += len;
		if (r->is_cut || len > LONGEST_BYTES)
			events->on_truncated(events->context);
		else if (engine_is_data(bytes, len) || !put_off(t, bytes, len, message))
			events->on_datagram(events->context, &route, bytes, len);
	} while (at < r->len);
}

static void take_late(struct tunnel *t, const struct udp_received *batch)
{
	for (size_t i = 0; i < t->late_count; i++) {
		const struct late *late = &t->late[i];
		const struct route route = route_of(t, &batch[late->message]);

		t->events.on_datagram(t->events.context, &route, late->bytes, late->len);
	}
	t->late_count = 0;
}

/* What tells an address from others: the last bytes of its IP, and the port behind them. Two that agree in
 * these are taken for one, which does no harm. */
static const uint8_t *key_of(const struct addr *from)
{
	return (const uint8_t *)from + PORT_END - FLOW_KEY_BYTES;
}

static void take_all(struct tunnel *t, const struct udp_received *batch, size_t count)
{
	if (count == 1) {
		take(t, &batch[0], 0);
		take_late(t, batch);
		return;
	}
	for (size_t i = 0; i < count; i++)
		t->messages[i] = (struct flow_frame){key_of(&batch[i].from), batch[i].len};
	flow_order_make(&t->order, t->messages, count, FLOW_WHOLE);
	for (size_t i = 0; i < t->order.count; i++) {
		size_t message = t->order.order[i];

		take(t, &batch[message], (int)message);
	}
	take_late(t, batch);
}

/* How many messages to read now. After a pause it is nearly always one: see TAP_PAUSE_MS. */
static size_t batch_size(struct tunnel *t, const uv_loop_t *loop)
{
	uint64_t now_ms = uv_now(loop);
	bool is_lone = now_ms - t->read_ms >= PAUSE_MS;

	t->read_ms = now_ms;
	return is_lone ? 1 : UDP_BATCH;
}

void tunnel_in_readable(uv_poll_t *poll, int status, int events)
{
	struct half *half = poll->data;
	struct tunnel *t = half->tunnel;
	const struct udp_received *batch = NULL;
	int count;

	(void)events;
	if (status < 0)
		take_errors(half);
	count = udp_receiver_read(t->receiver, half->fd, batch_size(t, poll->loop), &batch);
	if (count <= 0)
		return;
	take_all(t, batch, (size_t)count);
	t->events.on_batch_end(t->events.context);
}
