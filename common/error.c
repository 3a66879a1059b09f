/*
 * error.c - see error.h
 */
#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *err, int code, const char *format, ...)
{
	struct error made; /* the arguments may point into *err */
	va_list args;

	if (!err)
		return code;
	va_start(args, format);
	vsnprintf(made.text, sizeof(made.text), format, args);
	va_end(args);
	*err = made;
	return code;
}
