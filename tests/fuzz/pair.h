/*
 * pair.h - two engines with sessions, for the targets that fuzz the protocol
 */
#ifndef TESTS_FUZZ_PAIR_H
#define TESTS_FUZZ_PAIR_H

#include "common/cursor.h"
#include "engine_state.h"
#include "fuzz.h"
#include "host.h"

enum {
	FUZZ_MAX_FRAME = 3000,
	FUZZ_HOSTS = 2,
};

/** struct fuzz_pair - two engines with sessions, and the memory of both as it was right then */
struct fuzz_pair {
	struct host hosts[FUZZ_HOSTS];
	int peer[FUZZ_HOSTS]; /* the other's number */
	void *memory[FUZZ_HOSTS], *secrets[FUZZ_HOSTS];
	size_t memory_bytes, secret_bytes;
	struct rng rng[FUZZ_HOSTS];
	uint64_t start_ns;
	uint64_t now_ns;
};

/** fuzz_pair_get() - The pair as it was after its handshake; the same memory every time */
struct fuzz_pair *fuzz_pair_get(void);

/** fuzz_input() - To a host, from a buffer of exactly that size; frames are read to their last byte */
void fuzz_input(struct fuzz_pair *p, unsigned to, const struct addr *from, const uint8_t *bytes,
		size_t len);

/** fuzz_sealed() - Records sealed by the other host's current session, to @to. Nothing without one */
void fuzz_sealed(struct fuzz_pair *p, unsigned to, const uint8_t *records, size_t len);

/** fuzz_exchange() - What is in the outboxes arrives, but for every one whose bit in @lost is set */
void fuzz_exchange(struct fuzz_pair *p, uint32_t lost);

/** fuzz_pass() - Time passes, and what is due is done; a timer that spins aborts */
void fuzz_pass(struct fuzz_pair *p, uint64_t ns);

#endif
