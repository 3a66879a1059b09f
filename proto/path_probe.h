/*
 * path_probe.h - when which path is probed
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 7.5.
 *
 * A probe is a path challenge alone in a datagram. Probes are *planned* for a path, one every 250 ms; a
 * second after the last of them a path that answered none has failed. The active path is challenged every
 * second while frames are sent; nothing here wakes anybody otherwise.
 */
#ifndef PROTO_PATH_PROBE_H
#define PROTO_PATH_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"

/** path_probe() - Send one now. @local: from there; NULL: as the path says. Return: was it sent? */
bool path_probe(struct engine *e, struct peer *p, struct path *path, const struct addr *local,
		uint64_t now_ns);

/** path_plan() - @count of them, the first as soon as the timers run */
void path_plan(struct engine *e, struct peer *p, struct path *path, unsigned count,
	       uint64_t now_ns);

/** path_plan_stop() - No more of those that were planned; what did not answer has failed */
void path_plan_stop(struct peer *p);

/** path_round() - Measure all of them, if there is more than one. @all: those that failed, too */
void path_round(struct engine *e, struct peer *p, bool all, uint64_t now_ns);

/** path_probe_new() - Those that were never probed, if there is a session */
void path_probe_new(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_used() - A frame was sent: look after the active path from now on */
void path_used(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_is_busy() - Were frames sent lately? */
bool path_is_busy(const struct peer *p, uint64_t now_ns);

/** path_doubt() - Challenge the active path now; one that is not answered is enough to suspect it */
void path_doubt(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_due() - Do what is due; there is a session */
void path_due(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_deadline_ns() - When path_due() is due */
uint64_t path_deadline_ns(const struct peer *p);

/** path_rest() - The sessions are gone: nothing is due, and no answer counts any more */
void path_rest(struct peer *p);

#endif
