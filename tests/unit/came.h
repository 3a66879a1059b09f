/*
 * came.h - frames that came one by one, for the tests of what puts them together
 */
#ifndef TESTS_CAME_H
#define TESTS_CAME_H

#include "agent/merge.h"
#include "craft_super.h"

enum {
	DATA_BYTES = 65535,
	FRAMES_MAX = 2 * OFFLOAD_PIECES_MAX,
	PIECE_BYTES = 100,
	LONG_BYTES = 1460,
	SEED = 7,
};

/* A frame as it comes in. */
struct came {
	uint8_t bytes[OFFLOAD_HEADERS_MAX + 2 * LONG_BYTES];
	size_t len;
	struct offload offload;
};

static struct came came[FRAMES_MAX];
static uint8_t data[DATA_BYTES];
static struct merge m;
static struct rng rng;

static const struct super TCP4 = {.flags = SUPER_ACK, .ttl = 64, .data = data, .data_len = 100};
static const struct super UDP4 = {.is_udp = true, .ttl = 64, .data = data, .data_len = 100};
static const struct super TCP6 = {
	.is_ipv6 = true, .flags = SUPER_ACK, .ttl = 64, .data = data, .data_len = 100};
static const struct super UDP6 = {
	.is_ipv6 = true, .is_udp = true, .ttl = 64, .data = data, .data_len = 100};

/* Frame @index comes, its checksum unfinished: anything stands there. */
static inline bool comes(size_t index, const struct super *s)
{
	struct came *c = &came[index];

	c->len = super_write(s, c->bytes);
	if (!offload_derive(c->bytes, c->len, &c->offload))
		return false;
	poke_u16(c->bytes + c->offload.checksum_at, (uint16_t)rng_u64(&rng));
	return true;
}

static inline void start(size_t index)
{
	merge_start(&m, came[index].bytes, &came[index].offload);
}

static inline bool adds(size_t index)
{
	return merge_add(&m, came[index].bytes, &came[index].offload);
}

static inline void finish_came(const struct came *c, struct piece *out)
{
	struct cutter cut = cutter_over(c->bytes, &c->offload);

	cutter_next(&cut, out);
	piece_finish(out, &c->offload);
}

/* What was put together cuts into the @count frames from @first on, finished. */
static inline void assert_cuts_into(size_t first, size_t count)
{
	struct cutter c = cutter_over(m.frame, &m.offload);
	struct piece piece, wanted;

	assert_int_equal(offload_count(&m.offload), count);
	for (size_t i = first; i < first + count; i++) {
		assert_true(cutter_next(&c, &piece));
		piece_finish(&piece, &m.offload);
		finish_came(&came[i], &wanted);
		assert_int_equal(piece.headers_len, wanted.headers_len);
		assert_memory_equal(piece.headers, wanted.headers, wanted.headers_len);
		assert_int_equal(piece.data_len, wanted.data_len);
		assert_memory_equal(piece.data, wanted.data, wanted.data_len);
	}
	assert_false(cutter_next(&c, &piece));
}

/* The frame that follows @first in its flow, with as much data */
static inline struct super next_of(const struct super *first)
{
	struct super s = *first;

	s.id++;
	s.sequence += (uint32_t)first->data_len;
	s.data += first->data_len;
	return s;
}

static inline bool joins(const struct super *first, const struct super *second)
{
	assert_true(comes(0, first));
	assert_true(comes(1, second));
	start(0);
	return adds(1);
}

static inline void assert_joins(const struct super *first, const struct super *second)
{
	assert_true(joins(first, second));
	assert_cuts_into(0, 2);
}

/* And what was there before is as it was. */
static inline void assert_apart(const struct super *first, const struct super *second)
{
	assert_false(joins(first, second));
	assert_cuts_into(0, 1);
}

static inline int seed(void **state)
{
	(void)state;
	rng = (struct rng){.state = SEED};
	rng_fill(&rng, data, sizeof(data));
	return 0;
}

#define seeded(test) cmocka_unit_test_setup(test, seed)

#endif
