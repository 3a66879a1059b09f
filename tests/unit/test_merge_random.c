/*
 * test_merge_random.c - agent/merge.h: whatever was put together cuts into the same bytes again, up to its limits
 */
#include "unit.h"

#include "came.h"

enum {
	RANDOM = 5000,
};

/* ---- how much ---- */

static void at_most_64_join(void **state)
{
	struct super s = UDP6;
	size_t count = 1;

	(void)state;
	s.data_len = 1;
	for (size_t i = 0; i < FRAMES_MAX; i++, s = next_of(&s))
		comes(i, &s);
	start(0);
	while (adds(count))
		count++;
	assert_int_equal(count, OFFLOAD_PIECES_MAX);
	assert_cuts_into(0, count);
}

/* So many as @len bytes of data make. Return: how many */
static size_t comes_with(const struct super *first, size_t len)
{
	struct super s = *first;
	size_t count = 0;

	while (len > 0) {
		s.data_len = len < LONG_BYTES ? len : LONG_BYTES;
		len -= s.data_len;
		comes(count++, &s);
		s = next_of(&s);
	}
	return count;
}

/* What IP's length can tell: 65,535 */
static void a_whole_is_no_longer_than_a_packet_can_be(void **state)
{
	const struct super all[] = {TCP4, UDP6};
	const size_t most[] = {65535 - 40, 65535 - 48};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t count = comes_with(&all[i / 2], most[i / 2] + i % 2);

		start(0);
		for (size_t k = 1; k + 1 < count; k++)
			assert_true(adds(k));
		assert_int_equal(adds(count - 1), i % 2 == 0);
		assert_cuts_into(0, count - i % 2);
	}
}

/* ---- any ---- */

/* One flow after another, each piece as its host would have sent it, some with a bit turned round. Return: how
 * many came */
static size_t random_frames(void)
{
	size_t count = 0;

	while (count < FRAMES_MAX / 2) {
		struct super s = super_random(&rng, data);
		size_t piece_len = 1 + rng_below(&rng, PIECE_BYTES), pieces = rng_below(&rng, 20);

		s.data_len = piece_len * pieces + rng_below(&rng, piece_len);
		if (rng_chance(&rng, 30))
			s.flags |= SUPER_PUSH;
		for (size_t i = 0; i * piece_len < s.data_len; i++) {
			struct super piece = super_piece(&s, piece_len, i);

			if (!comes(count, &piece))
				break;
			if (rng_chance(&rng, 5)) {
				came[count].bytes[rng_below(&rng, came[count].len)] ^=
					(uint8_t)(1U << rng_below(&rng, 8));
				offload_derive(came[count].bytes, came[count].len,
					       &came[count].offload);
			}
			count++;
		}
	}
	return count;
}

static void whatever_was_put_together_cuts_into_the_same_bytes(void **state)
{
	size_t joined = 0, groups = 0;

	(void)state;
	for (int round = 0; round < RANDOM / 10; round++) {
		size_t count = random_frames(), first = 0;

		start(0);
		for (size_t i = 1; i <= count; i++) {
			if (i < count && adds(i))
				continue;
			assert_cuts_into(first, i - first);
			joined += i - first - 1;
			groups++;
			first = i;
			if (i < count)
				start(i);
		}
	}
	assert_true(joined > 2 * groups); /* or it proves little */
}

/* All that was one is one again, and then as it was: this is what an interface is handed. */
static void the_pieces_of_a_super_frame_become_it_again(void **state)
{
	static uint8_t whole[SUPER_BYTES], headers[OFFLOAD_HEADERS_MAX];

	(void)state;
	for (int round = 0; round < RANDOM; round++) {
		struct super s = super_random(&rng, data);
		size_t piece_len = 1 + rng_below(&rng, PIECE_BYTES);
		size_t count = 2 + rng_below(&rng, OFFLOAD_PIECES_MAX - 1);
		struct super first = super_piece(&s, piece_len, 0);

		s.data_len = piece_len * (count - 1) + 1 + rng_below(&rng, piece_len);
		s.flags |= (uint8_t)rng_below(&rng, 2) * SUPER_PUSH;
		for (size_t i = 0; i < count; i++) {
			first = super_piece(&s, piece_len, i);
			if (!comes(i, &first)) {
				s.data_len = 0; /* headers that are too long */
				break;
			}
		}
		if (s.data_len == 0)
			continue;
		start(0);
		for (size_t i = 1; i < count; i++)
			assert_true(adds(i));
		assert_cuts_into(0, count);
		super_write(&s, whole);
		offload_whole(m.frame, &m.offload, headers);
		memcpy(headers + m.offload.checksum_at, whole + m.offload.checksum_at, 2);
		assert_memory_equal(headers, whole, m.offload.headers_len);
		assert_int_equal(m.offload.piece_len, piece_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		seeded(at_most_64_join),
		seeded(a_whole_is_no_longer_than_a_packet_can_be),
		seeded(whatever_was_put_together_cuts_into_the_same_bytes),
		seeded(the_pieces_of_a_super_frame_become_it_again),
	};

	return cmocka_run_group_tests_name("merge_random", tests, NULL, NULL);
}
