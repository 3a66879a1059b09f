/*
 * command.c - see command.h
 */
#include "agent/command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A shell takes a word of these as it is. */
static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "/._-+=:,@%";
static const char BY_NAME[] = "longwire";

static char program[PATH_MAX];

void command_set_program(const char *argv0)
{
	if (!strchr(argv0, '/') || !realpath(argv0, program))
		snprintf(program, sizeof(program), "%s", argv0);
}

/* Append @word as a shell reads it back: within single quotes, each of its own as '\'' . */
static void append_quoted(char *out, size_t size, const char *word)
{
	size_t used = strlen(out);

	if (*word && word[strspn(word, PLAIN)] == '\0') {
		snprintf(out + used, size - used, "%s", word);
		return;
	}
	used += (size_t)snprintf(out + used, size - used, "'");
	for (; *word && used + 5 < size; word++)
		used += (size_t)snprintf(out + used, size - used, *word == '\'' ? "'\\''" : "%c",
					 *word);
	snprintf(out + used, size - used, "'");
}

static void append(char *out, size_t size, const char *text)
{
	size_t used = strlen(out);

	snprintf(out + used, size - used, "%s", text);
}

const char *command_text(const char *folder, const char *arguments, char out[COMMAND_BYTES])
{
	out[0] = '\0';
	append_quoted(out, COMMAND_BYTES, program[0] ? program : BY_NAME);
	append(out, COMMAND_BYTES, " -C ");
	append_quoted(out, COMMAND_BYTES, folder);
	append(out, COMMAND_BYTES, " ");
	append(out, COMMAND_BYTES, arguments);
	return out;
}
