/*
 * scale.c - one agent with 2, 10, 100 and 1,000 peers: what an idle one costs, and how a crowd comes back
 *
 * A hub and its spokes, all engines, on a virtual clock that moves in steps; datagrams take DELAY_NS. As TAP.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ether.h"
#include "host.h"

enum {
	PEERS_MOST = 1000,
	PEER_MEMORY_BYTES = 8192, /* all that one more idle peer costs an agent */
	SPOKE_FRAME = 1514,       /* so that a thousand spokes are not a thousand large pools */
	IDLE_S = 60,
	SETTLED_S = 10,
	QUIET_S = 120, /* until hellos, probes and first pings are over */
};

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)
#define STEP_NS   (10 * NS_PER_MS)
#define DELAY_NS  (20 * NS_PER_MS)

struct packet {
	struct packet *next;
	unsigned from, to; /* a spoke's number; HUB */
	uint64_t at_ns;
	size_t len;
	uint8_t bytes[];
};

#define HUB PEERS_MOST

static struct host hosts[PEERS_MOST + 1];
static unsigned peers;
static uint64_t now_ns;
static struct packet *first, *last;
static struct {
	uint64_t ticks, datagrams;
} work; /* of the hub */

/* ---- the wire ---- */

static unsigned owner_of(const struct addr *at)
{
	unsigned number = ((unsigned)at->ip[14] << 8 | at->ip[15]) - 1;

	return number == HUB || number < peers ? number : PEERS_MOST + 1;
}

static void push(unsigned from, const struct datagram *d)
{
	struct packet *p = malloc(sizeof(*p) + d->len);

	if (!p)
		abort();
	*p = (struct packet){.from = from, .to = owner_of(&d->to), .len = d->len};
	p->at_ns = now_ns + DELAY_NS;
	memcpy(p->bytes, d->bytes, d->len);
	if (last)
		last->next = p;
	else
		first = p;
	last = p;
}

/* What an engine wants to send is on the wire; its events are taken. */
static void collect(unsigned who)
{
	struct engine *e = hosts[who].engine;
	struct engine_event event;
	const struct datagram *d;
	size_t n;

	while (engine_next_event(e, &event))
		if (event.type == ENGINE_EVENT_RESERVE)
			engine_timestamp_persisted(e, engine_timestamp_ceiling_ns(e), now_ns);
	engine_flush(e, now_ns);
	n = engine_outbox(e, &d);
	for (size_t i = 0; i < n; i++)
		push(who, &d[i]);
	if (who == HUB)
		work.datagrams += n;
	engine_outbox_clear(e);
}

static void deliver(struct packet *p)
{
	struct engine *e = p->to <= PEERS_MOST ? hosts[p->to].engine : NULL;
	struct frame_in frame;

	if (e) {
		engine_input(e, &(struct route){.remote = hosts[p->from].at}, p->bytes, p->len,
			     now_ns);
		while (engine_next_frame(e, &frame, now_ns))
			;
		collect(p->to);
	}
	free(p);
}

static void tick(unsigned who)
{
	while (hosts[who].engine && engine_deadline_ns(hosts[who].engine) <= now_ns) {
		engine_tick(hosts[who].engine, now_ns);
		work.ticks += who == HUB;
		collect(who);
	}
}

static void run(uint64_t duration_ns)
{
	for (uint64_t end = now_ns + duration_ns; now_ns < end;) {
		now_ns += STEP_NS;
		while (first && first->at_ns <= now_ns) {
			struct packet *p = first;

			first = p->next;
			last = first ? last : NULL;
			deliver(p);
		}
		for (unsigned i = 0; i < peers; i++)
			tick(i);
		tick(HUB);
	}
}

/* ---- the crowd ---- */

static void know(unsigned who, unsigned other, bool with_address)
{
	if (host_add(&hosts[who], &hosts[other], with_address, now_ns) < 0)
		abort();
}

static void start(unsigned who)
{
	host_start(&hosts[who], &(struct host_setup){.number = who,
						     .seed = 5,
						     .now_ns = now_ns,
						     .floor_ns = 0,
						     .peers_max = who == HUB ? PEERS_MOST : 1,
						     .max_frame = who == HUB ? 0 : SPOKE_FRAME});
}

