/*
 * lans_world.c - time, and what happens in it
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lans.h"

enum {
	FIRST_S = 1000, /* 0 means never to many */
	SETTLE_MS = 2000,
	KILLED_MS = 3000, /* what the gap may be */
	STOPPED_MS = 200,
	EVERY_MS = 20,
	FORGET_MS = 700, /* twice more, 300 apart, and an answer on its way */
	CONNECT_MS = 800,
	DELAY_MS = 30,
	COPIES_MAX = 6,
	IN_FLIGHT_MS = 300, /* what was sent so long before a change may meet it on its way */
};

/* ---- words ---- */

void lans_say(const struct lans *w, const char *format, ...)
{
	va_list args;

	if (!w->verbose)
		return;
	printf("# %8.3f ", (double)(w->now_ns - FIRST_S * LANS_NS_PER_S) / (double)LANS_NS_PER_S);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

void lans_say_of(const struct lans *w, const uint8_t *frame, const char *format, ...)
{
	char text[LANS_TEXT_BYTES];
	va_list args;

	if (!w->verbose || w->watched < 0 || lans_number(frame) != w->watched)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lans_say(w, "  frame %d: %s", w->watched, text);
}

void lans_fail(struct lans *w, int frame, const char *format, ...)
{
	va_list args;

	if (w->failed)
		return;
	w->failed = true;
	w->failed_frame = frame;
	va_start(args, format);
	vsnprintf(w->message, sizeof(w->message), format, args);
	va_end(args);
}

/* ---- events: a heap ---- */

static bool before(const struct lans_event *a, const struct lans_event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void swap(struct lans_event *a, struct lans_event *b)
{
	struct lans_event c = *a;

	*a = *b;
	*b = c;
}

void lans_at(struct lans *w, uint64_t at_ns, enum lans_kind kind, int a, int b, void *body)
{
	size_t i = w->event_count;

	if (w->event_count == w->event_room) {
		w->event_room = w->event_room ? 2 * w->event_room : 256;
		w->events = realloc(w->events, w->event_room * sizeof(*w->events));
	}
	w->events[w->event_count++] = (struct lans_event){
		.at_ns = at_ns, .order = w->order++, .kind = kind, .a = a, .b = b, .body = body};
	for (; i > 0 && before(&w->events[i], &w->events[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&w->events[i], &w->events[(i - 1) / 2]);
}

static struct lans_event take_first(struct lans *w)
{
	struct lans_event first = w->events[0];
	size_t i = 0;

	w->events[0] = w->events[--w->event_count];
	for (;;) {
		size_t least = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < w->event_count; k++)
			if (before(&w->events[k], &w->events[least]))
				least = k;
		if (least == i)
			return first;
		swap(&w->events[i], &w->events[least]);
		i = least;
	}
}

/* ---- making a world ---- */

void lans_init(struct lans *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->rng.state = seed;
	w->now_ns = FIRST_S * LANS_NS_PER_S;
	w->changed_ns = w->now_ns;
	w->settle_ns = SETTLE_MS * LANS_NS_PER_MS;
	w->every_ns = EVERY_MS * LANS_NS_PER_MS;
	w->connect_ns = CONNECT_MS * LANS_NS_PER_MS;
	w->watched = -1;
	w->copies_max = COPIES_MAX;
	for (int i = 0; i < LANS_AGENTS_MAX; i++)
		for (int k = 0; k < LANS_AGENTS_MAX; k++)
			w->delay_ns[i][k] = (1 + rng_below(&w->rng, DELAY_MS)) * LANS_NS_PER_MS;
}

void lans_fini(struct lans *w)
{
	for (size_t i = 0; i < w->agent_count; i++)
		lans_agent_end(w, (int)i, false);
	for (size_t i = 0; i < w->event_count; i++)
		free(w->events[i].body);
	free(w->events);
}

static void add_interface(struct lans_host *h, uint32_t index, const char *name, struct addr at)
{
	struct interface_address *a = &h->list[h->interfaces.count++];

	*a = (struct interface_address){
		.index = index, .is_up = true, .is_loopback = index == LANS_LO, .addr = at};
	strcpy(a->name, name);
	h->interfaces.list = h->list;
}

/* 10.SEGMENT.0.HOST */
static struct addr address(int segment, int host)
{
	return addr_from_ipv4(UINT32_C(0x0a000001) + ((uint32_t)segment << 16) + (uint32_t)host, 0);
}

int lans_host(struct lans *w, int eth0, int eth1)
{
	int number = (int)w->host_count++;
	struct lans_host *h = &w->hosts[number];

	*h = (struct lans_host){.segment = {LANS_NO_SEGMENT, LANS_NO_SEGMENT, eth0, eth1}};
	add_interface(h, LANS_LO, "lo", addr_from_ipv4(UINT32_C(0x7f000001), 0));
	if (eth0 != LANS_NO_SEGMENT)
		add_interface(h, LANS_ETH0, "eth0", address(eth0, number));
	if (eth1 != LANS_NO_SEGMENT)
		add_interface(h, LANS_ETH1, "eth1", address(eth1, number));
	return number;
}

static int add_machine(struct lans *w, const struct lans_machine *like)
{
	int number = (int)w->machine_count++;
	struct lans_machine *m = &w->machines[number];

	*m = *like;
	m->running = true;
	m->mac = (struct mac){{0x52, 0x54, 0, 0, 0, (uint8_t)(number + 1)}};
	return number;
}

int lans_machine(struct lans *w, int host, uint32_t interface, int group)
{
	return add_machine(
		w, &(struct lans_machine){.host = host, .interface = interface, .group = group});
}

int lans_private(struct lans *w, int agent, int group)
{
	int port = lans_port(w, agent, LANS_PRIVATE, 0, group);

	return add_machine(w, &(struct lans_machine){.host = w->agents[agent].host,
						     .group = group,
						     .agent = agent,
						     .port = port});
}

int lans_agent(struct lans *w, int host)
{
	int number = (int)w->agent_count++;

	w->agents[number] = (struct lans_agent){.host = host};
	rng_fill(&w->rng, w->agents[number].key.b, KEY_BYTES);
	return number;
}

int lans_port(struct lans *w, int agent, enum lans_port_kind kind, uint32_t interface, int group)
{
	struct lans_agent *a = &w->agents[agent];

	a->ports[a->port_count] =
		(struct lans_port){.kind = kind, .interface = interface, .group = group};
	return (int)a->port_count++;
}

void lans_trust(struct lans *w, int a, int b)
{
	w->trust[a][b] = w->trust[b][a] = true;
}

void lans_trust_all(struct lans *w)
{
	for (int i = 0; i < (int)w->agent_count; i++)
		for (int k = 0; k < i; k++)
			lans_trust(w, i, k);
}

/* ---- changes ---- */

void lans_forgets(struct lans *w, uint64_t since_ns)
{
	uint64_t until_ns =
		since_ns + FORGET_MS * LANS_NS_PER_MS + 2 * w->machine_count * w->every_ns;

	if (until_ns > w->learned_ns)
		w->learned_ns = until_ns;
}

void lans_changed(struct lans *w, uint64_t settle_ns)
{
	uint64_t until_ns = w->now_ns + settle_ns + w->again_ns;

	if (until_ns > w->changed_ns)
		w->changed_ns = until_ns;
	lans_forgets(w, until_ns);
	for (size_t i = w->record_count; i > 0; i--) {
		struct lans_record *r = &w->records[i - 1];

		if (w->now_ns - r->sent_ns > IN_FLIGHT_MS * LANS_NS_PER_MS)
			break;
		r->judged = false;
	}
}

static void cut(struct lans *w, int a, int b)
{
	w->cut[a][b] = w->cut[b][a] = true;
	lans_lose(w, a, b, w->agents[a].sessions[b].epoch);
	lans_lose(w, b, a, w->agents[b].sessions[a].epoch);
}

/* With it, and by nobody else, machines of its host heard a LAN: what they miss now, others notice when they
 * do not hear that host's agents any more. */
static bool was_last_member(const struct lans *w, int agent)
{
	const struct lans_agent *a = &w->agents[agent];

	for (size_t i = 0; i < a->port_count; i++)
		if (a->ports[i].kind == LANS_NAMED &&
		    !lans_is_member(w, a->host, a->ports[i].interface, a->ports[i].group))
			return true;
	return false;
}

static uint64_t settle_ns_after(const struct lans *w, const struct lans_event *e)
{
	if (e->kind == LANS_STOP && !was_last_member(w, e->a))
		return STOPPED_MS * LANS_NS_PER_MS;
	if (e->kind == LANS_KILL || e->kind == LANS_STOP || e->kind == LANS_UNPLUG)
		return KILLED_MS * LANS_NS_PER_MS;
	return w->settle_ns;
}

/* The world is another one from here. */
static void change(struct lans *w, const struct lans_event *e)
{
	static const char *const WORDS[] = {
		[LANS_START] = "agent %d starts",    [LANS_KILL] = "agent %d is killed",
		[LANS_STOP] = "agent %d stops",      [LANS_PLUG] = "machine %d starts",
		[LANS_UNPLUG] = "machine %d stops",  [LANS_CUT] = "agent %d and %d are cut off",
		[LANS_BRIDGE] = "the bridge starts",
	};

	lans_say(w, WORDS[e->kind], e->a, e->b);
	if (e->kind == LANS_START)
		lans_agent_start(w, e->a);
	else if (e->kind == LANS_KILL || e->kind == LANS_STOP)
		lans_agent_end(w, e->a, e->kind == LANS_STOP);
	else if (e->kind == LANS_PLUG || e->kind == LANS_UNPLUG)
		w->machines[e->a].running = e->kind == LANS_PLUG;
	else if (e->kind == LANS_CUT)
		cut(w, e->a, e->b);
	else
		w->bridge.running = true;
	lans_changed(w, settle_ns_after(w, e));
}

static void tick(struct lans *w, int agent, unsigned life)
{
	if (w->agents[agent].running && w->agents[agent].life == life)
		lans_agent_tick(w, agent);
}

static void happen(struct lans *w, const struct lans_event *e)
{
	switch (e->kind) {
	case LANS_ARRIVE:
		lans_arrive(w, e->a, e->body);
		break;
	case LANS_TELL:
		lans_told(w, e->a, e->b, e->body);
		break;
	case LANS_TICK:
		tick(w, e->a, (unsigned)e->b);
		break;
	case LANS_TRAFFIC:
		lans_speak(w);
		break;
	case LANS_CONNECT:
		lans_connect(w, e->a, e->b);
		break;
	case LANS_ACCEPT:
		lans_accept(w, e->a, e->b, *(unsigned *)e->body);
		break;
	case LANS_LOSE:
		lans_lose(w, e->a, e->b, *(unsigned *)e->body);
		break;
	case LANS_START:
	case LANS_KILL:
	case LANS_STOP:
	case LANS_PLUG:
	case LANS_UNPLUG:
	case LANS_CUT:
	case LANS_BRIDGE:
		change(w, e);
		break;
	}
	free(e->body);
}

/* The agent whose segments want to be asked next, if that is before anything else happens; or -1 */
static int find_due(const struct lans *w, uint64_t *at_ns)
{
	int found = -1;

	for (int i = 0; i < (int)w->agent_count; i++) {
		const struct lans_agent *a = &w->agents[i];

		if (!a->running || a->deadline_ns >= *at_ns)
			continue;
		*at_ns = a->deadline_ns;
		found = i;
	}
	return found;
}

/* A deadline that stays in the past would never let anything else happen. */
static void run_due(struct lans *w, int agent)
{
	lans_agent_run(w, agent);
	if (w->agents[agent].deadline_ns <= w->now_ns)
		lans_fail(w, -1, "agent %d has a deadline that does not pass", agent);
}

bool lans_run(struct lans *w)
{
	lans_at(w, w->now_ns, LANS_TRAFFIC, 0, 0, NULL);
	while (w->event_count > 0 && !w->failed) {
		uint64_t at_ns = w->events[0].at_ns;
		int due = find_due(w, &at_ns);

		if (at_ns >= w->end_ns)
			break;
		if (at_ns > w->now_ns)
			w->now_ns = at_ns;
		if (due >= 0) {
			run_due(w, due);
		} else {
			struct lans_event e = take_first(w);

			happen(w, &e);
		}
	}
	lans_judge(w);
	return !w->failed;
}
