/*
 * engine.h - the protocol, sans-IO: the whole surface of proto/
 *
 * Layer: proto (public). No socket, no clock, no allocation after engine_init(), no log. Time is an argument, randomness
 * is injected, bytes come in and go out through the caller's buffers.
 * Spec: PROTOCOL.md.
 *
 * How it works. The caller
 *
 *   - hands every received datagram to engine_input() and then calls engine_next_frame() until it
 *     returns false: the frames are slices of the caller's buffer, decrypted in place;
 *   - hands every frame for a peer to engine_send_frame();
 *   - calls engine_tick() when engine_deadline_ns() has come;
 *   - before it sleeps, calls engine_flush(), sends what engine_outbox() shows, and clears it;
 *   - drains engine_next_event().
 *
 * Every call takes now_ns: nanoseconds on a clock that never goes back and counts while the machine
 * sleeps (CLOCK_BOOTTIME). Nothing that comes from outside can make a call fail or assert.
 */
#ifndef PROTO_ENGINE_H
#define PROTO_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "keytypes/key.h"
#include "proto/cipher.h"
#include "proto/drop.h"

enum {
	PEER_CANDIDATES_MAX = 8,  /* addresses that a handshake tries at once */
	PEER_VLANS_MAX = 16,      /* vlans shared with one peer */
	PEER_KNOWN_KEYS_MAX = 64, /* hashes of keys that a hello may carry */
	NAME_BYTES = 64,          /* an agent's or peer's name, with NUL */
	PEER_PATHS_MAX = 8,       /* of which status can tell */
	DATAGRAM_BASE_BYTES =
		1232, /* UDP payload: IPv6's minimum MTU less its headers; PROTOCOL.md 7.1 */
	DATAGRAM_LEAST_BYTES = 1200, /* no path is taken to carry less */
	DATAGRAM_MAX_BYTES = 8972, /* longest that is sent: what a 9,000-byte wire carries, IPv4 */
	OUTBOX_MAX = 128,          /* datagrams between two flushes */
	KNOCKS_MAX = 8,
	ENGINE_PINGS_MAX = 16, /* engine_ping() that wait for their answer, of all peers together */
};

/** typedef engine_random - Fill @len bytes with cryptographically strong randomness */
typedef void (*engine_random)(void *context, void *out, size_t len);

/**
 * struct engine_config - what an engine needs to start; borrowed during engine_init() only
 * @secret:		our static key
 * @random, @random_context: injected randomness
 * @peers_max:		how many peers there can be at once, 1 to 4096
 * @max_frame:		longest frame to carry, bytes; 14 to FRAME_MAX_BYTES
 * @wall_ns:		wall clock, ns since 1970, at @now_ns
 * @timestamp_floor_ns:	from `state`: no initiation may carry this or an earlier timestamp; or 0
 * @now_ns:		the monotonic clock
 * @ciphers:		cipher bits of PROTOCOL.md 4.1 to offer; 0: all that run well on this machine
 */
struct engine_config {
	const struct secret_key *secret;
	engine_random random;
	void *random_context;
	uint32_t peers_max;
	uint32_t max_frame;
	uint64_t wall_ns;
	uint64_t timestamp_floor_ns;
	uint64_t now_ns;
	uint8_t ciphers;
};

struct engine;

/**
 * engine_memory_bytes(), engine_secret_bytes() - What engine_init() wants
 *
 * The second region holds all keys and nothing else, so that the caller can lock and guard it.
 * Untouched pages of both stay untouched until a peer needs them.
 */
size_t engine_memory_bytes(const struct engine_config *config);
size_t engine_secret_bytes(const struct engine_config *config);

/**
 * engine_init() - Lay an engine out in the caller's memory
 *
 * Allocates nothing itself; libcrypto does, for AES-256-GCM, and frees it in engine_fini().
 *
 * @memory:	engine_memory_bytes() of zeroed memory, aligned for any type; kept until engine_fini()
 * @secrets:	engine_secret_bytes() of zeroed memory, likewise
 */
struct engine *engine_init(const struct engine_config *config, void *memory, void *secrets);

/** engine_key() - Our own public key; borrowed */
const struct public_key *engine_key(const struct engine *e);

/** engine_ciphers() - Cipher bits that it offers; 0 when nothing of engine_config.ciphers works here */
uint8_t engine_ciphers(const struct engine *e);

/** engine_fini() - Wipe all keys, free what libcrypto holds. The memory is the caller's again */
void engine_fini(struct engine *e);

