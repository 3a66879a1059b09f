/*
 * bucket.c - see bucket.h
 */
#include "common/bucket.h"

enum {
	NANO = 1000000000
};

static uint64_t full_nano(const struct bucket *b)
{
	return (uint64_t)b->burst * NANO;
}

void bucket_init(struct bucket *b, uint32_t rate, uint32_t burst, uint64_t now_ns)
{
	*b = (struct bucket){.rate = rate, .burst = burst, .last_ns = now_ns};
	b->credit_nano = full_nano(b);
}

/* Credit for the time since the last call; the product is avoided where it could overflow. */
static void refill(struct bucket *b, uint64_t now_ns)
{
	uint64_t room = full_nano(b) - b->credit_nano;
	uint64_t elapsed_ns = now_ns - b->last_ns;

	if (now_ns <= b->last_ns)
		return;
	b->last_ns = now_ns;
	if (b->rate == 0)
		return;
	if (elapsed_ns > room / b->rate)
		b->credit_nano += room;
	else
		b->credit_nano += elapsed_ns * b->rate;
}

bool bucket_take(struct bucket *b, uint32_t tokens, uint64_t now_ns)
{
	uint64_t need_nano = (uint64_t)tokens * NANO;

	refill(b, now_ns);
	if (need_nano > b->credit_nano)
		return false;
	b->credit_nano -= need_nano;
	return true;
}
