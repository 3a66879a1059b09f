/*
 * twins.c - see twins.h
 */
#include "agent/twins.h"

#include <string.h>

enum {
	NS_PER_S = 1000000000
};

static bool same_client(const struct client_id *a, const struct client_id *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool same_identity(const struct twin *a, const struct twin *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == TWIN_IP ? memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0
				  : same_client(&a->client_id, &b->client_id);
}

/* The slot of this identity, else the one to use for it. */
static struct twin *slot_for(struct twins *t, const struct twin *twin)
{
	struct twin *oldest = &t->slots[0];

	for (size_t i = 0; i < TWINS_MAX; i++) {
		struct twin *slot = &t->slots[i];

		if (slot->seen_ns && same_identity(slot, twin))
			return slot;
		if (slot->seen_ns < oldest->seen_ns)
			oldest = slot;
	}
	return oldest;
}

/* Two machines that speak in turn keep their order, so that the warning stays the same. */
static bool is_swapped(const struct twin *known, const struct twin *twin)
{
	return known->seen_ns && same_identity(known, twin) &&
	       mac_equal(&known->places[0].mac, &twin->places[1].mac);
}

void twins_note(struct twins *t, const struct twin *twin, uint64_t now_ns)
{
	struct twin *slot = slot_for(t, twin);
	bool swapped = is_swapped(slot, twin);

	*slot = *twin;
	if (swapped) {
		slot->places[0] = twin->places[1];
		slot->places[1] = twin->places[0];
	}
	slot->seen_ns = now_ns ? now_ns : 1;
}

static struct twin_client *client_slot(struct twins *t, const struct client_id *id)
{
	struct twin_client *oldest = &t->clients[0];

	for (size_t i = 0; i < TWIN_CLIENTS_MAX; i++) {
		struct twin_client *slot = &t->clients[i];

		if (slot->heard_ns && same_client(&slot->id, id))
			return slot;
		if (slot->heard_ns < oldest->heard_ns)
			oldest = slot;
	}
	return oldest;
}

void twins_hear_client(struct twins *t, const struct client_id *id, const struct twin_place *place,
		       uint64_t now_ns)
{
	struct twin_client *slot = client_slot(t, id);

	if (slot->heard_ns && same_client(&slot->id, id) &&
	    !mac_equal(&slot->place.mac, &place->mac) &&
	    now_ns - slot->heard_ns < (uint64_t)TWIN_CLIENT_ALIVE_S * NS_PER_S) {
		struct twin twin = {.kind = TWIN_CLIENT_ID, .client_id = *id};

		twin.places[0] = slot->place;
		twin.places[1] = *place;
		twins_note(t, &twin, now_ns);
	}
	*slot = (struct twin_client){.id = *id, .place = *place, .heard_ns = now_ns ? now_ns : 1};
}

void twins_forget(struct twins *t, int member)
{
	for (size_t i = 0; i < TWINS_MAX; i++) {
		struct twin *slot = &t->slots[i];

		if (slot->places[0].member == member || slot->places[1].member == member)
			*slot = (struct twin){.seen_ns = 0};
	}
	for (size_t i = 0; i < TWIN_CLIENTS_MAX; i++)
		if (t->clients[i].place.member == member)
			t->clients[i] = (struct twin_client){.heard_ns = 0};
}

size_t twins_list(const struct twins *t, uint64_t now_ns, struct twin *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < TWINS_MAX && count < max; i++) {
		const struct twin *slot = &t->slots[i];

		if (slot->seen_ns && now_ns - slot->seen_ns < (uint64_t)TWIN_SHOWN_S * NS_PER_S)
			out[count++] = *slot;
	}
	return count;
}
