/*
 * keyed_hash.c - see keyed_hash.h
 */
#include "common/keyed_hash.h"

#include <sodium.h>
#include <string.h>

_Static_assert(KEYED_HASH_KEY_BYTES == crypto_shorthash_KEYBYTES, "key of SipHash-2-4");
_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "result of SipHash-2-4");

uint64_t keyed_hash(const struct hash_key *key, const void *data, size_t len)
{
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t value;

	crypto_shorthash(out, data, len, key->b);
	memcpy(&value, out, sizeof(value));
	return value;
}
