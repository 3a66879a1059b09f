/*
 * pings.c - see pings.h
 */
#include "agent/pings.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

enum {
	SWEEP_MS = 250 /* only while a ping waits */
};

_Static_assert((int)PINGS_MAX <= (int)ENGINE_PINGS_MAX, "the engine forgets none that waits");

static const uint64_t NS_PER_MS = 1000000;

struct ping {
	struct control_request *request; /* NULL: free */
	uint64_t token;
	uint64_t give_up_ms; /* on the loop's clock */
};

struct pings {
	uv_timer_t sweep;
	uv_loop_t *loop;
	struct engine *engine;
	uint64_t last_token;
	struct ping list[PINGS_MAX];
};

int pings_new(struct pings **out, uv_loop_t *loop, struct engine *engine)
{
	struct pings *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->loop = loop;
	p->engine = engine;
	uv_timer_init(loop, &p->sweep);
	p->sweep.data = p;
	*out = p;
	return 0;
}

static void answer(struct ping *ping, json_t *rtt)
{
	struct control_request *request = ping->request;

	ping->request = NULL;
	control_reply(request, json_pack("{s:o}", "rtt_ms", rtt));
}

/* Return: whether any waits still */
static bool give_up(struct pings *p, uint64_t now_ms)
{
	bool waiting = false;

	for (size_t i = 0; i < PINGS_MAX; i++) {
		if (p->list[i].request && p->list[i].give_up_ms <= now_ms)
			answer(&p->list[i], json_null());
		waiting |= p->list[i].request != NULL;
	}
	return waiting;
}

static void on_sweep(uv_timer_t *timer)
{
	struct pings *p = timer->data;

	if (!give_up(p, uv_now(p->loop)))
		uv_timer_stop(timer);
}

static struct ping *find(struct pings *p, uint64_t token)
{
	for (size_t i = 0; i < PINGS_MAX; i++)
		if (p->list[i].request && p->list[i].token == token)
			return &p->list[i];
	return NULL;
}

static struct ping *find_free(struct pings *p)
{
	for (size_t i = 0; i < PINGS_MAX; i++)
		if (!p->list[i].request)
			return &p->list[i];
	return NULL;
}

int pings_start(struct pings *p, int peer, struct control_request *request, uint64_t now_ns)
{
	struct ping *ping = find_free(p);
	int rc = ping ? engine_ping(p->engine, peer, p->last_token + 1, now_ns) : -EBUSY;

	if (rc)
		return rc;
	*ping = (struct ping){.request = request,
			      .token = ++p->last_token,
			      .give_up_ms = uv_now(p->loop) + PING_WAIT_MS};
	if (!uv_is_active((uv_handle_t *)&p->sweep))
		uv_timer_start(&p->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return 0;
}

void pings_answered(struct pings *p, uint64_t token, uint64_t rtt_ns)
{
	struct ping *ping = find(p, token);

	if (ping)
		answer(ping, json_real((double)rtt_ns / (double)NS_PER_MS));
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void pings_close(struct pings *p)
{
	if (!p)
		return;
	give_up(p, UINT64_MAX);
	uv_close((uv_handle_t *)&p->sweep, on_closed);
}
