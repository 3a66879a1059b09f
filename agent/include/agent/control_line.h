/*
 * control_line.h - requests of the control socket, from bytes
 *
 * Layer: agent. Pure: no socket. What comes in is whatever the other side sends, so both halves are
 * bounded: a line has a greatest length, and a request is one JSON object of it.
 * Spec: longwire-control(7).
 */
#ifndef AGENT_CONTROL_LINE_H
#define AGENT_CONTROL_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/ether.h"

enum {
	CONTROL_WORDS_BYTES = 1024, /* a request without a frame: names and numbers */
	CONTROL_LINE_MAX_BYTES =
		2 * FRAME_MAX_BYTES + CONTROL_WORDS_BYTES, /* the longest frame in hex */
	CONTROL_CMD_BYTES = 32,
};

/** struct line_buffer - collects bytes until a line is whole; on the heap, grows to the greatest line */
struct line_buffer {
	char *bytes;
	size_t len;
	size_t capacity;
};

/**
 * line_buffer_room() - Where the next bytes are to be written
 *
 * Return: how many fit at @out, at least 1; 0 when a line is already longer than allowed, or without
 * memory
 */
size_t line_buffer_room(struct line_buffer *b, char **out);

/** line_buffer_added() - @len bytes were written there */
void line_buffer_added(struct line_buffer *b, size_t len);

/**
 * line_buffer_next() - Take the next whole line out
 * @out:	heap memory for free(), NUL-terminated, without the line end; a NUL in the line ends it
 *
 * Return: true; false when no whole line is there (or no memory for it)
 */
bool line_buffer_next(struct line_buffer *b, char **out);

/** line_buffer_fini() - Free the bytes */
void line_buffer_fini(struct line_buffer *b);

/**
 * struct control_message - one request
 * @body:	the whole object; owned, for control_message_fini()
 * @id:		whatever the client sent to know its answer by, or NULL; borrowed from @body
 * @cmd:	what to do
 */
struct control_message {
	json_t *body;
	json_t *id;
	char cmd[CONTROL_CMD_BYTES];
};

/**
 * control_message_parse() - Understand one line
 * @out:	filled on success; on failure only @body and @id may be set, so that the answer carries it
 *
 * Return: 0, or -EINVAL with @err; in both cases control_message_fini() is due
 */
int control_message_parse(const char *line, struct control_message *out, struct error *err);

/** control_message_fini() - Let go of the object */
void control_message_fini(struct control_message *m);

/** control_hex_decode() - Digits of either case in pairs; blanks and colons between pairs are passed
 * over. Return: bytes written to @out, or -EINVAL (another character, half a byte), -E2BIG */
int control_hex_decode(const char *text, uint8_t *out, size_t max);

#endif
