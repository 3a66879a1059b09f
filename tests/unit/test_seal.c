/*
 * test_seal.c - proto/seal.h, proto/gcm.h
 */
#include "unit.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "gcm.h"
#include "rng.h"
#include "seal.h"

enum {
	SHORT = 64, /* libsodium's and libcrypto's share in gcm.c */
	TEXT_MAX = 600,
	LONG_MAX = 9000,
	LENGTHS_TRIED = 2000,
	PLACES = 16, /* of a datagram in memory: each of them is as good */
	DATAGRAM_ROOM = DATA_MIN_BYTES + LONG_MAX + PLACES,
};

static const enum cipher ciphers[] = {CIPHER_CHACHA, CIPHER_AES};
static const size_t lengths[] = {SHORT, TEXT_MAX};

static bool runs_here(enum cipher cipher)
{
	return ciphers_of_machine() & cipher;
}

/* A key for one datagram, with either cipher. */
static void seal_with(enum cipher cipher, const uint8_t key[KEY_BYTES], const struct sealed *s)
{
	struct gcm gcm = {0};

	if (cipher == CIPHER_CHACHA) {
		chacha_seal(key, s);
		return;
	}
	assert_int_equal(gcm_start(&gcm, 1), 0);
	assert_int_equal(gcm_set_key(&gcm, DIRECTION_SEND, key), 0);
	assert_int_equal(gcm_seal(&gcm, s), 0);
	gcm_stop(&gcm, 1);
}

static bool open_with(enum cipher cipher, const uint8_t key[KEY_BYTES], const struct sealed *s)
{
	struct gcm gcm = {0};
	int rc;

	if (cipher == CIPHER_CHACHA)
		return chacha_open(key, s);
	assert_int_equal(gcm_start(&gcm, 1), 0);
	assert_int_equal(gcm_set_key(&gcm, DIRECTION_RECEIVE, key), 0);
	rc = gcm_open(&gcm, s);
	gcm_stop(&gcm, 1);
	assert_true(rc == 0 || rc == -EBADMSG);
	return rc == 0;
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
			seal_with(ciphers[c], key, &s);
			if (len > 8)
				assert_memory_not_equal(datagram + DATA_HEADER_BYTES,
							plain + DATA_HEADER_BYTES, len);
			assert_true(open_with(ciphers[c], key, &s));
			assert_memory_equal(datagram, plain, DATA_HEADER_BYTES + len);
		}
	}
}

static void assert_every_bit_counts(enum cipher cipher, size_t len)
{
	static const uint8_t key[KEY_BYTES] = {1}, nothing[TEXT_MAX];
	uint8_t sealed[DATA_MIN_BYTES + TEXT_MAX], copy[sizeof(sealed)];

	fill(sealed);
	seal_with(cipher, key, &(struct sealed){sealed, len, 5});
	for (size_t bit = 0; bit < 8 * (DATA_MIN_BYTES + len); bit++) {
		memcpy(copy, sealed, sizeof(sealed));
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(open_with(cipher, key, &(struct sealed){copy, len, 5}));
		assert_memory_equal(copy + DATA_HEADER_BYTES, nothing, len);
	}
}

static void every_bit_of_header_text_and_tag_is_authenticated(void **state)
{
	(void)state;
	for (size_t c = 0; c < 2 && runs_here(ciphers[c]); c++) {
		for (size_t i = 0; i < 2; i++)
			assert_every_bit_counts(ciphers[c], lengths[i]);
	}
}

static void assert_counter_counts(enum cipher cipher, size_t len)
{
	static const uint8_t key[KEY_BYTES] = {1};
	uint8_t sealed[DATA_MIN_BYTES + TEXT_MAX], copy[sizeof(sealed)];

	fill(sealed);
	seal_with(cipher, key, &(struct sealed){sealed, len, 5});
	for (unsigned bit = 0; bit < 64; bit++) {
		memcpy(copy, sealed, sizeof(sealed));
		assert_false(open_with(cipher, key,
				       &(struct sealed){copy, len, 5 ^ UINT64_C(1) << bit}));
	}
}

