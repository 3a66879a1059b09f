/*
 * fuzz_offload.c - any frame as a super-frame: cut, finished, put together; nothing leaves its bytes
 *
 * The first bytes say how: which frame is crafted, or that the rest is the frame; how long pieces are; and
 * where something is changed, in the whole or in its pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/merge.h"
#include "agent/offload.h"
#include "craft_super.h"
#include "fuzz.h"

enum {
	PIECES_KEPT = OFFLOAD_PIECES_MAX + 8,
	CRAFTED_DATA_MAX = 4000,
	RAW = 0x80,
	CHANGES_MAX = 16,
	LONG_HEADERS = 40, /* units: some too long */
};

/* A piece, in memory whose end a sanitizer guards */
struct kept {
	uint8_t *bytes;
	size_t len;
	struct offload offload;
};

static struct kept kept[PIECES_KEPT];
static size_t kept_count;

/* Does it sum up to nothing, in the plain way? */
static bool is_summed(const uint8_t *frame, size_t len, const struct offload *o)
{
	const uint8_t *ip = frame + o->network_at;
	uint32_t sum = (uint32_t)(len - o->upper_at) + (o->is_udp ? 17 : 6);

	sum = o->is_ipv6 ? super_sum(ip + 8, 32, sum) : super_sum(ip + 12, 8, sum);
	return super_sum(frame + o->upper_at, len - o->upper_at, sum) == UINT16_MAX;
}

static void check_places(size_t len, const struct offload *o)
{
	fuzz_must(o->network_at >= 14 && o->network_at < o->upper_at &&
			  o->upper_at < o->headers_len && o->headers_len <= OFFLOAD_HEADERS_MAX,
		  "headers out of order");
	fuzz_must(o->checksum_at >= o->upper_at && o->checksum_at + 2 <= o->headers_len,
		  "the checksum is in no header");
	fuzz_must(o->headers_len + o->data_len == len, "data out of the frame");
}

static void keep(const struct piece *p)
{
	struct kept *k = &kept[kept_count];

	if (kept_count == PIECES_KEPT)
		return;
	k->len = p->headers_len + p->data_len;
	k->bytes = malloc(k->len);
	fuzz_must(k->bytes != NULL, "out of memory");
	memcpy(k->bytes, p->headers, p->headers_len);
	memcpy(k->bytes + p->headers_len, p->data, p->data_len);
	fuzz_must(offload_derive(k->bytes, k->len, &k->offload), "a piece has no checksum");
	fuzz_must(is_summed(k->bytes, k->len, &k->offload), "a piece has a wrong checksum");
	kept_count++;
}

static void cut(const uint8_t *frame, const struct offload *o)
{
	struct cutter c = cutter_over(frame, o);
	size_t data_len = 0, count = 0;
	struct piece p;

	for (; cutter_next(&c, &p); count++) {
		fuzz_must(p.headers_len + p.data_len <= offload_first_len(o), "a longer piece");
		data_len += p.data_len;
		piece_finish(&p, o);
		fuzz_must(c.count == 1 || o->is_ipv6 ||
				  super_sum(p.headers + o->network_at,
					    (size_t)(o->upper_at - o->network_at), 0) == UINT16_MAX,
			  "a piece has a wrong checksum of IP");
		keep(&p);
	}
	fuzz_must(data_len == o->data_len && count == offload_count(o), "data was lost");
}

/* Is @p what the kept one is, but for the checksum that was left open? */
static bool is_again(struct piece *p, const struct kept *k)
{
	memcpy(p->headers + k->offload.checksum_at, k->bytes + k->offload.checksum_at, 2);
	return p->headers_len == k->offload.headers_len && p->data_len == k->offload.data_len &&
	       memcmp(p->headers, k->bytes, p->headers_len) == 0 &&
	       memcmp(p->data, k->bytes + p->headers_len, p->data_len) == 0;
}

static void check_merged(const struct merge *m, size_t first, size_t count)
{
	struct cutter c = cutter_over(m->frame, &m->offload);
	uint8_t headers[OFFLOAD_HEADERS_MAX];
	struct piece p;

	fuzz_must(offload_count(&m->offload) == count, "not as many as were put together");
	for (size_t i = first; cutter_next(&c, &p); i++)
		fuzz_must(is_again(&p, &kept[i]), "another piece than before");
	offload_whole(m->frame, &m->offload, headers);
}

static void merge_kept(void)
{
	static struct merge m;
	size_t first = 0;

	for (size_t i = 0; i <= kept_count; i++) {
		if (i > 0 && i < kept_count && merge_add(&m, kept[i].bytes, &kept[i].offload))
			continue;
		if (i > 0)
			check_merged(&m, first, i - first);
		if (i < kept_count)
			merge_start(&m, kept[i].bytes, &kept[i].offload);
		first = i;
	}
}

/* Turn bits round where the input says so; what has no checksum then is as it was. */
static void change_kept(struct reader *r)
{
	for (int i = 0; i < CHANGES_MAX && kept_count > 0; i++) {
		uint8_t which = reader_u8(r), bits = reader_u8(r);
		uint16_t at = reader_u16(r);
		struct kept *k = &kept[which % kept_count];

		if (r->failed)
			return;
		k->bytes[at % k->len] ^= bits;
		if (!offload_derive(k->bytes, k->len, &k->offload)) {
			k->bytes[at % k->len] ^= bits;
			offload_derive(k->bytes, k->len, &k->offload);
		}
	}
}

static void forget_kept(void)
{
	while (kept_count > 0)
		free(kept[--kept_count].bytes);
}

static void try_frame(const uint8_t *frame, size_t len, uint16_t piece_len, struct reader *changes)
{
	struct offload o;

	if (!offload_derive(frame, len, &o))
		return;
	check_places(len, &o);
	o.piece_len = piece_len;
	cut(frame, &o);
	change_kept(changes);
	merge_kept();
	forget_kept();
}

/* Return: length of a frame that is good but for a few bytes */
static size_t craft(struct reader *r, uint8_t *out)
{
	static uint8_t data[CRAFTED_DATA_MAX];
	struct rng rng = {.state = reader_u32(r)};
	struct super s = super_random(&rng, data);
	size_t len;

	rng_fill(&rng, data, sizeof(data));
	s.data_len = rng_below(&rng, sizeof(data));
	if (s.is_ipv6 && rng_chance(&rng, 20))
		s.ip_more = (uint8_t)rng_below(&rng, LONG_HEADERS);
	s.flags = rng_chance(&rng, 80) ? SUPER_ACK : (uint8_t)rng_u64(&rng);
	len = super_write(&s, out);
	if (rng_chance(&rng, 50))
		out[rng_below(&rng, len)] ^= reader_u8(r);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static uint8_t room[SUPER_BYTES];
	struct reader r = reader_over(bytes, size);
	uint8_t how = reader_u8(&r);
	uint16_t piece_len = reader_u16(&r);
	uint8_t *exact;
	size_t len;

	if (r.failed)
		return 0;
	if (how & RAW) {
		len = reader_left(&r) < sizeof(room) ? reader_left(&r) : sizeof(room);
		reader_copy(&r, room, len);
	} else {
		len = craft(&r, room);
		piece_len = (uint16_t)(piece_len % CRAFTED_DATA_MAX / (1U + how % 32));
	}
	exact = fuzz_exact(room, len);
	try_frame(exact, len, piece_len, &r);
	free(exact);
	return 0;
}
