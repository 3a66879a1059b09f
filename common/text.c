/*
 * text.c - see text.h
 */
#include "common/text.h"

#include <errno.h>
#include <string.h>

enum {
	DIGITS_MAX = 10 /* of 2^32 - 1 */,
	SHOWN_MAX = 80 /* of a wrong value, in a message */
};

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(const char *name)
{
	if (!is_alphanumeric(name[0]))
		return false;
	for (const char *c = name; *c; c++)
		if (!is_alphanumeric(*c) && !strchr("._-", *c))
			return false;
	return strlen(name) < TEXT_NAME_BYTES;
}

int text_check_name(const char *name, struct error *err)
{
	if (is_name(name))
		return 0;
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, -EINVAL,
				 "'%.*s' is a path and not a name; expected letters, digits, '.', "
				 "'_' or '-'",
				 SHOWN_MAX, name);
	return error_set(
		err, -EINVAL,
		"'%.*s' is no name; expected 1 to %d letters, digits, '.', '_' or '-', the "
		"first a letter or digit",
		SHOWN_MAX, name, TEXT_NAME_BYTES - 1);
}

int text_parse_number(const char *text, uint32_t least, uint32_t most, uint32_t *out,
		      struct error *err)
{
	size_t len = strlen(text);
	uint64_t value = 0;

	for (size_t i = 0; i < len && i < DIGITS_MAX; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	if (len < 1 || len > DIGITS_MAX || strspn(text, "0123456789") != len || value < least ||
	    value > most)
		return error_set(err, -EINVAL, "'%.*s' is no number from %u to %u", SHOWN_MAX, text,
				 least, most);
	*out = (uint32_t)value;
	return 0;
}

int text_next_item(const char **list, char *item, size_t size)
{
	const char *at = *list, *end;
	size_t len;

	if (!*at)
		return 0;
	end = at + strcspn(at, ",");
	*list = *end ? end + 1 : end;
	at += strspn(at, " \t");
	for (len = end > at ? (size_t)(end - at) : 0; len; len--)
		if (!strchr(" \t", at[len - 1]))
			break;
	if (len >= size)
		return -E2BIG;
	memcpy(item, at, len);
	item[len] = '\0';
	return 1;
}
