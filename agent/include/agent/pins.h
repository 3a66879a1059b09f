/*
 * pins.h - MAC addresses that belong to one member of a vlan for good
 *
 * Layer: agent. Pure: no I/O, no clock, no allocation. A sorted list; empty on most hosts, and then it
 * costs nothing.
 */
#ifndef AGENT_PINS_H
#define AGENT_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ether.h"

enum {
	PINS_MAX = 256 /* of one vlan */
};

/** struct pin - @mac belongs to @member */
struct pin {
	struct mac mac;
	uint16_t member;
};

/** struct pins - zeroed is empty; in order of addresses */
struct pins {
	struct pin list[PINS_MAX];
	size_t count;
};

/** pins_owner() - Return: the member that @mac belongs to, or -1 */
int pins_owner(const struct pins *p, const struct mac *mac);

/** pins_clear() - @member has none any more */
void pins_clear(struct pins *p, int member);

/** pins_add() - @mac belongs to @member. Return: false, and nothing done, when it belongs to another or
 * there are PINS_MAX */
bool pins_add(struct pins *p, const struct mac *mac, int member);

#endif
