/*
 * control_client.h - ask the agent that runs on a folder
 *
 * Layer: agent (for the command line). Blocking, with a deadline.
 */
#ifndef AGENT_CONTROL_CLIENT_H
#define AGENT_CONTROL_CLIENT_H

#include <jansson.h>

#include "common/error.h"

/** struct control_client - a connection; zeroed means "none" */
struct control_client {
	int fd; /* 0: none: the standard input is never one of ours */
	char *line;
	size_t capacity;
	void *stream; /* FILE * over fd */
};

/**
 * control_client_open() - Connect to the agent of @folder
 * @folder:	absolute path; its agent.conf says where the socket is, and if that cannot be read, the
 *		default place is tried
 *
 * Return: 0; -ENOENT when no agent runs there, -EACCES when we may not ask it, or another negative
 * errno, all with @err
 */
int control_client_open(struct control_client *c, const char *folder, struct error *err);

/** control_client_connect() - Likewise, for who waits for nothing. Return: a descriptor that does not block;
 * -EAGAIN when the agent is too busy to be connected to; else as control_client_open() */
int control_client_connect(const char *folder, struct error *err);

/**
 * control_client_ask() - One request, one answer
 * @request:	consumed; an object with "cmd"
 *
 * Return: the answer's object, to be let go of with json_decref(); NULL with @err when the agent
 * refused (its sentence), hung up, or did not answer in time
 */
json_t *control_client_ask(struct control_client *c, json_t *request, struct error *err);

/**
 * control_client_stream() - One request, after whose answer a stream follows
 * @request:	consumed
 *
 * Return: 0, and @c->fd is to be read as it comes, without a deadline; -EPROTO with @err where
 * control_client_ask() has none
 */
int control_client_stream(struct control_client *c, json_t *request, struct error *err);

/** control_client_close() - Hang up */
void control_client_close(struct control_client *c);

#endif
