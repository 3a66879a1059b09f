/*
 * rng.h - repeatable randomness for tests: splitmix64
 */
#ifndef TESTS_RNG_H
#define TESTS_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_u64(struct rng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/** rng_below() - Even enough for tests. @limit above 0 */
static inline uint64_t rng_below(struct rng *r, uint64_t limit)
{
	return rng_u64(r) % limit;
}

/** rng_chance() - True in @percent of 100 */
static inline bool rng_chance(struct rng *r, uint64_t percent)
{
	return rng_below(r, 100) < percent;
}

static inline void rng_fill(struct rng *r, void *out, size_t len)
{
	uint8_t *at = out;

	while (len > 0) {
		uint64_t word = rng_u64(r);
		size_t n = len < sizeof(word) ? len : sizeof(word);

		memcpy(at, &word, n);
		at += n;
		len -= n;
	}
}

#endif
