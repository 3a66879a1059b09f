/*
 * segments.h - which agents are on the same LAN segment, and who of them forwards
 *
 * Layer: agent. Pure: no I/O, no clock, no libuv; allocates when a port, an attachment or a peer's
 * report comes, never on the data path. Spec: PROTOCOL.md, "segment reports"; beacon.h.
 *
 * Words. An *attachment* is one interface of one port; a *segment* is the LAN behind it. It *serves* if
 * the agent takes every machine's frames there: `interface = eth0`, a TAP, and loopback in `auto`. In
 * `auto` on a real interface it takes its own host's machines only.
 *
 * How it works. Each attachment beacons under a random id. What others' beacons say makes the list of
 * its neighbours. The ids that are heard go to all peers in reports; a neighbour whose id a peer
 * reports as its own is that peer, and where it has heard us as well the two are *mutual*: frames of
 * that segment reach its machines without us. Every peer decides for itself, from the reports of its
 * peers, which of them forwards to it where several serve one segment, and tells the others to stand by.
 * A neighbour that serves the segment, too, and is no peer's is a *stranger*: one of the two blocks.
 *
 * Use. Tell everything that happens, then call segments_settle(), then carry out all that the
 * segments_next_...() give, and again at segments_deadline_ns(). The data path asks segments_admit(),
 * segments_way_to(), segments_injects(), segments_covers() and segments_beyond().
 */
#ifndef AGENT_SEGMENTS_H
#define AGENT_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/beacon.h"
#include "agent/config.h"
#include "common/addr.h"
#include "common/ether.h"
#include "keytypes/key.h"
#include "proto/drop.h"
#include "proto/segments.h"

enum {
	SEGMENTS_PEERS_MAX = 4096,                        /* engine_config.peers_max */
	SEGMENTS_NUMBERS_MAX = 256,                       /* attachments are numbered in a byte */
	SEGMENTS_ATTACHMENTS_MAX = BEACON_INTERFACES_MAX, /* of a port */
	SEGMENTS_LISTEN_MS = 1000, /* a port that opens only listens for so long */
	SEGMENTS_HOLD_MS = 1000,   /* a peer that does not answer a report is not waited for */
	SEGMENTS_ALONE_MS = 2000,  /* between two beacons where nobody else is heard */
	SEGMENTS_SHARED_MS = 700,  /* and where somebody is */
	SEGMENTS_MISSED_MAX = 3,   /* periods without a beacon: it is gone */
	SEGMENTS_ID_S = 10,        /* an id is used for so long */
	SEGMENTS_ID_AHEAD_S = 1,   /* and known to the peers so long before */
	SEGMENTS_SENTENCE_BYTES = 256,
};
_Static_assert(SEGMENTS_SHARED_MS *SEGMENTS_MISSED_MAX < 3000 - 500,
	       "another agent takes over within three seconds");

struct segments;

/**
 * struct segments_config - copied
 * @key:	our own
 * @token:	random, of this process: settles who of two strangers blocks
 * @random:	cryptographically strong randomness
 * @shares_vlan: is that peer a member of that vlan?
 * @name_of:	what we call a peer; borrowed text or NULL
 */
struct segments_config {
	struct public_key key;
	uint64_t token;
	void (*random)(void *context, void *out, size_t len);
	bool (*shares_vlan)(void *context, int peer, uint16_t vlan);
	const char *(*name_of)(void *context, int peer);
	void *context;
};

/** segments_new() - Return: without ports and peers, or NULL without memory */
struct segments *segments_new(const struct segments_config *config);

void segments_free(struct segments *s);

/* ---- what happens ---- */

/** segments_port_open() - A port that beacons: it listens from now. @port: 0 to CONFIG_PORTS_MAX - 1 */
void segments_port_open(struct segments *s, int port, uint16_t vlan, uint64_t now_ns);

void segments_port_close(struct segments *s, int port);

/**
 * struct segments_place - an attachment as its port sees it
 * @interface:	index in this host; not 0
 * @is_real:	frames leave the host there
 */
struct segments_place {
	uint32_t interface;
	bool serves;
	bool is_real;
};

/** segments_attach() - All attachments that @port has now; those not in the list are gone */
void segments_attach(struct segments *s, int port, const struct segments_place *places,
		     size_t count, uint64_t now_ns);

/**
 * struct segments_heard - a beacon
 * @sender:	source MAC of the frame: one port of one agent
 * @from:	source address, or not set
 * @same_host:	sent by another agent of this host
 * @is_doubtful: a guest may have sent it
 */
struct segments_heard {
	uint32_t interface;
	struct mac sender;
	struct addr from;
	bool same_host;
	bool is_doubtful;
	struct beacon beacon;
};

void segments_hear(struct segments *s, int port, const struct segments_heard *heard,
		   uint64_t now_ns);

/** segments_alive() - A known neighbour injected a frame: as good as a beacon */
void segments_alive(struct segments *s, int port, uint32_t interface, const struct mac *sender,
		    uint64_t now_ns);

/**
 * segments_suspect() - What another port or a peer sends is heard on @port, too: perhaps two ports are joined
 * outside, and frames go round. A beacon tells, now and not at its time
 *
 * Return: is there a beacon to send?
 */
bool segments_suspect(struct segments *s, int port, uint64_t now_ns);

/** segments_peer_up() - A session is there. Said again of one that is up, it is renewed */
void segments_peer_up(struct segments *s, int peer, const struct public_key *key, uint64_t now_ns);

/** segments_has_peer() - Is it up, as far as we were told? */
bool segments_has_peer(const struct segments *s, int peer);

/** segments_peer_renewed() - It has new keys: perhaps it was restarted and knows nothing of us */
void segments_peer_renewed(struct segments *s, int peer, uint64_t now_ns);

