/*
 * test_reassembly.c - proto/reassembly.h
 */
#include "unit.h"

#include <stdlib.h>

#include "reassembly.h"
#include "rng.h"

enum {
	BODY_MAX = 2 + 9216,
	MILLION = 1000000,
};

static struct reassembly r;
static uint8_t *memory;
static uint8_t pattern[UINT16_MAX + 1];

static int set_up(void **state)
{
	(void)state;
	memory = malloc(reassembly_memory_bytes(BODY_MAX));
	reassembly_init(&r, memory, BODY_MAX);
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 31 + i / 256);
	return memory ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

/* A piece of frame @id of @peer, from @from up to @to of @total, with the pattern's bytes. */
static struct piece cut(uint32_t peer, uint32_t id, uint16_t total, uint16_t from, size_t to)
{
	return (struct piece){.peer = peer,
			      .session = 100 + peer,
			      .id = id,
			      .total = total,
			      .offset = from,
			      .bytes = pattern + from,
			      .len = to - from};
}

static struct reassembled add(const struct piece *p, uint64_t now_ns)
{
	return reassembly_add(&r, p, now_ns);
}

static enum drop add_cut(uint32_t id, uint16_t total, uint16_t from, size_t to)
{
	struct piece p = cut(1, id, total, from, to);
	struct reassembled out = add(&p, NS_PER_S);

	assert_null(out.body);
	assert_int_equal(out.evicted_peer, -1);
	return out.drop;
}

static void assert_whole(const struct reassembled *out, size_t len)
{
	assert_int_equal(out->drop, DROP_NONE);
	assert_non_null(out->body);
	assert_int_equal(out->len, len);
	assert_memory_equal(out->body, pattern, len);
}

/* Cut @total bytes at random places into at most @max pieces, shuffled. Return: how many */
static size_t cut_up(struct rng *rng, uint16_t total, struct stretch *out, size_t max)
{
	size_t n = 0, at = 0;

	while (at < total) {
		size_t len = 1 + rng_below(rng, total);

		if (len > total - at || n == max - 1)
			len = total - at;
		out[n++] = (struct stretch){(uint16_t)at, (uint16_t)(at + len)};
		at += len;
	}
	for (size_t i = n; i > 1; i--) {
		size_t k = rng_below(rng, i);
		struct stretch swap = out[k];

		out[k] = out[i - 1];
		out[i - 1] = swap;
	}
	return n;
}

static void pieces_in_any_order_make_the_frame(void **state)
{
	struct rng rng = {.state = 1};
	struct stretch pieces[REASSEMBLY_STRETCHES_MAX];

	(void)state;
	for (uint32_t id = 0; id < 5000; id++) {
		uint16_t total = (uint16_t)(16 + rng_below(&rng, id % 2 ? 48 : BODY_MAX - 15));
		size_t n = cut_up(&rng, total, pieces, REASSEMBLY_STRETCHES_MAX);
		struct reassembled out = {0};

		for (size_t i = 0; i < n; i++) {
			struct piece p = cut(1, id, total, pieces[i].start, pieces[i].end);

			assert_null(out.body);
			out = add(&p, NS_PER_S);
			assert_int_equal(out.drop, DROP_NONE);
		}
		assert_whole(&out, total);
	}
	assert_int_equal(reassembly_in_use(&r), 0);
}

static void one_piece_may_be_the_whole_frame(void **state)
{
	struct piece smallest = cut(1, 0, 16, 0, 16), longest = cut(1, 1, BODY_MAX, 0, BODY_MAX);
	struct reassembled out = add(&smallest, NS_PER_S);

	(void)state;
	assert_whole(&out, 16);
	out = add(&longest, NS_PER_S);
	assert_whole(&out, BODY_MAX);
}

static void piece_that_leaves_its_total_is_dropped(void **state)
{
	(void)state;
	assert_int_equal(add_cut(1, 100, 100, 101), DROP_BAD_FRAGMENT);
	assert_int_equal(add_cut(1, 100, 50, 101), DROP_BAD_FRAGMENT);
	assert_int_equal(add_cut(1, 100, 0, 101), DROP_BAD_FRAGMENT);
	assert_int_equal(add_cut(1, 100, 65535, 65536), DROP_BAD_FRAGMENT);
	assert_int_equal(add_cut(1, 100, 1, 65536), DROP_BAD_FRAGMENT);
	assert_int_equal(reassembly_in_use(&r), 0);
}

