/*
 * path.h - where a peer is: which of its paths is used, and what moves it
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 7.2, 7.4-7.6. path_table.h has the paths, path_probe.h the times.
 *
 * How it works. A path is *validated* by the answer to a probe that was sent there (or, the first one of a
 * session, by the handshake). Frames go to the *active* one alone. Another becomes active only when it has just
 * answered: because the newest data came from there, because the active one seems dead, or because
 * it is faster.
 */
#ifndef PROTO_PATH_H
#define PROTO_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"
#include "path_table.h"

/** path_hold() - Candidates or policy changed: leave an endpoint where the peer may not be, and try the others */
void path_hold(struct engine *e, struct peer *p, uint64_t now_ns);

/**
 * path_take_answer() - A response was accepted: is its source the endpoint?
 *
 * It is if we may have sent the initiation there. The source of a response is not authentic: who sees it
 * can send it on from another address, faster. So another address is challenged first.
 */
void path_take_answer(struct engine *e, struct peer *p, const struct route *from, uint64_t now_ns);

/** path_take_place() - The handshake validated that route: it is the active one */
void path_take_place(struct engine *e, struct peer *p, const struct route *route, uint64_t now_ns);

/** path_began() - There is a new session. @was_up: it follows another */
void path_began(struct engine *e, struct peer *p, bool was_up, uint64_t now_ns);

/**
 * path_heard() - The newest data came by @route
 *
 * If that is not the active path, it is probed; if the peer may not be there, only noted.
 */
void path_heard(struct engine *e, struct peer *p, const struct route *route, uint64_t now_ns);

/**
 * path_take_challenge() - Answer to where it came from, if the peer may be there
 *
 * The first of a datagram, lest one ask for many.
 */
void path_take_challenge(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
			 uint64_t now_ns);

/** path_take_response() - Does it validate the path that was probed? */
void path_take_response(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
			uint64_t now_ns);

/** path_suspect() - The active path seems dead: whoever else answers takes over */
void path_suspect(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_network_changed() - No own address is known to be good, and nothing is known to be unreachable */
void path_network_changed(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_ping() - Ask for an answer. Return: as outbox_record() */
enum drop path_ping(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_measured() - A round trip on the active path took @sample_ns: it goes into the smoothed time */
void path_measured(struct peer *p, uint64_t sample_ns);

/** path_take_pong() - Of a ping that was asked for, or of the latest of our own; others are ignored */
void path_take_pong(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
		    uint64_t now_ns);

#endif
