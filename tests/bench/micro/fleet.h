/*
 * fleet.h - one engine, and engines that are its peers, connected over paths of a 1500-byte wire
 */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include <stddef.h>
#include <stdint.h>

#include "host.h"

enum {
	FLEET_PEERS_MAX = 64,
	FLEET_VLAN = 1,
	FLEET_WIRE_BYTES = 1472, /* UDP payload that a 1500-byte wire carries over IPv4 */
};

/** struct fleet - @hosts[0] is the one under test; its peer number i is @hosts[i + 1] */
struct fleet {
	unsigned peers;
	uint64_t now_ns;
	struct host hosts[1 + FLEET_PEERS_MAX];
};

extern struct fleet fleet;

/** fleet_start() - All are up and know how much their paths carry, when it returns; the fleet before ends */
void fleet_start(unsigned peers);

#endif
