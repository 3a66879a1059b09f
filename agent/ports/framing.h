/*
 * framing.h - Ethernet frames in a stream of bytes: each behind its length
 *
 * Layer: agent (ports). Pure: no I/O, no clock; allocates in the two _init() only.
 *
 * A frame is a big-endian u32 of its length in bytes, then the frame: QEMU's `stream` and `socket` with
 * listen= and connect=, passt, vrnetlab, socket_vmnet and gvproxy (net/socket.c in QEMU's sources).
 */
#ifndef AGENT_PORTS_FRAMING_H
#define AGENT_PORTS_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ether.h"

enum {
	FRAMING_LENGTH_BYTES = 4,
	FRAMING_MIN_BYTES = ETHER_HEADER_BYTES,
	FRAMING_MAX_BYTES = 69632, /* NET_BUFSIZE: with one byte more, QEMU closes the connection */
	/* Of what a machine has not read yet: what some milliseconds of a fast sender make. */
	FRAMING_OUT_BYTES = 256 * 1024,
};
_Static_assert((int)FRAME_MAX_BYTES <= (int)FRAMING_MAX_BYTES, "whatever we carry, a stream can");
_Static_assert((int)FRAMING_OUT_BYTES >= 2 * ((int)FRAMING_LENGTH_BYTES + (int)FRAME_MAX_BYTES),
	       "half of it takes the longest frame");

/* ---- in ---- */

/**
 * struct framing_in - what is known of a stream
 * @max_frame:	longer ones are passed over
 * @kept, @kept_len: the beginning of a frame
 * @skip:	so many bytes are still to come of one that is too long
 */
struct framing_in {
	uint32_t max_frame;
	uint8_t *kept;
	size_t kept_len;
	size_t skip;
};

/** struct framing_sink - @on_frame: one frame, borrowed; @on_long: one was passed over */
struct framing_sink {
	void (*on_frame)(void *context, const uint8_t *frame, size_t len);
	void (*on_long)(void *context);
	void *context;
};

/** framing_in_init() - Return: false without memory */
bool framing_in_init(struct framing_in *in, uint32_t max_frame);

void framing_in_fini(struct framing_in *in);

/** framing_begin() - Put what was kept in front of what is read next. @room: at least FRAMING_LENGTH_BYTES +
 * max_frame. Return: how many bytes that is */
size_t framing_begin(const struct framing_in *in, uint8_t *room);

/**
 * framing_run() - Take all frames out; keep what is not whole yet
 * @bytes:	what framing_begin() put there, and what was read behind it
 *
 * Return: 0; -EPROTO at a length that no frame has: there is no way to find the next one, ever
 */
int framing_run(struct framing_in *in, const uint8_t *bytes, size_t len,
		const struct framing_sink *sink);

/* ---- out ---- */

/** struct framing_out - bytes on their way: [head, tail) of @room */
struct framing_out {
	uint8_t *room;
	size_t head, tail;
};

bool framing_out_init(struct framing_out *out);
void framing_out_fini(struct framing_out *out);

/** framing_push() - Append a whole frame. Return: false, and nothing appended, when there is no room */
bool framing_push(struct framing_out *out, const uint8_t *frame, size_t len);

/** framing_wait() - How many bytes wait; @at points to them */
size_t framing_wait(const struct framing_out *out, const uint8_t **at);

/** framing_sent() - The first @len of them are gone */
void framing_sent(struct framing_out *out, size_t len);

#endif
