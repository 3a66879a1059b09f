/*
 * reassembly.h - pieces of frames, put together again
 *
 * Layer: proto (sans-IO). One pool of fixed size for all peers; only authenticated pieces come here.
 * Spec: PROTOCOL.md 6.2, 6.3.
 */
#ifndef PROTO_REASSEMBLY_H
#define PROTO_REASSEMBLY_H

#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "proto/drop.h"

/** struct stretch - bytes that are there, from @start to before @end */
struct stretch {
	uint16_t start;
	uint16_t end;
};

enum {
	/* Half a super-frame of frames that just fit no datagram: more would save little, and each takes pages */
	REASSEMBLY_KEPT_MAX = 24,
	REASSEMBLY_KEPT_BYTES = REASSEMBLY_KEPT_MAX * (FRAME_TAG_BYTES + 9216), /* of longer ones */
};

/** struct origin - whose an unfinished frame is, and since when; ids start anew with each @session (a
 * local index) */
struct origin {
	uint64_t since_ns;
	uint32_t peer;
	uint32_t session;
	uint32_t id;
};

/** struct unfinished - what is there of one frame body */
struct unfinished {
	uint16_t total;
	uint16_t stretch_count;
	struct stretch stretches[REASSEMBLY_STRETCHES_MAX]; /* sorted, apart from each other */
	uint8_t *body;
};

/**
 * struct reassembly - the pool
 * @used:	a bit for each entry, so that a search looks only at those that are taken
 * @origins:	of the entries: what is searched, apart from what is not
 * @recent:	the entry of the last piece, which the next one mostly belongs to
 * @kept:	bodies that were finished, the oldest at @kept_next: each is exchanged for that of an entry
 */
struct reassembly {
	uint64_t used;
	unsigned recent;
	struct origin origins[REASSEMBLY_FRAMES_MAX];
	struct unfinished frames[REASSEMBLY_FRAMES_MAX];
	uint8_t *kept[REASSEMBLY_KEPT_MAX];
	uint32_t kept_count;
	uint32_t kept_next;
	uint8_t *memory;
	uint32_t body_max;
};

/** struct piece - one fragment record, decoded; borrows @bytes */
struct piece {
	uint32_t peer;
	uint32_t session;
	uint32_t id;
	uint16_t total;
	uint16_t offset;
	const uint8_t *bytes;
	size_t len;
};

/** struct reassembled - what became of a piece */
struct reassembled {
	enum drop drop;      /* the piece was dropped */
	int evicted_peer;    /* whose unfinished frame made room, or -1 */
	const uint8_t *body; /* the finished body; else NULL */
	size_t len;
};

/**
 * reassembly_kept() - How long finished bodies of up to @body_max bytes stay as they are: until so many
 * others are finished, whatever else is called meanwhile. At least 1
 */
uint32_t reassembly_kept(uint32_t body_max);

/** reassembly_memory_bytes() - For bodies of up to @body_max bytes */
size_t reassembly_memory_bytes(uint32_t body_max);
void reassembly_init(struct reassembly *r, void *memory, uint32_t body_max);

/** reassembly_add() - Take a piece. A body that it finishes is valid as reassembly_kept() says */
struct reassembled reassembly_add(struct reassembly *r, const struct piece *piece, uint64_t now_ns);

/** reassembly_in_use() - Return: how many frames are unfinished */
unsigned reassembly_in_use(const struct reassembly *r);

/** reassembly_expire() - Give up one that is too old. Return: whose it was, or -1: call again until */
int reassembly_expire(struct reassembly *r, uint64_t now_ns);

/** reassembly_deadline_ns() - When reassembly_expire() is due, or UINT64_MAX */
uint64_t reassembly_deadline_ns(const struct reassembly *r);

/** reassembly_forget() - A session ended: its unfinished frames go */
void reassembly_forget(struct reassembly *r, uint32_t peer, uint32_t session);

#endif
