/*
 * gcm_long_none.c - see gcm_private.h; the build took no libcrypto
 */
#include "gcm_private.h"

#include <errno.h>

bool gcm_long_is_built(void)
{
	return false;
}

bool gcm_long_is_available(void)
{
	return false;
}

int gcm_long_start(struct gcm *g, size_t count)
{
	(void)g;
	(void)count;
	return 0;
}

void gcm_long_stop(struct gcm *g, size_t count)
{
	(void)g;
	(void)count;
}

int gcm_long_set_key(struct gcm *g, enum direction direction, const uint8_t key[KEY_BYTES])
{
	(void)g;
	(void)direction;
	(void)key;
	return -EIO;
}

void gcm_long_wipe(struct gcm *g)
{
	(void)g;
}

int gcm_long_seal(struct gcm *g, const struct sealed *s, const uint8_t nonce[GCM_NONCE_BYTES])
{
	(void)g;
	(void)s;
	(void)nonce;
	return -EIO;
}

int gcm_long_open(struct gcm *g, const struct sealed *s, const uint8_t nonce[GCM_NONCE_BYTES])
{
	(void)g;
	(void)s;
	(void)nonce;
	return -EIO;
}
