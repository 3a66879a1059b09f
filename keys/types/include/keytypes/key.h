/*
 * key.h - key types, their text form, and their end
 *
 * Layer: key types, the one part of keys/ that proto/ may include. Knows no file.
 * Spec: bech32m is BIP 350; DESIGN of the text form in proto/PROTOCOL.md 2.
 */
#ifndef KEYTYPES_KEY_H
#define KEYTYPES_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum {
	KEY_BYTES = 32,      /* X25519 and preshared keys alike */
	KEY_TEXT_BYTES = 62, /* "lw" "1", 52 characters of data, 6 of checksum, NUL */
};

/** struct public_key - X25519 public key as on the wire */
struct public_key {
	uint8_t b[KEY_BYTES];
};

/** struct secret_key - X25519 private key; lives in memory from sodium_malloc, wiped with key_wipe() */
struct secret_key {
	uint8_t b[KEY_BYTES];
};

/** struct preshared_key - all zero where none is set */
struct preshared_key {
	uint8_t b[KEY_BYTES];
};

/** public_key_equal() - In constant time is not needed: it is public */
bool public_key_equal(const struct public_key *a, const struct public_key *b);

/** public_key_is_low_order() - Would make every shared secret zero; such a key is never accepted */
bool public_key_is_low_order(const struct public_key *key);

/** public_key_format() - bech32m with prefix lw, lower case. Return: @out */
const char *public_key_format(const struct public_key *key, char out[KEY_TEXT_BYTES]);

/**
 * public_key_parse() - Read the text form
 * @text:	NUL-terminated, without blanks around it; all upper case is accepted, mixed case is not
 * @out:	filled on success, else untouched
 * @err:	says which: a typo (checksum; with its place if it is a single letter), a cut (too short),
 *		mixed case, a foreign prefix, a character that never occurs, padding that is not zero, a
 *		low-order key, a number that is not reduced (two texts for one key would be two peers)
 *
 * Return: 0 or -EINVAL
 */
int public_key_parse(const char *text, struct public_key *out, struct error *err);

/**
 * preshared_key_parse() - 32 bytes as 64 hexadecimal digits or 44 characters of base64
 *
 * All zero is refused: it means "none". Return: 0, or -EINVAL with @out untouched
 */
int preshared_key_parse(const char *text, struct preshared_key *out, struct error *err);

/** preshared_key_is_set() - In constant time */
bool preshared_key_is_set(const struct preshared_key *psk);

/** secret_key_public() - The public key that belongs to @secret */
void secret_key_public(const struct secret_key *secret, struct public_key *out);

/** key_wipe() - Overwrite @len bytes so that no compiler leaves them */
void key_wipe(void *bytes, size_t len);

enum {
	CHECK_PHRASE_BYTES = 36 /* six groups of five digits, five spaces, NUL */
};

/**
 * check_phrase() - To compare by voice
 *
 * BLAKE2b-256 of "longwire check phrase 1", the lower and the higher key (as bytes), so that both
 * sides print the same; five bytes of it, big-endian, modulo 100,000, make a group. Return: @out
 */
const char *check_phrase(const struct public_key *a, const struct public_key *b,
			 char out[CHECK_PHRASE_BYTES]);

#endif
