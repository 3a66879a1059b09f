/*
 * key_cache.h - the keys of the sessions in use, ready for AES-256-GCM
 *
 * Layer: proto (sans-IO). Allocates in key_cache_init() only.
 *
 * How it works. A place holds the ready key of one direction of one session, by the session's local index, which
 * no other session has at the time. The session remembers its place, so that finding it is one comparison; another
 * may have taken it since, and then the key is made ready again, in the place that was unused for longest.
 * Who ends a session says key_cache_forget(): a place never outlives its session.
 */
#ifndef PROTO_KEY_CACHE_H
#define PROTO_KEY_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "gcm.h"

enum {
	KEY_CACHE_PLACES = 128, /* both directions of 64 busy peers; a place is 1.2 KB */
	KEY_CACHE_PEER_PLACES = 2 * DIRECTION_COUNT, /* a session, and the one before it */
};

_Static_assert(KEY_CACHE_PLACES <= UINT8_MAX + 1, "a session remembers its places in bytes");

/** struct key_cache - zeroed memory is an empty one without places */
struct key_cache {
	struct gcm *ready;
	size_t count;
	uint64_t uses;
	uint64_t used[KEY_CACHE_PLACES];  /* @uses, when it was looked up last */
	uint64_t owner[KEY_CACHE_PLACES]; /* 0: nobody's */
};

/**
 * struct cached_key - whose key it is
 * @session:	local index, not 0
 * @place:	where it may be; the session's own, changed when it is elsewhere
 * @bytes:	the key itself, KEY_BYTES; borrowed. Not looked at by key_cache_forget()
 */
struct cached_key {
	uint32_t session;
	enum direction direction;
	uint8_t *place;
	const uint8_t *bytes;
};

/**
 * key_cache_init() - Make the places
 * @c:		zeroed
 * @ready:	@count, zeroed; borrowed until key_cache_fini()
 * @count:	1 to KEY_CACHE_PLACES
 *
 * Return: 0, or -ENOMEM: the cache has no places
 */
int key_cache_init(struct key_cache *c, struct gcm *ready, size_t count);

/** key_cache_fini() - Wipe and free all; it may never have been started */
void key_cache_fini(struct key_cache *c);

/** key_cache_get() - Return: the key, ready; NULL when the library refuses it, or there are no places */
struct gcm *key_cache_get(struct key_cache *c, const struct cached_key *key);

/** key_cache_forget() - The session ends: wipe its key, if it is there */
void key_cache_forget(struct key_cache *c, const struct cached_key *key);

#endif