/** engine_set_wall() - Tell the wall clock, at start-up and after it was stepped */
void engine_set_wall(struct engine *e, uint64_t wall_ns, uint64_t now_ns);

/**
 * engine_timestamp_ceiling_ns() - Timestamps that may be used without asking
 *
 * The caller persists the value in `state` before it lets the engine initiate: at start-up and when
 * ENGINE_EVENT_RESERVE comes (an hour ahead, so about once an hour), then calls
 * engine_timestamp_persisted() with the value that it persisted: another may be wanted by then. Until then
 * no initiation is sent with a later timestamp.
 */
uint64_t engine_timestamp_ceiling_ns(const struct engine *e);
void engine_timestamp_persisted(struct engine *e, uint64_t ceiling_ns, uint64_t now_ns);

/* ---- what we say about ourselves ---- */

/**
 * struct engine_self - sent to peers in `hello`, again when it changes; copied
 * @name:	the agent's name
 * @local:	our own addresses, unicast with the listening port
 */
struct engine_self {
	char name[NAME_BYTES];
	struct addr local[PEER_CANDIDATES_MAX];
	size_t local_count;
};

void engine_set_self(struct engine *e, const struct engine_self *self, uint64_t now_ns);

/* ---- peers ---- */

/**
 * struct engine_peer_config - what we know about a peer from its card and .local file; copied
 * @psk:	zero where none is set
 * @is_fixed:	it is sent to at one of its candidates (engine_peer_candidates()) and nowhere else,
 *		wherever its packets come from, and whatever addresses its hello names: PROTOCOL.md 7.4
 */
struct engine_peer_config {
	struct public_key key;
	struct preshared_key psk;
	uint16_t vlans[PEER_VLANS_MAX];
	size_t vlan_count;
	bool is_fixed;
};

/**
 * engine_peer_add() - Trust a key
 *
 * Return: the peer's number, small, kept until it is removed and then used again; -ENOSPC when full,
 * -EEXIST when the key is known, -EINVAL when it is our own or of low order
 */
int engine_peer_add(struct engine *e, const struct engine_peer_config *config, uint64_t now_ns);

/**
 * engine_peer_change() - New psk, vlans or @is_fixed; same key required
 *
 * A changed psk ends the session. A peer that becomes fixed while it is elsewhere keeps its session; it is down
 * until it answers at one of its candidates, which are tried at once.
 */
void engine_peer_change(struct engine *e, int peer, const struct engine_peer_config *config,
			uint64_t now_ns);

/** engine_peer_remove() - Say goodbye (into the outbox), wipe the keys, forget it */
void engine_peer_remove(struct engine *e, int peer, uint64_t now_ns);

/** engine_peer_find() - Return: the peer's number, or -ENOENT */
int engine_peer_find(const struct engine *e, const struct public_key *key);

/**
 * engine_peer_candidates() - Addresses where it may be, replacing the earlier list
 *
 * From the card (looked up by the caller) and from `state`. A peer without a session is tried at
 * once if the list has something new. A fixed peer is no longer sent to at an address that is not in it.
 */
void engine_peer_candidates(struct engine *e, int peer, const struct addr *addrs, size_t count,
			    uint64_t now_ns);

/** engine_network_changed() - Addresses or routes of this host changed: try and test everything now */
void engine_network_changed(struct engine *e, uint64_t now_ns);

/**
 * engine_goodbye() - Tell every peer that we leave; sessions end. For a clean stop
 *
 * Return: true if the outbox was too small for all: send it, clear it, and call again
 */
bool engine_goodbye(struct engine *e, uint64_t now_ns);

/* ---- data ---- */

struct segment_report;
struct segment_answer;

/**
 * struct frame_in - one received frame, or what a peer says of its segments (proto/segments.h)
 * @frame:	slice of the datagram, and valid as long as the caller leaves that alone; or, if
 *		@is_reassembled, of the engine's memory, and valid until engine_frames_kept() more of
 *		those came, whatever else is called meanwhile
 * @checksum_unfinished: who takes it finishes the checksum, or drops it: PROTOCOL.md 6.1
 * @report, @answer: instead of a frame, and all else but @peer is zero then; valid until the next
 *		engine_input() or engine_next_frame()
 *
 * Exactly one of the three is not NULL.
 */
struct frame_in {
	int peer;
	const struct segment_report *report;
	const struct segment_answer *answer;
	uint16_t vlan;
	bool checksum_unfinished;
	bool on_segment;
	bool is_reassembled;
	const uint8_t *frame;
	size_t len;
};

