/*
 * detail.h - why a peer is not up, in sentences: facts first, then the likely causes in order
 *
 * Layer: agent. Pure.
 */
#ifndef AGENT_DETAIL_H
#define AGENT_DETAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/peers.h"
#include "proto/engine.h"

enum {
	DETAIL_BYTES = 1024,
	AGE_TEXT_BYTES = 32
};

/** detail_of_peer() - Fills @out; empty when the peer is up. Return: @out */
const char *detail_of_peer(const struct peer *peer, const struct peer_info *info, uint64_t now_ns,
			   char out[DETAIL_BYTES]);

/** detail_is_refused() - Were datagrams refused in the tries that are going on now? Earlier ones say
 * nothing of the network as it is */
bool detail_is_refused(const struct peer *peer, const struct peer_info *info);

/** detail_down_reason() - Half a sentence for the log line "anna is down: ..." */
const char *detail_down_reason(const struct peer_info *info);

/** detail_age() - "12 s", "3 min", "2 h", "5 days". Return: @out */
const char *detail_age(uint64_t age_s, char out[AGE_TEXT_BYTES]);

#endif
