/*
 * replay.h - anti-replay window for one receiving key
 *
 * Layer: proto (sans-IO). Allocates nothing, reads no clock.
 * Spec: PROTOCOL.md 8; algorithm after RFC 6479.
 */
#ifndef PROTO_REPLAY_H
#define PROTO_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

enum {
	REPLAY_WORD_BITS = 64,
	REPLAY_WORDS = REPLAY_RING_BITS / REPLAY_WORD_BITS,
};

/**
 * struct replay - which counters were seen
 * @next:	one above the highest accepted counter; 0 while there is none
 * @ring:	one bit per counter, at its number modulo the ring's size
 */
struct replay {
	uint64_t next;
	uint64_t ring[REPLAY_WORDS];
};

/**
 * replay_accept() - Record a packet counter unless it is old or a duplicate
 * @w:		window of the receiving key; caller-owned, zeroed with a new key
 * @counter:	from the packet header, host order, 0 .. UINT64_MAX - 1
 *
 * Call only after the AEAD tag verified: a forgery must not move the window.
 *
 * Return: true, @w updated, if fresh; false, @w untouched, if not
 */
bool replay_accept(struct replay *w, uint64_t counter);

/** replay_is_newest() - Is @counter above all accepted ones? To be asked before replay_accept() */
static inline bool replay_is_newest(const struct replay *w, uint64_t counter)
{
	return counter >= w->next;
}

#endif
