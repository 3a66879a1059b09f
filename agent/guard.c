/*
 * guard.c - see guard.h
 */
#include "agent/guard.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ipdb.h"

enum {
	NS_PER_S = 1000000000,
	NS_PER_MS = 1000000,
	TWIN_ALIVE_S = 30, /* heard so lately, a user of the address is no former one */
};

struct guard {
	struct ipdb *ips;
	bool *is_peer; /* by member */
	uint32_t members_max;
	struct twins twins;
};

static const enum drop REASONS[] = {
	[GUARD_DHCP] = DROP_GUARD_DHCP,
	[GUARD_RA] = DROP_GUARD_RA,
	[GUARD_BPDU] = DROP_GUARD_BPDU,
	[GUARD_ARP] = DROP_GUARD_ARP,
};
_Static_assert(sizeof(REASONS) / sizeof(REASONS[0]) == GUARD_KINDS, "each kind has a reason");

enum drop guard_drop(enum guard_kind kind)
{
	return REASONS[kind];
}

enum guard_kind guard_kind_of(enum drop reason)
{
	enum guard_kind kind = 0;

	while (kind < GUARD_KINDS && REASONS[kind] != reason)
		kind++;
	return kind;
}

struct guard *guard_new(const struct hash_key *key, uint32_t members_max)
{
	struct guard *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->members_max = members_max;
	g->ips = ipdb_new(key, members_max);
	g->is_peer = calloc(members_max, sizeof(*g->is_peer));
	if (!g->ips || !g->is_peer) {
		guard_free(g);
		return NULL;
	}
	return g;
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	ipdb_free(g->ips);
	free(g->is_peer);
	free(g);
}

void guard_join(struct guard *g, int member, bool is_peer)
{
	assert(member >= 0 && (uint32_t)member < g->members_max);
	g->is_peer[member] = is_peer;
	ipdb_set_quota(g->ips, member, is_peer ? GUARD_PEER_QUOTA : GUARD_PORT_QUOTA);
}

void guard_forget(struct guard *g, int member)
{
	ipdb_forget(g->ips, member);
	twins_forget(&g->twins, member);
}

/* Two machines with one address, if the one that is known still lives. */
static void note_twin(struct guard *g, int member, const struct inspect *what,
		      const struct ip_user *known, uint64_t now_ns)
{
	struct twin twin = {.kind = TWIN_IP, .ip = what->ip};

	if (known->age_ns >= (uint64_t)TWIN_ALIVE_S * NS_PER_S)
		return;
	twin.places[0] = (struct twin_place){known->mac, known->member};
	twin.places[1] = (struct twin_place){what->source, member};
	twins_note(&g->twins, &twin, now_ns);
}

/* Does another MAC behind another member use the address that is claimed? */
static bool is_taken(struct guard *g, int member, const struct inspect *what, uint64_t now_ns)
{
	struct ip_user known;

	if (what->role != IP_CLAIMED || !ipdb_find(g->ips, &what->ip, now_ns, &known) ||
	    known.member == member || mac_equal(&known.mac, &what->source))
		return false;
	note_twin(g, member, what, &known, now_ns);
	return true;
}

enum drop guard_judge(struct guard *g, int member, const struct inspect *what, unsigned allowed,
		      uint64_t now_ns)
{
	if (what->dhcp_reply && !(allowed & guard_bit(GUARD_DHCP)))
		return DROP_GUARD_DHCP;
	if (what->ra && !(allowed & guard_bit(GUARD_RA)))
		return DROP_GUARD_RA;
	if (what->bpdu && !(allowed & guard_bit(GUARD_BPDU)))
		return DROP_GUARD_BPDU;
	if (allowed & guard_bit(GUARD_ARP))
		return DROP_NONE;
	if (what->contradicts || is_taken(g, member, what, now_ns))
		return DROP_GUARD_ARP;
	return DROP_NONE;
}

/* Heard so lately that there is nothing to write down? So it is with nearly all frames. */
static bool is_fresh(const struct ip_user *known)
{
	return known->age_ns < (uint64_t)IPDB_REFRESH_MS * NS_PER_MS;
}

/* A packet's source alone moves no address from one MAC to another: routers send those of others. */
static void learn_ip(struct guard *g, int member, const struct inspect *what, uint64_t now_ns)
{
	const struct ip_user by = {.mac = what->source, .member = member};
	struct ip_user known;
	bool is_known;

	if (what->role == IP_NONE || what->contradicts)
		return;
	is_known = ipdb_find(g->ips, &what->ip, now_ns, &known);
	if (is_known && !mac_equal(&known.mac, &by.mac)) {
		if (what->role == IP_USED)
			return;
		note_twin(g, member, what, &known, now_ns);
	} else if (is_known && known.member == member && is_fresh(&known)) {
		return;
	}
	ipdb_set(g->ips, &what->ip, &by, now_ns);
}

void guard_learn(struct guard *g, int member, const struct inspect *what, uint64_t now_ns)
{
	const struct twin_place place = {what->source, member};

	learn_ip(g, member, what, now_ns);
	if (what->client_id.len > 0)
		twins_hear_client(&g->twins, &what->client_id, &place, now_ns);
}

size_t guard_twins(const struct guard *g, uint64_t now_ns, struct twin *out, size_t max)
{
	return twins_list(&g->twins, now_ns, out, max);
}
