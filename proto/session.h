/*
 * session.h - the slots of a peer: which session is sent on, and how each ends
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 4.4, 8.
 *
 * Life cycle: session_install() by a finished handshake (into SLOT_OURS, or unconfirmed into
 * SLOT_NEXT) -> session_confirm() by the first data (SLOT_NEXT to SLOT_THEIRS) -> SLOT_REPLACED when a
 * newer one of the same initiator is there -> wiped. `current` is only ever set here.
 */
#ifndef PROTO_SESSION_H
#define PROTO_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"

/** session_is_usable() - There, young enough, and counters left */
bool session_is_usable(const struct session *s, uint64_t now_ns);

/** session_can_send() - The peer has a current usable session and an endpoint */
bool session_can_send(const struct peer *p, uint64_t now_ns);

/** index_new() - A fresh random receiver index for a peer, entered in the table */
uint32_t index_new(struct engine *e, const struct peer *p);

/** session_install() - A finished handshake
 * @new:	copied; replay empty, local_index entered
 * @keys:	copied
 */
void session_install(struct engine *e, struct peer *p, const struct session *new,
		     const struct session_keys *keys, uint64_t now_ns);

/** session_confirm() - The first data came on SLOT_NEXT */
void session_confirm(struct engine *e, struct peer *p, uint64_t now_ns);

/** session_tell() - The peer is up once there is a session and an address to send to: tell changes */
void session_tell(struct engine *e, struct peer *p);

/** session_find() - Slot of the session with that local index, or SLOT_NONE */
enum session_slot session_find(const struct peer *p, uint32_t local_index);

/** session_end_all() - Wipe all, and all initiations; the peer is down */
void session_end_all(struct engine *e, struct peer *p, uint64_t now_ns);

/**
 * session_end_up_to() - The peer ended the session with that local index
 *
 * It ends with all that are not newer. Return: whether none is left to send on: the peer is down
 */
bool session_end_up_to(struct engine *e, struct peer *p, uint32_t local_index, uint64_t now_ns);

/** session_expire() - End what is too old */
void session_expire(struct engine *e, struct peer *p, uint64_t now_ns);

/** session_deadline_ns() - When session_expire() is due */
uint64_t session_deadline_ns(const struct peer *p);

/** outgoing_end() - Forget an initiation */
void outgoing_end(struct engine *e, struct peer *p, size_t which);

#endif
