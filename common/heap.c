/*
 * heap.c - see heap.h
 *
 * Invariant: slots[i] is not due after its children slots[2i+1] and slots[2i+2], and
 * slots[i]->pos == i + 1.
 */
#include "common/heap.h"

#include <assert.h>
#include <stddef.h>

void heap_init(struct heap *h, struct heap_node **slots, uint32_t capacity)
{
	*h = (struct heap){.slots = slots, .capacity = capacity};
}

static void place(struct heap *h, struct heap_node *node, uint32_t slot)
{
	h->slots[slot] = node;
	node->pos = slot + 1;
}

static void sift_up(struct heap *h, uint32_t slot)
{
	struct heap_node *node = h->slots[slot];

	while (slot > 0) {
		uint32_t parent = (slot - 1) / 2;

		if (h->slots[parent]->at_ns <= node->at_ns)
			break;
		place(h, h->slots[parent], slot);
		slot = parent;
	}
	place(h, node, slot);
}

static void sift_down(struct heap *h, uint32_t slot)
{
	struct heap_node *node = h->slots[slot];

	for (;;) {
		uint32_t child = 2 * slot + 1;

		if (child >= h->count)
			break;
		if (child + 1 < h->count && h->slots[child + 1]->at_ns < h->slots[child]->at_ns)
			child++;
		if (node->at_ns <= h->slots[child]->at_ns)
			break;
		place(h, h->slots[child], slot);
		slot = child;
	}
	place(h, node, slot);
}

/* The last node takes the place of the one that leaves; it may have to go either way. */
static void take_out(struct heap *h, struct heap_node *node)
{
	uint32_t slot = node->pos - 1;
	struct heap_node *last = h->slots[--h->count];

	node->pos = 0;
	if (last == node)
		return;
	place(h, last, slot);
	sift_up(h, slot);
	sift_down(h, last->pos - 1);
}

void heap_set(struct heap *h, struct heap_node *node, uint64_t at_ns)
{
	if (at_ns == HEAP_NEVER) {
		if (node->pos)
			take_out(h, node);
		node->at_ns = at_ns;
		return;
	}
	if (!node->pos) {
		assert(h->count < h->capacity);
		place(h, node, h->count++);
	}
	node->at_ns = at_ns;
	sift_up(h, node->pos - 1);
	sift_down(h, node->pos - 1);
}

uint64_t heap_next_ns(const struct heap *h)
{
	return h->count ? h->slots[0]->at_ns : HEAP_NEVER;
}

struct heap_node *heap_pop_due(struct heap *h, uint64_t now_ns)
{
	struct heap_node *first = h->count ? h->slots[0] : NULL;

	if (!first || first->at_ns > now_ns)
		return NULL;
	take_out(h, first);
	return first;
}
