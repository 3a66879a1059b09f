/*
 * path.c - see path.h
 */
#include "path.h"

#include <string.h>

#include "events.h"
#include "outbox.h"
#include "pings.h"
#include "session.h"
#include "timers.h"

enum {
	RTT_SHIFT = 3 /* an eighth of a new sample: RFC 6298 */
};

bool path_may_be(const struct peer *p, const struct addr *a)
{
	for (size_t i = 0; p->is_fixed && i < p->candidate_count; i++)
		if (addr_equal(&p->candidates[i], a))
			return true;
	return !p->is_fixed;
}

/* Addresses that its hello named and that count. */
static size_t hello_count(const struct peer *p)
{
	return p->is_fixed ? 0 : p->hello.local_count;
}

bool path_has_target(const struct peer *p)
{
	return addr_is_set(&p->endpoint) || p->candidate_count || hello_count(p);
}

static size_t add_once(struct addr *list, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&list[i], a))
			return count;
	list[count] = *a;
	return count + 1;
}

size_t path_targets(const struct peer *p, bool all, struct addr out[PATH_TARGETS_MAX])
{
	size_t count = 0;

	if (addr_is_set(&p->endpoint))
		count = add_once(out, count, &p->endpoint);
	if (count && !all)
		return count;
	for (size_t i = 0; i < p->candidate_count; i++)
		count = add_once(out, count, &p->candidates[i]);
	for (size_t i = 0; i < hello_count(p); i++)
		count = add_once(out, count, &p->hello.local[i]);
	return count;
}

void path_set_endpoint(struct engine *e, struct peer *p, const struct addr *to)
{
	if (addr_equal(&p->endpoint, to))
		return;
	p->endpoint = *to;
	p->ping.rtt_ns = 0;
	p->challenge.open = false;
	event_raise(e, p, ENGINE_EVENT_MOVED);
	session_tell(e, p);
}

/* A fixed peer is not at a candidate: whoever looks its names up may find where it is. */
static void note_elsewhere(struct engine *e, struct peer *p, const struct addr *at, uint64_t now_ns)
{
	if (!addr_is_set(&p->endpoint))
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
	struct addr left = p->endpoint;
	bool was_up = p->is_up;

	if (!addr_is_set(&left) || path_may_be(p, &left))
		return;
	p->endpoint = (struct addr){0};
	p->ping.rtt_ns = 0;
	if (was_up)
		note_elsewhere(e, p, &left, now_ns);
	session_tell(e, p);
	p->attempt = (struct peer_try){.at_ns = now_ns, .blocked = p->attempt.blocked};
	timers_wake_by(e, p, now_ns);
}

void path_take_answer(struct engine *e, struct peer *p, const struct addr *from, uint64_t now_ns)
{
	struct addr targets[PATH_TARGETS_MAX];
	size_t count = path_targets(p, true, targets);

	for (size_t i = 0; i < count; i++) {
		if (addr_equal(&targets[i], from)) {
			path_set_endpoint(e, p, from);
			return;
		}
	}
	path_heard_elsewhere(e, p, from, now_ns);
}

static bool challenge_is_open(const struct challenge *c, uint64_t now_ns)
{
	return c->open && age_of(c->since_ns, now_ns) < CHALLENGE_LIFE_NS;
}

void path_heard_elsewhere(struct engine *e, struct peer *p, const struct addr *from,
			  uint64_t now_ns)
{
	struct challenge *c = &p->challenge;
	struct record record = {RECORD_PATH_CHALLENGE, c->token, TOKEN_BYTES};

	if (!path_may_be(p, from)) {
		peer_drop(p, DROP_NOT_FOLLOWED);
		note_elsewhere(e, p, from, now_ns);
		return;
	}
	if (c->sent_ns && age_of(c->sent_ns, now_ns) < CHALLENGE_INTERVAL_NS)
		return;
	if (!challenge_is_open(c, now_ns) || !addr_equal(&c->to, from)) {
		/* Asked again it keeps its token, or an answer that takes a second would come too late. */
		e->random(e->random_context, c->token, TOKEN_BYTES);
		c->to = *from;
		c->since_ns = now_ns;
		c->open = true;
	}
	if (outbox_record_to(e, p, &record, from, now_ns) == DROP_NONE)
		c->sent_ns = now_ns;
}

void path_take_challenge(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
			 uint64_t now_ns)
{
	struct record record = {RECORD_PATH_RESPONSE, token, TOKEN_BYTES};

	if (e->input.challenged || !path_may_be(p, &e->input.route.remote))
		return;
	e->input.challenged = true;
	if (outbox_record_to(e, p, &record, &e->input.route.remote, now_ns) == DROP_OUTBOX_FULL)
		peer_drop(p, DROP_OUTBOX_FULL);
}

void path_take_response(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
			uint64_t now_ns)
{
	struct challenge *c = &p->challenge;

	if (!challenge_is_open(c, now_ns) || !addr_equal(&c->to, &e->input.route.remote) ||
	    memcmp(c->token, token, TOKEN_BYTES) != 0 || !path_may_be(p, &c->to))
		return;
	path_set_endpoint(e, p, &c->to);
	/* If it is the first address of this session, what waited for one (the hello) goes out. */
	timers_wake_by(e, p, now_ns);
}

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
	struct peer_ping *g = &p->ping;

	if (g->rtt_ns)
		g->rtt_ns += (sample_ns >> RTT_SHIFT) - (g->rtt_ns >> RTT_SHIFT);
	else
		g->rtt_ns = sample_ns ? sample_ns : 1;
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
