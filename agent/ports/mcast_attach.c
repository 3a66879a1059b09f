/*
 * mcast_attach.c - by which interfaces a hub port hears its group
 *
 * Layer: agent (ports).
 *
 * With `interface = auto` we want to hear what this host's machines hear, and must not change it. A
 * machine's socket hears the group on every interface where any process of this host has joined: a port
 * that joined on a LAN's interface would expose machines on loopback to that LAN. So our own socket hears
 * as theirs do (IP_MULTICAST_ALL), and joins on loopback only. The kernel then gives us what it gives the
 * machines, from their first frame on, and stops when they are gone. What this host itself sends elsewhere
 * is the exception: mcast_hold.c.
 *
 * The other attachments of such a port are therefore the interfaces where the group has members, which
 * the kernel lists, and those where something was heard lately, which may be before we looked at the list.
 * Who only holds an interface, as agents do, is no member in this sense: other hosts are not heard there.
 * Members count whatever their UDP port: the kernel asks for the group alone when it lets a datagram in,
 * and hands this hub's to every machine even where only a program with another port has joined. That
 * interface is then a segment of this hub, and other agents there must hear our beacons.
 *
 * With `interface = NAME` we join there, and on loopback for the beacons of this host's other agents;
 * other members change nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "igmp.h"
#include "mcast.h"
#include "mcast_socket.h"

enum {
	HEARD_S = 10, /* for so long an interface where something was heard is attached */
	NS_PER_S = 1000000000,
	ECHO_NETWORK =
		0x7f420000, /* 127.66.0.0; our port, which nobody else has, makes it an address */
};

static struct mcast_attachment *find(struct mcast_attachment *list, size_t count,
				     uint32_t interface)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].interface == interface)
			return &list[i];
	}
	return NULL;
}

struct mcast_attachment *mcast_attachment(struct mcast *m, uint32_t interface)
{
	return find(m->attachments, m->attachment_count, interface);
}

static void report(struct mcast *m)
{
	if (m->is_open)
		m->port.events.on_attached(m->port.events.context);
}

/* ---- membership ---- */

/* Be a member on interface @to instead of @from; either may be 0, none. Return: where we are one now. */
static uint32_t move(struct mcast *m, uint32_t from, uint32_t to)
{
	const struct addr *group = &m->config.mcast.group;
	int code;

	if (from == to)
		return from;
	if (from != 0) /* fails where the interface is gone; then there is nothing to leave */
		mcast_leave(m->receiver, group, from);
	if (to == 0)
		return 0;
	code = mcast_join(m->receiver, group, to);
	if (code == 0 || code == -EADDRINUSE) /* the latter: we are a member already */
		return to;
	log_warn("port %s: cannot join its group on interface %u: %s", m->config.name, to,
		 strerror(-code));
	return 0;
}

static uint32_t index_of(const struct interface_address *at)
{
	return at ? at->index : 0;
}

/*
 * Inject from an address that nobody else has, of which our receiver hears nothing: all of 127/8 is this host. The
 * sender is a member as well, and blocks nothing: without one the kernel would keep our frames from machines that
 * joined elsewhere. Where it cannot be, frames come from the address that everybody has, and the filter drops echoes.
 */
static void block_echo(struct mcast *m)
{
	const struct addr *group = &m->config.mcast.group;
	const struct addr source = addr_from_ipv4(ECHO_NETWORK | m->hub.own_port, 0);
	int code;

	m->blocked = (struct addr){.port = 0};
	if (m->loopback == 0 || !mcast_can_send_from(&source))
		return;
	code = mcast_join(m->sender, group, m->loopback);
	if ((code == 0 || code == -EADDRINUSE) &&
	    mcast_block(m->receiver, group, m->loopback, &source) == 0)
		m->blocked = source;
}

static void join_loopback(struct mcast *m)
{
	uint32_t before = m->loopback;

	m->loopback = move(m, before, index_of(interfaces_loopback(&m->interfaces)));
	if (m->loopback == before)
		return;
	if (before != 0)
		mcast_leave(m->sender, &m->config.mcast.group, before);
	block_echo(m);
}

static void join(struct mcast *m)
{
	const struct interface_address *named =
		interfaces_by_name(&m->interfaces, m->config.mcast.interface);

	join_loopback(m);
	if (m->config.mcast.scope == MCAST_NAMED)
		m->hub.served = move(m, m->hub.served, index_of(named));
}

void mcast_refresh(struct mcast *m)
{
	const struct addr *group = &m->config.mcast.group;

	if (m->hub.served == 0)
		return;
	mcast_leave(m->receiver, group, m->hub.served);
	mcast_join(m->receiver, group, m->hub.served);
}

/* ---- attachments ---- */

