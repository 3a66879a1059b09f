/*
 * dump.h - who watches the frames: `longwire dump`'s readers
 *
 * Layer: agent. Knows connections, a filter and a buffer for each; what frames there are is the
 * caller's.
 *
 * How it works. A reader is a connection of the control socket that was given away here. Each has a
 * buffer of its own. dump_show() copies a frame into the buffer of each reader whose filter it passes;
 * before the loop sleeps, what the kernel takes at once is sent. Where the buffer has no room the frame
 * is lost for that reader, counted, and said to it as soon as there is room. So nobody ever waits for a
 * reader, and one that stopped costs its buffer and no more.
 *
 * Nobody asks for frames without readers: on_wanted() says when the first comes and the last goes.
 */
#ifndef AGENT_DUMP_H
#define AGENT_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "agent/dump_record.h"
#include "common/error.h"

enum {
	DUMP_READERS_MAX = 4,
	DUMP_BUFFER_BYTES =
		4
		<< 20, /* of each: 2,700 frames of 1,514 bytes; a tenth of a second at 300 Mbit/s */
};
_Static_assert(DUMP_BUFFER_BYTES >= 2 * DUMP_RECORD_MAX_BYTES, "the longest frame has room");

struct dump;

/** struct dump_events - @on_wanted: the first reader came, or the last one went */
struct dump_events {
	void (*on_wanted)(void *context, bool wanted);
	void *context;
};

/** dump_new() - Return: 0, or -ENOMEM */
int dump_new(struct dump **out, uv_loop_t *loop, const struct dump_events *events);

/** struct dump_filter - what a reader wants; @vlan: an id, 0: all; names "": all. A frame passes that
 * comes from @peer or goes to it, and comes from @port, or a machine that shares it, or goes there */
struct dump_filter {
	uint16_t vlan;
	char peer[NAME_BYTES];
	char port[DUMP_NAME_BYTES];
};

/** dump_has_room() - Is there room for one more reader? Return: false with @err when there is not */
bool dump_has_room(const struct dump *d, struct error *err);

/**
 * dump_add() - A reader; there is room
 * @fd:		stream socket, non-blocking; consumed, also on failure
 * @greeting:	sent before the first record; borrowed
 *
 * Return: 0, or -ENOMEM
 */
int dump_add(struct dump *d, int fd, const char *greeting, const struct dump_filter *filter);

/** struct dump_reach - does a frame to everybody go to that port or peer, too? */
struct dump_reach {
	bool (*reaches)(void *context, enum dump_kind kind, const char *name);
	void *context;
};

/** dump_show() - A frame, to all readers whose filter it passes. Allocates nothing, waits for nobody */
void dump_show(struct dump *d, const struct dump_frame *frame, const struct dump_reach *reach);

/** struct dump_info - a reader, for status; @filter borrowed */
struct dump_info {
	uid_t uid; /* of the process at the other end */
	const struct dump_filter *filter;
	uint64_t frames, lost;
	uint64_t since_ns; /* clock_now_ns() */
};

/** dump_info() - The @index-th reader, 0 first. Return: false when there is none */
bool dump_info(const struct dump *d, size_t index, struct dump_info *out);

/** dump_close() - Send each reader what it takes at once, and hang up. Freed once libuv has let go */
void dump_close(struct dump *d);

#endif
