/*
 * offload.c - see offload.h
 */
#include "agent/offload.h"

#include <string.h>

#include "agent/packet.h"
#include "common/checksum.h"
#include "common/cursor.h"
#include "packet_fields.h"

/* ---- deriving ---- */

/* Return: bytes of the upper layer's header, or 0 if its lengths do not agree */
static size_t upper_header(const struct packet *p, const uint8_t *upper)
{
	size_t len;

	if (p->protocol == PACKET_UDP)
		return p->upper_len >= UDP_HEADER_BYTES &&
				       peek_u16(upper + UDP_LENGTH_AT) == p->upper_len
			       ? (size_t)UDP_HEADER_BYTES
			       : 0;
	if (p->protocol != PACKET_TCP || p->upper_len < TCP_FIXED_BYTES)
		return 0;
	len = (size_t)(upper[TCP_OFFSET_AT] >> TCP_WORDS_SHIFT) * TCP_WORD_BYTES;
	return len >= TCP_FIXED_BYTES && len <= p->upper_len ? len : 0;
}

bool offload_derive(const uint8_t *frame, size_t len, struct offload *out)
{
	struct packet p;
	size_t header;

	if (!packet_find(frame, len, &p))
		return false;
	header = upper_header(&p, frame + p.upper_at);
	if (header == 0 || p.upper_at + header > OFFLOAD_HEADERS_MAX ||
	    p.upper_at + p.upper_len != len)
		return false;
	*out = (struct offload){
		.network_at = (uint16_t)p.network_at,
		.upper_at = (uint16_t)p.upper_at,
		.headers_len = (uint16_t)(p.upper_at + header),
		.data_len = (uint32_t)(p.upper_len - header),
		.is_ipv6 = p.ip_bytes != IPV4_BYTES,
		.is_udp = p.protocol == PACKET_UDP,
		.pseudo_sum = checksum_sum(p.source, 2 * p.ip_bytes) + p.protocol,
	};
	out->checksum_at =
		(uint16_t)(p.upper_at + (size_t)(out->is_udp ? UDP_CHECKSUM_AT : TCP_CHECKSUM_AT));
	out->tcp_flags = out->is_udp ? 0 : frame[p.upper_at + TCP_FLAGS_AT];
	return true;
}

/* ---- headers of a frame with so much data ---- */

static void put_length(uint8_t *headers, const struct offload *o, size_t data_len)
{
	uint8_t *network = headers + o->network_at;
	size_t packet = o->headers_len - o->network_at + data_len;
	size_t upper = o->headers_len - o->upper_at + data_len;

	if (o->is_ipv6)
		poke_u16(network + IPV6_LENGTH_AT, (uint16_t)(packet - IPV6_FIXED_BYTES));
	else
		poke_u16(network + IPV4_LENGTH_AT, (uint16_t)packet);
	if (o->is_udp)
		poke_u16(headers + o->upper_at + UDP_LENGTH_AT, (uint16_t)upper);
	poke_u16(headers + o->checksum_at, checksum_fold(o->pseudo_sum + (uint32_t)upper));
}

/* @sum: of the rest of the header. Length and identification stand there already. */
static void put_ip_checksum(uint8_t *network, uint32_t sum)
{
	sum += (uint32_t)peek_u16(network + IPV4_LENGTH_AT) + peek_u16(network + IPV4_ID_AT);
	poke_u16(network + IPV4_CHECKSUM_AT, checksum_finish(sum));
}

/* Of an IPv4 header without length, identification and checksum. */
static uint32_t rest_of_ip_sum(const uint8_t *frame, const struct offload *o)
{
	const uint8_t *network = frame + o->network_at;
	uint32_t taken = (uint32_t)peek_u16(network + IPV4_LENGTH_AT) +
			 peek_u16(network + IPV4_ID_AT) + peek_u16(network + IPV4_CHECKSUM_AT);

	/* taken off as in RFC 1624: its complement is added */
	return checksum_sum(network, (size_t)(o->upper_at - o->network_at)) +
	       (uint16_t)~checksum_fold(taken);
}

