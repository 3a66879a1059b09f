/*
 * dgram_lanes.c - many machines on one unix datagram socket, each told apart by the path that it has bound
 *
 * Layer: agent (ports). See dgram.h.
 *
 * A machine has a lane from its first frame until nobody has its path bound any more, which is looked at
 * when it is sent to and at every tick. One that cannot be reached but speaks keeps it: then status says
 * what is wrong. Two users may have bound the same path, each in a view of the files of its own: then they
 * are two machines, and only the one whose socket we see there is sent to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dgram.h"

static struct dgram_lane *lane_over(const struct port *p)
{
	return (struct dgram_lane *)(uintptr_t)p;
}

static void lane_send(struct port *p, const uint8_t *frame, size_t len)
{
	dgram_link_send(&lane_over(p)->link, p, frame, len);
}

static void lane_flush(struct port *p)
{
	dgram_link_flush(&lane_over(p)->link, p);
}

static enum port_state lane_state(const struct port *p, char *detail, size_t size)
{
	const struct dgram_lane *lane = lane_over(p);
	char name[ENDPOINT_TEXT_BYTES];

	dgram_link_say(&lane->link, endpoint_format(&lane->at, name), detail, size);
	return detail[0] ? PORT_DOWN : PORT_FORWARDING;
}

static const struct port_ops LANE_OPS = {
	.send = lane_send, .flush = lane_flush, .state = lane_state};

/* ---- life ---- */

static void free_lane(struct dgram_lane *lane)
{
	dgram_link_fini(&lane->link);
	free(lane);
}

/* What tells it apart in status: the last part of its path, without what files of sockets end in. */
static void stem_of(const struct endpoint *e, char out[ENDPOINT_PATH_BYTES])
{
	const char *slash = strrchr(e->text, '/');
	char *dot;

	strcpy(out, slash && slash[1] ? slash + 1 : e->text);
	dot = strrchr(out, '.');
	if (dot && dot != out)
		*dot = '\0';
	for (char *c = out; *c; c++) {
		if (*c <= ' ' || *c > '~' || *c == '/')
			*c = '_';
	}
}

static struct dgram_lane *open_lane(struct dgram *d, const struct dgram_name *from, uid_t user,
				    const struct endpoint *at)
{
	struct dgram_lane *lane = calloc(1, sizeof(*lane));
	char stem[ENDPOINT_PATH_BYTES];

	if (!lane || dgram_link_init(&lane->link, at, user, &d->socket) < 0) {
		free(lane);
		return NULL;
	}
	lane->port.ops = &LANE_OPS;
	lane->from = *from;
	lane->user = user;
	lane->at = *at;
	stem_of(at, stem);
	if (d->port.events.on_lane_open(d->port.events.context, &lane->port, stem) < 0) {
		free_lane(lane);
		return NULL;
	}
	dgram_link_reach(&lane->link);
	lane->next = d->lanes;
	d->lanes = lane;
	d->is_news = true;
	return lane;
}

/* Return: it, now the first; or NULL. */
static struct dgram_lane *find_lane(struct dgram *d, const struct dgram_name *from, uid_t user)
{
	for (struct dgram_lane **at = &d->lanes; *at; at = &(*at)->next) {
		struct dgram_lane *lane = *at;

		if (lane->user != user || !dgram_name_equal(&lane->from, from))
			continue;
		*at = lane->next;
		lane->next = d->lanes;
		d->lanes = lane;
		return lane;
	}
	return NULL;
}

struct dgram_lane *dgram_lane_of(struct dgram *d, const struct dgram_received *r)
{
	struct dgram_lane *lane = find_lane(d, &r->from, r->user);
	char folder[ENDPOINT_PATH_BYTES];
	struct endpoint at;

	if (!lane && r->len < ETHER_HEADER_BYTES) {
		d->port.drops[DROP_SHORT_FRAME]++;
		return NULL;
	}
	if (!lane && !endpoint_from_unix(&r->from.at, r->from.len, dgram_folder(d, folder), &at)) {
		d->port.drops[DROP_STRANGER]++;
		return NULL;
	}
	if (!lane)
		lane = open_lane(d, &r->from, r->user, &at);
	if (!lane)
		return NULL;
	if (lane->link.error < 0 && !lane->heard)
		dgram_link_reach(&lane->link);
	lane->heard = true;
	return lane;
}

/* @at: the place in the list where it is. */
static void close_lane(struct dgram *d, struct dgram_lane **at)
{
	struct dgram_lane *lane = *at;

	*at = lane->next;
	d->is_news = true;
	lane->port.events.on_lane_close(lane->port.events.context);
	free_lane(lane);
}

void dgram_lane_recall(struct dgram *d, const struct endpoint *at, uid_t user)
{
	struct dgram_name name = {.at = {0}};

	name.len = endpoint_to_unix(at, &name.at);
	if (find_lane(d, &name, user)) /* it was quicker */
		return;
	if (open_lane(d, &name, user, at) && d->lanes->link.error < 0)
		close_lane(d, &d->lanes);
}

/* A relative path that leads nowhere from here says nothing about the machine. */
static bool is_gone(const struct dgram_lane *lane)
{
	char first = lane->from.at.sun_path[0];

	return dgram_link_is_gone(&lane->link) && (first == '/' || first == '\0');
}

void dgram_lanes_tick(struct dgram *d)
{
	struct dgram_lane **at = &d->lanes;

	while (*at) {
		struct dgram_lane *lane = *at;
		bool was_heard = lane->heard;

		lane->heard = false;
		if (dgram_link_reach(&lane->link) == 0 || (was_heard && !is_gone(lane))) {
			at = &lane->next;
			continue;
		}
		close_lane(d, at);
	}
}

void dgram_lanes_free(struct dgram *d)
{
	while (d->lanes) {
		struct dgram_lane *next = d->lanes->next;

		free_lane(d->lanes);
		d->lanes = next;
	}
}
