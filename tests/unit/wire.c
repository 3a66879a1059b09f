/*
 * wire.c - see wire.h
 */
#include "wire.h"

#include <stdlib.h>

#include "common/cursor.h"

enum {
	SETTLE_MAX = 100000, /* packets at one instant: more is a storm */
	TICK_MAX = 10000,    /* ticks at one instant: more is a timer that spins */
};

struct engine *wire_engine(struct wire *w, unsigned host)
{
	return w->hosts[host].host.engine;
}

struct peer *wire_peer(struct wire *w, unsigned host, unsigned other)
{
	return &wire_engine(w, host)->peers[w->hosts[host].peer[other]];
}

struct session *wire_session(struct wire *w, unsigned host, unsigned other)
{
	struct peer *p = wire_peer(w, host, other);

	assert_int_not_equal(p->current, SLOT_NONE);
	return &p->sessions[p->current];
}

bool wire_is_up(struct wire *w, unsigned host, unsigned other)
{
	return engine_peer_is_up(wire_engine(w, host), w->hosts[host].peer[other]);
}

struct peer_info wire_info(struct wire *w, unsigned host, unsigned other)
{
	struct peer_info info;

	assert_true(engine_peer_info(wire_engine(w, host), w->hosts[host].peer[other], &info));
	return info;
}

uint32_t wire_events(struct wire *w, unsigned host, unsigned other, enum engine_event_type type)
{
	return w->hosts[host].events[other][type];
}

/* ---- set up ---- */

void wire_know(struct wire *w, unsigned host, unsigned other, bool with_address)
{
	w->hosts[host].peer[other] =
		host_add(&w->hosts[host].host, &w->hosts[other].host, with_address, w->now_ns);
}

/* Of a test that failed; freed by the next one, so that its failure is not buried under leaks. */
static struct wire *left_over;
static bool registered;

static void free_left_over(void)
{
	if (left_over)
		wire_free(left_over);
}

struct wire *wire_new(const struct wire_setup *setup)
{
	struct wire *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	if (!registered)
		atexit(free_left_over);
	registered = true;
	free_left_over();
	left_over = w;
	assert_in_range(setup->count, 1, WIRE_HOSTS_MAX);
	w->now_ns = 1000 * S_NS;
	w->count = setup->count;
	for (unsigned i = 0; i < w->count; i++) {
		memset(w->hosts[i].peer, -1, sizeof(w->hosts[i].peer));
		host_start(&w->hosts[i].host, &(struct host_setup){.number = i,
								   .seed = 1,
								   .now_ns = w->now_ns,
								   .max_frame = setup->max_frame,
								   .ciphers = setup->ciphers});
	}
	for (unsigned i = 0; i < w->count && !setup->strangers; i++)
		for (unsigned k = 0; k < w->count; k++)
			if (i != k)
				wire_know(w, i, k, true);
	return w;
}

void wire_free(struct wire *w)
{
	for (unsigned i = 0; i < w->count; i++)
		host_stop(&w->hosts[i].host);
	free(w->queue);
	free(w);
	left_over = NULL;
}

struct wire *wire_pair(void)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});

	wire_connect(w);
	wire_run(w, 100 * NS_PER_MS);
	return w;
}

void wire_restart(struct wire *w, unsigned host, uint64_t floor_ns)
{
	struct wire_host *h = &w->hosts[host];
	bool known[WIRE_HOSTS_MAX];

	for (unsigned i = 0; i < w->count; i++)
		known[i] = h->peer[i] >= 0;
	host_stop(&h->host);
	host_start(&h->host,
		   &(struct host_setup){
			   .number = host, .seed = 1, .now_ns = w->now_ns, .floor_ns = floor_ns});
	for (unsigned i = 0; i < w->count; i++)
		if (known[i])
			wire_know(w, host, i, true);
}

/* ---- out of the engines ---- */

static void push(struct wire *w, const struct packet *p)
{
	if (w->used == w->room) {
		w->room = w->room ? 2 * w->room : 64;
		w->queue = realloc(w->queue, w->room * sizeof(*w->queue));
		assert_non_null(w->queue);
	}
	w->queue[w->used++] = *p;
}

static unsigned other_of(const struct wire_host *h, int peer)
{
	unsigned i = 0;

	while (i < WIRE_HOSTS_MAX && (peer < 0 || h->peer[i] != peer))
		i++;
	return i;
}

static void drain_events(struct wire *w, struct wire_host *h)
{
	struct engine_event event;
	unsigned limit = 1000;

	while (engine_next_event(h->host.engine, &event)) {
		assert_int_not_equal(--limit, 0);
		h->events[other_of(h, event.peer)][event.type]++;
		if (event.type == ENGINE_EVENT_PONG)
			h->last_pong = event;
		if (event.type == ENGINE_EVENT_RESERVE)
			engine_timestamp_persisted(h->host.engine,
						   engine_timestamp_ceiling_ns(h->host.engine),
						   w->now_ns);
	}
}

