/*
 * timers.h - what a peer has to do when
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 7.3, 8.
 *
 * Nothing is armed or cancelled: timers_due() does what the facts of a peer (when it last sent, heard,
 * tried) ask for now, and says when to look again. The heap may fire too early, never too late; so a
 * packet only touches it when it makes something due sooner.
 */
#ifndef PROTO_TIMERS_H
#define PROTO_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"

/** timers_sent() - A data message was sealed. @asks: it holds something that wants an answer */
void timers_sent(struct engine *e, struct peer *p, bool asks, uint64_t now_ns);

/** timers_heard() - A data message authenticated */
void timers_heard(struct peer *p, uint64_t now_ns);

/** timers_heard_asking() - It held a record that wants an answer */
void timers_heard_asking(struct engine *e, struct peer *p, uint64_t now_ns);

/** timers_wake_by() - Look at the peer no later than @at_ns */
void timers_wake_by(struct engine *e, struct peer *p, uint64_t at_ns);

/** timers_due() - Do what is due for a peer and set its next deadline */
void timers_due(struct engine *e, struct peer *p, uint64_t now_ns);

/** timers_wants_reach() - No session, nothing heard on it, or nowhere to send: PROTOCOL.md 8 */
bool timers_wants_reach(const struct peer *p, uint64_t now_ns);

#endif
