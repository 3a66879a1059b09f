/*
 * resolver.h - the addresses behind one `at` entry of a card
 *
 * Layer: agent. Names are looked up on libuv's worker threads, so the loop never waits; a numeric
 * address is there at once and never asks anybody.
 *
 * Life cycle: lookup_new() asks; on_change() comes when an answer differs from the one before;
 * lookup_again() asks anew, when the peer was not reached or time has passed (names.h), at most every
 * LOOKUP_INTERVAL_S. A failed
 * look-up keeps the addresses of the last good one: a name server that is down moves nobody.
 */
#ifndef AGENT_RESOLVER_H
#define AGENT_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/addr.h"
#include "keys/card.h"

enum {
	LOOKUP_ADDRS_MAX = 4,  /* two of each family is what a dual-stack host has */
	LOOKUP_INTERVAL_S = 4, /* between two questions about one name: kind to its server */
	LOOKUP_HURRY_S =
		1, /* likewise, where the network changed: the last answer is worth nothing */
};

enum lookup_state {
	LOOKUP_NUMERIC,  /* the text is an address */
	LOOKUP_PENDING,  /* never answered yet */
	LOOKUP_RESOLVED, /* the last answer was good */
	LOOKUP_FAILED,   /* the last answer was none; addresses are from an earlier one, if any */
};

/** typedef lookup_changed - @context as given to lookup_new() */
typedef void (*lookup_changed)(void *context, uint64_t now_ns);

/** struct lookup - fields above the line are for reading */
struct lookup {
	char host[CARD_HOST_BYTES];
	uint16_t port;
	enum lookup_state state;
	int error; /* libuv's code of the last failure */
	struct addr addrs[LOOKUP_ADDRS_MAX];
	size_t count;
	/* ---- */
	uv_loop_t *loop;
	uv_getaddrinfo_t *request; /* NULL when none is under way */
	uint64_t asked_ns;         /* the last question */
	lookup_changed on_change;
	void *context;
};

/**
 * lookup_new() - Start looking an address of a card up
 * @on_change:	called from the loop, never from inside this call
 *
 * Return: heap memory for lookup_free(), or NULL without memory
 */
struct lookup *lookup_new(uv_loop_t *loop, const struct card_address *where,
			  lookup_changed on_change, void *context);

/** lookup_again() - The addresses did not lead to the peer: ask anew, unless that was just done */
void lookup_again(struct lookup *l, uint64_t now_ns);

/** lookup_hurry() - The network changed: ask anew, unless that was done this very second */
void lookup_hurry(struct lookup *l, uint64_t now_ns);

/** lookup_apply() - Take an answer: @status 0 and @list, or libuv's error. Return: true if addresses
 * or state differ from before. (Public for its test: the answer comes from outside) */
bool lookup_apply(struct lookup *l, int status, const struct addrinfo *list);

/** lookup_error_text() - Why the last question failed, for a sentence */
const char *lookup_error_text(const struct lookup *l);

/** lookup_free() - @l may be NULL. An answer under way is thrown away when it comes */
void lookup_free(struct lookup *l);

#endif