static void start_hub(bool knows)
{
	start(HUB);
	for (unsigned i = 0; i < peers; i++)
		know(HUB, i, knows);
	collect(HUB);
}

static void begin(unsigned count)
{
	peers = count;
	now_ns = 1000 * NS_PER_S;
	for (unsigned i = 0; i < peers; i++)
		start(i);
	start_hub(true);
	for (unsigned i = 0; i < peers; i++)
		know(i, HUB, true);
}

static void end(void)
{
	for (unsigned i = 0; i <= HUB; i++)
		host_stop(&hosts[i]);
	while (first) {
		struct packet *p = first;

		first = p->next;
		free(p);
	}
	last = NULL;
}

static unsigned count_up(void)
{
	unsigned up = 0;

	for (unsigned i = 0; i < peers; i++)
		up += engine_peer_is_up(hosts[HUB].engine, (int)i) &&
		      engine_peer_is_up(hosts[i].engine, 0);
	return up;
}

/* Return: the time until all are connected, or UINT64_MAX */
static uint64_t settle(void)
{
	uint64_t since = now_ns;

	while (count_up() < peers) {
		if (now_ns - since > SETTLED_S * NS_PER_S)
			return UINT64_MAX;
		run(STEP_NS);
	}
	return now_ns - since;
}

/* ---- as TAP ---- */

static unsigned number;
static int failed;

static void tell(bool holds, const char *name)
{
	printf("%s %u - %u_peers_%s\n", holds ? "ok" : "not ok", ++number, peers, name);
	failed |= !holds;
	fflush(stdout);
}

static void tell_settled(const char *name)
{
	uint64_t took = settle();

	printf("# %u peers: %s: %u up, %.2f s\n", peers, name, count_up(),
	       took == UINT64_MAX ? -1.0 : (double)took / (double)NS_PER_S);
	tell(took != UINT64_MAX, name);
}

/* The hub's wake-ups and datagrams in a minute in which nobody has anything to say, of one peer. */
static double idle_work(void)
{
	run(QUIET_S * NS_PER_S);
	work.ticks = work.datagrams = 0;
	run(IDLE_S * NS_PER_S);
	printf("# %u peers: %" PRIu64 " ticks and %" PRIu64 " datagrams in %d idle seconds\n",
	       peers, work.ticks, work.datagrams, IDLE_S);
	return (double)(work.ticks + work.datagrams) / peers;
}

static uint64_t memory_of(uint32_t count)
{
	struct engine_config config = {.peers_max = count, .max_frame = FRAME_MAX_DEFAULT_BYTES};

	return engine_memory_bytes(&config) + engine_secret_bytes(&config);
}

int main(void)
{
	static const unsigned counts[] = {2, 10, 100, PEERS_MOST};
	double work_of_two = 0;

	if (sodium_init() < 0)
		return 1;
	printf("1..%zu\n", 4 * sizeof(counts) / sizeof(counts[0]) + 1);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		double each;

		begin(counts[i]);
		tell_settled("meet_within_10_s");
		each = idle_work();
		work_of_two = i ? work_of_two : each;
		tell(each <= 1.5 * work_of_two, "cost_each_no_more_than_of_two_when_idle");
		host_stop(&hosts[HUB]);
		run(NS_PER_S);
		start_hub(true);
		tell_settled("are_back_within_10_s_when_their_hub_is");
		for (unsigned k = 0; k <= HUB; k++)
			if (hosts[k].engine)
				engine_network_changed(hosts[k].engine, now_ns);
		run(5 * NS_PER_S);
		tell(count_up() == peers, "stay_connected_when_the_network_changed");
		end();
	}
	printf("# one more peer: %.1f bytes\n",
	       (double)(memory_of(PEERS_MOST) - memory_of(1)) / (PEERS_MOST - 1));
	peers = PEERS_MOST;
	tell((memory_of(PEERS_MOST) - memory_of(1)) / (PEERS_MOST - 1) <= PEER_MEMORY_BYTES,
	     "cost_8_KiB_each_at_most");
	return failed;
}