enum {
	FRAME_OVERHEAD_BYTES = 37 /* of a frame alone in a datagram, before UDP; PROTOCOL.md 5, 6 */
};

enum {
	DSCP_NONE = 0, /* best effort, RFC 2474; also the class of all that is no frame */
};

/**
 * struct frame_out - one frame to send; borrowed during the call
 * @dscp:	class of the datagrams that carry it, 0 to 63; they carry no frame of another one
 * @checksum_unfinished: its TCP or UDP checksum is the receiver's to finish: PROTOCOL.md 6.1
 * @frame, @len: its bytes, or the first of them, at least an Ethernet header
 * @data, @data_len: the others
 */
struct frame_out {
	uint16_t vlan;
	bool checksum_unfinished;
	bool on_segment;
	uint8_t dscp;
	const uint8_t *frame;
	size_t len;
	const uint8_t *data;
	size_t data_len;
};

/**
 * struct route - between which two addresses a datagram goes
 * @local:	our own, its port not looked at; not set where it is not known, or is the kernel's to choose
 */
struct route {
	struct addr remote;
	struct addr local;
};

/**
 * engine_input() - Take one datagram
 * @route:	its source, and our address that it was sent to; borrowed during the call
 * @datagram:	borrowed until the next engine_input(); decrypted in place
 * @len:	bytes, 0 to 65,535
 *
 * Replies go to the outbox, a change of a peer's state to the events, frames to engine_next_frame().
 * Return: DROP_NONE, or why the whole datagram was dropped (it is counted already)
 */
enum drop engine_input(struct engine *e, const struct route *route, uint8_t *datagram, size_t len,
		       uint64_t now_ns);

/** engine_frames_kept() - How many frames that were put together stay valid, at least 1: the last ones */
unsigned engine_frames_kept(const struct engine *e);

/**
 * engine_is_data() - Does it look like a session's datagram?
 *
 * Of those that wait together, the caller hands these over first, so that a flood of handshakes keeps
 * no session waiting: PROTOCOL.md 5.3.
 */
bool engine_is_data(const uint8_t *datagram, size_t len);

/**
 * engine_next_frame() - Next frame, report or answer of the last datagram
 *
 * Other control records on the way are handled. Must be called until it returns false, or those behind
 * the last frame are lost.
 */
bool engine_next_frame(struct engine *e, struct frame_in *out, uint64_t now_ns);

/**
 * engine_send_frame() - Queue a frame for a peer
 *
 * Shares a datagram with other frames for that peer that came since the last flush; split when it
 * fits in none. Return: DROP_NONE; DROP_NO_SESSION; DROP_SHORT_FRAME, DROP_LONG_FRAME;
 * DROP_OUTBOX_FULL, when the caller flushes, sends, clears and may then try the same frame again.
 * All but the last are counted.
 */
enum drop engine_send_frame(struct engine *e, int peer, const struct frame_out *frame,
			    uint64_t now_ns);

/** engine_count_drop() - Count for a peer (or, with -1, for the agent) what the caller had to drop */
void engine_count_drop(struct engine *e, int peer, enum drop reason);

/**
 * struct datagram - one to send: @len bytes at @bytes (engine memory, until cleared) to @to
 * @local:	own address to send it from; not set: the kernel's choice
 * @peer:	or -1: a cookie reply
 * @dscp:	of its IP header, where the ECN bits are 0: PROTOCOL.md 7.1
 * @is_probe:	sent to see whether the path carries that length: that it does not is no news for people
 */
struct datagram {
	struct addr to;
	struct addr local;
	int peer;
	bool is_probe;
	uint8_t dscp;
	const uint8_t *bytes;
	size_t len;
};

/** engine_flush() - Seal the datagrams that still wait for company */
void engine_flush(struct engine *e, uint64_t now_ns);

/**
 * engine_outbox() - Sealed datagrams in order
 *
 * Up to the first that still waits for company: all of them after engine_flush().
 * Return: their number; @out: the first, contiguous
 */
size_t engine_outbox(const struct engine *e, const struct datagram **out);

/** engine_outbox_has_room() - At least @datagrams more fit without a flush and clear */
bool engine_outbox_has_room(const struct engine *e, size_t datagrams);

/** engine_outbox_clear() - What engine_outbox() shows was sent (or could not be); the others wait on */
void engine_outbox_clear(struct engine *e);

