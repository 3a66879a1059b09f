/*
 * key.c - see key.h
 */
#include "keytypes/key.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bech32.h"

enum {
	DATA_CHARACTERS = (KEY_BYTES * 8 + BECH32_BITS - 1) / BECH32_BITS,
	PREFIX_CHARACTERS = 3, /* with the separator */
	GROUPS = 6,            /* of a check phrase */
	GROUP_BYTES = 5,       /* of the hash for each, so that the modulo's bias is below 2^-23 */
	GROUP_MODULO = 100000,
};

static const char PREFIX[] = "lw";

_Static_assert(KEY_TEXT_BYTES == PREFIX_CHARACTERS + DATA_CHARACTERS + BECH32_CHECKSUM + 1,
	       "length of a key in text");
_Static_assert(GROUPS *GROUP_BYTES <= crypto_generichash_BYTES, "one hash makes all groups");
_Static_assert(CHECK_PHRASE_BYTES == GROUPS * 6, "five digits and a space or NUL each");
_Static_assert(KEY_BYTES == crypto_scalarmult_BYTES, "X25519");

bool public_key_equal(const struct public_key *a, const struct public_key *b)
{
	return memcmp(a->b, b->b, KEY_BYTES) == 0;
}

bool public_key_is_low_order(const struct public_key *key)
{
	static const struct secret_key any = {{1}};
	uint8_t shared[KEY_BYTES];

	/* crypto_scalarmult clamps, so any scalar sends just the low-order points to zero. */
	return crypto_scalarmult(shared, any.b, key->b) != 0;
}

/* Below 2^255 - 19, as RFC 7748 5 says a key is written; others are the same key in another guise. */
static bool is_reduced(const struct public_key *key)
{
	if (key->b[KEY_BYTES - 1] != 0x7f)
		return key->b[KEY_BYTES - 1] < 0x7f;
	for (int i = KEY_BYTES - 2; i > 0; i--)
		if (key->b[i] != 0xff)
			return true;
	return key->b[0] < 0xed;
}

const char *public_key_format(const struct public_key *key, char out[KEY_TEXT_BYTES])
{
	uint8_t values[DATA_CHARACTERS] = {0};

	for (size_t bit = 0; bit < KEY_BYTES * 8; bit++) {
		uint8_t one = key->b[bit / 8] >> (7 - bit % 8) & 1;

		values[bit / BECH32_BITS] |=
			(uint8_t)(one << (BECH32_BITS - 1 - bit % BECH32_BITS));
	}
	bech32m_encode(PREFIX, values, DATA_CHARACTERS, out);
	return out;
}

