/*
 * test_framing.c - agent/ports/framing.h
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "../../agent/ports/framing.h"
#include "common/cursor.h"

enum {
	MAX_FRAME = 1514,
	ROOM = FRAMING_LENGTH_BYTES + FRAMING_MAX_BYTES + 65536
};

/* What came out. */
static struct {
	int frames, longs;
	size_t bytes, last_len;
	uint8_t last_first;
} seen;

static uint8_t room[ROOM], input[ROOM];

static void on_frame(void *context, const uint8_t *frame, size_t len)
{
	(void)context;
	seen.frames++;
	seen.bytes += len;
	seen.last_len = len;
	seen.last_first = frame[0];
	for (size_t i = 1; i < len; i++)
		assert_int_equal(frame[i], (uint8_t)(frame[0] + i));
}

static void on_long(void *context)
{
	(void)context;
	seen.longs++;
}

static const struct framing_sink SINK = {.on_frame = on_frame, .on_long = on_long};

/* Append a frame of that length, whose bytes count up from @first. */
static void put(struct writer *w, uint32_t len, uint8_t first)
{
	writer_u32(w, len);
	for (uint32_t i = 0; i < len; i++)
		writer_u8(w, (uint8_t)(first + i));
	assert_false(w->failed);
}

/* As a socket would hand it over. */
static int feed(struct framing_in *in, const uint8_t *bytes, size_t len)
{
	size_t at = framing_begin(in, room);

	assert_true(at + len <= ROOM);
	memcpy(room + at, bytes, len);
	return framing_run(in, room, at + len, &SINK);
}

static void frames_come_out_wherever_the_stream_is_cut(void **state)
{
	struct writer w = writer_over(input, ROOM);
	struct framing_in in;
	size_t len;

	(void)state;
	put(&w, 14, 1);
	put(&w, 60, 2);
	put(&w, MAX_FRAME, 3);
	put(&w, 15, 4);
	len = writer_used(&w);
	for (size_t cut = 0; cut <= len; cut++) {
		memset(&seen, 0, sizeof(seen));
		framing_in_init(&in, MAX_FRAME);
		assert_int_equal(feed(&in, input, cut), 0);
		assert_int_equal(feed(&in, input + cut, len - cut), 0);
		assert_int_equal(seen.frames, 4);
		assert_int_equal(seen.bytes, 14 + 60 + MAX_FRAME + 15);
		assert_int_equal(seen.last_first, 4);
		assert_int_equal(in.kept_len, 0);
		framing_in_fini(&in);
	}
}

static void frames_come_out_of_single_bytes(void **state)
{
	struct writer w = writer_over(input, ROOM);
	struct framing_in in;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	framing_in_init(&in, MAX_FRAME);
	put(&w, 14, 1);
	put(&w, MAX_FRAME + 1, 2);
	put(&w, MAX_FRAME, 3);
	for (size_t i = 0; i < writer_used(&w); i++)
		assert_int_equal(feed(&in, input + i, 1), 0);
	assert_int_equal(seen.frames, 2);
	assert_int_equal(seen.longs, 1);
	assert_int_equal(seen.last_len, MAX_FRAME);
	framing_in_fini(&in);
}

static void a_length_that_no_frame_has_ends_it_wherever_the_stream_is_cut(void **state)
{
	static const uint32_t lengths[] = {0, 1, 13, 69633, UINT32_MAX};
	struct framing_in in;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct writer w = writer_over(input, ROOM);
		size_t len;

		put(&w, 14, 1);
		writer_u32(&w, lengths[i]);
		len = writer_used(&w);
		for (size_t cut = 0; cut < len; cut++) {
			memset(&seen, 0, sizeof(seen));
			framing_in_init(&in, MAX_FRAME);
			assert_int_equal(feed(&in, input, cut), 0);
			assert_int_equal(feed(&in, input + cut, len - cut), -EPROTO);
			assert_int_equal(seen.frames, 1); /* what came before is good */
			framing_in_fini(&in);
		}
	}
}

static void frames_over_the_limit_are_passed_over_and_the_next_is_found(void **state)
{
	static const uint32_t lengths[] = {MAX_FRAME + 1, 65507, FRAMING_MAX_BYTES};
	struct framing_in in;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct writer w = writer_over(input, ROOM);
		size_t len;

		put(&w, lengths[i], 1);
		put(&w, 60, 2);
		len = writer_used(&w);
		for (size_t cut = 0; cut <= len; cut += 1 + len / 300) {
			memset(&seen, 0, sizeof(seen));
			framing_in_init(&in, MAX_FRAME);
			assert_int_equal(feed(&in, input, cut), 0);
			assert_int_equal(feed(&in, input + cut, len - cut), 0);
			assert_int_equal(seen.longs, 1);
			assert_int_equal(seen.frames, 1);
			assert_int_equal(seen.last_first, 2);
			framing_in_fini(&in);
		}
	}
}

