/*
 * hello.h - what changes in life: name, vlans, addresses, known keys
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 6.4.
 */
#ifndef PROTO_HELLO_H
#define PROTO_HELLO_H

#include <stdint.h>

#include "engine_state.h"

/** hello_start() - A session begins: send ours, first of all */
void hello_start(struct engine *e, struct peer *p, uint64_t now_ns);

/** hello_send() - Send (again), and set when to repeat it */
void hello_send(struct engine *e, struct peer *p, uint64_t now_ns);

/** hello_changed() - What we say is not what it was: tell everybody with a session */
void hello_changed(struct engine *e, uint64_t now_ns);

/** hello_take() - One arrived. Return: DROP_NONE or DROP_BAD_RECORD; an ack is queued */
enum drop hello_take(struct engine *e, struct peer *p, struct reader *body, uint64_t now_ns);

/** hello_take_ack() - Ours arrived there */
void hello_take_ack(struct engine *e, struct peer *p, uint32_t generation);

/** hello_key_hash() - How a key appears in a hello; PROTOCOL.md 6.4 tag 4 */
uint64_t hello_key_hash(const struct public_key *key);

#endif
