/*
 * gcm_libsodium.c - see gcm.h; by libsodium
 *
 * The expanded key lies in the caller's memory, which is locked.
 */
#include "gcm.h"

#include <errno.h>
#include <string.h>

_Static_assert(GCM_NONCE_BYTES == crypto_aead_aes256gcm_NPUBBYTES, "SP 800-38D");
_Static_assert(KEY_BYTES == crypto_aead_aes256gcm_KEYBYTES, "AES-256");
_Static_assert(TAG_BYTES == crypto_aead_aes256gcm_ABYTES, "one tag length for both ciphers");

const char *gcm_library(void)
{
	return "libsodium";
}

bool gcm_is_available(void)
{
	return crypto_aead_aes256gcm_is_available();
}

int gcm_start(struct gcm *g, size_t count)
{
	memset(g, 0, count * sizeof(*g));
	return 0;
}

void gcm_stop(struct gcm *g, size_t count)
{
	sodium_memzero(g, count * sizeof(*g));
}

int gcm_set_key(struct gcm *g, enum direction direction, const uint8_t key[KEY_BYTES])
{
	(void)direction;
	return crypto_aead_aes256gcm_beforenm(&g->expanded, key) == 0 ? 0 : -EIO;
}

void gcm_wipe(struct gcm *g)
{
	sodium_memzero(g, sizeof(*g));
}

int gcm_seal(struct gcm *g, const struct sealed *s)
{
	uint8_t *text = s->datagram + DATA_HEADER_BYTES;
	uint8_t nonce[GCM_NONCE_BYTES];

	gcm_nonce(s->counter, nonce);
	if (crypto_aead_aes256gcm_encrypt_afternm(text, NULL, text, s->text_len, s->datagram,
						  DATA_HEADER_BYTES, NULL, nonce,
						  &g->expanded) == 0)
		return 0;
	memset(text, 0, s->text_len + TAG_BYTES);
	return -EIO;
}

int gcm_open(struct gcm *g, const struct sealed *s)
{
	uint8_t *text = s->datagram + DATA_HEADER_BYTES;
	uint8_t nonce[GCM_NONCE_BYTES];

	gcm_nonce(s->counter, nonce);
	if (crypto_aead_aes256gcm_decrypt_afternm(text, NULL, NULL, text, s->text_len + TAG_BYTES,
						  s->datagram, DATA_HEADER_BYTES, nonce,
						  &g->expanded) == 0)
		return 0;
	memset(text, 0, s->text_len);
	return -EBADMSG;
}
