/*
 * key.c - see key.h
 */
#include "keytypes/key.h"

#include <sodium.h>
#include <string.h>

_Static_assert(KEY_BYTES == crypto_scalarmult_BYTES, "X25519");

bool public_key_equal(const struct public_key *a, const struct public_key *b)
{
	return memcmp(a->b, b->b, KEY_BYTES) == 0;
}

bool public_key_is_low_order(const struct public_key *key)
{
	static const struct secret_key any = {{1}};
	uint8_t shared[KEY_BYTES];

	/* crypto_scalarmult clamps, so any scalar sends just the low-order points to zero. */
	return crypto_scalarmult(shared, any.b, key->b) != 0;
}

void secret_key_public(const struct secret_key *secret, struct public_key *out)
{
	crypto_scalarmult_base(out->b, secret->b);
}

void key_wipe(void *bytes, size_t len)
{
	sodium_memzero(bytes, len);
}
