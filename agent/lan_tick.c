/*
 * lan_tick.c - when ports and segments look around, and how seldom an idle agent has to
 *
 * Layer: agent. See port_ops.tick.
 */
#include "lan_private.h"

enum {
	PATH_TICK_S = 60, /* is a socket with a path still there? */
	MS_PER_S = 1000,
};

static bool is_down(const struct lan_port *p)
{
	char detail[PORT_DETAIL_BYTES];

	return p->port->ops->state(p->port, detail, sizeof(detail)) == PORT_DOWN;
}

/* How often ports want to look around. Hubs and TAPs change without telling, and what is down is tried again;
 * all others can let an idle agent sleep. Return: ms, or 0 for never */
static uint64_t wanted_tick_ms(const struct lan *l)
{
	uint64_t ms = 0;

	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		const struct lan_port *p = l->ports[i];

		if (!p)
			continue;
		if (p->config.type == PORT_MCAST || p->config.type == PORT_TAP || is_down(p))
			return PORT_TICK_S * MS_PER_S;
		if (p->config.plug.local.kind == ENDPOINT_PATH)
			ms = PATH_TICK_S * MS_PER_S;
	}
	return ms;
}

static void on_tick(uv_timer_t *timer);

static void set_tick(struct lan *l, uint64_t ms)
{
	l->tick_ms = ms;
	l->tick_at_ms = uv_now(l->loop) + ms;
	if (ms == 0)
		uv_timer_stop(&l->timer);
	else
		uv_timer_start(&l->timer, on_tick, ms, 0);
}

/* Of what was due, not of what it was moved to: else a wake-up that is put off for ever puts off the tick. */
void lan_wake_with(struct lan *l, uint64_t wake_ms)
{
	uint64_t now_ms = uv_now(l->loop), at_ms = l->tick_at_ms, other_ms = now_ms + wake_ms;

	if (l->tick_ms == 0)
		return;
	if (wake_ms != UINT64_MAX && other_ms + LAN_TICK_SLACK_MS >= at_ms &&
	    other_ms <= at_ms + LAN_TICK_SLACK_MS)
		at_ms = other_ms;
	at_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	if (uv_timer_get_due_in(&l->timer) != at_ms)
		uv_timer_start(&l->timer, on_tick, at_ms, 0);
}

void lan_settle(struct lan *l)
{
	if (l->is_touched && l->tick_ms != PORT_TICK_S * MS_PER_S)
		set_tick(l, PORT_TICK_S * MS_PER_S);
}

static void on_tick(uv_timer_t *timer)
{
	struct lan *l = timer->data;

	l->is_touched = false;

	for (size_t i = 0; i < CONFIG_PORTS_MAX; i++) {
		if (l->ports[i])
			l->ports[i]->port->ops->tick(l->ports[i]->port, lan_now_ns(l));
	}
	segments_regular(l->segments, lan_now_ns(l));
	lan_segments_run(l);
	lan_flush(l);
	lan_carrier_follow(l, 1);
	lan_log_warnings(l);
	lan_guard_log(l);
	lan_segments_log(l);
	lan_flood_tick(l);
	set_tick(l, wanted_tick_ms(l));
	l->now_ns = 0;
}
