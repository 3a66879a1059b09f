/*
 * peers.h - the peers of an engine: found, added, removed, described
 *
 * Layer: proto (sans-IO).
 */
#ifndef PROTO_PEERS_H
#define PROTO_PEERS_H

#include "engine_state.h"

/** peer_shares_vlan() - Do we share the vlan of that id with it? */
bool peer_shares_vlan(const struct peer *p, uint16_t vlan);

#endif
