/*
 * handshake.h - initiations and responses
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 4. Work is done on copies and committed last: a message
 * that does not authenticate changes nothing but a counter.
 */
#ifndef PROTO_HANDSHAKE_H
#define PROTO_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"

/**
 * handshake_initiate() - Send an initiation
 * @reach:	to every address we know (else a rekey: to the endpoint alone)
 *
 * Return: false if none could be made now; then attempt.blocked says if it waits for the ceiling
 */
bool handshake_initiate(struct engine *e, struct peer *p, bool reach, uint64_t now_ns);

/** handshake_answer() - An admitted initiation (PROTOCOL.md 4.2 from step 3) */
enum drop handshake_answer(struct engine *e, const struct route *from, const uint8_t *message,
			   uint64_t now_ns);

/** handshake_complete() - A response of the right length with a valid mac1 (PROTOCOL.md 4.3) */
enum drop handshake_complete(struct engine *e, const struct route *from, const uint8_t *message,
			     uint64_t now_ns);

/** handshake_forget_timestamps() - So that a clock that was wrong locks nobody out */
void handshake_forget_timestamps(struct peer *p);

/** handshake_reserve() - Ask the caller to persist a timestamp ceiling */
void handshake_reserve(struct engine *e, uint64_t now_ns);

#endif
