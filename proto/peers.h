/*
 * peers.h - the peers of an engine: found, added, removed, described
 *
 * Layer: proto (sans-IO).
 */
#ifndef PROTO_PEERS_H
#define PROTO_PEERS_H

#include "engine_state.h"

/** peer_find() - By static key. Return: NULL if there is none */
struct peer *peer_find(const struct engine *e, const struct public_key *key);

/** peer_shares_vlan() - Do we share the vlan of that id with it? */
bool peer_shares_vlan(const struct peer *p, uint16_t vlan);

#endif
