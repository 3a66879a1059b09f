/*
 * pacing.c - see pacing.h
 */
#include "pacing.h"

#include "common/ether.h"

enum {
	HEADERS_BYTES = 16 + 20 + 8, /* room for Ethernet, IPv4, UDP: one block with the payload */
	SHARED_INFO_BYTES = 320,     /* struct skb_shared_info, in the same block */
	BLOCK_BYTES = 512,           /* the smallest */
	LONG_BYTES = 16384, /* what is longer is in pages, of which some are not full; measured */
	LONG_REST_BYTES = 6144,
	DESCRIPTOR_BYTES = 256, /* struct sk_buff */
	PIECE_BYTES = 840,      /* what a piece of a run takes besides its payload; measured */
	NS_PER_MS = 1000000,
};

size_t pacing_cost(size_t len)
{
	size_t needed = HEADERS_BYTES + SHARED_INFO_BYTES + len, block = BLOCK_BYTES;

	if (len > LONG_BYTES)
		return len + LONG_REST_BYTES;
	while (block < needed)
		block *= 2;
	block += DESCRIPTOR_BYTES;
	return block > len + PIECE_BYTES ? block : len + PIECE_BYTES;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void pacing_refill(struct pacing *p, uint64_t waiting_bytes, uint64_t now_ns)
{
	uint64_t elapsed_ns = smaller(now_ns - p->since_ns, (uint64_t)PACING_RECENT_MS * NS_PER_MS);
	uint64_t per_ms = larger(PACING_BYTES_PER_MS, waiting_bytes / PACING_DELAY_MS);

	per_ms = larger(per_ms, p->recent_bytes * 3 / 2 / PACING_RECENT_MS);
	p->credit_bytes =
		smaller(p->credit_bytes + per_ms * elapsed_ns / NS_PER_MS, PACING_BURST_BYTES);
	p->recent_bytes -= p->recent_bytes * elapsed_ns / PACING_RECENT_MS / NS_PER_MS;
	p->since_ns = now_ns;
}
_Static_assert(PACING_BYTES_PER_MS *PACING_RECENT_MS >= PACING_BURST_BYTES, "enough to fill it");

/* The longest frames cost more than all credit there is: they go when it is full. */
bool pacing_take(struct pacing *p, size_t cost)
{
	if (cost > PACING_BURST_BYTES)
		cost = PACING_BURST_BYTES;
	if (cost > p->credit_bytes)
		return false;
	p->credit_bytes -= cost;
	p->recent_bytes += cost;
	return true;
}
