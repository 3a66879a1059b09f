/*
 * bech32.h - bech32m: base 32 with a prefix and a checksum that catches typing mistakes
 *
 * Layer: key types (private).
 * Spec:  BIP 350, and BIP 173 for what it leaves as it was.
 */
#ifndef KEYTYPES_BECH32_H
#define KEYTYPES_BECH32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BECH32_TEXT_MAX = 90, /* characters; BIP 173: the checksum is made for no more */
	BECH32_CHECKSUM = 6,  /* characters */
	BECH32_BITS = 5,      /* of each character */
};

/** bech32_value() - Return: 0 to 31, or -1 for a character that no data part has; either case */
int bech32_value(char c);

/** bech32_character() - Of a value below 32, in lower case */
char bech32_character(uint8_t value);

/**
 * bech32m_encode() - Prefix, '1', data and checksum, in lower case
 * @prefix:	lower case
 * @values:	@count numbers of 5 bits
 * @out:	room for strlen(prefix) + 1 + @count + BECH32_CHECKSUM + 1
 */
void bech32m_encode(const char *prefix, const uint8_t *values, size_t count, char *out);

/** struct bech32 - a text that was taken apart; the checksum is not among the values */
struct bech32 {
	char prefix[BECH32_TEXT_MAX]; /* lower case */
	uint8_t values[BECH32_TEXT_MAX];
	size_t count;
};

/** bech32m_decode() - Return: true and @out filled; false, @out undefined, if it is not bech32m */
bool bech32m_decode(const char *text, struct bech32 *out);

#endif
