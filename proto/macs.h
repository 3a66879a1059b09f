/*
 * macs.h - mac1, mac2, and the cookie that mac2 is made with
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 5.1, 5.2.
 */
#ifndef PROTO_MACS_H
#define PROTO_MACS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "limits.h"

/** struct mac_keys - derived from a receiver's static public key */
struct mac_keys {
	uint8_t mac1[32];
	uint8_t cookie[32];
};

/** mac_keys_for() - Of the one who will verify mac1 and make cookies */
void mac_keys_for(const struct public_key *receiver, struct mac_keys *out);

/** mac_write() - mac1 into a message of @len bytes, two tags before its end; mac2 is zeroed */
void mac_write(const struct mac_keys *keys, uint8_t *message, size_t len);

/** mac2_write() - mac2, for one to whom we have a cookie from */
void mac2_write(const uint8_t cookie[MAC_TAG_BYTES], uint8_t *message, size_t len);

bool mac1_is_valid(const struct mac_keys *keys, const uint8_t *message, size_t len);
bool mac2_is_valid(const uint8_t cookie[MAC_TAG_BYTES], const uint8_t *message, size_t len);

/** mac1_of() - Where mac1 is in a message of @len bytes */
static inline uint8_t *mac1_of(uint8_t *message, size_t len)
{
	return message + len - 2 * MAC_TAG_BYTES;
}

/** cookie_make() - For an address, under our secret of the moment */
void cookie_make(const uint8_t secret[32], const struct addr *from, uint8_t out[MAC_TAG_BYTES]);

/** struct cookie_reply - the parts of a cookie reply; borrowed */
struct cookie_reply {
	const uint8_t *key;  /* mac_keys.cookie of the one who replies */
	const uint8_t *mac1; /* of the initiation */
	const uint8_t *nonce;
};

/** cookie_seal() - @out: MAC_TAG_BYTES + TAG_BYTES */
void cookie_seal(const struct cookie_reply *reply, const uint8_t cookie[MAC_TAG_BYTES],
		 uint8_t *out);

/** cookie_open() - Return: false, @out untouched, if it does not authenticate */
bool cookie_open(const struct cookie_reply *reply, const uint8_t *sealed,
		 uint8_t out[MAC_TAG_BYTES]);

#endif
