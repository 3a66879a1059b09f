/*
 * tunnel.c - see tunnel.h
 *
 * Both sockets are read through one area, because each batch is handed over whole before the next is
 * read. A wake-up reads one batch of a socket: what is left wakes the loop again, after the others
 * had their turn.
 *
 * In a batch, what belongs to sessions is handed over before all else: PROTOCOL.md 5.3.
 *
 * ICMP is asked for, because "nobody listens there" is the first thing that a user wants to know, and
 * believed for nothing else: whoever guesses our ports can forge it.
 */
#include "agent/tunnel.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tunnel_groups.h"
#include "udp.h"

enum {
	FAMILIES = 2,
	SLOT_BYTES = 9216, /* longest datagram that is read: more than a 9000-byte wire carries */
	BIND_TRIES = 16,   /* for a port of the kernel's choice that is free in both families */
	SENT_MAX = 16,     /* addresses remembered, to say for whom an ICMP error is */
	NOBODY_LATELY = -2,
};
_Static_assert((int)SLOT_BYTES >= (int)DATAGRAM_MAX_BYTES, "our own datagrams must fit");

struct half {
	struct tunnel *tunnel;
	int fd; /* or -1 */
	struct udp_sender sender;
	uv_poll_t poll;
};

/* To whom a datagram was sent. */
struct sent {
	struct addr to;
	int peer;
};

/* What goes to one of the sockets, by group. @to: of each group, at its first datagram's place */
struct sending {
	struct tunnel_groups groups;
	size_t count;
	struct udp_to_send list[TUNNEL_GROUP_DATAGRAMS];
	const struct datagram *datagrams[TUNNEL_GROUP_DATAGRAMS];
	struct sockaddr_storage to[TUNNEL_GROUP_DATAGRAMS];
};

struct tunnel {
	struct half halves[FAMILIES];
	struct tunnel_events events;
	struct udp_area area;
	uint16_t port;
	int handles; /* not yet let go by libuv */
	struct sent sent[SENT_MAX];
	size_t last_sent; /* the newest of them */
	struct sending sending;
};

static const int FAMILY[FAMILIES] = {AF_INET, AF_INET6};

/* Nothing of ours is ever fragmented by IP: path MTU is the protocol's business, ICMP forgeable. */
static int forbid_fragments(int fd, int family)
{
	int probe = family == AF_INET ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE, on = 1;

	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof(on)) < 0)
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof(probe));
}

static int bind_all(int fd, int family, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (family == AF_INET)
		return bind(fd, (struct sockaddr *)&v4, sizeof(v4));
	return bind(fd, (struct sockaddr *)&v6, sizeof(v6));
}

/* Return: a descriptor or a negative errno. */
static int open_half(int family, uint16_t port)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int code;

	if (fd < 0)
		return -errno;
	udp_enlarge(fd);
	if (forbid_fragments(fd, family) == 0 && udp_want_errors(fd, family) == 0 &&
	    udp_want_local(fd, family) == 0 && bind_all(fd, family, port) == 0)
		return fd;
	code = -errno;
	close(fd);
	return code;
}

static struct addr bound_to(int fd)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return (struct addr){.port = 0};
	return addr_from_sockaddr((struct sockaddr *)&ss);
}

/* A host may well have only one of the families; it must not have the port taken in either. */
static bool is_missing_family(int code)
{
	return code == -EAFNOSUPPORT || code == -EADDRNOTAVAIL || code == -EPROTONOSUPPORT;
}

static void close_halves(struct tunnel *t)
{
	for (int i = 0; i < FAMILIES; i++) {
		if (t->halves[i].fd >= 0)
			close(t->halves[i].fd);
		t->halves[i].fd = -1;
	}
}

/* Return: 0, or the negative errno of the family that failed. */
static int open_halves(struct tunnel *t, uint16_t port)
{
	int code = 0;

	for (int i = 0; i < FAMILIES && code == 0; i++) {
		int fd = open_half(FAMILY[i], port);

		t->halves[i].fd = fd;
		if (fd >= 0)
			port = bound_to(fd).port;
		else if (!is_missing_family(fd))
			code = fd;
	}
	if (code == 0 && t->halves[0].fd < 0 && t->halves[1].fd < 0)
		code = t->halves[0].fd;
	t->port = port;
	if (code != 0)
		close_halves(t);
	return code;
}

