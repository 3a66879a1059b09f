/*
 * engine_state.h - what an engine, a peer and a session consist of
 *
 * Layer: proto (sans-IO), private. Structures only; each file beside this one owns the fields that it
 * is named for.
 *
 * Where things live: peers are an array in the engine's memory, named by their number; keys are in the
 * second region (struct peer_secrets), one per peer. A session's keys are found by its slot, so a session
 * that changes its slot takes its keys along (session_move()).
 */
#ifndef PROTO_ENGINE_STATE_H
#define PROTO_ENGINE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/addr.h"
#include "common/cursor.h"
#include "common/heap.h"
#include "index_table.h"
#include "key_cache.h"
#include "limits.h"
#include "load.h"
#include "macs.h"
#include "mtu_search.h"
#include "noise.h"
#include "proto/engine.h"
#include "proto/segments.h"
#include "reassembly.h"
#include "replay.h"
#include "seal.h"

/** enum session_slot - PROTOCOL.md 4.4 */
enum session_slot {
	SLOT_OURS,     /* we initiated it */
	SLOT_THEIRS,   /* they did, and confirmed it */
	SLOT_NEXT,     /* they did, not confirmed yet: not sent on */
	SLOT_REPLACED, /* received on for a few seconds more */
	SLOT_COUNT,
	SLOT_NONE = SLOT_COUNT,
};

/** struct session - one handshake's result; empty while @local_index is 0 */
struct session {
	uint32_t local_index;
	uint32_t remote_index;
	uint64_t born_ns;     /* response sent or accepted: the age of the key */
	uint64_t usable_ns;   /* completed or confirmed: which one is newer */
	uint64_t replaced_ns; /* in SLOT_REPLACED */
	uint64_t send_counter;
	uint32_t fragment_id;
	uint32_t cross_id; /* not 0: crossed with the session that has the same one */
	uint8_t cipher;    /* enum cipher */
	bool we_initiated;
	uint8_t key_places[DIRECTION_COUNT]; /* in the key cache */
	struct replay replay;
};

struct session_keys {
	uint8_t send[KEY_BYTES];
	uint8_t receive[KEY_BYTES];
};

enum {
	OUTGOING_MAX = 2 /* so that a round trip of up to two tries is no obstacle */
};

/** struct outgoing - an initiation of ours that may still be answered; empty while @local_index is 0 */
struct outgoing {
	uint32_t local_index;
	uint32_t cross_id;
	uint64_t sent_ns;
	uint8_t failures;
	uint8_t offered;
	bool cookie_taken;
	uint8_t mac1[MAC_TAG_BYTES];
};

/** struct outgoing_secrets - what reading the answer needs */
struct outgoing_secrets {
	struct noise noise;
	struct secret_key ephemeral;
};

struct peer_secrets {
	struct preshared_key psk;
	uint8_t static_static[KEY_BYTES];
	struct session_keys sessions[SLOT_COUNT];
	struct outgoing_secrets outgoing[OUTGOING_MAX];
};

/** struct cookie - what a peer under load gave us; valid from that address only */
struct cookie {
	uint8_t bytes[MAC_TAG_BYTES];
	struct addr from;
	uint64_t got_ns; /* 0: none */
};

/**
 * struct path - one way to a peer; PROTOCOL.md 7.2. Relays will be another kind
 *
 * A place of the table is free while @remote is not set. Each probe has a token of its own: seven random
 * bytes, renewed after some seconds, and one that counts.
 */
struct path {
	struct addr remote;
	struct addr local; /* own address that it was validated with; not set: the kernel chooses */
	uint64_t since_ns; /* the first probe with these random bytes; 0: none */
	uint64_t sent_ns;  /* the latest one */
	uint64_t next_ns;  /* next probe, or the verdict; HEAP_NEVER: none is planned */
	uint8_t token[TOKEN_BYTES];
	uint32_t rtt_ns; /* smoothed; 0: not known */
	uint16_t mtu_bytes;
	/* Small, for there are eight of them for each peer. */
	unsigned state : 2;    /* enum path_state */
	unsigned why : 4;      /* enum path_why */
	unsigned source : 2;   /* enum path_source */
	unsigned planned : 5;  /* probes still to be sent */
	unsigned faster : 2;   /* samples in a row by which it was better than the active path */
	unsigned answered : 1; /* since its probes were planned */
};

