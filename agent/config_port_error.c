/*
 * config_port_error.c - what is wrong with a port, with its place; see config_port.h
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "config_port.h"

enum {
	SHOWN_MAX = 80 /* of a wrong value, in a message */
};

static const char *const KEY_NAMES[] = {
	[PORT_KEY_GROUP] = "group",   [PORT_KEY_INTERFACE] = "interface",
	[PORT_KEY_LOCAL] = "local",   [PORT_KEY_REMOTE] = "remote",
	[PORT_KEY_LISTEN] = "listen", [PORT_KEY_CONNECT] = "connect",
	[PORT_KEY_MODE] = "mode",     [PORT_KEY_INSECURE] = "insecure",
	[PORT_KEY_FD] = "fd",         [PORT_KEY_NAME] = "name",
	[PORT_KEY_MTU] = "mtu",
};
_Static_assert(sizeof(KEY_NAMES) / sizeof(KEY_NAMES[0]) == PORT_KEY_COUNT, "each key has a name");

const char *config_port_key_name(enum port_key key)
{
	return KEY_NAMES[key];
}

/* Where a key was given as an argument: the word it came in; its number is its line. */
static const struct port_word *word_at(const struct draft *d, int line, enum port_key *key)
{
	const struct port_draft *p = &d->ports[d->config.port_count];

	for (*key = 0; line > 0 && *key < PORT_KEY_COUNT; (*key)++)
		if (p->words[*key].line == line)
			return &p->words[*key];
	return NULL;
}

int config_port_place(const struct draft *d, int line, struct error *err)
{
	const struct port_word *word;
	enum port_key key;

	if (!err)
		return -EINVAL;
	if (d->config.file[0])
		return error_set(err, -EINVAL, "%s:%d: %s", d->config.file, line, err->text);
	word = word_at(d, line, &key);
	if (!word)
		return -EINVAL;
	return error_set(err, -EINVAL, "%s=%.*s: %s", KEY_NAMES[key], SHOWN_MAX, word->text,
			 err->text);
}

int config_port_refuse(const struct draft *d, int line, struct error *err, const char *format, ...)
{
	char text[ERROR_TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	error_set(err, -EINVAL, "%s", text);
	return config_port_place(d, line, err);
}
