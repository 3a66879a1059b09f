/*
 * known_keys.h - which peer has a key, by the hash that names keys in hellos
 *
 * Layer: proto (sans-IO). A sorted array of peers' numbers in the engine's memory, searched by halves: a
 * hello may name 64 keys, and an initiation any one, and there may be 4096 peers.
 */
#ifndef PROTO_KNOWN_KEYS_H
#define PROTO_KNOWN_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"

/** known_keys_add() - @p has its key and hash now, and was not there */
void known_keys_add(struct engine *e, const struct peer *p);

/** known_keys_remove() - The reverse; before its key changes */
void known_keys_remove(struct engine *e, const struct peer *p);

/** known_keys_has() - Has any peer a key with that hash? */
bool known_keys_has(const struct engine *e, uint64_t hash);

/** known_keys_find() - Return: the peer with that key, or NULL */
struct peer *known_keys_find(const struct engine *e, const struct public_key *key);

#endif
