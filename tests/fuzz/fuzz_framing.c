/*
 * fuzz_framing.c - frames in a stream of bytes come out as they went in, wherever it is cut; at a length
 * that no frame has it ends, and nothing more comes
 *
 * An input is first the stream itself, cut at random; then orders: which lengths to put into a stream, and
 * where to cut it, of which it is known what has to come out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/ports/framing.h"
#include "common/cursor.h"
#include "fuzz.h"

enum {
	MAX_FRAME = 9216,
	FRAMES_MAX = 12,
	STREAM_BYTES = FRAMES_MAX * (FRAMING_LENGTH_BYTES + FRAMING_MAX_BYTES),
	PIECE_MAX = 128 * 1024, /* at a time: as a port reads */
};

static const uint32_t LENGTHS[] = {0,     13,    14,    60,         1514, MAX_FRAME, MAX_FRAME + 1,
				   65507, 69632, 69633, UINT32_MAX, 15};

/* What came out, or has to */
struct seen {
	size_t frames, longs, bytes;
	uint32_t sum; /* of the bytes, each times its place */
	bool failed;
};

static bool is_same(const struct seen *a, const struct seen *b)
{
	return a->frames == b->frames && a->longs == b->longs && a->bytes == b->bytes &&
	       a->sum == b->sum && a->failed == b->failed;
}

static void add(struct seen *s, const uint8_t *frame, size_t len)
{
	s->frames++;
	s->bytes += len;
	for (size_t i = 0; i < len; i++)
		s->sum = s->sum * 31 + frame[i];
}

static void on_frame(void *context, const uint8_t *frame, size_t len)
{
	fuzz_must(len >= FRAMING_MIN_BYTES && len <= MAX_FRAME, "a frame that is none");
	add(context, frame, len);
}

static void on_long(void *context)
{
	((struct seen *)context)->longs++;
}

/* One piece, in room of exactly the bytes that a port has to have */
static int feed(struct framing_in *in, const uint8_t *bytes, size_t len, struct seen *seen)
{
	const struct framing_sink sink = {on_frame, on_long, seen};
	uint8_t *room = malloc(FRAMING_LENGTH_BYTES + MAX_FRAME + len), *exact;
	size_t at = framing_begin(in, room);
	int code;

	fuzz_must(at < FRAMING_LENGTH_BYTES + (size_t)MAX_FRAME, "more is kept than a frame");
	memcpy(room + at, bytes, len);
	exact = fuzz_exact(room, at + len);
	code = framing_run(in, exact, at + len, &sink);
	fuzz_must(code == 0 || code == -EPROTO, "another error");
	free(exact);
	free(room);
	return code;
}

/* @cuts: how long the pieces are, again and again */
static struct seen run(const uint8_t *stream, size_t len, const uint8_t *cuts, size_t cut_count)
{
	struct seen seen = {0};
	struct framing_in in;

	fuzz_must(framing_in_init(&in, MAX_FRAME), "no memory");
	for (size_t at = 0, i = 0; at < len && !seen.failed; i++) {
		size_t piece = cut_count ? cuts[i % cut_count] : len;

		/* every other one long, or nothing would ever be whole */
		piece = i % 2 ? 1 + piece : 1 + piece * (PIECE_MAX / 256);
		piece = piece < len - at ? piece : len - at;
		seen.failed = feed(&in, stream + at, piece, &seen) < 0;
		at += piece;
	}
	framing_in_fini(&in);
	return seen;
}

/* Return: length of the stream that the orders make; @must: what has to come out of it */
static size_t make(const uint8_t *orders, size_t count, uint8_t *stream, struct seen *must)
{
	struct writer w = writer_over(stream, STREAM_BYTES);

	for (size_t i = 0; i < count && i < FRAMES_MAX && !must->failed; i++) {
		uint32_t len = LENGTHS[orders[i] % (sizeof(LENGTHS) / sizeof(LENGTHS[0]))];
		size_t begin;

		writer_u32(&w, len);
		must->failed = len < FRAMING_MIN_BYTES || len > FRAMING_MAX_BYTES;
		begin = writer_used(&w);
		for (uint32_t k = 0; k < len && !must->failed; k++)
			writer_u8(&w, (uint8_t)(orders[i] + k));
		if (!must->failed && len <= MAX_FRAME)
			add(must, stream + begin, len);
		else if (!must->failed)
			must->longs++;
	}
	return writer_used(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t stream[STREAM_BYTES];
	size_t orders = size < FRAMES_MAX ? size : FRAMES_MAX, len;
	struct seen must = {0}, whole, cut;

	whole = run(data, size, NULL, 0);
	cut = run(data, size, data, orders);
	fuzz_must(is_same(&whole, &cut), "it matters where a stream is cut");
	len = make(data, orders, stream, &must);
	cut = run(stream, len, data + orders, size - orders);
	fuzz_must(is_same(&must, &cut), "not what went in comes out");
	return 0;
}
