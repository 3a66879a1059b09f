/*
 * path_status.c - what the caller is told of paths, and tells about them
 *
 * Layer: proto (sans-IO). See proto/engine.h.
 */
#include <errno.h>

#include "path.h"
#include "path_probe.h"
#include "path_size.h"
#include "timers.h"

/* Is another one as good as it? */
static enum path_why why_active(const struct peer *p, const struct path *active)
{
	enum path_why why = PATH_WHY_ONLY;

	if (active->why == PATH_WHY_PEER_MOVED || active->why == PATH_WHY_OTHERS_FAILED)
		return (enum path_why)active->why;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		const struct path *path = &p->paths.list[i];

		if (!path_is_used(path) || path->state != PATH_STANDBY)
			continue;
		if (path->rtt_ns && path->rtt_ns < active->rtt_ns)
			return PATH_WHY_STEADY;
		why = PATH_WHY_FASTEST;
	}
	return why;
}

static struct path_info describe(const struct peer *p, const struct path *path)
{
	bool is_active = path->state == PATH_ACTIVE;

	return (struct path_info){.kind = PATH_DIRECT,
				  .state = (enum path_state)path->state,
				  .why = is_active ? why_active(p, path) : (enum path_why)path->why,
				  .source = (enum path_source)path->source,
				  .remote = path->remote,
				  .local = path->local,
				  .rtt_ns = path->rtt_ns,
				  .mtu_bytes = path->mtu_bytes};
}

size_t engine_peer_paths(const struct engine *e, int peer, struct path_info out[PEER_PATHS_MAX])
{
	const struct peer *p = peer_by_number(e, peer);
	size_t count = 0;

	if (!p)
		return 0;
	if (peer_path(p))
		out[count++] = describe(p, peer_path(p));
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		if (path_is_used(&p->paths.list[i]) && &p->paths.list[i] != peer_path(p))
			out[count++] = describe(p, &p->paths.list[i]);
	return count;
}

uint32_t engine_peer_mtu(const struct engine *e, int peer)
{
	const struct peer *p = peer_by_number(e, peer);

	if (!p)
		return 0;
	return peer_path(p) ? peer_path(p)->mtu_bytes : DATAGRAM_BASE_BYTES;
}

void engine_path_refuse(struct engine *e, int peer, const struct addr *remote, uint64_t now_ns)
{
	struct peer *p = peer_by_number(e, peer);
	struct path *path = p ? path_learn(p, remote, PATH_FROM_HEARD) : NULL;

	if (!path)
		return;
	path->planned = 0;
	path->next_ns = HEAP_NEVER;
	path_set_state(path, PATH_FAILED, PATH_WHY_REFUSED);
	path_hold(e, p, now_ns);
}

/* The kernel has no way to there, or not from the address that it was to leave by. */
static void take_unreachable(struct engine *e, struct peer *p, struct path *path, uint64_t now_ns)
{
	path->local = (struct addr){0};
	if (path == path_active(p)) {
		if (!p->paths.is_suspect && p->current != SLOT_NONE) {
			path_suspect(e, p, now_ns);
			timers_wake_by(e, p, now_ns); /* it is not open any more: keep.h */
		}
		return;
	}
	path->planned = 0;
	path->next_ns = HEAP_NEVER;
	path_set_state(path, PATH_FAILED, PATH_WHY_UNREACHABLE);
}

void engine_send_failed(struct engine *e, const struct datagram *d, int error, uint64_t now_ns)
{
	struct peer *p = peer_by_number(e, d->peer);
	struct path *path = p ? path_find(p, &d->to) : NULL;

	if (!path || path->why == PATH_WHY_REFUSED)
		return;
	if (error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN ||
	    error == EADDRNOTAVAIL || error == EINVAL)
		take_unreachable(e, p, path, now_ns);
	else if (error == EMSGSIZE && path == path_active(p) && p->current != SLOT_NONE)
		path_size_refused(e, p, d->len, now_ns);
}
