/*
 * mcast_members.c - on which interfaces a hub port is a member of its group
 *
 * With `interface = auto` we want to be where this host's machines are and nowhere else: a socket
 * that joins on a LAN's interface makes the kernel deliver that LAN's frames to every machine of this
 * host. So we join on loopback, and elsewhere only while somebody else has: more sockets than ours
 * and those of the agents that say in their beacons where they are.
 *
 * The order of saying and doing keeps two agents from taking each other for a machine: a beacon that
 * announces an interface goes out before it is joined, and after it was left. Loopback is the exception.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "igmp.h"
#include "mcast.h"
#include "mcast_socket.h"

enum {
	/* An agent that was killed is known for HUB_AGENT_TICKS more, and its socket is not: leaving
	 * must wait until the sum is right again. */
	LEAVE_TICKS = HUB_AGENT_TICKS + 2,
	TTL_HOST = 0, /* delivered on this host, never sent */
	TTL_LAN = 1,
};

struct membership *mcast_membership(struct mcast *m, uint32_t interface)
{
	for (size_t i = 0; i < m->membership_count; i++) {
		if (m->memberships[i].interface == interface)
			return &m->memberships[i];
	}
	return NULL;
}

static struct membership *join(struct mcast *m, uint32_t interface)
{
	struct membership *at = &m->memberships[m->membership_count];
	int code;

	if (m->membership_count == MCAST_MEMBERSHIPS_MAX)
		return NULL;
	*at = (struct membership){.interface = interface};
	/* The first is loopback, where nobody counts members: there we join first, because whoever hears
	 * our very first beacon answers it once, and may do so before we are there to hear it. */
	if (m->membership_count++ > 0)
		mcast_beacon(m);
	code = mcast_join(m->receiver, &m->config.mcast.group, interface);
	if (code == 0 || code == -EADDRINUSE) /* the latter: we are a member already */
		return at;
	log_warn("port %s: cannot join its group on interface %u: %s", m->config.name, interface,
		 strerror(-code));
	m->membership_count--;
	return NULL;
}

static void leave(struct mcast *m, size_t index)
{
	/* Fails where the interface is gone; then there is nothing to leave. */
	mcast_leave(m->receiver, &m->config.mcast.group, m->memberships[index].interface);
	m->membership_count--;
	memmove(&m->memberships[index], &m->memberships[index + 1],
		(m->membership_count - index) * sizeof(m->memberships[0]));
}

static void join_once(struct mcast *m, const struct interface_address *interface)
{
	if (interface && !mcast_membership(m, interface->index))
		join(m, interface->index);
}

/* Does anybody who is no agent have a socket for our group and port at all? */
static bool has_listeners(const struct mcast *m)
{
	FILE *file = fopen("/proc/net/udp", "re");
	uint32_t sockets;

	if (!file)
		return true;
	sockets = igmp_count_sockets(file, &m->config.mcast.group);
	fclose(file);
	return sockets > 1 + hub_agents_here(&m->hub, 0);
}

/*
 * Our own hub ports that are members there. The kernel counts those of a group whatever their port, and
 * a beacon is heard on its own port only.
 */
static uint32_t own_members_on(const struct mcast *m, uint32_t interface)
{
	uint32_t count = 0;

	for (struct mcast *own = *m->hubs; own; own = own->next)
		count += addr_same_ip(&own->config.mcast.group, &m->config.mcast.group) &&
			 mcast_membership(own, interface);
	return count;
}

/* Others than agents that are members on that interface. */
static uint32_t others_on(struct mcast *m, const struct igmp_users *u)
{
	uint32_t agents = hub_agents_here(&m->hub, u->interface) + own_members_on(m, u->interface);

	return u->users > agents ? u->users - agents : 0;
}

/* A count of others on an interface: join there, or note that they are still there. */
static void follow_users(struct mcast *m, const struct igmp_users *u)
{
	struct membership *at = mcast_membership(m, u->interface);
	uint32_t others = others_on(m, u);

	if (others == 0)
		return;
	if (!at && m->config.mcast.scope == MCAST_AUTO)
		at = join(m, u->interface);
	if (!at)
		return;
	at->others = others;
	at->idle_ticks = 0;
}

/* For host-only scopes: go where other members are, and leave where none were for long. */
static void follow_machines(struct mcast *m, uint32_t loopback)
{
	struct igmp_users users[MCAST_MEMBERSHIPS_MAX];
	FILE *file = fopen("/proc/net/igmp", "re");
	size_t count = 0;

	if (file) {
		count = igmp_read(file, &m->config.mcast.group, users, MCAST_MEMBERSHIPS_MAX);
		fclose(file);
	}
	for (size_t i = 0; i < m->membership_count; i++) {
		m->memberships[i].others = 0;
		m->memberships[i].idle_ticks++;
	}
	for (size_t i = 0; i < count; i++) {
		if (users[i].interface != loopback && has_listeners(m))
			follow_users(m, &users[i]);
	}
	for (size_t i = m->membership_count; i > 0; i--) {
		const struct membership *at = &m->memberships[i - 1];

		if (at->interface != loopback && at->idle_ticks > LEAVE_TICKS)
			leave(m, i - 1);
	}
}

