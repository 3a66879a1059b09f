/*
 * clock_alarm.h - wakes the loop when the clock was set or the machine is back from sleep
 *
 * Layer: agent. It wakes, and no more: the loop looks at the clocks whenever it woke (clock.h). An idle
 * agent is so told of a resume at once, and it costs no wake-up before. clock_alarm_linux.c does it
 * with timerfd_create(2); where clock_alarm_none.c stands in, a jump is found with the next wake-up.
 */
#ifndef AGENT_CLOCK_ALARM_H
#define AGENT_CLOCK_ALARM_H

#include <uv.h>

struct clock_alarm;

/** clock_alarm_open() - Return: heap memory for clock_alarm_close(), or NULL where it cannot be had */
struct clock_alarm *clock_alarm_open(uv_loop_t *loop);

/** clock_alarm_close() - @c may be NULL; freed once libuv has let go of the handle */
void clock_alarm_close(struct clock_alarm *c);

#endif
