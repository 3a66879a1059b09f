/*
 * gcm_short.c - see gcm_private.h; by libsodium
 *
 * The expanded key lies in the caller's memory, which is locked.
 */
#include "gcm_private.h"

#include <errno.h>

_Static_assert(GCM_NONCE_BYTES == crypto_aead_aes256gcm_NPUBBYTES, "SP 800-38D");
_Static_assert(KEY_BYTES == crypto_aead_aes256gcm_KEYBYTES, "AES-256");
_Static_assert(TAG_BYTES == crypto_aead_aes256gcm_ABYTES, "one tag length for both ciphers");

_Static_assert(sizeof(crypto_aead_aes256gcm_state) <= GCM_READY_BYTES,
	       "struct gcm has room for it");

static const crypto_aead_aes256gcm_state *ready_of(const struct gcm *g)
{
	return (const crypto_aead_aes256gcm_state *)g->ready;
}

int gcm_short_set_key(struct gcm *g, const uint8_t key[KEY_BYTES])
{
	return crypto_aead_aes256gcm_beforenm((crypto_aead_aes256gcm_state *)g->ready, key) == 0
		       ? 0
		       : -EIO;
}

int gcm_short_seal(const struct gcm *g, const struct sealed *s,
		   const uint8_t nonce[GCM_NONCE_BYTES])
{
	uint8_t *text = s->datagram + DATA_HEADER_BYTES;

	return crypto_aead_aes256gcm_encrypt_afternm(text, NULL, text, s->text_len, s->datagram,
						     DATA_HEADER_BYTES, NULL, nonce,
						     ready_of(g)) == 0
		       ? 0
		       : -EIO;
}

int gcm_short_open(const struct gcm *g, const struct sealed *s,
		   const uint8_t nonce[GCM_NONCE_BYTES])
{
	uint8_t *text = s->datagram + DATA_HEADER_BYTES;

	return crypto_aead_aes256gcm_decrypt_afternm(text, NULL, NULL, text,
						     s->text_len + TAG_BYTES, s->datagram,
						     DATA_HEADER_BYTES, nonce, ready_of(g)) == 0
		       ? 0
		       : -EBADMSG;
}
