/*
 * packet_fields.h - where in the headers of IP, TCP and UDP what stands
 *
 * Layer: agent (private). Offsets and lengths only, in bytes from the start of the header that the name begins with.
 */
#ifndef AGENT_PACKET_FIELDS_H
#define AGENT_PACKET_FIELDS_H

/* RFC 791, 3.1 */
enum {
	IPV4_LENGTH_AT = 2,
	IPV4_ID_AT = 4,
	IPV4_FRAGMENT_AT = 6,
	IPV4_PROTOCOL_AT = 9,
	IPV4_CHECKSUM_AT = 10,
	IPV4_SOURCE_AT = 12,
	IPV4_FIXED_BYTES = 20,
	IPV4_BYTES = 4, /* of an address */
};

/* RFC 8200, 3 */
enum {
	IPV6_LENGTH_AT = 4,
	IPV6_NEXT_AT = 6,
	IPV6_FIXED_BYTES = 40,
	IPV6_BYTES = 16, /* of an address */
};

/* RFC 9293, 3.1 */
enum {
	TCP_SEQUENCE_AT = 4,
	TCP_ACK_AT = 8,
	TCP_OFFSET_AT = 12,
	TCP_FLAGS_AT = 13,
	TCP_WINDOW_AT = 14,
	TCP_CHECKSUM_AT = 16,
	TCP_URGENT_AT = 18,
	TCP_FIXED_BYTES = 20,
	TCP_WORD_BYTES = 4,
	TCP_WORDS_SHIFT = 4, /* of the header's length, in words */

	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_PUSH = 0x08,
	TCP_ACK = 0x10,
	TCP_CWR = 0x80,
};

/* RFC 768 */
enum {
	UDP_LENGTH_AT = 4,
	UDP_CHECKSUM_AT = 6,
	UDP_HEADER_BYTES = 8,
};

#endif
