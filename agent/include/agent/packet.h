/*
 * packet.h - the IP packet in a frame, as far as its TCP or UDP header
 *
 * Layer: agent. Pure: no I/O, no clock, no memory of its own. Any bytes of any length are safe.
 *
 * Unlike inspect.h, which must see through every disguise, this finds packets as hosts send them:
 * behind Ethernet and 802.1Q or 802.1ad tags, in one piece.
 */
#ifndef AGENT_PACKET_H
#define AGENT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACKET_TCP = 6,
	PACKET_UDP = 17,
};

/**
 * struct packet - where in a frame what is
 * @protocol:	of the upper layer
 * @network_at:	offset of the IP header
 * @upper_at:	offset of the upper layer's header
 * @upper_len:	bytes from there to the end that the IP header tells
 * @source, @destination: borrowed from the frame; @ip_bytes each: 4 or 16
 */
struct packet {
	uint8_t protocol;
	size_t network_at;
	size_t upper_at;
	size_t upper_len;
	const uint8_t *source, *destination;
	size_t ip_bytes;
};

/** packet_find() - Return: true with @out filled; false for what is no IP, is in fragments, or does not
 * parse. Headers that hide or protect the rest (RFC 4302, 4303) end the search at them */
bool packet_find(const uint8_t *frame, size_t len, struct packet *out);

/** packet_dscp() - Return: the class (RFC 2474) of an IP packet or fragment, 0 to 63; of what is none: 0 */
uint8_t packet_dscp(const uint8_t *frame, size_t len);

#endif
