/*
 * dump.c - see dump.h
 */
#include "agent/dump.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"
#include "dump_ring.h"

struct watcher {
	uv_poll_t poll;
	struct dump *dump;
	struct watcher *next;
	int fd;
	struct dump_filter filter;
	struct ring ring;
	uid_t uid;
	uint64_t since_ns;
	uint64_t frames;
	uint64_t lost;
	uint64_t untold; /* of those that were lost, not yet said to it */
	bool blocked;    /* the kernel takes no more until it says so */
};

struct dump {
	uv_loop_t *loop;
	uv_prepare_t before_sleep; /* runs while there are readers */
	struct dump_events events;
	struct watcher *watchers;
	size_t count;
};

/* ---- readers ---- */

static void on_poll_closed(uv_handle_t *handle)
{
	struct watcher *w = handle->data;

	close(w->fd);
	free(w->ring.bytes);
	free(w);
}

static void unlink_watcher(struct watcher *w)
{
	struct watcher **at = &w->dump->watchers;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->dump->count--;
}

static void close_watcher(struct watcher *w)
{
	struct dump *d = w->dump;

	unlink_watcher(w);
	uv_close((uv_handle_t *)&w->poll, on_poll_closed);
	if (d->count > 0)
		return;
	uv_prepare_stop(&d->before_sleep);
	d->events.on_wanted(d->events.context, false);
}

/* ---- out ---- */

/* Say what was lost, if there is room for it and @further bytes: not each frame by itself, in the last
 * few bytes that no frame fits */
static void tell_lost(struct watcher *w, size_t further)
{
	uint8_t record[DUMP_LOST_BYTES];

	if (w->untold == 0 || ring_room(&w->ring) < sizeof(record) + further)
		return;
	dump_record_lost(w->untold, record);
	ring_put(&w->ring, record, sizeof(record));
	w->untold = 0;
}

