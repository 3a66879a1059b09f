/*
 * selftest.h - does a firewall keep the hub's frames from us?
 *
 * Layer: agent (ports). Pure: no I/O, no clock, no allocation.
 *
 * The port sends itself one frame on each interface by which it hears its group, from a socket of its own (the
 * kernel filters what comes from the port's sending socket). An interface on which it was not heard
 * SELFTEST_PATIENCE_MS later is deaf, until a later test is heard there.
 */
#ifndef AGENT_PORTS_SELFTEST_H
#define AGENT_PORTS_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/beacon.h"

enum {
	SELFTEST_INTERFACES_MAX = BEACON_INTERFACES_MAX,
	SELFTEST_PATIENCE_MS = 1500
};

struct selftest_interface {
	uint32_t interface;
	bool is_heard; /* the frame of the running test came */
	bool is_deaf;  /* that of the last finished test did not */
};

/** struct selftest - zeroed: none was made yet */
struct selftest {
	uint8_t id[BEACON_ID_BYTES];
	uint64_t sent_ns;
	bool is_running;
	size_t count;
	struct selftest_interface list[SELFTEST_INTERFACES_MAX];
};

/**
 * selftest_begin() - The frames are about to be sent
 * @id:		random, new for each test
 * @interfaces:	where; @count of them, at most SELFTEST_INTERFACES_MAX. What was found about others
 *		before is forgotten
 */
void selftest_begin(struct selftest *t, const uint8_t id[BEACON_ID_BYTES],
		    const uint32_t *interfaces, size_t count, uint64_t now_ns);

/** selftest_heard() - A self-test frame came in on @interface; that of somebody else is ignored */
void selftest_heard(struct selftest *t, const uint8_t id[BEACON_ID_BYTES], uint32_t interface);

/** selftest_finish() - Judge, if it is time. Return: true if an interface changed its state */
bool selftest_finish(struct selftest *t, uint64_t now_ns);

/** selftest_any_deaf() - Worth testing again soon? */
bool selftest_any_deaf(const struct selftest *t);

#endif
