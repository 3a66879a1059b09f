/*
 * host.h - one engine with its memory, key and address, as a test has several of
 *
 * The memory is exactly as large as the engine says, so that a sanitizer sees every step beyond it.
 */
#ifndef TESTS_HOST_H
#define TESTS_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "proto/engine.h"
#include "rng.h"

enum {
	TESTS_WALL_S =
		1700000000, /* what the wall clock shows when a test's own clock shows zero */
};

#define TESTS_NS_PER_S UINT64_C(1000000000)

struct host {
	struct engine *engine;
	void *memory;
	void *secrets;
	struct secret_key secret;
	struct public_key key;
	struct addr at;
	struct rng rng;
};

/** struct host_setup - what is not the same for all hosts; zero is a good value for all but @number */
struct host_setup {
	unsigned number;                 /* gives the host its address 10.0.0.(number + 1) */
	uint64_t seed;                   /* of its key and its randomness */
	uint64_t now_ns;                 /* the clock */
	uint64_t wall_ns;                /* the wall clock; 0: as TESTS_WALL_S says */
	uint64_t floor_ns;               /* engine_config.timestamp_floor_ns */
	uint32_t peers_max;              /* 0: 8 */
	uint32_t max_frame;              /* 0: 9,216 */
	uint8_t ciphers;                 /* 0: all */
	const struct secret_key *secret; /* NULL: from the seed and number */
};

/** host_secret() - The key that a host of that seed and number has unless told otherwise */
struct secret_key host_secret(uint64_t seed, unsigned number);

/** host_address() - 10.0.0.(number + 1), port 19543 */
struct addr host_address(unsigned number);

/** host_start() - Make an engine that may initiate: its first timestamp ceiling is persisted */
void host_start(struct host *h, const struct host_setup *setup);

/** host_stop() - End the engine without a goodbye, and check that nothing secret is left */
void host_stop(struct host *h);

/** host_add() - Make @other a peer in vlan 1, with its address if @with_address. Return: its number */
int host_add(struct host *h, const struct host *other, bool with_address, uint64_t now_ns);

#endif
