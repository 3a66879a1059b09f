/*
 * clock.h - the clocks of this host, and whether one of them jumped
 *
 * Layer: agent. The only place that reads a clock; everything else takes now_ns as an argument.
 *
 * A jump is found by comparing differences between clocks, whenever the loop wakes for some other
 * reason: no timer of its own, so an idle agent stays asleep.
 */
#ifndef AGENT_CLOCK_H
#define AGENT_CLOCK_H

#include <stdint.h>

enum {
	CLOCK_WATCH_STEPPED = 1 << 0, /* the wall clock was set */
	CLOCK_WATCH_SLEPT = 1 << 1,   /* the machine was suspended and is back */
};

/** clock_now_ns() - Never goes back, and counts while the machine sleeps (CLOCK_BOOTTIME) */
uint64_t clock_now_ns(void);

/** struct clock_reading - three clocks at one moment, ns */
struct clock_reading {
	uint64_t boot_ns; /* counts sleep */
	uint64_t mono_ns; /* does not */
	uint64_t wall_ns; /* since 1970; can be set; 0 if it stands before that */
};

/** clock_read() - Now, on all three */
struct clock_reading clock_read(void);

/** struct clock_watch - the differences between the clocks that were last reported as normal, ns */
struct clock_watch {
	int64_t wall_ahead_ns;
	int64_t slept_ns;
};

/** clock_watch_init() - What is normal from now on */
void clock_watch_init(struct clock_watch *w, const struct clock_reading *now);

/**
 * clock_watch_check() - Did a clock jump by more than a second since the last report?
 *
 * Slow adjustment adds up and is reported as a step in the end. Return: CLOCK_WATCH_ bits, or 0
 */
unsigned clock_watch_check(struct clock_watch *w, const struct clock_reading *now);

#endif
