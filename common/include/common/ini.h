/*
 * ini.h - our text files: libinih with line numbers, and without its leniency
 *
 * Layer: common. Reads memory, opens no file.
 *
 * How it works. A caller describes its file by a schema: which types of section there are and which
 * keys each has. ini_read() calls open() at each section's line and set() at each key's; both write
 * into the caller's objects. A refusal of theirs gets "FILE:LINE: " put in front, and ends the
 * reading: one message, the first.
 *
 * The form: "[type]" or "[type name]"; "key = value"; a comment starts with ';' or '#' at the start
 * of a line, or with ';' after a blank. LF or CRLF; a byte order mark is passed over. Refused:
 * unknown and repeated sections and keys, keys before a section, lines without '=', keys without a
 * value, lines that are too long, control characters. A line that begins with blanks is a line like
 * any other (libinih alone would append it to the value before).
 */
#ifndef COMMON_INI_H
#define COMMON_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

enum {
	INI_KEYS_MAX = 16,      /* keys of one section type */
	INI_SECTIONS_MAX = 128, /* sections in one file */
	INI_NAME_BYTES = 64,    /* "type name" of a section, with NUL */
};

/**
 * struct ini_key - one key of a section
 * @name:	as in the file
 * @set:	takes a value: not empty, no blanks around it, valid during the call only; @object is
 *		what open() gave; a refusal says what is wrong and what was expected, not where
 */
struct ini_key {
	const char *name;
	int (*set)(void *object, const char *value, int line, struct error *err);
};

/**
 * struct ini_section - one type of section
 * @type:	first word in the brackets
 * @named:	a name must follow ("[port hub]"), else none may
 * @keys, @key_count: at most INI_KEYS_MAX
 * @open:	called at its line, before its keys; @name is "" unless @named; sets @object for them
 */
struct ini_section {
	const char *type;
	bool named;
	const struct ini_key *keys;
	size_t key_count;
	int (*open)(void *context, const char *name, int line, void **object, struct error *err);
};

/** struct ini_schema - all types of section of a file; @context goes to every open() */
struct ini_schema {
	const struct ini_section *sections;
	size_t section_count;
	void *context;
};

/**
 * ini_read() - Read a text
 * @file:	what messages call it
 * @text, @len:	borrowed; need not end in NUL. libinih's copy of each line is wiped after use
 *
 * Return: 0; -EINVAL, or what a callback returned, with @err; -ENOMEM
 */
int ini_read(const char *file, const char *text, size_t len, const struct ini_schema *schema,
	     struct error *err);

/**
 * ini_read_words() - Read the keys of one section from one argument: "key=value,key=value"
 * @section:	its open() is not called
 * @object:	what its set() get; "line" counts the words from 1
 * @words:	a comma in a value is written twice, as QEMU has it
 *
 * Return: 0; -EINVAL, or what set() returned, with @err: the word stands in front where its value is
 * wrong
 */
int ini_read_words(const struct ini_section *section, void *object, const char *words,
		   struct error *err);

#endif
