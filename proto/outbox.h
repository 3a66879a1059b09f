/*
 * outbox.h - records into datagrams, datagrams sealed
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 3.4, 6.
 *
 * A peer has at most one open datagram, into which its records go until it is full or flushed. It is
 * sealed with the session that is current then, and when something of another class (DSCP) comes. Every other datagram is sealed as it is made.
 */
#ifndef PROTO_OUTBOX_H
#define PROTO_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine_state.h"

enum {
	GOODBYES_MAX = 3 /* datagrams of outbox_goodbye() */
};

/** struct record - one to send; borrows @body */
struct record {
	uint8_t type; /* enum record_type */
	const void *body;
	size_t len;
};

/** struct probe - a path challenge alone in a datagram; borrows all */
struct probe {
	const struct route *route;
	const uint8_t *token;
	uint16_t size; /* padded to so many bytes of UDP payload; 0: as short as it is */
	bool asks;     /* the session's timers count it: it goes where the peer was last */
};

/** outbox_init() - Empty, in zeroed memory */
void outbox_init(struct outbox *o);

/** outbox_room() - Datagrams that still fit */
uint32_t outbox_room(const struct engine *e);

/**
 * outbox_record() - Into the peer's open datagram
 *
 * Return: DROP_NONE, DROP_NO_SESSION or DROP_OUTBOX_FULL; nothing is counted
 */
enum drop outbox_record(struct engine *e, struct peer *p, const struct record *record,
			uint64_t now_ns);

/** outbox_record_to() - Alone in a datagram, back to where one came from */
enum drop outbox_record_to(struct engine *e, struct peer *p, const struct record *record,
			   const struct route *from, uint64_t now_ns);

/** outbox_probe() - Return: as outbox_record() */
enum drop outbox_probe(struct engine *e, struct peer *p, const struct probe *probe,
		       uint64_t now_ns);

/** outbox_goodbye() - What waits, then a goodbye on each session that may be sent on, or may soon be */
void outbox_goodbye(struct engine *e, struct peer *p, uint64_t now_ns);

/** outbox_frame() - A frame, whole or in pieces; all of it or nothing */
enum drop outbox_frame(struct engine *e, struct peer *p, const struct frame_out *frame,
		       uint64_t now_ns);

/** outbox_raw() - Room for a handshake message of @len bytes. Return: NULL when full */
uint8_t *outbox_raw(struct engine *e, int peer, const struct route *to, size_t len);

/** outbox_seal() - Seal the peer's open datagram, if it has one; without a session it is gone */
void outbox_seal(struct engine *e, struct peer *p, uint64_t now_ns);

/** outbox_discard() - The session is gone: what waits in the open datagram goes with it */
void outbox_discard(struct engine *e, struct peer *p);

#endif
