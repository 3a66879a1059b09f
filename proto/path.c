/*
 * path.c - see path.h
 */
#include "path.h"

#include <string.h>

#include "events.h"
#include "keep.h"
#include "outbox.h"
#include "path_probe.h"
#include "path_size.h"
#include "pings.h"
#include "session.h"
#include "timers.h"

enum {
	RTT_SHIFT = 3, /* an eighth of a new sample: RFC 6298 */
	TOKEN_RANDOM_BYTES = TOKEN_BYTES - 1,
	FASTER_PERCENT = 80, /* of the active one's round trip */
};

/* ---- which one ---- */

/* The one before it: it may be good for another time. */
static void retire(struct peer *p, struct path *old)
{
	if (p->paths.is_suspect)
		path_set_state(old, PATH_FAILED, PATH_WHY_SILENT);
	else
		path_set_state(old, PATH_STANDBY, PATH_WHY_SLOWER);
}

/* @path has just answered, or the handshake came by it. */
static void activate(struct engine *e, struct peer *p, struct path *path, enum path_why why,
		     uint64_t now_ns)
{
	struct peer_paths *t = &p->paths;
	struct path *old = path_active(p);

	if (old) {
		keep_left(p, path_index(p, old));
		retire(p, old);
	}
	t->active = path_index(p, path);
	t->lead = PATH_NONE;
	path_set_state(path, PATH_ACTIVE, why);
	if (t->is_suspect)
		path_plan_stop(p);
	t->is_suspect = false;
	t->lost = 0;
	t->challenged_ns = 0;
	t->answered_ns = now_ns;
	if (t->check_ns != HEAP_NEVER)
		t->check_ns = now_ns + PATH_CHECK_NS;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++)
		t->list[i].faster = 0;
	event_raise(e, p, ENGINE_EVENT_MOVED);
	event_raise(e, p, ENGINE_EVENT_PATH);
	path->mtu_bytes = DATAGRAM_BASE_BYTES; /* what it carried once may be true no more */
	path_size_begin(e, p, now_ns);
	session_tell(e, p);
}

/* The best of those that answered since the active one did not. Return: it, or NULL */
static struct path *substitute(struct peer *p, uint64_t now_ns)
{
	struct path *best = NULL;

	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths.list[i];

		if (!path_is_used(path) || path->state != PATH_STANDBY || !path->answered ||
		    age_of(path->sent_ns, now_ns) >= PATH_VERDICT_NS)
			continue;
		if (!best || path->rtt_ns < best->rtt_ns)
			best = path;
	}
	return best;
}

void path_suspect(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct path *other;

	p->paths.is_suspect = true;
	keep_left(p, p->paths.active);
	path_active(p)->local = (struct addr){0}; /* it may be that which is dead */
	event_raise(e, p, ENGINE_EVENT_UNREACHED);
	other = substitute(p, now_ns);
	if (other) {
		activate(e, p, other, PATH_WHY_OTHERS_FAILED, now_ns);
		return;
	}
	p->paths.round_ns = now_ns ? now_ns : 1;
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths.list[i];

		if (path_is_used(path) && path != path_active(p) && path->why != PATH_WHY_REFUSED)
			path_plan(e, p, path, PATH_SUSPECT_PROBES, now_ns);
	}
}

/* Better by enough, and for long enough; unless the peer has its own mind about it. PROTOCOL.md 7.6 */
static bool is_clearly_faster(struct peer *p, struct path *path, uint64_t now_ns)
{
	const struct path *active = path_active(p);
	uint64_t limit = (uint64_t)active->rtt_ns * FASTER_PERCENT / 100;

	if (!active->rtt_ns || path->rtt_ns > limit ||
	    path->rtt_ns + PATH_FASTER_NS > active->rtt_ns) {
		path->faster = 0;
		return false;
	}
	if (p->paths.led_ns && age_of(p->paths.led_ns, now_ns) < PATH_LED_NS)
		return false;
	path->faster++;
	return path->faster >= PATH_FASTER_SAMPLES;
}

