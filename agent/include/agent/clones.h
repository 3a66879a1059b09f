/*
 * clones.h - the MACs that were seen in two places of a vlan lately
 *
 * Layer: agent. Pure: no I/O, no clock, no allocation. A short memory for the warning in status: the
 * oldest sighting makes room for a new one.
 */
#ifndef AGENT_CLONES_H
#define AGENT_CLONES_H

#include <stddef.h>
#include <stdint.h>

#include "common/ether.h"

enum {
	CLONES_MAX = 16,
	CLONE_SHOWN_S = 60, /* since it was last seen in two places */
};

/** struct clone - one address, alive behind two members; the lower number is @first */
struct clone {
	struct mac mac;
	int first, second;
	uint64_t seen_ns; /* 0: a free slot */
};

/** struct clones - zeroed is empty */
struct clones {
	struct clone slots[CLONES_MAX];
};

/** clones_note() - @mac is alive behind @one and @other */
void clones_note(struct clones *c, const struct mac *mac, int one, int other, uint64_t now_ns);

/** clones_forget() - Nothing is behind @member any more */
void clones_forget(struct clones *c, int member);

/** clones_list() - Those seen within CLONE_SHOWN_S. Return: how many, at most @max */
size_t clones_list(const struct clones *c, uint64_t now_ns, struct clone *out, size_t max);

#endif