static int open_sockets(struct tunnel *t, uint16_t port, struct error *err)
{
	int code = -EADDRINUSE;

	/* Port 0: the one that is free for IPv4 may be taken for IPv6. */
	for (int tries = 0; tries < (port ? 1 : BIND_TRIES) && code == -EADDRINUSE; tries++)
		code = open_halves(t, port);
	if (code == -EADDRINUSE)
		return error_set(
			err, code,
			"UDP port %u is in use on this host, perhaps by another longwire: "
			"stop that, or set another port with `listen` in [agent] of agent.conf",
			port);
	if (code == -EACCES)
		return error_set(err, code,
				 "this user may not use UDP port %u: set `listen` in [agent] of "
				 "agent.conf to a port from 1024 on",
				 port);
	if (code < 0)
		return error_set(err, code, "cannot open UDP port %u: %s", port, strerror(-code));
	return 0;
}

/* Which peer a datagram to there was for, or NOBODY_LATELY. */
static int sent_to(const struct tunnel *t, const struct addr *to)
{
	for (size_t i = 0; i < SENT_MAX; i++) {
		if (addr_is_set(&t->sent[i].to) && addr_equal(&t->sent[i].to, to))
			return t->sent[i].peer;
	}
	return NOBODY_LATELY;
}

static void remember(struct tunnel *t, const struct datagram *d)
{
	const struct sent *last = &t->sent[t->last_sent];

	if (last->peer == d->peer && addr_equal(&last->to, &d->to))
		return; /* the usual case */
	if (sent_to(t, &d->to) == d->peer)
		return;
	t->last_sent = (t->last_sent + 1) % SENT_MAX;
	t->sent[t->last_sent] = (struct sent){.to = d->to, .peer = d->peer};
}

static void on_readable(uv_poll_t *poll, int status, int events);

/* libuv stops watching a socket that is in error; reading the errors mends it. */
static void take_errors(struct half *half)
{
	struct tunnel *t = half->tunnel;
	struct udp_error errors[UDP_ERRORS_MAX];
	size_t count = udp_read_errors(half->fd, errors);

	for (size_t i = 0; i < count; i++) {
		int peer = sent_to(t, &errors[i].to);

		if (peer >= 0)
			t->events.on_icmp(t->events.context, peer, errors[i].error);
	}
	uv_poll_start(&half->poll, UV_READABLE, on_readable);
}

static void hand_over(const struct tunnel *t, const struct udp_received *r)
{
	const struct tunnel_events *events = &t->events;
	struct route route = {.remote = r->from, .local = r->local};

	if (r->interface) /* else the kernel did not say */
		route.local.port = t->port;
	if (r->is_cut)
		events->on_truncated(events->context);
	else
		events->on_datagram(events->context, &route, r->bytes, r->len);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct half *half = poll->data;
	struct tunnel *t = half->tunnel;
	struct udp_received batch[UDP_BATCH], *late[UDP_BATCH];
	int count, late_count = 0;

	(void)events;
	if (status < 0)
		take_errors(half);
	count = udp_receive(half->fd, &t->area, batch);
	for (int i = 0; i < count; i++) {
		if (engine_is_data(batch[i].bytes, batch[i].len))
			hand_over(t, &batch[i]);
		else
			late[late_count++] = &batch[i];
	}
	for (int i = 0; i < late_count; i++)
		hand_over(t, late[i]);
	if (count > 0)
		t->events.on_batch_end(t->events.context);
}

static int start_polling(struct tunnel *t, uv_loop_t *loop)
{
	for (int i = 0; i < FAMILIES; i++) {
		struct half *half = &t->halves[i];
		int code;

		half->tunnel = t;
		half->poll.data = half;
		if (half->fd < 0)
			continue;
		udp_sender_init(&half->sender, half->fd, false);
		code = uv_poll_init(loop, &half->poll, half->fd);
		if (code == 0) {
			t->handles++;
			code = uv_poll_start(&half->poll, UV_READABLE, on_readable);
		}
		if (code < 0)
			return code;
	}
	return 0;
}

static void free_tunnel(struct tunnel *t)
{
	close_halves(t);
	free(t->area.bytes);
	free(t);
}

static void on_closed(uv_handle_t *handle)
{
	struct half *half = handle->data;

	if (--half->tunnel->handles == 0)
		free_tunnel(half->tunnel);
}

void tunnel_close(struct tunnel *t)
{
	if (!t)
		return;
	if (t->handles == 0) {
		free_tunnel(t);
		return;
	}
	for (int i = 0; i < FAMILIES; i++) {
		uv_handle_t *handle = (uv_handle_t *)&t->halves[i].poll;

		if (handle->type == UV_POLL && !uv_is_closing(handle))
			uv_close(handle, on_closed);
	}
}