_Static_assert(PATH_FAILED < 1 << 2 && PATH_WHY_COUNT <= 1 << 4 && PATH_FROM_HEARD < 1 << 2,
	       "their fields hold them");

enum {
	PATH_NONE = -1
};

/** struct peer_paths - all paths of a peer; path.c has the choice, path_probe.c the times */
struct peer_paths {
	struct path list[PEER_PATHS_MAX];
	int8_t active;   /* what is sent goes there; PATH_NONE: nowhere yet */
	int8_t lead;     /* the newest data came from there; PATH_NONE: from the active one */
	uint8_t lost;    /* challenges of the active one that were not answered, in a row */
	bool is_suspect; /* it seems dead: the next one that answers takes over */
	uint64_t challenged_ns; /* the active one, and no answer yet; 0: none outstanding */
	uint64_t answered_ns;   /* its latest answer; 0: never */
	uint64_t check_ns;      /* when to look after it; HEAP_NEVER: nothing is sent */
	uint64_t used_ns;       /* the latest frame sent; 0: never */
	uint64_t round_ns;      /* when all were measured last */
	uint64_t newcomer_ns;   /* when an unknown address was challenged last; 0: never */
	uint64_t led_ns;        /* when the peer last chose the path; 0: never */
};

/** struct hello_addr - an address as a hello has it: there is one for each of many */
struct hello_addr {
	uint8_t ip[ADDR_IP_BYTES];
	uint16_t port;
};

/** hello_addr() - As everybody else has it */
static inline struct addr hello_addr(const struct hello_addr *a)
{
	struct addr out = {.port = a->port};

	memcpy(out.ip, a->ip, ADDR_IP_BYTES);
	return out;
}

/** struct peer_size - what the active path carries; path_size.c */
struct peer_size {
	struct mtu_search search;
	uint16_t size;      /* that the search tries; 0: it has ended */
	uint8_t lost;       /* of that size, in a row */
	uint8_t watch_lost; /* of the size in use */
	bool searches;
	bool watches; /* the probe that is due, or on its way, is of the size in use */
	bool owes;    /* it should be, as soon as the search lets it */
	uint8_t token[TOKEN_BYTES];
	uint64_t first_ns;    /* when the first of that size went out */
	uint64_t sent_ns;     /* when the latest did; 0: none is on its way */
	uint64_t next_ns;     /* HEAP_NEVER: nothing is due */
	uint64_t searched_ns; /* when the last search ended */
	uint64_t watched_ns;  /* when the size in use was last known to pass */
};

/** struct peer_hello - both directions; PROTOCOL.md 6.4 */
struct peer_hello {
	uint64_t resend_at_ns; /* HEAP_NEVER: acknowledged, or given up */
	uint8_t resends;
	uint32_t heard_generation; /* of this session */
	char name[NAME_BYTES];
	uint16_t vlans[PEER_VLANS_MAX];
	uint8_t vlan_count;
	uint8_t local_count;
	uint8_t known_count;
	struct hello_addr local[PEER_CANDIDATES_MAX];
	uint16_t known_vlans[PEER_KNOWN_KEYS_MAX];
	uint64_t known_hashes[PEER_KNOWN_KEYS_MAX];
};

/** struct peer_keep - which paths are open, and how often the others are pinged; keep.c */
struct peer_keep {
	uint16_t sent[PEER_PATHS_MAX]; /* when to each path; in KEEP_STAMP_NS, 0: never */
	uint16_t sent_elsewhere;       /* to what is, or had become, no path */
	uint16_t pinged;               /* by the peer, when; likewise */
	uint8_t open;                  /* a bit for each path */
	uint8_t steps;                 /* by which the interval was shortened */
	bool is_mapped;                /* a path seemed open, and was not: none is */
	bool is_pinged; /* by the peer, or should be, since it was last asked why it is quiet */
	bool asked;     /* the latest ping went because of idleness */
};

