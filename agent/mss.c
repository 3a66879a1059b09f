/*
 * mss.c - see mss.h
 */
#include "agent/mss.h"

#include "agent/packet.h"
#include "common/cursor.h"
#include "packet_fields.h"

enum {
	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_MSS = 2,
	OPTION_MSS_BYTES = 4,
	OPTION_HEAD_BYTES = 2,

	BYTE_BITS = 8,
	WORD_BITS = 16,
};

/* Return: how far behind the start of @options the value of the MSS is, or 0 */
static size_t find_option(struct reader options)
{
	size_t all = reader_left(&options);

	for (;;) {
		uint8_t kind = reader_u8(&options), len;

		if (options.failed || kind == OPTION_END)
			return 0;
		if (kind == OPTION_NOTHING)
			continue;
		len = reader_u8(&options);
		if (kind == OPTION_MSS && len == OPTION_MSS_BYTES)
			return reader_left(&options) >= sizeof(uint16_t)
				       ? all - reader_left(&options)
				       : 0;
		if (len < OPTION_HEAD_BYTES)
			return 0;
		reader_bytes(&options, len - OPTION_HEAD_BYTES);
	}
}

/* Return: the options of a SYN; empty for any other segment */
static struct reader read_syn(const uint8_t *tcp, size_t len)
{
	struct reader r = reader_over(tcp, len);
	size_t header;
	uint8_t flags;

	reader_bytes(&r, TCP_OFFSET_AT);
	header = (size_t)(reader_u8(&r) >> TCP_WORDS_SHIFT) * TCP_WORD_BYTES;
	flags = reader_u8(&r);
	if (r.failed || !(flags & TCP_SYN) || header <= TCP_FIXED_BYTES || header > len)
		return reader_over(NULL, 0);
	return reader_over(tcp + TCP_FIXED_BYTES, header - TCP_FIXED_BYTES);
}

bool mss_find(const uint8_t *frame, size_t len, struct mss *out)
{
	struct packet p;
	size_t at;

	if (!packet_find(frame, len, &p) || p.protocol != PACKET_TCP)
		return false;
	at = find_option(read_syn(frame + p.upper_at, p.upper_len));
	if (at == 0)
		return false;
	out->is_odd = at % 2 != 0;
	out->value_at = p.upper_at + TCP_FIXED_BYTES + at;
	out->checksum_at = p.upper_at + TCP_CHECKSUM_AT;
	out->headers_bytes = p.upper_at + TCP_FIXED_BYTES;
	out->value = peek_u16(frame + out->value_at);
	return true;
}

uint16_t mss_fitting(const struct mss *m, size_t frame_bytes)
{
	size_t fits = frame_bytes > m->headers_bytes ? frame_bytes - m->headers_bytes : 0;

	if (fits < MSS_MIN)
		return MSS_MIN;
	return fits < MSS_MAX ? (uint16_t)fits : (uint16_t)MSS_MAX;
}

static uint16_t swapped(uint16_t v)
{
	return (uint16_t)(v << BYTE_BITS | v >> BYTE_BITS);
}

/* RFC 1624, equation 3 */
static uint16_t updated(uint16_t sum, uint16_t was, uint16_t is)
{
	uint32_t all = (uint16_t)~sum + (uint32_t)(uint16_t)~was + is;

	all = (all & UINT16_MAX) + (all >> WORD_BITS);
	all = (all & UINT16_MAX) + (all >> WORD_BITS);
	return (uint16_t)~all;
}

void mss_set(uint8_t *frame, const struct mss *m, uint16_t value, bool is_summed)
{
	uint16_t was = m->is_odd ? swapped(m->value) : m->value;
	uint16_t is = m->is_odd ? swapped(value) : value;

	if (is_summed)
		poke_u16(frame + m->checksum_at,
			 updated(peek_u16(frame + m->checksum_at), was, is));
	poke_u16(frame + m->value_at, value);
}
