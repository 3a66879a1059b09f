/*
 * micro_ports.c - what ports do with what they read: whose frame it is, beacons, frames in a stream
 */
#include <string.h>

#include "../../../agent/ports/framing.h"
#include "../../../agent/ports/hub.h"
#include "agent/beacon.h"
#include "agent/packet.h"
#include "craft_tcp.h"
#include "micro.h"

enum {
	FRAMES = 1000,
	LO = 1,
	GROUP_PORT = 33000,
	OWN_PORT = 40000,
	AGENT_PORT = 40001,
	AGENTS = 8,
	SMALL = 64,
	FULL = 1514,
	READ_BYTES = 65536, /* of a stream at once */
	INTERFACES = 2,
};

#define LOOPBACK UINT32_C(0x7f000001)

/* ---- a hub ---- */

static struct interface_address list_of_host[] = {
	{.index = LO, .name = "lo", .is_up = true, .is_loopback = true},
};
static struct interfaces host = {.list = list_of_host, .count = 1};
static struct hub hub;
static struct addr from;
static enum drop expected;

static void hear_agents(void)
{
	list_of_host[0].addr = addr_from_ipv4(LOOPBACK, 0);
	hub = (struct hub){.group_port = GROUP_PORT, .own_port = OWN_PORT, .interfaces = &host};
	for (unsigned i = 0; i < AGENTS; i++) {
		struct addr at = addr_from_ipv4(LOOPBACK, (uint16_t)(AGENT_PORT + i));
		struct mac sender = {{2, 0, 0, 0, 0, (uint8_t)i}};

		hub_hear(&hub, &at, &sender);
	}
}

static void machine_speaks(void)
{
	hear_agents();
	from = addr_from_ipv4(LOOPBACK, GROUP_PORT);
	expected = DROP_NONE;
}

static void agent_speaks(void)
{
	hear_agents();
	from = addr_from_ipv4(LOOPBACK, AGENT_PORT + AGENTS - 1);
	expected = DROP_AGENT_INJECTED;
}

static void classify_all(void)
{
	for (unsigned i = 0; i < FRAMES; i++)
		micro_must(hub_classify(&hub, &from, LO, UINT64_MAX) == expected,
			   "a frame was taken for another's");
}

static uint8_t beacon_frame[BEACON_FRAME_BYTES];
static size_t beacon_bytes;

static void write_beacon(void)
{
	struct beacon b = {.interface_count = INTERFACES, .interfaces = {1, 2}, .period_ms = 2000};
	struct mac source = {{2, 0, 0, 0, 0, 1}};

	beacon_bytes = beacon_write(&b, &source, beacon_frame);
}

static void read_beacons(void)
{
	struct beacon b;

	for (unsigned i = 0; i < FRAMES; i++)
		micro_must(beacon_read(beacon_frame, beacon_bytes, &b), "a beacon was not read");
}

/* ---- a stream ---- */

static struct framing_in in;
static struct framing_out out;
static uint8_t room[READ_BYTES + FULL + FRAMING_LENGTH_BYTES], frame[FULL];
static size_t frame_bytes;
static unsigned taken;

static void start_stream(size_t bytes)
{
	framing_in_fini(&in);
	framing_out_fini(&out);
	micro_must(framing_in_init(&in, FULL) && framing_out_init(&out), "out of memory");
	memset(frame, 0x5a, sizeof(frame));
	frame_bytes = bytes;
}

static void small_stream(void)
{
	start_stream(SMALL);
}

static void full_stream(void)
{
	start_stream(FULL);
}

static void on_frame(void *context, const uint8_t *bytes, size_t len)
{
	(void)context;
	(void)bytes;
	taken += len == frame_bytes;
}

static void on_long(void *context)
{
	(void)context;
	micro_must(false, "a frame was too long");
}

/* What waits on one side arrives on the other, in pieces of any size. */
static void carry_stream(void)
{
	static const struct framing_sink sink = {.on_frame = on_frame, .on_long = on_long};
	const uint8_t *waiting;
	size_t len = framing_wait(&out, &waiting), kept;

	len = len < READ_BYTES ? len : READ_BYTES;
	kept = framing_begin(&in, room);
	memcpy(room + kept, waiting, len);
	framing_sent(&out, len);
	micro_must(framing_run(&in, room, kept + len, &sink) == 0, "the stream is broken");
}

static void stream_all(void)
{
	taken = 0;
	for (unsigned i = 0; i < FRAMES; i++) {
		while (!framing_push(&out, frame, frame_bytes))
			carry_stream();
	}
	while (taken < FRAMES)
		carry_stream();
}

/* ---- TCP's segment size ---- */

static struct crafted segment;
static uint8_t packet[CRAFT_TCP_BYTES];
static size_t packet_bytes;

static void write_ack(void)
{
	segment = (struct crafted){.flags = CRAFT_ACK, .options = "", .options_len = 0};
	packet_bytes = craft_tcp(&segment, packet);
}

static void find_packets(void)
{
	struct packet found;

	for (unsigned i = 0; i < FRAMES; i++)
		micro_must(packet_find(packet, packet_bytes, &found), "a packet was not found");
}

static const struct micro list[] = {
	{"hub_classify_machine", machine_speaks, classify_all, FRAMES},
	{"hub_classify_agent", agent_speaks, classify_all, FRAMES},
	{"beacon_read", write_beacon, read_beacons, FRAMES},
	{"framing_64", small_stream, stream_all, FRAMES},
	{"framing_1514", full_stream, stream_all, FRAMES},
	{"packet_find_tcp", write_ack, find_packets, FRAMES},
};

int main(void)
{
	return micro_main(list, MICRO_COUNT(list));
}
