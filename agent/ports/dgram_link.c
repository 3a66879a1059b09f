/*
 * dgram_link.c - see dgram_link.h
 */
#include "dgram_link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int dgram_link_init(struct dgram_link *l, const struct endpoint *to,
		    const struct unix_socket *bound)
{
	*l = (struct dgram_link){.bound = bound, .fd = -1, .error = -ENOENT};
	l->to.len = endpoint_to_unix(to, &l->to.at);
	return queue_init(&l->queue) ? 0 : -ENOMEM;
}

void dgram_link_fini(struct dgram_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	queue_fini(&l->queue);
}

int dgram_link_reach(struct dgram_link *l)
{
	if (l->fd < 0) {
		l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (l->fd < 0)
			return l->error = -errno;
		udp_enlarge(l->fd);
	}
	l->error = 0;
	if (connect(l->fd, (const struct sockaddr *)&l->to.at, l->to.len) < 0)
		l->error = -errno;
	/* unix(7) leaves it out: it is connected, to another socket than the one that asks. */
	l->by_name = l->error == -EPERM && l->bound->fd >= 0;
	if (l->by_name)
		l->error = 0;
	return l->error;
}

bool dgram_link_is_gone(const struct dgram_link *l)
{
	return l->error == -ECONNREFUSED || l->error == -ENOENT || l->error == -ENOTDIR;
}

static bool is_lost(int error)
{
	return error == ECONNREFUSED || error == ENOTCONN || error == ENOENT || error == EPERM;
}

static int send_some(const struct dgram_link *l, size_t first)
{
	if (l->by_name)
		return dgram_send(l->bound->fd, &l->queue, first, &l->to);
	return dgram_send(l->fd, &l->queue, first, NULL);
}

static void count(struct port *p, const struct queue *q, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		plug_count_sent(p, q->lengths[i]);
}

/* Return: how many are done with, sent or dropped, when the one at @at met @error. A full queue is full for
 * those behind it, too. */
static size_t give_up(struct dgram_link *l, struct port *p, size_t at, int error)
{
	size_t rest = l->queue.count - at;

	if (l->error < 0)
		p->drops[DROP_PORT_DOWN] += rest;
	else if (error == EAGAIN || error == ENOBUFS)
		p->drops[DROP_PORT_FULL] += rest;
	else {
		p->drops[DROP_PORT_SEND]++;
		return at + 1;
	}
	return l->queue.count;
}

void dgram_link_flush(struct dgram_link *l, struct port *p)
{
	bool is_tried = false;

	for (size_t done = 0; done < l->queue.count;) {
		int sent = send_some(l, done);

		if (sent < 0 && is_lost(-sent) && !is_tried) {
			is_tried = true;
			if (dgram_link_reach(l) == 0)
				continue;
		}
		if (sent > 0)
			count(p, &l->queue, done, done + (size_t)sent);
		done = sent < 0 ? give_up(l, p, done, -sent) : done + (size_t)sent;
	}
	queue_clear(&l->queue);
}

void dgram_link_send(struct dgram_link *l, struct port *p, const uint8_t *frame, size_t len)
{
	assert(len >= ETHER_HEADER_BYTES && len <= FRAME_MAX_BYTES);
	if (l->error < 0) {
		p->drops[DROP_PORT_DOWN]++;
		return;
	}
	if (!queue_takes(&l->queue, len))
		dgram_link_flush(l, p);
	queue_add(&l->queue, frame, len);
}

void dgram_link_say(const struct dgram_link *l, const char *to, char *detail, size_t size)
{
	detail[0] = '\0';
	if (dgram_link_is_gone(l))
		snprintf(detail, size, "no machine has bound %s: start it, or correct its path",
			 to);
	else if (l->error == -EACCES)
		snprintf(detail, size,
			 "the agent may not write to %s: run it as the machine's user, or let the "
			 "machine make its socket writable for the agent's group",
			 to);
	else if (l->error == -EPROTOTYPE)
		snprintf(detail, size,
			 "%s is no datagram socket: use a port of type stream with `connect`", to);
	else if (l->error < 0)
		snprintf(detail, size, "cannot send to %s: %s", to, strerror(-l->error));
}
