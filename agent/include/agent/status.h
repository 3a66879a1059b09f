/*
 * status.h - the running agent as JSON
 *
 * Layer: agent. The contract of `longwire status --json`; fields are added, never renamed.
 * Spec: longwire-control(7).
 */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include <jansson.h>
#include <stdint.h>

#include "agent/agent.h"
#include "agent/peers.h"

/**
 * status_build() - Everything that is known now
 *
 * Every key is always there; what is not known is null, lists and counters may be empty. `drops`
 * objects hold the reasons that occurred.
 * Return: a new object, the caller's
 */
json_t *status_build(const struct agent *a, uint64_t now_ns);

/** status_drops() - @counters, DROP_COUNT entries, as an object of those that are not zero */
json_t *status_drops(const uint64_t *counters);

/** status_peer() - One element of `peers` */
json_t *status_peer(const struct agent *a, const struct peer *peer, uint64_t now_ns);

/** status_paths() - `paths` of a peer: where it may be reached, the one in use first. Return: a new list */
json_t *status_paths(const struct agent *a, const struct peer *peer);

/** status_peer_warnings() - Append what is odd about a peer that is up, in sentences with a fix */
void status_peer_warnings(const struct agent *a, const struct peer *peer, uint64_t now_ns,
			  json_t *list);

/** status_warning() - One element of `warnings` */
json_t *status_warning(const struct warning *warning);

#endif
