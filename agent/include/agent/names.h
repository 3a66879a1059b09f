/*
 * names.h - when the names on cards are looked up again
 *
 * Layer: agent. A peer with a dynamic address moves, and its name follows. While it is away its names are
 * asked for every NAMES_AWAY_S, after ten minutes at growing intervals; while it is up every
 * NAMES_UP_S, so that its other addresses are fresh when they are needed. Names are only asked for where
 * this host has an address, and on libuv's worker threads: nothing ever waits.
 *
 * Wake-ups: there is a timer only while a peer with a name is away. What is due of a peer that is up is
 * done when something else wakes the agent: an idle one sleeps on.
 */
#ifndef AGENT_NAMES_H
#define AGENT_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "agent/peers.h"

enum {
	NAMES_AWAY_S = 4,    /* found within 5 s of the peer's return */
	NAMES_EAGER_S = 600, /* so long; then the interval doubles */
	NAMES_AWAY_MAX_S = 60,
	NAMES_UP_S = 300,
};
_Static_assert((int)NAMES_AWAY_S >= (int)LOOKUP_INTERVAL_S, "each question is asked");

/** names_interval_s() - Between two questions about a peer that has been away for so long */
uint32_t names_interval_s(uint64_t away_ns);

/** struct names - caller-owned; fields are this module's */
struct names {
	uv_timer_t timer;
	struct peers *peers;
	const struct engine *engine;
	uint64_t due_ns; /* when to go through all peers again; 0: now */
	bool is_online;
};

/** names_open() - Start; @peers and @engine are borrowed until names_close() */
void names_open(struct names *n, uv_loop_t *loop, struct peers *peers, const struct engine *engine);

/** names_run() - Ask for what is due, and set the timer. Cheap when nothing is: for every wake-up */
void names_run(struct names *n, uint64_t now_ns);

/** names_touch() - A peer came, went or has other names: look at all of them with the next names_run() */
void names_touch(struct names *n);

/** names_set_online() - Has this host an address that others can reach? */
void names_set_online(struct names *n, bool is_online);

/** names_close() - Before libuv's loop runs for the last time */
void names_close(struct names *n);

#endif
