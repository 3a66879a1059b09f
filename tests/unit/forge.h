/*
 * forge.h - messages that no engine would send, made with the keys that a test has
 */
#ifndef TESTS_FORGE_H
#define TESTS_FORGE_H

#include "common/cursor.h"
#include "wire.h"

/** struct forged_initiation - who claims what to whom; zero: as an honest sender */
struct forged_initiation {
	const struct secret_key *from;
	const struct public_key *to;
	uint64_t timestamp_ns;
	uint32_t sender;                  /* 0: 77 */
	uint8_t version;                  /* as it is */
	uint8_t ciphers;                  /* as it is */
	const struct public_key *claimed; /* static key in the message, if not that of @from */
	const struct public_key
		*ephemeral; /* instead of a fresh one: nothing behind it authenticates */
};

void forge_initiation(const struct forged_initiation *f, uint8_t out[INITIATION_BYTES]);

/** struct forged_response - an answer to @initiation by the owner of @from; @psk may be NULL */
struct forged_response {
	const struct secret_key *from;
	const uint8_t *initiation;
	const struct preshared_key *psk;
	uint8_t version;
	uint8_t ciphers;
	const struct public_key *ephemeral; /* as above */
};

void forge_response(const struct forged_response *f, uint8_t out[RESPONSE_BYTES]);

/** forge_mac1() - Make mac1 of a changed message right again, for the receiver @to */
void forge_mac1(const struct public_key *to, uint8_t *message, size_t len);

/** forge_cookie_reply() - As from the owner of @from, to one who sent @initiation */
void forge_cookie_reply(const struct public_key *from, const uint8_t *initiation,
			const uint8_t cookie[MAC_TAG_BYTES], uint8_t out[COOKIE_REPLY_BYTES]);

/** forge_data() - Seal records with the session that @from has with @to. Return: bytes of the datagram */
size_t forge_data(struct wire *w, unsigned from, unsigned to, const struct writer *records,
		  uint8_t out[FORGE_MAX_BYTES]);

/** forge_records() - The same, delivered. Return: what the engine said */
enum drop forge_records(struct wire *w, unsigned from, unsigned to, const struct writer *records);

/** forge_record() - One record. Return: what the engine said */
enum drop forge_record(struct wire *w, unsigned from, unsigned to, uint8_t type, const void *body,
		       size_t len);

/** forge_open() - Decrypt data that an engine sent, as its receiver @to could. Return: its records, in @p */
struct reader forge_open(struct wire *w, unsigned to, unsigned from, struct packet *p);

/** forge_put() - Append a record */
void forge_put(struct writer *w, uint8_t type, const void *body, size_t len);

#endif
