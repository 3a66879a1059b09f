/*
 * netwatch_linux.c - rtnetlink(7); see netwatch.h
 *
 * The kernel repeats itself: every router advertisement renews addresses, every wireless link reports
 * statistics. So a link counts only when it came, went or changed its up or carrier flags, an address
 * only when the set of addresses differs, a route always unless it is a cached one.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/netwatch.h"

enum {
	BUFFER_BYTES = 16384, /* more than the kernel puts into one notification */
	SETTLE_MS = 100,      /* one change is several messages */
	HANDLES = 2,
	ADDRESSES_MAX = 64, /* compared; of a host with more, the first */
	LINKS_MAX = 64,     /* whose flags are remembered */
};

static const unsigned LINK_FLAGS = IFF_UP | IFF_RUNNING | (1U << 16) /* IFF_LOWER_UP */;
static const unsigned GROUPS = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
			       RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;

/* What was last told of a link; @index 0: free */
struct link {
	int index;
	unsigned flags;
};

struct netwatch {
	uv_poll_t poll;
	uv_timer_t settle;
	netwatch_changed on_change;
	void *context;
	int fd;
	int open_handles;
	struct addr known[ADDRESSES_MAX];
	size_t known_count;
	struct link links[LINKS_MAX];
};

/* Return: true, and the new set kept, if this host's addresses are others than last time */
static bool addresses_differ(struct netwatch *n)
{
	const struct netwatch_wanted all = {.port = 1}; /* any: without one, none is an address */
	struct addr now[ADDRESSES_MAX];
	size_t count = netwatch_addresses(&all, now, ADDRESSES_MAX);

	if (count == n->known_count && memcmp(now, n->known, count * sizeof(*now)) == 0)
		return false;
	memcpy(n->known, now, count * sizeof(*now));
	n->known_count = count;
	return true;
}

/* Return: the place of a link, or a free one, or NULL */
static struct link *link_at(struct netwatch *n, int index)
{
	struct link *place = NULL;

	for (size_t i = 0; i < LINKS_MAX; i++) {
		if (n->links[i].index == index)
			return &n->links[i];
		if (n->links[i].index == 0 && !place)
			place = &n->links[i];
	}
	return place;
}

/* ifi_change does not tell when the carrier comes or goes: it is 0 then, as in what the kernel only
 * repeats. So flags are compared with those of the last message; the first one of a link counts. */
static bool link_matters(struct netwatch *n, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	struct link is, *was;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
		return false;
	is = (struct link){.index = link->ifi_index, .flags = link->ifi_flags & LINK_FLAGS};
	was = link_at(n, link->ifi_index);
	if (message->nlmsg_type == RTM_DELLINK)
		is.index = 0;
	if (!was)
		return (link->ifi_change & LINK_FLAGS) != 0 || is.index == 0;
	if (was->index == is.index && was->flags == is.flags)
		return false;
	*was = is;
	return true;
}

static bool route_matters(const struct nlmsghdr *message)
{
	const struct rtmsg *route = NLMSG_DATA(message);

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*route)))
		return false;
	return !(route->rtm_flags & RTM_F_CLONED) && route->rtm_type == RTN_UNICAST;
}

static bool message_matters(struct netwatch *n, const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return link_matters(n, message);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return addresses_differ(n);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return route_matters(message);
	default:
		return false;
	}
}

static bool any_matters(struct netwatch *n, const struct nlmsghdr *message, size_t len)
{
	bool matters = false;

	for (; NLMSG_OK(message, len); message = NLMSG_NEXT(message, len))
		matters |= message_matters(n, message);
	return matters;
}

static void on_settled(uv_timer_t *timer)
{
	struct netwatch *n = timer->data;

	/* A carrier that came brought addresses with it: repeated later, they are not new. */
	addresses_differ(n);
	n->on_change(n->context);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct netwatch *n = poll->data;
	union {
		struct nlmsghdr header;
		uint8_t bytes[BUFFER_BYTES];
	} buffer;
	bool matters = false;
	ssize_t len;

	(void)status;
	(void)events;
	while ((len = recv(n->fd, &buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		matters |= any_matters(n, &buffer.header, (size_t)len);
	/* ENOBUFS: messages were lost, so anything may have happened */
	if (len < 0 && errno == ENOBUFS)
		matters = true;
	if (matters && !uv_is_active((uv_handle_t *)&n->settle))
		uv_timer_start(&n->settle, on_settled, SETTLE_MS, 0);
}

static int open_socket(void)
{
	struct sockaddr_nl local = {.nl_family = AF_NETLINK, .nl_groups = GROUPS};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int rc;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int netwatch_open(struct netwatch **out, uv_loop_t *loop, netwatch_changed on_change, void *context,
		  struct error *err)
{
	struct netwatch *n = calloc(1, sizeof(*n));
	int fd = n ? open_socket() : -ENOMEM;

	if (fd < 0) {
		free(n);
		return error_set(err, fd,
				 "changes of the network are not heard of (%s); they are noticed "
				 "later, by silence",
				 strerror(-fd));
	}
	n->fd = fd;
	n->on_change = on_change;
	n->context = context;
	uv_poll_init(loop, &n->poll, fd);
	uv_timer_init(loop, &n->settle);
	n->poll.data = n->settle.data = n;
	n->open_handles = HANDLES;
	addresses_differ(n);
	uv_poll_start(&n->poll, UV_READABLE, on_readable);
	*out = n;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct netwatch *n = handle->data;

	if (--n->open_handles == 0)
		free(n);
}

void netwatch_close(struct netwatch *n)
{
	if (!n)
		return;
	uv_poll_stop(&n->poll);
	close(n->fd);
	uv_close((uv_handle_t *)&n->poll, on_closed);
	uv_close((uv_handle_t *)&n->settle, on_closed);
}
