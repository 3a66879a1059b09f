/*
 * index_table.c - see index_table.h
 */
#include "index_table.h"

#include <assert.h>

uint32_t index_table_slots(uint32_t indices)
{
	uint32_t slots = 2;

	while (slots < 2 * indices)
		slots *= 2;
	return slots;
}

void index_table_init(struct index_table *t, struct index_entry *slots, uint32_t count)
{
	assert(count >= 2 && (count & (count - 1)) == 0);
	*t = (struct index_table){.slots = slots, .mask = count - 1};
}

/* Return: the slot of @index, or the empty one where it would be. */
static uint32_t slot_of(const struct index_table *t, uint32_t index)
{
	uint32_t slot = index & t->mask;

	while (t->slots[slot].index && t->slots[slot].index != index)
		slot = (slot + 1) & t->mask;
	return slot;
}

int index_table_find(const struct index_table *t, uint32_t index)
{
	const struct index_entry *entry;

	if (index == 0)
		return -1;
	entry = &t->slots[slot_of(t, index)];
	return entry->index ? (int)entry->peer : -1;
}

void index_table_add(struct index_table *t, uint32_t index, uint32_t peer)
{
	assert(index != 0);
	t->slots[slot_of(t, index)] = (struct index_entry){.index = index, .peer = peer};
}

/* Knuth 6.4, algorithm R: move back what the gap would hide. */
void index_table_remove(struct index_table *t, uint32_t index)
{
	uint32_t gap, at;

	if (index == 0)
		return;
	gap = at = slot_of(t, index);
	if (!t->slots[gap].index)
		return;
	for (;;) {
		uint32_t home;

		at = (at + 1) & t->mask;
		if (!t->slots[at].index)
			break;
		home = t->slots[at].index & t->mask;
		if (((at - home) & t->mask) >= ((at - gap) & t->mask)) {
			t->slots[gap] = t->slots[at];
			gap = at;
		}
	}
	t->slots[gap] = (struct index_entry){0};
}
