/*
 * heap.h - deadline heap: who is due next
 *
 * Layer: common. A binary min-heap of nodes that live inside the caller's objects; the slots are the
 * caller's array. Allocates nothing.
 */
#ifndef COMMON_HEAP_H
#define COMMON_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#define HEAP_NEVER UINT64_MAX

/** struct heap_node - embed one per object; zeroed means "not in a heap" */
struct heap_node {
	uint64_t at_ns;
	uint32_t pos; /* 1 + its slot; 0 when not in the heap */
};

struct heap {
	struct heap_node **slots;
	uint32_t capacity;
	uint32_t count;
};

/** heap_init() - @slots: caller's array of @capacity pointers, one for each node there can ever be */
void heap_init(struct heap *h, struct heap_node **slots, uint32_t capacity);

/** heap_set() - Insert or move a node; HEAP_NEVER takes it out. The heap must have room */
void heap_set(struct heap *h, struct heap_node *node, uint64_t at_ns);

/** heap_next_ns() - When the first is due, or HEAP_NEVER */
uint64_t heap_next_ns(const struct heap *h);

/** heap_pop_due() - Take out the first node if its time is not after @now_ns. Return: it, or NULL */
struct heap_node *heap_pop_due(struct heap *h, uint64_t now_ns);

#endif
