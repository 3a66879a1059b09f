/*
 * pings.h - pings that the caller asked for, each with an answer of its own
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 8.
 *
 * How it works. One table for all peers. A ping is there until it is answered and that was told, until its
 * peer is removed, or until newer ones need its place: whoever waits for it gives up by his own clock. The
 * pings that keep a path alive are path.h's.
 */
#ifndef PROTO_PINGS_H
#define PROTO_PINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"

/** pings_take_pong() - Return: true, and it will be told, if @token is of a ping to @p that waits */
bool pings_take_pong(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
		     uint64_t now_ns);

/** pings_next_event() - Return: true and @out filled while there is an answer that was not told */
bool pings_next_event(struct engine *e, struct engine_event *out);

/** pings_forget() - The peer is removed */
void pings_forget(struct engine *e, const struct peer *p);

#endif
