/*
 * decode_private.h - what the parts of the decoder call of each other
 *
 * Layer: agent, private to decode*.c. Each function describes what @r is at; @r is a copy, and ends
 * where its header says that the packet does.
 */
#ifndef AGENT_DECODE_PRIVATE_H
#define AGENT_DECODE_PRIVATE_H

#include <stdbool.h>

#include "common/cursor.h"
#include "common/ether.h"

enum {
	DECODE_IPV4_BYTES = 4,
	DECODE_IPV6_BYTES = 16,
};

/** struct line - text that grows until there is no room; always ends in NUL */
struct line {
	char *text;
	size_t size;
	size_t len;
};

/** line_put() - Append; what does not fit is left out */
void line_put(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** line_put_quoted() - Append ", "TEXT"" of @len bytes, at most @most; others than printable ASCII
 * as dots */
void line_put_quoted(struct line *l, const uint8_t *bytes, size_t len, size_t most);

/** line_put_mac(), line_put_ipv4(), line_put_ipv6() - An address, "?" where @bytes is NULL */
void line_put_mac(struct line *l, const uint8_t *bytes);
void line_put_ipv4(struct line *l, const uint8_t *bytes);
void line_put_ipv6(struct line *l, const uint8_t *bytes);

/** struct decode_name - a number and what it is called; lists end with a NULL name */
struct decode_name {
	uint32_t number;
	const char *name;
};

/** decode_name() - Return: the name of @number, or NULL */
const char *decode_name(const struct decode_name *names, uint32_t number);

/** struct decode_ends - the two addresses of a packet, for those that add ports to them */
struct decode_ends {
	void (*put)(struct line *l, const uint8_t *address);
	const uint8_t *source;
	const uint8_t *target;
	bool bracketed; /* "[fe80::1]:53" */
};

void decode_arp(struct line *l, struct reader r, bool reverse);
void decode_ipv4(struct line *l, struct reader r);
void decode_ipv6(struct line *l, struct reader r);
void decode_ipx(struct line *l, struct reader r);
void decode_dhcp(struct line *l, struct reader r);
void decode_dhcpv6(struct line *l, struct reader r);

/** decode_upper() - What IP carries: the ends, then what @protocol (IANA's number) says */
void decode_upper(struct line *l, struct reader r, uint8_t protocol,
		  const struct decode_ends *ends);

/** decode_ends_put() - "A > B", without ports */
void decode_ends_put(struct line *l, const struct decode_ends *ends);

#endif
