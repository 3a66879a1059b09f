/*
 * limits.h - every constant of the protocol, on one page
 *
 * Layer: proto. Spec: PROTOCOL.md; the section is named where a number is.
 */
#ifndef PROTO_LIMITS_H
#define PROTO_LIMITS_H

#include <stdint.h>

#include "common/ether.h"
#include "keytypes/key.h"
#include "proto/engine.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

enum {
	PROTOCOL_VERSION = 1,
	HASH_BYTES = 32,      /* SHA-256 */
	TAG_BYTES = 16,       /* every AEAD that we use */
	MAC_TAG_BYTES = 16,   /* mac1, mac2, cookie; section 5 */
	TIMESTAMP_BYTES = 12, /* section 4.1 */
	PAYLOAD_BYTES = 32,   /* of both handshake messages; section 4.1 */
	NOISE_1_BYTES = 32 + (32 + TAG_BYTES) + (PAYLOAD_BYTES + TAG_BYTES),
	NOISE_2_BYTES = 32 + (PAYLOAD_BYTES + TAG_BYTES),
};

/* Message layout; section 3 */
enum {
	MESSAGE_INITIATION = 1,
	MESSAGE_RESPONSE = 2,
	MESSAGE_COOKIE = 3,
	MESSAGE_DATA = 4,

	TYPE_BYTES = 4, /* type and three zeros */
	INDEX_BYTES = 4,
	INITIATION_BYTES = TYPE_BYTES + INDEX_BYTES + NOISE_1_BYTES + 2 * MAC_TAG_BYTES,
	RESPONSE_BYTES = TYPE_BYTES + 2 * INDEX_BYTES + NOISE_2_BYTES + 2 * MAC_TAG_BYTES,
	COOKIE_NONCE_BYTES = 24,
	COOKIE_REPLY_BYTES =
		TYPE_BYTES + INDEX_BYTES + COOKIE_NONCE_BYTES + MAC_TAG_BYTES + TAG_BYTES,
	DATA_HEADER_BYTES = TYPE_BYTES + INDEX_BYTES + 8,
	DATA_MIN_BYTES = DATA_HEADER_BYTES + TAG_BYTES,
};

_Static_assert(INITIATION_BYTES == 168 && RESPONSE_BYTES == 124 && COOKIE_REPLY_BYTES == 64,
	       "PROTOCOL.md 3");
_Static_assert(RESPONSE_BYTES <= INITIATION_BYTES && COOKIE_REPLY_BYTES <= INITIATION_BYTES,
	       "a reply is never longer than what provoked it");

/* Records; section 6 */
enum record_type {
	RECORD_PADDING = 0,
	RECORD_FRAME = 1,
	RECORD_FRAGMENT = 2,
	RECORD_HELLO = 3,
	RECORD_HELLO_ACK = 4,
	RECORD_KEEPALIVE = 5,
	RECORD_PING = 6,
	RECORD_PONG = 7,
	RECORD_PATH_CHALLENGE = 8,
	RECORD_PATH_RESPONSE = 9,
	RECORD_GOODBYE = 10,
	RECORD_SEGMENTS = 13,
};

enum {
	RECORD_HEADER_BYTES = 3,
	RECORDS_LEAST_BYTES =
		DATAGRAM_LEAST_BYTES - DATA_HEADER_BYTES - TAG_BYTES, /* on any path */
	FRAME_TAG_BYTES = 2,           /* vlan and flags before the frame */
	FRAGMENT_HEADER_BYTES = 8,     /* id, total, offset */
	FRAGMENT_PIECE_MIN_BYTES = 64, /* a smaller rest of a datagram is not worth a piece */
	TOKEN_BYTES = 8,               /* of pings and path challenges */

	VLAN_MASK = 0x0fff,
	FLAG_CHECKSUM_UNFINISHED = 0x8000,
	FLAG_ON_SEGMENT = 0x4000,
};

_Static_assert(DATA_HEADER_BYTES + TAG_BYTES + RECORD_HEADER_BYTES + FRAME_TAG_BYTES ==
		       FRAME_OVERHEAD_BYTES,
	       "the whole overhead of one frame");
_Static_assert(FRAME_MAX_BYTES + FRAME_TAG_BYTES <= UINT16_MAX, "a frame's body fits its length");

/* Reassembly; section 6.3 */
enum {
	REASSEMBLY_FRAMES_MAX = 64,    /* unfinished frames of all peers */
	REASSEMBLY_PEER_MAX = 16,      /* of one peer */
	REASSEMBLY_STRETCHES_MAX = 32, /* separate pieces of one frame */
};
#define REASSEMBLY_TIMEOUT_NS NS_PER_S

/* Replay; section 8; the sizes are WireGuard's */
enum {
	REPLAY_RING_BITS = 8192,
	REPLAY_WINDOW = REPLAY_RING_BITS - 64, /* one word is being cleared */
};

