/*
 * tunnel_in.c - what comes in; see tunnel.h and tunnel_private.h
 *
 * Both sockets are read through one receiver, because each batch is handed over whole before the next is
 * read. A wake-up reads one batch of a socket: what is left wakes the loop again, after the others
 * had their turn.
 *
 * In a batch, what belongs to sessions is handed over before all else: PROTOCOL.md 5.3.
 */
#include "tunnel_private.h"

enum {
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

void tunnel_in_readable(uv_poll_t *poll, int status, int events)
{
	struct half *half = poll->data;
	struct tunnel *t = half->tunnel;
	const struct udp_received *batch = NULL;
	int count;

	(void)events;
	if (status < 0)
		take_errors(half);
	count = udp_receiver_read(t->receiver, half->fd, &batch);
	for (int i = 0; i < count; i++)
		take(t, &batch[i], i);
	if (count <= 0)
		return;
	take_late(t, batch);
	t->events.on_batch_end(t->events.context);
}