static void totals_that_no_frame_has_are_dropped(void **state)
{
	(void)state;
	assert_int_equal(add_cut(1, 0, 0, 1), DROP_BAD_FRAGMENT);
	assert_int_equal(add_cut(1, 15, 0, 1), DROP_BAD_FRAGMENT);
	assert_int_equal(add_cut(1, BODY_MAX + 1, 0, 1), DROP_BAD_FRAGMENT);
	assert_int_equal(add_cut(1, 65535, 0, 1), DROP_BAD_FRAGMENT);
	assert_int_equal(reassembly_in_use(&r), 0);
	assert_int_equal(add_cut(1, 16, 0, 1), DROP_NONE);
	assert_int_equal(add_cut(2, BODY_MAX, 0, 1), DROP_NONE);
}

static void empty_piece_is_dropped(void **state)
{
	(void)state;
	assert_int_equal(add_cut(1, 100, 0, 0), DROP_BAD_FRAGMENT);
	assert_int_equal(reassembly_in_use(&r), 0);
}

static void duplicates_and_overlaps_are_dropped_and_change_no_byte(void **state)
{
	static const struct stretch overlaps[] = {{20, 40}, {20, 21}, {39, 40}, {10, 21},
						  {39, 50}, {0, 100}, {19, 41}};
	uint8_t evil[100];
	struct piece p;
	struct reassembled out;

	(void)state;
	memset(evil, 0xee, sizeof(evil));
	assert_int_equal(add_cut(1, 100, 20, 40), DROP_NONE);
	for (size_t i = 0; i < sizeof(overlaps) / sizeof(overlaps[0]); i++) {
		p = cut(1, 1, 100, overlaps[i].start, overlaps[i].end);
		p.bytes = evil;
		out = add(&p, NS_PER_S);
		assert_int_equal(out.drop, DROP_BAD_FRAGMENT);
		assert_null(out.body);
	}
	assert_int_equal(add_cut(1, 100, 40, 100), DROP_NONE);
	p = cut(1, 1, 100, 0, 20);
	out = add(&p, NS_PER_S);
	assert_whole(&out, 100);
}

static void contradicting_total_ends_the_frame(void **state)
{
	(void)state;
	assert_int_equal(add_cut(1, 100, 0, 50), DROP_NONE);
	assert_int_equal(add_cut(1, 101, 50, 101), DROP_BAD_FRAGMENT);
	assert_int_equal(reassembly_in_use(&r), 0);
	assert_int_equal(add_cut(1, 100, 50, 100),
			 DROP_NONE); /* not complete: the first half went */
}

static void thirty_two_stretches_are_kept_apart_and_no_more(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < REASSEMBLY_STRETCHES_MAX; i++)
		assert_int_equal(add_cut(1, 1000, (uint16_t)(10 * i), 10u * i + 1), DROP_NONE);
	assert_int_equal(add_cut(1, 1000, 900, 901), DROP_BAD_FRAGMENT);
	assert_int_equal(add_cut(1, 1000, 1, 10), DROP_NONE); /* it joins two: now there is room */
	assert_int_equal(add_cut(1, 1000, 900, 901), DROP_NONE);
}

static void fill(uint8_t *bytes, uint32_t id)
{
	memset(bytes, (int)(id + 1), BODY_MAX);
}

/* Beginnings wherever there is a place for one */
static void scribble(void)
{
	static uint8_t junk[BODY_MAX];

	memset(junk, 0xee, sizeof(junk));
	for (uint32_t i = 0; i < REASSEMBLY_FRAMES_MAX; i++) {
		struct piece p = cut(2 + i / REASSEMBLY_PEER_MAX, i, BODY_MAX, 0, BODY_MAX - 1);

		p.bytes = junk;
		add(&p, NS_PER_S);
	}
}

static void finished_bodies_stay_as_they_are_while_as_many_as_kept_are_finished(void **state)
{
	const uint32_t kept = reassembly_kept(BODY_MAX), count = 3 * kept + 1;
	static uint8_t bytes[BODY_MAX];
	const uint8_t *bodies[3 * REASSEMBLY_KEPT_MAX + 1];

	(void)state;
	for (uint32_t id = 0; id < count; id++) {
		struct piece first = cut(1, id, BODY_MAX, 0, 1400),
			     last = cut(1, id, BODY_MAX, 1400, BODY_MAX);

		fill(bytes, id);
		first.bytes = last.bytes = bytes;
		add(&first, NS_PER_S);
		bodies[id] = add(&last, NS_PER_S).body;
		assert_non_null(bodies[id]);
		for (uint32_t back = 0; back < kept && back <= id; back++) {
			fill(bytes, id - back);
			assert_memory_equal(bodies[id - back], bytes, BODY_MAX);
		}
	}
	scribble();
	for (uint32_t id = count - kept; id < count; id++) {
		fill(bytes, id);
		assert_memory_equal(bodies[id], bytes, BODY_MAX);
	}
}

