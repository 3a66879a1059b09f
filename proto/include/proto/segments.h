/*
 * segments.h - what agents tell each other about the segments that they are on
 *
 * Layer: proto (public). The structures are what one record carries; what follows from them (who
 * forwards, what is marked) is the caller's to decide. Spec: PROTOCOL.md 6.6, 6.7.
 *
 * An attachment is one interface of one port: a hub on loopback, a hub on eth0, a bridged TAP. The
 * Ethernet behind it is a segment. On it, beacons say which agents are there: each attachment has a random
 * id, new every 10 s, and hears those of others. A report tells all of this to a peer; the peer's answer
 * says on which attachments its sender is to stand by.
 *
 * Both are soft state: nothing is acknowledged or sent again by the engine, and they count for no timer
 * of the session but as a sign of life at their receiver. Who sent one sends the next.
 */
#ifndef PROTO_SEGMENTS_H
#define PROTO_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/engine.h"

enum {
	SEGMENT_ID_BYTES = 8, /* how a beacon's id is named in reports: PROTOCOL.md 6.6 */
	SEGMENTS_MAX = 6, /* attachments in one report; so many fit one datagram at their longest */
	SEGMENT_OWN_MAX = 2,    /* the current id of an attachment, and the one before it */
	SEGMENT_HEARD_MAX = 16, /* ids heard on one attachment: of 8 agents, each with two */
	SEGMENT_NAMES_MAX = 4,  /* names in one answer */
};

/** struct segment_id - a beacon's id as a report to one peer names it; compared as such */
struct segment_id {
	uint8_t b[SEGMENT_ID_BYTES];
};

/**
 * struct segment_state - one attachment of the reporter
 * @number:	the reporter's name for it, each once in a report; any value
 * @vlan:	the vlan of its port, 1 to 4094
 * @serves:	the reporter takes every machine's frames there, not only its own host's
 * @is_blocked:	the reporter neither takes nor puts anything there
 * @stands_by:	the reporter stands by there towards the receiver: so the receiver knows that it heard
 * @token:	random number of the reporter's process: ranks agents that are strangers to each other
 * @own_count, @own: the ids of its own beacons there, the current one first
 * @heard_count, @heard: the ids that it hears there from others
 */
struct segment_state {
	uint8_t number;
	uint16_t vlan;
	bool serves;
	bool is_blocked;
	bool stands_by;
	uint64_t token;
	size_t own_count;
	struct segment_id own[SEGMENT_OWN_MAX];
	size_t heard_count;
	struct segment_id heard[SEGMENT_HEARD_MAX];
};

/**
 * struct segment_report - all attachments that the reporter shares, or serves a LAN on
 * @generation:	the reporter's name for this state of things; told back in the answer
 * @count, @list: may be none: what was reported before is no more
 */
struct segment_report {
	uint32_t generation;
	size_t count;
	struct segment_state list[SEGMENTS_MAX];
};

/**
 * struct segment_role - what the answerer asks for on one attachment of the reporter
 * @number:	as in the report, each once
 * @standby:	keep what comes in there away from the answerer, and what comes from it away from there
 */
struct segment_role {
	uint8_t number;
	bool standby;
};

/**
 * struct segment_name - somebody whom the reporter heard and whom the answerer knows
 * @name:	with NUL; UTF-8 without control characters, as in `hello`. From outside: as the peer chose
 */
struct segment_name {
	struct segment_id id;
	char name[NAME_BYTES];
};

/**
 * struct segment_answer - what a receiver of reports decided, for itself alone
 * @generation:	of the latest report that it knows
 */
struct segment_answer {
	uint32_t generation;
	size_t role_count;
	struct segment_role roles[SEGMENTS_MAX];
	size_t name_count;
	struct segment_name names[SEGMENT_NAMES_MAX];
};

/**
 * engine_send_segment_report() - Queue a report for a peer
 * @report:	borrowed during the call; counts and vlans within their bounds (asserted)
 *
 * Shares a datagram with frames for that peer. Received, it comes out of engine_next_frame().
 *
 * Return: 0; -ENOTCONN without a session that may be sent on (or without such a peer); -ENOBUFS when the
 * outbox is full: the caller flushes, sends, clears, and may try again. Nothing is counted
 */
int engine_send_segment_report(struct engine *e, int peer, const struct segment_report *report,
			       uint64_t now_ns);

/**
 * engine_send_segment_answer() - Queue an answer for a peer: as engine_send_segment_report()
 * @answer:	borrowed; a name that is empty is left out, with its id
 */
int engine_send_segment_answer(struct engine *e, int peer, const struct segment_answer *answer,
			       uint64_t now_ns);

#endif
