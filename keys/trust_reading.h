/*
 * trust_reading.h - a reading of the trust folder on its way: what trust.c and trust_settle.c share
 *
 * Layer: keys (private).
 */
#ifndef KEYS_TRUST_READING_H
#define KEYS_TRUST_READING_H

#include "keys/trust.h"

#define TRUST_CARD_ENDING  ".card"
#define TRUST_LOCAL_ENDING ".local"

/** struct reading - what trust_read() is about */
struct reading {
	const char *folder;
	const struct public_key *own;
	const struct trust *before;
	struct trust *out;
};

/** trust_add_fault() - Return: a new fault of @name whose error is to be set; there is room for two of
 * each file */
struct trust_fault *trust_add_fault(struct trust *t, const char *name);

/** trust_copy_peer() - All but the name */
void trust_copy_peer(struct trust_peer *to, const struct trust_peer *from);

/**
 * settle_keys() - One key in two cards: the one that was there before stays, the others are refused
 *
 * Return: 0 or -ENOMEM
 */
int settle_keys(const struct reading *r);

/**
 * settle_pins() - One MAC pinned to two peers: whose it was before, else the first by name, has it
 *
 * The others stay as they were before, or are refused if they are new. Return: 0 or -ENOMEM
 */
int settle_pins(const struct reading *r);

#endif
