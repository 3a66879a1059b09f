/*
 * micro_engine.c - frames into an engine and its datagrams out, and datagrams in and their frames out
 *
 * As the data path does it: BATCH frames, to the peers in turn, then one flush. In the other direction the
 * datagrams that the peers' engines made of as many frames.
 */
#include <stdlib.h>
#include <string.h>

#include "engine_calls.h"
#include "micro.h"

enum {
	BATCH = 64, /* frames between two flushes: what one wake-up reads */
	BATCHES = 4,
	BATCH_LONG = 8, /* of frames that are cut into eight pieces */
	SMALL = 64,     /* bytes of a frame: the shortest */
	FULL = 1435,    /* the longest that one datagram of a 1500-byte wire carries */
	LONG = 9000,    /* what comes from a machine with jumbo frames */
	DATAGRAMS_MAX = 2 * BATCH * BATCHES,
};

/* What run() does; set by prepare(). */
static struct {
	size_t frame_bytes;
	unsigned batch;
} work;

static uint8_t frame[LONG];

static void want(unsigned peers, size_t frame_bytes)
{
	if (fleet.peers != peers)
		fleet_start(peers);
	work.frame_bytes = frame_bytes;
	work.batch = frame_bytes == LONG ? BATCH_LONG : BATCH;
	memset(frame, 0xa5, sizeof(frame));
}

/* ---- out ---- */

static void send_batch(void)
{
	struct engine *e = fleet.hosts[0].engine;
	const struct datagram *d;

	for (unsigned i = 0; i < work.batch; i++)
		micro_must(call_send(0, (int)(i % fleet.peers), frame, work.frame_bytes) ==
				   DROP_NONE,
			   "a frame was not sent");
	engine_flush(e, fleet.now_ns);
	micro_must(engine_outbox(e, &d) > 0, "no datagram came");
	engine_outbox_clear(e);
}

static void send_all(void)
{
	for (unsigned i = 0; i < BATCHES; i++)
		send_batch();
}

/* ---- in ---- */

static struct {
	unsigned peer;
	size_t len;
	uint8_t bytes[FLEET_WIRE_BYTES];
} wire[DATAGRAMS_MAX];
static unsigned on_wire;

static void record(unsigned peer)
{
	struct engine *e = fleet.hosts[1 + peer].engine;
	const struct datagram *d;
	size_t count;

	engine_flush(e, fleet.now_ns);
	count = engine_outbox(e, &d);
	for (size_t i = 0; i < count; i++) {
		micro_must(on_wire < DATAGRAMS_MAX, "more datagrams than there is room for");
		wire[on_wire].peer = peer;
		wire[on_wire].len = d[i].len;
		memcpy(wire[on_wire++].bytes, d[i].bytes, d[i].len);
	}
	engine_outbox_clear(e);
}

static void peers_send(void)
{
	on_wire = 0;
	for (unsigned i = 0; i < BATCHES; i++) {
		for (unsigned k = 0; k < work.batch; k++)
			micro_must(call_send(1 + k % fleet.peers, 0, frame, work.frame_bytes) ==
					   DROP_NONE,
				   "a peer's frame was not sent");
		for (unsigned k = 0; k < fleet.peers && k < work.batch; k++)
			record(k);
	}
}

static void take_all(void)
{
	unsigned frames = 0;

	for (unsigned i = 0; i < on_wire; i++)
		frames += call_input(wire[i].peer, wire[i].bytes, wire[i].len);
	micro_must(frames == BATCHES * work.batch, "not every frame arrived");
}

/* ---- the table ---- */

#define PREPARED(peers, name, bytes)                 \
	static void send_##name##_to_##peers(void)   \
	{                                            \
		want(peers, bytes);                  \
	}                                            \
	static void take_##name##_from_##peers(void) \
	{                                            \
		want(peers, bytes);                  \
		peers_send();                        \
	}

PREPARED(1, small, SMALL)
PREPARED(1, full, FULL)
PREPARED(1, long, LONG)
PREPARED(64, small, SMALL)
PREPARED(64, full, FULL)
PREPARED(64, long, LONG)

static const struct micro list[] = {
	{"engine_send_64_to_1_peer", send_small_to_1, send_all, BATCH *BATCHES},
	{"engine_send_1435_to_1_peer", send_full_to_1, send_all, BATCH *BATCHES},
	{"engine_send_9000_to_1_peer", send_long_to_1, send_all, BATCH_LONG *BATCHES},
	{"engine_take_64_from_1_peer", take_small_from_1, take_all, BATCH *BATCHES},
	{"engine_take_1435_from_1_peer", take_full_from_1, take_all, BATCH *BATCHES},
	{"engine_take_9000_from_1_peer", take_long_from_1, take_all, BATCH_LONG *BATCHES},
	{"engine_send_64_to_64_peers", send_small_to_64, send_all, BATCH *BATCHES},
	{"engine_send_1435_to_64_peers", send_full_to_64, send_all, BATCH *BATCHES},
	{"engine_send_9000_to_64_peers", send_long_to_64, send_all, BATCH_LONG *BATCHES},
	{"engine_take_64_from_64_peers", take_small_from_64, take_all, BATCH *BATCHES},
	{"engine_take_1435_from_64_peers", take_full_from_64, take_all, BATCH *BATCHES},
	{"engine_take_9000_from_64_peers", take_long_from_64, take_all, BATCH_LONG *BATCHES},
};

int main(void)
{
	return micro_main(list, MICRO_COUNT(list));
}
