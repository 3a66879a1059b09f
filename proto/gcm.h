/*
 * gcm.h - AES-256-GCM with a key that is ready for use
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 4.5; NIST SP 800-38D.
 *
 * How it works. A build takes one of three ways, the first that it has, and tests all that it has:
 *
 *	gcm_ipsec_mb.c	Intel's libipsec-mb, on x86-64: the fastest with datagrams of every size
 *	gcm.c		full datagrams by OpenSSL's libcrypto (gcm_long_libcrypto.c), short ones by libsodium
 *			(gcm_short.c), which is faster there; where libsodium has no code for the processor,
 *			libcrypto does all
 *	gcm.c		all by libsodium (gcm_long_none.c)
 *
 * Making a key ready costs a third of a small datagram's encryption, so it is done once: see key_cache.h.
 * All that is allocated is allocated in gcm_start(). libcrypto's contexts lie in its own heap, outside the
 * locked memory that holds the keys themselves; gcm_wipe() and gcm_stop() overwrite them.
 */
#ifndef PROTO_GCM_H
#define PROTO_GCM_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "seal.h"

enum {
	GCM_NONCE_BYTES = 12,
	GCM_NONCE_PREFIX_BYTES = 4,
	GCM_READY_BYTES =
		1152, /* libipsec-mb's, with room for another version; libsodium's has 512 */
	GCM_READY_ALIGN = 64,
};

/** enum direction - of a session's datagrams: each has a key of its own */
enum direction {
	DIRECTION_SEND,
	DIRECTION_RECEIVE,
	DIRECTION_COUNT,
};

/**
 * struct gcm - one key of one direction
 * @ready:	the library's expanded key
 * @context:	libcrypto's, which does not lend us its memory; NULL: it could not be wiped otherwise
 */
struct gcm {
	_Alignas(GCM_READY_ALIGN) uint8_t ready[GCM_READY_BYTES];
	struct evp_cipher_ctx_st *context;
};

/** gcm_library() - Name of the library that the build took for full datagrams */
const char *gcm_library(void);

/** gcm_is_available() - Has the processor instructions for it, and the library code that uses them? */
bool gcm_is_available(void);

/**
 * gcm_start() - Make @count of them, without a key
 * @g:	zeroed
 *
 * Reads no configuration file, starts no thread. Return: 0; -ENOMEM when the library has none, and @g is
 * zeroed
 */
int gcm_start(struct gcm *g, size_t count);

/** gcm_stop() - Wipe and free all; they may never have been started */
void gcm_stop(struct gcm *g, size_t count);

/** gcm_set_key() - Replace the key, of which nothing is left. Return: 0; -EIO: there is none now */
int gcm_set_key(struct gcm *g, enum direction direction, const uint8_t key[KEY_BYTES]);

/** gcm_wipe() - Forget the key */
void gcm_wipe(struct gcm *g);

/**
 * gcm_seal() - Encrypt in place and append the tag: there must be room for it
 *
 * The key must have been set for DIRECTION_SEND. Return: 0; -EIO when the library failed, and the text is
 * zeroed: nothing of it may be sent
 */
int gcm_seal(struct gcm *g, const struct sealed *s);

/**
 * gcm_open() - Verify and decrypt in place
 *
 * The key must have been set for DIRECTION_RECEIVE. Return: 0; -EBADMSG if forged, -EIO when the library
 * failed, and the text is zeroed
 */
int gcm_open(struct gcm *g, const struct sealed *s);

/** gcm_nonce() - Four zero bytes and the counter, big-endian: as Noise 12 has it */
static inline void gcm_nonce(uint64_t counter, uint8_t out[GCM_NONCE_BYTES])
{
	memset(out, 0, GCM_NONCE_PREFIX_BYTES);
	for (size_t i = 0; i < sizeof(counter); i++)
		out[GCM_NONCE_BYTES - 1 - i] = (uint8_t)(counter >> 8 * i);
}

#endif
