/*
 * tunnel.c - sockets and their life; see tunnel.h and tunnel_private.h
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

#include "tunnel_private.h"

enum {
	BIND_TRIES = 16, /* for a port of the kernel's choice that is free in both families */
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
			code = uv_poll_start(&half->poll, UV_READABLE, tunnel_in_readable);
		}
		if (code < 0)
			return code;
	}
	return 0;
}

static void free_tunnel(struct tunnel *t)
{
	close_halves(t);
	udp_receiver_free(t->receiver);
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
	code = udp_receiver_new(&t->receiver);
	if (code < 0)
		error_set(err, code, "not enough memory for the tunnel");
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
		int fd = t->halves[i].fd;

		if (fd < 0)
			continue;
		udp_sender_init(&t->halves[i].sender, fd, on);
		udp_want_runs(fd, on); /* an older kernel cannot */
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
