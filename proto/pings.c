/*
 * pings.c - see pings.h
 */
#include "pings.h"

#include <errno.h>
#include <string.h>

#include "outbox.h"
#include "path.h"

/* Return: a free place, or that of the ping that was sent first */
static struct user_ping *place(struct engine *e)
{
	struct user_ping *oldest = &e->pings[0];

	for (size_t i = 0; i < ENGINE_PINGS_MAX; i++) {
		struct user_ping *g = &e->pings[i];

		if (g->state == USER_PING_FREE)
			return g;
		if (g->sent_ns < oldest->sent_ns)
			oldest = g;
	}
	return oldest;
}

int engine_ping(struct engine *e, int peer, uint64_t token, uint64_t now_ns)
{
	struct peer *p = peer_by_number(e, peer);
	struct user_ping ping = {.state = USER_PING_SENT,
				 .peer = (uint32_t)peer,
				 .user_token = token,
				 .sent_ns = now_ns};
	struct record record = {RECORD_PING, ping.token, TOKEN_BYTES};

	if (!p)
		return -ENOTCONN;
	e->random(e->random_context, ping.token, TOKEN_BYTES);
	if (outbox_record(e, p, &record, now_ns) != DROP_NONE)
		return -ENOTCONN;
	*place(e) = ping;
	return 0;
}

bool pings_take_pong(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
		     uint64_t now_ns)
{
	for (size_t i = 0; i < ENGINE_PINGS_MAX; i++) {
		struct user_ping *g = &e->pings[i];

		if (g->state != USER_PING_SENT || g->peer != p->number ||
		    memcmp(g->token, token, TOKEN_BYTES) != 0)
			continue;
		g->state = USER_PING_ANSWERED;
		g->rtt_ns = age_of(g->sent_ns, now_ns);
		path_measured(p, g->rtt_ns);
		return true;
	}
	return false;
}

bool pings_next_event(struct engine *e, struct engine_event *out)
{
	for (size_t i = 0; i < ENGINE_PINGS_MAX; i++) {
		struct user_ping *g = &e->pings[i];

		if (g->state != USER_PING_ANSWERED)
			continue;
		*out = (struct engine_event){.type = ENGINE_EVENT_PONG,
					     .peer = (int)g->peer,
					     .token = g->user_token,
					     .rtt_ns = g->rtt_ns};
		g->state = USER_PING_FREE;
		return true;
	}
	return false;
}

void pings_forget(struct engine *e, const struct peer *p)
{
	for (size_t i = 0; i < ENGINE_PINGS_MAX; i++)
		if (e->pings[i].peer == p->number)
			e->pings[i].state = USER_PING_FREE;
}
