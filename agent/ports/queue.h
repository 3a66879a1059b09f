/*
 * queue.h - frames that wait for one system call to send them: datagrams to one place
 *
 * Layer: agent (ports). Allocates in queue_init() only.
 */
#ifndef AGENT_PORTS_QUEUE_H
#define AGENT_PORTS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../udp.h"
#include "common/ether.h"

enum {
	QUEUE_BYTES = 128 * 1024 /* of frames between two flushes */
};
_Static_assert((int)QUEUE_BYTES >= (int)FRAME_MAX_BYTES, "the longest frame must fit");

/** struct queue - copies of frames, one after the other; zeroed, it is empty and without room */
struct queue {
	size_t count, bytes;
	size_t lengths[UDP_BATCH];
	uint8_t *room;
};

/** queue_init() - Return: false without memory */
bool queue_init(struct queue *q);

void queue_fini(struct queue *q);

/** queue_takes() - Is there room for a frame of @len bytes? There always is in an empty queue */
bool queue_takes(const struct queue *q, size_t len);

/** queue_add() - Copy a frame for which there is room */
void queue_add(struct queue *q, const uint8_t *frame, size_t len);

/** queue_list() - The frames as datagrams without an address, for a connected socket; borrows the
 * queue. Return: how many */
size_t queue_list(const struct queue *q, struct udp_to_send out[UDP_BATCH]);

/** queue_clear() - All were sent, or never will be */
void queue_clear(struct queue *q);

#endif
