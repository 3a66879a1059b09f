/*
 * key_cache.c - see key_cache.h
 */
#include "key_cache.h"

#include <assert.h>
#include <errno.h>

int key_cache_init(struct key_cache *c, struct gcm *ready, size_t count)
{
	int rc = gcm_start(ready, count);

	assert(count >= 1 && count <= KEY_CACHE_PLACES);
	if (rc)
		return rc;
	c->ready = ready;
	c->count = count;
	return 0;
}

void key_cache_fini(struct key_cache *c)
{
	gcm_stop(c->ready, c->count);
	c->count = 0;
}

/* Never 0, since a local index is not. */
static uint64_t owner_of(const struct cached_key *key)
{
	return (uint64_t)key->session * DIRECTION_COUNT + key->direction;
}

static size_t longest_unused(const struct key_cache *c)
{
	size_t found = 0;

	for (size_t i = 1; i < c->count; i++)
		if (c->used[i] < c->used[found])
			found = i;
	return found;
}

/* Return: 0, or -EIO: the place is nobody's */
static int take_place(struct key_cache *c, const struct cached_key *key)
{
	size_t at = longest_unused(c);

	c->owner[at] = 0;
	if (gcm_set_key(&c->ready[at], key->direction, key->bytes))
		return -EIO;
	c->owner[at] = owner_of(key);
	*key->place = (uint8_t)at;
	return 0;
}

struct gcm *key_cache_get(struct key_cache *c, const struct cached_key *key)
{
	if (c->count == 0)
		return NULL;
	if (c->owner[*key->place] != owner_of(key) && take_place(c, key))
		return NULL;
	c->used[*key->place] = ++c->uses;
	return &c->ready[*key->place];
}

void key_cache_forget(struct key_cache *c, const struct cached_key *key)
{
	size_t at = *key->place;

	if (c->count == 0 || c->owner[at] != owner_of(key))
		return;
	gcm_wipe(&c->ready[at]);
	c->owner[at] = 0;
	c->used[at] = 0; /* the next one to be taken */
}
