/*
 * admission.h - who may cost us a Diffie-Hellman: mac1, load, cookies
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 5.
 */
#ifndef PROTO_ADMISSION_H
#define PROTO_ADMISSION_H

#include <stdint.h>

#include "engine_state.h"

/**
 * admission_initiation() - PROTOCOL.md 4.2, steps 1 and 2
 * @message:	INITIATION_BYTES
 *
 * Return: DROP_NONE, or the reason; a cookie reply may be in the outbox. Nothing is counted.
 */
enum drop admission_initiation(struct engine *e, const struct route *from, uint8_t *message,
			       uint64_t now_ns);

/** admission_cookie() - A cookie reply came. Return: DROP_NONE or DROP_BAD_COOKIE, counted */
enum drop admission_cookie(struct engine *e, const struct addr *from, const uint8_t *message,
			   uint64_t now_ns);

#endif
