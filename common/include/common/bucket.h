/*
 * bucket.h - token bucket
 *
 * Layer: common. Time is an argument; a clock that stands still or goes back gives nothing.
 */
#ifndef COMMON_BUCKET_H
#define COMMON_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct bucket - tokens come at @rate a second and at most @burst are kept
 *
 * @rate 0 never gives any. Credit is kept in tokens × 10^9, so rate and burst may be up to 2^32 - 1.
 */
struct bucket {
	uint32_t rate;
	uint32_t burst;
	uint64_t credit_nano;
	uint64_t last_ns;
};

/** bucket_init() - Starts full */
void bucket_init(struct bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ns);

/** bucket_take() - Return: true and @tokens fewer, or false and nothing changed but the time */
bool bucket_take(struct bucket *b, uint32_t tokens, uint64_t now_ns);

#endif
