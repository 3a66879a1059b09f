/*
 * gcm.c - see gcm.h; by libsodium, and libcrypto if there is one: which of the two a text is for
 */
#include "gcm_private.h"

#include <errno.h>
#include <string.h>

enum {
	/* Up to here libsodium is at least as fast, warm; and it reads a tenth of the code and memory, which
	 * counts when the processor slept before, as it does before a lone small frame. */
	SHORT_BYTES = 384,
};

const char *gcm_library(void)
{
	return gcm_long_is_built() ? "libcrypto" : "libsodium";
}

bool gcm_is_available(void)
{
	return gcm_long_is_built() ? gcm_long_is_available() : gcm_short_is_available();
}

int gcm_start(struct gcm *g, size_t count)
{
	return gcm_long_start(g, count);
}

void gcm_stop(struct gcm *g, size_t count)
{
	gcm_long_stop(g, count);
	sodium_memzero(g, count * sizeof(*g));
}

int gcm_set_key(struct gcm *g, enum direction direction, const uint8_t key[KEY_BYTES])
{
	int rc = gcm_short_is_available() ? gcm_short_set_key(g, key) : 0;

	if (rc == 0 && gcm_long_is_built())
		rc = gcm_long_set_key(g, direction, key);
	if (rc)
		gcm_wipe(g);
	return rc;
}

void gcm_wipe(struct gcm *g)
{
	sodium_memzero(g->ready, sizeof(g->ready));
	gcm_long_wipe(g);
}

static bool is_for_libsodium(const struct sealed *s)
{
	return !gcm_long_is_built() || (s->text_len <= SHORT_BYTES && gcm_short_is_available());
}

int gcm_seal(struct gcm *g, const struct sealed *s)
{
	uint8_t nonce[GCM_NONCE_BYTES];
	int rc;

	gcm_nonce(s->counter, nonce);
	rc = is_for_libsodium(s) ? gcm_short_seal(g, s, nonce) : gcm_long_seal(g, s, nonce);
	if (rc)
		memset(s->datagram + DATA_HEADER_BYTES, 0, s->text_len + TAG_BYTES);
	return rc;
}

int gcm_open(struct gcm *g, const struct sealed *s)
{
	uint8_t nonce[GCM_NONCE_BYTES];
	int rc;

	gcm_nonce(s->counter, nonce);
	rc = is_for_libsodium(s) ? gcm_short_open(g, s, nonce) : gcm_long_open(g, s, nonce);
	if (rc)
		memset(s->datagram + DATA_HEADER_BYTES, 0, s->text_len);
	return rc;
}
