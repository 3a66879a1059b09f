/*
 * state.h - the `state` file: what a restarted agent must still know
 *
 * Layer: agent. One JSON object, mode 0600, in the first folder of $STATE_DIRECTORY if that is set,
 * else in the agent's folder:
 *
 *	{"timestamp_ceiling_ns": N, "peers": {"lw1...": "192.0.2.1:19543", ...}}
 *
 * It is written under another name and renamed, so a reader (and a crash) sees the old or the new
 * one. It may be deleted while the agent is stopped: peers behind NAT are then reached when they
 * notice, and a clock that goes back locks us out until it has caught up.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/config.h"
#include "common/addr.h"
#include "common/error.h"
#include "keytypes/key.h"

enum {
	STATE_PEERS_MAX = 4096 /* as many as an engine can hold */
};

/** struct state_peer - where a peer was when last heard */
struct state_peer {
	struct public_key key;
	struct addr addr;
};

/** struct state - the file as values; the list is on the heap and grows with use */
struct state {
	char path[CONFIG_PATH_BYTES];
	uint64_t
		timestamp_ceiling_ns; /* no initiation may carry this or an earlier one; 0: no limit */
	struct state_peer *peers;
	size_t count;
	size_t capacity;
};

/** state_path() - Where a file of that name is that a restarted agent must find. @folder: the agent's. Return:
 * 0, or -ENAMETOOLONG with @err */
int state_path(const char *folder, const char *name, char out[CONFIG_PATH_BYTES],
	       struct error *err);

/**
 * state_load() - Read the file
 * @s:		filled and usable in every case; empty when there is no file or it is damaged
 * @folder:	absolute path of the agent's folder
 *
 * Return: 0, also without a file; a negative errno with @err when what is there cannot be used
 */
int state_load(struct state *s, const char *folder, struct error *err);

/** state_remember() - A peer was heard there. Return: true if that is news, false if not or full */
bool state_remember(struct state *s, const struct public_key *key, const struct addr *addr);

/** state_forget() - The peer is gone. Return: true if it was known */
bool state_forget(struct state *s, const struct public_key *key);

/** state_find() - Return: its last address, until the next change; or NULL */
const struct addr *state_find(const struct state *s, const struct public_key *key);

/** state_text() - What the file is to hold. Return: heap memory for free(); NULL without memory */
char *state_text(const struct state *s);

/**
 * state_write_text() - Write the file: blocks on the disk
 * @s:		only its path is read, so another thread may call this
 * @text:	of state_text(), NULL too
 *
 * Return: 0 when it is on disk; a negative errno with @err
 */
int state_write_text(const struct state *s, const char *text, struct error *err);

/** state_fini() - Free the list */
void state_fini(struct state *s);

#endif
