/*
 * mtu_search.c - see mtu_search.h
 */
#include "mtu_search.h"

#include "limits.h"

enum {
	WIRE_USUAL = 1500,
	WIRE_MOST = 9000,
	HEADERS_IPV4 = 20 + 8,
	HEADERS_IPV6 = 40 + 8,
	/* What is gained by finding out more, bytes, is not worth a probe; up to the usual size, and beyond */
	EXACT_ENOUGH = 8,
	ROUGHLY_ENOUGH = 512,
};

_Static_assert((int)DATAGRAM_MAX_BYTES == (int)WIRE_MOST - (int)HEADERS_IPV4,
	       "the longest search ends at the longest datagram");

struct mtu_search mtu_search_begin(bool ipv4, uint16_t good, uint16_t bad)
{
	uint16_t headers = ipv4 ? HEADERS_IPV4 : HEADERS_IPV6;
	struct mtu_search s = {.good = good,
			       .bad = bad,
			       .usual = (uint16_t)(WIRE_USUAL - headers),
			       .most = (uint16_t)(WIRE_MOST - headers)};

	if (!bad || bad > s.most)
		s.bad = (uint16_t)(s.most + 1);
	return s;
}

uint16_t mtu_search_next(const struct mtu_search *s)
{
	if (s->good < s->usual && s->usual < s->bad)
		return s->usual;
	if (s->bad > s->most)
		return s->good < s->most ? s->most : 0;
	if (s->bad <= s->good + (s->good < s->usual ? EXACT_ENOUGH : ROUGHLY_ENOUGH))
		return 0;
	return (uint16_t)(s->good + (s->bad - s->good) / 2);
}

void mtu_search_passed(struct mtu_search *s, uint16_t size)
{
	if (size > s->good)
		s->good = size;
	if (s->bad <= s->good)
		s->bad = (uint16_t)(s->good + 1);
}

void mtu_search_failed(struct mtu_search *s, uint16_t size)
{
	if (size <= DATAGRAM_LEAST_BYTES)
		return;
	if (size < s->bad)
		s->bad = size;
	if (s->good >= s->bad)
		s->good = DATAGRAM_LEAST_BYTES;
}
