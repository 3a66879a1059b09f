/*
 * trust_settle.c - what two peers of one reading claim: a key, a pinned MAC; see trust_reading.h
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trust_reading.h"

/* ---- one key in two files ---- */

static int compare_keys(const void *a, const void *b)
{
	const struct trust_peer *const *x = a, *const *y = b;

	return memcmp((*x)->card.key.b, (*y)->card.key.b, KEY_BYTES);
}

static bool was_there(const struct reading *r, const struct trust_peer *peer)
{
	const struct trust_peer *before = trust_find(r->before, peer->name);

	return before && public_key_equal(&before->card.key, &peer->card.key);
}

/* Mark a peer for removal: a name is never empty otherwise. */
static void refuse_twin(const struct reading *r, struct trust_peer *peer, const char *twin)
{
	error_set(&trust_add_fault(r->out, peer->name)->error, -EEXIST,
		  "%s/%s%s has the same key as %s%s; a key has one name: remove one of the two",
		  r->folder, peer->name, TRUST_CARD_ENDING, twin, TRUST_CARD_ENDING);
	peer->name[0] = '\0';
}

/* @peers[0..@count) have one key: keep the one that was there before, refuse the others by name. */
static void settle_twins(const struct reading *r, struct trust_peer **peers, size_t count)
{
	struct trust_peer *kept = NULL;
	char first[TEXT_NAME_BYTES], second[TEXT_NAME_BYTES];

	for (size_t i = 0; i < count && !kept; i++)
		if (was_there(r, peers[i]))
			kept = peers[i];
	strcpy(first, kept ? kept->name : peers[0]->name);
	strcpy(second, peers[1]->name);
	for (size_t i = 0; i < count; i++)
		if (peers[i] != kept)
			refuse_twin(r, peers[i], strcmp(peers[i]->name, first) ? first : second);
}

static void drop_marked(struct trust *t)
{
	size_t to = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (!t->peers[i].name[0])
			continue;
		if (to != i) {
			t->psks[to] = t->psks[i];
			t->peers[to] = t->peers[i];
			t->peers[to].psk = &t->psks[to];
		}
		to++;
	}
	t->count = to;
}

int settle_keys(const struct reading *r)
{
	struct trust *t = r->out;
	struct trust_peer **sorted = calloc(t->count + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < t->count; i++)
		sorted[i] = &t->peers[i];
	qsort(sorted, t->count, sizeof(*sorted), compare_keys);
	for (size_t i = 0, n; i < t->count; i += n) {
		for (n = 1; i + n < t->count && compare_keys(&sorted[i], &sorted[i + n]) == 0; n++)
			;
		if (n > 1)
			settle_twins(r, sorted + i, n);
	}
	free(sorted);
	drop_marked(t);
	return 0;
}

/* ---- one pinned MAC in two files ---- */

/* struct claim - @peer, by its place in the reading, pins @mac */
struct claim {
	struct mac mac;
	size_t peer;
};

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = memcmp(x->mac.b, y->mac.b, MAC_BYTES);

	return order ? order : (x->peer > y->peer) - (x->peer < y->peer);
}

/* All claims, by MAC and then by name. Return: how many, in @list, to be freed; or -ENOMEM */
static int list_claims(const struct trust *t, struct claim **list)
{
	size_t count = 0, at = 0;

	for (size_t i = 0; i < t->count; i++)
		count += t->peers[i].local.pin_count;
	*list = calloc(count + 1, sizeof(**list));
	if (!*list)
		return -ENOMEM;
	for (size_t i = 0; i < t->count; i++)
		for (size_t k = 0; k < t->peers[i].local.pin_count; k++)
			(*list)[at++] = (struct claim){t->peers[i].local.pins[k], i};
	qsort(*list, count, sizeof(**list), compare_claims);
	return (int)count;
}

static bool has_pin(const struct trust_peer *peer, const struct mac *mac)
{
	for (size_t i = 0; peer && i < peer->local.pin_count; i++)
		if (mac_equal(&peer->local.pins[i], mac))
			return true;
	return false;
}

/* Return: the same peer in the reading before, or NULL */
static const struct trust_peer *earlier(const struct reading *r, const struct trust_peer *peer)
{
	return was_there(r, peer) ? trust_find(r->before, peer->name) : NULL;
}

/* The peer stays as it was, or is marked for removal. */
static void refuse_claim(const struct reading *r, const struct claim *claim,
			 const struct trust_peer *owner)
{
	struct trust_peer *peer = &r->out->peers[claim->peer];
	struct trust_fault *fault = trust_add_fault(r->out, peer->name);
	const struct trust_peer *before = earlier(r, peer);
	char mac[MAC_TEXT_BYTES];

	error_set(&fault->error, -EEXIST,
		  "%s/%s%s:%d: the MAC %s is pinned to %s, too, in %s%s:%d; a MAC has one owner: "
		  "take it "
		  "out of one of the two",
		  r->folder, peer->name, TRUST_LOCAL_ENDING, peer->local.pin_line,
		  mac_format(&claim->mac, mac), owner->name, owner->name, TRUST_LOCAL_ENDING,
		  owner->local.pin_line);
	fault->kept = before != NULL;
	if (before)
		trust_copy_peer(peer, before);
	else
		peer->name[0] = '\0';
}

/* Refused for another MAC meanwhile, a peer claims no longer what it did. */
static bool still_claims(const struct reading *r, const struct claim *claim)
{
	const struct trust_peer *peer = &r->out->peers[claim->peer];

	return peer->name[0] && has_pin(peer, &claim->mac);
}

/* @claims[0..@count) are of one MAC. Return: was one refused? */
static bool settle_claims(const struct reading *r, const struct claim *claims, size_t count)
{
	struct trust_peer *peers = r->out->peers, *owner = NULL;
	bool refused = false;

	for (size_t i = 0; i < count && !owner; i++)
		if (still_claims(r, &claims[i]) &&
		    has_pin(earlier(r, &peers[claims[i].peer]), &claims[i].mac))
			owner = &peers[claims[i].peer];
	for (size_t i = 0; i < count; i++) {
		if (!still_claims(r, &claims[i]))
			continue;
		if (!owner)
			owner = &peers[claims[i].peer];
		if (owner == &peers[claims[i].peer])
			continue;
		refuse_claim(r, &claims[i], owner);
		refused = true;
	}
	return refused;
}

/* Return: 1 if a peer was refused: what it pinned before counts again, so all is to be looked at anew; 0, or
 * -ENOMEM */
static int settle_once(const struct reading *r)
{
	struct claim *claims;
	int count = list_claims(r->out, &claims);
	bool refused = false;

	for (int i = 0, n; i < count; i += n) {
		for (n = 1; i + n < count && mac_equal(&claims[i].mac, &claims[i + n].mac); n++)
			;
		refused |= settle_claims(r, claims + i, (size_t)n);
	}
	free(claims);
	drop_marked(r->out);
	return count < 0 ? count : refused;
}

int settle_pins(const struct reading *r)
{
	int rc;

	do
		rc = settle_once(r);
	while (rc > 0);
	return rc;
}
