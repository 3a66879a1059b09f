/*
 * backlog.c - see backlog.h
 */
#include "backlog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pacing.h"

_Static_assert((BACKLOG_FRAMES & (BACKLOG_FRAMES - 1)) == 0, "modulo is cheap");

bool backlog_init(struct backlog *b)
{
	b->room = malloc(BACKLOG_BYTES);
	backlog_clear(b);
	return b->room != NULL;
}

void backlog_fini(struct backlog *b)
{
	free(b->room);
	b->room = NULL;
}

static size_t slot(const struct backlog *b, size_t index)
{
	return (b->first + index) % BACKLOG_FRAMES;
}

/* Where a frame fits: behind the last one, else at the beginning, before the first. Return: false if
 * nowhere */
static bool find_room(const struct backlog *b, size_t len, size_t *at)
{
	size_t first = b->at[b->first];
	bool is_wrapped = b->count > 0 && b->end <= first;

	*at = b->end;
	if (b->end + len <= (is_wrapped ? first : (size_t)BACKLOG_BYTES))
		return true;
	*at = 0;
	return !is_wrapped && len <= first;
}

bool backlog_add(struct backlog *b, const uint8_t *frame, size_t len)
{
	size_t next = slot(b, b->count), at;

	assert(len > 0 && len <= FRAME_MAX_BYTES);
	if (b->count == BACKLOG_FRAMES || !find_room(b, len, &at))
		return false;
	memcpy(b->room + at, frame, len);
	b->at[next] = (uint32_t)at;
	b->lengths[next] = (uint32_t)len;
	b->end = at + len;
	b->count++;
	b->cost_bytes += pacing_cost(len);
	return true;
}

struct backlog_frame backlog_frame(const struct backlog *b, size_t index)
{
	size_t i = slot(b, index);

	assert(index < b->count);
	return (struct backlog_frame){b->room + b->at[i], b->lengths[i]};
}

void backlog_remove(struct backlog *b)
{
	assert(b->count > 0);
	b->cost_bytes -= pacing_cost(b->lengths[b->first]);
	b->first = slot(b, 1);
	if (--b->count == 0)
		backlog_clear(b);
}

void backlog_clear(struct backlog *b)
{
	b->first = b->count = b->end = 0;
	b->cost_bytes = 0;
}
