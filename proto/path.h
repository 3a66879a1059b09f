/*
 * path.h - where a peer is: targets of a handshake, endpoint, validation, round trip
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 7.2.
 */
#ifndef PROTO_PATH_H
#define PROTO_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"

enum {
	PATH_TARGETS_MAX = 2 * PEER_CANDIDATES_MAX + 1 /* candidates, from hello, the endpoint */
};

/** path_may_be() - May the peer be sent to there? Anywhere, but a fixed one at its candidates only */
bool path_may_be(const struct peer *p, const struct addr *a);

/** path_hold() - Candidates or policy changed: leave an endpoint where the peer may not be, and try the others */
void path_hold(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_has_target() - Is any address of the peer known? */
bool path_has_target(const struct peer *p);

/**
 * path_targets() - Where an initiation goes, each address once
 * @all:	every address known; else the endpoint, if there is one
 *
 * Return: how many of @out are filled
 */
size_t path_targets(const struct peer *p, bool all, struct addr out[PATH_TARGETS_MAX]);

/**
 * path_take_answer() - A response was accepted: is its source the endpoint?
 *
 * It is if we may have sent the initiation there. The source of a response is not authentic: who sees it
 * can send it on from another address, faster. So another address is challenged first.
 */
void path_take_answer(struct engine *e, struct peer *p, const struct addr *from, uint64_t now_ns);

/** path_set_endpoint() - A validated address */
void path_set_endpoint(struct engine *e, struct peer *p, const struct addr *to);

/**
 * path_heard_elsewhere() - The newest data came from @from, which is not the endpoint
 *
 * It is challenged; if the peer may not be there, only noted.
 */
void path_heard_elsewhere(struct engine *e, struct peer *p, const struct addr *from,
			  uint64_t now_ns);

/**
 * path_take_challenge() - Answer to where it came from, if the peer may be there
 *
 * The first of a datagram, lest one ask for many.
 */
void path_take_challenge(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
			 uint64_t now_ns);

/** path_take_response() - Does it validate the challenged address? */
void path_take_response(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
			uint64_t now_ns);

/** path_ping() - Ask for an answer. Return: as outbox_record() */
enum drop path_ping(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_measured() - A round trip took @sample_ns: it goes into the smoothed time */
void path_measured(struct peer *p, uint64_t sample_ns);

/** path_take_pong() - Of a ping that was asked for, or of the latest of our own; others are ignored */
void path_take_pong(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
		    uint64_t now_ns);

#endif
