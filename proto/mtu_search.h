/*
 * mtu_search.h - which size to try next
 *
 * Layer: proto (sans-IO). Pure: knows no time and sends nothing. Spec: PROTOCOL.md 7.7, in the manner of RFC 8899.
 *
 * Sizes are bytes of UDP payload. @good passed, @bad did not; what nobody tried lies between. First comes what a
 * 1,500-byte wire carries, for that is nearly always the answer; then what a 9,000-byte one does; then halves.
 */
#ifndef PROTO_MTU_SEARCH_H
#define PROTO_MTU_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

struct mtu_search {
	uint16_t good;
	uint16_t bad; /* above @most: nothing was too long yet */
	uint16_t usual;
	uint16_t most;
};

/**
 * mtu_search_begin() - Start a search
 * @good:	known to pass, DATAGRAM_LEAST_BYTES at least
 * @bad:	known not to; 0: nothing is
 */
struct mtu_search mtu_search_begin(bool ipv4, uint16_t good, uint16_t bad);

/** mtu_search_next() - Return: the size to try; 0: @good is the answer */
uint16_t mtu_search_next(const struct mtu_search *s);

/** mtu_search_passed(), mtu_search_failed() - What became of a size, this one or any other */
void mtu_search_passed(struct mtu_search *s, uint16_t size);
void mtu_search_failed(struct mtu_search *s, uint16_t size);

#endif
