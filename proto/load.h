/*
 * load.h - are we under load, and how many handshakes has an address left?
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 5.3.
 */
#ifndef PROTO_LOAD_H
#define PROTO_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/bucket.h"
#include "common/keyed_hash.h"
#include "limits.h"

/** struct load_place - the budgets of one address; unused while @used_ns is 0 */
struct load_place {
	uint8_t prefix[ADDR_IP_BYTES]; /* IPv4 whole, IPv6 its /64 */
	uint64_t used_ns;
	struct bucket handshakes;
	struct bucket cookies;
};

struct load {
	struct hash_key key;
	uint64_t window_ns; /* start of the window that is counted now */
	uint64_t loaded_ns; /* when it last was too much */
	uint32_t count;
	bool was_loaded;
	struct load_place table[LOAD_TABLE];
};

/** load_note() - An initiation with a valid mac1 came. Return: are we under load? */
bool load_note(struct load *l, uint64_t now_ns);

/** load_take_handshake(), load_take_cookie() - Return: may that address have one more? */
bool load_take_handshake(struct load *l, const struct addr *from, uint64_t now_ns);
bool load_take_cookie(struct load *l, const struct addr *from, uint64_t now_ns);

#endif