static void consider(struct engine *e, struct peer *p, struct path *path, bool sampled,
		     uint64_t now_ns)
{
	struct peer_paths *t = &p->paths;

	if (!path_active(p)) {
		activate(e, p, path, PATH_WHY_ONLY, now_ns);
		path_round(e, p, true, now_ns);
	} else if (t->lead == path_index(p, path)) {
		t->led_ns = now_ns ? now_ns : 1;
		activate(e, p, path, PATH_WHY_PEER_MOVED, now_ns);
	} else if (t->is_suspect) {
		activate(e, p, path, PATH_WHY_OTHERS_FAILED, now_ns);
	} else if (sampled && is_clearly_faster(p, path, now_ns)) {
		activate(e, p, path, PATH_WHY_FASTEST, now_ns);
	}
}

/* ---- a peer that does not roam ---- */

/* A fixed peer is not at a candidate: whoever looks its names up may find where it is. */
static void note_elsewhere(struct engine *e, struct peer *p, const struct addr *at, uint64_t now_ns)
{
	if (!peer_path(p))
		p->trouble = TROUBLE_ELSEWHERE;
	if (p->elsewhere_ns && age_of(p->elsewhere_ns, now_ns) < ELSEWHERE_NS &&
	    addr_equal(&p->elsewhere, at))
		return;
	p->elsewhere = *at;
	p->elsewhere_ns = now_ns ? now_ns : 1;
	event_raise(e, p, ENGINE_EVENT_UNREACHED);
}

void path_hold(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct addr left = peer_endpoint(p);
	struct path *active = path_active(p);
	bool was_up = p->is_up;

	if (!active || path_may_be(p, &left))
		return;
	p->paths.active = PATH_NONE;
	if (active->why != PATH_WHY_REFUSED)
		path_forget(p, active);
	path_rest(p);
	if (was_up && p->is_fixed)
		note_elsewhere(e, p, &left, now_ns);
	session_tell(e, p);
	p->attempt = (struct peer_try){.at_ns = now_ns, .blocked = p->attempt.blocked};
	timers_wake_by(e, p, now_ns);
}

/* ---- the handshake ---- */

void path_take_place(struct engine *e, struct peer *p, const struct route *route, uint64_t now_ns)
{
	struct path *path = path_learn(p, &route->remote, PATH_FROM_HEARD);

	if (!path)
		return; /* all are refused */
	keep_came(p, &route->remote, now_ns);
	path->local = route->local;
	if (path != path_active(p))
		activate(e, p, path, PATH_WHY_ONLY, now_ns);
}

void path_take_answer(struct engine *e, struct peer *p, const struct route *from, uint64_t now_ns)
{
	struct route targets[PATH_TARGETS_MAX];
	size_t count = path_targets(p, true, targets);

	for (size_t i = 0; i < count; i++) {
		if (addr_equal(&targets[i].remote, &from->remote)) {
			path_take_place(e, p, from, now_ns);
			return;
		}
	}
	path_heard(e, p, from, now_ns);
}

void path_began(struct engine *e, struct peer *p, bool was_up, uint64_t now_ns)
{
	path_sync(p);
	if (!was_up)
		keep_began(p);
	if (!was_up || path_is_busy(p, now_ns))
		path_round(e, p, true, now_ns);
}

/* ---- heard from elsewhere ---- */

static bool local_differs(const struct path *path, const struct route *route)
{
	return addr_is_set(&route->local) && !addr_same_ip(&path->local, &route->local);
}

/*
 * It speaks to another address of ours than that which we answer from. Of two that choose both, the
 * one with the lower key has its way: PROTOCOL.md 7.6.
 */
