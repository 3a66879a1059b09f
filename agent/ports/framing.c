/*
 * framing.c - see framing.h
 */
#include "framing.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cursor.h"

/* ---- in ---- */

bool framing_in_init(struct framing_in *in, uint32_t max_frame)
{
	*in = (struct framing_in){.max_frame = max_frame,
				  .kept = malloc(FRAMING_LENGTH_BYTES + (size_t)max_frame)};
	return in->kept != NULL;
}

void framing_in_fini(struct framing_in *in)
{
	free(in->kept);
	in->kept = NULL;
}

size_t framing_begin(const struct framing_in *in, uint8_t *room)
{
	memcpy(room, in->kept, in->kept_len);
	return in->kept_len;
}

static void skip(struct framing_in *in, struct reader *r)
{
	size_t left = reader_left(r), count = in->skip < left ? in->skip : left;

	reader_bytes(r, count);
	in->skip -= count;
}

/* Take one frame. Return: 1, or 0 if it is not whole yet and @r did not move, or -EPROTO. */
static int take(struct framing_in *in, struct reader *r, const struct framing_sink *sink)
{
	struct reader ahead = *r;
	uint32_t len = reader_u32(&ahead);
	const uint8_t *frame;

	if (ahead.failed)
		return 0;
	if (len < FRAMING_MIN_BYTES || len > FRAMING_MAX_BYTES)
		return -EPROTO;
	if (len > in->max_frame) {
		sink->on_long(sink->context);
		in->skip = len;
		*r = ahead;
		return 1;
	}
	frame = reader_bytes(&ahead, len);
	if (!frame)
		return 0;
	*r = ahead;
	sink->on_frame(sink->context, frame, len);
	return 1;
}

int framing_run(struct framing_in *in, const uint8_t *bytes, size_t len,
		const struct framing_sink *sink)
{
	struct reader r = reader_over(bytes, len);
	int code;

	do {
		skip(in, &r);
		code = take(in, &r, sink);
	} while (code > 0);
	if (code < 0)
		return code;
	in->kept_len = reader_left(&r);
	assert(in->kept_len < FRAMING_LENGTH_BYTES + (size_t)in->max_frame);
	reader_copy(&r, in->kept, in->kept_len);
	return 0;
}

/* ---- out ---- */

bool framing_out_init(struct framing_out *out)
{
	*out = (struct framing_out){.room = malloc(FRAMING_OUT_BYTES)};
	return out->room != NULL;
}

void framing_out_fini(struct framing_out *out)
{
	free(out->room);
	out->room = NULL;
}

/* Only when half of it is free, so that no byte is moved more than once. */
static void close_gap(struct framing_out *out)
{
	if (out->head < FRAMING_OUT_BYTES / 2)
		return;
	memmove(out->room, out->room + out->head, out->tail - out->head);
	out->tail -= out->head;
	out->head = 0;
}

bool framing_push(struct framing_out *out, const uint8_t *frame, size_t len)
{
	struct writer w;

	if (FRAMING_OUT_BYTES - out->tail < FRAMING_LENGTH_BYTES + len)
		close_gap(out);
	if (FRAMING_OUT_BYTES - out->tail < FRAMING_LENGTH_BYTES + len)
		return false;
	w = writer_over(out->room + out->tail, FRAMING_OUT_BYTES - out->tail);
	writer_u32(&w, (uint32_t)len);
	writer_bytes(&w, frame, len);
	out->tail += writer_used(&w);
	return true;
}

size_t framing_wait(const struct framing_out *out, const uint8_t **at)
{
	*at = out->room + out->head;
	return out->tail - out->head;
}

void framing_sent(struct framing_out *out, size_t len)
{
	assert(len <= out->tail - out->head);
	out->head += len;
	if (out->head == out->tail)
		out->head = out->tail = 0;
}
