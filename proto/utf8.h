/*
 * utf8.h - text from outside that people will see
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 6.4 tag 1.
 */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include <stdbool.h>

#include "common/cursor.h"

/**
 * utf8_is_text() - Is the rest of @r well-formed UTF-8 without control characters?
 *
 * Shown on terminals and in JSON: so no character moves a cursor. An empty rest is text.
 */
bool utf8_is_text(struct reader r);

/** utf8_take_name() - The next @len bytes, if they are text that may be a name, into @out, with NUL
 * @out:	NAME_BYTES; untouched on failure
 *
 * Return: false if they are not there, none, too many, or not text
 */
bool utf8_take_name(struct reader *r, size_t len, char *out);

#endif
