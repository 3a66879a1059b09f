/*
 * seal.h - the ciphers of a session
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 4.1, 4.5.
 */
#ifndef PROTO_SEAL_H
#define PROTO_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "proto/cipher.h"

/** cipher_choose() - The better one of two offers. Return: it, or 0 if nothing is in common */
uint8_t cipher_choose(uint8_t ours, uint8_t theirs);

/** cipher_rekey_after(), cipher_reject_after() - Counters at which a key is renewed, and dead */
uint64_t cipher_rekey_after(enum cipher cipher);
uint64_t cipher_reject_after(enum cipher cipher);

/**
 * seal_key() - Key of one direction
 * @split:	its Noise split key
 * @hash:	handshake hash, HASH_BYTES
 * @out:	may be @split
 */
void seal_key(const uint8_t split[KEY_BYTES], enum cipher cipher, const uint8_t hash[HASH_BYTES],
	      uint8_t out[KEY_BYTES]);

/** struct sealed - one data message: header, text, tag, contiguous; borrowed */
struct sealed {
	uint8_t *datagram;
	size_t text_len; /* without header and tag */
	uint64_t counter;
};

/**
 * chacha_seal() - Encrypt in place with ChaCha20-Poly1305 and append the tag: there must be room for it
 *
 * AES-256-GCM is in gcm.h: its keys take some preparation. Sessions use either through session_crypt.h.
 */
void chacha_seal(const uint8_t key[KEY_BYTES], const struct sealed *s);

/** chacha_open() - Verify and decrypt in place. Return: false, and the text zeroed, if forged */
bool chacha_open(const uint8_t key[KEY_BYTES], const struct sealed *s);

#endif
