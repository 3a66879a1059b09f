/*
 * card.h - a peer's public description: as a file, as one line, and as people paste it
 *
 * Layer: keys. Knows no folder; looks no name up.
 *
 * A card as a file:
 *
 *	; longwire card - safe to post, holds no secret
 *	[peer]
 *	name = anna
 *	key  = lw1...
 *	at   = anna.example:19543, [2001:db8::7]:19543
 *
 * and as one line: longwire:lw1...?name=anna&at=anna.example:19543,%5B2001:db8::7%5D:19543
 * with percent-encoding as in RFC 3986. `name` and `at` are optional in both.
 */
#ifndef KEYS_CARD_H
#define KEYS_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/error.h"
#include "common/text.h"
#include "keytypes/key.h"

enum {
	CARD_ADDRESSES_MAX = 8,
	CARD_HOST_BYTES = 254, /* RFC 1035 2.3.4: 253 characters as written, and NUL */
	CARD_PORT_DEFAULT = 19543,
	CARD_AT_BYTES = 512,    /* all addresses of a card as text, with NUL */
	CARD_TEXT_BYTES = 1024, /* room for a card as a file or as one line */
};

/** struct card_address - where a peer may be reached */
struct card_address {
	char host[CARD_HOST_BYTES]; /* a name, or an IPv4 or IPv6 address without brackets */
	uint16_t port;
};

/**
 * struct card - a peer, as it describes itself
 * @name:	how it calls itself; may be empty
 * @at:		its addresses in the form of card_format_addresses(); may be empty
 */
struct card {
	char name[TEXT_NAME_BYTES];
	struct public_key key;
	char at[CARD_AT_BYTES];
};

/** card_equal() - Same key, name and addresses? */
bool card_equal(const struct card *a, const struct card *b);

/**
 * card_parse_addresses() - A list of "host", "host:port", "[IPv6]:port" with commas between
 * @default_port:	where an entry has none
 * @out:	CARD_ADDRESSES_MAX entries
 *
 * Return: how many, or -EINVAL with @err and @out undefined
 */
int card_parse_addresses(const char *text, uint16_t default_port, struct card_address *out,
			 struct error *err);

/** card_format_addresses() - Every entry with its port. Return: 0; -EINVAL with @err if too long */
int card_format_addresses(const struct card_address *addresses, size_t count,
			  char out[CARD_AT_BYTES], struct error *err);

/** card_addresses() - Those of a card. @out: CARD_ADDRESSES_MAX entries. Return: how many */
size_t card_addresses(const struct card *card, struct card_address *out);

/** card_address_is_numeric() - Return: true and @out filled if no name need be looked up */
bool card_address_is_numeric(const struct card_address *address, struct addr *out);

/**
 * card_parse() - Read a card file, strictly
 * @file:	what messages call it
 * @out:	filled on success, else untouched
 *
 * Return: 0, or -EINVAL with "FILE:LINE: ..." in @err
 */
int card_parse(const char *file, const char *text, size_t len, struct card *out, struct error *err);

/** card_format() - As a file. Return: @out */
const char *card_format(const struct card *card, char out[CARD_TEXT_BYTES]);

/** card_parse_uri() - Read the one-line form; @text is all of it. Return: 0 or -EINVAL */
int card_parse_uri(const char *text, struct card *out, struct error *err);

/** card_format_uri() - As one line without a newline. Return: @out */
const char *card_format_uri(const struct card *card, char out[CARD_TEXT_BYTES]);

/*
 * Values of the keys of a card, for all three readers. Each: 0, or -EINVAL with @err without a place.
 */
int card_set_name(struct card *card, const char *value, struct error *err);
int card_set_key(struct card *card, const char *value, struct error *err);
int card_set_at(struct card *card, const char *value, struct error *err);

#endif