static void every_bit_of_the_counter_is_authenticated(void **state)
{
	(void)state;
	for (size_t c = 0; c < 2 && runs_here(ciphers[c]); c++) {
		for (size_t i = 0; i < 2; i++)
			assert_counter_counts(ciphers[c], lengths[i]);
	}
}

static void assert_others_do_not_open(size_t c, size_t len)
{
	static const uint8_t key[KEY_BYTES] = {1}, other[KEY_BYTES] = {2};
	uint8_t sealed[DATA_MIN_BYTES + TEXT_MAX], copy[sizeof(sealed)];
	struct sealed s = {copy, len, 5};

	fill(sealed);
	seal_with(ciphers[c], key, &(struct sealed){sealed, len, 5});
	memcpy(copy, sealed, sizeof(sealed));
	assert_false(open_with(ciphers[c], other, &s));
	memcpy(copy, sealed, sizeof(sealed));
	s.counter = UINT64_C(5) << 56; /* the same bytes in the other order */
	assert_false(open_with(ciphers[c], key, &s));
	s.counter = 5;
	memcpy(copy, sealed, sizeof(sealed));
	if (runs_here(CIPHER_AES))
		assert_false(open_with(ciphers[!c], key, &s));
}

static void another_counter_key_or_cipher_does_not_open(void **state)
{
	(void)state;
	for (size_t c = 0; c < 2 && runs_here(ciphers[c]); c++) {
		for (size_t i = 0; i < 2; i++)
			assert_others_do_not_open(c, lengths[i]);
	}
}

/* By libsodium, whose one-shot functions neither cipher of ours uses with a key made ready. */
static void seal_plainly(enum cipher cipher, const uint8_t key[KEY_BYTES], const struct sealed *s,
			 const uint8_t nonce[12])
{
	uint8_t *text = s->datagram + DATA_HEADER_BYTES;

	if (cipher == CIPHER_CHACHA)
		crypto_aead_chacha20poly1305_ietf_encrypt(text, NULL, text, s->text_len,
							  s->datagram, DATA_HEADER_BYTES, NULL,
							  nonce, key);
	else
		crypto_aead_aes256gcm_encrypt(text, NULL, text, s->text_len, s->datagram,
					      DATA_HEADER_BYTES, NULL, nonce, key);
}

static bool libsodium_has(enum cipher cipher)
{
	return cipher == CIPHER_CHACHA ||
	       (runs_here(cipher) && crypto_aead_aes256gcm_is_available());
}

static void nonce_is_little_endian_for_chacha_and_big_endian_for_aes(void **state)
{
	static const uint8_t key[KEY_BYTES] = {9};
	static const uint8_t nonces[][12] = {{0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1},
					     {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}};

	(void)state;
	for (size_t c = 0; c < 2 && libsodium_has(ciphers[c]); c++) {
		uint8_t datagram[DATA_MIN_BYTES + TEXT_MAX], expected[sizeof(datagram)];
		const uint64_t counter = UINT64_C(0x0102030405060708);

		fill(expected);
		seal_plainly(ciphers[c], key, &(struct sealed){expected, TEXT_MAX, counter},
			     nonces[c]);
		fill(datagram);
		seal_with(ciphers[c], key, &(struct sealed){datagram, TEXT_MAX, counter});
		assert_memory_equal(datagram, expected, sizeof(expected));
	}
}

