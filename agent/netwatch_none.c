/*
 * netwatch_none.c - where no way to hear of network changes is known; see netwatch.h
 */
#include "agent/netwatch.h"

int netwatch_open(struct netwatch **out, uv_loop_t *loop, netwatch_changed on_change, void *context,
		  struct error *err)
{
	(void)loop;
	(void)on_change;
	(void)context;
	(void)err;
	*out = NULL;
	return 0;
}

void netwatch_close(struct netwatch *n)
{
	(void)n;
}
