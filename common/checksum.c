/*
 * checksum.c - see checksum.h
 *
 * The sum is the same in either byte order but for the order of its own bytes (RFC 1071, 2 (B)), so words
 * are added as the processor reads them, several at a time.
 */
#include "common/checksum.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	WORD_BITS = 16,
};

static uint16_t fold(uint64_t sum)
{
	while (sum >> WORD_BITS)
		sum = (sum & UINT16_MAX) + (sum >> WORD_BITS);
	return (uint16_t)sum;
}

uint32_t checksum_sum(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0, left = 0;

	for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t), bytes += sizeof(uint64_t)) {
		uint32_t words[2];

		memcpy(words, bytes, sizeof(words));
		sum += (uint64_t)words[0] + words[1];
	}
	memcpy(&left, bytes, len);
	sum += (left & UINT32_MAX) + (left >> (2 * WORD_BITS));
	return ntohs(fold(sum));
}
