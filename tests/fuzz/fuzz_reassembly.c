/*
 * fuzz_reassembly.c - any pieces in any order: what comes out was put in
 *
 * Every piece carries the bytes that a frame of its id and total has at that place, so a finished frame
 * can be checked byte by byte.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cursor.h"
#include "fuzz.h"
#include "reassembly.h"

enum {
	BODY_MAX = 1024,
	PIECES_MAX = 2000,
	STEP = 64,
};

static uint8_t byte_at(uint32_t id, uint16_t total, size_t at)
{
	return (uint8_t)(id * 7 + total * 3 + at * 31);
}

/* struct finished - a body that should still be as it was */
struct finished {
	const uint8_t *body;
	size_t len;
	uint32_t id;
};

static struct finished kept[REASSEMBLY_KEPT_MAX];
static unsigned kept_at;

static void check_whole(const struct finished *out)
{
	fuzz_must(out->len <= BODY_MAX, "a body longer than any");
	for (size_t i = 0; i < out->len; i++)
		fuzz_must(out->body[i] == byte_at(out->id, (uint16_t)out->len, i),
			  "a body that nobody sent");
}

/* Each is looked at when it comes, and when it need not be there much longer. */
static void keep(const struct finished *now)
{
	struct finished *place = &kept[kept_at++ % reassembly_kept(BODY_MAX)];

	check_whole(now);
	*place = *now;
	place = &kept[kept_at % reassembly_kept(BODY_MAX)];
	if (place->body)
		check_whole(place);
}

static unsigned count_of(const struct reassembly *r, uint32_t peer)
{
	unsigned count = 0;

	for (size_t i = 0; i < REASSEMBLY_FRAMES_MAX; i++)
		count += r->used >> i & 1 && r->origins[i].peer == peer;
	return count;
}

static void add(struct reassembly *r, struct reader *in, uint64_t now_ns)
{
	uint8_t bytes[256];
	uint8_t who = reader_u8(in);
	struct piece p = {.peer = who % 8,
			  .session = who >> 6,
			  .id = reader_u8(in) % 32,
			  .total = reader_u16(in) % (BODY_MAX + 64),
			  .offset = reader_u16(in) % (BODY_MAX + 64),
			  .len = reader_u8(in)};
	struct reassembled out;

	if (who & 8) {
		/* In steps, so that pieces meet and frames are finished. */
		p.total = (uint16_t)(p.total / STEP * STEP);
		p.offset = (uint16_t)(p.offset % (p.total + STEP) / STEP * STEP);
		p.len = p.len / STEP * STEP;
	}
	for (size_t i = 0; i < p.len; i++)
		bytes[i] = byte_at(p.id, p.total, p.offset + i);
	p.bytes = bytes;
	out = reassembly_add(r, &p, now_ns);
	fuzz_must(out.drop != DROP_NONE || (p.total <= BODY_MAX && p.offset + p.len <= p.total),
		  "a piece was taken that fits nowhere");
	if (out.body)
		keep(&(struct finished){out.body, out.len, p.id});
	fuzz_must(count_of(r, p.peer) <= REASSEMBLY_PEER_MAX, "more frames than a peer may have");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reassembly r;
	static void *memory;
	struct reader in = reader_over(data, size);
	uint64_t now_ns = NS_PER_S;

	if (!memory)
		memory = malloc(reassembly_memory_bytes(BODY_MAX));
	fuzz_must(memory != NULL, "out of memory");
	reassembly_init(&r, memory, BODY_MAX);
	memset(kept, 0, sizeof(kept));
	for (unsigned i = 0; i < PIECES_MAX && reader_left(&in) > 0; i++) {
		uint8_t what = reader_u8(&in);

		now_ns += what * NS_PER_MS;
		if (what == 255)
			reassembly_forget(&r, reader_u8(&in) % 8, reader_u8(&in) % 4);
		else
			add(&r, &in, now_ns);
		while (reassembly_expire(&r, now_ns) >= 0)
			;
		fuzz_must(reassembly_deadline_ns(&r) > now_ns, "what is due was not done");
	}
	return 0;
}
