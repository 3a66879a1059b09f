/*
 * macs.c - see macs.h
 */
#include "macs.h"

#include <sodium.h>
#include <string.h>

#include "common/cursor.h"

enum {
	LABEL_BYTES = 8,
	HASHED_ADDR_BYTES = ADDR_IP_BYTES + 2,
};

static void labelled_hash(const char *label, const struct public_key *key, uint8_t out[32])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, 32);
	crypto_generichash_update(&state, (const uint8_t *)label, LABEL_BYTES);
	crypto_generichash_update(&state, key->b, KEY_BYTES);
	crypto_generichash_final(&state, out, 32);
}

void mac_keys_for(const struct public_key *receiver, struct mac_keys *out)
{
	labelled_hash("mac1----", receiver, out->mac1);
	labelled_hash("cookie--", receiver, out->cookie);
}

static void keyed_mac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len,
		      uint8_t out[MAC_TAG_BYTES])
{
	crypto_generichash(out, MAC_TAG_BYTES, data, len, key, key_len);
}

void mac_write(const struct mac_keys *keys, uint8_t *message, size_t len)
{
	uint8_t *mac1 = mac1_of(message, len);

	keyed_mac(keys->mac1, sizeof(keys->mac1), message, len - 2 * MAC_TAG_BYTES, mac1);
	memset(mac1 + MAC_TAG_BYTES, 0, MAC_TAG_BYTES);
}

void mac2_write(const uint8_t cookie[MAC_TAG_BYTES], uint8_t *message, size_t len)
{
	keyed_mac(cookie, MAC_TAG_BYTES, message, len - MAC_TAG_BYTES,
		  message + len - MAC_TAG_BYTES);
}

bool mac1_is_valid(const struct mac_keys *keys, const uint8_t *message, size_t len)
{
	uint8_t want[MAC_TAG_BYTES];

	keyed_mac(keys->mac1, sizeof(keys->mac1), message, len - 2 * MAC_TAG_BYTES, want);
	return sodium_memcmp(want, message + len - 2 * MAC_TAG_BYTES, MAC_TAG_BYTES) == 0;
}

bool mac2_is_valid(const uint8_t cookie[MAC_TAG_BYTES], const uint8_t *message, size_t len)
{
	uint8_t want[MAC_TAG_BYTES];

	keyed_mac(cookie, MAC_TAG_BYTES, message, len - MAC_TAG_BYTES, want);
	return sodium_memcmp(want, message + len - MAC_TAG_BYTES, MAC_TAG_BYTES) == 0;
}

void cookie_make(const uint8_t secret[32], const struct addr *from, uint8_t out[MAC_TAG_BYTES])
{
	uint8_t hashed[HASHED_ADDR_BYTES];
	struct writer w = writer_over(hashed, sizeof(hashed));

	writer_bytes(&w, from->ip, ADDR_IP_BYTES);
	writer_u16(&w, from->port);
	keyed_mac(secret, 32, hashed, sizeof(hashed), out);
}

void cookie_seal(const struct cookie_reply *reply, const uint8_t cookie[MAC_TAG_BYTES],
		 uint8_t *out)
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, cookie, MAC_TAG_BYTES, reply->mac1,
						   MAC_TAG_BYTES, NULL, reply->nonce, reply->key);
}

bool cookie_open(const struct cookie_reply *reply, const uint8_t *sealed,
		 uint8_t out[MAC_TAG_BYTES])
{
	uint8_t cookie[MAC_TAG_BYTES];

	if (crypto_aead_xchacha20poly1305_ietf_decrypt(cookie, NULL, NULL, sealed,
						       MAC_TAG_BYTES + TAG_BYTES, reply->mac1,
						       MAC_TAG_BYTES, reply->nonce, reply->key))
		return false;
	memcpy(out, cookie, MAC_TAG_BYTES);
	return true;
}
