/*
 * events.h - what the caller is told
 *
 * Layer: proto (sans-IO). One bit per peer and kind, and a ring of the peers that have some: none is
 * lost, and memory is bounded.
 */
#ifndef PROTO_EVENTS_H
#define PROTO_EVENTS_H

#include "engine_state.h"

/** event_raise() - Tell something about a peer */
void event_raise(struct engine *e, struct peer *p, enum engine_event_type type);

#endif