int tunnel_open(struct tunnel **out, uv_loop_t *loop, uint16_t port,
		const struct tunnel_events *events, struct error *err)
{
	struct tunnel *t = calloc(1, sizeof(*t));
	int code;

	if (!t)
		return error_set(err, -ENOMEM, "not enough memory for the tunnel");
	t->halves[0].fd = t->halves[1].fd = -1;
	t->events = *events;
	t->area = (struct udp_area){.bytes = malloc((size_t)UDP_BATCH * SLOT_BYTES),
				    .slot_bytes = SLOT_BYTES};
	if (!t->area.bytes)
		code = error_set(err, -ENOMEM, "not enough memory for the tunnel");
	else
		code = open_sockets(t, port, err);
	if (code == 0) {
		code = start_polling(t, loop);
		if (code < 0)
			error_set(err, code, "cannot watch the tunnel's socket: %s",
				  uv_strerror(code));
	}
	if (code < 0) {
		tunnel_close(t);
		return code;
	}
	*out = t;
	return 0;
}

void tunnel_use_offload(struct tunnel *t, bool on)
{
	for (int i = 0; i < FAMILIES; i++) {
		if (t->halves[i].fd >= 0)
			udp_sender_init(&t->halves[i].sender, t->halves[i].fd, on);
	}
}

size_t tunnel_bound(const struct tunnel *t, struct addr out[FAMILIES])
{
	size_t count = 0;

	for (int i = 0; i < FAMILIES; i++) {
		if (t->halves[i].fd >= 0)
			out[count++] = bound_to(t->halves[i].fd);
	}
	return count;
}

uint64_t tunnel_lost(const struct tunnel *t)
{
	uint64_t lost = 0;

	for (int i = 0; i < FAMILIES; i++) {
		if (t->halves[i].fd >= 0)
			lost += udp_lost(t->halves[i].fd);
	}
	return lost;
}

/* The address to send from, where one is named that the datagram's family has */
static const struct addr *local_of(const struct datagram *d)
{
	return addr_is_set(&d->local) && addr_is_ipv4(&d->local) == addr_is_ipv4(&d->to) ? &d->local
											 : NULL;
}

static int family_of(const struct datagram *d)
{
	return addr_is_ipv4(&d->to) ? 0 : 1;
}

static void on_refused(void *context, size_t index, int error)
{
	struct tunnel *t = context;

	t->events.on_refused(t->events.context, t->sending.datagrams[index], error);
}

/* A group's datagrams behind what is listed already. */
static void list_group(struct tunnel *t, const struct datagram *datagrams,
		       const struct tunnel_group *group)
{
	struct sending *s = &t->sending;
	const struct datagram *first = &datagrams[group->first];
	struct sockaddr_storage *to = &s->to[s->count];
	const struct udp_to_send way = {.to = (struct sockaddr *)to,
					.to_len = addr_to_sockaddr(&first->to, false, to),
					.local = local_of(first)};

	remember(t, first);
	for (uint16_t i = group->first; i != TUNNEL_GROUP_NONE; i = s->groups.next[i]) {
		struct udp_to_send *out = &s->list[s->count];

		*out = way;
		out->bytes = datagrams[i].bytes;
		out->len = datagrams[i].len;
		out->alone = datagrams[i].is_probe;
		s->datagrams[s->count++] = &datagrams[i];
	}
}

/* What is for one of the sockets. */
static void send_half(struct tunnel *t, int family, const struct datagram *datagrams)
{
	struct half *half = &t->halves[family];
	struct sending *s = &t->sending;

	s->count = 0;
	for (size_t i = 0; i < s->groups.count; i++) {
		if (family_of(&datagrams[s->groups.list[i].first]) == family)
			list_group(t, datagrams, &s->groups.list[i]);
	}
	if (half->fd >= 0)
		udp_send_runs(&half->sender, s->list, s->count, on_refused, t);
	for (size_t i = 0; half->fd < 0 && i < s->count; i++)
		on_refused(t, i, EAFNOSUPPORT);
}

void tunnel_send(struct tunnel *t, const struct datagram *datagrams, size_t count)
{
	while (count > 0) {
		size_t n = count < TUNNEL_GROUP_DATAGRAMS ? count : TUNNEL_GROUP_DATAGRAMS;

		tunnel_groups_make(&t->sending.groups, datagrams, n);
		for (int i = 0; i < FAMILIES; i++)
			send_half(t, i, datagrams);
		datagrams += n;
		count -= n;
	}
}
