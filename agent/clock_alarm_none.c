/*
 * clock_alarm_none.c - where nothing tells of it; see clock_alarm.h
 */
#include <stddef.h>

#include "agent/clock_alarm.h"

struct clock_alarm *clock_alarm_open(uv_loop_t *loop)
{
	(void)loop;
	return NULL;
}

void clock_alarm_close(struct clock_alarm *c)
{
	(void)c;
}
