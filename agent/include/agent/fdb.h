/*
 * fdb.h - forwarding database: which MAC is behind which member of a vlan
 *
 * Layer: agent. Pure: no I/O, no clock, no libuv; allocates in fdb_new() only.
 *
 * How it works. A fixed pool of entries, found by a keyed hash, each owned by the member where the
 * address was heard. Two lists in order of "last heard" run through it: one over all entries, which
 * finds what is too old, and one per owner, which finds what goes when an owner has too many. An
 * entry is only ever pushed out by its own owner's: one member that invents addresses forgets its
 * own and nobody else's.
 *
 * Whose MAC it is. Another member that sends from an owned address makes a claim. It wins after the
 * owner was silent for long and the claimant spoke twice. A RARP announcement (what QEMU sends after a
 * migration, within a second and never again) is remembered: it wins when the owner has been silent for
 * a few seconds, unless the owner speaks before. An owner that lost its address in either way regains it
 * when it speaks again.
 */
#ifndef AGENT_FDB_H
#define AGENT_FDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ether.h"
#include "common/keyed_hash.h"

enum {
	FDB_ENTRIES_MAX = 4096,
	FDB_AGE_S = 300,            /* IEEE 802.1D's ageing time */
	FDB_OWNER_SILENT_S = 30,    /* an owner unheard for so long may lose its address */
	FDB_CLAIM_APART_S = 1,      /* to a claimant that spoke twice, so far apart */
	FDB_REFRESH_MS = 100,       /* so much older may be what is known as "last heard" */
	FDB_ANNOUNCED_SILENT_S = 3, /* or to one that announces itself by RARP */
	FDB_CLONE_S = 5, /* heard in two places within so long: two machines, not one that moved */
};
_Static_assert(FDB_OWNER_SILENT_S < FDB_AGE_S, "an entry must outlive its owner's silence");
_Static_assert(FDB_CLONE_S < FDB_OWNER_SILENT_S, "what can be moved is no clone");

struct fdb;

/**
 * fdb_new() - An empty table
 * @key:	random, secret
 * @members_max: members are numbered 0 to this - 1; at most 65,534
 *
 * Return: the table, or NULL without memory. Pages that are never used are never touched
 */
struct fdb *fdb_new(const struct hash_key *key, uint32_t members_max);

void fdb_free(struct fdb *f);

/** fdb_set_quota() - How many addresses @member may own, 1 or more; what is too many goes now */
void fdb_set_quota(struct fdb *f, int member, uint32_t quota);

/**
 * struct fdb_result - what learning said
 * @refused:	the address belongs to another member that is alive: drop the frame
 * @crowded:	over the quota, or the table is full: an address of this member was forgotten, or this
 *		one not learned
 * @clone_of:	another member where the same address is alive, or -1
 */
struct fdb_result {
	bool refused;
	bool crowded;
	int clone_of;
};

/**
 * fdb_learn() - @member sent a frame from @mac
 * @announced:	the frame is a RARP announcement
 */
struct fdb_result fdb_learn(struct fdb *f, const struct mac *mac, int member, bool announced,
			    uint64_t now_ns);

/** fdb_take_back() - Forget @mac if it is behind another member than @member */
void fdb_take_back(struct fdb *f, const struct mac *mac, int member);

/** fdb_find() - Return: the member that owns @mac now, or -1 */
int fdb_find(const struct fdb *f, const struct mac *mac, uint64_t now_ns);

/** fdb_forget() - All addresses of @member: its port closed or its session died */
void fdb_forget(struct fdb *f, int member);

/** fdb_count() - Addresses that @member owns, old ones included */
uint32_t fdb_count(const struct fdb *f, int member);

/** typedef fdb_visitor - One learned address and how long ago it was last heard */
typedef void (*fdb_visitor)(void *context, const struct mac *mac, int member, uint64_t age_ns);

/** fdb_visit() - Call @visit for every address that is not too old */
void fdb_visit(const struct fdb *f, uint64_t now_ns, fdb_visitor visit, void *context);

#endif
