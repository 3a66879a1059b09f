/*
 * known_keys.c - see known_keys.h
 */
#include "known_keys.h"

#include <string.h>

#include "hello.h"

/* Return: the first place whose hash is not below @hash; perhaps behind the last */
static uint32_t first_from(const struct engine *e, uint64_t hash)
{
	uint32_t low = 0, high = e->known_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (e->peers[e->known[middle]].key_hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Does @at hold @hash? Several keys may have one. */
static bool is_at(const struct engine *e, uint32_t at, uint64_t hash)
{
	return at < e->known_count && e->peers[e->known[at]].key_hash == hash;
}

void known_keys_add(struct engine *e, const struct peer *p)
{
	uint32_t at = first_from(e, p->key_hash);

	memmove(e->known + at + 1, e->known + at, (e->known_count - at) * sizeof(*e->known));
	e->known[at] = p->number;
	e->known_count++;
}

void known_keys_remove(struct engine *e, const struct peer *p)
{
	uint32_t at = first_from(e, p->key_hash);

	while (is_at(e, at, p->key_hash) && e->known[at] != p->number)
		at++;
	if (!is_at(e, at, p->key_hash))
		return;
	e->known_count--;
	memmove(e->known + at, e->known + at + 1, (e->known_count - at) * sizeof(*e->known));
}

bool known_keys_has(const struct engine *e, uint64_t hash)
{
	return is_at(e, first_from(e, hash), hash);
}

struct peer *known_keys_find(const struct engine *e, const struct public_key *key)
{
	uint64_t hash = hello_key_hash(key);

	for (uint32_t at = first_from(e, hash); is_at(e, at, hash); at++)
		if (public_key_equal(&e->peers[e->known[at]].key, key))
			return &e->peers[e->known[at]];
	return NULL;
}
