/*
 * bulk.c - see bulk.h
 */
#include "agent/bulk.h"

enum {
	PARTS = 256,
	WEIGHT = 16, /* of the past, against one wake-up */
	/* So many frames a wake-up. What is gained by waiting for more than enough is little, and bursts get long. */
	FEW = 3 * PARTS / 2,
	SEVERAL = 3 * PARTS,
	PLENTY = 6 * PARTS,
	ENOUGH = 12 * PARTS,
	FRAMES_MAX = 32,      /* what one wake-up counts at most: it shall not decide alone */
	PAUSE_NS = 100000000, /* after which the past says nothing */
};

static bool is_worth_waiting(const struct bulk *b)
{
	if (b->waits)
		return b->mean >= FEW && b->mean <= ENOUGH;
	return b->mean >= SEVERAL && b->mean <= PLENTY;
}

bool bulk_note(struct bulk *b, size_t frames, uint64_t now_ns)
{
	bool before = b->waits;

	if (now_ns - b->last_ns > PAUSE_NS)
		b->mean = 0;
	b->last_ns = now_ns;
	if (frames > FRAMES_MAX)
		frames = FRAMES_MAX;
	b->mean = (uint32_t)((b->mean * (WEIGHT - 1) + frames * PARTS) / WEIGHT);
	b->waits = is_worth_waiting(b);
	return b->waits != before;
}
