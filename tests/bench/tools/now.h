/*
 * now.h - time and pacing, for the load generators
 */
#ifndef BENCH_NOW_H
#define BENCH_NOW_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

enum {
	PACE_NS = 100000,      /* how often a paced generator wakes */
	PACE_BURST = 256,      /* most that it makes up for when it wakes late */
	TIMER_SLACK_NS = 1000, /* else the kernel may add 50 us to each sleep */
};

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/** struct pace - when which packet is due, at @rate packets a second; @rate 0: always @step more */
struct pace {
	double rate;
	unsigned step;
	uint64_t base_ns, base_seq;
	uint64_t wake_ns;
};

static inline struct pace pace_start(double rate, unsigned step, uint64_t start_ns)
{
	return (struct pace){.rate = rate, .step = step, .base_ns = start_ns, .wake_ns = start_ns};
}

/** pace_due() - Up to which packet, not included, @seq being the next one: who is late makes up for little */
static inline uint64_t pace_due(struct pace *p, uint64_t seq, uint64_t at_ns)
{
	uint64_t due = seq + p->step;

	if (p->rate > 0)
		due = p->base_seq + (uint64_t)((double)(at_ns - p->base_ns) * p->rate / 1e9);
	if (due <= seq + PACE_BURST)
		return due;
	p->base_ns = at_ns;
	p->base_seq = seq + PACE_BURST;
	return p->base_seq;
}

/** pace_sleep() - Until the next wake-up; one that is past is not made up for */
static inline void pace_sleep(struct pace *p)
{
	struct timespec t;
	uint64_t at_ns = now_ns();

	if (p->rate <= 0)
		return;
	p->wake_ns += PACE_NS;
	if (at_ns > p->wake_ns) {
		p->wake_ns = at_ns;
		return;
	}
	t.tv_sec = (time_t)(p->wake_ns / NS_PER_S);
	t.tv_nsec = (long)(p->wake_ns % NS_PER_S);
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

#endif
