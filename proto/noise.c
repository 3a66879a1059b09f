/*
 * noise.c - see noise.h
 */
#include "noise.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static const char PROTOCOL_NAME[] = "Noise_IKpsk2_25519_ChaChaPoly_SHA256";

_Static_assert(sizeof(PROTOCOL_NAME) - 1 > HASH_BYTES, "so the name is hashed, not padded");
_Static_assert(HASH_BYTES == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(HASH_BYTES == crypto_auth_hmacsha256_BYTES, "HMAC-SHA256");
_Static_assert(TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "Poly1305");

static void mix_hash(struct noise *n, const void *data, size_t len)
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, n->h, HASH_BYTES);
	crypto_hash_sha256_update(&state, data, len);
	crypto_hash_sha256_final(&state, n->h);
}

static void hmac(uint8_t out[HASH_BYTES], const uint8_t key[HASH_BYTES], const void *data,
		 size_t len)
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, HASH_BYTES);
	crypto_auth_hmacsha256_update(&state, data, len);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

/* HKDF of Noise 4.3: @count outputs, two or three. */
static void hkdf(const uint8_t ck[HASH_BYTES], const void *ikm, size_t len,
		 uint8_t (*out)[HASH_BYTES], size_t count)
{
	uint8_t temp[HASH_BYTES], block[HASH_BYTES + 1];

	hmac(temp, ck, ikm, len);
	block[0] = 1;
	hmac(out[0], temp, block, 1);
	for (size_t i = 1; i < count; i++) {
		memcpy(block, out[i - 1], HASH_BYTES);
		block[HASH_BYTES] = (uint8_t)(i + 1);
		hmac(out[i], temp, block, sizeof(block));
	}
	sodium_memzero(temp, sizeof(temp));
	sodium_memzero(block, sizeof(block));
}

static void mix_key(struct noise *n, const uint8_t ikm[KEY_BYTES])
{
	uint8_t out[2][HASH_BYTES];

	hkdf(n->ck, ikm, KEY_BYTES, out, 2);
	memcpy(n->ck, out[0], HASH_BYTES);
	memcpy(n->k, out[1], HASH_BYTES);
	sodium_memzero(out, sizeof(out));
}

static void mix_key_and_hash(struct noise *n, const struct preshared_key *psk)
{
	uint8_t out[3][HASH_BYTES];

	hkdf(n->ck, psk->b, KEY_BYTES, out, 3);
	memcpy(n->ck, out[0], HASH_BYTES);
	mix_hash(n, out[1], HASH_BYTES);
	memcpy(n->k, out[2], HASH_BYTES);
	sodium_memzero(out, sizeof(out));
}

/* In psk patterns every e is MixHash(e) and MixKey(e): Noise 9.2. */
static void mix_ephemeral(struct noise *n, const uint8_t ephemeral[KEY_BYTES])
{
	mix_hash(n, ephemeral, KEY_BYTES);
	mix_key(n, ephemeral);
}

static int mix_dh(struct noise *n, const struct secret_key *secret, const struct public_key *public)
{
	uint8_t shared[KEY_BYTES];
	int error = noise_dh(shared, secret, public);

	if (!error)
		mix_key(n, shared);
	sodium_memzero(shared, sizeof(shared));
	return error;
}

static const uint8_t NONCE_ZERO[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

static void encrypt_and_hash(struct noise *n, const uint8_t *plain, size_t len, uint8_t *out)
{
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, n->h, HASH_BYTES, NULL,
						  NONCE_ZERO, n->k);
	mix_hash(n, out, len + TAG_BYTES);
}

static int decrypt_and_hash(struct noise *n, const uint8_t *in, size_t plain_len, uint8_t *out)
{
	uint8_t none[1];

	if (crypto_aead_chacha20poly1305_ietf_decrypt(out ? out : none, NULL, NULL, in,
						      plain_len + TAG_BYTES, n->h, HASH_BYTES,
						      NONCE_ZERO, n->k))
		return -EINVAL;
	mix_hash(n, in, plain_len + TAG_BYTES);
	return 0;
}

