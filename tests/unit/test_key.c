/*
 * test_key.c - keytypes/key.h
 */
#include "unit.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#include "../../keys/types/bech32.h"
#include "keytypes/key.h"

/* The public key of Alice in RFC 7748 6.1, and its text as the reference code of BIP 350 writes it. */
static const struct public_key ALICE = {{0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54,
					 0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e, 0xf7, 0x5a,
					 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4,
					 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a}};
static const char ALICE_TEXT[] = "lw1s5s0qzvfxzn4gayt0hwtg0hhtgxm7wsdycup4a8t5j5ca25mfe4qz7ak09";

static struct error error;

static void assert_refused(const char *text, const char *message)
{
	struct public_key key = {{42}}, before = key;

	memset(&error, 0, sizeof(error));
	assert_int_equal(public_key_parse(text, &key, &error), -EINVAL);
	assert_error(&error, message);
	assert_true(public_key_equal(&key, &before));
}

static void key_text_is_the_one_of_bip_350_both_ways(void **state)
{
	char text[KEY_TEXT_BYTES];
	struct public_key key;

	(void)state;
	assert_string_equal(public_key_format(&ALICE, text), ALICE_TEXT);
	assert_int_equal(public_key_parse(ALICE_TEXT, &key, &error), 0);
	assert_true(public_key_equal(&key, &ALICE));
}

static void any_key_survives_format_and_parse_in_both_cases(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		struct secret_key secret;
		struct public_key key, again;
		char text[KEY_TEXT_BYTES];

		randombytes_buf(&secret, sizeof(secret));
		secret_key_public(&secret, &key);
		public_key_format(&key, text);
		assert_int_equal(strlen(text), KEY_TEXT_BYTES - 1);
		for (int upper = 0; upper < 2; upper++) {
			assert_int_equal(public_key_parse(text, &again, &error), 0);
			assert_true(public_key_equal(&key, &again));
			for (char *c = text; *c; c++)
				*c = (char)toupper(*c);
		}
	}
}

static void single_typo_is_named_with_its_place(void **state)
{
	char text[KEY_TEXT_BYTES], place[32];

	(void)state;
	for (size_t i = 3; i < KEY_TEXT_BYTES - 1; i++) {
		strcpy(text, ALICE_TEXT);
		text[i] = text[i] == 'q' ? 'p' : 'q';
		snprintf(place, sizeof(place), "as character %zu;", i + 1);
		assert_refused(text, "the key has a typo");
		assert_error(&error, place);
	}
}

static void typos_that_cannot_be_located_are_named_too(void **state)
{
	char text[KEY_TEXT_BYTES];

	(void)state;
	strcpy(text, ALICE_TEXT);
	for (int i = 10; i < 15; i++)
		text[i] = text[i] == 'q' ? 'p' : 'q';
	assert_refused(text, "the key has a typo (its checksum does not match); copy it again");
}

static void cut_is_named_with_how_much_is_there(void **state)
{
	char text[KEY_TEXT_BYTES];

	(void)state;
	strcpy(text, ALICE_TEXT);
	text[KEY_TEXT_BYTES - 2] = '\0';
	assert_refused(text, "the key is cut: it has 60 of 61 characters");
	assert_refused("lw1", "the key is cut: it has 3 of 61 characters");
}

static void too_much_is_named(void **state)
{
	char text[KEY_TEXT_BYTES + 1];

	(void)state;
	strcpy(text, ALICE_TEXT);
	strcat(text, "q");
	assert_refused(text, "the key is too long: it has 62 characters and should have 61");
}

static void mixed_case_is_named(void **state)
{
	char text[KEY_TEXT_BYTES];

	(void)state;
	strcpy(text, ALICE_TEXT);
	text[5] = (char)toupper(text[5]);
	text[6] = (char)toupper(text[6]);
	text[7] = (char)toupper(text[7]);
	assert_refused(text, "the key mixes upper and lower case");
	strcpy(text, ALICE_TEXT);
	text[0] = 'L';
	assert_refused(text, "the key mixes upper and lower case");
}

