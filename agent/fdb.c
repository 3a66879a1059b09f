/*
 * fdb.c - see fdb.h
 *
 * Entries are numbered, and links between them are 16-bit numbers: half the size of pointers, and the
 * pool is one block. Free entries form a chain; those never used yet are taken in order, so that the
 * pages behind them stay untouched.
 */
#include "agent/fdb.h"

#include <assert.h>
#include <stdlib.h>

enum {
	MEMOS = 16,
	NONE = UINT16_MAX,
	BUCKETS = 2 * FDB_ENTRIES_MAX, /* a power of two; half full at most */
	NS_PER_S = 1000000000,
	NS_PER_MS = 1000000,
};
_Static_assert((BUCKETS & (BUCKETS - 1)) == 0, "the hash is masked");
_Static_assert((int)FDB_ENTRIES_MAX < (int)NONE, "entries are numbered in 16 bits");

/* The two lists that run through the entries. */
enum order {
	BY_ALL,
	BY_OWNER,
	ORDERS
};

struct links {
	uint16_t older, newer;
};

struct ends {
	uint16_t oldest, newest;
};

struct entry {
	uint64_t heard_ns;
	uint64_t claim_first_ns; /* when the claimant first spoke */
	uint64_t claim_last_ns;
	uint64_t left_ns; /* when an announcement last took it away from @left */
	struct mac mac;
	uint16_t owner;
	uint16_t claimant; /* NONE: nobody else sends from this address */
	bool announced;    /* by the claimant, and the owner has not spoken since */
	uint16_t loser;    /* who owned it before and may regain it, or NONE */
	uint16_t left;     /* who owned it before an announcement, or NONE */
	uint16_t chain;    /* next in the bucket, or next free entry */
	struct links links[ORDERS];
};

struct owner {
	struct ends ends;
	uint16_t count;
	uint16_t quota;
};

/* Which bucket an address has: a frame asks for two, and the next one mostly for the same. */
struct memo {
	bool is_set;
	struct mac mac;
	uint32_t bucket;
};

/* @memos: not part of what it knows, so they change when it is only asked */
struct fdb {
	struct hash_key key;
	struct memo *memos;
	uint32_t members_max;
	uint16_t free;   /* chain of entries given back */
	uint16_t unused; /* the first that was never used */
	struct ends all;
	struct entry *entries;
	struct owner *owners;
	uint16_t buckets[BUCKETS];
};

struct fdb *fdb_new(const struct hash_key *key, uint32_t members_max)
{
	struct fdb *f = calloc(1, sizeof(*f));

	assert(members_max < NONE);
	if (!f)
		return NULL;
	f->entries = calloc(FDB_ENTRIES_MAX, sizeof(*f->entries));
	f->owners = calloc(members_max, sizeof(*f->owners));
	f->memos = calloc(MEMOS, sizeof(*f->memos));
	if (!f->entries || !f->owners || !f->memos) {
		fdb_free(f);
		return NULL;
	}
	f->key = *key;
	f->members_max = members_max;
	f->free = NONE;
	f->all = (struct ends){NONE, NONE};
	for (size_t i = 0; i < BUCKETS; i++)
		f->buckets[i] = NONE;
	return f;
}

void fdb_free(struct fdb *f)
{
	if (!f)
		return;
	free(f->memos);
	free(f->entries);
	free(f->owners);
	free(f);
}

static bool is_older(const struct entry *e, uint64_t now_ns, uint64_t age_s)
{
	return now_ns > e->heard_ns && now_ns - e->heard_ns >= age_s * NS_PER_S;
}

static uint32_t bucket_number(const struct fdb *f, const struct mac *mac)
{
	struct memo *m = &f->memos[mac->b[MAC_BYTES - 1] % MEMOS];

	if (!m->is_set || !mac_equal(&m->mac, mac))
		*m = (struct memo){.is_set = true,
				   .mac = *mac,
				   .bucket = (uint32_t)keyed_hash(&f->key, mac->b, MAC_BYTES) &
					     (BUCKETS - 1)};
	return m->bucket;
}

