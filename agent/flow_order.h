/*
 * flow_order.h - small frames before bulk, within what was read at once
 *
 * Layer: agent (private). Pure: no I/O, no clock, no allocation.
 *
 * How it works. Several machines, and several connections of one machine, share what a port reads at once: a
 * batch. A *flow* is all from one MAC address to another; its order stays. A flow with at most a
 * FLOW_SPARSE_PART-th of the batch's bytes is *sparse*: key strokes, name queries, acknowledgements. Those go
 * first, and do not wait until the bulk of others is sealed and sent. Each delays the others by no more than
 * that part, and when all are alike nothing changes. A batch that is little altogether keeps nobody waiting,
 * and is not looked at.
 *
 * In the tunnel a message is what a frame is at a port, and the address that it came from tells the flow.
 *
 * When more comes than can be taken, the same tells who gives in: frames of the bulk flows, each keeping as
 * much as the others may, and never a sparse one.
 */
#ifndef AGENT_FLOW_ORDER_H
#define AGENT_FLOW_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FLOW_KEY_BYTES = 12,          /* both MAC addresses, first in a frame */
	FLOW_BATCH_MAX = 64,          /* frames */
	FLOW_SPARSE_PART = 8,         /* at most 1/8 */
	FLOW_LITTLE_BYTES = 8 * 1024, /* of a whole batch: under 0.1 ms at 1 Gbit/s */
	FLOW_BUCKETS = 128,           /* at most half of them in use */
	FLOW_WHOLE = 256,             /* parts of a batch, see flow_order_make() */
};

/** struct flow_frame - borrowed bytes, as a machine sent them: of any length. In the tunnel, not the message's
 * but FLOW_KEY_BYTES that tell where it came from */
struct flow_frame {
	const uint8_t *bytes;
	size_t len;
};

/** struct flow - @head, @tail: both addresses as they stand in a frame; @bytes: in the batch; @left: of those
 * that it may keep */
struct flow {
	uint64_t head;
	uint32_t tail;
	uint32_t bytes;
	uint32_t left;
};

/**
 * struct flow_order - the order of a batch; need not be initialized
 * @order:	indices of the frames that are to be taken, @count of them
 * @is_mixed:	there is a flow that is sparse and one that is not
 *
 * The rest is flow_order.c's own.
 */
struct flow_order {
	size_t count;
	bool is_mixed;
	uint8_t order[FLOW_BATCH_MAX];
	size_t flow_count;
	uint64_t bytes;
	struct flow flows[FLOW_BATCH_MAX];
	uint8_t flow_of[FLOW_BATCH_MAX];
	uint8_t buckets[FLOW_BUCKETS];
};

/**
 * flow_order_keep() - How much to keep while the buffer from which batches come is filling up
 * @full:	FLOW_WHOLE-ths of it that are in use
 *
 * All as long as there is much room, then less and less, so that it settles where what is kept is what can be taken.
 */
unsigned flow_order_keep(unsigned full);

/**
 * flow_order_make() - In which order to take the frames of a batch
 * @count:	at most FLOW_BATCH_MAX
 * @keep:	FLOW_WHOLE: all are taken; less: the bulk flows together are to have at most so many
 *		FLOW_WHOLE-ths of the batch's bytes, and the frames beyond that are not in the order
 */
void flow_order_make(struct flow_order *o, const struct flow_frame *frames, size_t count,
		     unsigned keep);

#endif