static void collect_from(struct wire *w, struct wire_host *h)
{
	const struct datagram *d;
	size_t n;

	engine_flush(h->host.engine, w->now_ns);
	n = engine_outbox(h->host.engine, &d);
	for (size_t i = 0; i < n; i++) {
		struct packet p = {.from = h->host.at, .to = d[i].to, .len = d[i].len};

		if (addr_is_set(&h->second) && addr_same_ip(&d[i].local, &h->second))
			p.from = h->second;

		assert_in_range(p.len, DATA_MIN_BYTES, DATAGRAM_MAX_BYTES);
		memcpy(p.bytes, d[i].bytes, p.len);
		assert_in_range(p.bytes[0], MESSAGE_INITIATION, MESSAGE_DATA);
		w->sent[p.bytes[0]]++;
		w->sent_bytes += p.len;
		if (p.len <= (w->mtu ? w->mtu : DATAGRAM_BASE_BYTES) &&
		    (!w->pass || w->pass(w, &p)))
			push(w, &p);
	}
	engine_outbox_clear(h->host.engine);
}

void wire_collect(struct wire *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (!w->hosts[i].host.engine)
			continue;
		drain_events(w, &w->hosts[i]);
		collect_from(w, &w->hosts[i]);
	}
}

/* ---- into the engines ---- */

/* What a peer said of its segments. Return: false if it is a frame. */
static bool keep_segments(struct wire_host *h, const struct frame_in *in)
{
	assert_int_equal(!in->frame + !in->report + !in->answer, 2);
	if (in->frame)
		return false;
	assert_int_equal(in->len, 0);
	if (in->report) {
		h->reports++;
		h->last_report = *in->report;
	} else {
		h->answers++;
		h->last_answer = *in->answer;
	}
	return true;
}

static void drain_frames(struct wire *w, struct wire_host *h)
{
	struct frame_in frame;

	while (engine_next_frame(h->host.engine, &frame, w->now_ns)) {
		if (keep_segments(h, &frame))
			continue;
		assert_in_range(frame.len, ETHER_HEADER_BYTES, WIRE_FRAME_MAX);
		h->frames++;
		memcpy(h->last_frame, frame.frame, frame.len);
		h->last = frame;
		h->last.frame = h->last_frame;
	}
}

static enum drop input(struct wire *w, unsigned to, const struct route *route, const void *bytes,
		       size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	enum drop drop;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	drop = engine_input(wire_engine(w, to), route, copy, len, w->now_ns);
	drain_frames(w, &w->hosts[to]);
	free(copy);
	return drop;
}

enum drop wire_input(struct wire *w, unsigned to, const struct addr *from, const void *bytes,
		     size_t len)
{
	return input(w, to, &(struct route){.remote = *from}, bytes, len);
}

enum drop wire_deliver(struct wire *w, const struct packet *p)
{
	for (unsigned i = 0; i < w->count; i++) {
		const struct wire_host *h = &w->hosts[i];
		struct route route = {.remote = p->from};

		if (!h->host.engine)
			continue;
		if (addr_is_set(&h->second))
			route.local = p->to;
		if (addr_equal(&h->host.at, &p->to) || addr_equal(&h->second, &p->to))
			return input(w, i, &route, p->bytes, p->len);
	}
	return DROP_NONE;
}

bool wire_take(struct wire *w, uint8_t type, struct packet *out)
{
	for (size_t i = w->first; i < w->used; i++) {
		if (w->queue[i].bytes[0] != type)
			continue;
		*out = w->queue[i];
		memmove(&w->queue[i], &w->queue[i + 1], (w->used - i - 1) * sizeof(*w->queue));
		w->used--;
		return true;
	}
	return false;
}

/* Take the first packet that has arrived off the wire. Return: false if there is none */
static bool take_due(struct wire *w, struct packet *out)
{
	for (size_t i = w->first; i < w->used; i++) {
		if (w->queue[i].at_ns > w->now_ns)
			continue;
		*out = w->queue[i];
		if (i > w->first)
			memmove(&w->queue[i], &w->queue[i + 1],
				(w->used-- - i - 1) * sizeof(*w->queue));
		else
			w->first++;
		return true;
	}
	return false;
}

void wire_settle(struct wire *w)
{
	unsigned limit = SETTLE_MAX;
	struct packet p;

	for (wire_collect(w); take_due(w, &p); wire_collect(w)) {
		assert_int_not_equal(--limit, 0);
		wire_deliver(w, &p);
	}
	if (w->first == w->used)
		w->first = w->used = 0;
}

/* ---- time ---- */

