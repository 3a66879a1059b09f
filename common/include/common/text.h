/*
 * text.h - the small values that people type: names and numbers
 *
 * Layer: common. Refusals say what was expected; the place (file and line) is the caller's to add.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum {
	TEXT_NAME_BYTES = 64 /* of an agent, peer, vlan or port, with NUL */
};

/**
 * text_check_name() - May this be the name of an agent, peer, vlan or port?
 *
 * 1 to 63 letters, digits, '.', '_', '-', the first a letter or digit: so it is also a file's name in
 * one folder, and no option. Return: 0, or -EINVAL; a path is refused as such
 */
int text_check_name(const char *name, struct error *err);

/**
 * text_parse_number() - A decimal number without sign and blanks
 * @most:	largest allowed
 *
 * Return: 0, or -EINVAL with @out untouched
 */
int text_parse_number(const char *text, uint32_t least, uint32_t most, uint32_t *out,
		      struct error *err);

/**
 * text_next_item() - Take an item of a list that is separated by commas
 * @list:	where to go on; moves; may be an empty string from the start
 * @item, @size: receives the item without blanks around it; empty for "a,,b"
 *
 * Return: 1 with an item, 0 at the end, -E2BIG when it does not fit @size
 */
int text_next_item(const char **list, char *item, size_t size);

#endif
