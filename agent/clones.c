/*
 * clones.c - see clones.h
 */
#include "agent/clones.h"

enum {
	NS_PER_S = 1000000000
};

/* The slot of this address, else the one to use for it. */
static struct clone *slot_for(struct clones *c, const struct mac *mac)
{
	struct clone *oldest = &c->slots[0];

	for (size_t i = 0; i < CLONES_MAX; i++) {
		struct clone *slot = &c->slots[i];

		if (slot->seen_ns && mac_equal(&slot->mac, mac))
			return slot;
		if (slot->seen_ns < oldest->seen_ns)
			oldest = slot;
	}
	return oldest;
}

void clones_note(struct clones *c, const struct mac *mac, int one, int other, uint64_t now_ns)
{
	*slot_for(c, mac) = (struct clone){
		.mac = *mac,
		.first = one < other ? one : other,
		.second = one < other ? other : one,
		.seen_ns = now_ns ? now_ns : 1,
	};
}

void clones_forget(struct clones *c, int member)
{
	for (size_t i = 0; i < CLONES_MAX; i++) {
		struct clone *slot = &c->slots[i];

		if (slot->first == member || slot->second == member)
			*slot = (struct clone){.seen_ns = 0};
	}
}

size_t clones_list(const struct clones *c, uint64_t now_ns, struct clone *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < CLONES_MAX && count < max; i++) {
		const struct clone *slot = &c->slots[i];

		if (slot->seen_ns && now_ns - slot->seen_ns < (uint64_t)CLONE_SHOWN_S * NS_PER_S)
			out[count++] = *slot;
	}
	return count;
}
