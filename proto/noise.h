/*
 * noise.h - Noise_IKpsk2_25519_ChaChaPoly_SHA256, the two messages
 *
 * Layer: proto (sans-IO). Knows nothing of timestamps, macs or sessions.
 * Spec: the Noise Protocol Framework, revision 34; PROTOCOL.md 4.
 *
 * The four steps each take the state of the step before. In this pattern every encryption follows a
 * fresh MixKey, so the nonce is always zero and is not kept.
 */
#ifndef PROTO_NOISE_H
#define PROTO_NOISE_H

#include <stddef.h>
#include <stdint.h>

#include "keytypes/key.h"
#include "limits.h"

/** struct noise - symmetric state; secret, wipe it */
struct noise {
	uint8_t ck[HASH_BYTES];
	uint8_t h[HASH_BYTES];
	uint8_t k[HASH_BYTES];
};

/** struct noise_keys - what one side knows; borrowed pointers, unused ones NULL */
struct noise_keys {
	const struct secret_key *own_static;
	const struct public_key *own_static_public;
	const struct secret_key *own_ephemeral;
	const struct public_key *their_static;
	const struct public_key *their_ephemeral;
	const uint8_t *static_static; /* DH of the two static keys, KEY_BYTES */
	const struct preshared_key *psk;
};

/** struct noise_payload - bytes in or out of a message; @bytes may be NULL if @len is 0 */
struct noise_payload {
	uint8_t *bytes;
	size_t len;
};

/** noise_init() - Start with the prologue and the responder's static key */
void noise_init(struct noise *n, const char *prologue, size_t prologue_len,
		const struct public_key *responder);

/** noise_dh() - X25519. Return: 0, or -EINVAL and @out zeroed for a low-order point */
int noise_dh(uint8_t out[KEY_BYTES], const struct secret_key *secret,
	     const struct public_key *public);

/**
 * noise_write_1() - Message 1 by the initiator
 * @k:		own_static_public, own_ephemeral, their_static, static_static
 * @out:	32 + 48 + payload + 16 bytes
 *
 * Return: 0 or -EINVAL
 */
int noise_write_1(struct noise *n, const struct noise_keys *k, const struct noise_payload *payload,
		  uint8_t *out);

/**
 * noise_read_1_static() - First half of message 1 at the responder: who is it?
 * @k:		own_static
 * @in:		message 1, at least 80 bytes
 * @their_static, @their_ephemeral: filled on success
 *
 * Return: 0, or -EINVAL if it does not authenticate
 */
int noise_read_1_static(struct noise *n, const struct noise_keys *k, const uint8_t *in,
			struct public_key *their_static, struct public_key *their_ephemeral);

/**
 * noise_read_1_payload() - Second half; proves that the initiator has the static key
 * @k:		static_static
 * @in:		message 1 from byte 80 on: payload->len + 16 bytes
 * @payload:	filled on success
 */
int noise_read_1_payload(struct noise *n, const struct noise_keys *k, const uint8_t *in,
			 const struct noise_payload *payload);

/** noise_write_2() - Message 2. @k: own_ephemeral, their_static, their_ephemeral, psk */
int noise_write_2(struct noise *n, const struct noise_keys *k, const struct noise_payload *payload,
		  uint8_t *out);

/**
 * noise_read_2() - Message 2 at the initiator
 * @n:		as noise_write_1() left it; undefined on failure, so work on a copy
 * @k:		own_static, own_ephemeral, psk
 */
int noise_read_2(struct noise *n, const struct noise_keys *k, const uint8_t *in,
		 const struct noise_payload *payload);

/** noise_split() - Both transport keys; the first is initiator to responder */
void noise_split(const struct noise *n, uint8_t first[KEY_BYTES], uint8_t second[KEY_BYTES]);

#endif
