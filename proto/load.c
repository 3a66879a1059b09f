/*
 * load.c - see load.h
 *
 * The table is direct-mapped: an address has one place, and a newcomer gets it once its holder was
 * quiet for a second (its budget is full again then, so nothing is forgotten). A flood of addresses
 * can keep others out only while it goes on, which is what a flood does anyway.
 */
#include "load.h"

#include <string.h>

enum {
	PREFIX6_BYTES = 8
};

bool load_note(struct load *l, uint64_t now_ns)
{
	if (now_ns - l->window_ns >= LOAD_WINDOW_NS) {
		l->window_ns = now_ns;
		l->count = 0;
	}
	if (++l->count > LOAD_INITIATIONS) {
		l->loaded_ns = now_ns;
		l->was_loaded = true;
	}
	return l->was_loaded && now_ns - l->loaded_ns < LOAD_STICKY_NS;
}

/* Return: the place of the address, taken over if it may be; NULL if another holds it. */
static struct load_place *place_of(struct load *l, const struct addr *from, uint64_t now_ns)
{
	uint8_t prefix[ADDR_IP_BYTES] = {0};
	struct load_place *place;

	memcpy(prefix, from->ip, addr_is_ipv4(from) ? ADDR_IP_BYTES : PREFIX6_BYTES);
	place = &l->table[keyed_hash(&l->key, prefix, sizeof(prefix)) % LOAD_TABLE];
	if (!place->used_ns || memcmp(place->prefix, prefix, sizeof(prefix)) != 0) {
		if (place->used_ns && now_ns - place->used_ns < NS_PER_S)
			return NULL;
		memcpy(place->prefix, prefix, sizeof(prefix));
		bucket_init(&place->handshakes, LOAD_RATE, LOAD_BURST, now_ns);
		bucket_init(&place->cookies, LOAD_RATE, LOAD_BURST, now_ns);
	}
	place->used_ns = now_ns ? now_ns : 1;
	return place;
}

bool load_take_handshake(struct load *l, const struct addr *from, uint64_t now_ns)
{
	struct load_place *place = place_of(l, from, now_ns);

	return place && bucket_take(&place->handshakes, 1, now_ns);
}

bool load_take_cookie(struct load *l, const struct addr *from, uint64_t now_ns)
{
	struct load_place *place = place_of(l, from, now_ns);

	return place && bucket_take(&place->cookies, 1, now_ns);
}
