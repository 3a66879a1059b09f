/*
 * watch.c - see watch.h
 */
#include "agent/watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config.h"

enum {
	SETTLE_MS = 100, /* what is written in several steps is read once; well under 200 ms */
	HANDLES = 3,
};

static const char PEERS[] = "peers";

struct watch {
	uv_fs_event_t folder;
	uv_fs_event_t peers;
	uv_timer_t settle;
	char folder_path[CONFIG_PATH_BYTES];
	char peers_path[CONFIG_PATH_BYTES + sizeof(PEERS)];
	watch_changed on_change;
	void *context;
	int open_handles;
};

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void on_settled(uv_timer_t *timer)
{
	struct watch *w = timer->data;

	w->on_change(w->context);
}

/* The wait begins with the first event and is not prolonged: a busy folder is read all the same */
static void settle(struct watch *w)
{
	if (!uv_is_active((uv_handle_t *)&w->settle))
		uv_timer_start(&w->settle, on_settled, SETTLE_MS, 0);
}

static void on_peers_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	(void)events;
	(void)status;
	if (!name || ends_with(name, ".card") || ends_with(name, ".local"))
		settle(handle->data);
}

/* It may be another folder under the same name, so the old watch is worth nothing */
static void watch_peers(struct watch *w)
{
	uv_fs_event_stop(&w->peers);
	uv_fs_event_start(&w->peers, on_peers_event, w->peers_path, 0);
}

static void on_folder_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct watch *w = handle->data;
	bool peers = !name || strcmp(name, PEERS) == 0;

	(void)events;
	(void)status;
	if (peers)
		watch_peers(w);
	if (peers || strcmp(name, "agent.conf") == 0)
		settle(w);
}

static void init_handles(struct watch *w, uv_loop_t *loop)
{
	uv_fs_event_init(loop, &w->folder);
	uv_fs_event_init(loop, &w->peers);
	uv_timer_init(loop, &w->settle);
	w->folder.data = w->peers.data = w->settle.data = w;
	w->open_handles = HANDLES;
}

int watch_open(struct watch **out, uv_loop_t *loop, const char *folder, watch_changed on_change,
	       void *context, struct error *err)
{
	struct watch *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return error_set(err, -ENOMEM, "%s: no memory to watch it", folder);
	snprintf(w->folder_path, sizeof(w->folder_path), "%s", folder);
	snprintf(w->peers_path, sizeof(w->peers_path), "%s/%s", w->folder_path, PEERS);
	w->on_change = on_change;
	w->context = context;
	init_handles(w, loop);
	rc = uv_fs_event_start(&w->folder, on_folder_event, w->folder_path, 0);
	if (rc) {
		watch_close(w);
		return error_set(err, rc,
				 "%s: cannot be watched for changes (%s); after a change, send the "
				 "agent SIGHUP",
				 folder, uv_strerror(rc));
	}
	watch_peers(w);
	*out = w;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;

	if (--w->open_handles == 0)
		free(w);
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	uv_close((uv_handle_t *)&w->folder, on_closed);
	uv_close((uv_handle_t *)&w->peers, on_closed);
	uv_close((uv_handle_t *)&w->settle, on_closed);
}