static void foreign_prefix_is_named(void **state)
{
	(void)state;
	assert_refused("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
		       "the key begins with 'bc1', so it is not longwire's; expected 'lw1...'");
	assert_refused("", "the key begins with ''");
	assert_refused("anna.example:19543", "the key begins with 'anna.exam'");
	assert_refused("l", "the key begins with 'l'");
}

static void character_that_never_occurs_is_named_with_its_place(void **state)
{
	char text[KEY_TEXT_BYTES];

	(void)state;
	for (const char *c = "bio1-_.\"BIO"; *c; c++) {
		strcpy(text, ALICE_TEXT);
		text[9] = *c;
		assert_refused(text, "as character 10, which never occurs in one");
	}
	text[9] = (char)0xe2;
	assert_refused(text, "the key has byte 0xe2 as character 10");
	text[9] = ' ';
	assert_refused(text, "the key has byte 0x20 as character 10");
}

/* Encode 32 bytes with @padding in the last character. */
static void encode(const uint8_t bytes[KEY_BYTES], uint8_t padding, char out[KEY_TEXT_BYTES])
{
	struct bech32 decoded;
	struct public_key key;

	memcpy(key.b, bytes, KEY_BYTES);
	public_key_format(&key, out);
	assert_true(bech32m_decode(out, &decoded));
	decoded.values[decoded.count - 1] |= padding;
	bech32m_encode("lw", decoded.values, decoded.count, out);
}

static void padding_that_is_not_zero_is_refused(void **state)
{
	char text[KEY_TEXT_BYTES];

	(void)state;
	for (uint8_t padding = 1; padding < 16; padding++) {
		encode(ALICE.b, padding, text);
		assert_refused(text, "the key's padding is not zero");
	}
}

/* "Curve25519 public keys that are not contributory", in the order of cr.yp.to/ecdh.html: orders 4, 1,
 * 8, 8, and p - 1, p, p + 1. */
