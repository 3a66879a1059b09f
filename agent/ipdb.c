/*
 * ipdb.c - see ipdb.h
 *
 * Entries are numbered, links are 16-bit numbers, and entries never used are taken in order, as in
 * fdb.c.
 */
#include "agent/ipdb.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEMOS = 16,
	IP_LAST = sizeof(((struct ip_key *)0)->ip) - 1,
	NONE = UINT16_MAX,
	BUCKETS = 2 * IPDB_ENTRIES_MAX, /* a power of two; half full at most */
	SWEPT_AT_ONCE = 2,              /* so that a pool in use is swept faster than it fills */
	NS_PER_S = 1000000000,
};
_Static_assert((BUCKETS & (BUCKETS - 1)) == 0, "the hash is masked");
_Static_assert((int)IPDB_ENTRIES_MAX < (int)NONE, "entries are numbered in 16 bits");
_Static_assert(sizeof(struct ip_key) == INSPECT_IP_BYTES + INSPECT_TAGS * sizeof(uint16_t),
	       "a key without gaps can be hashed");

struct entry {
	uint64_t heard_ns;
	struct ip_key ip;
	struct mac mac;
	uint16_t owner; /* NONE: a free entry */
	uint16_t chain; /* next in the bucket, or next free entry */
	uint16_t older, newer;
};

struct owner {
	uint16_t oldest, newest; /* mean nothing while @count is 0 */
	uint16_t count;
	uint16_t quota;
};

/* Which bucket an address has: a flow's frames ask for the same again and again. */
struct memo {
	bool is_set;
	struct ip_key ip;
	uint32_t bucket;
};

/* @memos: not part of what it knows, so they change when it is only asked */
struct ipdb {
	struct hash_key key;
	struct memo *memos;
	uint32_t members_max;
	uint16_t free;   /* chain of entries given back */
	uint16_t unused; /* the first that was never used */
	uint16_t sweep;  /* the next to be looked at */
	struct entry *entries;
	struct owner *owners;
	uint16_t buckets[BUCKETS];
};

struct ipdb *ipdb_new(const struct hash_key *key, uint32_t members_max)
{
	struct ipdb *d = calloc(1, sizeof(*d));

	assert(members_max < NONE);
	if (!d)
		return NULL;
	d->entries = calloc(IPDB_ENTRIES_MAX, sizeof(*d->entries));
	d->owners = calloc(members_max, sizeof(*d->owners));
	d->memos = calloc(MEMOS, sizeof(*d->memos));
	if (!d->entries || !d->owners || !d->memos) {
		ipdb_free(d);
		return NULL;
	}
	d->key = *key;
	d->members_max = members_max;
	d->free = NONE;
	memset(d->buckets, 0xff, sizeof(d->buckets)); /* NONE */
	return d;
}

void ipdb_free(struct ipdb *d)
{
	if (!d)
		return;
	free(d->memos);
	free(d->entries);
	free(d->owners);
	free(d);
}

static bool is_old(const struct entry *e, uint64_t now_ns)
{
	return now_ns > e->heard_ns && now_ns - e->heard_ns >= (uint64_t)IPDB_USED_S * NS_PER_S;
}

static size_t bucket_of(const struct ipdb *d, const struct ip_key *ip)
{
	struct memo *m = &d->memos[ip->ip[IP_LAST] % MEMOS];

	if (!m->is_set || memcmp(&m->ip, ip, sizeof(*ip)) != 0)
		*m = (struct memo){.is_set = true,
				   .ip = *ip,
				   .bucket = (uint32_t)keyed_hash(&d->key, ip, sizeof(*ip)) &
					     (BUCKETS - 1)};
	return m->bucket;
}

/* The entry of an address, however old, or NONE. */
static uint16_t lookup(const struct ipdb *d, const struct ip_key *ip)
{
	uint16_t i = d->buckets[bucket_of(d, ip)];

	while (i != NONE && memcmp(&d->entries[i].ip, ip, sizeof(*ip)) != 0)
		i = d->entries[i].chain;
	return i;
}

/* ---- an owner's list ---- */

static void append(struct ipdb *d, uint16_t i)
{
	struct entry *e = &d->entries[i];
	struct owner *o = &d->owners[e->owner];

	e->older = o->count ? o->newest : NONE;
	e->newer = NONE;
	if (o->count)
		d->entries[o->newest].newer = i;
	else
		o->oldest = i;
	o->newest = i;
	o->count++;
}