_Static_assert(PEER_PATHS_MAX <= 8, "the bits of open hold them");

struct peer_ping {
	uint8_t token[TOKEN_BYTES];
	bool wanted;      /* as soon as there is room */
	uint64_t sent_ns; /* 0: none outstanding */
};

enum user_ping_state {
	USER_PING_FREE,
	USER_PING_SENT,
	USER_PING_ANSWERED, /* and not told yet */
};

/** struct user_ping - one that engine_ping() sent */
struct user_ping {
	enum user_ping_state state;
	uint32_t peer;
	uint8_t token[TOKEN_BYTES];
	uint64_t user_token;
	uint64_t sent_ns;
	uint64_t rtt_ns;
};

/** struct peer_run - its full datagrams since the last flush; PROTOCOL.md 6. @len: of each, 0: none yet, or
 * the next begins another run. @flush: outbox.flushes when that was so */
struct peer_run {
	uint16_t flush;
	uint16_t len;
};

/** struct peer_try - when to start the next handshake; PROTOCOL.md 7.3 */
struct peer_try {
	uint64_t at_ns;    /* not before */
	uint64_t since_ns; /* first of the tries that no session followed yet */
	uint64_t interval_ns;
	uint64_t count;
	bool blocked; /* waits for the timestamp ceiling to be persisted */
};

struct peer {
	struct heap_node timer;
	uint32_t number;
	uint32_t events; /* a bit for each type that was not told yet */
	bool in_use;
	bool is_up;        /* as last told by an event */
	bool key_is_lower; /* than ours */
	bool said_goodbye;
	bool is_fixed;
	bool event_queued; /* in engine.event_ring */
	struct public_key key;
	uint64_t key_hash; /* as in hello */
	struct mac_keys macs;
	struct peer_secrets *secrets;
	uint16_t vlans[PEER_VLANS_MAX];
	uint8_t vlan_count;

	enum session_slot current; /* sent on, or SLOT_NONE */
	struct session sessions[SLOT_COUNT];
	struct outgoing outgoing[OUTGOING_MAX];
	uint32_t last_cross_id;
	struct addr answered_to; /* where the response of SLOT_NEXT went */
	uint8_t confirmed_timestamp[TIMESTAMP_BYTES];
	uint8_t answered_timestamp[TIMESTAMP_BYTES];
	uint8_t next_timestamp[TIMESTAMP_BYTES]; /* of the initiation behind SLOT_NEXT */
	uint64_t last_session_ns;                /* 0: never, or forgotten */
	uint64_t initiations_window_ns;
	uint32_t initiations;
	struct peer_run run;
	struct peer_try attempt;

	uint64_t sent_ns;
	uint64_t heard_ns;
	uint64_t tried_ns;      /* last initiation; 0: never */
	uint64_t unanswered_ns; /* first asking record since we last heard; 0: none */
	uint64_t doubt_ns;      /* when the network changed, if nothing was heard since; 0: none */
	uint64_t keepalive_at_ns; /* HEAP_NEVER: nothing to keep alive */

	struct peer_paths paths;
	struct peer_size size;
	struct peer_keep keep;
	struct addr candidates[PEER_CANDIDATES_MAX];
	uint8_t candidate_count;
	struct cookie cookie;
	struct addr elsewhere;
	uint64_t elsewhere_ns; /* 0: never */
	struct peer_ping ping;
	struct peer_hello hello;

	int open_slot; /* of the outbox, or -1 */
	enum peer_trouble trouble;
	uint64_t handshake_ns;
	uint64_t rx_frames, tx_frames, rx_bytes, tx_bytes;
	uint64_t drops[DROP_COUNT];
};

_Static_assert(sizeof(struct peer) + sizeof(struct peer_secrets) <= 8192,
	       "an idle peer costs at most 8 KiB");

/**
 * struct outbox - datagrams on their way; an open one has no header and tag yet
 * @room:	where each is written: one of @bytes; when one moves, they change places
 * @flushes:	so often was all sealed; wraps
 */
