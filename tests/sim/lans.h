/*
 * lans.h - a world of LAN segments, hosts, machines and agents, and what each machine must hear in it
 *
 * What is real: the switch, the segments, the forwarding plan, who is a machine on a hub and who an agent,
 * the bytes of beacons. What is not: the kernel's multicast, of which lans_kernel.c has the rules; and the
 * tunnels, which carry frames, reports and answers as they are, late, in any order, and the latter two
 * not always. One seed decides everything.
 *
 *	lans.c		runs scenarios as tests
 *	lans_named.c	scenarios with names
 *	lans_random.c	scenarios made of a seed
 *	lans_world.c	time and what happens
 *	lans_kernel.c	who hears what is sent to a hub
 *	lans_agent.c	an agent: what lan*.c is in the real one
 *	lans_life.c	it starts and ends
 *	lans_tunnel.c	sessions
 *	lans_judge.c	what every machine should hear, by an oracle that knows nothing of segments
 */
#ifndef TESTS_LANS_H
#define TESTS_LANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../agent/ports/hub.h"
#include "agent/segments.h"
#include "agent/switch.h"
#include "rng.h"

enum {
	LANS_AGENTS_MAX = 16,
	LANS_HOSTS_MAX = 8,
	LANS_MACHINES_MAX = 32,
	LANS_PORTS_MAX = 4, /* of an agent */
	LANS_GROUPS = 2,    /* hubs that a host may have */
	LANS_VLANS = 2,
	LANS_LO = 1, /* interfaces of a host */
	LANS_ETH0 = 2,
	LANS_ETH1 = 3,
	LANS_INTERFACES = 4,
	LANS_NO_SEGMENT = -1,
	LANS_FRAME_BYTES = 60,
	LANS_DATAGRAM_BYTES = 128, /* a beacon is the longest */
	LANS_RECORDS_MAX = 16384,
	LANS_GROUP_PORT = 33000,
	LANS_PEER_BASE = CONFIG_PORTS_MAX, /* members of a switch from here are peers */
	LANS_TICK_S = 2,
	LANS_TEXT_BYTES = 512,
};
#define LANS_NS_PER_S  UINT64_C(1000000000)
#define LANS_NS_PER_MS UINT64_C(1000000)

/** struct lans_host - @segment: behind each interface, or LANS_NO_SEGMENT */
struct lans_host {
	int segment[LANS_INTERFACES];
	struct interface_address list[LANS_INTERFACES];
	struct interfaces interfaces;
};

/**
 * struct lans_machine - one NIC
 * @group:	which hub
 * @interface:	of its host, by which it sends and where it joined; 0: it is on a port of @agent
 */
struct lans_machine {
	bool running;
	int host, group;
	uint32_t interface;
	int agent, port;
	struct mac mac;
};

enum lans_port_kind {
	LANS_AUTO,
	LANS_NAMED,
	LANS_PRIVATE, /* as a TAP or a socket with one machine behind it */
};

struct lans_port {
	enum lans_port_kind kind;
	int group;
	uint32_t interface; /* LANS_NAMED */
	struct hub hub;
	struct mac mac; /* of its beacons */
	bool attached[LANS_INTERFACES];
	uint64_t heard_ns[LANS_INTERFACES];
};

struct lans_session {
	bool up;
	unsigned epoch;
};

struct lans_agent {
	bool running;
	unsigned life; /* counts starts */
	int host;
	struct public_key key;
	size_t port_count;
	struct lans_port ports[LANS_PORTS_MAX];
	struct segments *segments;
	struct vswitch *sw[LANS_VLANS];
	struct fdb *near[LANS_VLANS]; /* on which attachment a machine was heard */
	struct lans_session sessions[LANS_AGENTS_MAX];
	uint64_t deadline_ns;
};

/** struct lans_bridge - a program (socat, or a guest with two NICs) that hands on what two hubs say
 * @as_machine:	from the group's port, as a guest does
 * @beacons_only: it hands on beacons and nothing else */
struct lans_bridge {
	bool running, as_machine, beacons_only;
	int host[2], group[2];
	uint32_t interface[2];
	uint16_t port;
};

/** struct lans_record - a frame that was sent; bits and places are machines */
struct lans_record {
	uint64_t sent_ns;
	int sender, to;  /* -1: broadcast */
	bool judged;     /* it must arrive as the oracle says, */
	bool may_miss;   /* or not at all: strangers block ports */
	bool may_repeat; /* or twice: for one alone, whose place was forgotten a moment ago */
	uint32_t expected;
	uint32_t may_double; /* whom two ways lead to that know nothing of each other */
	uint16_t copies[LANS_MACHINES_MAX];
};

