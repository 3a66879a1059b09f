/*
 * dgram_link.c - see dgram_link.h
 */
#include "dgram_link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../socket_file.h"

int dgram_link_init(struct dgram_link *l, const struct endpoint *to, uid_t owner,
		    const struct unix_socket *bound)
{
	*l = (struct dgram_link){
		.owner = owner, .held = -1, .bound = bound, .fd = -1, .error = -ENOENT};
	l->to.len = endpoint_to_unix(to, &l->to.at);
	l->place = l->to;
	return queue_init(&l->queue) ? 0 : -ENOMEM;
}

static void let_go(struct dgram_link *l)
{
	if (l->held >= 0)
		close(l->held);
	l->held = -1;
}

void dgram_link_fini(struct dgram_link *l)
{
	let_go(l);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	queue_fini(&l->queue);
}

/* What the path leads to now, if its owner matters. Return: 0 or a negative errno. */
static int hold_place(struct dgram_link *l)
{
	struct endpoint held = {.kind = ENDPOINT_PATH};

	if (l->owner == DGRAM_ANYBODY || l->to.at.sun_path[0] == '\0')
		return 0;
	let_go(l);
	l->held = socket_file_hold(l->to.at.sun_path, l->owner);
	l->is_foreign = l->held == -EPERM;
	if (l->is_foreign)
		return -EACCES;
	if (l->held < 0)
		return l->held == -ENOTSOCK ? -ECONNREFUSED : l->held;
	socket_file_name(l->held, held.text);
	l->place.len = endpoint_to_unix(&held, &l->place.at);
	return 0;
}

static int connect_place(const struct dgram_link *l)
{
	return connect(l->fd, (const struct sockaddr *)&l->place.at, l->place.len) < 0 ? -errno : 0;
}

int dgram_link_reach(struct dgram_link *l)
{
	if (l->fd < 0) {
		l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (l->fd < 0)
			return l->error = -errno;
		udp_enlarge(l->fd);
	}
	l->error = hold_place(l);
	if (l->error == 0)
		l->error = connect_place(l);
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
		return dgram_send(l->bound->fd, &l->queue, first, &l->place);
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

/* The kernel says no: what is in the way? */
static void say_no_access(const struct dgram_link *l, const char *to, char *detail, size_t size)
{
	struct stat st;

	if (l->is_foreign)
		snprintf(detail, size,
			 "%s is another user's socket than the machine's that sends under this "
			 "name, so nothing is sent there: let the machine's own user bind it",
			 to);
	else if (lstat(l->to.at.sun_path, &st) < 0)
		snprintf(detail, size,
			 "the agent may not look into the folder of %s: let its user pass "
			 "through, or let the machine bind its path elsewhere",
			 to);
	else
		snprintf(detail, size,
			 "the agent may not write to %s: start the machine with umask 007 and its "
			 "path in a folder of the agent's group, or use a port of type stream "
			 "(longwire-ports(7), WHOSE SOCKET)",
			 to);
}

void dgram_link_say(const struct dgram_link *l, const char *to, char *detail, size_t size)
{
	detail[0] = '\0';
	if (dgram_link_is_gone(l))
		snprintf(detail, size, "no machine has bound %s: start it, or correct its path",
			 to);
	else if (l->error == -EACCES)
		say_no_access(l, to, detail, size);
	else if (l->error == -EPROTOTYPE)
		snprintf(detail, size,
			 "%s is no datagram socket: use a port of type stream with `connect`", to);
	else if (l->error < 0)
		snprintf(detail, size, "cannot send to %s: %s", to, strerror(-l->error));
}
