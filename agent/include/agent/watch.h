/*
 * watch.h - tells when the agent's folder or the trust folder in it changed
 *
 * Layer: agent. Knows file names, not what is in them.
 *
 * How it works. One libuv watch on the folder and one on peers/ in it. An event that concerns us
 * starts a short wait, at whose end on_change() is called once: an editor and a copy tool write in
 * several steps. peers/ may be missing, come later or be replaced: every event that names it renews
 * its watch.
 */
#ifndef AGENT_WATCH_H
#define AGENT_WATCH_H

#include <uv.h>

#include "common/error.h"

struct watch;

/** typedef watch_changed - Read the folder again; @context as given to watch_open() */
typedef void (*watch_changed)(void *context);

/**
 * watch_open() - Start watching
 * @folder:	absolute path, exists
 *
 * Return: 0, or a negative errno with @err (no more watches: the system's limit)
 */
int watch_open(struct watch **out, uv_loop_t *loop, const char *folder, watch_changed on_change,
	       void *context, struct error *err);

/** watch_close() - @w may be NULL; freed once libuv has let go of the handles */
void watch_close(struct watch *w);

#endif
