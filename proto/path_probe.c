/*
 * path_probe.c - see path_probe.h
 */
#include "path_probe.h"

#include <string.h>

#include "events.h"
#include "outbox.h"
#include "path.h"
#include "path_size.h"
#include "session.h"
#include "timers.h"

enum {
	TOKEN_COUNT_AT = TOKEN_BYTES - 1 /* of a token's byte that counts */
};

bool path_is_busy(const struct peer *p, uint64_t now_ns)
{
	return p->paths.used_ns && age_of(p->paths.used_ns, now_ns) < PATH_BUSY_NS;
}

/* The token of the next probe of a path: PROTOCOL.md 7.5. */
static void next_token(struct engine *e, struct path *path, uint64_t now_ns)
{
	bool is_fresh = path->since_ns && age_of(path->since_ns, now_ns) < PATH_TOKEN_NS &&
			path->token[TOKEN_COUNT_AT] < UINT8_MAX;

	if (is_fresh) {
		path->token[TOKEN_COUNT_AT]++;
		return;
	}
	e->random(e->random_context, path->token, TOKEN_BYTES);
	path->token[TOKEN_COUNT_AT] = 0;
	path->since_ns = now_ns ? now_ns : 1;
}

bool path_probe(struct engine *e, struct peer *p, struct path *path, const struct addr *local,
		uint64_t now_ns)
{
	const struct route to = {path->remote, local ? *local : path->local};
	const struct probe probe = {.route = &to,
				    .token = path->token,
				    .asks = path == path_active(p) || !path_active(p)};

	if (!path_may_be(p, &path->remote))
		return false;
	next_token(e, path, now_ns);
	path->sent_ns = now_ns;
	return outbox_probe(e, p, &probe, now_ns) == DROP_NONE;
}

void path_plan(struct engine *e, struct peer *p, struct path *path, unsigned count, uint64_t now_ns)
{
	path->planned = count & 31u;
	path->answered = false;
	path->next_ns = now_ns;
	if (path->state == PATH_FAILED)
		path_set_state(path, PATH_PROBING, (enum path_why)path->why);
	timers_wake_by(e, p, now_ns);
}

/* Did not answer, and waits for the next reason. (An answer may still come, and counts.) */
static void fail(struct path *path)
{
	path->faster = 0;
	if (path->state != PATH_ACTIVE)
		path_set_state(path, PATH_FAILED, PATH_WHY_SILENT);
}

void path_plan_stop(struct peer *p)
{
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths.list[i];

		if (!path_is_used(path) || path->next_ns == HEAP_NEVER)
			continue;
		path->planned = 0;
		path->next_ns = HEAP_NEVER;
		if (path->state == PATH_PROBING)
			fail(path);
	}
}

void path_round(struct engine *e, struct peer *p, bool all, uint64_t now_ns)
{
	size_t count = 0;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		count += path_is_used(&p->paths.list[i]);
	if (count < 2)
		return;
	p->paths.round_ns = now_ns ? now_ns : 1;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths.list[i];

		if (path_is_used(path) && path->why != PATH_WHY_REFUSED &&
		    path->next_ns == HEAP_NEVER && (all || path->state != PATH_FAILED))
			path_plan(e, p, path, PATH_ROUND_PROBES, now_ns);
	}
}

void path_probe_new(struct engine *e, struct peer *p, uint64_t now_ns)
{
	if (p->current == SLOT_NONE)
		return;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths.list[i];

		if (path_is_used(path) && path->state == PATH_PROBING && !path->since_ns &&
		    path->next_ns == HEAP_NEVER)
			path_plan(e, p, path, PATH_ROUND_PROBES, now_ns);
	}
}

/* The next of those that are planned for a path, or the verdict. */
static void plan_due(struct engine *e, struct peer *p, struct path *path, uint64_t now_ns)
{
	if (path->planned) {
		if (outbox_room(e) == 0)
			return;
		path->planned--;
		path->next_ns = now_ns + (path->planned ? PATH_PROBE_GAP_NS : PATH_VERDICT_NS);
		path_probe(e, p, path, NULL, now_ns);
		return;
	}
	path->next_ns = HEAP_NEVER;
	if (!path->answered)
		fail(path);
}

