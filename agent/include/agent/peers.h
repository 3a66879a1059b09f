/*
 * peers.h - the trust list, carried over into engine, switch and look-ups
 *
 * Layer: agent. The only place that adds, changes and removes the engine's peers.
 *
 * How it works. peers_apply() compares a reading of the trust folder with what is in force and does
 * only the difference, so that no other session is disturbed. A peer's candidate addresses are its
 * last validated one (from `state`, but not of a peer that does not roam) and those that its card's `at`
 * entries are or resolve to; they are handed to the engine whenever one of them changes.
 */
#ifndef AGENT_PEERS_H
#define AGENT_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "agent/config.h"
#include "agent/lan.h"
#include "agent/notes.h"
#include "agent/resolver.h"
#include "agent/state.h"
#include "keys/trust.h"
#include "proto/engine.h"

struct peers;

/** struct peers_links - what the trust list is carried over into; borrowed for the life of peers */
struct peers_links {
	uv_loop_t *loop;
	struct engine *engine;
	struct lan *lan;
	struct state *state;
	struct notes *notes;
	uint32_t peers_max; /* as in the engine's configuration */
};

/** struct peer - one trusted peer; for reading */
struct peer {
	char name[NAME_BYTES]; /* hers here: the stem of her card's file */
	struct public_key key;
	int number; /* the engine's */
	uint16_t vlans[PEER_VLANS_MAX];
	size_t vlan_count;
	struct lookup *lookups[PEER_CANDIDATES_MAX];
	size_t lookup_count;
	bool has_last;
	struct addr last; /* where she was last heard, from `state` */
	uint64_t away_ns; /* since when she was not up, as far as names.h saw; 0: she is up */
	bool is_fixed;    /* she is at an address of her card or nowhere: `roam = no` */
	uint64_t
		refusals; /* datagrams that the kernel or her host refused, of the tries now going on */
	uint64_t refused_ns; /* when the last of them was */
	int refused_error;   /* and why: a positive errno */
};

/** peers_new() - Return: 0, or -ENOMEM */
int peers_new(struct peers **out, const struct peers_links *links);

/**
 * struct peers_reading - what to make effective
 * @before, @after:	two readings of the trust folder; of a file with a mistake @after holds the last
 *			good state
 * @config:		for vlans and limits
 */
struct peers_reading {
	const struct trust *before;
	const struct trust *after;
	const struct config *config;
};

/**
 * peers_apply() - Carry the difference between two readings over
 *
 * What cannot be done (a vlan that is not in agent.conf, too many peers) becomes a note.
 * Return: true if `state` is to be saved
 */
bool peers_apply(struct peers *p, const struct peers_reading *reading, uint64_t now_ns);

/** peers_get() - By the engine's number. Return: the peer until the next apply, or NULL */
struct peer *peers_get(const struct peers *p, int number);

/** peers_find() - By name. Return: likewise */
struct peer *peers_find(const struct peers *p, const char *name);

/** peers_next() - In order of names: the one after @previous, NULL for the first. Return: likewise */
struct peer *peers_next(const struct peers *p, const struct peer *previous);

/** peers_name() - For sentences. Return: its name, or "nobody" */
const char *peers_name(const struct peers *p, int number);

/** peers_moved() - Its validated address changed. Return: true if `state` is to be saved */
bool peers_moved(struct peers *p, int number);

/** peers_unreached() - A handshake try was not answered: look names up again, in time */
void peers_unreached(struct peers *p, int number, uint64_t now_ns);

/** peers_network_changed() - Look all names up again, in time */
void peers_network_changed(struct peers *p, uint64_t now_ns);

/** peers_free() - Let go of everything; the engine's peers stay as they are */
void peers_free(struct peers *p);

#endif
