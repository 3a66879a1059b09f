/*
 * beacon.c - see beacon.h
 */
#include "agent/beacon.h"

#include <assert.h>
#include <string.h>

#include "common/cursor.h"

enum {
	ETHERTYPE_BEACON = 0x88b5,
	ETHERTYPE_AT = 2 * MAC_BYTES,
};

static const struct mac BEACON_GROUP = {{0x03, 0x6c, 0x77, 0x00, 0x00, 0x01}};

bool beacon_is(const uint8_t *frame, size_t len)
{
	return len >= ETHER_HEADER_BYTES && peek_u16(frame + ETHERTYPE_AT) == ETHERTYPE_BEACON &&
	       memcmp(frame, BEACON_GROUP.b, MAC_BYTES) == 0;
}

static void read_trailer(struct reader *r, struct beacon *out)
{
	if (reader_left(r) == 0)
		return;
	out->flags = reader_u8(r);
	out->rank = reader_u64(r);
	out->period_ms = reader_u16(r);
	if (out->period_ms == 0)
		out->period_ms = BEACON_PERIOD_MS; /* nobody is to be forgotten at once */
}

bool beacon_read(const uint8_t *frame, size_t len, struct beacon *out)
{
	struct reader r = reader_over(frame, len);

	if (!beacon_is(frame, len))
		return false;
	*out = (struct beacon){
		.kind = BEACON_AGENT, .rank = BEACON_RANK_LAST, .period_ms = BEACON_PERIOD_MS};
	reader_bytes(&r, ETHER_HEADER_BYTES);
	reader_copy(&r, out->id, BEACON_ID_BYTES);
	if (r.failed || reader_left(&r) == 0)
		return !r.failed;
	out->kind = reader_u8(&r);
	out->interface_count = reader_u8(&r);
	if (out->interface_count > BEACON_INTERFACES_MAX)
		return false;
	for (size_t i = 0; i < out->interface_count; i++)
		out->interfaces[i] = reader_u32(&r);
	read_trailer(&r, out);
	return !r.failed;
}

size_t beacon_write(const struct beacon *b, const struct mac *source,
		    uint8_t out[BEACON_FRAME_BYTES])
{
	struct writer w = writer_over(out, BEACON_FRAME_BYTES);

	assert(b->interface_count <= BEACON_INTERFACES_MAX);
	writer_bytes(&w, BEACON_GROUP.b, MAC_BYTES);
	writer_bytes(&w, source->b, MAC_BYTES);
	writer_u16(&w, ETHERTYPE_BEACON);
	writer_bytes(&w, b->id, BEACON_ID_BYTES);
	writer_u8(&w, b->kind);
	writer_u8(&w, (uint8_t)b->interface_count);
	for (size_t i = 0; i < b->interface_count; i++)
		writer_u32(&w, b->interfaces[i]);
	writer_u8(&w, b->flags);
	writer_u64(&w, b->rank);
	writer_u16(&w, b->period_ms);
	return writer_used(&w);
}
