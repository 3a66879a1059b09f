/*
 * state_writer.c - see state_writer.h
 */
#include "agent/state_writer.h"

#include <errno.h>
#include <stdlib.h>

static void start(struct state_writer *w);

static void make_job(struct state_writer *w, struct state_job *job)
{
	*job = (struct state_job){.text = state_text(w->state),
				  .number = ++w->last_number,
				  .ceiling_ns = w->state->timestamp_ceiling_ns};
}

/* In any thread. What a newer text has replaced already counts as written. */
static void do_job(struct state_writer *w, struct state_job *job)
{
	uv_mutex_lock(&w->turn);
	if (job->number > w->written)
		job->rc = state_write_text(w->state, job->text, &job->err);
	if (job->rc == 0 && job->number > w->written)
		w->written = job->number;
	uv_mutex_unlock(&w->turn);
}

static void tell(struct state_writer *w, struct state_job *job)
{
	free(job->text);
	job->text = NULL;
	w->events.on_written(w->events.context, job->ceiling_ns, job->rc ? &job->err : NULL);
}

static void on_work(uv_work_t *work)
{
	struct state_writer *w = work->data;

	do_job(w, &w->job);
}

static void on_done(uv_work_t *work, int status)
{
	struct state_writer *w = work->data;
	struct state_job done = w->job; /* who is told may request the next */

	(void)status; /* nobody cancels */
	w->busy = false;
	tell(w, &done);
	if (w->again)
		start(w);
}

static void start(struct state_writer *w)
{
	w->again = false;
	w->busy = true;
	make_job(w, &w->job);
	uv_queue_work(w->loop, &w->work, on_work, on_done);
}

int state_writer_init(struct state_writer *w, uv_loop_t *loop, const struct state *state,
		      const struct state_writer_events *events)
{
	*w = (struct state_writer){.loop = loop, .state = state, .events = *events};
	w->work.data = w;
	return uv_mutex_init(&w->turn) == 0 ? 0 : -ENOMEM;
}

void state_writer_request(struct state_writer *w)
{
	w->again = true;
	if (!w->busy)
		start(w);
}

void state_writer_now(struct state_writer *w)
{
	struct state_job job;

	w->again = false;
	make_job(w, &job);
	do_job(w, &job);
	tell(w, &job);
}

void state_writer_fini(struct state_writer *w)
{
	if (w->state)
		uv_mutex_destroy(&w->turn);
	*w = (struct state_writer){0};
}
