/*
 * index_table.h - receiver indices: which peer does an incoming message belong to?
 *
 * Layer: proto (sans-IO). Open addressing with linear probing in the caller's memory; indices are
 * random and ours, so they need no hash. Spec: PROTOCOL.md 3.4.
 */
#ifndef PROTO_INDEX_TABLE_H
#define PROTO_INDEX_TABLE_H

#include <stdint.h>

/** struct index_entry - @index 0: empty */
struct index_entry {
	uint32_t index;
	uint32_t peer;
};

struct index_table {
	struct index_entry *slots;
	uint32_t mask;
};

/** index_table_slots() - How many slots @indices at once need: a power of two, at most half full */
uint32_t index_table_slots(uint32_t indices);

/** index_table_init() - @slots: zeroed, @count of them as index_table_slots() said */
void index_table_init(struct index_table *t, struct index_entry *slots, uint32_t count);

/** index_table_find() - Return: the peer's number, or -1 */
int index_table_find(const struct index_table *t, uint32_t index);

/** index_table_add() - @index is not 0 and not there yet */
void index_table_add(struct index_table *t, uint32_t index, uint32_t peer);

/** index_table_remove() - An index that is not there is ignored */
void index_table_remove(struct index_table *t, uint32_t index);

#endif
