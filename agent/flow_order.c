/*
 * flow_order.c - see flow_order.h
 */
#include "flow_order.h"

#include <assert.h>
#include <string.h>

enum {
	BUCKET_FREE = 0xff,            /* no flow's index */
	FULL_LOW = FLOW_WHOLE * 5 / 8, /* the kernel counts up to 1/4 that was read already */
	FULL_HIGH =
		FLOW_WHOLE * 7 / 8, /* room for what comes until all sparse frames are through */
	HASH_SHIFT = 57,            /* leaves as many bits as FLOW_BUCKETS needs */
};
_Static_assert(FLOW_BUCKETS == 1 << (64 - HASH_SHIFT), "a hash is a bucket");
_Static_assert((int)FLOW_BATCH_MAX <= (int)BUCKET_FREE, "every flow has an index");

static const uint64_t HASH_FACTOR = UINT64_C(0x9e3779b97f4a7c15); /* Knuth, 6.4: the golden ratio */

struct key {
	uint64_t head;
	uint32_t tail;
};

/* What is too short for addresses is a flow of its own. */
static struct key key_of(const struct flow_frame *f)
{
	struct key key = {0};

	if (f->len < FLOW_KEY_BYTES)
		return key;
	memcpy(&key.head, f->bytes, sizeof(key.head));
	memcpy(&key.tail, f->bytes + sizeof(key.head), sizeof(key.tail));
	return key;
}

static bool is_of(const struct flow *flow, const struct key *key)
{
	return flow->head == key->head && flow->tail == key->tail;
}

/* Who chooses addresses can make this walk long, by as many steps as there are flows in the batch. */
static size_t find_or_add(struct flow_order *o, const struct key *key)
{
	uint64_t hash = (key->head ^ (uint64_t)key->tail << 16) * HASH_FACTOR;
	size_t at = hash >> HASH_SHIFT;

	for (; o->buckets[at] != BUCKET_FREE; at = (at + 1) % FLOW_BUCKETS) {
		if (is_of(&o->flows[o->buckets[at]], key))
			return o->buckets[at];
	}
	o->buckets[at] = (uint8_t)o->flow_count;
	o->flows[o->flow_count] = (struct flow){.head = key->head, .tail = key->tail};
	return o->flow_count++;
}

/* Mostly a frame is of the same flow as the one before it. */
static void sort_out(struct flow_order *o, const struct flow_frame *frames, size_t count)
{
	struct key key = key_of(&frames[0]);
	size_t flow;

	o->flow_count = 0;
	memset(o->buckets, BUCKET_FREE, sizeof(o->buckets));
	flow = find_or_add(o, &key);
	for (size_t i = 0; i < count; i++) {
		key = key_of(&frames[i]);
		if (!is_of(&o->flows[flow], &key))
			flow = find_or_add(o, &key);
		o->flows[flow].bytes += (uint32_t)frames[i].len;
		o->flow_of[i] = (uint8_t)flow;
	}
}

static bool is_sparse(const struct flow_order *o, const struct flow *flow)
{
	return (uint64_t)flow->bytes * FLOW_SPARSE_PART <= o->bytes;
}

/* Bulk flows share evenly what they may keep. Return: how many there are */
static size_t share(struct flow_order *o, unsigned keep)
{
	uint32_t each = UINT32_MAX;
	size_t bulk = 0;

	for (size_t i = 0; i < o->flow_count; i++)
		bulk += !is_sparse(o, &o->flows[i]);
	if (bulk > 0 && keep < FLOW_WHOLE)
		each = (uint32_t)(o->bytes * keep / FLOW_WHOLE / bulk);
	for (size_t i = 0; i < o->flow_count; i++)
		o->flows[i].left = each;
	return bulk;
}

static bool may_keep(struct flow *flow, size_t len)
{
	if (flow->left < len)
		return false;
	flow->left -= (uint32_t)len;
	return true;
}

/* Sparse flows, then the others, each in its own order. */
static void arrange(struct flow_order *o, const struct flow_frame *frames, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_sparse(o, &o->flows[o->flow_of[i]]))
			o->order[n++] = (uint8_t)i;
	}
	for (size_t i = 0; i < count; i++) {
		struct flow *flow = &o->flows[o->flow_of[i]];

		if (!is_sparse(o, flow) && may_keep(flow, frames[i].len))
			o->order[n++] = (uint8_t)i;
	}
	o->count = n;
}

static void as_read(struct flow_order *o, size_t count)
{
	o->count = count;
	for (size_t i = 0; i < FLOW_BATCH_MAX; i++)
		o->order[i] = (uint8_t)i;
}

/* The usual case, and cheaper to see than to sort out */
static bool is_one_flow(const struct flow_frame *frames, size_t count)
{
	const struct flow_frame *end = frames + count;
	const uint8_t *first = frames->bytes;

	while (frames < end && frames->len >= FLOW_KEY_BYTES &&
	       memcmp(frames->bytes, first, FLOW_KEY_BYTES) == 0)
		frames++;
	return frames == end;
}

unsigned flow_order_keep(unsigned full)
{
	if (full <= FULL_LOW)
		return FLOW_WHOLE;
	if (full >= FULL_HIGH)
		return 0;
	return (FULL_HIGH - full) * FLOW_WHOLE / (FULL_HIGH - FULL_LOW);
}

void flow_order_make(struct flow_order *o, const struct flow_frame *frames, size_t count,
		     unsigned keep)
{
	size_t bulk;

	assert(count <= FLOW_BATCH_MAX && keep <= FLOW_WHOLE);
	o->bytes = 0;
	o->is_mixed = false;
	for (size_t i = 0; i < count; i++)
		o->bytes += frames[i].len;
	if (count < 2 ||
	    (keep == FLOW_WHOLE && (o->bytes <= FLOW_LITTLE_BYTES || is_one_flow(frames, count)))) {
		as_read(o, count);
		return;
	}
	sort_out(o, frames, count);
	bulk = share(o, keep);
	if (bulk == 0 || (bulk == o->flow_count && keep == FLOW_WHOLE))
		as_read(o, count); /* one flow, or several that are alike */
	else
		arrange(o, frames, count);
	o->is_mixed = bulk > 0 && bulk < o->flow_count;
}
