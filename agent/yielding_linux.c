/*
 * yielding_linux.c - see yielding.h
 *
 * A task of SCHED_BATCH does not preempt others when it wakes (sched(7)). Any user may change between that and
 * SCHED_OTHER.
 */
#include "agent/yielding.h"

#include <sched.h>
#include <time.h>

static bool set(int policy)
{
	const struct sched_param none = {.sched_priority = 0};

	return sched_setscheduler(0, policy, &none) == 0;
}

bool yielding_begin(void)
{
	return sched_getscheduler(0) == SCHED_OTHER && set(SCHED_BATCH);
}

void yielding_end(void)
{
	set(SCHED_OTHER);
}

void yielding_rest(uint64_t ns)
{
	const struct timespec so_long = {.tv_nsec = (long)ns};

	nanosleep(&so_long, NULL);
}
