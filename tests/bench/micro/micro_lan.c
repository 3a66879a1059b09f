/*
 * micro_lan.c - the agent's data path from port to engine and back, between ports, engine and tunnel that only
 * take notes (tests/unit/lan_fakes.c)
 *
 * BATCH frames, then the end of the batch, as a port reads them.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "craft.h"
#include "craft_tcp.h"
#include "lan_fakes.h"
#include "micro.h"

enum {
	BATCH = 64,
	BATCHES = 8,
	FRAMES_IN_DATAGRAM = 8,
	FULL_BYTES = 1514,
	IP_LENGTH_AT = ETHER_HEADER_BYTES + 2,
	HERE = 1, /* the last byte of MACs */
	THERE = 2,
};

static struct fixture *fixture;
static uint8_t frame[FULL_BYTES];
static size_t frame_bytes;

/* ---- how the fakes are used ---- */

static void renew(void)
{
	void *state = fixture;

	if (fixture)
		tear_down(&state);
	set_up(&state);
	fixture = state;
	fixture->engine.is_up[ANNA] = fixture->engine.is_up[BEN] = true;
	lan_peer_up(fixture->lan, ANNA, &(struct public_key){{1}});
	lan_peer_up(fixture->lan, BEN, &(struct public_key){{2}});
	/* Both are known before. */
	say("hub", BROADCAST, HERE);
	hear(fixture, ANNA, RED, BROADCAST, THERE);
}

static void ports_send(void)
{
	const struct port_events *e = &port_named("hub")->port.events;

	for (unsigned i = 0; i < BATCH; i++)
		e->on_frame(e->context, frame, frame_bytes, &(struct port_source){.interface = 0});
	e->on_batch_end(e->context);
}

static void anna_sends(void)
{
	struct frame_in in = {.peer = ANNA, .vlan = RED, .frame = frame, .len = frame_bytes};
	const struct route route = {.remote = addr_from_ipv4(0x7f000001, 1)};
	uint8_t datagram[1] = {0};

	for (unsigned i = 0; i < FRAMES_IN_DATAGRAM; i++)
		fixture->engine.inbox[i] = in;
	fixture->engine.inbox_count = FRAMES_IN_DATAGRAM;
	for (unsigned i = 0; i < BATCH / FRAMES_IN_DATAGRAM; i++)
		lan_input(fixture->lan, &route, datagram, 0);
	lan_flush(fixture->lan);
}

/* ---- frames ---- */

/* A full TCP segment. */
static void write_tcp(int dst, int src)
{
	struct crafted how = {.flags = CRAFT_ACK};
	uint16_t ip_bytes = htons(FULL_BYTES - ETHER_HEADER_BYTES);

	memset(frame, 0x5a, sizeof(frame));
	craft_tcp(&how, frame);
	memcpy(frame + IP_LENGTH_AT, &ip_bytes, sizeof(ip_bytes));
	write_frame(dst, src); /* addresses as the fakes have them */
	memcpy(frame, frame_said, 2 * MAC_BYTES);
	frame_bytes = sizeof(frame);
}

static void write_arp(int src)
{
	struct craft c;

	craft_start(&c, src);
	craft_arp(&c, CRAFT_ARP_REQUEST, src, src);
	frame_bytes = writer_used(&c.w);
	memcpy(frame, c.bytes, frame_bytes);
}

static void tcp_out(void)
{
	renew();
	write_tcp(THERE, HERE);
}

static void tcp_in(void)
{
	renew();
	write_tcp(HERE, THERE);
}

static void arp_out(void)
{
	renew();
	write_arp(HERE);
}

static void arp_in(void)
{
	renew();
	write_arp(THERE);
}

/* ---- the work ---- */

static void all_out(void)
{
	int before = fixture->engine.sent[ANNA];

	for (unsigned i = 0; i < BATCHES; i++)
		ports_send();
	micro_must(fixture->engine.sent[ANNA] - before == BATCH * BATCHES,
		   "a frame did not reach the peer");
}

static void all_in(void)
{
	int before = port_named("hub")->sent;

	for (unsigned i = 0; i < BATCHES; i++)
		anna_sends();
	micro_must(port_named("hub")->sent - before == BATCH * BATCHES,
		   "a frame did not reach the port");
}

static const struct micro list[] = {
	{"lan_tcp_to_peer", tcp_out, all_out, BATCH *BATCHES},
	{"lan_tcp_from_peer", tcp_in, all_in, BATCH *BATCHES},
	{"lan_arp_to_1_port_2_peers", arp_out, all_out, BATCH *BATCHES},
	{"lan_arp_from_peer_to_2_ports", arp_in, all_in, BATCH *BATCHES},
};

int main(void)
{
	return micro_main(list, MICRO_COUNT(list));
}