enum lans_kind {
	LANS_ARRIVE, /* @a: host; @body: struct lans_datagram */
	LANS_TELL,   /* @a: to @b; @body: struct lans_message */
	LANS_TICK,   /* @a: agent, in its life @b */
	LANS_TRAFFIC,
	LANS_START,   /* @a: agent */
	LANS_KILL,    /* as -9 does */
	LANS_STOP,    /* cleanly */
	LANS_PLUG,    /* @a: machine */
	LANS_UNPLUG,  /* @a: machine */
	LANS_CONNECT, /* @a with @b, if both run and trust each other */
	LANS_ACCEPT,  /* @a: has a session with @b now, too; @body: its epoch */
	LANS_LOSE,    /* @a: has none with @b any more; @body: which */
	LANS_CUT,     /* @a and @b: nothing passes between the two any more */
	LANS_BRIDGE,  /* the program starts */
};

struct lans_event {
	uint64_t at_ns, order;
	enum lans_kind kind;
	int a, b;
	void *body;
};

struct lans_datagram {
	int group;
	uint32_t interface;
	struct addr from;
	size_t len;
	uint8_t bytes[LANS_DATAGRAM_BYTES];
};

enum lans_words {
	LANS_FRAME,
	LANS_REPORT,
	LANS_ANSWER,
	LANS_GOODBYE,
};

struct lans_message {
	enum lans_words kind;
	unsigned epoch;
	int vlan;
	bool on_segment;
	size_t len;
	uint8_t bytes[LANS_DATAGRAM_BYTES];
	union {
		struct segment_report report;
		struct segment_answer answer;
	};
};

/**
 * struct lans - a world
 * @watched:	a frame whose way is told when @verbose
 * @changed_ns:	when something changed that takes agents a while to settle
 * @settle_ns:	how long they may take
 * @again_ns:	and how much longer because words are lost, and said again
 * @learned_ns:	when each machine will have spoken since it may have been forgotten
 * @all_hear:	although there are strangers
 * @extra, @extra_max: copies that nobody should have heard, before all was settled, and how many are
 *		too many
 * @lost_ns, @double_ns: after the last change, when a frame was last not heard, or heard twice
 */
struct lans {
	uint64_t seed;
	bool verbose;
	int watched;
	struct rng rng;
	uint64_t now_ns, end_ns;
	struct lans_event *events;
	size_t event_count, event_room;
	uint64_t order;

	size_t host_count, machine_count, agent_count;
	int vlan_of[LANS_GROUPS]; /* of which vlan a hub is part */
	struct lans_host hosts[LANS_HOSTS_MAX];
	struct lans_machine machines[LANS_MACHINES_MAX];
	struct lans_agent agents[LANS_AGENTS_MAX];
	struct lans_bridge bridge;
	bool trust[LANS_AGENTS_MAX][LANS_AGENTS_MAX];
	bool cut[LANS_AGENTS_MAX][LANS_AGENTS_MAX];
	uint64_t delay_ns[LANS_AGENTS_MAX][LANS_AGENTS_MAX];
	unsigned epochs;
	unsigned lose_words, lose_beacons; /* percent */
	uint64_t connect_ns;               /* sessions take up to so long */

	uint64_t every_ns; /* between two frames */
	size_t speaker;
	size_t record_count;
	struct lans_record records[LANS_RECORDS_MAX];
	uint64_t changed_ns, settle_ns, again_ns;
	uint64_t learned_ns;
	bool all_hear;
	unsigned extra, extra_max;
	unsigned copies_max; /* of one frame at one machine, at all times: more is a loop */
	uint64_t lost_ns, double_ns;
	unsigned judged;

	bool failed;
	int failed_frame;
	char message[LANS_TEXT_BYTES];
};

/* ---- lans_world.c ---- */

/** lans_init() - An empty world. lans_fini() - What it holds goes */
void lans_init(struct lans *w, uint64_t seed);
void lans_fini(struct lans *w);

/** lans_host() - Return: a new host's number; @eth0, @eth1: the segments there */
int lans_host(struct lans *w, int eth0, int eth1);

/** lans_machine() - On an interface of a host; it runs from the start. lans_private() - on a new port of an
 * agent */
int lans_machine(struct lans *w, int host, uint32_t interface, int group);
int lans_private(struct lans *w, int agent, int group);

