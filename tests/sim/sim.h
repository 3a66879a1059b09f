/*
 * sim.h - a world of agents with a virtual clock, seeded faults, and what must always hold in it
 *
 * An agent here is the protocol engine and the switch of the real one, with two machines behind it; what
 * is between agents - loss, delay, partitions, crashes, clocks that are wrong, somebody who replays what
 * he recorded - comes from one seed. Nothing else does: the same seed gives the same trace.
 *
 * How a world goes. Rounds of trouble and calm. In trouble a random choice of faults is on; then all is
 * healed, and 30 virtual seconds later every two agents must be connected and every frame must arrive
 * exactly once, rekeys included, until the next trouble. At all times the checks of check.c hold.
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/switch.h"
#include "host.h"
#include "rng.h"

enum {
	SIM_AGENTS_FEW = 8,
	SIM_AGENTS_MAX = 50,
	SIM_PORTS = 2, /* machines behind an agent, one on each of its ports */
	SIM_MACHINES_MAX = SIM_AGENTS_MAX * SIM_PORTS,
	SIM_FRAMES_MAX = 4096, /* that one machine sends */
	SIM_FRAME_MAX = 9216,
	SIM_RECORDED = 64,  /* datagrams that the attacker keeps */
	SIM_OWNED_MAX = 64, /* addresses of an agent that are remembered */
	SIM_DATAGRAM_MAX = DATAGRAM_MAX_BYTES + 64,
};

#define SIM_NS_PER_S  UINT64_C(1000000000)
#define SIM_NS_PER_MS UINT64_C(1000000)
#define SIM_HEAL_NS   (30 * SIM_NS_PER_S) /* until everybody is connected again */

/** struct sim_packet - a datagram on its way; heap */
struct sim_packet {
	struct addr from, to;
	size_t len;
	uint8_t bytes[];
};

enum sim_kind {
	SIM_ARRIVE,  /* @packet at its address */
	SIM_TRAFFIC, /* machines of @agent send */
	SIM_START,   /* @agent starts (again) */
	SIM_CRASH,
	SIM_CLOCK,  /* @agent's wall clock is stepped */
	SIM_ROAM,   /* @agent's address changes, or its NAT forgets it */
	SIM_UNPLUG, /* the first interface of @agent is dead, or alive again */
	SIM_SLEEP,
	SIM_WAKE,
	SIM_EXERCISE, /* everybody sends to all, long frames too */
	SIM_ATTACK,   /* something recorded is sent again */
	SIM_TROUBLE,
	SIM_HEAL,
	SIM_CONNECTED, /* by now everybody must be */
	SIM_JUDGE,     /* what was sent in calm must have arrived */
};

struct sim_event {
	uint64_t at_ns;
	uint64_t order; /* among those of one time */
	enum sim_kind kind;
	unsigned agent;
	struct sim_packet *packet;
};

/** struct sim_disk - what of an agent outlives a crash */
struct sim_disk {
	uint64_t ceiling_ns;
	struct addr last[SIM_AGENTS_MAX]; /* validated addresses of the others */
};

struct sim_agent {
	struct host host;
	bool running;
	struct addr at; /* where the others see it; the kernel's choice, unless it is unplugged */
	struct addr second; /* of another interface; not set: it has one only */
	bool is_unplugged, is_asleep, is_natted;
	uint16_t interface_bytes; /* of UDP payload; the kernel refuses what is longer */
	struct addr owned[SIM_OWNED_MAX];
	unsigned owned_count;
	uint64_t mapped_ns[SIM_AGENTS_MAX][2]; /* by its NAT: when it last sent there; 0: never */
	int64_t wall_offset_ns;
	uint8_t ciphers;
	int peer[SIM_AGENTS_MAX];   /* the others' numbers in its engine */
	bool knows[SIM_AGENTS_MAX]; /* has the other's address on its card */
	struct vswitch *sw;
	struct sim_disk disk;
	uint64_t tick_second;
	unsigned ticks; /* in it */
};

struct sim_faults {
	unsigned loss, duplicate, corrupt, hijack; /* percent */
	uint64_t delay_ns, jitter_ns;
	bool cut[SIM_AGENTS_MAX][SIM_AGENTS_MAX];
};

/** struct sim_nonces - every (key, counter) that was on the wire; a hash set */
struct sim_nonces {
	uint64_t *slots;
	size_t room, used;
};

struct sim {
	uint64_t seed;
	bool verbose;
	struct rng rng;
	uint64_t now_ns;
	unsigned count;
	struct sim_agent agents[SIM_AGENTS_MAX];
	bool psk[SIM_AGENTS_MAX][SIM_AGENTS_MAX];

	struct sim_event *events; /* a heap */
	size_t event_count, event_room;
	uint64_t order;
	unsigned rounds_left;
	struct sim_faults faults;
	uint16_t carries[SIM_AGENTS_MAX][SIM_AGENTS_MAX]; /* UDP payload, from one to the other */
	bool calm;                                        /* every frame must arrive */
	uint64_t calm_end_ns;                             /* those sent later are not judged */
	uint64_t trouble_ns;                              /* length of the one that ended last */
	struct sim_packet *recorded[SIM_RECORDED];