/* Return: which character, from 1, makes the checksum right when another stands there; 0 for none */
static size_t locate_typo(const char *text)
{
	char copy[KEY_TEXT_BYTES];
	struct bech32 decoded;

	strcpy(copy, text);
	for (char *c = copy; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	for (size_t i = PREFIX_CHARACTERS; i < KEY_TEXT_BYTES - 1; i++) {
		char was = copy[i];

		for (uint8_t value = 0; value < 1 << BECH32_BITS; value++) {
			copy[i] = bech32_character(value);
			if (bech32m_decode(copy, &decoded))
				return i + 1;
		}
		copy[i] = was;
	}
	return 0;
}

static int refuse_prefix(const char *text, struct error *err)
{
	const char *one = strchr(text, '1');
	int shown = (int)strnlen(text, PREFIX_CHARACTERS + BECH32_CHECKSUM);

	if (one && one - text < shown)
		shown = (int)(one - text) + 1;
	return error_set(err, -EINVAL,
			 "the key begins with '%.*s', so it is not longwire's; expected 'lw1...'",
			 shown, text);
}

static int check_characters(const char *text, size_t len, struct error *err)
{
	size_t upper = 0, lower = 0;

	for (size_t i = PREFIX_CHARACTERS; i < len; i++) {
		if (bech32_value(text[i]) >= 0)
			continue;
		if (text[i] > ' ' && text[i] < 0x7f)
			return error_set(err, -EINVAL,
					 "the key has '%c' as character %zu, which never occurs in "
					 "one; copy it again",
					 text[i], i + 1);
		return error_set(err, -EINVAL,
				 "the key has byte 0x%02x as character %zu, which never occurs in "
				 "one; copy it again",
				 (unsigned char)text[i], i + 1);
	}
	for (size_t i = 0; i < len; i++) {
		upper += text[i] >= 'A' && text[i] <= 'Z';
		lower += text[i] >= 'a' && text[i] <= 'z';
	}
	if (upper && lower)
		return error_set(err, -EINVAL,
				 "the key mixes upper and lower case, which no key does; copy it "
				 "again");
	return 0;
}

/* Everything that can be named before the checksum is looked at. */
static int check_text(const char *text, struct error *err)
{
	size_t len = strlen(text);
	int rc;

	if (strncasecmp(text, "lw1", PREFIX_CHARACTERS) != 0)
		return refuse_prefix(text, err);
	rc = check_characters(text, len, err);
	if (rc)
		return rc;
	if (len < KEY_TEXT_BYTES - 1)
		return error_set(
			err, -EINVAL,
			"the key is cut: it has %zu of %d characters; copy the whole of it", len,
			KEY_TEXT_BYTES - 1);
	if (len > KEY_TEXT_BYTES - 1)
		return error_set(err, -EINVAL,
				 "the key is too long: it has %zu characters and should have %d; "
				 "copy it again",
				 len, KEY_TEXT_BYTES - 1);
	return 0;
}

static int refuse_checksum(const char *text, struct error *err)
{
	size_t at = locate_typo(text);

	if (at)
		return error_set(
			err, -EINVAL,
			"the key has a typo (its checksum does not match), probably '%c' as "
			"character %zu; copy it again",
			text[at - 1], at);
	return error_set(err, -EINVAL,
			 "the key has a typo (its checksum does not match); copy it again");
}

/* Return: false if a padding bit is set */
static bool values_to_key(const uint8_t values[DATA_CHARACTERS], struct public_key *out)
{
	memset(out->b, 0, KEY_BYTES);
	for (size_t bit = 0; bit < DATA_CHARACTERS * BECH32_BITS; bit++) {
		uint8_t one =
			values[bit / BECH32_BITS] >> (BECH32_BITS - 1 - bit % BECH32_BITS) & 1;

		if (bit < KEY_BYTES * 8)
			out->b[bit / 8] |= (uint8_t)(one << (7 - bit % 8));
		else if (one)
			return false;
	}
	return true;
}

int public_key_parse(const char *text, struct public_key *out, struct error *err)
{
	struct bech32 decoded;
	struct public_key key;
	int rc = check_text(text, err);

	if (rc)
		return rc;
	if (!bech32m_decode(text, &decoded))
		return refuse_checksum(text, err);
	if (!values_to_key(decoded.values, &key))
		return error_set(
			err, -EINVAL,
			"the key's padding is not zero, so no longwire wrote it; ask for it "
			"again");
	if (public_key_is_low_order(&key))
		return error_set(err, -EINVAL,
				 "the key is of low order: anybody could read what is sent to it; "
				 "somebody made it up, do not use it");
	if (!is_reduced(&key))
		return error_set(
			err, -EINVAL,
			"the key is another's in disguise (its number is not reduced); ask "
			"for it again");
	*out = key;
	return 0;
}

bool preshared_key_is_set(const struct preshared_key *psk)
{
	return !sodium_is_zero(psk->b, KEY_BYTES);
}

int preshared_key_parse(const char *text, struct preshared_key *out, struct error *err)
{
	struct preshared_key psk;
	size_t len = strlen(text), got = 0;
	const char *end = NULL;
	int rc = 0;

	if (len == 2 * KEY_BYTES)
		rc = sodium_hex2bin(psk.b, KEY_BYTES, text, len, NULL, &got, &end);
	else
		rc = sodium_base642bin(psk.b, KEY_BYTES, text, len, NULL, &got, &end,
				       sodium_base64_VARIANT_ORIGINAL);
	if (rc || got != KEY_BYTES || end != text + len)
		rc = error_set(
			err, -EINVAL,
			"the preshared key is not 32 bytes; expected 64 hexadecimal digits or "
			"44 characters of base64, as 'openssl rand -base64 32' prints");
	else if (!preshared_key_is_set(&psk))
		rc = error_set(
			err, -EINVAL,
			"the preshared key is all zero, which means none; make a random one or "
			"take the line out");
	else
		*out = psk;
	key_wipe(&psk, sizeof(psk));
	return rc;
}

const char *check_phrase(const struct public_key *a, const struct public_key *b,
			 char out[CHECK_PHRASE_BYTES])
{
	static const char domain[] = "longwire check phrase 1";
	bool in_order = memcmp(a->b, b->b, KEY_BYTES) < 0;
	uint8_t hash[crypto_generichash_BYTES];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const uint8_t *)domain, sizeof(domain) - 1);
	crypto_generichash_update(&state, in_order ? a->b : b->b, KEY_BYTES);
	crypto_generichash_update(&state, in_order ? b->b : a->b, KEY_BYTES);
	crypto_generichash_final(&state, hash, sizeof(hash));
	for (int i = 0; i < GROUPS; i++) {
		uint64_t value = 0;

		for (int j = 0; j < GROUP_BYTES; j++)
			value = value << 8 | hash[i * GROUP_BYTES + j];
		snprintf(out + 6 * i, 6, "%05u", (unsigned)(value % GROUP_MODULO));
		out[6 * i + 5] = i + 1 < GROUPS ? ' ' : '\0';
	}
	return out;
}

void secret_key_public(const struct secret_key *secret, struct public_key *out)
{
	crypto_scalarmult_base(out->b, secret->b);
}

void key_wipe(void *bytes, size_t len)
{
	sodium_memzero(bytes, len);
}
