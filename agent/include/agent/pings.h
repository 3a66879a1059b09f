/*
 * pings.h - pings that wait for their answer
 *
 * Layer: agent. Joins a request of the control socket with the engine's pong, or with silence.
 */
#ifndef AGENT_PINGS_H
#define AGENT_PINGS_H

#include <stdint.h>
#include <uv.h>

#include "agent/control.h"
#include "proto/engine.h"

enum {
	PINGS_MAX = CONTROL_CLIENTS_MAX, /* each client waits for one answer at most */
	PING_WAIT_MS = 2000,             /* longer than any path worth the name */
};

struct pings;

/** pings_new() - Return: 0, or -ENOMEM */
int pings_new(struct pings **out, uv_loop_t *loop, struct engine *engine);

/**
 * pings_start() - Ping a peer for a request
 *
 * Return: 0 and the request is answered later: {"rtt_ms": N}, or null when nothing came back within
 * PING_WAIT_MS; -ENOTCONN without a session, -EBUSY when too many wait: the request is still the
 * caller's
 */
int pings_start(struct pings *p, int peer, struct control_request *request, uint64_t now_ns);

/** pings_answered() - The engine reports a pong */
void pings_answered(struct pings *p, uint64_t token, uint64_t rtt_ns);

/** pings_close() - Answer all that wait with null; freed once libuv has let go of the handle */
void pings_close(struct pings *p);

#endif
