/*
 * tap_status.c - a TAP port's state in words, and what its user should know
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

enum {
	NS_PER_S = 1000000000
};

/* /dev/net/tun itself. */
static void why_no_file(int error, char *out, size_t size)
{
	if (error == -ENOENT || error == -ENODEV || error == -ENXIO)
		snprintf(out, size,
			 "this host has no TAPs (/dev/net/tun: %s): sudo modprobe tun; in a "
			 "container, "
			 "start it with --device /dev/net/tun",
			 strerror(-error));
	else if (error == -EACCES || error == -EPERM)
		snprintf(out, size,
			 "this user may not open /dev/net/tun: sudo chmod 666 /dev/net/tun, which "
			 "is what most systems have");
	else
		snprintf(out, size, "cannot open /dev/net/tun: %s", strerror(-error));
}

static void why_not_permitted(const char *name, bool exists, char *out, size_t size)
{
	char again[64] = "";

	if (exists)
		snprintf(again, sizeof(again), "sudo ip tuntap del dev %s mode tap; ", name);
	snprintf(out, size,
		 "%s interface %s: %ssudo ip tuntap add dev %s mode tap user %u && sudo ip link "
		 "set %s up",
		 exists ? "another user owns" : "only root may make", name, again, name, geteuid(),
		 name);
}

void tap_why_not(const char *name, bool exists, enum tap_step step, int error, char *out,
		 size_t size)
{
	if (step == TAP_STEP_SYSTEM)
		snprintf(out, size, "this longwire knows no TAPs on this system");
	else if (step == TAP_STEP_FILE)
		why_no_file(error, out, size);
	else if (error == -EPERM)
		why_not_permitted(name, exists, out, size);
	else if (error == -EBUSY)
		snprintf(out, size,
			 "another program has interface %s open (sudo grep -l 'iff:.%s$' "
			 "/proc/[0-9]*/fdinfo/* names it): stop it, or use another `name`",
			 name, name);
	else if (error == -EINVAL)
		snprintf(out, size, "%s is an interface, but no TAP: use another `name`", name);
	else
		snprintf(out, size, "cannot open interface %s: %s; trying again every %d s", name,
			 strerror(-error), PORT_TICK_S);
}

static enum port_state why_not_open(const struct tap *t, char *detail, size_t size)
{
	const char *name = t->config.tap.name;

	if (t->error == -EBADFD)
		snprintf(detail, size, "interface %s was deleted; it is opened again within %d s",
			 name, PORT_TICK_S);
	else
		tap_why_not(name, if_nametoindex(name) != 0, t->step, t->error, detail, size);
	return PORT_DOWN;
}

enum port_state tap_state(const struct port *p, char *detail, size_t size)
{
	const struct tap *t = (const struct tap *)p;
	const struct tap_link *link = &t->link;

	if (t->device.fd < 0)
		return why_not_open(t, detail, size);
	if (link->is_here && !link->is_up) {
		snprintf(detail, size, "interface %s is down: sudo ip link set %s up", link->name,
			 link->name);
		return PORT_DOWN;
	}
	detail[0] = '\0';
	if (t->send_error)
		snprintf(detail, size, "the kernel refuses frames: %s", strerror(t->send_error));
	else if (t->mtu_error && link->mtu != t->config.tap.mtu)
		snprintf(detail, size,
			 "the MTU of interface %s is %u, and cannot be set (%s): sudo ip link set "
			 "%s "
			 "mtu %u",
			 link->name, link->mtu, strerror(-t->mtu_error), link->name,
			 t->config.tap.mtu);
	else if (!t->has_carrier)
		snprintf(detail, size,
			 "nobody else is on this vlan now, so interface %s has no carrier",
			 link->name);
	return PORT_FORWARDING;
}

/* A machine with a larger MTU than ours talks to us, or to everybody. */
static void warn_long(const struct tap *t, struct warning *w)
{
	snprintf(w->code, sizeof(w->code), "over-mtu");
	snprintf(w->text, sizeof(w->text),
		 "frames of %zu bytes are on the vlan of port %s, and its interface %s has an MTU "
		 "of "
		 "%u: it does not hear them",
		 t->long_bytes, t->config.name, t->link.name, t->link.mtu);
	snprintf(w->fix, sizeof(w->fix),
		 "give all machines of the vlan one MTU: here with sudo ip link set %s mtu %zu",
		 t->link.name, t->long_bytes - ETHER_HEADER_BYTES);
}

size_t tap_warnings(const struct port *p, uint64_t now_ns, struct warning *out, size_t max)
{
	const struct tap *t = (const struct tap *)p;

	if (max == 0 || t->device.fd < 0 || t->long_ns == 0 ||
	    now_ns - t->long_ns >= (uint64_t)TAP_LONG_SHOWN_S * NS_PER_S)
		return 0;
	warn_long(t, out);
	return 1;
}
