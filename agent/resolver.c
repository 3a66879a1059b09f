/*
 * resolver.c - see resolver.h
 */
#include "agent/resolver.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"

static const uint64_t NS_PER_S = 1000000000;
enum {
	PORT_MAX = 65535,
	DECIMAL = 10
};

/* Collect what is usable of an answer, without repetitions. Return: how many */
static size_t collect(const struct addrinfo *list, uint16_t port, struct addr out[LOOKUP_ADDRS_MAX])
{
	size_t count = 0, i;

	for (; list && count < LOOKUP_ADDRS_MAX; list = list->ai_next) {
		struct addr a = addr_from_sockaddr(list->ai_addr);

		a.port = port;
		for (i = 0; i < count && !addr_equal(&out[i], &a); i++)
			;
		if (i == count && addr_is_unicast(&a))
			out[count++] = a;
	}
	return count;
}

bool lookup_apply(struct lookup *l, int status, const struct addrinfo *list)
{
	struct addr found[LOOKUP_ADDRS_MAX] = {0};
	size_t count = status == 0 ? collect(list, l->port, found) : 0;
	enum lookup_state state = count ? LOOKUP_RESOLVED : LOOKUP_FAILED;
	bool news = state != l->state;

	l->state = state;
	l->error = status ? status : UV_EAI_NODATA;
	if (state == LOOKUP_FAILED)
		return news;
	news |= count != l->count || memcmp(found, l->addrs, count * sizeof(*found)) != 0;
	memcpy(l->addrs, found, sizeof(found));
	l->count = count;
	return news;
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
	struct lookup *l = request->data;

	if (l) {
		l->request = NULL;
		if (lookup_apply(l, status, list))
			l->on_change(l->context, clock_now_ns());
	}
	uv_freeaddrinfo(list);
	free(request);
}

static void ask(struct lookup *l)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	uv_getaddrinfo_t *request = malloc(sizeof(*request));
	int rc;

	if (!request)
		return;
	request->data = l;
	rc = uv_getaddrinfo(l->loop, request, on_answer, l->host, NULL, &hints);
	if (rc == 0) {
		l->request = request;
		return;
	}
	free(request);
	l->state = LOOKUP_FAILED;
	l->error = rc;
}

struct lookup *lookup_new(uv_loop_t *loop, const struct card_address *where,
			  lookup_changed on_change, void *context)
{
	struct lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	*l = (struct lookup){.loop = loop,
			     .port = where->port,
			     .state = LOOKUP_PENDING,
			     .on_change = on_change,
			     .context = context};
	memcpy(l->host, where->host, sizeof(l->host));
	if (card_address_is_numeric(where, &l->addrs[0])) {
		l->state = LOOKUP_NUMERIC;
		l->count = 1;
	} else {
		l->asked_ns = clock_now_ns();
		ask(l);
	}
	return l;
}

static void ask_after(struct lookup *l, uint64_t interval_ns, uint64_t now_ns)
{
	if (l->state == LOOKUP_NUMERIC || l->request)
		return;
	if (now_ns - l->asked_ns < interval_ns)
		return;
	l->asked_ns = now_ns;
	ask(l);
}

void lookup_again(struct lookup *l, uint64_t now_ns)
{
	ask_after(l, LOOKUP_INTERVAL_S * NS_PER_S, now_ns);
}

void lookup_hurry(struct lookup *l, uint64_t now_ns)
{
	ask_after(l, LOOKUP_HURRY_S * NS_PER_S, now_ns);
}

const char *lookup_error_text(const struct lookup *l)
{
	return uv_strerror(l->error);
}

void lookup_free(struct lookup *l)
{
	if (!l)
		return;
	if (l->request) {
		l->request->data = NULL;
		uv_cancel((uv_req_t *)l->request);
	}
	free(l);
}
