/*
 * interfaces.h - this host's interfaces and their IPv4 addresses, as they were when last read
 *
 * Layer: agent (ports). Control path only.
 */
#ifndef AGENT_PORTS_INTERFACES_H
#define AGENT_PORTS_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/config.h"
#include "common/addr.h"

/** struct interface_address - one address, or (with @addr not set) an interface without any */
struct interface_address {
	uint32_t index;
	char name[INTERFACE_NAME_BYTES];
	bool is_up;
	bool is_loopback;
	struct addr addr; /* IPv4, port 0 */
};

/** struct interfaces - zeroed is empty */
struct interfaces {
	struct interface_address *list;
	size_t count;
};

/** interfaces_read() - Read again. Return: 0, or a negative errno and @i as it was */
int interfaces_read(struct interfaces *i);

void interfaces_free(struct interfaces *i);

/** interfaces_by_name(), interfaces_by_index() - Return: its first entry, with an address if it has
 * one; NULL if there is no such interface */
const struct interface_address *interfaces_by_name(const struct interfaces *i, const char *name);
const struct interface_address *interfaces_by_index(const struct interfaces *i, uint32_t index);

/** interfaces_loopback() - Return: the loopback interface, or NULL */
const struct interface_address *interfaces_loopback(const struct interfaces *i);

/** interfaces_own() - Is @addr, whatever its port, an IPv4 address of this host? */
bool interfaces_own(const struct interfaces *i, const struct addr *addr);

#endif