static void longer_bodies_are_kept_in_no_more_memory(void **state)
{
	const uint32_t longest = FRAME_TAG_BYTES + FRAME_MAX_BYTES;

	(void)state;
	assert_int_equal(reassembly_kept(FRAME_TAG_BYTES + 1514), REASSEMBLY_KEPT_MAX);
	assert_int_equal(reassembly_kept(BODY_MAX), REASSEMBLY_KEPT_MAX);
	assert_in_range(reassembly_kept(longest), 2, REASSEMBLY_KEPT_BYTES / longest);
	assert_true(reassembly_memory_bytes(longest) <=
		    (size_t)REASSEMBLY_FRAMES_MAX * longest + REASSEMBLY_KEPT_BYTES);
}

static void piece_of_a_frame_that_is_gone_begins_another(void **state)
{
	struct piece first = cut(1, 1, 100, 0, 50), last = cut(1, 1, 100, 50, 100);

	(void)state;
	add(&first, NS_PER_S);
	assert_non_null(add(&last, NS_PER_S).body);
	assert_int_equal(add_cut(1, 100, 50, 100), DROP_NONE); /* it was finished */
	assert_int_equal(reassembly_expire(&r, 2 * NS_PER_S), 1);
	assert_int_equal(add_cut(1, 100, 0, 50), DROP_NONE); /* it was given up */
	reassembly_forget(&r, 1, first.session);
	assert_int_equal(add_cut(1, 100, 50, 100), DROP_NONE); /* its session ended */
	assert_int_equal(reassembly_in_use(&r), 1);
}

/* Each second piece comes when another frame's came last. */
static void frames_that_take_turns_are_kept_apart(void **state)
{
	const uint32_t half = REASSEMBLY_PEER_MAX / 2;
	struct piece p;
	struct reassembled out;

	(void)state;
	for (uint32_t id = 0; id < REASSEMBLY_PEER_MAX; id++)
		assert_int_equal(add_cut(id, 100, 0, 50), DROP_NONE);
	for (uint32_t id = 0; id < half; id++) {
		p = cut(1, id, 100, 50, 100);
		out = add(&p, NS_PER_S);
		assert_whole(&out, 100);
	}
	assert_int_equal(add_cut(99, 100, 0, 50), DROP_NONE); /* into a free place */
	for (uint32_t id = half; id < REASSEMBLY_PEER_MAX; id++) {
		p = cut(1, id, 100, 50, 100);
		out = add(&p, NS_PER_S);
		assert_whole(&out, 100);
	}
	assert_int_equal(reassembly_in_use(&r), 1);
}

static void same_id_of_another_session_or_peer_is_another_frame(void **state)
{
	struct piece a = cut(1, 5, 100, 0, 50), b = cut(1, 5, 100, 50, 100), c = a;

	(void)state;
	b.session++;
	c.peer++;
	assert_int_equal(add(&a, NS_PER_S).drop, DROP_NONE);
	assert_null(add(&b, NS_PER_S).body);
	assert_null(add(&c, NS_PER_S).body);
	assert_int_equal(reassembly_in_use(&r), 3);
}

static void seventeenth_frame_of_a_peer_evicts_its_oldest(void **state)
{
	struct piece p;
	struct reassembled out;

	(void)state;
	for (uint32_t id = 0; id < REASSEMBLY_PEER_MAX; id++) {
		p = cut(1, id, 100, 0, 50);
		assert_int_equal(add(&p, NS_PER_S + id).evicted_peer, -1);
	}
	p = cut(1, 99, 100, 0, 50);
	out = add(&p, 2 * NS_PER_S - 1);
	assert_int_equal(out.evicted_peer, 1);
	assert_int_equal(out.drop, DROP_NONE);
	assert_int_equal(reassembly_in_use(&r), REASSEMBLY_PEER_MAX);
	p = cut(1, 1, 100, 50, 100); /* the second oldest is still there */
	out = add(&p, 2 * NS_PER_S - 1);
	assert_whole(&out, 100);
	p = cut(1, 0, 100, 50, 100); /* the oldest is not */
	assert_null(add(&p, 2 * NS_PER_S - 1).body);
}

static void full_pool_takes_from_the_peer_that_has_most(void **state)
{
	struct piece p;

	(void)state;
	/* 16, 16, 16, 15 and 1: peer 5 has one frame only, and peer 6 has none. */
	for (uint32_t i = 0; i < REASSEMBLY_FRAMES_MAX; i++) {
		uint32_t peer = i == REASSEMBLY_FRAMES_MAX - 1 ? 5 : 1 + i / REASSEMBLY_PEER_MAX;

		p = cut(peer, i, 100, 0, 50);
		assert_int_equal(add(&p, NS_PER_S + i).evicted_peer, -1);
	}
	p = cut(6, 0, 100, 0, 50);
	assert_int_equal(add(&p, NS_PER_S + 100).evicted_peer, 1);
	p = cut(5, 1, 100, 0, 50); /* one of its own goes, though another has more */
	assert_int_equal(add(&p, NS_PER_S + 101).evicted_peer, 5);
	assert_int_equal(reassembly_in_use(&r), REASSEMBLY_FRAMES_MAX);
}

