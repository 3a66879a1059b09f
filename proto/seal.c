/*
 * seal.c - see seal.h
 */
#include "seal.h"

#include <sodium.h>
#include <string.h>

#include "gcm.h"

enum {
	NONCE_BYTES = 12,
	NONCE_PREFIX_BYTES = 4,
};

_Static_assert(NONCE_BYTES == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "RFC 8439");
_Static_assert(TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "RFC 8439");

const char *cipher_name(enum cipher cipher)
{
	return cipher == CIPHER_AES ? "AES-256-GCM" : "ChaCha20-Poly1305";
}

const char *cipher_library(enum cipher cipher)
{
	return cipher == CIPHER_AES ? gcm_library() : "libsodium";
}

uint8_t ciphers_of_machine(void)
{
	return gcm_is_available() ? CIPHERS_KNOWN : CIPHER_CHACHA;
}

uint8_t cipher_choose(uint8_t ours, uint8_t theirs)
{
	if (ours & theirs & CIPHER_AES)
		return CIPHER_AES;
	return ours & theirs & CIPHER_CHACHA;
}

uint64_t cipher_rekey_after(enum cipher cipher)
{
	return cipher == CIPHER_AES ? REKEY_AFTER_MESSAGES_GCM : REKEY_AFTER_MESSAGES;
}

uint64_t cipher_reject_after(enum cipher cipher)
{
	return cipher == CIPHER_AES ? REJECT_AFTER_MESSAGES_GCM : REJECT_AFTER_MESSAGES;
}

void seal_key(const uint8_t split[KEY_BYTES], enum cipher cipher, const uint8_t hash[HASH_BYTES],
	      uint8_t out[KEY_BYTES])
{
	static const char label[] = "longwire1 ";
	const char *name = cipher_name(cipher);
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, split, KEY_BYTES);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)label, sizeof(label) - 1);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)name, strlen(name));
	crypto_auth_hmacsha256_update(&state, hash, HASH_BYTES);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

/* Four zero bytes and the counter, little-endian: as Noise 12 has it. */
static void make_nonce(uint64_t counter, uint8_t out[NONCE_BYTES])
{
	memset(out, 0, NONCE_PREFIX_BYTES);
	for (size_t i = 0; i < sizeof(counter); i++)
		out[NONCE_PREFIX_BYTES + i] = (uint8_t)(counter >> 8 * i);
}

void chacha_seal(const uint8_t key[KEY_BYTES], const struct sealed *s)
{
	uint8_t nonce[NONCE_BYTES];
	uint8_t *text = s->datagram + DATA_HEADER_BYTES;

	make_nonce(s->counter, nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt(text, NULL, text, s->text_len, s->datagram,
						  DATA_HEADER_BYTES, NULL, nonce, key);
}

bool chacha_open(const uint8_t key[KEY_BYTES], const struct sealed *s)
{
	uint8_t nonce[NONCE_BYTES];
	uint8_t *text = s->datagram + DATA_HEADER_BYTES;

	make_nonce(s->counter, nonce);
	return crypto_aead_chacha20poly1305_ietf_decrypt(text, NULL, NULL, text,
							 s->text_len + TAG_BYTES, s->datagram,
							 DATA_HEADER_BYTES, nonce, key) == 0;
}
