/*
 * mss.h - how long the segments of a TCP connection become, lowered in its SYN
 *
 * Layer: agent. Pure: no I/O, no clock, no memory of its own. Any bytes of any length are safe.
 *
 * How it works. The MSS option in a SYN says how long a segment the sender takes (RFC 9293, 3.7.1),
 * so it limits what comes back. Lowered in both SYNs of a connection to what fits one datagram of the path,
 * it spares TCP the cutting and putting together of frames. Machines need to know nothing: no ICMP,
 * no path MTU discovery of theirs. The checksum is updated by the difference (RFC 1624).
 */
#ifndef AGENT_MSS_H
#define AGENT_MSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MSS_MIN =
		536, /* RFC 9293, 3.7.1: what every IPv4 host takes; nothing is lowered below it */
	MSS_MAX = 65495, /* of the longest IPv4 packet */
};

/**
 * struct mss - the option of a SYN
 * @value:	as the frame has it
 * @value_at:	its offset in the frame
 * @checksum_at: offset of TCP's checksum
 * @is_odd:	the value begins at an odd offset of the TCP header, so the checksum sees its bytes swapped
 * @headers_bytes: of a frame of this connection before its data: Ethernet, tags, IP, TCP without options, for
 *		the sender of segments takes options off the MSS himself (RFC 6691)
 */
struct mss {
	uint16_t value;
	size_t value_at;
	size_t checksum_at;
	bool is_odd;
	size_t headers_bytes;
};

/** mss_find() - Return: true with @out filled, if the frame is a SYN with an MSS */
bool mss_find(const uint8_t *frame, size_t len, struct mss *out);

/** mss_fitting() - The MSS whose segments need no longer frames than that. Return: it, MSS_MIN at
 * least */
uint16_t mss_fitting(const struct mss *m, size_t frame_bytes);

/**
 * mss_set() - Write another value into the frame that @m was found in
 * @is_summed:	its checksum is finished; else the value is no part of it yet
 */
void mss_set(uint8_t *frame, const struct mss *m, uint16_t value, bool is_summed);

#endif
