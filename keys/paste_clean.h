/*
 * paste_clean.h - a pasted text without what programs on its way put in
 *
 * Layer: keys (private to paste.c).
 */
#ifndef KEYS_PASTE_CLEAN_H
#define KEYS_PASTE_CLEAN_H

#include <stddef.h>

/**
 * paste_clean() - Spaces of all kinds become ' ', quotation marks too; dashes become '-'; what cannot be
 * seen goes; every line ends in '\n'
 * @out:	@len + 1 bytes; ends in NUL. A NUL in the text becomes ' '
 */
void paste_clean(const char *text, size_t len, char *out);

/** paste_unquote() - Where the line begins behind quotation signs and blanks ("> > ", "| ") */
char *paste_unquote(char *line);

#endif