/* Time; sections 7.3 and 8 */
#define REKEY_AFTER_NS       (120 * NS_PER_S)
#define REKEY_RESPONDER_NS   (150 * NS_PER_S)
#define REJECT_AFTER_NS      (180 * NS_PER_S)
#define KEEPALIVE_NS         (10 * NS_PER_S)
#define PING_IDLE_NS         (20 * NS_PER_S)
#define PING_STEP_NS         (5 * NS_PER_S)
#define UNHEARD_NS           (15 * NS_PER_S)
#define DOUBT_NS             (1 * NS_PER_S)
#define UNPROVEN_NS          (5 * NS_PER_S)
#define SILENT_NS            (25 * NS_PER_S)
#define UNCONFIRMED_NS       (15 * NS_PER_S)
#define REPLACED_NS          (5 * NS_PER_S)
#define FORGET_TIMESTAMP_NS  (540 * NS_PER_S)
#define REKEY_RETRY_NS       (5 * NS_PER_S)
#define REKEY_JITTER_NS      (333 * NS_PER_MS)
#define TRY_NS               (1 * NS_PER_S)
#define TRY_JITTER_NS        (100 * NS_PER_MS)
#define TRY_EAGER_NS         (60 * NS_PER_S)
#define TRY_MAX_NS           (60 * NS_PER_S)
#define OUTSTANDING_NS       (10 * NS_PER_S)
#define ELSEWHERE_NS         (10 * NS_PER_S)
#define COOKIE_SECRET_NS     (120 * NS_PER_S)
#define COOKIE_USE_NS        (115 * NS_PER_S)
#define KNOCK_NS             (600 * NS_PER_S)
#define TIMESTAMP_RESERVE_NS (3600 * NS_PER_S)
#define TIMESTAMP_NEAR_NS    (600 * NS_PER_S)

/* Paths; sections 7.5 and 7.6 */
enum {
	PATH_ROUND_PROBES = 3,
	PATH_SUSPECT_PROBES = 12,
	PATH_NEWCOMER_PROBES = 4,
	PATH_LOST_MAX = 2,       /* challenges in a row: then it is suspect */
	PATH_FASTER_SAMPLES = 3, /* in a row */
};
#define PATH_PROBE_GAP_NS     (250 * NS_PER_MS)
#define PATH_VERDICT_NS       (1 * NS_PER_S) /* after the last probe of a plan */
#define PATH_TOKEN_NS         (4 * NS_PER_S) /* so long a token is sent */
#define PATH_ANSWER_NS        (5 * NS_PER_S) /* so long it is taken back */
#define PATH_CHECK_NS         (1 * NS_PER_S)
#define PATH_BUSY_NS          (1 * NS_PER_S)
#define PATH_PATIENCE_MIN_NS  (300 * NS_PER_MS)
#define PATH_PATIENCE_MAX_NS  (1 * NS_PER_S)
#define PATH_ROUND_NS         (30 * NS_PER_S)
#define PATH_SUSPECT_AGAIN_NS (4 * NS_PER_S)
#define PATH_NEWCOMER_NS      (500 * NS_PER_MS)
#define PATH_FASTER_NS        (3 * NS_PER_MS)
#define PATH_LED_NS           (600 * NS_PER_S)

/* Mappings of routers before us; section 7.8 */
enum {
	KEEP_STEPS_MAX = 2, /* down to 10 s, as KEEPALIVE */
};
#define KEEP_STAMP_NS (4 * NS_PER_S)
#define KEEP_PROOF_NS (300 * NS_PER_S) /* so long a mapping should last at most: RFC 4787, REQ-5 */
#define KEEP_QUIET_NS (45 * NS_PER_S)  /* two pings of the peer's, and some */
#define KEEP_BEAT_NS  (40 * NS_PER_S)  /* between pings of one who keeps its path */
#define KEEP_ECHO_NS  (2 * NS_PER_S)

_Static_assert(KEEP_QUIET_NS > 2 * PING_IDLE_NS, "one lost ping is no reason to ask");
_Static_assert(KEEP_BEAT_NS + KEEP_STAMP_NS < KEEP_QUIET_NS,
	       "asking a quiet peer is no ping that it has to expect more of");

/* Size; section 7.7 */
enum {
	MTU_LOST_MAX = 3, /* of one size, in a row */
};
#define MTU_PATIENCE_MIN_NS (200 * NS_PER_MS)
#define MTU_PATIENCE_MAX_NS (1 * NS_PER_S)
#define MTU_WATCH_NS        (250 * NS_PER_MS)
#define MTU_AGAIN_NS        (600 * NS_PER_S)

_Static_assert(PATH_SUSPECT_PROBES < 1 << 5 && PATH_FASTER_SAMPLES < 1 << 2,
	       "fields of struct path hold them");
_Static_assert(PATH_TOKEN_NS < PATH_ANSWER_NS, "the last probe with a token can be answered");

_Static_assert(REKEY_AFTER_NS < REKEY_RESPONDER_NS && REKEY_RESPONDER_NS < REJECT_AFTER_NS,
	       "the initiator rekeys first, its responder next, and both before the key dies");
_Static_assert(UNHEARD_NS < SILENT_NS, "a handshake is tried before the peer is given up");
_Static_assert(COOKIE_USE_NS < COOKIE_SECRET_NS, "a cookie is dropped before its secret is");

/* Counters; section 8 */
#define REKEY_AFTER_MESSAGES      (UINT64_C(1) << 60)
#define REJECT_AFTER_MESSAGES     (UINT64_MAX - (UINT64_C(1) << 13))
#define REKEY_AFTER_MESSAGES_GCM  (UINT64_C(1) << 24)
#define REJECT_AFTER_MESSAGES_GCM (UINT64_C(1) << 26)

/* Floods; section 5 */
enum {
	LOAD_INITIATIONS = 50, /* within LOAD_WINDOW_NS, then we are under load */
	LOAD_TABLE = 1024,     /* addresses with a budget */
	LOAD_RATE = 20,        /* handshakes, and likewise cookie replies, a second and address */
	LOAD_BURST = 5,
	PEER_INITIATIONS_MAX = 50, /* a second */
	FAILED_RESPONSES_MAX = 16, /* then the initiation is given up; section 4.3 */
	HELLO_RESENDS = 5,         /* after 1, 2, 4, 8, 16 s */
};
#define LOAD_WINDOW_NS (100 * NS_PER_MS)
#define LOAD_STICKY_NS (1 * NS_PER_S)

#endif
