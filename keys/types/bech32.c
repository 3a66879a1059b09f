/*
 * bech32.c - see bech32.h
 */
#include "bech32.h"

#include <string.h>

static const char ALPHABET[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

enum {
	BECH32M_CONSTANT = 0x2bc830a3, /* BIP 350; plain bech32 has 1 */
	CHARACTER_MIN = 33,            /* BIP 173: what a prefix may hold */
	CHARACTER_MAX = 126,
	VALUE_MASK = (1 << BECH32_BITS) - 1,
};

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static char lower(char c)
{
	return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

int bech32_value(char c)
{
	const char *at = c ? strchr(ALPHABET, lower(c)) : NULL;

	return at ? (int)(at - ALPHABET) : -1;
}

char bech32_character(uint8_t value)
{
	return ALPHABET[value];
}

/* One step of the BCH code of BIP 173. */
static uint32_t add_value(uint32_t sum, uint32_t value)
{
	static const uint32_t generator[BECH32_BITS] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
							0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << BECH32_BITS ^ value;
	for (int i = 0; i < BECH32_BITS; i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

static uint32_t sum_of_prefix(const char *prefix)
{
	uint32_t sum = 1;

	for (const char *c = prefix; *c; c++)
		sum = add_value(sum, (uint32_t)*c >> BECH32_BITS);
	sum = add_value(sum, 0);
	for (const char *c = prefix; *c; c++)
		sum = add_value(sum, (uint32_t)*c & VALUE_MASK);
	return sum;
}

void bech32m_encode(const char *prefix, const uint8_t *values, size_t count, char *out)
{
	uint32_t sum = sum_of_prefix(prefix);
	size_t len = strlen(prefix);

	memcpy(out, prefix, len);
	out += len;
	*out++ = '1';
	for (size_t i = 0; i < count; i++) {
		sum = add_value(sum, values[i]);
		*out++ = ALPHABET[values[i]];
	}
	for (int i = 0; i < BECH32_CHECKSUM; i++)
		sum = add_value(sum, 0);
	sum ^= BECH32M_CONSTANT;
	for (int i = BECH32_CHECKSUM - 1; i >= 0; i--)
		*out++ = ALPHABET[sum >> BECH32_BITS * i & VALUE_MASK];
	*out = '\0';
}

/* All characters may occur, and no two cases do. */
static bool characters_allowed(const char *text)
{
	bool uppers = false, lowers = false;

	for (; *text; text++) {
		if (*text < CHARACTER_MIN || *text > CHARACTER_MAX)
			return false;
		uppers |= is_upper(*text);
		lowers |= *text >= 'a' && *text <= 'z';
	}
	return !uppers || !lowers;
}

bool bech32m_decode(const char *text, struct bech32 *out)
{
	const char *separator = strrchr(text, '1');
	size_t prefix_len, value_count;
	uint32_t sum;

	if (!separator || separator == text || strlen(text) > BECH32_TEXT_MAX ||
	    strlen(separator + 1) < BECH32_CHECKSUM || !characters_allowed(text))
		return false;
	prefix_len = (size_t)(separator - text);
	for (size_t i = 0; i < prefix_len; i++)
		out->prefix[i] = lower(text[i]);
	out->prefix[prefix_len] = '\0';
	value_count = strlen(separator + 1);
	sum = sum_of_prefix(out->prefix);
	for (size_t i = 0; i < value_count; i++) {
		int value = bech32_value(separator[1 + i]);

		if (value < 0)
			return false;
		out->values[i] = (uint8_t)value;
		sum = add_value(sum, (uint32_t)value);
	}
	out->count = value_count - BECH32_CHECKSUM;
	return sum == BECH32M_CONSTANT;
}