/* Interfaces that are gone took our membership along. */
static void forget_gone(struct mcast *m)
{
	for (size_t i = m->membership_count; i > 0; i--) {
		if (!interfaces_by_index(&m->interfaces, m->memberships[i - 1].interface))
			leave(m, i - 1);
	}
}

/* Where we inject now: the interface is there and up. */
static void choose_serving(struct mcast *m, const struct interface_address *at)
{
	bool named = m->config.mcast.scope == MCAST_NAMED;

	m->serving = 0;
	if (!at || !at->is_up || !mcast_membership(m, at->index))
		return;
	if (mcast_send_by(m->sender, at->index, &at->addr, named ? TTL_LAN : TTL_HOST) == 0)
		m->serving = at->index;
}

void mcast_follow(struct mcast *m, bool reread)
{
	bool named = m->config.mcast.scope == MCAST_NAMED;
	const struct interface_address *loopback, *serving;

	if (reread)
		interfaces_read(&m->interfaces);
	forget_gone(m);
	loopback = interfaces_loopback(&m->interfaces);
	serving = loopback;
	join_once(m,
		  loopback); /* with `interface = NAME` too: the other agents' beacons are there */
	if (named) {
		serving = interfaces_by_name(&m->interfaces, m->config.mcast.interface);
		join_once(m, serving);
	} else {
		follow_machines(m, loopback ? loopback->index : 0);
	}
	m->hub.served = named && serving ? serving->index : 0;
	choose_serving(m, serving);
}

void mcast_refresh(struct mcast *m)
{
	const struct addr *group = &m->config.mcast.group;

	if (m->hub.served == 0)
		return;
	mcast_leave(m->receiver, group, m->hub.served);
	mcast_join(m->receiver, group, m->hub.served);
}

/* Send one frame from @fd on each of those interfaces. */
static void send_on(struct mcast *m, int fd, const uint32_t *interfaces, size_t count,
		    const struct beacon *beacon)
{
	uint8_t frame[BEACON_FRAME_BYTES];
	size_t len = beacon_write(beacon, &m->beacon_source, frame);
	struct sockaddr_storage to;
	socklen_t to_len = addr_to_sockaddr(&m->config.mcast.group, false, &to);

	for (size_t i = 0; i < count; i++) {
		const struct interface_address *at =
			interfaces_by_index(&m->interfaces, interfaces[i]);
		bool on_lan = interfaces[i] == m->hub.served && beacon->kind == BEACON_AGENT;

		if (!at || mcast_send_by(fd, at->index, &at->addr, on_lan ? TTL_LAN : TTL_HOST) < 0)
			continue;
		/* What cannot be sent is not heard, and that is what is reported. */
		(void)!sendto(fd, frame, len, MSG_DONTWAIT, (struct sockaddr *)&to, to_len);
	}
}

/* Do machines' frames come to us there, if nothing is in the way? */
static bool is_served(const struct mcast *m, uint32_t interface)
{
	const struct interface_address *at = interfaces_by_index(&m->interfaces, interface);

	if (m->config.mcast.scope == MCAST_NAMED && interface != m->hub.served)
		return false;
	return at && at->is_up;
}

/* The indexes of all memberships, or of those where machines are served. */
static size_t list_interfaces(const struct mcast *m, bool all, uint32_t *out)
{
	size_t count = 0;

	for (size_t i = 0; i < m->membership_count; i++) {
		if (all || is_served(m, m->memberships[i].interface))
			out[count++] = m->memberships[i].interface;
	}
	return count;
}

void mcast_beacon(struct mcast *m)
{
	struct beacon beacon = {.kind = BEACON_AGENT};
	const struct interface_address *serving = interfaces_by_index(&m->interfaces, m->serving);

	memcpy(beacon.id, m->beacon_id, sizeof(beacon.id));
	beacon.interface_count = list_interfaces(m, true, beacon.interfaces);
	m->port.ops->flush(&m->port); /* what is queued goes to the interface it was queued for */
	send_on(m, m->sender, beacon.interfaces, beacon.interface_count, &beacon);
	choose_serving(m, serving);
}

void mcast_test(struct mcast *m, uint64_t now_ns)
{
	struct beacon beacon = {.kind = BEACON_SELF_TEST};
	uint32_t interfaces[MCAST_MEMBERSHIPS_MAX];
	size_t count = list_interfaces(m, false, interfaces);
	uint16_t port;
	int fd = mcast_open_sender(&port);

	if (fd < 0)
		return; /* out of descriptors: no reason to blame a firewall */
	randombytes_buf(beacon.id, sizeof(beacon.id));
	selftest_begin(&m->selftest, beacon.id, interfaces, count, now_ns);
	send_on(m, fd, interfaces, count, &beacon);
	close(fd);
}
