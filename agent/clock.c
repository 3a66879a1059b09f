/*
 * clock.c - see clock.h
 */
#include "agent/clock.h"

#include <stdlib.h>
#include <time.h>

enum {
	NS_PER_S = 1000000000,
	JUMP_NS = NS_PER_S /* the protocol's timestamps need no better */
};

#ifdef CLOCK_BOOTTIME
static const clockid_t SLEEPLESS = CLOCK_BOOTTIME;
#else
static const clockid_t SLEEPLESS = CLOCK_MONOTONIC;
#endif

static uint64_t read_ns(clockid_t id)
{
	struct timespec ts = {0};

	clock_gettime(id, &ts);
	return ts.tv_sec < 0 ? 0 : (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_now_ns(void)
{
	return read_ns(SLEEPLESS);
}

struct clock_reading clock_read(void)
{
	return (struct clock_reading){
		.boot_ns = clock_now_ns(),
		.mono_ns = read_ns(CLOCK_MONOTONIC),
		.wall_ns = read_ns(CLOCK_REALTIME),
	};
}

void clock_watch_init(struct clock_watch *w, const struct clock_reading *now)
{
	w->wall_ahead_ns = (int64_t)(now->wall_ns - now->boot_ns);
	w->slept_ns = (int64_t)(now->boot_ns - now->mono_ns);
}

unsigned clock_watch_check(struct clock_watch *w, const struct clock_reading *now)
{
	struct clock_watch is;
	unsigned found = 0;

	clock_watch_init(&is, now);
	if (llabs(is.wall_ahead_ns - w->wall_ahead_ns) > JUMP_NS)
		found |= CLOCK_WATCH_STEPPED;
	if (is.slept_ns - w->slept_ns > JUMP_NS)
		found |= CLOCK_WATCH_SLEPT;
	if (found)
		*w = is;
	return found;
}
