/*
 * test_seal.c - proto/seal.h
 */
#include "unit.h"

#include <sodium.h>

#include "seal.h"

enum {
	TEXT_MAX = 64
};

static const enum cipher ciphers[] = {CIPHER_CHACHA, CIPHER_AES};

static bool runs_here(enum cipher cipher)
{
	return ciphers_of_machine() & cipher;
}

static void fill(uint8_t datagram[DATA_MIN_BYTES + TEXT_MAX])
{
	for (size_t i = 0; i < DATA_MIN_BYTES + TEXT_MAX; i++)
		datagram[i] = (uint8_t)i;
}

static void what_is_sealed_opens_again(void **state)
{
	static const uint8_t key[KEY_BYTES] = {1};

	(void)state;
	for (size_t c = 0; c < 2 && runs_here(ciphers[c]); c++) {
		for (size_t len = 0; len <= TEXT_MAX; len++) {
			uint8_t datagram[DATA_MIN_BYTES + TEXT_MAX], plain[sizeof(datagram)];
			struct sealed s = {datagram, len, UINT64_C(0x0102030405060708)};

			fill(datagram);
			fill(plain);
			seal_datagram(ciphers[c], key, &s);
			if (len > 8)
				assert_memory_not_equal(datagram + DATA_HEADER_BYTES,
							plain + DATA_HEADER_BYTES, len);
			assert_true(open_datagram(ciphers[c], key, &s));
			assert_memory_equal(datagram, plain, DATA_HEADER_BYTES + len);
		}
	}
}

static void every_bit_of_header_text_and_tag_is_authenticated(void **state)
{
	static const uint8_t key[KEY_BYTES] = {1};
	uint8_t sealed[DATA_MIN_BYTES + TEXT_MAX], copy[sizeof(sealed)];

	(void)state;
	for (size_t c = 0; c < 2 && runs_here(ciphers[c]); c++) {
		fill(sealed);
		seal_datagram(ciphers[c], key, &(struct sealed){sealed, TEXT_MAX, 5});
		for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
			memcpy(copy, sealed, sizeof(sealed));
			copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(open_datagram(ciphers[c], key,
						   &(struct sealed){copy, TEXT_MAX, 5}));
		}
	}
}

static void another_counter_key_or_cipher_does_not_open(void **state)
{
	static const uint8_t key[KEY_BYTES] = {1}, other[KEY_BYTES] = {2};
	uint8_t sealed[DATA_MIN_BYTES + TEXT_MAX], copy[sizeof(sealed)];

	(void)state;
	for (size_t c = 0; c < 2 && runs_here(ciphers[c]); c++) {
		struct sealed s = {copy, TEXT_MAX, 5};

		fill(sealed);
		seal_datagram(ciphers[c], key, &(struct sealed){sealed, TEXT_MAX, 5});
		memcpy(copy, sealed, sizeof(sealed));
		assert_false(open_datagram(ciphers[c], other, &s));
		memcpy(copy, sealed, sizeof(sealed));
		s.counter = UINT64_C(5) << 56; /* the same bytes in the other order */
		assert_false(open_datagram(ciphers[c], key, &s));
		s.counter = 5;
		memcpy(copy, sealed, sizeof(sealed));
		if (runs_here(CIPHER_AES))
			assert_false(open_datagram(ciphers[!c], key, &s));
	}
}

static void nonce_is_little_endian_for_chacha_and_big_endian_for_aes(void **state)
{
	static const uint8_t key[KEY_BYTES] = {9};
	static const uint8_t little[12] = {0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1};
	static const uint8_t big[12] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
	uint8_t datagram[DATA_MIN_BYTES + TEXT_MAX], expected[TEXT_MAX + TAG_BYTES];
	struct sealed s = {datagram, TEXT_MAX, UINT64_C(0x0102030405060708)};

	(void)state;
	fill(datagram);
	crypto_aead_chacha20poly1305_ietf_encrypt(expected, NULL, datagram + DATA_HEADER_BYTES,
						  TEXT_MAX, datagram, DATA_HEADER_BYTES, NULL,
						  little, key);
	seal_datagram(CIPHER_CHACHA, key, &s);
	assert_memory_equal(datagram + DATA_HEADER_BYTES, expected, sizeof(expected));
	if (!runs_here(CIPHER_AES))
		return;
	fill(datagram);
	crypto_aead_aes256gcm_encrypt(expected, NULL, datagram + DATA_HEADER_BYTES, TEXT_MAX,
				      datagram, DATA_HEADER_BYTES, NULL, big, key);
	seal_datagram(CIPHER_AES, key, &s);
	assert_memory_equal(datagram + DATA_HEADER_BYTES, expected, sizeof(expected));
}

/* HMAC-SHA256 spelled out: PROTOCOL.md 4.5. */
static void session_key_binds_cipher_and_handshake(void **state)
{
	static const uint8_t split[KEY_BYTES] = {3};
	uint8_t hash[HASH_BYTES] = {4}, text[10 + 17 + HASH_BYTES], want[KEY_BYTES], got[KEY_BYTES];

	(void)state;
	memcpy(text, "longwire1 ChaCha20-Poly1305", 10 + 17);
	memcpy(text + 10 + 17, hash, HASH_BYTES);
	crypto_auth_hmacsha256(want, text, sizeof(text), split);
	seal_key(split, CIPHER_CHACHA, hash, got);
	assert_memory_equal(got, want, KEY_BYTES);
	seal_key(split, CIPHER_AES, hash, got);
	assert_memory_not_equal(got, want, KEY_BYTES);
	hash[31] ^= 1;
	seal_key(split, CIPHER_CHACHA, hash, got);
	assert_memory_not_equal(got, want, KEY_BYTES);
}

static void better_common_cipher_is_chosen(void **state)
{
	(void)state;
	assert_int_equal(cipher_choose(3, 3), CIPHER_AES);
	assert_int_equal(cipher_choose(3, 1), CIPHER_CHACHA);
	assert_int_equal(cipher_choose(1, 3), CIPHER_CHACHA);
	assert_int_equal(cipher_choose(3, 0xfe), CIPHER_AES);
	assert_int_equal(cipher_choose(3, 0xfc), 0);
	assert_int_equal(cipher_choose(1, 2), 0);
	assert_int_equal(cipher_choose(3, 0), 0);
}

static int set_up(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_opens_again),
		cmocka_unit_test(every_bit_of_header_text_and_tag_is_authenticated),
		cmocka_unit_test(another_counter_key_or_cipher_does_not_open),
		cmocka_unit_test(nonce_is_little_endian_for_chacha_and_big_endian_for_aes),
		cmocka_unit_test(session_key_binds_cipher_and_handshake),
		cmocka_unit_test(better_common_cipher_is_chosen),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