static uint16_t *bucket_of(struct fdb *f, const struct mac *mac)
{
	return &f->buckets[bucket_number(f, mac)];
}

/* The entry of an address, however old, or NONE. */
static uint16_t lookup(const struct fdb *f, const struct mac *mac)
{
	uint16_t i = f->buckets[bucket_number(f, mac)];

	while (i != NONE && !mac_equal(&f->entries[i].mac, mac))
		i = f->entries[i].chain;
	return i;
}

/* An owner's list is made when its first entry comes, so that a zeroed owner is an empty one. */
static struct ends *ends_of(struct fdb *f, enum order order, uint16_t owner)
{
	struct owner *o = &f->owners[owner];

	if (order == BY_ALL)
		return &f->all;
	if (o->count == 0)
		o->ends = (struct ends){NONE, NONE};
	return &o->ends;
}

static void append(struct fdb *f, enum order order, uint16_t i)
{
	struct ends *ends = ends_of(f, order, f->entries[i].owner);

	f->entries[i].links[order] = (struct links){.older = ends->newest, .newer = NONE};
	if (ends->newest != NONE)
		f->entries[ends->newest].links[order].newer = i;
	else
		ends->oldest = i;
	ends->newest = i;
}

static void detach(struct fdb *f, enum order order, uint16_t i)
{
	struct ends *ends = ends_of(f, order, f->entries[i].owner);
	struct links l = f->entries[i].links[order];

	if (l.older != NONE)
		f->entries[l.older].links[order].newer = l.newer;
	else
		ends->oldest = l.newer;
	if (l.newer != NONE)
		f->entries[l.newer].links[order].older = l.older;
	else
		ends->newest = l.older;
}

static void link_entry(struct fdb *f, uint16_t i)
{
	append(f, BY_ALL, i);
	append(f, BY_OWNER, i);
	f->owners[f->entries[i].owner].count++;
}

static void unlink_entry(struct fdb *f, uint16_t i)
{
	detach(f, BY_ALL, i);
	detach(f, BY_OWNER, i);
	f->owners[f->entries[i].owner].count--;
}

static void remove_entry(struct fdb *f, uint16_t i)
{
	struct entry *e = &f->entries[i];
	uint16_t *at = bucket_of(f, &e->mac);

	unlink_entry(f, i);
	while (*at != i)
		at = &f->entries[*at].chain;
	*at = e->chain;
	e->chain = f->free;
	f->free = i;
}

/* Heard now: the newest in both lists. Two machines that talk would change places in them with every frame. */
static void touch(struct fdb *f, uint16_t i, uint64_t now_ns)
{
	if (now_ns - f->entries[i].heard_ns < (uint64_t)FDB_REFRESH_MS * NS_PER_MS)
		return;
	f->entries[i].heard_ns = now_ns;
	if (f->all.newest == i)
		return; /* then it is its owner's newest too */
	unlink_entry(f, i);
	link_entry(f, i);
}

/* An entry for use, or NONE when all are taken. */
static uint16_t take_entry(struct fdb *f)
{
	uint16_t i = f->free;

	if (i != NONE)
		f->free = f->entries[i].chain;
	else if (f->unused < FDB_ENTRIES_MAX)
		i = f->unused++;
	return i;
}

/* What is too old is at the front of the list over all; amortised, each insertion removes one. */
static void expire(struct fdb *f, uint64_t now_ns)
{
	while (f->all.oldest != NONE && is_older(&f->entries[f->all.oldest], now_ns, FDB_AGE_S))
		remove_entry(f, f->all.oldest);
}

