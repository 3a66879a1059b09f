/*
 * dump_ring.h - bytes that wait for a reader of a dump
 *
 * Layer: agent (private to dump.c). Pure; allocates in ring_init() only.
 */
#ifndef AGENT_DUMP_RING_H
#define AGENT_DUMP_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

enum {
	RING_PIECES = 2 /* what is in it, in order: up to its end, and from its start */
};

/** struct ring - @used bytes from @at on, round the end of @size */
struct ring {
	uint8_t *bytes;
	size_t size;
	size_t at;
	size_t used;
};

static inline size_t ring_room(const struct ring *r)
{
	return r->size - r->used;
}

/** ring_put() - Append; there is room, the caller asked */
static inline void ring_put(struct ring *r, const void *bytes, size_t len)
{
	size_t to = (r->at + r->used) % r->size;
	size_t first = len < r->size - to ? len : r->size - to;

	memcpy(r->bytes + to, bytes, first);
	memcpy(r->bytes, (const uint8_t *)bytes + first, len - first);
	r->used += len;
}

/** ring_pieces() - What is in it. Return: how many pieces, 0 to RING_PIECES */
static inline size_t ring_pieces(const struct ring *r, struct iovec out[RING_PIECES])
{
	size_t first = r->used < r->size - r->at ? r->used : r->size - r->at;

	out[0] = (struct iovec){.iov_base = r->bytes + r->at, .iov_len = first};
	out[1] = (struct iovec){.iov_base = r->bytes, .iov_len = r->used - first};
	return (size_t)(out[0].iov_len > 0) + (out[1].iov_len > 0);
}

/** ring_took() - The first @len bytes are gone */
static inline void ring_took(struct ring *r, size_t len)
{
	r->at = (r->at + len) % r->size;
	r->used -= len;
}

#endif
