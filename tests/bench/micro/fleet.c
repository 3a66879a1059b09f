/*
 * fleet.c - see fleet.h
 *
 * The wire: what an engine sends arrives at once; what is longer than FLEET_WIRE_BYTES never does.
 */
#include "fleet.h"

#include <string.h>

#include "micro.h"

enum {
	SETTLE_S = 6, /* handshakes, and the search for what the paths carry */
};

#define NS_PER_S UINT64_C(1000000000)
#define STEP_NS  (NS_PER_S / 100)

struct fleet fleet;

static unsigned owner_of(const struct addr *at)
{
	return (unsigned)at->ip[15] - 1;
}

static void take(unsigned who, unsigned from, const uint8_t *bytes, size_t len)
{
	struct engine *e = fleet.hosts[who].engine;
	struct route route = {.remote = fleet.hosts[from].at};
	uint8_t copy[FLEET_WIRE_BYTES];
	struct frame_in frame;

	memcpy(copy, bytes, len);
	engine_input(e, &route, copy, len, fleet.now_ns);
	while (engine_next_frame(e, &frame, fleet.now_ns))
		;
}

static void persist(struct engine *e)
{
	struct engine_event event;

	while (engine_next_event(e, &event))
		if (event.type == ENGINE_EVENT_RESERVE)
			engine_timestamp_persisted(e, engine_timestamp_ceiling_ns(e), fleet.now_ns);
}

/* Return: whether there was anything */
static bool carry(unsigned from)
{
	struct engine *e = fleet.hosts[from].engine;
	const struct datagram *d;
	size_t count;

	persist(e);
	engine_flush(e, fleet.now_ns);
	count = engine_outbox(e, &d);
	for (size_t i = 0; i < count; i++)
		if (d[i].len <= FLEET_WIRE_BYTES && owner_of(&d[i].to) <= fleet.peers)
			take(owner_of(&d[i].to), from, d[i].bytes, d[i].len);
	engine_outbox_clear(e);
	return count > 0;
}

static void settle(void)
{
	bool more = true;

	while (more) {
		more = false;
		for (unsigned i = 0; i <= fleet.peers; i++)
			more |= carry(i);
	}
}

static void run(uint64_t duration_ns)
{
	for (uint64_t end = fleet.now_ns + duration_ns; fleet.now_ns < end;) {
		fleet.now_ns += STEP_NS;
		for (unsigned i = 0; i <= fleet.peers; i++)
			if (engine_deadline_ns(fleet.hosts[i].engine) <= fleet.now_ns)
				engine_tick(fleet.hosts[i].engine, fleet.now_ns);
		settle();
	}
}

static void start(unsigned number)
{
	struct host_setup setup = {
		.number = number, .seed = 6, .now_ns = fleet.now_ns, .peers_max = FLEET_PEERS_MAX};

	host_start(&fleet.hosts[number], &setup);
}

static void introduce(unsigned peer)
{
	int number = host_add(&fleet.hosts[0], &fleet.hosts[1 + peer], true, fleet.now_ns);

	micro_must(number == (int)peer, "peers are not numbered in order");
	host_add(&fleet.hosts[1 + peer], &fleet.hosts[0], false, fleet.now_ns);
}

static void check(unsigned peer)
{
	struct engine *e = fleet.hosts[0].engine;

	micro_must(engine_peer_is_up(e, (int)peer), "a peer is not up");
	micro_must(engine_peer_mtu(e, (int)peer) == FLEET_WIRE_BYTES,
		   "a path's size was not found");
	micro_must(engine_peer_mtu(fleet.hosts[1 + peer].engine, 0) == FLEET_WIRE_BYTES,
		   "a peer did not find the size of its path");
}

void fleet_start(unsigned peers)
{
	for (unsigned i = 0; fleet.peers && i <= fleet.peers; i++)
		host_stop(&fleet.hosts[i]);
	fleet.peers = peers;
	fleet.now_ns = 1000 * NS_PER_S;
	for (unsigned i = 0; i <= peers; i++)
		start(i);
	for (unsigned i = 0; i < peers; i++)
		introduce(i);
	run(SETTLE_S * NS_PER_S);
	for (unsigned i = 0; i < peers; i++)
		check(i);
}