/* ---- the active one ---- */

void path_used(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_paths *t = &p->paths;

	t->used_ns = now_ns ? now_ns : 1;
	path_size_used(e, p, now_ns);
	if (t->check_ns != HEAP_NEVER)
		return;
	t->check_ns = now_ns + PATH_CHECK_NS;
	timers_wake_by(e, p, t->check_ns);
}

/* How long an answer may take before the next challenge goes. */
static uint64_t patience_ns(const struct path *path)
{
	uint64_t patience = 2 * (uint64_t)path->rtt_ns;

	if (patience < PATH_PATIENCE_MIN_NS)
		return PATH_PATIENCE_MIN_NS;
	return patience < PATH_PATIENCE_MAX_NS ? patience : PATH_PATIENCE_MAX_NS;
}

static void challenge(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_paths *t = &p->paths;

	if (!path_probe(e, p, path_active(p), NULL, now_ns)) {
		t->check_ns = now_ns + PATH_CHECK_NS;
		return;
	}
	t->challenged_ns = now_ns ? now_ns : 1;
	t->check_ns = now_ns + patience_ns(path_active(p));
}

void path_doubt(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_paths *t = &p->paths;

	if (!path_active(p) || t->is_suspect)
		return;
	if (t->lost < PATH_LOST_MAX - 1)
		t->lost = PATH_LOST_MAX - 1;
	if (t->challenged_ns)
		return;
	t->check_ns = now_ns;
	t->used_ns = now_ns ? now_ns : 1;
	timers_wake_by(e, p, now_ns);
}

static void check_due(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_paths *t = &p->paths;

	if (t->challenged_ns) {
		t->challenged_ns = 0;
		if (t->lost < UINT8_MAX)
			t->lost++;
		if (t->lost >= PATH_LOST_MAX && !t->is_suspect)
			path_suspect(e, p, now_ns);
		else if (t->is_suspect && age_of(t->round_ns, now_ns) >= PATH_SUSPECT_AGAIN_NS)
			path_suspect(e, p, now_ns);
	}
	if (!path_is_busy(p, now_ns)) {
		t->check_ns = HEAP_NEVER;
		t->lost = 0;
		return;
	}
	if (!t->is_suspect && age_of(t->round_ns, now_ns) >= PATH_ROUND_NS)
		path_round(e, p, false, now_ns);
	challenge(e, p, now_ns);
}

/* ---- time ---- */

void path_due(struct engine *e, struct peer *p, uint64_t now_ns)
{
	if (!session_is_usable(&p->sessions[p->current], now_ns))
		return;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		if (path_is_used(&p->paths.list[i]) && p->paths.list[i].next_ns <= now_ns)
			plan_due(e, p, &p->paths.list[i], now_ns);
	if (path_active(p) && p->paths.check_ns <= now_ns)
		check_due(e, p, now_ns);
	if (path_active(p))
		path_size_due(e, p, now_ns);
}

uint64_t path_deadline_ns(const struct peer *p)
{
	uint64_t first = peer_path(p) ? p->paths.check_ns : HEAP_NEVER;

	if (peer_path(p) && p->size.next_ns < first)
		first = p->size.next_ns;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		if (path_is_used(&p->paths.list[i]) && p->paths.list[i].next_ns < first)
			first = p->paths.list[i].next_ns;
	return first;
}

void path_rest(struct peer *p)
{
	struct peer_paths *t = &p->paths;

	path_plan_stop(p);
	path_size_rest(p);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		t->list[i].since_ns = 0;
	t->lead = PATH_NONE;
	t->lost = 0;
	t->is_suspect = false;
	t->challenged_ns = 0;
	t->check_ns = HEAP_NEVER;
	t->newcomer_ns = 0;
}