/** lans_agent() - On a host, without ports; lans_port() - a port of it. Both return a number */
int lans_agent(struct lans *w, int host);
int lans_port(struct lans *w, int agent, enum lans_port_kind kind, uint32_t interface, int group);

void lans_trust(struct lans *w, int a, int b);
void lans_trust_all(struct lans *w);

/** lans_at() - @body: heap, or NULL; the event's */
void lans_at(struct lans *w, uint64_t at_ns, enum lans_kind kind, int a, int b, void *body);

/** lans_run() - Until w->end_ns, and judge. Return: did everything hold? */
bool lans_run(struct lans *w);

/** lans_changed() - What was sent lately, and will be sent soon, is judged less strictly */
void lans_changed(struct lans *w, uint64_t settle_ns);

/** lans_forgets() - From @since_ns on some machines may be forgotten, and again a little later */
void lans_forgets(struct lans *w, uint64_t since_ns);

void lans_say(const struct lans *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** lans_say_of() - As lans_say(), if it is of the frame that is watched */
void lans_say_of(const struct lans *w, const uint8_t *frame, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void lans_fail(struct lans *w, int frame, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- lans_kernel.c ---- */

/** struct lans_socket - who sends and how */
struct lans_socket {
	int host;
	uint32_t interface;
	uint16_t port;
	unsigned ttl;
	bool loop;
};

void lans_send(struct lans *w, const struct lans_socket *from, int group, const uint8_t *bytes,
	       size_t len);
void lans_arrive(struct lans *w, int host, const struct lans_datagram *d);

/** lans_is_member() - Has any process of that host joined there? */
bool lans_is_member(const struct lans *w, int host, uint32_t interface, int group);

/* ---- lans_agent.c ---- */

void lans_agent_hub(struct lans *w, int agent, int port, const struct lans_datagram *d);

/** lans_agent_private() - The machine on a private port sends */
void lans_agent_private(struct lans *w, int agent, int port, const uint8_t *bytes, size_t len);
void lans_agent_peer(struct lans *w, int agent, int peer, const struct lans_message *m);
void lans_agent_tick(struct lans *w, int agent);

/** lans_agent_run() - Do what the segments want done */
void lans_agent_run(struct lans *w, int agent);

/** lans_agent_beacon() - Send one. lans_agent_follow() - Where is that port attached now? */
void lans_agent_beacon(struct lans *w, int agent, const struct segments_beacon *out);
void lans_agent_follow(struct lans *w, int agent, int port);

/* ---- lans_life.c ---- */

void lans_agent_start(struct lans *w, int agent);

/** lans_agent_end() - @cleanly: it says so to everybody */
void lans_agent_end(struct lans *w, int agent, bool cleanly);

/* ---- lans_tunnel.c ---- */

/** lans_tell() - A message to a peer; copied. Nothing happens without a session */
void lans_tell(struct lans *w, int from, int to, const struct lans_message *m);
void lans_told(struct lans *w, int from, int to, const struct lans_message *m);

/** lans_connect_all() - An agent started: sessions with those that it trusts will come */
void lans_connect_all(struct lans *w, int agent);
void lans_connect(struct lans *w, int a, int b);
void lans_accept(struct lans *w, int a, int b, unsigned epoch);
void lans_lose(struct lans *w, int a, int b, unsigned epoch);
/** lans_died() - Its peers will find out */
void lans_died(struct lans *w, int agent, bool cleanly);

/* ---- lans_judge.c ---- */

/** lans_speak() - The next machine sends something */
void lans_speak(struct lans *w);

/** lans_heard() - A machine heard a frame */
void lans_heard(struct lans *w, int machine, const uint8_t *frame, size_t len);

/** lans_judge() - Everything that was sent */
void lans_judge(struct lans *w);

/** lans_should_hear() - By whatever way; lans_hears() - from the hub that both are on */
bool lans_should_hear(const struct lans *w, int from, int to);
bool lans_hears(const struct lans *w, int from, int to);

/** lans_has_strangers() - Have two agents on one segment, one of which serves it, no session? */
bool lans_has_strangers(const struct lans *w);

/** lans_number() - Of a machine's frame */
int lans_number(const uint8_t *frame);

/* ---- lans_named.c, lans_random.c ---- */

struct lans_named {
	const char *name;
	void (*make)(struct lans *w);
};

extern const struct lans_named lans_named[];
extern const size_t lans_named_count;

void lans_make_random(struct lans *w);

/** lans_describe() - The whole world in a few lines */
void lans_describe(const struct lans *w);

#endif
