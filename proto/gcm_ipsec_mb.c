/*
 * gcm_ipsec_mb.c - see gcm.h; all of it by Intel's library of that name
 *
 * One call for a whole datagram, and keys in the caller's memory: so a lone short one costs a quarter of the others', and
 * where the processor has VAES and VPCLMULQDQ, a full one costs a fifth. The library keeps a table of functions
 * for this processor beside the state of jobs, of which we have none: what we call is copied out of it.
 */
#include "gcm.h"

#include <errno.h>
#include <intel-ipsec-mb.h>
#include <stdalign.h>
#include <string.h>

/** struct ready - what struct gcm's bytes are. @context: of the datagram at hand; holds key stream */
struct ready {
	struct gcm_key_data key;
	struct gcm_context_data context;
};

_Static_assert(sizeof(struct ready) <= GCM_READY_BYTES, "of the versions that there are");
_Static_assert(alignof(struct ready) <= GCM_READY_ALIGN, "as it declares its keys");
_Static_assert(TAG_BYTES == crypto_verify_16_BYTES,
	       "is compared in constant time, and not byte by byte");

static struct {
	aes_gcm_enc_dec_t seal, open;
	aes_gcm_pre_t expand;
} library;

static struct ready *ready_of(struct gcm *g)
{
	return (struct ready *)g->ready;
}

const char *gcm_library(void)
{
	return "libipsec-mb";
}

bool gcm_is_available(void)
{
	return sodium_runtime_has_aesni() && sodium_runtime_has_pclmul();
}

int gcm_start(struct gcm *g, size_t count)
{
	IMB_MGR *all;

	(void)g;
	(void)count;
	if (library.seal)
		return 0;
	all = alloc_mb_mgr(0);
	if (!all)
		return -ENOMEM;
	init_mb_mgr_auto(all, NULL);
	library.expand = all->gcm256_pre;
	library.open = all->gcm256_dec;
	library.seal = all->gcm256_enc;
	free_mb_mgr(all);
	return library.seal ? 0 : -ENOMEM;
}

void gcm_stop(struct gcm *g, size_t count)
{
	sodium_memzero(g, count * sizeof(*g));
}

int gcm_set_key(struct gcm *g, enum direction direction, const uint8_t key[KEY_BYTES])
{
	(void)direction;
	library.expand(key, &ready_of(g)->key);
	return 0;
}

void gcm_wipe(struct gcm *g)
{
	sodium_memzero(g, sizeof(*g));
}

int gcm_seal(struct gcm *g, const struct sealed *s)
{
	uint8_t *text = s->datagram + DATA_HEADER_BYTES, nonce[GCM_NONCE_BYTES];
	struct ready *r = ready_of(g);

	gcm_nonce(s->counter, nonce);
	library.seal(&r->key, &r->context, text, text, s->text_len, nonce, s->datagram,
		     DATA_HEADER_BYTES, text + s->text_len, TAG_BYTES);
	return 0;
}

int gcm_open(struct gcm *g, const struct sealed *s)
{
	uint8_t *text = s->datagram + DATA_HEADER_BYTES, nonce[GCM_NONCE_BYTES], tag[TAG_BYTES];
	struct ready *r = ready_of(g);

	gcm_nonce(s->counter, nonce);
	library.open(&r->key, &r->context, text, text, s->text_len, nonce, s->datagram,
		     DATA_HEADER_BYTES, tag, TAG_BYTES);
	if (crypto_verify_16(tag, text + s->text_len) == 0)
		return 0;
	memset(text, 0, s->text_len);
	return -EBADMSG;
}
