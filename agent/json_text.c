/*
 * json_text.c - see json_text.h
 */
#include "agent/json_text.h"

#include <stdlib.h>
#include <string.h>

enum {
	ASCII_LAST = 0x7f
};

json_t *json_text(const char *text)
{
	json_t *made = json_string(text);
	char *copy = made ? NULL : strdup(text);

	if (!copy)
		return made;
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c > ASCII_LAST)
			*c = '?';
	made = json_string(copy);
	free(copy);
	return made;
}
