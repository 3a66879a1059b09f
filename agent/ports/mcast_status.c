/*
 * mcast_status.c - a hub port's state in words, and what its user should know
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firewall.h"
#include "mcast.h"

enum {
	NS_PER_S = 1000000000,
	SHOWN_S = 60, /* a machine on the wrong interface is warned of for so long after it spoke */
};

static enum port_state why_not_started(const struct mcast *m, char *detail, size_t size)
{
	char group[ADDR_TEXT_BYTES];

	addr_format(&m->config.mcast.group, group);
	if (m->start_error == -EADDRINUSE)
		snprintf(detail, size,
			 "another program keeps UDP port %u to itself: stop it (`ss -ulpn` names "
			 "it) or use "
			 "another port in `group`",
			 m->config.mcast.group.port);
	else
		snprintf(detail, size, "cannot open hub %s: %s; trying again every %d s", group,
			 strerror(-m->start_error), PORT_TICK_S);
	return PORT_DOWN;
}

static enum port_state why_not_serving(const struct mcast *m, char *detail, size_t size)
{
	bool named = m->config.mcast.scope == MCAST_NAMED;
	const char *name = named ? m->config.mcast.interface : "lo";

	if (named && !interfaces_by_name(&m->interfaces, name))
		snprintf(detail, size,
			 "there is no interface %s; it is used as soon as there is (`ip link` "
			 "lists them)",
			 name);
	else
		snprintf(detail, size, "interface %s is down: sudo ip link set %s up", name, name);
	return PORT_DOWN;
}

enum port_state mcast_state(const struct port *p, char *detail, size_t size)
{
	const struct mcast *m = (const struct mcast *)p;

	if (m->receiver < 0)
		return why_not_started(m, detail, size);
	if (m->serving == 0)
		return why_not_serving(m, detail, size);
	detail[0] = '\0';
	if (m->send_error)
		snprintf(detail, size, "the kernel refuses frames: %s", strerror(m->send_error));
	return PORT_FORWARDING;
}

static const char *name_of(const struct mcast *m, uint32_t interface)
{
	const struct interface_address *at = interfaces_by_index(&m->interfaces, interface);

	return at ? at->name : "an interface that is gone";
}

static bool is_recent(uint64_t then_ns, uint64_t now_ns)
{
	return then_ns != 0 && now_ns - then_ns < (uint64_t)SHOWN_S * NS_PER_S;
}

static void warn_clear(const struct mcast *m, const struct mcast_attachment *at, struct warning *w)
{
	char group[ADDR_TEXT_BYTES];

	addr_format(&m->config.mcast.group, group);
	snprintf(w->code, sizeof(w->code), "clear-multicast");
	snprintf(w->text, sizeof(w->text),
		 "a %s on this host sends to hub %s by %s: each of its frames leaves this host "
		 "there, unencrypted",
		 at->is_program ? "program" : "machine", group, name_of(m, at->interface));
	if (at->is_program)
		snprintf(w->fix, sizeof(w->fix),
			 "have it send by loopback: socat - "
			 "UDP4-DATAGRAM:%s,ip-multicast-if=127.0.0.1",
			 group);
	else
		snprintf(w->fix, sizeof(w->fix),
			 "start it with -netdev socket,id=lw,mcast=%s,localaddr=127.0.0.1", group);
}

static void warn_deaf(const struct mcast *m, uint32_t interface, struct warning *w)
{
	enum firewall which = firewall_detect();
	char group[ADDR_TEXT_BYTES];

	addr_format(&m->config.mcast.group, group);
	snprintf(w->code, sizeof(w->code), "firewall");
	snprintf(w->text, sizeof(w->text),
		 "the firewall of this host (%s) keeps frames to hub %s on %s away from this agent",
		 firewall_name(which), group, name_of(m, interface));
	firewall_fix(which, name_of(m, interface), &m->config.mcast.group, w->fix, sizeof(w->fix));
}

static void warn_loopback(const struct mcast *m, struct warning *w)
{
	const struct interface_address *at =
		interfaces_by_name(&m->interfaces, m->config.mcast.interface);
	char group[ADDR_TEXT_BYTES], local[ADDR_TEXT_BYTES] = "ADDRESS";

	addr_format(&m->config.mcast.group, group);
	if (at && addr_is_ipv4(&at->addr)) {
		struct addr with_port = at->addr;

		with_port.port = 1; /* only to be formatted; cut off again */
		addr_format(&with_port, local);
		*strchrnul(local, ':') = '\0';
	}
	snprintf(w->code, sizeof(w->code), "loopback-machine");
	snprintf(w->text, sizeof(w->text),
		 "a machine on this host is on hub %s on loopback only, but port %s serves that "
		 "hub on "
		 "%s: nobody hears the machine",
		 group, m->config.name, m->config.mcast.interface);
	snprintf(w->fix, sizeof(w->fix), "start it with -netdev socket,id=lw,mcast=%s,localaddr=%s",
		 group, local);
}

size_t mcast_warnings(const struct port *p, uint64_t now_ns, struct warning *out, size_t max)
{
	const struct mcast *m = (const struct mcast *)p;
	size_t count = 0;

	for (size_t i = 0; i < m->attachment_count && count < max; i++) {
		if (m->attachments[i].is_clear)
			warn_clear(m, &m->attachments[i], &out[count++]);
	}
	for (size_t i = 0; i < m->selftest.count && count < max; i++) {
		if (m->selftest.list[i].is_deaf)
			warn_deaf(m, m->selftest.list[i].interface, &out[count++]);
	}
	if (is_recent(m->loopback_ns, now_ns) && count < max)
		warn_loopback(m, &out[count++]);
	return count;
}
