/*
 * events.c - see events.h
 */
#include "events.h"

#include "pings.h"

void event_raise(struct engine *e, struct peer *p, enum engine_event_type type)
{
	p->events |= 1u << type;
	if (p->event_queued)
		return;
	p->event_queued = true;
	e->event_ring[(e->event_first + e->event_count++) % e->peers_max] = p->number;
}

/* Went down and came up in one batch: told in the order that leaves the caller with what is true. */
static enum engine_event_type next_type(const struct peer *p)
{
	static const enum engine_event_type order_if_up[] = {
		ENGINE_EVENT_DOWN, ENGINE_EVENT_UP,    ENGINE_EVENT_RENEWED,  ENGINE_EVENT_MOVED,
		ENGINE_EVENT_PATH, ENGINE_EVENT_HELLO, ENGINE_EVENT_UNREACHED};
	static const enum engine_event_type order_if_down[] = {
		ENGINE_EVENT_UP,   ENGINE_EVENT_RENEWED, ENGINE_EVENT_DOWN,     ENGINE_EVENT_MOVED,
		ENGINE_EVENT_PATH, ENGINE_EVENT_HELLO,   ENGINE_EVENT_UNREACHED};
	const enum engine_event_type *order = p->is_up ? order_if_up : order_if_down;
	size_t i = 0;

	while (!(p->events & 1u << order[i]))
		i++;
	return order[i];
}

/* Events that are nobody's. */
static bool next_general(struct engine *e, struct engine_event *out)
{
	*out = (struct engine_event){.peer = -1};
	if (e->reserve_wanted) {
		e->reserve_wanted = false;
		out->type = ENGINE_EVENT_RESERVE;
		return true;
	}
	if (e->knocks_changed) {
		e->knocks_changed = false;
		out->type = ENGINE_EVENT_KNOCK;
		return true;
	}
	return false;
}

bool engine_next_event(struct engine *e, struct engine_event *out)
{
	while (e->event_count) {
		struct peer *p = &e->peers[e->event_ring[e->event_first]];

		if (p->in_use && p->events) {
			*out = (struct engine_event){.type = next_type(p), .peer = (int)p->number};
			p->events &= ~(1u << out->type);
			return true;
		}
		p->event_queued = false;
		e->event_first = (e->event_first + 1) % e->peers_max;
		e->event_count--;
	}
	return pings_next_event(e, out) || next_general(e, out);
}
