/*
 * checksum.h - the Internet checksum (RFC 1071)
 *
 * Layer: common.
 *
 * Sums are of big-endian 16-bit words and need not be folded before they are added to others.
 */
#ifndef COMMON_CHECKSUM_H
#define COMMON_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/** checksum_sum() - Of @len bytes, an odd one at the end padded with zero; at most 16 bits */
uint32_t checksum_sum(const uint8_t *bytes, size_t len);

/** checksum_fold() - The sum in 16 bits: what an unfinished checksum field holds */
static inline uint16_t checksum_fold(uint32_t sum)
{
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)((sum & UINT16_MAX) + (sum >> 16));
}

/** checksum_finish() - The checksum of what was summed up */
static inline uint16_t checksum_finish(uint32_t sum)
{
	return (uint16_t)~checksum_fold(sum);
}

#endif
