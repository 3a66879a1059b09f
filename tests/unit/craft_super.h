/*
 * craft_super.h - TCP and UDP frames of any length, whole and summed, for the tests of what cuts and joins them
 *
 * A super-frame and each of its pieces are written in the same way, from numbers: what a test compares with
 * has gone through no code under test.
 */
#ifndef TESTS_CRAFT_SUPER_H
#define TESTS_CRAFT_SUPER_H

#include <stdbool.h>

#include "common/cursor.h"
#include "rng.h"

enum {
	SUPER_BYTES = 256 + 65535,
	SUPER_FIN = 0x01,
	SUPER_PUSH = 0x08,
	SUPER_ACK = 0x10,
	SUPER_CWR = 0x80,
	SUPER_WORD = 4, /* of options */
	SUPER_UNIT = 8, /* of an extension header */
	SUPER_DONT_FRAGMENT = 0x4000,
};

/**
 * struct super - what goes into a frame
 * @tags:	0 to 2
 * @ip_more:	words of IPv4 options, or units of an IPv6 destination options header
 * @tcp_more:	words of TCP options
 * @fill:	what options are made of, so that no two flows need have the same
 */
struct super {
	unsigned tags;
	bool is_ipv6, is_udp;
	uint8_t ip_more, tcp_more, fill;
	uint8_t tos, ttl, flags;
	uint16_t id, fragment;
	uint16_t from, to;
	uint32_t sequence, ack;
	uint16_t window, urgent;
	const uint8_t *data;
	size_t data_len;
};

/** super_sum() - The plain way: a word at a time, each carry at once */
static inline uint16_t super_sum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		while (sum > UINT16_MAX)
			sum -= UINT16_MAX;
	}
	return (uint16_t)sum;
}

static inline size_t super_upper_bytes(const struct super *s)
{
	return s->is_udp ? 8 : 20 + (size_t)s->tcp_more * SUPER_WORD;
}

static inline void super_fill(struct writer *w, uint8_t value, size_t len)
{
	while (len-- > 0)
		writer_u8(w, value);
}

static inline void super_ipv4(struct writer *w, const struct super *s)
{
	size_t header = 20 + (size_t)s->ip_more * SUPER_WORD;
	uint8_t *at = w->at + 2;

	writer_u16(w, 0x0800);
	writer_u8(w, (uint8_t)(0x40 | header / SUPER_WORD));
	writer_u8(w, s->tos);
	writer_u16(w, (uint16_t)(header + super_upper_bytes(s) + s->data_len));
	writer_u16(w, s->id);
	writer_u16(w, s->fragment);
	writer_u8(w, s->ttl);
	writer_u8(w, s->is_udp ? 17 : 6);
	writer_u16(w, 0);
	writer_bytes(w, "\x0a\0\0\1\x0a\0\0\2", 8);
	super_fill(w, s->fill, header - 20);
	poke_u16(at + 10, (uint16_t)~super_sum(at, header, 0));
}

static inline void super_ipv6(struct writer *w, const struct super *s)
{
	size_t more = (size_t)s->ip_more * SUPER_UNIT;
	uint8_t upper = s->is_udp ? 17 : 6;

	writer_u16(w, 0x86dd);
	writer_u32(w, 0x60000000U | (uint32_t)s->tos << 20);
	writer_u16(w, (uint16_t)(more + super_upper_bytes(s) + s->data_len));
	writer_u8(w, more ? 60 : upper);
	writer_u8(w, s->ttl);
	writer_bytes(w, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 32);
	if (more == 0)
		return;
	writer_u8(w, upper);
	writer_u8(w, (uint8_t)(s->ip_more - 1));
	super_fill(w, s->fill, more - 2);
}

static inline void super_upper(struct writer *w, const struct super *s)
{
	writer_u16(w, s->from);
	writer_u16(w, s->to);
	if (s->is_udp) {
		writer_u16(w, (uint16_t)(8 + s->data_len));
		writer_u16(w, 0);
		return;
	}
	writer_u32(w, s->sequence);
	writer_u32(w, s->ack);
	writer_u8(w, (uint8_t)((5 + s->tcp_more) << 4));
	writer_u8(w, s->flags);
	writer_u16(w, s->window);
	writer_u16(w, 0);
	writer_u16(w, s->urgent);
	super_fill(w, s->fill, (size_t)s->tcp_more * SUPER_WORD);
}

/** super_write() - With every checksum finished. Return: its length in @out, of SUPER_BYTES */
static inline size_t super_write(const struct super *s, uint8_t *out)
{
	struct writer w = writer_over(out, SUPER_BYTES);
	size_t network, upper, len;
	uint16_t sum;

	writer_bytes(&w, "\2\2\2\2\2\1\2\2\2\2\2\2", 12);
	for (unsigned i = s->tags; i > 0; i--)
		writer_u32(&w, i == 2 ? 0x88a80009 : 0x81000007);
	network = writer_used(&w) + 2;
	if (s->is_ipv6)
		super_ipv6(&w, s);
	else
		super_ipv4(&w, s);
	upper = writer_used(&w);
	super_upper(&w, s);
	writer_bytes(&w, s->data, s->data_len);
	len = writer_used(&w) - upper;
	sum = s->is_ipv6 ? super_sum(out + network + 8, 32, 0)
			 : super_sum(out + network + 12, 8, 0);
	sum = super_sum(out + upper, len, sum + (uint32_t)len + (s->is_udp ? 17 : 6));
	sum = (uint16_t)~sum;
	poke_u16(out + upper + (s->is_udp ? 6 : 16), sum == 0 && s->is_udp ? UINT16_MAX : sum);
	return w.failed ? 0 : writer_used(&w);
}

/**
 * super_piece() - What piece @index of a super-frame is, as its sender's host would have made it
 * @piece_len:	of data
 */
static inline struct super super_piece(const struct super *s, size_t piece_len, size_t index)
{
	struct super p = *s;
	size_t at = index * piece_len, left = s->data_len - at;

	p.data = s->data + at;
	p.data_len = left < piece_len ? left : piece_len;
	p.id = (uint16_t)(s->id + index);
	p.sequence = (uint32_t)(s->sequence + at);
	if (at + p.data_len < s->data_len)
		p.flags &= (uint8_t) ~(SUPER_FIN | SUPER_PUSH);
	if (index > 0)
		p.flags &= (uint8_t)~SUPER_CWR;
	return p;
}

/** super_random() - Of any kind. @data: borrowed; how much of it the caller says */
static inline struct super super_random(struct rng *r, const uint8_t *data)
{
	return (struct super){
		.tags = (unsigned)rng_below(r, 3),
		.is_ipv6 = rng_chance(r, 50),
		.is_udp = rng_chance(r, 40),
		.ip_more = rng_chance(r, 70) ? 0 : (uint8_t)rng_below(r, 11),
		.tcp_more = (uint8_t)rng_below(r, 11),
		.fill = (uint8_t)rng_u64(r),
		.tos = (uint8_t)rng_u64(r),
		.ttl = (uint8_t)rng_u64(r),
		.flags = SUPER_ACK,
		.id = (uint16_t)rng_u64(r),
		.fragment = rng_chance(r, 50) ? SUPER_DONT_FRAGMENT : 0,
		.from = (uint16_t)rng_u64(r),
		.to = (uint16_t)rng_u64(r),
		.sequence = (uint32_t)rng_u64(r),
		.ack = (uint32_t)rng_u64(r),
		.window = (uint16_t)rng_u64(r),
		.urgent = (uint16_t)rng_u64(r),
		.data = data,
	};
}

#endif