void segments_peer_down(struct segments *s, int peer, uint64_t now_ns);
void segments_take_report(struct segments *s, int peer, const struct segment_report *report,
			  uint64_t now_ns);
void segments_take_answer(struct segments *s, int peer, const struct segment_answer *answer,
			  uint64_t now_ns);

/* ---- what is to be done ---- */

/** segments_settle() - Draw the conclusions of all that happened, and of time */
void segments_settle(struct segments *s, uint64_t now_ns);

/** segments_regular() - The owner's own tick, about every SEGMENTS_ALONE_MS: beacons go out that can
 * wait for it, so that they cost no wake-up of their own */
void segments_regular(struct segments *s, uint64_t now_ns);

/** segments_deadline_ns() - When segments_settle() is due, or UINT64_MAX */
uint64_t segments_deadline_ns(const struct segments *s);

/** struct segments_beacon - to send now. The port fills in its interfaces */
struct segments_beacon {
	int port;
	uint32_t interface;
	struct beacon beacon;
};

bool segments_next_beacon(struct segments *s, struct segments_beacon *out);

/** segments_next_report(), segments_next_answer() - To send to @peer now. Return: false: none */
bool segments_next_report(struct segments *s, int *peer, struct segment_report *out,
			  uint64_t now_ns);
bool segments_next_answer(struct segments *s, int *peer, struct segment_answer *out,
			  uint64_t now_ns);

/** struct segments_moved - machines may be elsewhere now: forget what was learned behind @port or
 * @peer, whichever is not -1 */
struct segments_moved {
	int port;
	int peer;
};

bool segments_next_moved(struct segments *s, struct segments_moved *out);

/** segments_leaving() - The beacons that say that @port leaves, all at once. Return: how many */
size_t segments_leaving(const struct segments *s, int port,
			struct segments_beacon out[SEGMENTS_ATTACHMENTS_MAX]);

/* ---- the data path ---- */

/** segments_beacons() - Is @port open here? Any other number, too: then nobody else is heard there */
bool segments_beacons(const struct segments *s, int port);

/** segments_admit() - May frames of machines enter by @port, and others leave by it? Return: DROP_NONE,
 * DROP_PORT_LISTENING or DROP_PORT_BLOCKED; DROP_NONE for a port that does not beacon */
enum drop segments_admit(const struct segments *s, int port);

/** enum segments_way - how a frame goes to a peer */
enum segments_way {
	SEGMENTS_PLAIN,
	SEGMENTS_MARKED,  /* on-segment: to its ports off the segment only */
	SEGMENTS_HEARD,   /* not at all: it took the frame itself */
	SEGMENTS_STANDBY, /* not at all: another agent forwards for that segment */
};

/**
 * struct segments_origin - where a frame came in
 * @interface:	0: by none that has a segment
 * @source:	address of the host that sent it, or NULL: a peer takes its own host's frames itself
 */
struct segments_origin {
	int port;
	uint32_t interface;
	const struct addr *source;
};

/** segments_way_to() - A frame from there, to @peer */
enum segments_way segments_way_to(const struct segments *s, const struct segments_origin *from,
				  int peer, uint64_t now_ns);

/** segments_injects() - Does a frame of @peer leave by @port? @marked: it came on-segment */
enum drop segments_injects(const struct segments *s, int port, int peer, bool marked,
			   uint64_t now_ns);

/** segments_is_at() - Has @port an attachment of that number? */
bool segments_is_at(const struct segments *s, int port, int number);

/** segments_injects_there() - Does a frame of @peer for one machine leave, which was last heard on the
 * attachment of that number? Another one may stand by: nobody else brings it there */
enum drop segments_injects_there(const struct segments *s, int number, int peer, bool marked,
				 uint64_t now_ns);

/** segments_is_shared() - Is anybody else heard at @port? */
bool segments_is_shared(const struct segments *s, int port);

/** segments_covers() - Is what we inject at @port heard on a segment of @peer? */
bool segments_covers(const struct segments *s, int port, int peer);

/** segments_shares() - Is there any mutual neighbour of @peer at @port? */
bool segments_shares(const struct segments *s, int port, int peer);

/**
 * segments_beyond() - Real interfaces of a port that serves its own host, where a peer serves the LAN:
 * what our machines and other ports send to all goes out there too
 * @from:	where it came in: another port, or one of @port's interfaces that segments_hides()
 *
 * Return: how many, at most SEGMENTS_ATTACHMENTS_MAX
 */
size_t segments_beyond(const struct segments *s, const struct segments_origin *from, int port,
		       uint32_t out[SEGMENTS_ATTACHMENTS_MAX], uint64_t now_ns);

/** segments_is_carried() - Is a peer on both segments, where the frame came in and at @port, that carries
 * it from one to the other in our place? Of two such agents the one with the lower key does */
bool segments_is_carried(const struct segments *s, const struct segments_origin *from, int port);

/** segments_hides() - Is what comes in by @interface of @port unheard on its real ones? */
bool segments_hides(const struct segments *s, int port, uint32_t interface);

/** segments_number() - A small number for that attachment, below 256; -1: there is none */
int segments_number(const struct segments *s, int port, uint32_t interface);

/* ---- status ---- */

enum segments_state {
	SEGMENTS_FORWARDING,
	SEGMENTS_LISTENING,
	SEGMENTS_ALL_STANDBY, /* towards every peer */
	SEGMENTS_BLOCKED,
};

/** segments_describe() - The state of @port, and a sentence: empty where there is nothing to say */
enum segments_state segments_describe(const struct segments *s, int port,
				      char sentence[SEGMENTS_SENTENCE_BYTES]);

#endif
