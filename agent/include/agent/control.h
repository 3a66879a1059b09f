/*
 * control.h - the control socket: who may ask, and one answer per request
 *
 * Layer: agent. Knows connections, lines and permissions; what a command does is the caller's.
 * Spec: longwire-control(7).
 *
 * How it works. A unix stream socket; each client sends one JSON object a line and gets one a line
 * back, in order. While a request is being answered its client is not read, so no client can make
 * answers pile up; what it sends meanwhile waits in the kernel. Lines, and clients, are capped: with
 * CONTROL_CLIENTS_MAX there, the one that has been idle longest makes room.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "common/error.h"

enum {
	CONTROL_CLIENTS_MAX = 16
};

struct control;

/** struct control_request - one request, from on_request() until it is answered, also when its client
 * has gone */
struct control_request;

/**
 * struct control_events - what the control socket reports
 * @on_request:	a request that may be made by whom it came from, as far as this layer knows; must be
 *		answered exactly once, now or later
 * @on_garbage:	a line that is no request; already answered
 */
struct control_events {
	void (*on_request)(void *context, struct control_request *request);
	void (*on_garbage)(void *context);
	void *context;
};

/**
 * control_open() - Listen
 * @path:	of the socket; one that a dead agent left is replaced, a live one's is not
 * @group:	name of the group that may use it too, or ""
 *
 * Return: 0; -EADDRINUSE when an agent answers there, or another negative errno, with @err
 */
int control_open(struct control **out, uv_loop_t *loop, const char *path, const char *group,
		 const struct control_events *events, struct error *err);

/** control_close() - Hang up on everybody and remove the socket. All requests were answered before */
void control_close(struct control *c);

/** control_request_cmd() - The command's name */
const char *control_request_cmd(const struct control_request *r);

/** control_request_text() - A text argument. Return: NULL if absent or no text */
const char *control_request_text(const struct control_request *r, const char *key);

/** control_request_is_owner() - From the agent's own user or root, not only from its group */
bool control_request_is_owner(const struct control_request *r);

/** control_reply() - Answer {"id":…, "ok":true, …}. Consumes both arguments */
void control_reply(struct control_request *r, json_t *fields);

/** control_refuse() - Answer {"id":…, "ok":false, "error":"…"}. Consumes @r */
void control_refuse(struct control_request *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** struct control_given - a connection that is the caller's now: @fd, non-blocking, to be closed, and
 * the line to be sent first, to be freed */
struct control_given {
	int fd;
	char *answer;
};

/**
 * control_give_away() - Answer {"id":…, "ok":true, …} and let what follows be the caller's own
 * @fields:	consumed
 *
 * Requests that the client sent behind this one are lost: a stream follows, and no further answer.
 * Return: 0, and @r is answered; -EMFILE without a descriptor or memory: it is still to be answered
 */
int control_give_away(struct control_request *r, json_t *fields, struct control_given *out);

#endif
