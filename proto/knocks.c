/*
 * knocks.c - see knocks.h
 */
#include "knocks.h"

#include <string.h>

static bool knock_is_set(const struct knock *k)
{
	return addr_is_set(&k->from);
}

/* The place for @key: its own, a free one, or the oldest. */
static struct knock *place_for(struct engine *e, const struct public_key *key)
{
	struct knock *place = &e->knocks[0];

	for (size_t i = 0; i < KNOCKS_MAX; i++) {
		struct knock *k = &e->knocks[i];

		if (knock_is_set(k) && public_key_equal(&k->key, key))
			return k;
		if (knock_is_set(place) && (!knock_is_set(k) || k->when_ns < place->when_ns))
			place = k;
	}
	return place;
}

void knocks_add(struct engine *e, const struct public_key *key, const struct addr *from,
		uint64_t now_ns)
{
	struct knock *place = place_for(e, key);

	/* The same key again is no news: it knocks every second while it tries. */
	if (!knock_is_set(place) || !public_key_equal(&place->key, key))
		e->knocks_changed = true;
	*place = (struct knock){.key = *key, .from = *from, .when_ns = now_ns};
}

void knocks_forget(struct engine *e, const struct public_key *key)
{
	for (size_t i = 0; i < KNOCKS_MAX; i++)
		if (public_key_equal(&e->knocks[i].key, key))
			memset(&e->knocks[i], 0, sizeof(e->knocks[i]));
}

size_t engine_knocks(const struct engine *e, struct knock out[KNOCKS_MAX], uint64_t now_ns)
{
	size_t count = 0;

	for (size_t i = 0; i < KNOCKS_MAX; i++) {
		const struct knock *k = &e->knocks[i];
		size_t at = count;

		if (!knock_is_set(k) || age_of(k->when_ns, now_ns) >= KNOCK_NS)
			continue;
		for (; at > 0 && out[at - 1].when_ns < k->when_ns; at--)
			out[at] = out[at - 1];
		out[at] = *k;
		count++;
	}
	return count;
}
