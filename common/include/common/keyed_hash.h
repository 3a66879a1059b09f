/*
 * keyed_hash.h - SipHash-2-4 for tables whose keys strangers choose
 *
 * Layer: common. libsodium's crypto_shorthash.
 */
#ifndef COMMON_KEYED_HASH_H
#define COMMON_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

enum {
	KEYED_HASH_KEY_BYTES = 16
};

/** struct hash_key - secret and random per table, or a stranger can make all entries collide */
struct hash_key {
	uint8_t b[KEYED_HASH_KEY_BYTES];
};

/** keyed_hash() - 64 bits over @len bytes */
uint64_t keyed_hash(const struct hash_key *key, const void *data, size_t len);

#endif