/* Send what the kernel takes at once. Return: false when the reader is gone */
static bool flush(struct watcher *w)
{
	struct iovec pieces[RING_PIECES];
	struct msghdr message = {.msg_iov = pieces};
	ssize_t sent;

	message.msg_iovlen = ring_pieces(&w->ring, pieces);
	if (message.msg_iovlen == 0)
		return true;
	sent = sendmsg(w->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
		return false;
	if (sent > 0)
		ring_took(&w->ring, (size_t)sent);
	tell_lost(w, w->ring.size / 2); /* also when no further frame comes */
	return true;
}

/* Is the other end still there? It has nothing to say any more; what it says is thrown away */
static bool is_there(const struct watcher *w)
{
	char nothing[64];
	ssize_t len = recv(w->fd, nothing, sizeof(nothing), MSG_DONTWAIT);

	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* Flush, and have the kernel say when it takes more if it did not take all */
static void serve(struct watcher *w)
{
	bool blocked;

	if (!flush(w)) {
		close_watcher(w);
		return;
	}
	blocked = w->ring.used > 0;
	if (blocked == w->blocked)
		return;
	w->blocked = blocked;
	uv_poll_start(&w->poll, UV_READABLE | (blocked ? UV_WRITABLE : 0), on_poll);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watcher *w = poll->data;

	if (status < 0 || ((events & UV_READABLE) && !is_there(w)))
		close_watcher(w);
	else if (events & UV_WRITABLE)
		serve(w);
}

static void on_before_sleep(uv_prepare_t *prepare)
{
	struct dump *d = prepare->data;

	for (struct watcher *w = d->watchers, *next; w; w = next) {
		next = w->next;
		if (!w->blocked)
			serve(w);
	}
}

/* ---- in ---- */

static bool concerns(const struct dump_frame *f, enum dump_kind kind, const char *name,
		     const struct dump_reach *reach)
{
	if (!*name || dump_place_is(&f->from, kind, name) || dump_place_is(&f->to, kind, name))
		return true;
	return f->to.kind == DUMP_ALL && reach->reaches(reach->context, kind, name);
}

static bool passes(const struct dump_filter *filter, const struct dump_frame *f,
		   const struct dump_reach *reach)
{
	return (filter->vlan == 0 || filter->vlan == f->vlan) &&
	       concerns(f, DUMP_PEER, filter->peer, reach) &&
	       concerns(f, DUMP_PORT, filter->port, reach);
}

void dump_show(struct dump *d, const struct dump_frame *frame, const struct dump_reach *reach)
{
	uint8_t head[DUMP_HEAD_MAX_BYTES];
	size_t head_len = 0;

	for (struct watcher *w = d->watchers; w; w = w->next) {
		if (!passes(&w->filter, frame, reach))
			continue;
		if (head_len == 0)
			head_len = dump_record_head(frame, head);
		tell_lost(w, head_len + frame->len);
		if (w->untold > 0 || ring_room(&w->ring) < head_len + frame->len) {
			w->lost++;
			w->untold++;
			continue;
		}
		ring_put(&w->ring, head, head_len);
		ring_put(&w->ring, frame->bytes, frame->len);
		w->frames++;
	}
}

/* ---- life ---- */

int dump_new(struct dump **out, uv_loop_t *loop, const struct dump_events *events)
{
	struct dump *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->loop = loop;
	d->events = *events;
	uv_prepare_init(loop, &d->before_sleep);
	d->before_sleep.data = d;
	*out = d;
	return 0;
}

static uid_t uid_of(int fd)
{
	struct ucred who = {.uid = (uid_t)-1};
	socklen_t len = sizeof(who);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len);
	return who.uid;
}

/* Return: a reader with an empty buffer, polled; or NULL */
static struct watcher *new_watcher(struct dump *d, int fd)
{
	struct watcher *w = calloc(1, sizeof(*w));
	uint8_t *bytes = malloc(DUMP_BUFFER_BYTES);

	if (!w || !bytes || uv_poll_init(d->loop, &w->poll, fd) != 0) {
		free(bytes);
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->dump = d;
	w->fd = fd;
	w->uid = uid_of(fd);
	w->since_ns = clock_now_ns();
	w->ring = (struct ring){.bytes = bytes, .size = DUMP_BUFFER_BYTES};
	uv_poll_start(&w->poll, UV_READABLE, on_poll);
	return w;
}

bool dump_has_room(const struct dump *d, struct error *err)
{
	if (d->count < DUMP_READERS_MAX)
		return true;
	error_set(err, -EBUSY, "%d dumps run already; end one of them first", DUMP_READERS_MAX);
	return false;
}

int dump_add(struct dump *d, int fd, const char *greeting, const struct dump_filter *filter)
{
	struct watcher *w = new_watcher(d, fd);

	assert(d->count < DUMP_READERS_MAX);
	if (!w) {
		close(fd);
		return -ENOMEM;
	}
	w->filter = *filter;
	ring_put(&w->ring, greeting, strlen(greeting));
	w->next = d->watchers;
	d->watchers = w;
	if (d->count++ == 0) {
		uv_prepare_start(&d->before_sleep, on_before_sleep);
		d->events.on_wanted(d->events.context, true);
	}
	return 0;
}

bool dump_info(const struct dump *d, size_t index, struct dump_info *out)
{
	const struct watcher *w = d->watchers;

	while (w && index-- > 0)
		w = w->next;
	if (!w)
		return false;
	*out = (struct dump_info){
		.uid = w->uid,
		.filter = &w->filter,
		.frames = w->frames,
		.lost = w->lost,
		.since_ns = w->since_ns,
	};
	return true;
}

static void on_prepare_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void dump_close(struct dump *d)
{
	if (!d)
		return;
	while (d->watchers) {
		flush(d->watchers);
		close_watcher(d->watchers);
	}
	uv_close((uv_handle_t *)&d->before_sleep, on_prepare_closed);
}
