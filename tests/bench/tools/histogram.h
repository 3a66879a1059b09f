/*
 * histogram.h - times in buckets: 64 to each power of two, so within 1.6 %
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_FINE = 64, /* a power of two */
	HISTOGRAM_FINE_BITS = 6,
	HISTOGRAM_BUCKETS = 64 * HISTOGRAM_FINE,
};

struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS];
	uint64_t count, max;
};

static inline void histogram_add(struct histogram *h, uint64_t ns)
{
	unsigned power = ns < HISTOGRAM_FINE
				 ? 0
				 : 63 - (unsigned)__builtin_clzll(ns) - (HISTOGRAM_FINE_BITS - 1);
	uint64_t i = power ? (uint64_t)power * HISTOGRAM_FINE + (ns >> power) : ns;

	h->buckets[i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1]++;
	h->count++;
	h->max = ns > h->max ? ns : h->max;
}

/** histogram_us() - @part: 0.5 for the median. Return: microseconds */
static inline double histogram_us(const struct histogram *h, double part)
{
	uint64_t wanted = (uint64_t)(part * (double)h->count), seen = 0;

	for (uint64_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t power = i / HISTOGRAM_FINE;

		seen += h->buckets[i];
		if (seen > wanted)
			return (double)(power ? i % HISTOGRAM_FINE << power : i) / 1e3;
	}
	return (double)h->max / 1e3;
}

#endif
