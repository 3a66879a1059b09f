/*
 * card_uri.c - a card in one line: longwire:KEY?name=...&at=...; see card.h
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "keys/card.h"

static const char SCHEME[] = "longwire:";

enum {
	SCHEME_LEN = sizeof(SCHEME) - 1,
	ESCAPE_LEN = 3 /* %XX */,
	FIELD_BYTES = 16
};

/* RFC 3986 2.3, and of 3.4 what our values have. */
static bool goes_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("-._~:,", c));
}

/* Who reads it out of a sentence takes a last dot for the sentence's. */
static bool ends_a_sentence(const char *text)
{
	return text[0] == '.' && text[1] == '\0';
}

static void append_escaped(char *out, size_t size, const char *text)
{
	size_t used = strlen(out);

	for (; *text && used + ESCAPE_LEN < size; text++) {
		if (*text == ' ')
			continue; /* only stands behind a comma */
		if (goes_plain(*text) && !ends_a_sentence(text))
			out[used++] = *text;
		else
			used += (size_t)snprintf(out + used, size - used, "%%%02X",
						 (unsigned char)*text);
	}
	out[used] = '\0';
}

const char *card_format_uri(const struct card *card, char out[CARD_TEXT_BYTES])
{
	char key[KEY_TEXT_BYTES];

	snprintf(out, CARD_TEXT_BYTES, "%s%s", SCHEME, public_key_format(&card->key, key));
	if (card->name[0]) {
		strcat(out, "?name=");
		append_escaped(out, CARD_TEXT_BYTES, card->name);
	}
	if (card->at[0]) {
		strcat(out, card->name[0] ? "&at=" : "?at=");
		append_escaped(out, CARD_TEXT_BYTES, card->at);
	}
	return out;
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Copy @len bytes without their percent-encoding. Return: false if malformed, or NUL, or too long */
static bool unescape(const char *text, size_t len, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 1 < len ? hex(text[i + 1]) : -1;
			int low = i + 2 < len ? hex(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += ESCAPE_LEN - 1;
		}
		if ((unsigned char)c < ' ' || used + 1 >= size)
			return false;
		out[used++] = c;
	}
	out[used] = '\0';
	return true;
}

static int set_field(struct card *card, const char *name, const char *value, struct error *err)
{
	if (strcmp(name, "name") == 0 && !card->name[0])
		return card_set_name(card, value, err);
	if (strcmp(name, "at") == 0 && !card->at[0])
		return card_set_at(card, value, err);
	if (strcmp(name, "name") == 0 || strcmp(name, "at") == 0)
		return error_set(err, -EINVAL, "'%s' is there twice; keep one of the two", name);
	return error_set(err, -EINVAL, "there is no '%s' in a longwire: line; expected name or at",
			 name);
}

static int parse_field(struct card *card, const char *field, size_t len, struct error *err)
{
	const char *equals = memchr(field, '=', len);
	size_t name_len = equals ? (size_t)(equals - field) : len;
	char name[FIELD_BYTES], value[CARD_AT_BYTES];

	if (!equals || !unescape(field, name_len, name, sizeof(name)) ||
	    !unescape(equals + 1, len - name_len - 1, value, sizeof(value)) || !value[0])
		return error_set(err, -EINVAL,
				 "'%.*s' cannot be read; expected name=NAME or at=HOST:PORT",
				 (int)(len < FIELD_BYTES ? len : FIELD_BYTES), field);
	return set_field(card, name, value, err);
}

int card_parse_uri(const char *text, struct card *out, struct error *err)
{
	struct card card = {0};
	char key[2 * KEY_TEXT_BYTES];
	size_t len;
	int rc;

	if (strncasecmp(text, SCHEME, SCHEME_LEN) != 0)
		return error_set(err, -EINVAL, "expected a line that begins with %slw1", SCHEME);
	text += SCHEME_LEN;
	len = strcspn(text, "?");
	snprintf(key, sizeof(key), "%.*s", (int)(len < sizeof(key) ? len : sizeof(key)), text);
	rc = card_set_key(&card, key, err);
	text += len;
	while (rc == 0 && *text) {
		text++; /* '?' or '&' */
		len = strcspn(text, "&");
		if (len > 4 && strncmp(text, "amp;", 4) == 0) {
			text += 4; /* copied out of a web page's source */
			len -= 4;
		}
		rc = parse_field(&card, text, len, err);
		text += len;
	}
	if (rc == 0)
		*out = card;
	return rc;
}
