/*
 * guard.h - may a frame of a peer enter this vlan?
 *
 * Layer: agent. Pure: no I/O, no clock, no libuv; allocates in guard_new() only.
 *
 * How it works. What a frame means is read once (inspect.h). guard_judge() then refuses, of a peer's
 * frame, what only the one who runs a LAN should say: DHCP answers, router advertisements, spanning
 * tree; and ARP or neighbour discovery that lies: about its own source MAC, or about an address that
 * another MAC behind another member used within IPDB_USED_S. What it lets pass and the switch takes is
 * shown to guard_learn(), local ports' frames too; these are never judged, and win. So a MAC that the
 * switch lets move takes its addresses along: whoever the switch believes to be that MAC uses them.
 */
#ifndef AGENT_GUARD_H
#define AGENT_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/inspect.h"
#include "agent/twins.h"
#include "common/keyed_hash.h"
#include "proto/drop.h"

enum {
	GUARD_PORT_QUOTA = 2048, /* IP addresses known behind a port */
	GUARD_PEER_QUOTA = 256,  /* and behind a peer: four for each of its MACs */
};

/** enum guard_kind - what is kept out, each with a word for `allow` */
enum guard_kind {
	GUARD_DHCP,
	GUARD_RA,
	GUARD_BPDU,
	GUARD_ARP,
	GUARD_KINDS
};

/** guard_bit() - For a set of kinds */
static inline unsigned guard_bit(enum guard_kind kind)
{
	return 1U << kind;
}

/** guard_drop() - The reason that is counted where @kind was stopped */
enum drop guard_drop(enum guard_kind kind);

/** guard_kind_of() - Return: the kind that @reason is counted for, or GUARD_KINDS */
enum guard_kind guard_kind_of(enum drop reason);

struct guard;

/** guard_new() - As switch_new(). Return: a guard that knows no address, or NULL without memory */
struct guard *guard_new(const struct hash_key *key, uint32_t members_max);

void guard_free(struct guard *g);

/** guard_join() - @member sends frames from now on; may be repeated */
void guard_join(struct guard *g, int member, bool is_peer);

/** guard_forget() - What was learned behind @member goes */
void guard_forget(struct guard *g, int member);

/**
 * guard_judge() - May a peer's frame enter?
 * @what:	of the frame
 * @allowed:	set of kinds that this peer may send
 *
 * Return: DROP_NONE, or why not
 */
enum drop guard_judge(struct guard *g, int member, const struct inspect *what, unsigned allowed,
		      uint64_t now_ns);

/** guard_learn() - The switch took a frame of @member: its addresses are used there */
void guard_learn(struct guard *g, int member, const struct inspect *what, uint64_t now_ns);

/** guard_twins() - Identities with two MACs lately. Return: how many, at most @max */
size_t guard_twins(const struct guard *g, uint64_t now_ns, struct twin *out, size_t max);

#endif
