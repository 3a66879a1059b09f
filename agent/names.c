/*
 * names.c - see names.h
 */
#include "agent/names.h"

#include "common/heap.h"

static const uint64_t NS_PER_S = 1000000000, NS_PER_MS = 1000000;

uint32_t names_interval_s(uint64_t away_ns)
{
	uint64_t longer_s = away_ns / NS_PER_S / NAMES_EAGER_S; /* in units of the eager time */
	uint32_t interval_s = NAMES_AWAY_S;

	for (; longer_s > 0 && interval_s < NAMES_AWAY_MAX_S; longer_s--)
		interval_s *= 2;
	return interval_s < NAMES_AWAY_MAX_S ? interval_s : NAMES_AWAY_MAX_S;
}

static void on_timer(uv_timer_t *timer)
{
	(void)timer; /* that it woke the loop is all: names_run() comes before the next sleep */
}

void names_open(struct names *n, uv_loop_t *loop, struct peers *peers, const struct engine *engine)
{
	n->peers = peers;
	n->engine = engine;
	n->is_online = true;
	uv_timer_init(loop, &n->timer);
}

/* Ask for what of one peer is due. Return: when the next of its names is, or HEAP_NEVER */
static uint64_t run_peer(const struct peer *peer, uint64_t interval_ns, uint64_t now_ns)
{
	uint64_t next_ns = HEAP_NEVER;

	for (size_t i = 0; i < peer->lookup_count; i++) {
		struct lookup *l = peer->lookups[i];
		uint64_t last_ns;

		if (l->state == LOOKUP_NUMERIC)
			continue;
		if (now_ns - l->asked_ns >= interval_ns)
			lookup_again(l, now_ns);
		last_ns = l->request ? now_ns : l->asked_ns; /* none is asked twice at a time */
		if (last_ns + interval_ns < next_ns)
			next_ns = last_ns + interval_ns;
	}
	return next_ns;
}

static uint64_t interval_of(struct names *n, struct peer *peer, uint64_t now_ns)
{
	if (engine_peer_is_up(n->engine, peer->number)) {
		peer->away_ns = 0;
		return NAMES_UP_S * NS_PER_S;
	}
	if (peer->away_ns == 0)
		peer->away_ns = now_ns;
	return names_interval_s(now_ns - peer->away_ns) * NS_PER_S;
}

/* Only for peers that are away does the loop wake. */
static void set_timer(struct names *n, uint64_t away_ns, uint64_t now_ns)
{
	if (away_ns == HEAP_NEVER) {
		uv_timer_stop(&n->timer);
		return;
	}
	uv_update_time(n->timer.loop);
	uv_timer_start(&n->timer, on_timer,
		       away_ns > now_ns ? (away_ns - now_ns) / NS_PER_MS + 1 : 0, 0);
}

void names_run(struct names *n, uint64_t now_ns)
{
	uint64_t away_ns = HEAP_NEVER, up_ns = now_ns + NAMES_UP_S * NS_PER_S;

	if (now_ns < n->due_ns || !n->is_online)
		return;
	for (struct peer *p = peers_next(n->peers, NULL); p; p = peers_next(n->peers, p)) {
		uint64_t interval_ns = interval_of(n, p, now_ns);
		uint64_t *first = p->away_ns ? &away_ns : &up_ns;
		uint64_t next_ns = run_peer(p, interval_ns, now_ns);

		if (next_ns < *first)
			*first = next_ns;
	}
	n->due_ns = away_ns < up_ns ? away_ns : up_ns;
	set_timer(n, away_ns, now_ns);
}

void names_touch(struct names *n)
{
	n->due_ns = 0;
}

void names_set_online(struct names *n, bool is_online)
{
	n->is_online = is_online;
	n->due_ns = 0;
	if (!is_online)
		uv_timer_stop(&n->timer);
}

void names_close(struct names *n)
{
	if (n->timer.loop)
		uv_close((uv_handle_t *)&n->timer, NULL);
}
