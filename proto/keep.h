/*
 * keep.h - is a path open, or does a mapping on the way to us have to be kept, and how often
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 7.8.
 *
 * How it works. What the peer sends to us from an address to which we sent nothing for long came in
 * without our help: that path is *open*, and no pings of ours keep it. On all others we ping when
 * nothing else was sent; oftener once the mapping was seen to have died nevertheless. All of it is
 * about the network that we are in, and is forgotten with it. When a path only seemed open, the
 * peer is soon not heard any more, or it begins anew, and then we ping it.
 */
#ifndef PROTO_KEEP_H
#define PROTO_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"

/** keep_sent() - A datagram goes to that address */
void keep_sent(struct peer *p, const struct addr *to, uint64_t now_ns);

/** keep_replied() - Likewise, in reply to what came from there: that opens nothing new */
void keep_replied(struct peer *p, const struct addr *to, uint64_t now_ns);

/** keep_came() - Something authentic came from there. Call before it is answered */
void keep_came(struct peer *p, const struct addr *from, uint64_t now_ns);

/** keep_learned() - The path in that place is new: what was sent to there before is not known */
void keep_learned(struct peer *p, int8_t path);

/** keep_forgotten() - The path in that place is none any more */
void keep_forgotten(struct peer *p, int8_t path);

/** keep_left() - The path in that place is not the active one any more, or does not answer */
void keep_left(struct peer *p, int8_t path);

/** keep_network_changed() - Nothing is known of the routers that are before us now */
void keep_network_changed(struct peer *p);

/** keep_challenged() - By the peer at @from: was our ping from an address that is new to it? */
void keep_challenged(struct engine *e, struct peer *p, const struct addr *from, uint64_t now_ns);

/** keep_renewed() - The peer confirms a session from @from, before that becomes the current one */
void keep_renewed(struct peer *p, const struct addr *from, uint64_t now_ns);

/** keep_began() - The peer comes up: it is expected to ping */
void keep_began(struct peer *p);

/** keep_pinged() - By the peer: if not for the first time, it keeps its path and should go on */
void keep_pinged(struct engine *e, struct peer *p, uint64_t now_ns);

/** keep_ping() - Ping, as keep_ping_at() told */
void keep_ping(struct engine *e, struct peer *p, uint64_t now_ns);

/**
 * keep_ping_at() - When to ping because of idleness; there is a path
 *
 * Return: the time, or HEAP_NEVER if it needs none
 */
uint64_t keep_ping_at(const struct peer *p);

#endif