/**
 * engine_send_failed() - The kernel refused a datagram of engine_outbox() at once
 * @d:		before engine_outbox_clear()
 * @error:	positive errno of the call. EMSGSIZE: its path carries less than that. ENETUNREACH, EHOSTUNREACH,
 *		ENETDOWN, EADDRNOTAVAIL, EINVAL: its path does not work as it is. Another means nothing
 *
 * For what the call itself returned only: what comes later is an ICMP message, which anyone can forge.
 */
void engine_send_failed(struct engine *e, const struct datagram *d, int error, uint64_t now_ns);

/* ---- time ---- */

/** engine_deadline_ns() - When engine_tick() is due next, or UINT64_MAX */
uint64_t engine_deadline_ns(const struct engine *e);

/**
 * engine_tick() - Do what is due: handshakes, keep-alives, expiry
 *
 * Stops when the outbox is nearly full; engine_deadline_ns() is then still in the past: flush, send,
 * clear, tick again.
 */
void engine_tick(struct engine *e, uint64_t now_ns);

/* ---- what happened ---- */

enum engine_event_type {
	ENGINE_EVENT_UP,   /* a session with the peer is there that was not */
	ENGINE_EVENT_DOWN, /* no session is left: its MACs are to be forgotten; detail in peer info */
	ENGINE_EVENT_RENEWED, /* it has new keys with us: perhaps it was restarted, and remembers nothing */
	ENGINE_EVENT_MOVED,     /* its validated address changed */
	ENGINE_EVENT_PATH,      /* its active path, or that path's MTU, changed */
	ENGINE_EVENT_HELLO,     /* it told something new about itself */
	ENGINE_EVENT_UNREACHED, /* a handshake try was not answered, or a fixed peer is heard from
				    * elsewhere: look its names up again */
	ENGINE_EVENT_PONG,      /* engine_ping() was answered; @rtt_ns, @token */
	ENGINE_EVENT_KNOCK,     /* peer is -1: engine_knocks() changed */
	ENGINE_EVENT_RESERVE,   /* peer is -1: persist engine_timestamp_ceiling_ns() */
};

struct engine_event {
	enum engine_event_type type;
	int peer;
	uint64_t token;
	uint64_t rtt_ns;
};

/**
 * engine_next_event() - What happened next
 *
 * None is ever lost: each is a flag per peer, but for the answers to the latest ENGINE_PINGS_MAX pings.
 * Return: false when there is none
 */
bool engine_next_event(struct engine *e, struct engine_event *out);

/**
 * engine_ping() - Measure the round trip
 * @token:	comes back with ENGINE_EVENT_PONG
 *
 * Many may be under way, to one peer too. With ENGINE_PINGS_MAX waiting, the oldest is forgotten; so the
 * caller, who gives up on them by his own clock, lets no more wait.
 *
 * Return: 0, or -ENOTCONN without a session
 */
int engine_ping(struct engine *e, int peer, uint64_t token, uint64_t now_ns);

/* ---- status ---- */

enum peer_state {
	PEER_UP,         /* a usable session */
	PEER_CONNECTING, /* trying */
	PEER_IDLE,       /* no address known: it has to call us */
	PEER_DOWN, /* tried for a minute without an answer, or it said goodbye; still tried now and then */
};

/** enum peer_trouble - the latest fact about why a peer is not up, for a sentence in status */
enum peer_trouble {
	TROUBLE_NONE,
	TROUBLE_NO_ANSWER,      /* sent, nothing came back */
	TROUBLE_BAD_ANSWER,     /* something came back that does not authenticate: psk differs */
	TROUBLE_OLD_INITIATION, /* its initiations are not newer than earlier ones: clock */
	TROUBLE_VERSION,        /* no protocol version in common */
	TROUBLE_CIPHER,         /* no cipher in common */
	TROUBLE_UNCONFIRMED,    /* it called, and never took up our answer: lost, or psk differs */
	TROUBLE_GOODBYE,        /* it stopped, and said so */
	TROUBLE_SILENT,         /* it was up and went silent */
	TROUBLE_ELSEWHERE,      /* it is fixed, and @elsewhere */
};

