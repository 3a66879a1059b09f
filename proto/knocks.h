/*
 * knocks.h - initiations under keys that are in no card
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 4.2 step 4.
 */
#ifndef PROTO_KNOCKS_H
#define PROTO_KNOCKS_H

#include "engine_state.h"

/** knocks_add() - Remember one; the oldest of another key makes room */
void knocks_add(struct engine *e, const struct public_key *key, const struct addr *from,
		uint64_t now_ns);

/** knocks_forget() - That key has a card now */
void knocks_forget(struct engine *e, const struct public_key *key);

#endif