static void heard_at_another(struct engine *e, struct peer *p, const struct route *route,
			     uint64_t now_ns)
{
	struct path *active = path_active(p);

	if (p->paths.is_suspect)
		active->local = route->local; /* the best guess; the next challenge shows */
	else if (addr_is_set(&active->local) && !p->key_is_lower && !p->paths.lost)
		path_doubt(e, p, now_ns);
	else if (age_of(active->sent_ns, now_ns) >= PATH_PROBE_GAP_NS)
		path_probe(e, p, active, &route->local, now_ns);
}

/* From another path that is known to work. */
static void heard_on_standby(struct engine *e, struct peer *p, struct path *path, uint64_t now_ns)
{
	if (p->key_is_lower || p->paths.is_suspect)
		p->paths.lead = path_index(p, path);
	else
		path_doubt(e, p, now_ns); /* it follows us, if where we send to still works */
	if (path->next_ns != HEAP_NEVER || age_of(path->sent_ns, now_ns) < PATH_PROBE_GAP_NS)
		return;
	path->answered = false;
	path_probe(e, p, path, NULL, now_ns);
}

/* From an address that is not known to work. One newcomer at a time, so that nobody can make us ask many. */
static void heard_newcomer(struct engine *e, struct peer *p, const struct route *route,
			   uint64_t now_ns)
{
	struct peer_paths *t = &p->paths;
	struct path *path = path_find(p, &route->remote);

	if (!path || path->next_ns == HEAP_NEVER) {
		if (t->newcomer_ns && age_of(t->newcomer_ns, now_ns) < PATH_NEWCOMER_NS)
			return;
		t->newcomer_ns = now_ns ? now_ns : 1;
		path = path_learn(p, &route->remote, PATH_FROM_HEARD);
		if (!path)
			return;
		keep_came(p, &route->remote, now_ns);
		path->local = route->local;
		path_plan(e, p, path, PATH_NEWCOMER_PROBES - 1, now_ns + PATH_PROBE_GAP_NS);
		path_probe(e, p, path, NULL, now_ns);
	}
	t->lead = path_index(p, path);
}

void path_heard(struct engine *e, struct peer *p, const struct route *route, uint64_t now_ns)
{
	struct path *active = path_active(p), *path;

	if (active && addr_equal(&active->remote, &route->remote)) {
		p->paths.lead = PATH_NONE;
		if (local_differs(active, route))
			heard_at_another(e, p, route, now_ns);
		return;
	}
	if (!path_may_be(p, &route->remote)) {
		peer_drop(p, DROP_NOT_FOLLOWED);
		if (p->is_fixed)
			note_elsewhere(e, p, &route->remote, now_ns);
		return;
	}
	path = path_find(p, &route->remote);
	if (path && path->state == PATH_STANDBY)
		heard_on_standby(e, p, path, now_ns);
	else
		heard_newcomer(e, p, route, now_ns);
}

/* ---- challenge and response ---- */

void path_take_challenge(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
			 uint64_t now_ns)
{
	struct record record = {RECORD_PATH_RESPONSE, token, TOKEN_BYTES};

	if (e->input.challenged || !path_may_be(p, &e->input.route.remote))
		return;
	e->input.challenged = true;
	keep_challenged(e, p, &e->input.route.remote, now_ns);
	if (outbox_record_to(e, p, &record, &e->input.route, now_ns) == DROP_OUTBOX_FULL)
		peer_drop(p, DROP_OUTBOX_FULL);
}

static void smooth(struct path *path, uint64_t sample_ns)
{
	uint32_t sample = sample_ns < UINT32_MAX ? (uint32_t)sample_ns : UINT32_MAX;

	if (path->rtt_ns)
		path->rtt_ns += (sample >> RTT_SHIFT) - (path->rtt_ns >> RTT_SHIFT);
	else
		path->rtt_ns = sample;
	if (!path->rtt_ns)
		path->rtt_ns = 1;
}

/* When the probe with that token went out, if that is known. Return: was it the first, or the latest? */
static bool measure(struct path *path, uint8_t number, uint64_t now_ns)
{
	if (number == path->token[TOKEN_RANDOM_BYTES])
		smooth(path, age_of(path->sent_ns, now_ns));
	else if (number == 0)
		smooth(path, age_of(path->since_ns, now_ns));
	else
		return false;
	return true;
}

