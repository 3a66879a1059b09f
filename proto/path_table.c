/*
 * path_table.c - see path_table.h
 */
#include "path_table.h"

#include "keep.h"

void path_init(struct peer *p)
{
	p->paths =
		(struct peer_paths){.active = PATH_NONE, .lead = PATH_NONE, .check_ns = HEAP_NEVER};
}

static bool is_candidate(const struct peer *p, const struct addr *a)
{
	for (size_t i = 0; i < p->candidate_count; i++)
		if (addr_equal(&p->candidates[i], a))
			return true;
	return false;
}

/* Addresses that its hello named and that count. */
static size_t hello_count(const struct peer *p)
{
	return p->is_fixed ? 0 : p->hello.local_count;
}

static bool is_in_hello(const struct peer *p, const struct addr *a)
{
	for (size_t i = 0; i < hello_count(p); i++) {
		struct addr named = hello_addr(&p->hello.local[i]);

		if (addr_equal(&named, a))
			return true;
	}
	return false;
}

static const struct path *find(const struct peer *p, const struct addr *remote)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		if (path_is_used(&p->paths.list[i]) && addr_equal(&p->paths.list[i].remote, remote))
			return &p->paths.list[i];
	return NULL;
}

struct path *path_find(struct peer *p, const struct addr *remote)
{
	return (struct path *)find(p, remote);
}

bool path_may_be(const struct peer *p, const struct addr *a)
{
	const struct path *path = find(p, a);

	if (path && path->why == PATH_WHY_REFUSED)
		return false;
	return !p->is_fixed || is_candidate(p, a);
}

bool path_has_target(const struct peer *p)
{
	return peer_path(p) || p->candidate_count || hello_count(p);
}

static size_t add_once(const struct peer *p, struct route *list, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&list[i].remote, a))
			return count;
	if (!path_may_be(p, a))
		return count;
	list[count] = (struct route){.remote = *a};
	return count + 1;
}

size_t path_targets(const struct peer *p, bool all, struct route out[PATH_TARGETS_MAX])
{
	const struct path *active = peer_path(p);
	size_t count = 0;

	if (active)
		out[count++] = (struct route){active->remote, active->local};
	if (count && !all)
		return count;
	for (size_t i = 0; i < p->candidate_count; i++)
		count = add_once(p, out, count, &p->candidates[i]);
	for (size_t i = 0; i < hello_count(p); i++) {
		struct addr named = hello_addr(&p->hello.local[i]);

		count = add_once(p, out, count, &named);
	}
	return count;
}

void path_forget(struct peer *p, struct path *path)
{
	if (p->paths.lead == path_index(p, path))
		p->paths.lead = PATH_NONE;
	keep_forgotten(p, path_index(p, path));
	*path = (struct path){0};
}

/* How much is lost with it: only what is not less than what it makes way for may have its place. */
enum worth {
	WORTH_FREE,
	WORTH_FAILED,
	WORTH_NAMED, /* by a hello alone, and did not answer yet */
	WORTH_UNTRIED,
	WORTH_ANSWERED,
	WORTH_ALL, /* is used, or must be remembered */
};

static enum worth worth_of(const struct path *path)
{
	if (!path_is_used(path))
		return WORTH_FREE;
	if (path->state == PATH_ACTIVE || path->why == PATH_WHY_REFUSED)
		return WORTH_ALL;
	if (path->state == PATH_FAILED)
		return WORTH_FAILED;
	if (path->state == PATH_STANDBY)
		return WORTH_ANSWERED;
	return path->source == PATH_FROM_HELLO ? WORTH_NAMED : WORTH_UNTRIED;
}

static enum worth worth_of_new(enum path_source source)
{
	if (source == PATH_FROM_HEARD)
		return WORTH_ALL; /* the peer may be nowhere else any more */
	return source == PATH_FROM_CANDIDATES ? WORTH_UNTRIED : WORTH_NAMED;
}

struct path *path_learn(struct peer *p, const struct addr *remote, enum path_source source)
{
	struct path *path = path_find(p, remote), *least = &p->paths.list[0];

	if (path) {
		if (source < path->source)
			path->source = source & 3u;
		return path;
	}
	for (size_t i = 1; i < PEER_PATHS_MAX; i++)
		if (worth_of(&p->paths.list[i]) < worth_of(least))
			least = &p->paths.list[i];
	if (worth_of(least) >= worth_of_new(source))
		return NULL;
	path_forget(p, least);
	*least = (struct path){.remote = *remote,
			       .next_ns = HEAP_NEVER,
			       .mtu_bytes = DATAGRAM_BASE_BYTES,
			       .state = PATH_PROBING,
			       .why = PATH_WHY_UNTRIED,
			       .source = source & 3u};
	keep_learned(p, path_index(p, least));
	return least;
}

/* Is it where its source still says that the peer may be? */
static bool is_current(const struct peer *p, const struct path *path)
{
	if (p->is_fixed)
		return is_candidate(p, &path->remote);
	if (path->source == PATH_FROM_HEARD && path->state != PATH_FAILED)
		return true;
	return is_candidate(p, &path->remote) || is_in_hello(p, &path->remote) ||
	       path->why == PATH_WHY_REFUSED;
}

void path_sync(struct peer *p)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths.list[i];

		if (path_is_used(path) && path->state != PATH_ACTIVE && !is_current(p, path))
			path_forget(p, path);
	}
	for (size_t i = 0; i < p->candidate_count; i++)
		path_learn(p, &p->candidates[i], PATH_FROM_CANDIDATES);
	for (size_t i = 0; i < hello_count(p); i++) {
		struct addr named = hello_addr(&p->hello.local[i]);

		path_learn(p, &named, PATH_FROM_HELLO);
	}
}
