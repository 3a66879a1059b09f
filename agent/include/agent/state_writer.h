/*
 * state_writer.h - writes the `state` file while the loop goes on
 *
 * Layer: agent. A disk may take seconds to sync, and the loop carries frames: so a thread of libuv's pool
 * does it.
 *
 * How it works. What is written is a text made of the state at the time of the request. One is under way
 * at most; what was requested meanwhile is one more, made when that one is done. Each has a number, and the
 * file never goes back to a lower one: state_writer_now(), for start and stop, waits for the thread's turn
 * to end, and a text that the thread comes to afterwards is passed over.
 */
#ifndef AGENT_STATE_WRITER_H
#define AGENT_STATE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "agent/state.h"
#include "common/error.h"

/**
 * struct state_writer_events - what happened; never called from another thread
 * @on_written:	a text is on disk, or a newer one, or with @err it could not be written; @ceiling_ns: the
 *		timestamp ceiling in that text, whatever it is in the state now
 */
struct state_writer_events {
	void (*on_written)(void *context, uint64_t ceiling_ns, const struct error *err);
	void *context;
};

/** struct state_job - one text; the thread's while the writer is busy */
struct state_job {
	char *text; /* NULL: no memory for it */
	uint64_t number;
	uint64_t ceiling_ns;
	int rc;
	struct error err;
};

/** struct state_writer - the caller's memory; must stay until the loop has let go of @work */
struct state_writer {
	uv_work_t work;
	uv_loop_t *loop;
	const struct state *state;
	struct state_writer_events events;
	struct state_job job;
	bool busy;
	bool again;
	uint64_t last_number;
	uv_mutex_t turn;
	uint64_t written; /* number of the text on disk; under @turn */
};

/**
 * state_writer_init() - Prepare; writes nothing
 * @state:	borrowed; its path does not change any more
 *
 * Return: 0, or -ENOMEM
 */
int state_writer_init(struct state_writer *w, uv_loop_t *loop, const struct state *state,
		      const struct state_writer_events *events);

/** state_writer_request() - The state changed: write it soon, and tell then */
void state_writer_request(struct state_writer *w);

/** state_writer_now() - Write it, and tell, before returning: blocks on the disk */
void state_writer_now(struct state_writer *w);

/** state_writer_fini() - When the loop has let go of everything; may be zeroed */
void state_writer_fini(struct state_writer *w);

#endif
