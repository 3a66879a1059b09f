/*
 * gcm_long_libcrypto.c - see gcm_private.h; by OpenSSL's libcrypto
 *
 * A context is made once and given other keys: that neither allocates nor frees. The key schedule, the tables
 * of GHASH and the last blocks of key stream lie inside the context and are all written anew with a key, so
 * a key of zeros wipes it.
 */
#include "gcm_private.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

_Static_assert(TAG_BYTES == EVP_GCM_TLS_TAG_LEN, "SP 800-38D");

bool gcm_long_is_built(void)
{
	return true;
}

/* Asked of the processor and not of libcrypto, which has slow code for all others. */
bool gcm_long_is_available(void)
{
#if defined(__aarch64__) && defined(__linux__)
	const unsigned long needed = HWCAP_AES | HWCAP_PMULL;

	return (getauxval(AT_HWCAP) & needed) == needed;
#else
	return sodium_runtime_has_aesni() && sodium_runtime_has_pclmul();
#endif
}

static const uint8_t NO_KEY[KEY_BYTES];

static bool make(struct gcm *g, const EVP_CIPHER *cipher)
{
	g->context = EVP_CIPHER_CTX_new();
	return g->context && EVP_EncryptInit_ex2(g->context, cipher, NO_KEY, NULL, NULL) == 1;
}

int gcm_long_start(struct gcm *g, size_t count)
{
	EVP_CIPHER *cipher;
	bool made;

	/* What the host's openssl.cnf says about providers and engines is not for us. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		return -ENOMEM;
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	made = cipher != NULL;
	for (size_t i = 0; made && i < count; i++)
		made = make(&g[i], cipher);
	EVP_CIPHER_free(cipher); /* the contexts hold it */
	if (made)
		return 0;
	gcm_long_stop(g, count);
	return -ENOMEM;
}

void gcm_long_stop(struct gcm *g, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		EVP_CIPHER_CTX_free(g[i].context); /* overwrites what it frees */
		g[i].context = NULL;
	}
}

int gcm_long_set_key(struct gcm *g, enum direction direction, const uint8_t key[KEY_BYTES])
{
	int done;

	if (!g->context)
		return -EIO;
	done = direction == DIRECTION_SEND ? EVP_EncryptInit_ex2(g->context, NULL, key, NULL, NULL)
					   : EVP_DecryptInit_ex2(g->context, NULL, key, NULL, NULL);
	return done == 1 ? 0 : -EIO;
}

void gcm_long_wipe(struct gcm *g)
{
	if (!g->context || EVP_EncryptInit_ex2(g->context, NULL, NO_KEY, NULL, NULL) == 1)
		return;
	gcm_long_stop(g, 1);
}

static OSSL_PARAM tag_param(const struct sealed *s)
{
	return OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
						 s->datagram + DATA_HEADER_BYTES + s->text_len,
						 TAG_BYTES);
}

static bool seal(EVP_CIPHER_CTX *c, const struct sealed *s, const uint8_t *nonce)
{
	OSSL_PARAM params[] = {tag_param(s), OSSL_PARAM_END};
	uint8_t *text = s->datagram + DATA_HEADER_BYTES;
	int len;

	return EVP_EncryptInit_ex2(c, NULL, NULL, nonce, NULL) == 1 &&
	       EVP_EncryptUpdate(c, NULL, &len, s->datagram, DATA_HEADER_BYTES) == 1 &&
	       EVP_EncryptUpdate(c, text, &len, text, (int)s->text_len) == 1 &&
	       EVP_EncryptFinal_ex(c, text + s->text_len, &len) == 1 &&
	       EVP_CIPHER_CTX_get_params(c, params) == 1;
}

int gcm_long_seal(struct gcm *g, const struct sealed *s, const uint8_t nonce[GCM_NONCE_BYTES])
{
	return g->context && seal(g->context, s, nonce) ? 0 : -EIO;
}

/* All but the verdict on the tag. */
static bool decrypt(EVP_CIPHER_CTX *c, const struct sealed *s, const uint8_t *nonce)
{
	OSSL_PARAM params[] = {tag_param(s), OSSL_PARAM_END};
	uint8_t *text = s->datagram + DATA_HEADER_BYTES;
	int len;

	return EVP_DecryptInit_ex2(c, NULL, NULL, nonce, params) == 1 &&
	       EVP_DecryptUpdate(c, NULL, &len, s->datagram, DATA_HEADER_BYTES) == 1 &&
	       EVP_DecryptUpdate(c, text, &len, text, (int)s->text_len) == 1;
}

int gcm_long_open(struct gcm *g, const struct sealed *s, const uint8_t nonce[GCM_NONCE_BYTES])
{
	uint8_t *end = s->datagram + DATA_HEADER_BYTES + s->text_len;
	int len;

	if (!g->context || !decrypt(g->context, s, nonce))
		return -EIO;
	return EVP_DecryptFinal_ex(g->context, end, &len) == 1 ? 0 : -EBADMSG;
}
