/*
 * error.h - one sentence that says what went wrong, where, and what to do
 *
 * Layer: common. Start-up, files and control requests report through it; packets never do (they
 * return enum drop).
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

enum {
	ERROR_TEXT_BYTES = 768 /* two paths and a sentence */
};

/** struct error - a message for a person; empty text means no error was set */
struct error {
	char text[ERROR_TEXT_BYTES];
};

/**
 * error_set() - Format a message
 * @err:	filled, cut at the end if too long; may be NULL, then nothing is kept
 * @code:	negative errno to hand through
 * @format:	printf format of one sentence without a final newline; an argument may be the text of
 *		@err itself, so that a caller can put a place in front of a message it was given
 *
 * Return: @code, so that a caller can write return error_set(err, -EINVAL, ...)
 */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
