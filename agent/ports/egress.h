/*
 * egress.h - by which interface this host sends to a group, where a program leaves that to it
 *
 * Layer: agent (ports). Control path only. What the kernel's routes say now; egress_linux.c asks them by
 * rtnetlink(7).
 */
#ifndef AGENT_PORTS_EGRESS_H
#define AGENT_PORTS_EGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"

/**
 * struct egress - one way out
 * @interface:	index
 * @source:	IPv4: the address that what is sent there comes from, if its sender chose none; port 0
 */
struct egress {
	uint32_t interface;
	struct addr source;
};

/** egress_find() - Return: true with @out filled; false, @out untouched, if there is no way to @group */
bool egress_find(const struct addr *group, struct egress *out);

/** egress_equal() - The same interface and source? */
bool egress_equal(const struct egress *a, const struct egress *b);

#endif