void offload_whole(const uint8_t *frame, const struct offload *o, uint8_t *out)
{
	memcpy(out, frame, o->headers_len);
	put_length(out, o, o->data_len);
	if (o->more_count == 0 || offload_count(o) == 1)
		return; /* they are right */
	if (!o->is_udp)
		out[o->upper_at + TCP_FLAGS_AT] = o->tcp_flags;
	if (!o->is_ipv6)
		put_ip_checksum(out + o->network_at, rest_of_ip_sum(frame, o));
}

/* ---- cutting ---- */

size_t offload_count(const struct offload *o)
{
	if (o->piece_len == 0 || o->data_len <= o->piece_len)
		return 1;
	return (o->data_len + o->piece_len - 1) / o->piece_len;
}

size_t offload_first_len(const struct offload *o)
{
	return o->headers_len + (offload_count(o) > 1 ? o->piece_len : o->data_len);
}

struct cutter cutter_over(const uint8_t *frame, const struct offload *o)
{
	struct cutter c = {.frame = frame, .offload = o, .count = offload_count(o)};

	if (c.count == 1)
		return c;
	if (!o->is_ipv6) {
		c.ip_sum = rest_of_ip_sum(frame, o);
		c.ip_id = peek_u16(frame + o->network_at + IPV4_ID_AT);
	}
	if (!o->is_udp)
		c.sequence = peek_u32(frame + o->upper_at + TCP_SEQUENCE_AT);
	return c;
}

/* Where the data of piece @index is, all of the same length but the last. */
static void find_data(const struct cutter *c, size_t index, struct piece *out)
{
	const struct offload *o = c->offload;

	if (index > 0 && o->more_count > 0) {
		out->data = o->more[index - 1].bytes;
		out->data_len = o->more[index - 1].len;
		return;
	}
	out->data = c->frame + o->headers_len + index * o->piece_len;
	out->data_len = index + 1 < c->count ? o->piece_len : o->data_len - index * o->piece_len;
}

/* As a host's own kernel does it: FIN and PSH belong to the last piece, CWR to the first. */
static void number_tcp(struct cutter *c, size_t index, uint8_t *upper, size_t data_len)
{
	uint8_t flags = c->offload->tcp_flags;

	if (index + 1 < c->count)
		flags &= (uint8_t) ~(TCP_FIN | TCP_PUSH);
	if (index > 0)
		flags &= (uint8_t)~TCP_CWR;
	poke_u32(upper + TCP_SEQUENCE_AT, c->sequence);
	upper[TCP_FLAGS_AT] = flags;
	c->sequence += (uint32_t)data_len;
}

bool cutter_next(struct cutter *c, struct piece *out)
{
	const struct offload *o = c->offload;
	size_t index = c->next;

	if (index == c->count)
		return false;
	c->next++;
	if (index == 0) {
		memcpy(out->headers, c->frame, o->headers_len);
		out->headers_len = o->headers_len;
	}
	find_data(c, index, out);
	put_length(out->headers, o, out->data_len);
	if (c->count == 1)
		return true;
	if (!o->is_udp)
		number_tcp(c, index, out->headers + o->upper_at, out->data_len);
	if (!o->is_ipv6) {
		poke_u16(out->headers + o->network_at + IPV4_ID_AT, (uint16_t)(c->ip_id + index));
		put_ip_checksum(out->headers + o->network_at, c->ip_sum);
	}
	return true;
}

void piece_finish(struct piece *p, const struct offload *o)
{
	uint32_t sum = checksum_sum(p->headers + o->upper_at, p->headers_len - o->upper_at) +
		       checksum_sum(p->data, p->data_len);
	uint16_t checksum = checksum_finish(sum);

	/* RFC 768: 0 says that there is none */
	poke_u16(p->headers + o->checksum_at, checksum == 0 && o->is_udp ? UINT16_MAX : checksum);
}
