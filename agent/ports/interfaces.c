/*
 * interfaces.c - see interfaces.h
 */
#include "interfaces.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_wanted(const struct ifaddrs *a)
{
	return !a->ifa_addr || a->ifa_addr->sa_family != AF_INET6;
}

static struct interface_address entry_of(const struct ifaddrs *a)
{
	struct interface_address e = {
		.index = if_nametoindex(a->ifa_name),
		.is_up = a->ifa_flags & IFF_UP,
		.is_loopback = a->ifa_flags & IFF_LOOPBACK,
	};

	strncpy(e.name, a->ifa_name, sizeof(e.name) - 1);
	if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET)
		e.addr = addr_from_sockaddr(a->ifa_addr);
	return e;
}

int interfaces_read(struct interfaces *i)
{
	struct ifaddrs *all, *a;
	struct interface_address *list;
	size_t count = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (a = all; a; a = a->ifa_next)
		count++;
	list = calloc(count + 1, sizeof(*list));
	if (!list) {
		freeifaddrs(all);
		return -ENOMEM;
	}
	count = 0;
	for (a = all; a; a = a->ifa_next) {
		if (is_wanted(a))
			list[count++] = entry_of(a);
	}
	freeifaddrs(all);
	interfaces_free(i);
	*i = (struct interfaces){.list = list, .count = count};
	return 0;
}

void interfaces_free(struct interfaces *i)
{
	free(i->list);
	*i = (struct interfaces){.list = NULL};
}

static bool has_address(const struct interface_address *e)
{
	return addr_is_ipv4(&e->addr);
}

/* The better of two entries of one interface: the first, unless only the second has an address. */
static const struct interface_address *better(const struct interface_address *found,
					      const struct interface_address *next)
{
	if (!found || (!has_address(found) && has_address(next)))
		return next;
	return found;
}

const struct interface_address *interfaces_by_name(const struct interfaces *i, const char *name)
{
	const struct interface_address *found = NULL;

	for (size_t n = 0; n < i->count; n++) {
		if (strcmp(i->list[n].name, name) == 0)
			found = better(found, &i->list[n]);
	}
	return found;
}

const struct interface_address *interfaces_by_index(const struct interfaces *i, uint32_t index)
{
	const struct interface_address *found = NULL;

	for (size_t n = 0; n < i->count; n++) {
		if (i->list[n].index == index)
			found = better(found, &i->list[n]);
	}
	return found;
}

const struct interface_address *interfaces_loopback(const struct interfaces *i)
{
	const struct interface_address *found = NULL;

	for (size_t n = 0; n < i->count; n++) {
		if (i->list[n].is_loopback)
			found = better(found, &i->list[n]);
	}
	return found;
}

bool interfaces_own(const struct interfaces *i, const struct addr *addr)
{
	if (addr_is_loopback(addr))
		return true; /* all of 127/8, which no interface lists */
	for (size_t n = 0; n < i->count; n++) {
		if (has_address(&i->list[n]) && addr_same_ip(&i->list[n].addr, addr))
			return true;
	}
	return false;
}