static uint64_t next_ns(struct wire *w)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = w->first; i < w->used; i++)
		if (w->queue[i].at_ns < next)
			next = w->queue[i].at_ns;
	for (unsigned i = 0; i < w->count; i++) {
		uint64_t at =
			wire_engine(w, i) ? engine_deadline_ns(wire_engine(w, i)) : UINT64_MAX;

		if (at < next)
			next = at;
	}
	return next;
}

static void tick_all(struct wire *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (!wire_engine(w, i) || engine_deadline_ns(wire_engine(w, i)) > w->now_ns)
			continue;
		engine_tick(wire_engine(w, i), w->now_ns);
		w->ticks++;
	}
}

void wire_run(struct wire *w, uint64_t duration_ns)
{
	uint64_t end = w->now_ns + duration_ns;
	unsigned limit = TICK_MAX;

	wire_settle(w);
	while (next_ns(w) <= end) {
		uint64_t next = next_ns(w);

		if (next > w->now_ns) {
			w->now_ns = next;
			limit = TICK_MAX;
		}
		assert_int_not_equal(--limit, 0);
		tick_all(w);
		wire_settle(w);
	}
	w->now_ns = end;
}

static bool all_up(struct wire *w)
{
	for (unsigned i = 0; i < w->count; i++)
		for (unsigned k = 0; k < w->count; k++)
			if (w->hosts[i].peer[k] >= 0 && !wire_is_up(w, i, k))
				return false;
	return true;
}

/* As if the search had ended long ago: most tests count datagrams, and are about something else. */
static void end_searches(struct wire *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		for (unsigned k = 0; k < w->count; k++) {
			struct peer *p = w->hosts[i].peer[k] >= 0 ? wire_peer(w, i, k) : NULL;

			if (p)
				p->size = (struct peer_size){.next_ns = HEAP_NEVER,
							     .searched_ns = w->now_ns};
		}
	}
}

void wire_connect(struct wire *w)
{
	uint64_t end = w->now_ns + 5 * S_NS;

	wire_settle(w);
	while (!all_up(w) && w->now_ns < end)
		wire_run(w, 10 * NS_PER_MS);
	assert_true(all_up(w));
	if (!w->mtu)
		end_searches(w);
}

/* ---- frames ---- */

enum drop wire_send(struct wire *w, unsigned from, unsigned to, size_t len, uint8_t fill)
{
	uint8_t *frame = malloc(len ? len : 1);
	enum drop drop;

	assert_non_null(frame);
	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(fill + i * 31);
	drop = engine_send_frame(wire_engine(w, from), w->hosts[from].peer[to],
				 &(struct frame_out){.vlan = 1, .frame = frame, .len = len},
				 w->now_ns);
	free(frame);
	return drop;
}

static void assert_carries_one(struct wire *w, unsigned from, unsigned to, size_t len)
{
	struct wire_host *h = &w->hosts[to];
	uint32_t before = h->frames;

	assert_int_equal(wire_send(w, from, to, len, 7), DROP_NONE);
	wire_settle(w);
	assert_int_equal(h->frames, before + 1);
	assert_int_equal(h->last.len, len);
	assert_int_equal(h->last.vlan, 1);
	assert_int_equal(h->last.peer, h->peer[from]);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(h->last_frame[i], (uint8_t)(7 + i * 31));
}

void wire_assert_carries(struct wire *w, unsigned a, unsigned b)
{
	assert_carries_one(w, a, b, 60);
	assert_carries_one(w, b, a, 1514);
}

/* ---- counters ---- */

struct drops wire_drops(struct wire *w, unsigned host)
{
	const struct engine *e = wire_engine(w, host);
	struct drops out = {0};

	memcpy(out.agent, engine_drops(e), sizeof(out.agent));
	for (uint32_t i = 0; i < e->peers_end; i++)
		for (size_t r = 0; e->peers[i].in_use && r < DROP_COUNT; r++)
			out.peers[r] += e->peers[i].drops[r];
	return out;
}

static void assert_rose(const uint64_t *before, const uint64_t *after, enum drop expected,
			const char *whose)
{
	for (enum drop r = DROP_NONE; r < DROP_COUNT; r++) {
		uint64_t rose = after[r] - before[r];

		if (rose != (r == expected && expected != DROP_NONE))
			fail_msg("%s of %s rose by %llu", drop_name((enum drop)r), whose,
				 (unsigned long long)rose);
	}
}

void wire_assert_one_drop(struct wire *w, unsigned host, const struct drops *before,
			  enum drop_owner owner, enum drop reason)
{
	struct drops after = wire_drops(w, host);

	assert_rose(before->agent, after.agent, owner == OF_AGENT ? reason : DROP_NONE,
		    "the agent");
	assert_rose(before->peers, after.peers, owner == OF_PEER ? reason : DROP_NONE, "its peers");
}

void wire_assert_no_drop(struct wire *w, unsigned host, const struct drops *before)
{
	wire_assert_one_drop(w, host, before, OF_AGENT, DROP_NONE);
}