/* Any length, anywhere in memory, in place: as libsodium has it, byte for byte, and nothing beyond. */
static void gcm_of_any_length_and_place_is_what_libsodium_says(void **state)
{
	static uint8_t plain[DATAGRAM_ROOM], ours[DATAGRAM_ROOM], expected[DATAGRAM_ROOM];
	struct rng rng = {.state = 4711};
	struct gcm gcm[DIRECTION_COUNT] = {0};
	uint8_t key[KEY_BYTES], nonce[12];

	(void)state;
	if (!libsodium_has(CIPHER_AES))
		skip();
	assert_int_equal(gcm_start(gcm, DIRECTION_COUNT), 0);
	for (unsigned i = 0; i < LENGTHS_TRIED; i++) {
		size_t len = i <= 256 ? i : rng_below(&rng, LONG_MAX + 1);
		size_t place = rng_below(&rng, PLACES);
		struct sealed s = {.text_len = len, .counter = rng_u64(&rng)};

		rng_fill(&rng, key, sizeof(key));
		rng_fill(&rng, plain, sizeof(plain));
		memcpy(ours, plain, sizeof(plain));
		memcpy(expected, plain, sizeof(plain));
		gcm_nonce(s.counter, nonce);
		s.datagram = expected + place;
		seal_plainly(CIPHER_AES, key, &s, nonce);
		s.datagram = ours + place;
		assert_int_equal(gcm_set_key(&gcm[DIRECTION_SEND], DIRECTION_SEND, key), 0);
		assert_int_equal(gcm_set_key(&gcm[DIRECTION_RECEIVE], DIRECTION_RECEIVE, key), 0);
		assert_int_equal(gcm_seal(&gcm[DIRECTION_SEND], &s), 0);
		assert_memory_equal(ours, expected, sizeof(ours));
		assert_int_equal(gcm_open(&gcm[DIRECTION_RECEIVE], &s), 0);
		assert_memory_equal(ours, plain, place + DATA_HEADER_BYTES + len);
	}
	gcm_stop(gcm, DIRECTION_COUNT);
}

static void assert_wiped_is_gone(size_t len)
{
	static const uint8_t key[KEY_BYTES] = {7};
	uint8_t before[DATA_MIN_BYTES + TEXT_MAX], after[sizeof(before)];
	struct gcm gcm = {0};

	assert_int_equal(gcm_start(&gcm, 1), 0);
	assert_int_equal(gcm_set_key(&gcm, DIRECTION_SEND, key), 0);
	fill(before);
	assert_int_equal(gcm_seal(&gcm, &(struct sealed){before, len, 1}), 0);
	gcm_wipe(&gcm);
	fill(after);
	gcm_seal(&gcm, &(struct sealed){after, len, 1});
	assert_memory_not_equal(after + DATA_HEADER_BYTES, before + DATA_HEADER_BYTES, len);
	gcm_set_key(&gcm, DIRECTION_RECEIVE, key);
	gcm_wipe(&gcm);
	assert_int_not_equal(gcm_open(&gcm, &(struct sealed){before, len, 1}), 0);
	gcm_stop(&gcm, 1);
}

static void a_key_that_was_wiped_neither_seals_nor_opens_as_before(void **state)
{
	(void)state;
	if (!runs_here(CIPHER_AES))
		skip();
	for (size_t i = 0; i < 2; i++)
		assert_wiped_is_gone(lengths[i]);
}

/* Else this would test another way than its name says. */
static void the_library_is_the_one_that_was_built_in(void **state)
{
	(void)state;
	assert_string_equal(gcm_library(), GCM_LIBRARY);
	assert_string_equal(cipher_library(CIPHER_AES), GCM_LIBRARY);
}

/* Nothing of it may be in memory that is freed. */
static void what_was_stopped_holds_no_key(void **state)
{
	static const uint8_t key[KEY_BYTES] = {7};
	static const struct gcm nothing;
	struct gcm gcm[2] = {{.context = NULL}};

	(void)state;
	if (!runs_here(CIPHER_AES))
		skip();
	assert_int_equal(gcm_start(gcm, 2), 0);
	assert_int_equal(gcm_set_key(&gcm[1], DIRECTION_SEND, key), 0);
	gcm_stop(gcm, 2);
	assert_memory_equal(&gcm[1], &nothing, sizeof(nothing));
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
		cmocka_unit_test(every_bit_of_the_counter_is_authenticated),
		cmocka_unit_test(another_counter_key_or_cipher_does_not_open),
		cmocka_unit_test(nonce_is_little_endian_for_chacha_and_big_endian_for_aes),
		cmocka_unit_test(gcm_of_any_length_and_place_is_what_libsodium_says),
		cmocka_unit_test(a_key_that_was_wiped_neither_seals_nor_opens_as_before),
		cmocka_unit_test(the_library_is_the_one_that_was_built_in),
		cmocka_unit_test(what_was_stopped_holds_no_key),
		cmocka_unit_test(session_key_binds_cipher_and_handshake),
		cmocka_unit_test(better_common_cipher_is_chosen),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
