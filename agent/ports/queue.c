/*
 * queue.c - see queue.h
 */
#include "queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool queue_init(struct queue *q)
{
	*q = (struct queue){.room = malloc(QUEUE_BYTES)};
	return q->room != NULL;
}

void queue_fini(struct queue *q)
{
	free(q->room);
	q->room = NULL;
}

bool queue_takes(const struct queue *q, size_t len)
{
	return q->count < UDP_BATCH && q->bytes + len <= QUEUE_BYTES;
}

void queue_add(struct queue *q, const uint8_t *frame, size_t len)
{
	assert(queue_takes(q, len));
	memcpy(q->room + q->bytes, frame, len);
	q->bytes += len;
	q->lengths[q->count++] = len;
}

size_t queue_list(const struct queue *q, struct udp_to_send out[UDP_BATCH])
{
	size_t at = 0;

	for (size_t i = 0; i < q->count; i++) {
		out[i] = (struct udp_to_send){.bytes = q->room + at, .len = q->lengths[i]};
		at += q->lengths[i];
	}
	return q->count;
}

void queue_clear(struct queue *q)
{
	q->count = q->bytes = 0;
}