static void detach(struct ipdb *d, uint16_t i)
{
	const struct entry *e = &d->entries[i];
	struct owner *o = &d->owners[e->owner];

	if (e->older != NONE)
		d->entries[e->older].newer = e->newer;
	else
		o->oldest = e->newer;
	if (e->newer != NONE)
		d->entries[e->newer].older = e->older;
	else
		o->newest = e->older;
	o->count--;
}

/* ---- the pool ---- */

static void remove_entry(struct ipdb *d, uint16_t i)
{
	struct entry *e = &d->entries[i];
	uint16_t *at = &d->buckets[bucket_of(d, &e->ip)];

	detach(d, i);
	while (*at != i)
		at = &d->entries[*at].chain;
	*at = e->chain;
	e->owner = NONE;
	e->chain = d->free;
	d->free = i;
}

static void sweep(struct ipdb *d, uint64_t now_ns)
{
	for (int n = 0; n < SWEPT_AT_ONCE && d->unused > 0; n++) {
		const struct entry *e = &d->entries[d->sweep];

		if (e->owner != NONE && is_old(e, now_ns))
			remove_entry(d, d->sweep);
		d->sweep = (uint16_t)((d->sweep + 1) % d->unused);
	}
}

/* Return: an entry for @member, taken from its own if need be; NONE when others hold them all */
static uint16_t take_entry(struct ipdb *d, int member)
{
	const struct owner *o = &d->owners[member];
	bool full = d->free == NONE && d->unused == IPDB_ENTRIES_MAX;
	uint16_t i;

	if (o->count > 0 && (full || o->count >= o->quota))
		remove_entry(d, o->oldest);
	i = d->free;
	if (i != NONE)
		d->free = d->entries[i].chain;
	else if (d->unused < IPDB_ENTRIES_MAX)
		i = d->unused++;
	return i;
}

static void insert(struct ipdb *d, const struct ip_key *ip, const struct ip_user *by,
		   uint64_t now_ns)
{
	size_t bucket = bucket_of(d, ip);
	uint16_t i;

	sweep(d, now_ns);
	i = take_entry(d, by->member);
	if (i == NONE)
		return;
	d->entries[i] = (struct entry){.heard_ns = now_ns,
				       .ip = *ip,
				       .mac = by->mac,
				       .owner = (uint16_t)by->member,
				       .chain = d->buckets[bucket]};
	d->buckets[bucket] = i;
	append(d, i);
}

bool ipdb_find(const struct ipdb *d, const struct ip_key *ip, uint64_t now_ns, struct ip_user *out)
{
	uint16_t i = lookup(d, ip);
	const struct entry *e;

	if (i == NONE || is_old(&d->entries[i], now_ns))
		return false;
	e = &d->entries[i];
	*out = (struct ip_user){.mac = e->mac,
				.member = e->owner,
				.age_ns = now_ns > e->heard_ns ? now_ns - e->heard_ns : 0};
	return true;
}

void ipdb_set(struct ipdb *d, const struct ip_key *ip, const struct ip_user *by, uint64_t now_ns)
{
	uint16_t i = lookup(d, ip);
	struct entry *e;

	assert(by->member >= 0 && (uint32_t)by->member < d->members_max);
	if (i != NONE && d->entries[i].owner != by->member) {
		remove_entry(d, i); /* the new owner's quota counts */
		i = NONE;
	}
	if (i == NONE) {
		insert(d, ip, by, now_ns);
		return;
	}
	e = &d->entries[i];
	e->heard_ns = now_ns;
	e->mac = by->mac;
	if (d->owners[e->owner].newest == i)
		return;
	detach(d, i);
	append(d, i);
}

void ipdb_set_quota(struct ipdb *d, int member, uint32_t quota)
{
	struct owner *o = &d->owners[member];

	assert(quota > 0);
	o->quota = (uint16_t)(quota < IPDB_ENTRIES_MAX ? quota : IPDB_ENTRIES_MAX);
	while (o->count > o->quota)
		remove_entry(d, o->oldest);
}

void ipdb_forget(struct ipdb *d, int member)
{
	while (d->owners[member].count > 0)
		remove_entry(d, d->owners[member].oldest);
}

uint32_t ipdb_count(const struct ipdb *d, int member)
{
	return d->owners[member].count;
}
