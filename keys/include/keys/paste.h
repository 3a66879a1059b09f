/*
 * paste.h - cards as they come out of mails, chats and terminals
 *
 * Layer: keys. Reads memory, opens no file.
 *
 * Understood: any number of cards between any other text, as files or as longwire: lines; quoted with
 * "> " several times; a key, address list or longwire: line broken over lines; a card that lost its
 * line ends; quotation marks of all kinds, code fences, no-break and zero-width spaces, CR LF, a byte
 * order mark. What is not understood inside a card is refused with its line, never guessed.
 */
#ifndef KEYS_PASTE_H
#define KEYS_PASTE_H

#include <stddef.h>

#include "common/error.h"
#include "keys/card.h"

/** struct paste_source - a text; @name is what messages call it */
struct paste_source {
	const char *name;
	const char *text;
	size_t len;
};

/** struct pasted - a card, and the line that it began in */
struct pasted {
	struct card card;
	int line;
};

/**
 * paste_read() - Find all cards in a text
 * @source:	borrowed
 * @out:	@max entries; the same card twice is one
 *
 * Return: how many, at least 1; -EINVAL with "NAME:LINE: ..." in @err and @out undefined; -ENOMEM
 */
int paste_read(const struct paste_source *source, struct pasted *out, size_t max,
	       struct error *err);

#endif
