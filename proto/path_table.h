/*
 * path_table.h - the addresses of a peer that are worth a probe
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 7.2, 7.4.
 *
 * Fixed room (PEER_PATHS_MAX); whoever is known from the peer's candidates or its hello has a place as long
 * as it is, as far as there is room, and an address that authentic data came from is given one.
 */
#ifndef PROTO_PATH_TABLE_H
#define PROTO_PATH_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine_state.h"

enum {
	PATH_TARGETS_MAX = 2 * PEER_CANDIDATES_MAX + 1 /* candidates, from hello, the endpoint */
};

/** path_init() - No path is known */
void path_init(struct peer *p);

/**
 * path_may_be() - May the peer be sent to there?
 *
 * Anywhere but where it was refused; a fixed one at its candidates only.
 */
bool path_may_be(const struct peer *p, const struct addr *a);

/** path_has_target() - Is any address of the peer known? */
bool path_has_target(const struct peer *p);

/**
 * path_targets() - Where an initiation goes, each address once
 * @all:	every address known; else the endpoint, if there is one
 *
 * Return: how many of @out are filled
 */
size_t path_targets(const struct peer *p, bool all, struct route out[PATH_TARGETS_MAX]);

/** path_find() - Return: the path to that address, or NULL */
struct path *path_find(struct peer *p, const struct addr *remote);

/**
 * path_learn() - Find it, or make it
 *
 * One that is made takes the place of the least useful one if all are taken; the active one stays, and what
 * only a hello named never takes the place of one that answered. Return: it, or NULL if there is no room
 */
struct path *path_learn(struct peer *p, const struct addr *remote, enum path_source source);

/** path_forget() - Free its place; it is not the active one */
void path_forget(struct peer *p, struct path *path);

/** path_sync() - The candidates or the hello changed: what they name is in the table, as far as it fits */
void path_sync(struct peer *p);

/** path_active() - Return: the active path, or NULL */
static inline struct path *path_active(struct peer *p)
{
	return p->paths.active == PATH_NONE ? NULL : &p->paths.list[p->paths.active];
}

/** path_index() - Its place in the table */
static inline int8_t path_index(const struct peer *p, const struct path *path)
{
	return (int8_t)(path - p->paths.list);
}

/** path_is_used() - Is there a path in that place? */
static inline bool path_is_used(const struct path *path)
{
	return addr_is_set(&path->remote);
}

/** path_set_state() - @why goes with it */
static inline void path_set_state(struct path *path, enum path_state state, enum path_why why)
{
	path->state = state & 3u;
	path->why = why & 15u;
}

#endif
