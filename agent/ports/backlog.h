/*
 * backlog.h - frames that wait their turn, first come, first served
 *
 * Layer: agent (ports). No I/O, no clock; allocates in backlog_init() only. Memory is used from the
 * beginning again whenever nothing waits, so that what was never needed is never touched.
 */
#ifndef AGENT_PORTS_BACKLOG_H
#define AGENT_PORTS_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ether.h"

enum {
	BACKLOG_BYTES = 2 * 1024 * 1024, /* what 4 Gbit/s bring in PACING_DELAY_MS */
	BACKLOG_FRAMES = 4096,           /* in the same time a million a second */
};
_Static_assert((int)BACKLOG_BYTES >= 2 * (int)FRAME_MAX_BYTES, "the longest frame must fit");

/** struct backlog_frame - one of them; borrowed until it is removed */
struct backlog_frame {
	const uint8_t *bytes;
	size_t len;
};

/**
 * struct backlog - a ring of frames, each in one piece
 * @first, @count: of @at and @lengths, modulo BACKLOG_FRAMES
 * @end:	where in @room the next frame goes, if it fits
 * @cost_bytes:	pacing_cost() of all of them
 */
struct backlog {
	size_t first, count;
	size_t end;
	uint64_t cost_bytes;
	uint8_t *room;
	uint32_t at[BACKLOG_FRAMES];
	uint32_t lengths[BACKLOG_FRAMES];
};

/** backlog_init() - Return: false without memory */
bool backlog_init(struct backlog *b);

void backlog_fini(struct backlog *b);

/** backlog_add() - Append a copy. Return: false, and nothing done, when there is no room */
bool backlog_add(struct backlog *b, const uint8_t *frame, size_t len);

/** backlog_frame() - The @index-th that waits; @index below @count */
struct backlog_frame backlog_frame(const struct backlog *b, size_t index);

/** backlog_remove() - The first is gone */
void backlog_remove(struct backlog *b);

/** backlog_clear() - All are */
void backlog_clear(struct backlog *b);

#endif
