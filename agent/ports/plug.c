/*
 * plug.c - see plug.h
 */
#include "plug.h"

#include <stdlib.h>

uv_poll_t *plug_watch(uv_loop_t *loop, int fd, uv_poll_cb on_ready, void *data)
{
	uv_poll_t *poll = malloc(sizeof(*poll));

	if (!poll)
		return NULL;
	if (uv_poll_init(loop, poll, fd) < 0) {
		free(poll);
		return NULL;
	}
	poll->data = data;
	uv_poll_start(poll, UV_READABLE, on_ready);
	return poll;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

void plug_unwatch(uv_poll_t *poll)
{
	if (poll)
		uv_close((uv_handle_t *)poll, on_closed);
}

uv_timer_t *plug_soon(uv_loop_t *loop, uv_timer_cb on_time, void *data)
{
	uv_timer_t *timer = malloc(sizeof(*timer));

	if (!timer)
		return NULL;
	uv_timer_init(loop, timer);
	timer->data = data;
	uv_timer_start(timer, on_time, 0, 0);
	return timer;
}

void plug_not_soon(uv_timer_t *timer)
{
	if (timer)
		uv_close((uv_handle_t *)timer, on_closed);
}

size_t plug_no_warnings(const struct port *p, uint64_t now_ns, struct warning *out, size_t max)
{
	(void)p;
	(void)now_ns;
	(void)out;
	(void)max;
	return 0;
}
