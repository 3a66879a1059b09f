/*
 * cipher.h - the ciphers that a session may have
 *
 * Layer: proto (public). Spec: PROTOCOL.md 4.1.
 */
#ifndef PROTO_CIPHER_H
#define PROTO_CIPHER_H

#include <stdint.h>

/** enum cipher - also the bit on the wire */
enum cipher {
	CIPHER_CHACHA = 1,
	CIPHER_AES = 2,
	CIPHERS_KNOWN = CIPHER_CHACHA | CIPHER_AES,
};

/** cipher_name() - As in status and in the key derivation; static text */
const char *cipher_name(enum cipher cipher);

/** cipher_library() - Whose implementation runs here: "libipsec-mb", "libcrypto" or "libsodium" */
const char *cipher_library(enum cipher cipher);

/** ciphers_of_machine() - Bits of those that run here at full speed; ChaCha20-Poly1305 always */
uint8_t ciphers_of_machine(void);

#endif
