/*
 * fuzz_segments.c - segment reports and answers from an authentic peer
 *
 * The input is read as if it were fields: counts and kinds near those that there are, so that more than the
 * first of them is reached; then the body is cut somewhere, or not. Whatever comes out is sent back and
 * forth until the engines have had enough.
 */
#include <string.h>

#include "pair.h"

enum {
	BODY_MAX = 2048,
	ROUNDS = 3,
};

/* A count up to one above the most. */
static size_t put_count(struct writer *w, struct reader *r, size_t most)
{
	uint8_t count = (uint8_t)(reader_u8(r) % (most + 2));

	writer_u8(w, count);
	return count;
}

static void put_bytes(struct writer *w, struct reader *r, size_t len)
{
	for (; len > 0; len--)
		writer_u8(w, reader_u8(r));
}

static void put_ids(struct writer *w, struct reader *r, size_t most)
{
	put_bytes(w, r, put_count(w, r, most) * SEGMENT_ID_BYTES);
}

static void put_report(struct writer *w, struct reader *r)
{
	size_t count = put_count(w, r, SEGMENTS_MAX);

	for (size_t i = 0; i < count; i++) {
		put_bytes(w, r, 1);
		writer_u16(w, (uint16_t)(1 + reader_u16(r) % (VLAN_ID_MAX + 1)));
		put_bytes(w, r, 1 + 8);
		put_ids(w, r, SEGMENT_OWN_MAX);
		put_ids(w, r, SEGMENT_HEARD_MAX);
	}
}

static void put_answer(struct writer *w, struct reader *r)
{
	size_t count = put_count(w, r, SEGMENTS_MAX);

	put_bytes(w, r, count * 2);
	count = put_count(w, r, SEGMENT_NAMES_MAX);
	for (size_t i = 0; i < count; i++) {
		size_t len = reader_u8(r) % (NAME_BYTES + 1);
		uint8_t ascii = reader_u8(r) & 1 ? 0x7f : 0xff;

		put_bytes(w, r, SEGMENT_ID_BYTES);
		writer_u8(w, (uint8_t)len);
		for (; len > 0; len--)
			writer_u8(w, (reader_u8(r) & ascii) | 0x20);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_pair *p = fuzz_pair_get();
	struct reader r = reader_over(data, size);
	uint8_t records[RECORD_HEADER_BYTES + BODY_MAX] = {0};
	struct writer w = writer_over(records + RECORD_HEADER_BYTES, BODY_MAX), head;
	uint8_t kind = reader_u8(&r) % 3;
	size_t len, cut = reader_u8(&r);

	writer_u8(&w, kind);
	put_bytes(&w, &r, 4);
	if (kind == 0)
		put_report(&w, &r);
	else
		put_answer(&w, &r);
	len = writer_used(&w);
	if (cut < len && cut % 4 == 0)
		len = cut;
	head = writer_over(records, RECORD_HEADER_BYTES);
	writer_u8(&head, RECORD_SEGMENTS);
	writer_u16(&head, (uint16_t)len);
	fuzz_sealed(p, 0, records, RECORD_HEADER_BYTES + len);
	for (unsigned i = 0; i < ROUNDS; i++)
		fuzz_exchange(p, 0);
	fuzz_must(engine_peer_is_up(p->hosts[0].engine, p->peer[0]), "a report ended a session");
	return 0;
}