static const uint8_t LOW_ORDER[7][KEY_BYTES] = {
	{0},
	{1},
	{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
	 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
	 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
	{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
	 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
	 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
	{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	{0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	{0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

static void seven_low_order_keys_are_refused(void **state)
{
	char text[KEY_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		struct public_key key;

		memcpy(key.b, LOW_ORDER[i], KEY_BYTES);
		assert_true(public_key_is_low_order(&key));
		assert_refused(public_key_format(&key, text), "the key is of low order");
		key.b[KEY_BYTES - 1] |= 0x80; /* the bit that X25519 ignores */
		assert_true(public_key_is_low_order(&key));
		assert_refused(public_key_format(&key, text), "the key is of low order");
	}
	assert_false(public_key_is_low_order(&ALICE));
}

static void second_text_of_the_same_key_is_refused(void **state)
{
	struct public_key key = ALICE;
	char text[KEY_TEXT_BYTES];

	(void)state;
	key.b[KEY_BYTES - 1] |= 0x80;
	assert_refused(public_key_format(&key, text), "the key is another's in disguise");
	memset(key.b, 0xff, KEY_BYTES); /* 2^255 - 10 is 9 and more above the modulus */
	key.b[0] = 0xf6;
	key.b[KEY_BYTES - 1] = 0x7f;
	assert_refused(public_key_format(&key, text), "the key is another's in disguise");
	key.b[0] = 0xeb; /* the modulus less two */
	assert_int_equal(public_key_parse(public_key_format(&key, text), &key, &error), 0);
}

static void preshared_key_is_read_as_hexadecimal_and_base64(void **state)
{
	static const char hex[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F",
			  base64[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
	struct preshared_key a, b;

	(void)state;
	assert_int_equal(preshared_key_parse(hex, &a, &error), 0);
	assert_int_equal(preshared_key_parse(base64, &b, &error), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	for (uint8_t i = 0; i < KEY_BYTES; i++)
		assert_int_equal(a.b[i], i);
	assert_true(preshared_key_is_set(&a));
}

static void preshared_key_of_another_length_or_zero_is_refused(void **state)
{
	static const char *const cases[] = {
		"x",
		"correct horse battery staple",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
	};
	struct preshared_key psk = {{7}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (preshared_key_parse(cases[i], &psk, &error) != -EINVAL)
			fail_msg("accepted: %s", cases[i]);
		assert_error(&error, "the preshared key is not 32 bytes");
		assert_null(strstr(error.text, "0102")); /* no secret in a message */
	}
	assert_int_equal(
		preshared_key_parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", &psk, &error),
		-EINVAL);
	assert_error(&error, "all zero, which means none");
	assert_int_equal(psk.b[0], 7);
}

static void check_phrase_is_the_same_on_both_sides(void **state)
{
	struct public_key other = ALICE;
	char a[CHECK_PHRASE_BYTES], b[CHECK_PHRASE_BYTES];

	(void)state;
	other.b[31] ^= 1;
	assert_string_equal(check_phrase(&ALICE, &other, a), check_phrase(&other, &ALICE, b));
	assert_int_equal(strlen(a), 35);
	for (int i = 0; i < 35; i++)
		assert_true(i % 6 == 5 ? a[i] == ' ' : isdigit(a[i]));
}

static void check_phrase_is_the_hash_that_the_header_tells(void **state)
{
	static const struct public_key low = {{1}}, high = {{2}};
	char phrase[CHECK_PHRASE_BYTES];

	(void)state;
	assert_string_equal(check_phrase(&high, &low, phrase),
			    "59423 78730 20397 47574 08404 78438");
}

static void another_key_gives_another_check_phrase(void **state)
{
	struct public_key other = ALICE, third = ALICE;
	char a[CHECK_PHRASE_BYTES], b[CHECK_PHRASE_BYTES];

	(void)state;
	other.b[0] ^= 1;
	third.b[0] ^= 2;
	assert_string_not_equal(check_phrase(&ALICE, &other, a), check_phrase(&ALICE, &third, b));
}

static void public_key_of_a_secret_is_that_of_rfc_7748(void **state)
{
	static const struct secret_key secret = {{0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d,
						  0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45,
						  0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a,
						  0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a}};
	struct public_key key;

	(void)state;
	secret_key_public(&secret, &key);
	assert_true(public_key_equal(&key, &ALICE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_text_is_the_one_of_bip_350_both_ways),
		cmocka_unit_test(any_key_survives_format_and_parse_in_both_cases),
		cmocka_unit_test(single_typo_is_named_with_its_place),
		cmocka_unit_test(typos_that_cannot_be_located_are_named_too),
		cmocka_unit_test(cut_is_named_with_how_much_is_there),
		cmocka_unit_test(too_much_is_named),
		cmocka_unit_test(mixed_case_is_named),
		cmocka_unit_test(foreign_prefix_is_named),
		cmocka_unit_test(character_that_never_occurs_is_named_with_its_place),
		cmocka_unit_test(padding_that_is_not_zero_is_refused),
		cmocka_unit_test(seven_low_order_keys_are_refused),
		cmocka_unit_test(second_text_of_the_same_key_is_refused),
		cmocka_unit_test(preshared_key_is_read_as_hexadecimal_and_base64),
		cmocka_unit_test(preshared_key_of_another_length_or_zero_is_refused),
		cmocka_unit_test(check_phrase_is_the_same_on_both_sides),
		cmocka_unit_test(check_phrase_is_the_hash_that_the_header_tells),
		cmocka_unit_test(another_key_gives_another_check_phrase),
		cmocka_unit_test(public_key_of_a_secret_is_that_of_rfc_7748),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