/* Return: the path that is asked by that token, and from where an answer counts; or NULL */
static struct path *asked(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
			  uint64_t now_ns)
{
	struct path *path = path_find(p, &e->input.route.remote);

	if (!path || !path->since_ns || age_of(path->since_ns, now_ns) >= PATH_ANSWER_NS ||
	    memcmp(path->token, token, TOKEN_RANDOM_BYTES) != 0 ||
	    token[TOKEN_RANDOM_BYTES] > path->token[TOKEN_RANDOM_BYTES] ||
	    !path_may_be(p, &path->remote))
		return NULL;
	return path;
}

/* The active one lives. */
static void answered_active(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_paths *t = &p->paths;

	t->answered_ns = now_ns;
	t->lost = 0;
	if (t->challenged_ns) {
		t->challenged_ns = 0;
		t->check_ns = path_active(p)->sent_ns + PATH_CHECK_NS;
		timers_wake_by(e, p, t->check_ns);
	}
	if (t->is_suspect)
		path_plan_stop(p);
	t->is_suspect = false;
}

void path_take_response(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
			uint64_t now_ns)
{
	const struct path *active = peer_path(p);
	struct path *path = asked(e, p, token, now_ns);
	bool sampled;

	if (active && addr_equal(&active->remote, &e->input.route.remote) &&
	    path_size_take(e, p, token, now_ns))
		return;
	if (!path)
		return;
	sampled = measure(path, token[TOKEN_RANDOM_BYTES], now_ns);
	path->answered = true;
	if (addr_is_set(&e->input.route.local))
		path->local = e->input.route.local;
	if (path == path_active(p)) {
		answered_active(e, p, now_ns);
		return;
	}
	path_set_state(path, PATH_STANDBY, PATH_WHY_SLOWER);
	consider(e, p, path, sampled, now_ns);
	/* If it is the first address of this session, what waited for one (the hello) goes out. */
	timers_wake_by(e, p, now_ns);
}

/* ---- the network ---- */

void path_network_changed(struct engine *e, struct peer *p, uint64_t now_ns)
{
	keep_network_changed(p);
	for (size_t i = 0; i < PEER_PATHS_MAX; i++) {
		struct path *path = &p->paths.list[i];

		path->local = (struct addr){0};
		if (path->why == PATH_WHY_REFUSED || path->why == PATH_WHY_UNREACHABLE)
			path_set_state(path, PATH_FAILED, PATH_WHY_SILENT);
	}
	if (p->current == SLOT_NONE)
		return;
	path_round(e, p, true, now_ns);
	if (path_active(p))
		path_size_begin(e, p, now_ns);
	if (path_is_busy(p, now_ns))
		path_doubt(e, p, now_ns);
}

/* ---- round trip ---- */

enum drop path_ping(struct engine *e, struct peer *p, uint64_t now_ns)
{
	struct peer_ping *g = &p->ping;
	struct record record = {RECORD_PING, g->token, TOKEN_BYTES};
	enum drop drop;

	e->random(e->random_context, g->token, TOKEN_BYTES);
	g->sent_ns = now_ns ? now_ns : 1;
	drop = outbox_record(e, p, &record, now_ns);
	if (drop == DROP_NONE)
		g->wanted = false;
	return drop;
}

void path_measured(struct peer *p, uint64_t sample_ns)
{
	if (path_active(p))
		smooth(path_active(p), sample_ns);
}

void path_take_pong(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
		    uint64_t now_ns)
{
	struct peer_ping *g = &p->ping;

	if (pings_take_pong(e, p, token, now_ns) || !g->sent_ns ||
	    memcmp(g->token, token, TOKEN_BYTES) != 0)
		return;
	path_measured(p, age_of(g->sent_ns, now_ns));
	g->sent_ns = 0;
}
