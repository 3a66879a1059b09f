/*
 * clock_alarm_linux.c - timerfd_create(2), TFD_TIMER_CANCEL_ON_SET; see clock_alarm.h
 *
 * A timer on the wall clock that never comes. When that clock is set, and a resume sets it, the timer is
 * cancelled, which makes its descriptor readable once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent/clock_alarm.h"

static const time_t NEVER_S = UINT32_MAX; /* in 2106 */

struct clock_alarm {
	uv_poll_t poll;
	int fd;
};

static int arm(int fd)
{
	const struct itimerspec never = {.it_value = {.tv_sec = NEVER_S}};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct clock_alarm *c = poll->data;
	uint64_t expirations;

	(void)status;
	(void)events;
	/* ECANCELED it says, and is silent until it is armed again */
	if (read(c->fd, &expirations, sizeof(expirations)) < 0)
		arm(c->fd);
}

struct clock_alarm *clock_alarm_open(uv_loop_t *loop)
{
	struct clock_alarm *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->fd < 0 || arm(c->fd) < 0 || uv_poll_init(loop, &c->poll, c->fd) != 0) {
		if (c->fd >= 0)
			close(c->fd);
		free(c);
		return NULL;
	}
	c->poll.data = c;
	uv_poll_start(&c->poll, UV_READABLE, on_readable);
	return c;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void clock_alarm_close(struct clock_alarm *c)
{
	if (!c)
		return;
	uv_poll_stop(&c->poll);
	close(c->fd);
	uv_close((uv_handle_t *)&c->poll, on_closed);
}
