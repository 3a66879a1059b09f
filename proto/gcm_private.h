/*
 * gcm_private.h - the two libraries behind gcm.h
 *
 * Layer: proto (private). gcm.c alone includes it, and they. What these do with a text that does not open, or
 * that the library refuses, is gcm.c's: it zeroes it; as with a key that one of them refused: it wipes both.
 */
#ifndef PROTO_GCM_PRIVATE_H
#define PROTO_GCM_PRIVATE_H

#include "gcm.h"

/* ---- libsodium's: gcm_short.c ---- */

/** gcm_short_is_available() - Has libsodium code for this processor? Not for each that libcrypto has some for */
static inline bool gcm_short_is_available(void)
{
	return crypto_aead_aes256gcm_is_available();
}

int gcm_short_set_key(struct gcm *g, const uint8_t key[KEY_BYTES]);
int gcm_short_seal(const struct gcm *g, const struct sealed *s,
		   const uint8_t nonce[GCM_NONCE_BYTES]);
int gcm_short_open(const struct gcm *g, const struct sealed *s,
		   const uint8_t nonce[GCM_NONCE_BYTES]);

/* ---- libcrypto's: gcm_long_libcrypto.c, or gcm_long_none.c ---- */

/** gcm_long_is_built() - Did the build take libcrypto? All else fails without it, but gcm_long_start() */
bool gcm_long_is_built(void);

/** gcm_long_is_available() - Has the processor instructions for it? */
bool gcm_long_is_available(void);

int gcm_long_start(struct gcm *g, size_t count);
void gcm_long_stop(struct gcm *g, size_t count);
int gcm_long_set_key(struct gcm *g, enum direction direction, const uint8_t key[KEY_BYTES]);
void gcm_long_wipe(struct gcm *g);
int gcm_long_seal(struct gcm *g, const struct sealed *s, const uint8_t nonce[GCM_NONCE_BYTES]);
int gcm_long_open(struct gcm *g, const struct sealed *s, const uint8_t nonce[GCM_NONCE_BYTES]);

#endif