struct list {
	size_t count;
	struct mcast_attachment of[PORT_ATTACHMENTS_MAX];
};

/* Add an interface that is up, with what is known of it from before. */
static void add(struct mcast *m, struct list *l, uint32_t interface, bool has_members)
{
	const struct interface_address *at = interfaces_by_index(&m->interfaces, interface);
	const struct mcast_attachment *known = mcast_attachment(m, interface);
	struct mcast_attachment *new = &l->of[l->count];

	if (!at || !at->is_up || l->count == PORT_ATTACHMENTS_MAX ||
	    find(l->of, l->count, interface))
		return;
	*new = known ? *known : (struct mcast_attachment){.interface = interface};
	new->has_members = has_members;
	l->count++;
}

/* Return: on how many interfaces somebody is a member, agents that hold one included */
static size_t read_members(const struct addr *group,
			   struct igmp_members members[PORT_ATTACHMENTS_MAX])
{
	FILE *file = fopen("/proc/net/igmp", "re");
	size_t count;

	if (!file)
		return 0;
	count = igmp_read(file, group, members, PORT_ATTACHMENTS_MAX);
	fclose(file);
	return count;
}

static void add_members(struct mcast *m, struct list *l)
{
	const struct addr *group = &m->config.mcast.group;
	struct igmp_members members[PORT_ATTACHMENTS_MAX];
	size_t count = read_members(group, members);
	FILE *file = fopen("/proc/net/mcfilter", "re");

	if (file) {
		igmp_discount(file, group, members, count);
		fclose(file);
	}
	for (size_t i = 0; i < count; i++) {
		if (members[i].count > 0)
			add(m, l, members[i].interface, true);
	}
}

static void add_heard(struct mcast *m, struct list *l, uint64_t now_ns)
{
	for (size_t i = 0; i < m->attachment_count; i++) {
		const struct mcast_attachment *at = &m->attachments[i];

		if (at->heard_ns != 0 && now_ns - at->heard_ns < (uint64_t)HEARD_S * NS_PER_S)
			add(m, l, at->interface, false);
	}
}

/* Is it the same set, in whatever order? */
static bool is_attached_to(struct mcast *m, const struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		if (!mcast_attachment(m, l->of[i].interface))
			return false;
	}
	return l->count == m->attachment_count;
}

static void attach(struct mcast *m, uint64_t now_ns)
{
	enum mcast_scope scope = m->config.mcast.scope;
	struct list l = {.count = 0};
	bool is_same;

	add(m, &l, scope == MCAST_NAMED ? m->hub.served : m->loopback, true);
	if (scope == MCAST_AUTO) {
		add_members(m, &l);
		add_heard(m, &l, now_ns);
	}
	is_same = is_attached_to(m, &l);
	memcpy(m->attachments, l.of, l.count * sizeof(l.of[0]));
	m->attachment_count = l.count;
	if (!is_same)
		report(m);
}

void mcast_follow(struct mcast *m, bool reread, uint64_t now_ns)
{
	mcast_flush(&m->port); /* what is queued is for the attachments that there were */
	if (reread)
		interfaces_read(&m->interfaces);
	join(m);
	mcast_follow_route(m, reread);
	mcast_serve(m);
	attach(m, now_ns);
}

/* Its addresses are needed to send there; that it exists may be news to us. */
static struct mcast_attachment *attach_one(struct mcast *m, uint32_t interface)
{
	struct mcast_attachment *at = &m->attachments[m->attachment_count];

	if (m->attachment_count == PORT_ATTACHMENTS_MAX || interface == 0)
		return NULL;
	if (!interfaces_by_index(&m->interfaces, interface))
		interfaces_read(&m->interfaces);
	*at = (struct mcast_attachment){.interface = interface};
	m->attachment_count++;
	return at;
}

struct mcast_attachment *mcast_note(struct mcast *m, uint32_t interface, uint64_t now_ns)
{
	struct mcast_attachment *at = mcast_attachment(m, interface);
	bool is_new = !at && m->config.mcast.scope == MCAST_AUTO;

	if (is_new)
		at = attach_one(m, interface);
	if (!at)
		return NULL;
	at->heard_ns = now_ns;
	if (is_new)
		report(m);
	return at;
}

size_t mcast_list_attachments(const struct port *p, struct port_attachment *out, size_t max)
{
	const struct mcast *m = (const struct mcast *)p;
	bool named = m->config.mcast.scope == MCAST_NAMED;
	size_t count = 0;

	for (size_t i = 0; i < m->attachment_count && count < max; i++) {
		uint32_t interface = m->attachments[i].interface;

		out[count++] = (struct port_attachment){
			.interface = interface,
			.serves = named || interface == m->loopback,
			.is_real = interface != m->loopback,
		};
	}
	return count;
}