/** struct peer_info - everything status says about a peer; a snapshot */
struct peer_info {
	struct public_key key;
	enum peer_state state;
	enum peer_trouble trouble;
	const char *cipher;      /* static text, or NULL without a session */
	struct addr endpoint;    /* where datagrams go now; not set if none is known */
	struct addr elsewhere;   /* where a fixed peer was heard that is no candidate; or not set */
	uint64_t elsewhere_ns;   /* when, give or take 10 s; 0: never */
	uint64_t rtt_ns;         /* smoothed; 0: not known */
	uint32_t mtu_bytes;      /* largest UDP payload on the path */
	uint64_t handshake_ns;   /* now_ns of the last completed handshake; 0: never */
	uint64_t heard_ns;       /* last authenticated datagram; 0: never */
	uint64_t tries;          /* initiations sent since it was last up */
	uint64_t tries_since_ns; /* when the first of them went out */
	uint64_t rx_frames, tx_frames, rx_bytes, tx_bytes; /* bytes of frames */
	uint64_t drops[DROP_COUNT];

	/* from its hello; empty before */
	char name[NAME_BYTES];
	uint16_t vlans[PEER_VLANS_MAX];
	size_t vlan_count;
	struct addr local[PEER_CANDIDATES_MAX];
	size_t local_count;
	uint32_t unknown_keys; /* keys it knows on our shared vlans of which we have no card */
};

/** engine_peer_info() - Return: false if there is no such peer */
bool engine_peer_info(const struct engine *e, int peer, struct peer_info *out);

/** enum path_kind - by what a path leads */
enum path_kind {
	PATH_DIRECT, /* to an address of the peer */
};

enum path_state {
	PATH_ACTIVE,  /* frames go there */
	PATH_STANDBY, /* validated, and not the best */
	PATH_PROBING, /* no answer yet */
	PATH_FAILED,  /* did not answer; tried again when there is a reason to */
};

/** enum path_why - why a path is in its state */
enum path_why {
	PATH_WHY_ONLY,    /* active: the only one that answers */
	PATH_WHY_FASTEST, /* active: the shortest round trip */
	PATH_WHY_STEADY, /* active: another one is faster, but not by enough, or not for long enough */
	PATH_WHY_OTHERS_FAILED, /* active: the one before it fell silent */
	PATH_WHY_PEER_MOVED,    /* active: the peer sends from there now */
	PATH_WHY_SLOWER,        /* standby: the active one is as fast */
	PATH_WHY_UNTRIED,       /* probing: asked for the first time */
	PATH_WHY_SILENT,        /* failed or probing: nothing came back */
	PATH_WHY_UNREACHABLE,   /* failed: the kernel cannot send there */
	PATH_WHY_REFUSED,       /* failed: engine_path_refuse() */
	PATH_WHY_COUNT,
};

/** enum path_source - how the address came to be known */
enum path_source {
	PATH_FROM_CANDIDATES, /* engine_peer_candidates(): its card or `state` */
	PATH_FROM_HELLO,      /* it said so */
	PATH_FROM_HEARD,      /* authentic datagrams came from there */
};

/** struct path_info - one path, for status */
struct path_info {
	enum path_kind kind;
	enum path_state state;
	enum path_why why;
	enum path_source source;
	struct addr remote;
	struct addr local;  /* our own address there; not set: the kernel's choice */
	uint64_t rtt_ns;    /* smoothed; 0: not known */
	uint32_t mtu_bytes; /* largest UDP payload that is sent there */
};

/** engine_peer_paths() - The active one first. Return: how many of @out are filled */
size_t engine_peer_paths(const struct engine *e, int peer, struct path_info out[PEER_PATHS_MAX]);

/** engine_peer_mtu() - Cheap: largest UDP payload in use towards it now; 0: no such peer */
uint32_t engine_peer_mtu(const struct engine *e, int peer);

/**
 * engine_path_refuse() - Do not send there: the address leads into the tunnel itself
 *
 * Until engine_peer_candidates() or engine_network_changed().
 */
void engine_path_refuse(struct engine *e, int peer, const struct addr *remote, uint64_t now_ns);

/** engine_peer_is_up() - Cheap: may frames be sent to it? */
bool engine_peer_is_up(const struct engine *e, int peer);

/** engine_drops() - Counters that belong to no peer; DROP_COUNT entries */
const uint64_t *engine_drops(const struct engine *e);

/** struct knock - somebody who knows our key, and whose card we do not have */
struct knock {
	struct public_key key;
	struct addr from;
	uint64_t when_ns;
};

/** engine_knocks() - Of the last ten minutes, newest first. Return: how many, up to KNOCKS_MAX */
size_t engine_knocks(const struct engine *e, struct knock out[KNOCKS_MAX], uint64_t now_ns);

#endif
