/*
 * ipdb.h - which IP address is used by which MAC, behind which member of a vlan
 *
 * Layer: agent. Pure: no I/O, no clock; allocates in ipdb_new() only.
 *
 * How it works. A fixed pool of entries, found by a keyed hash, and per owner a list in order of
 * "last heard". An entry lives while it is heard; one that is IPDB_USED_S old counts no more and is
 * swept away, two places of the pool with every insertion. An entry is only ever pushed out by its own
 * owner's: who invents addresses forgets his own and nobody else's.
 */
#ifndef AGENT_IPDB_H
#define AGENT_IPDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/inspect.h"
#include "common/ether.h"
#include "common/keyed_hash.h"

enum {
	IPDB_ENTRIES_MAX = 8192,
	IPDB_REFRESH_MS = 100, /* so much older may be what is known as "last heard" */
	IPDB_USED_S = 60, /* an address unheard for so long is free for others; DESIGN: guards */
};

struct ipdb;

/** ipdb_new() - As fdb_new(). Return: an empty table, or NULL without memory */
struct ipdb *ipdb_new(const struct hash_key *key, uint32_t members_max);

void ipdb_free(struct ipdb *d);

/** ipdb_set_quota() - How many addresses @member may own, 1 or more */
void ipdb_set_quota(struct ipdb *d, int member, uint32_t quota);

/** struct ip_user - who uses an address, and how long ago it was last heard */
struct ip_user {
	struct mac mac;
	int member;
	uint64_t age_ns;
};

/** ipdb_find() - Who used @ip within IPDB_USED_S. Return: false with nobody */
bool ipdb_find(const struct ipdb *d, const struct ip_key *ip, uint64_t now_ns, struct ip_user *out);

/** ipdb_set() - @by uses @ip now, whoever did before; @by->age_ns is not looked at */
void ipdb_set(struct ipdb *d, const struct ip_key *ip, const struct ip_user *by, uint64_t now_ns);

/** ipdb_forget() - All addresses of @member: its port closed or its session died */
void ipdb_forget(struct ipdb *d, int member);

/** ipdb_count() - Addresses that @member owns, old ones included */
uint32_t ipdb_count(const struct ipdb *d, int member);

#endif
