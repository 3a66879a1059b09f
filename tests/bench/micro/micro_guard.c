/*
 * micro_guard.c - what a frame means, and whether a peer may say it
 */
#include <arpa/inet.h>

#include "agent/guard.h"
#include "craft.h"
#include "craft_tcp.h"
#include "micro.h"

enum {
	FRAMES = 1000,
	PEER = 1,
	MEMBERS = 2,
	FULL_BYTES = 1514,
	IP_LENGTH_AT = ETHER_HEADER_BYTES + 2,
};

#define NOW_NS UINT64_C(1000000000000)

static struct guard *g;
static struct craft c;
static uint8_t frame[FULL_BYTES];
static size_t frame_bytes;
static enum drop expected;

static void renew(enum drop verdict)
{
	const struct hash_key key = {{1}};

	guard_free(g);
	g = guard_new(&key, MEMBERS);
	guard_join(g, PEER, true);
	expected = verdict;
}

static void keep_crafted(void)
{
	frame_bytes = writer_used(&c.w);
	memcpy(frame, c.bytes, frame_bytes);
}

static void arp(void)
{
	renew(DROP_NONE);
	craft_start(&c, 1);
	craft_arp(&c, CRAFT_ARP_REPLY, 1, 1);
	keep_crafted();
}

static void dhcp_discover(void)
{
	renew(DROP_NONE);
	craft_start(&c, 1);
	craft_discover(&c, "machine one");
	keep_crafted();
}

static void dhcp_offer(void)
{
	renew(guard_drop(GUARD_DHCP));
	craft_start(&c, 1);
	craft_offer(&c);
	keep_crafted();
}

static void neighbour(void)
{
	renew(DROP_NONE);
	craft_start(&c, 1);
	craft_ipv6(&c, 1, 58);
	craft_nd(&c, CRAFT_NA, 1);
	craft_option(&c, CRAFT_TARGET_OPTION, 1);
	keep_crafted();
}

/* A full segment: headers, and then what no guard looks at. */
static void tcp(void)
{
	struct crafted how = {.flags = CRAFT_ACK};
	uint16_t ip_bytes = htons(FULL_BYTES - ETHER_HEADER_BYTES);

	renew(DROP_NONE);
	memset(frame, 0x5a, sizeof(frame));
	craft_tcp(&how, frame);
	memcpy(frame + IP_LENGTH_AT, &ip_bytes, sizeof(ip_bytes));
	frame_bytes = sizeof(frame);
}

static void judge_all(void)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		struct inspect what;
		enum drop drop;

		inspect_frame(frame, frame_bytes, &what);
		drop = guard_judge(g, PEER, &what, 0, NOW_NS);
		micro_must(drop == expected, "the guard said something else");
		if (drop == DROP_NONE)
			guard_learn(g, PEER, &what, NOW_NS);
	}
}

static const struct micro list[] = {
	{"guard_arp", arp, judge_all, FRAMES},
	{"guard_dhcp_discover", dhcp_discover, judge_all, FRAMES},
	{"guard_dhcp_offer_stopped", dhcp_offer, judge_all, FRAMES},
	{"guard_neighbour", neighbour, judge_all, FRAMES},
	{"guard_tcp", tcp, judge_all, FRAMES},
};

int main(void)
{
	return micro_main(list, MICRO_COUNT(list));
}