	/* frames: numbers per sending machine */
	uint32_t sent[SIM_MACHINES_MAX];
	bool judged[SIM_MACHINES_MAX][SIM_FRAMES_MAX];
	uint8_t seen[SIM_MACHINES_MAX][SIM_MACHINES_MAX][SIM_FRAMES_MAX / 8];

	struct sim_nonces nonces;
	uint64_t trace;
	uint64_t datagrams, delivered, up_late_ns;
	bool failed;
	char message[256];
};

/**
 * sim_run() - Live through a whole world
 * @count:	agents; 0: a few. With many, life is shorter and quieter
 *
 * Return: did everything hold? @sim says what did not
 */
bool sim_run(struct sim *sim, uint64_t seed, unsigned count, bool verbose);

/* ---- world.c ---- */

void sim_at(struct sim *sim, uint64_t at_ns, enum sim_kind kind, unsigned agent,
	    struct sim_packet *packet);

/* ---- agent.c ---- */

void sim_agent_start(struct sim *sim, unsigned agent);
/** sim_agent_other() - Whom its engine knows under that number */
unsigned sim_agent_other(const struct sim_agent *a, int peer);
void sim_agent_crash(struct sim *sim, unsigned agent);
void sim_agent_set_clock(struct sim *sim, unsigned agent, int64_t offset_ns);

/** sim_agent_input() - A datagram; frees @packet */
void sim_agent_input(struct sim *sim, unsigned agent, struct sim_packet *packet);

/** sim_agent_port() - A machine of its own sends a frame */
void sim_agent_port(struct sim *sim, unsigned agent, unsigned port, const uint8_t *frame,
		    size_t len);

/** sim_agent_tick(), sim_agent_deadline_ns() - As the real loop has them */
void sim_agent_tick(struct sim *sim, unsigned agent);
uint64_t sim_agent_deadline_ns(const struct sim *sim, unsigned agent);

/** sim_agent_flush() - Events out, datagrams onto the network */
void sim_agent_flush(struct sim *sim, unsigned agent);

/* ---- network.c ---- */

/**
 * sim_network_send() - A datagram of @agent: what the faults leave of it will arrive
 *
 * Return: 0, or the errno with which the kernel refuses it
 */
int sim_network_send(struct sim *sim, unsigned agent, const struct datagram *d);
void sim_network_attack(struct sim *sim);
void sim_network_free(struct sim *sim);

/* ---- place.c ---- */

/** sim_place_begin() - Choose what interfaces it has */
void sim_place_begin(struct sim *sim, unsigned agent);
/** sim_place_tell() - Its engine learns its own addresses */
void sim_place_tell(struct sim *sim, unsigned agent);
void sim_place_roam(struct sim *sim, unsigned agent);
void sim_place_unplug(struct sim *sim, unsigned agent);
void sim_place_sleep(struct sim *sim, unsigned agent);
void sim_place_wake(struct sim *sim, unsigned agent);
void sim_place_heal(struct sim *sim, unsigned agent);
/** sim_place_source() - From which address a datagram leaves. Return: 0, or the kernel's errno */
int sim_place_source(const struct sim_agent *a, const struct datagram *d, struct addr *from);
bool sim_place_is_at(const struct sim_agent *a, const struct addr *at);
/** sim_place_owner() - Return: who has that address now, or sim->count */
unsigned sim_place_owner(const struct sim *sim, const struct addr *at);
/** sim_place_owned() - Did the agent ever have it? */
bool sim_place_owned(const struct sim_agent *a, const struct addr *at);
/** sim_place_sent(), sim_place_lets_in() - What a NAT before it remembers, and lets in */
void sim_place_sent(struct sim *sim, struct sim_agent *a, const struct addr *to);
bool sim_place_lets_in(struct sim *sim, struct sim_agent *a, const struct addr *from);

/* ---- traffic.c ---- */

/** sim_traffic_exercise() - Of every sort of frame one */
void sim_traffic_exercise(struct sim *sim, unsigned agent);

/** sim_traffic() - A machine of @agent sends a frame or a burst */
void sim_traffic(struct sim *sim, unsigned agent);

/** sim_traffic_heard() - Machine @machine heard a frame: it must be one that was sent, and new */
void sim_traffic_heard(struct sim *sim, unsigned machine, int from_agent, const uint8_t *frame,
		       size_t len);

/** sim_traffic_judge() - What was sent in calm must have arrived where it should */
void sim_traffic_judge(struct sim *sim);

/* ---- check.c ---- */

void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** sim_say() - A line of what goes on, for one seed alone */
void sim_say(const struct sim *sim, unsigned agent, const char *what);
void sim_trace(struct sim *sim, const void *bytes, size_t len);

/** sim_check_datagram() - Every datagram that leaves an engine */
void sim_check_datagram(struct sim *sim, unsigned agent, const struct datagram *d);

/** sim_check_memory() - After every step of an engine */
void sim_check_memory(struct sim *sim, unsigned agent);

/** sim_check_connected() - SIM_HEAL_NS after all was healed, every agent is with every other */
void sim_check_connected(struct sim *sim);

extern const char SIM_MARKER[]; /* is in every frame, several times: must never be on the wire */

#endif