static void unfinished_frame_is_given_up_after_a_second(void **state)
{
	struct piece p = cut(3, 1, 100, 0, 50);

	(void)state;
	assert_true(reassembly_deadline_ns(&r) == UINT64_MAX);
	add(&p, NS_PER_S);
	p = cut(3, 1, 100, 50, 60); /* a later piece wins it no time */
	add(&p, NS_PER_S + NS_PER_S / 2);
	assert_true(reassembly_deadline_ns(&r) == 2 * NS_PER_S);
	assert_int_equal(reassembly_expire(&r, 2 * NS_PER_S - 1), -1);
	assert_int_equal(reassembly_expire(&r, 2 * NS_PER_S), 3);
	assert_int_equal(reassembly_expire(&r, 2 * NS_PER_S), -1);
	assert_true(reassembly_deadline_ns(&r) == UINT64_MAX);
}

static void ended_session_takes_its_frames_along_and_no_others(void **state)
{
	struct piece mine = cut(1, 1, 100, 0, 50), other_session = mine,
		     other_peer = cut(2, 1, 100, 0, 50);

	(void)state;
	other_session.session++;
	add(&mine, NS_PER_S);
	add(&other_session, NS_PER_S);
	add(&other_peer, NS_PER_S);
	reassembly_forget(&r, 1, mine.session);
	assert_int_equal(reassembly_in_use(&r), 2);
	reassembly_forget(&r, 1, other_session.session);
	reassembly_forget(&r, 2, other_peer.session);
	assert_int_equal(reassembly_in_use(&r), 0);
}

/* FragmentSmack: nothing but beginnings. */
static void a_million_first_fragments_fill_nothing_but_the_pool(void **state)
{
	uint64_t evicted = 0;

	(void)state;
	for (uint32_t i = 0; i < MILLION; i++) {
		struct piece p = cut(i % 5, i, 9000, 0, 1 + i % 1000);
		struct reassembled out = add(&p, NS_PER_S + i);

		assert_int_equal(out.drop, DROP_NONE);
		evicted += out.evicted_peer >= 0;
	}
	assert_int_equal(reassembly_in_use(&r), REASSEMBLY_FRAMES_MAX);
	assert_true(evicted == MILLION - REASSEMBLY_FRAMES_MAX);
}

/* Random pieces, many of them wrong: what comes out is never anything but the pattern. */
static void no_mixture_of_pieces_makes_a_wrong_frame(void **state)
{
	struct rng rng = {.state = 7};
	unsigned whole = 0;

	(void)state;
	for (uint32_t i = 0; i < 300000; i++) {
		uint16_t total = (uint16_t)(rng_chance(&rng, 90) ? 64 : 8 + rng_below(&rng, 64));
		uint16_t from = (uint16_t)(8 * rng_below(&rng, 9) + rng_chance(&rng, 5));
		struct piece p = cut((uint32_t)rng_below(&rng, 6), (uint32_t)rng_below(&rng, 4),
				     total, from, from + 8 * (1 + rng_below(&rng, 3)));
		struct reassembled out = add(&p, NS_PER_S + i * 1000);

		if (!out.body)
			continue;
		assert_whole(&out, total);
		whole++;
	}
	assert_in_range(whole, 1000, 300000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pieces_in_any_order_make_the_frame),
		TEST(one_piece_may_be_the_whole_frame),
		TEST(piece_that_leaves_its_total_is_dropped),
		TEST(totals_that_no_frame_has_are_dropped),
		TEST(empty_piece_is_dropped),
		TEST(duplicates_and_overlaps_are_dropped_and_change_no_byte),
		TEST(contradicting_total_ends_the_frame),
		TEST(thirty_two_stretches_are_kept_apart_and_no_more),
		TEST(finished_bodies_stay_as_they_are_while_as_many_as_kept_are_finished),
		TEST(longer_bodies_are_kept_in_no_more_memory),
		TEST(piece_of_a_frame_that_is_gone_begins_another),
		TEST(frames_that_take_turns_are_kept_apart),
		TEST(same_id_of_another_session_or_peer_is_another_frame),
		TEST(seventeenth_frame_of_a_peer_evicts_its_oldest),
		TEST(full_pool_takes_from_the_peer_that_has_most),
		TEST(unfinished_frame_is_given_up_after_a_second),
		TEST(ended_session_takes_its_frames_along_and_no_others),
		TEST(a_million_first_fragments_fill_nothing_but_the_pool),
		TEST(no_mixture_of_pieces_makes_a_wrong_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
