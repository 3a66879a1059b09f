/*
 * session_crypt.h - encrypt and decrypt with the keys of a session
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 4.5, 8. Counters and ages are the callers' affair.
 */
#ifndef PROTO_SESSION_CRYPT_H
#define PROTO_SESSION_CRYPT_H

#include <stdbool.h>

#include "engine_state.h"

/**
 * session_seal() - Encrypt a datagram in place and append the tag: there must be room for it
 *
 * Return: false when the library failed: it is counted, and the datagram must not be sent
 */
bool session_seal(struct engine *e, struct peer *p, enum session_slot slot, const struct sealed *s);

/**
 * session_open() - Verify and decrypt a datagram in place
 *
 * Return: DROP_NONE; DROP_BAD_TAG or DROP_CIPHER_FAILED, not counted yet, and the text zeroed
 */
enum drop session_open(struct engine *e, struct peer *p, enum session_slot slot,
		       const struct sealed *s);

/** session_forget_keys() - Before the session is wiped: what was made ready of its keys */
void session_forget_keys(struct engine *e, struct session *s);

#endif
