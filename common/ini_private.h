/*
 * ini_private.h - what both readers of keys call
 *
 * Layer: common, private to ini.c and ini_words.c.
 */
#ifndef COMMON_INI_PRIVATE_H
#define COMMON_INI_PRIVATE_H

#include "common/ini.h"

enum {
	INI_LIST_BYTES = 256 /* names in a message */
};

/** ini_list_keys() - "a, b or c", for a message. Return: @list */
const char *ini_list_keys(const struct ini_section *s, char list[INI_LIST_BYTES]);

#endif
