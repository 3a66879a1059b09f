/*
 * mcast_hold.c - a hub port hears what this host sends by its default route
 *
 * Layer: agent (ports).
 *
 * A program that does not say by which interface it sends (socat, QEMU without localaddr) sends by that of
 * the route to the group, and the kernel gives this host a copy only while somebody here is a member
 * there. That may be nobody: the machines are on loopback, or joined before the route moved (a VPN,
 * another Wi-Fi), and then hear each other no more. So with `interface = auto` we hold that interface: a
 * membership for one source, the address that such a program sends from. It gives every machine of this
 * host back what this host sends, wherever the route leads, and lets no other host in.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "igmp.h"
#include "mcast.h"
#include "mcast_socket.h"

static void let_go(struct mcast *m)
{
	if (m->holder >= 0)
		close(m->holder);
	m->holder = -1;
	m->held = (struct egress){.interface = 0};
}

/* Said once for each cause: it is tried again at every tick. */
static void complain(struct mcast *m, const struct egress *at, int error)
{
	if (error != 0 && error != m->hold_error)
		log_warn("port %s: cannot hear what this host sends to its group on interface %u: "
			 "%s",
			 m->config.name, at->interface, strerror(error));
	m->hold_error = error;
}

static void hold(struct mcast *m, const struct egress *at)
{
	int fd = mcast_hold(&m->config.mcast.group, at->interface, &at->source);

	complain(m, at, fd < 0 ? -fd : 0);
	if (fd < 0)
		return;
	m->holder = fd;
	m->held = *at;
}

/*
 * Is nobody there who holds it? An interface takes memberships with it, and another one may come with its
 * number. (If another agent holds it, that is as good for us, until it goes and we look again.)
 */
static bool is_lost(const struct mcast *m)
{
	struct igmp_members us = {.interface = m->held.interface, .count = 1};
	FILE *file = m->holder >= 0 ? fopen("/proc/net/mcfilter", "re") : NULL;

	if (!file)
		return false;
	igmp_discount(file, &m->config.mcast.group, &us, 1);
	fclose(file);
	return us.count > 0;
}

/* Who spoke in clear on the interface that was held may not do so any more. */
static void forget_clear(struct mcast *m)
{
	for (size_t i = 0; i < m->attachment_count; i++)
		m->attachments[i].is_clear = false;
}

/* Return: that way, or none where there is no need to hold it */
static struct egress way_out(const struct mcast *m)
{
	struct egress at = {.interface = 0};

	if (egress_find(&m->config.mcast.group, &at) && at.interface == m->loopback)
		at = (struct egress){.interface = 0};
	return at;
}

void mcast_follow_route(struct mcast *m, bool look)
{
	struct egress at;

	if (m->config.mcast.scope != MCAST_AUTO)
		return;
	at = way_out(m);
	if (egress_equal(&at, &m->held) && !(look && is_lost(m)))
		return;
	if (at.interface != m->held.interface)
		forget_clear(m);
	/* First, for what was held on an interface that is gone is taken from its successor. */
	let_go(m);
	if (at.interface != 0)
		hold(m, &at);
}
