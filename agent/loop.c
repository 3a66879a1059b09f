/*
 * loop.c - drives the agent: when to wake, and what to do before sleeping again
 *
 * Layer: agent. See agent.h.
 *
 * The prepare handle runs before each wait: it is the one place where events are carried out and
 * everything is flushed, whatever woke us. The engine's deadline is on a clock that counts sleep;
 * libuv's timers are not, so what is set is a difference, and after a suspend it is set anew: the clock alarm
 * wakes the loop then.
 */
#include <signal.h>

#include "agent/lan.h"
#include "agent/yielding.h"
#include "agent_parts.h"
#include "common/heap.h"
#include "common/log.h"
#include "proto/engine.h"

static const uint64_t NS_PER_MS = 1000000;
static const uint64_t STOPPED_NS = 5000000000; /* so late does no timer of a busy host come */

static const int SIGNALS[AGENT_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

static void on_deadline(uv_timer_t *timer)
{
	struct agent *a = timer->data;

	a->deadline_ns = HEAP_NEVER;
	engine_tick(a->engine, clock_now_ns());
}

/* Rounds up, and adds what libuv's own clock rounds down: a timer that fires early would find nothing
 * due and only wake us twice */
static uint64_t wait_ms(uint64_t deadline_ns, uint64_t now_ns)
{
	return deadline_ns <= now_ns ? 0 : (deadline_ns - now_ns) / NS_PER_MS + 2;
}

static void set_deadline(struct agent *a, uint64_t now_ns)
{
	uint64_t deadline_ns = engine_deadline_ns(a->engine);

	if (deadline_ns == a->deadline_ns)
		return;
	a->deadline_ns = deadline_ns;
	if (deadline_ns == HEAP_NEVER) {
		uv_timer_stop(&a->deadline);
		return;
	}
	uv_update_time(&a->loop);
	uv_timer_start(&a->deadline, on_deadline, wait_ms(deadline_ns, now_ns), 0);
}

/* All is flushed. Whoever sends meanwhile does not wake us. */
static void rest(struct agent *a)
{
	uint64_t rest_ns = lan_rest_ns(a->lan);

	if (rest_ns)
		yielding_rest(rest_ns);
}

static void on_before_sleep(uv_prepare_t *prepare)
{
	struct agent *a = prepare->data;
	uint64_t now_ns = clock_now_ns();

	events_drain(a, now_ns);
	names_run(&a->names, now_ns);
	lan_flush(a->lan);
	set_deadline(a, now_ns);
	lan_wake_with(a->lan, a->deadline_ns == HEAP_NEVER ? UINT64_MAX
							   : uv_timer_get_due_in(&a->deadline));
	rest(a);
	a->sleeps = uv_backend_timeout(&a->loop) != 0;
}

static void check_clocks(struct agent *a)
{
	struct clock_reading now = clock_read();
	unsigned found = clock_watch_check(&a->clocks, &now);
	/* By a signal, or with the whole virtual machine: to its peers that is the same as sleep */
	bool was_stopped =
		a->deadline_ns != HEAP_NEVER && now.boot_ns > a->deadline_ns + STOPPED_NS;

	if (found & CLOCK_WATCH_STEPPED) {
		log_info("the clock was set");
		engine_set_wall(a->engine, now.wall_ns, now.boot_ns);
	}
	if ((found & CLOCK_WATCH_SLEPT) || was_stopped) {
		log_info("back from sleep");
		a->deadline_ns = HEAP_NEVER;
		reload_network(a);
	}
}

static void on_after_sleep(uv_check_t *check)
{
	struct agent *a = check->data;

	if (!a->sleeps)
		return;
	a->wakeups++;
	check_clocks(a);
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct agent *a = signal->data;

	if (number == SIGHUP) {
		reload_all(a);
		return;
	}
	a->stopping = true;
	uv_stop(&a->loop);
}

void loop_open(struct agent *a)
{
	uv_prepare_init(&a->loop, &a->before_sleep);
	uv_check_init(&a->loop, &a->after_sleep);
	uv_timer_init(&a->loop, &a->deadline);
	uv_timer_init(&a->loop, &a->saving);
	a->before_sleep.data = a->after_sleep.data = a->deadline.data = a->saving.data = a;
	for (size_t i = 0; i < AGENT_SIGNALS; i++) {
		uv_signal_init(&a->loop, &a->signals[i]);
		a->signals[i].data = a;
	}
	a->deadline_ns = HEAP_NEVER;
}

void loop_start(struct agent *a)
{
	uv_prepare_start(&a->before_sleep, on_before_sleep);
	uv_check_start(&a->after_sleep, on_after_sleep);
	for (size_t i = 0; i < AGENT_SIGNALS; i++)
		uv_signal_start(&a->signals[i], on_signal, SIGNALS[i]);
}

void loop_stop(struct agent *a)
{
	uv_close((uv_handle_t *)&a->before_sleep, NULL);
	uv_close((uv_handle_t *)&a->after_sleep, NULL);
	uv_close((uv_handle_t *)&a->deadline, NULL);
	uv_close((uv_handle_t *)&a->saving, NULL);
	for (size_t i = 0; i < AGENT_SIGNALS; i++)
		uv_close((uv_handle_t *)&a->signals[i], NULL);
}