struct outbox {
	struct datagram datagrams[OUTBOX_MAX];
	uint8_t *room[OUTBOX_MAX];
	uint8_t bytes[OUTBOX_MAX][DATAGRAM_MAX_BYTES];
	uint16_t flushes;
	uint16_t limit[OUTBOX_MAX]; /* how long each may become */
	bool open[OUTBOX_MAX];
	bool asks[OUTBOX_MAX];    /* holds a record that wants an answer */
	bool matters[OUTBOX_MAX]; /* holds a record that the session's timers count as sent */
	uint32_t count;
};

/** struct input - the datagram whose records are being read */
struct input {
	struct peer *peer; /* NULL: none */
	uint32_t local_index;
	bool challenged; /* a path challenge in it was answered */
	bool leads; /* it is the newest of its session, and was not found to be a mere probe: 7.6 */
	struct route route;
	struct reader records;
};

struct engine_secrets {
	struct secret_key own;
	uint8_t cookie_secret[32];
	struct gcm ready[KEY_CACHE_PLACES]; /* of the key cache */
	struct peer_secrets peers[];
};

enum {
	HELLO_FIELDS_MAX_BYTES = 512 /* name and addresses, encoded */
};

struct engine {
	engine_random random;
	void *random_context;
	uint32_t peers_max;
	uint32_t peers_end; /* one above the highest number ever used */
	uint32_t max_frame;
	uint8_t ciphers;
	struct engine_secrets *secrets;
	struct public_key own_key;
	uint64_t own_key_hash;
	struct mac_keys own_macs;
	uint64_t cookie_secret_ns;

	uint64_t wall_ns; /* wall clock at @wall_now_ns */
	uint64_t wall_now_ns;
	uint64_t timestamp_ns; /* last used */
	uint64_t ceiling_ns;   /* on disk */
	uint64_t ceiling_wanted_ns;

	struct engine_self self;
	uint32_t hello_generation;

	struct peer *peers;
	uint32_t *known; /* numbers of peers, in the order of their key_hash */
	uint32_t known_count;
	struct heap timers;
	struct index_table indices;
	struct load load;
	struct key_cache keys;
	struct reassembly reassembly;
	struct outbox outbox;
	struct input input;
	union {
		struct segment_report report;
		struct segment_answer answer;
	} segments; /* the latest one read: what frame_in points to */

	struct user_ping pings[ENGINE_PINGS_MAX];
	struct knock knocks[KNOCKS_MAX];
	bool knocks_changed;
	bool reserve_wanted;
	uint32_t *event_ring; /* numbers of peers with events; each at most once */
	uint32_t event_first, event_count;
	uint64_t drops[DROP_COUNT];
};

/** peer_drop() - Count and return a reason */
static inline enum drop peer_drop(struct peer *p, enum drop reason)
{
	p->drops[reason]++;
	return reason;
}

static inline enum drop engine_drop(struct engine *e, enum drop reason)
{
	e->drops[reason]++;
	return reason;
}

/** peer_by_number() - Return: the peer, or NULL if there is none of that number */
static inline struct peer *peer_by_number(const struct engine *e, int number)
{
	if (number < 0 || (uint32_t)number >= e->peers_end || !e->peers[number].in_use)
		return NULL;
	return &e->peers[number];
}

/** random_u64() - Injected randomness as a number */
static inline uint64_t random_u64(struct engine *e)
{
	uint64_t value;

	e->random(e->random_context, &value, sizeof(value));
	return value;
}

/** peer_path() - Where it is sent to now, or NULL */
static inline const struct path *peer_path(const struct peer *p)
{
	return p->paths.active == PATH_NONE ? NULL : &p->paths.list[p->paths.active];
}

/** peer_endpoint() - The address of that path; not set if there is none */
static inline struct addr peer_endpoint(const struct peer *p)
{
	return p->paths.active == PATH_NONE ? (struct addr){0}
					    : p->paths.list[p->paths.active].remote;
}

/** age_of() - Time since @then_ns; 0 if that lies ahead */
static inline uint64_t age_of(uint64_t then_ns, uint64_t now_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

#endif
