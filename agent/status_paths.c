/*
 * status_paths.c - the part of status that lists a peer's paths; see status.h
 */
#include "agent/peers.h"
#include "agent/status.h"
#include "proto/engine.h"

static const double NS_PER_MS = 1e6;

static const char *const KINDS[] = {[PATH_DIRECT] = "direct"};

static const char *const STATES[] = {
	[PATH_ACTIVE] = "active",
	[PATH_STANDBY] = "standby",
	[PATH_PROBING] = "probing",
	[PATH_FAILED] = "failed",
};

static const char *const WHYS[] = {
	[PATH_WHY_ONLY] = "only",
	[PATH_WHY_FASTEST] = "fastest",
	[PATH_WHY_STEADY] = "steady",
	[PATH_WHY_OTHERS_FAILED] = "others_failed",
	[PATH_WHY_PEER_MOVED] = "peer_moved",
	[PATH_WHY_SLOWER] = "slower",
	[PATH_WHY_UNTRIED] = "untried",
	[PATH_WHY_SILENT] = "silent",
	[PATH_WHY_UNREACHABLE] = "unreachable",
	[PATH_WHY_REFUSED] = "refused",
};
_Static_assert(sizeof(WHYS) / sizeof(WHYS[0]) == PATH_WHY_COUNT, "every reason has a name");

static const char *const SOURCES[] = {
	[PATH_FROM_CANDIDATES] = "card",
	[PATH_FROM_HELLO] = "hello",
	[PATH_FROM_HEARD] = "heard",
};

static json_t *addr_or_null(const struct addr *a)
{
	char text[ADDR_TEXT_BYTES];

	return addr_is_set(a) ? json_string(addr_format(a, text)) : json_null();
}

/* A candidate is from the card, but for the one that `state` remembers. */
static const char *source_of(const struct peer *peer, const struct path_info *path)
{
	if (path->source != PATH_FROM_CANDIDATES || !peer->has_last ||
	    !addr_equal(&peer->last, &path->remote))
		return SOURCES[path->source];
	for (size_t i = 0; i < peer->lookup_count; i++)
		for (size_t j = 0; j < peer->lookups[i]->count; j++)
			if (addr_equal(&peer->lookups[i]->addrs[j], &path->remote))
				return SOURCES[path->source];
	return "state";
}

static json_t *path_of(const struct peer *peer, const struct path_info *path)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:I, s:s, s:s}", "kind", KINDS[path->kind],
			 "endpoint", addr_or_null(&path->remote), "local",
			 addr_or_null(&path->local), "state", STATES[path->state], "rtt_ms",
			 path->rtt_ns ? json_real((double)path->rtt_ns / NS_PER_MS) : json_null(),
			 "mtu_bytes", (json_int_t)path->mtu_bytes, "why", WHYS[path->why], "source",
			 source_of(peer, path));
}

json_t *status_paths(const struct agent *a, const struct peer *peer)
{
	struct path_info paths[PEER_PATHS_MAX];
	size_t count = engine_peer_paths(a->engine, peer->number, paths);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, path_of(peer, &paths[i]));
	return list;
}