void noise_init(struct noise *n, const char *prologue, size_t prologue_len,
		const struct public_key *responder)
{
	crypto_hash_sha256(n->h, (const unsigned char *)PROTOCOL_NAME, sizeof(PROTOCOL_NAME) - 1);
	memcpy(n->ck, n->h, HASH_BYTES);
	memset(n->k, 0, HASH_BYTES);
	mix_hash(n, prologue, prologue_len);
	mix_hash(n, responder->b, KEY_BYTES);
}

int noise_dh(uint8_t out[KEY_BYTES], const struct secret_key *secret,
	     const struct public_key *public)
{
	if (crypto_scalarmult(out, secret->b, public->b) == 0)
		return 0;
	sodium_memzero(out, KEY_BYTES);
	return -EINVAL;
}

int noise_write_1(struct noise *n, const struct noise_keys *k, const struct noise_payload *payload,
		  uint8_t *out)
{
	crypto_scalarmult_base(out, k->own_ephemeral->b);
	mix_ephemeral(n, out);
	if (mix_dh(n, k->own_ephemeral, k->their_static))
		return -EINVAL;
	encrypt_and_hash(n, k->own_static_public->b, KEY_BYTES, out + KEY_BYTES);
	mix_key(n, k->static_static);
	encrypt_and_hash(n, payload->bytes, payload->len, out + 2 * KEY_BYTES + TAG_BYTES);
	return 0;
}

int noise_read_1_static(struct noise *n, const struct noise_keys *k, const uint8_t *in,
			struct public_key *their_static, struct public_key *their_ephemeral)
{
	struct public_key e, s;

	memcpy(e.b, in, KEY_BYTES);
	mix_ephemeral(n, e.b);
	if (mix_dh(n, k->own_static, &e) || decrypt_and_hash(n, in + KEY_BYTES, KEY_BYTES, s.b))
		return -EINVAL;
	*their_static = s;
	*their_ephemeral = e;
	return 0;
}

int noise_read_1_payload(struct noise *n, const struct noise_keys *k, const uint8_t *in,
			 const struct noise_payload *payload)
{
	mix_key(n, k->static_static);
	return decrypt_and_hash(n, in, payload->len, payload->bytes);
}

int noise_write_2(struct noise *n, const struct noise_keys *k, const struct noise_payload *payload,
		  uint8_t *out)
{
	crypto_scalarmult_base(out, k->own_ephemeral->b);
	mix_ephemeral(n, out);
	if (mix_dh(n, k->own_ephemeral, k->their_ephemeral) ||
	    mix_dh(n, k->own_ephemeral, k->their_static))
		return -EINVAL;
	mix_key_and_hash(n, k->psk);
	encrypt_and_hash(n, payload->bytes, payload->len, out + KEY_BYTES);
	return 0;
}

int noise_read_2(struct noise *n, const struct noise_keys *k, const uint8_t *in,
		 const struct noise_payload *payload)
{
	struct public_key e;

	memcpy(e.b, in, KEY_BYTES);
	mix_ephemeral(n, e.b);
	if (mix_dh(n, k->own_ephemeral, &e) || mix_dh(n, k->own_static, &e))
		return -EINVAL;
	mix_key_and_hash(n, k->psk);
	return decrypt_and_hash(n, in + KEY_BYTES, payload->len, payload->bytes);
}

void noise_split(const struct noise *n, uint8_t first[KEY_BYTES], uint8_t second[KEY_BYTES])
{
	uint8_t out[2][HASH_BYTES];

	hkdf(n->ck, NULL, 0, out, 2);
	memcpy(first, out[0], KEY_BYTES);
	memcpy(second, out[1], KEY_BYTES);
	sodium_memzero(out, sizeof(out));
}
