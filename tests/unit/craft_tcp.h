/*
 * craft_tcp.h - TCP and UDP packets for the tests of packet and mss: headers that are whole and summed
 */
#ifndef TESTS_CRAFT_TCP_H
#define TESTS_CRAFT_TCP_H

#include "common/cursor.h"
#include "common/ether.h"

enum {
	CRAFT_TCP_BYTES = 512,
	CRAFT_SYN = 0x02,
	CRAFT_SYN_ACK = 0x12,
	CRAFT_ACK = 0x10,
};

/**
 * struct crafted - what goes into a packet
 * @tag:	of 802.1Q; 0: none
 * @provider:	of 802.1ad, before it; 0: none
 * @is_ipv6:	else IPv4
 * @ip_options:	bytes of IPv4 options, or of a destination options header
 * @fragment:	flags and offset, IPv4
 * @protocol:	upper layer; 0: TCP
 * @flags:	of TCP; 0: SYN
 * @options:	of TCP; NULL: MSS 1460 alone
 */
struct crafted {
	uint16_t tag, provider;
	bool is_ipv6;
	uint8_t ip_options;
	uint16_t fragment;
	uint8_t protocol;
	uint8_t flags;
	const char *options;
	size_t options_len;
};

/* Ones' complement sum of what a TCP checksum covers but for the pseudo header */
static inline uint16_t crafted_sum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0 : (uint16_t)sum;
}

static inline void crafted_ip(struct writer *w, const struct crafted *c, size_t upper)
{
	uint8_t protocol = c->protocol ? c->protocol : 6;

	if (!c->is_ipv6) {
		writer_u16(w, 0x0800);
		writer_u8(w, (uint8_t)(0x45 + c->ip_options / 4));
		writer_zeros(w, 1);
		writer_u16(w, (uint16_t)(20 + c->ip_options + upper));
		writer_zeros(w, 2);
		writer_u16(w, c->fragment);
		writer_u8(w, 64);
		writer_u8(w, protocol);
		writer_zeros(w, 2);
		writer_bytes(w, "\x0a\0\0\1\x0a\0\0\2", 8);
		writer_zeros(w, c->ip_options);
		return;
	}
	writer_u16(w, 0x86dd);
	writer_u32(w, 0x60000000);
	writer_u16(w, (uint16_t)(c->ip_options + upper));
	writer_u8(w, c->ip_options ? 60 : protocol);
	writer_u8(w, 64);
	writer_bytes(w, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 32);
	if (c->ip_options) {
		writer_u8(w, protocol);
		writer_u8(w, (uint8_t)(c->ip_options / 8 - 1));
		writer_zeros(w, c->ip_options - 2U);
	}
}

/* Return: length of the frame in @out; TCP's checksum makes crafted_sum() of the segment zero */
static inline size_t craft_tcp(const struct crafted *c, uint8_t out[CRAFT_TCP_BYTES])
{
	struct writer w = writer_over(out, CRAFT_TCP_BYTES);
	const char *options = c->options ? c->options : "\2\4\x05\xb4";
	size_t len = c->options ? c->options_len : 4, at;
	uint16_t sum;

	writer_bytes(&w, "\2\2\2\2\2\1\2\2\2\2\2\2", 12);
	if (c->provider)
		writer_u32(&w, 0x88a80000U | c->provider);
	if (c->tag)
		writer_u32(&w, 0x81000000U | c->tag);
	crafted_ip(&w, c, 20 + len);
	at = writer_used(&w);
	writer_u16(&w, 4711);
	writer_u16(&w, 80);
	writer_u32(&w, 0x12345678);
	writer_u32(&w, 0);
	writer_u8(&w, (uint8_t)((20 + len) / 4 << 4));
	writer_u8(&w, c->flags ? c->flags : CRAFT_SYN);
	writer_u16(&w, 0xffff);
	writer_zeros(&w, 4);
	writer_bytes(&w, options, len);
	sum = (uint16_t)~crafted_sum(out + at, writer_used(&w) - at);
	out[at + 16] = (uint8_t)(sum >> 8);
	out[at + 17] = (uint8_t)sum;
	return w.failed ? 0 : writer_used(&w);
}

#endif