static void frames_go_out_behind_their_length(void **state)
{
	struct writer w = writer_over(input, ROOM);
	struct framing_out out;
	const uint8_t *at;

	(void)state;
	framing_out_init(&out);
	put(&w, 60, 1);
	put(&w, 14, 2);
	assert_true(framing_push(&out, input + FRAMING_LENGTH_BYTES, 60));
	assert_true(framing_push(&out, input + 2 * FRAMING_LENGTH_BYTES + 60, 14));
	assert_int_equal(framing_wait(&out, &at), writer_used(&w));
	assert_memory_equal(at, input, writer_used(&w));
	framing_out_fini(&out);
}

static void what_does_not_fit_is_refused_whole_and_what_is_begun_stays(void **state)
{
	static uint8_t frame[1514];
	struct framing_out out;
	const uint8_t *at;
	size_t taken = 0, waiting;

	(void)state;
	framing_out_init(&out);
	while (framing_push(&out, frame, sizeof(frame)))
		taken++;
	assert_int_equal(taken, FRAMING_OUT_BYTES / (FRAMING_LENGTH_BYTES + sizeof(frame)));
	waiting = framing_wait(&out, &at);
	assert_int_equal(waiting, taken * (FRAMING_LENGTH_BYTES + sizeof(frame)));
	framing_sent(&out, 1000); /* the middle of the first frame */
	assert_false(framing_push(&out, frame, sizeof(frame)));
	assert_int_equal(framing_wait(&out, &at), waiting - 1000);
	framing_out_fini(&out);
}

static void what_goes_out_in_pieces_is_what_went_in(void **state)
{
	static uint8_t frame[4000];
	struct framing_out out;
	struct framing_in in;
	int pushed = 0;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	framing_out_init(&out);
	framing_in_init(&in, sizeof(frame));
	srand(1);
	for (int i = 0; i < 20000; i++) {
		size_t len = 14 + (size_t)rand() % (sizeof(frame) - 14), waiting;
		const uint8_t *at;

		for (size_t k = 0; k < len; k++)
			frame[k] = (uint8_t)(i + (int)k);
		pushed += framing_push(&out, frame, len);
		waiting = framing_wait(&out, &at);
		if (rand() % 3 == 0) {
			size_t piece = waiting < 6000 ? waiting : (size_t)rand() % 6000;

			assert_int_equal(feed(&in, at, piece), 0);
			framing_sent(&out, piece);
		}
	}
	for (const uint8_t *at;;) {
		size_t waiting = framing_wait(&out, &at), piece = waiting < 6000 ? waiting : 6000;

		if (waiting == 0)
			break;
		assert_int_equal(feed(&in, at, piece), 0);
		framing_sent(&out, piece);
	}
	assert_in_range(pushed, 5000, 19999); /* some did not fit */
	assert_int_equal(seen.frames, pushed);
	framing_out_fini(&out);
	framing_in_fini(&in);
}

/* Frames of 60, 61 and so on bytes. */
static size_t push_some(struct framing_out *out, int first, int count)
{
	uint8_t frame[100];
	size_t bytes = 0;

	for (int i = first; i < first + count; i++) {
		size_t len = 60 + (size_t)i;

		for (size_t k = 0; k < len; k++)
			frame[k] = (uint8_t)(i + (int)k);
		assert_true(framing_push(out, frame, len));
		bytes += FRAMING_LENGTH_BYTES + len;
	}
	return bytes;
}

static void a_batch_that_the_kernel_took_in_part_goes_on_where_that_ended(void **state)
{
	const size_t batch = 4 * FRAMING_LENGTH_BYTES + 60 + 61 + 62 + 63;

	(void)state;
	for (size_t taken = 0; taken <= batch; taken++) {
		struct framing_out out;
		struct framing_in in;
		const uint8_t *at;

		memset(&seen, 0, sizeof(seen));
		framing_out_init(&out);
		framing_in_init(&in, MAX_FRAME);
		assert_int_equal(push_some(&out, 0, 4), batch);
		framing_wait(&out, &at);
		assert_int_equal(feed(&in, at, taken), 0);
		framing_sent(&out, taken);
		push_some(&out, 4, 2);                /* behind what is left */
		while (framing_wait(&out, &at) > 0) { /* byte by byte */
			assert_int_equal(feed(&in, at, 1), 0);
			framing_sent(&out, 1);
		}
		assert_int_equal(seen.frames, 6);
		assert_int_equal(seen.last_len, 65);
		assert_int_equal(seen.last_first, 5);
		framing_out_fini(&out);
		framing_in_fini(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_out_wherever_the_stream_is_cut),
		cmocka_unit_test(frames_come_out_of_single_bytes),
		cmocka_unit_test(a_length_that_no_frame_has_ends_it_wherever_the_stream_is_cut),
		cmocka_unit_test(frames_over_the_limit_are_passed_over_and_the_next_is_found),
		cmocka_unit_test(frames_go_out_behind_their_length),
		cmocka_unit_test(what_does_not_fit_is_refused_whole_and_what_is_begun_stays),
		cmocka_unit_test(what_goes_out_in_pieces_is_what_went_in),
		cmocka_unit_test(a_batch_that_the_kernel_took_in_part_goes_on_where_that_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
