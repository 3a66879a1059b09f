/*
 * unit.h - what every unit test includes: cmocka and what it needs first
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/error.h"

/* Fail unless @text contains @part; the failure shows both. */
static inline void assert_contains(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text ? text : "(nothing)");
}

/* For error tests: a message stands in @err, is one line, and contains @part. */
static inline void assert_error(const struct error *err, const char *part)
{
	assert_contains(err->text, part);
	assert_null(strchr(err->text, '\n'));
}

#endif