/* Return: true if the member had to forget an address of its own, or may not have this one. */
static bool insert(struct fdb *f, const struct mac *mac, uint16_t member, uint64_t now_ns)
{
	struct owner *o = &f->owners[member];
	bool crowded = false;
	uint16_t *at = bucket_of(f, mac), i;

	expire(f, now_ns);
	if (o->count >= o->quota && o->count > 0) {
		remove_entry(f, o->ends.oldest);
		crowded = true;
	}
	i = take_entry(f);
	if (i == NONE && o->count > 0) {
		remove_entry(f, o->ends.oldest);
		i = take_entry(f);
		crowded = true;
	}
	if (i == NONE)
		return true;
	f->entries[i] = (struct entry){.heard_ns = now_ns,
				       .mac = *mac,
				       .owner = member,
				       .claimant = NONE,
				       .loser = NONE,
				       .left = NONE,
				       .chain = *at};
	*at = i;
	link_entry(f, i);
	return crowded;
}

/* Did the claimant announce itself, and has the owner been silent for long enough since? */
static bool is_moved(const struct entry *e, uint64_t now_ns)
{
	return e->claimant != NONE && e->announced && is_older(e, now_ns, FDB_ANNOUNCED_SILENT_S);
}

/* What moved is written down when somebody speaks from there. */
static int owner_of(const struct entry *e, uint64_t now_ns)
{
	return is_moved(e, now_ns) ? e->claimant : e->owner;
}

/* Is the owner silent for so long, or the claimant so clear, that the address moves? */
static bool claim_wins(const struct entry *e, uint16_t member, uint64_t now_ns)
{
	if (member == e->loser)
		return true;
	return is_older(e, now_ns, FDB_OWNER_SILENT_S) && e->claimant == member &&
	       now_ns - e->claim_first_ns >= (uint64_t)FDB_CLAIM_APART_S * NS_PER_S;
}

/* A machine that announced itself is not hidden by another that does not. */
static void note_claim(struct entry *e, uint16_t member, bool announced, uint64_t now_ns)
{
	if (e->claimant != member && e->claimant != NONE && e->announced && !announced)
		return;
	if (e->claimant != member) {
		e->claimant = member;
		e->claim_first_ns = now_ns;
		e->announced = false;
	}
	e->claim_last_ns = now_ns;
	e->announced |= announced;
}

/* Give the address to the claimant. One that regained it has proved two machines: no loser is left. */
static void move(struct fdb *f, uint16_t i, uint16_t member, uint64_t now_ns)
{
	struct entry *e = &f->entries[i];
	bool regained = member == e->loser;
	uint16_t before = e->owner;

	e->left = e->announced ? before : NONE;
	e->left_ns = now_ns;
	unlink_entry(f, i);
	e->owner = member;
	e->heard_ns = now_ns;
	e->loser = regained ? NONE : before;
	e->claimant = NONE;
	e->announced = false;
	link_entry(f, i);
}

/* Return: true if the new owner had to forget another address. */
static bool move_within_quota(struct fdb *f, uint16_t i, uint16_t member, uint64_t now_ns)
{
	struct owner *o = &f->owners[member];

	move(f, i, member, now_ns);
	if (o->count <= o->quota)
		return false;
	remove_entry(f, o->ends.oldest);
	return true;
}

/* What a machine said before it came back may come after its announcement, which took another way. */
static bool is_late(const struct entry *e, uint16_t member, bool announced, uint64_t now_ns)
{
	return member == e->left && member != e->loser && !announced &&
	       now_ns - e->left_ns < (uint64_t)FDB_CLAIM_APART_S * NS_PER_S;
}

/* Another member than the owner sent from this address. */
static struct fdb_result claim(struct fdb *f, uint16_t i, uint16_t member, bool announced,
			       uint64_t now_ns)
{
	struct entry *e = &f->entries[i];
	bool alive = !is_older(e, now_ns, FDB_CLONE_S) || member == e->loser;
	struct fdb_result result = {.clone_of = alive && !announced ? e->owner : -1};

	if (is_late(e, member, announced, now_ns))
		return (struct fdb_result){.clone_of = -1, .refused = true};
	note_claim(e, member, announced, now_ns);
	if (claim_wins(e, member, now_ns) || (e->claimant == member && is_moved(e, now_ns)))
		result.crowded = move_within_quota(f, i, member, now_ns);
	else
		result.refused = true;
	return result;
}

