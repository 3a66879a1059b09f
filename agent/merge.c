/*
 * merge.c - see merge.h
 */
#include "agent/merge.h"

#include <string.h>

#include "common/checksum.h"
#include "common/cursor.h"
#include "packet_fields.h"

enum {
	PACKET_MAX_BYTES = 65535, /* IP's own length */
};

/* Are two headers the same between two offsets? */
static bool is_same(const uint8_t *a, const uint8_t *b, size_t from, size_t to)
{
	return memcmp(a + from, b + from, to - from) == 0;
}

/* Would cutting write the one that stands there? 65,535 sums up as 0 does, and is never computed. */
static bool has_own_checksum(const uint8_t *network, size_t len)
{
	return checksum_finish(checksum_sum(network, len)) == 0 &&
	       peek_u16(network + IPV4_CHECKSUM_AT) != UINT16_MAX;
}

/* May others follow it in one super-frame? What has only what belongs to the last piece is one already. */
static bool may_lead(const uint8_t *frame, const struct offload *o)
{
	const uint8_t *network = frame + o->network_at;

	if (o->data_len == 0 || o->piece_len != 0)
		return false;
	if (!o->is_ipv6 && !has_own_checksum(network, (size_t)(o->upper_at - o->network_at)))
		return false; /* it would be mended */
	return o->is_udp || o->tcp_flags == TCP_ACK;
}

void merge_start(struct merge *m, const uint8_t *frame, const struct offload *o)
{
	m->frame = frame;
	m->offload = *o;
	m->is_full = !may_lead(frame, o);
}

static bool is_next_ipv4(const struct merge *m, const uint8_t *network, size_t len)
{
	const uint8_t *first = m->frame + m->offload.network_at;

	return is_same(first, network, 0, IPV4_LENGTH_AT) &&
	       peek_u16(network + IPV4_ID_AT) ==
		       (uint16_t)(peek_u16(first + IPV4_ID_AT) + m->offload.more_count + 1) &&
	       is_same(first, network, IPV4_FRAGMENT_AT, IPV4_CHECKSUM_AT) &&
	       is_same(first, network, IPV4_SOURCE_AT, len) && has_own_checksum(network, len);
}

static bool is_next_ipv6(const struct merge *m, const uint8_t *network, size_t len)
{
	const uint8_t *first = m->frame + m->offload.network_at;

	return is_same(first, network, 0, IPV6_LENGTH_AT) &&
	       is_same(first, network, IPV6_NEXT_AT, len);
}

static bool is_next_tcp(const struct merge *m, const uint8_t *tcp, const struct offload *o)
{
	const uint8_t *first = m->frame + o->upper_at;
	uint8_t flags = o->tcp_flags & (uint8_t) ~(TCP_PUSH | TCP_FIN);

	return is_same(first, tcp, 0, TCP_SEQUENCE_AT) &&
	       peek_u32(tcp + TCP_SEQUENCE_AT) ==
		       peek_u32(first + TCP_SEQUENCE_AT) + m->offload.data_len &&
	       is_same(first, tcp, TCP_ACK_AT, TCP_FLAGS_AT) && flags == TCP_ACK &&
	       is_same(first, tcp, TCP_WINDOW_AT, TCP_WINDOW_AT + 2) &&
	       is_same(first, tcp, TCP_URGENT_AT, (size_t)(o->headers_len - o->upper_at));
}

static bool has_same_shape(const struct offload *a, const struct offload *b)
{
	return a->network_at == b->network_at && a->upper_at == b->upper_at &&
	       a->headers_len == b->headers_len && a->is_ipv6 == b->is_ipv6 &&
	       a->is_udp == b->is_udp;
}

/* Data of the first piece: no other is longer. */
static size_t longest(const struct merge *m)
{
	return m->offload.piece_len ? m->offload.piece_len : m->offload.data_len;
}

static bool has_room(const struct merge *m, const struct offload *o)
{
	size_t packet = (size_t)(o->headers_len - o->network_at) + m->offload.data_len;

	return !m->is_full && m->offload.more_count < OFFLOAD_PIECES_MAX - 1 && o->data_len > 0 &&
	       o->data_len <= longest(m) && packet + o->data_len <= PACKET_MAX_BYTES;
}

static bool is_next(const struct merge *m, const uint8_t *frame, const struct offload *o)
{
	const uint8_t *network = frame + o->network_at;
	size_t header = (size_t)(o->upper_at - o->network_at);

	if (!has_room(m, o) || !has_same_shape(&m->offload, o) ||
	    !is_same(m->frame, frame, 0, o->network_at))
		return false;
	if (!(o->is_ipv6 ? is_next_ipv6(m, network, header) : is_next_ipv4(m, network, header)))
		return false;
	return o->is_udp ? is_same(m->frame + o->upper_at, frame + o->upper_at, 0, UDP_LENGTH_AT)
			 : is_next_tcp(m, frame + o->upper_at, o);
}

bool merge_add(struct merge *m, const uint8_t *frame, const struct offload *o)
{
	struct offload *whole = &m->offload;

	if (!is_next(m, frame, o))
		return false;
	if (whole->piece_len == 0)
		whole->piece_len = (uint16_t)whole->data_len;
	whole->more = m->more;
	m->more[whole->more_count++] = (struct slice){frame + o->headers_len, o->data_len};
	whole->data_len += o->data_len;
	whole->tcp_flags |= o->tcp_flags;
	m->is_full = o->data_len < whole->piece_len || o->tcp_flags & (TCP_PUSH | TCP_FIN);
	return true;
}
