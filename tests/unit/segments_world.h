/*
 * segments_world.h - agents on LANs, for tests: what each one's segments send reaches those that hear it
 *
 * Agent N has key NN.., token 100 + N, and its ports 0 and 1 may each be on a LAN by interface 2. Peers
 * are numbered by agent. Nothing takes time but what advance() waits for.
 */
#ifndef TESTS_SEGMENTS_WORLD_H
#define TESTS_SEGMENTS_WORLD_H

#include "agent/segments.h"

#define MS_NS UINT64_C(1000000)
#define AT_NS (1000000 * MS_NS)

enum {
	AGENTS = 4,
	PORTS = 2,
	LO = 1,
	ETH0 = 2,
	VLAN = 10,
	OTHER_VLAN = 20,
	NO_LAN = -1,
};

enum side {
	SERVES = 1, /* a LAN */
	OWN_HOST = 2,
};

struct place {
	int lan;
	enum side side;
	uint16_t vlan;
	bool is_deaf;
};

struct lan_agent {
	struct segments *segments;
	struct place places[PORTS];
	bool session[AGENTS];
	unsigned beacons, reports, answers, moved[AGENTS];
	struct beacon last_beacon; /* that it sent */
	struct segment_report last_report;
	struct segment_answer last_answer;
};

extern struct lan_agent agents[AGENTS];
extern uint64_t now_ns;
extern unsigned lose_reports, lose_answers; /* so many of the next */

/* Each its own LAN: none; two vlans are shared by all. */
int set_up(void **state);
int tear_down(void **state);

void put(int agent, int port, int lan, enum side side);
void meet(int a, int b);
void part(int a, int b);

/* An agent that comes back without memory, whom nobody missed */
void restart(int agent);
struct mac sender_of(int agent, int port);
struct addr address_of(int agent);

/* Do what is due, and what follows from it. */
void settle(void);
void advance(unsigned ms);

/* What a frame from @agent's LAN does */
enum segments_way way(int agent, int peer);
enum drop injects(int agent, int peer, bool marked);

/* A beacon that nobody of these sent */
void forge(int agent, const struct segments_heard *heard);
struct segments_heard stranger(uint8_t number, uint8_t flags, uint64_t rank);

#define with_world(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