/*
 * The owner speaks. Return: who claimed the address a short while ago, so that both live; or -1. Again,
 * what it said before it moved may come late.
 */
static int living_claimant(struct entry *e, uint64_t now_ns)
{
	if (e->claimant == NONE)
		return -1;
	if (e->announced && now_ns - e->claim_first_ns < (uint64_t)FDB_CLAIM_APART_S * NS_PER_S)
		return -1;
	if (now_ns - e->claim_last_ns < (uint64_t)FDB_OWNER_SILENT_S * NS_PER_S)
		return e->claimant;
	e->claimant = NONE;
	return -1;
}

struct fdb_result fdb_learn(struct fdb *f, const struct mac *mac, int member, bool announced,
			    uint64_t now_ns)
{
	struct fdb_result result = {.clone_of = -1};
	uint16_t i = lookup(f, mac);

	assert(member >= 0 && (uint32_t)member < f->members_max);
	if (i != NONE && is_older(&f->entries[i], now_ns, FDB_AGE_S)) {
		remove_entry(f, i);
		i = NONE;
	}
	if (i == NONE) {
		result.crowded = insert(f, mac, (uint16_t)member, now_ns);
		return result;
	}
	if (is_moved(&f->entries[i], now_ns))
		move_within_quota(f, i, f->entries[i].claimant, now_ns);
	if (f->entries[i].owner != member)
		return claim(f, i, (uint16_t)member, announced, now_ns);
	result.clone_of = living_claimant(&f->entries[i], now_ns);
	f->entries[i].announced = false;
	touch(f, i, now_ns);
	return result;
}

void fdb_take_back(struct fdb *f, const struct mac *mac, int member)
{
	uint16_t i = lookup(f, mac);

	if (i != NONE && f->entries[i].owner != member)
		remove_entry(f, i);
}

int fdb_find(const struct fdb *f, const struct mac *mac, uint64_t now_ns)
{
	uint16_t i = lookup(f, mac);

	if (i == NONE || is_older(&f->entries[i], now_ns, FDB_AGE_S))
		return -1;
	return owner_of(&f->entries[i], now_ns);
}

void fdb_set_quota(struct fdb *f, int member, uint32_t quota)
{
	struct owner *o = &f->owners[member];

	assert(quota > 0);
	o->quota = (uint16_t)(quota < FDB_ENTRIES_MAX ? quota : FDB_ENTRIES_MAX);
	while (o->count > o->quota)
		remove_entry(f, o->ends.oldest);
}

/* Nobody's claim on an address outlives the claimant: its number may soon be somebody else's. */
static void forget_claims(struct fdb *f, uint16_t member)
{
	for (uint16_t i = f->all.oldest; i != NONE; i = f->entries[i].links[BY_ALL].newer) {
		if (f->entries[i].claimant == member)
			f->entries[i].claimant = NONE;
		if (f->entries[i].loser == member)
			f->entries[i].loser = NONE;
	}
}

void fdb_forget(struct fdb *f, int member)
{
	while (f->owners[member].count > 0)
		remove_entry(f, f->owners[member].ends.oldest);
	forget_claims(f, (uint16_t)member);
}

uint32_t fdb_count(const struct fdb *f, int member)
{
	return f->owners[member].count;
}

void fdb_visit(const struct fdb *f, uint64_t now_ns, fdb_visitor visit, void *context)
{
	for (uint16_t i = f->all.oldest; i != NONE; i = f->entries[i].links[BY_ALL].newer) {
		const struct entry *e = &f->entries[i];
		uint64_t age_ns = now_ns > e->heard_ns ? now_ns - e->heard_ns : 0;

		if (!is_older(e, now_ns, FDB_AGE_S))
			visit(context, &e->mac, owner_of(e, now_ns), age_ns);
	}
}
