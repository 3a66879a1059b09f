/*
 * paste.c - see paste.h
 *
 * How it works. The text is cleaned, then read line by line. "[peer]" opens a card; its fields
 * follow; a field's value is kept until the next line shows whether it goes on there; the first line
 * that is none of a card's closes it. A longwire: line is a card by itself, wherever it stands.
 */
#include "keys/paste.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keys/identity.h"
#include "paste_clean.h"

enum {
	VALUE_BYTES = 1024, /* of a field or longwire: line, put together */
	KEY_LEN = KEY_TEXT_BYTES - 1,
	KEY_PIECE_MIN = 16, /* a shorter line after a cut key is taken for a word */
};

static const char SCHEME[] = "longwire:";
static const char KEY_CHARACTERS[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
static const char *const FIELDS[] = {"name", "key", "at"};

enum field {
	FIELD_NAME,
	FIELD_KEY,
	FIELD_AT,
	FIELD_COUNT,
	FIELD_NONE = FIELD_COUNT
};

struct paste {
	const char *name;
	char *rest; /* of the cleaned text; NULL at its end */
	int line;   /* number of the last line taken */
	struct pasted *out;
	size_t max, count;
	struct error *err;
	int rc; /* the first refusal */
	bool in_card;
	struct pasted card;           /* while in_card */
	int field_lines[FIELD_COUNT]; /* where each was; 0: not yet */
	enum field open;              /* whose value is collected */
	char value[VALUE_BYTES];
	int stray_line; /* the first field outside any card, for the message */
};

#define refuse(p, line, ...) refuse_at((p), (line), error_set((p)->err, -EINVAL, __VA_ARGS__))

static void refuse_at(struct paste *p, int line, int code)
{
	char place[ERROR_TEXT_BYTES / 2];

	snprintf(place, sizeof(place), "%s:%d: ", p->name, line);
	p->rc = p->err ? error_set(p->err, code, "%s%s", place, p->err->text) : code;
}

/* Return: the next line, cut out of the text, without quotation signs and blanks around it; or NULL */
static char *take_line(struct paste *p)
{
	char *line = p->rest, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	p->rest = end ? end + 1 : NULL;
	if (!end)
		end = line + strlen(line);
	*end = '\0';
	p->line++;
	line = paste_unquote(line);
	while (end > line && end[-1] == ' ')
		*--end = '\0';
	return line;
}

/* ---- what was found ---- */

static void keep_card(struct paste *p, const struct pasted *card)
{
	for (size_t i = 0; i < p->count; i++) {
		if (!public_key_equal(&p->out[i].card.key, &card->card.key))
			continue;
		if (!card_equal(&p->out[i].card, &card->card))
			refuse(p, card->line,
			       "this card has the key of the one in line %d, and is not the same; "
			       "keep "
			       "the newer one",
			       p->out[i].line);
		return;
	}
	if (p->count == p->max) {
		refuse(p, card->line, "more than %zu cards at once; add them in parts", p->max);
		return;
	}
	p->out[p->count++] = *card;
}

/* The open field's value is complete. */
static void close_field(struct paste *p)
{
	static int (*const setters[FIELD_COUNT])(struct card *, const char *, struct error *) = {
		card_set_name, card_set_key, card_set_at};
	enum field field = p->open;
	int rc;

	p->open = FIELD_NONE;
	if (field == FIELD_NONE || p->rc)
		return;
	if (!p->value[0]) {
		refuse(p, p->field_lines[field], "'%s' has no value; copy the whole card",
		       FIELDS[field]);
		return;
	}
	rc = setters[field](&p->card.card, p->value, p->err);
	if (rc)
		refuse_at(p, p->field_lines[field], rc);
}

static void close_card(struct paste *p)
{
	close_field(p);
	if (!p->in_card || p->rc)
		return;
	p->in_card = false;
	if (!p->field_lines[FIELD_KEY])
		refuse(p, p->card.line, "the card has no key; copy all of it, 'key = lw1...' too");
	else
		keep_card(p, &p->card);
}

static void open_card(struct paste *p)
{
	close_card(p);
	p->in_card = true;
	p->card = (struct pasted){.line = p->line};
	memset(p->field_lines, 0, sizeof(p->field_lines));
}

/* ---- lines of a card ---- */

/* "word = value": Return: where the value begins, with @word_len; NULL if @text does not begin so */
static char *after_equals(char *text, size_t *word_len)
{
	char *at;

	*word_len = strcspn(text, " =");
	at = text + *word_len;
	at += strspn(at, " ");
	if (*word_len == 0 || *at != '=')
		return NULL;
	at++;
	return at + strspn(at, " ");
}

/* Return: which field @text begins with, and @value; or FIELD_NONE */
static enum field find_field(char *text, char **value)
{
	size_t len;

	*value = after_equals(text, &len);
	for (int i = 0; *value && i < FIELD_COUNT; i++)
		if (strlen(FIELDS[i]) == len && strncasecmp(text, FIELDS[i], len) == 0)
			return (enum field)i;
	return FIELD_NONE;
}

/* Cut @text before the next field in it, if its line end was lost. Return: that field, or NULL */
static char *cut_next_field(char *text)
{
	char *value;

	for (char *at = strchr(text, ' '); at; at = strchr(at + 1, ' ')) {
		if (find_field(at + 1, &value) != FIELD_NONE) {
			*at = '\0';
			return at + 1;
		}
	}
	return NULL;
}

static void append_value(struct paste *p, const char *text)
{
	size_t used = strlen(p->value), len = strlen(text);

	while (len && text[len - 1] == ' ')
		len--;
	if (used + len >= sizeof(p->value))
		refuse(p, p->line, "the value is longer than any can be");
	else
		snprintf(p->value + used, sizeof(p->value) - used, "%.*s", (int)len, text);
}

/* Does the open field's value go on in @text, a line that begins no field? */
static bool goes_on(const struct paste *p, const char *text)
{
	size_t used = strlen(p->value), len = strcspn(text, " ");
	char last = used ? p->value[used - 1] : '\0';

	if (p->open == FIELD_NONE)
		return false;
	if (used == 0)
		return true;
	if (p->open == FIELD_KEY)
		return text[strspn(text, KEY_CHARACTERS)] == '\0' && used < KEY_LEN &&
		       (used + len == KEY_LEN || (used + len < KEY_LEN && len >= KEY_PIECE_MIN));
	return p->open == FIELD_AT && (strchr(",-.:[", last) || text[0] == ',');
}

static void start_field(struct paste *p, enum field field, const char *value)
{
	close_field(p);
	if (p->field_lines[field] && !p->rc) {
		refuse(p, p->line, "'%s' is here a second time, after line %d; keep one of the two",
		       FIELDS[field], p->field_lines[field]);
		return;
	}
	p->field_lines[field] = p->line;
	p->open = field;
	p->value[0] = '\0';
	append_value(p, value);
}

static void read_card_line(struct paste *p, char *text)
{
	char *comment = strstr(text, " ;");

	if (comment)
		*comment = '\0';
	if (*text == ';' || *text == '#')
		return;
	while (text && *text && p->in_card && !p->rc) {
		char *value, *next = cut_next_field(text);
		enum field field = find_field(text, &value);

		if (field != FIELD_NONE)
			start_field(p, field, value);
		else if (goes_on(p, text))
			append_value(p, text);
		else if (value)
			refuse(p, p->line,
			       "there is no such key in a card: '%.*s'; expected name, key or at",
			       (int)strcspn(text, " ="), text);
		else
			close_card(p);
		text = next;
	}
}

/* ---- longwire: lines ---- */

/* Return: the next "longwire:lw1" in @text, either case; or NULL */
static char *find_uri(char *text)
{
	for (char *at = strcasestr(text, SCHEME); at; at = strcasestr(at + 1, SCHEME))
		if (strncasecmp(at + strlen(SCHEME), "lw1", 3) == 0)
			return at;
	return NULL;
}

/* RFC 3986 appendix C: what ends one in running text. Brackets may stand in ours for IPv6. */
static size_t uri_len(const char *text)
{
	return strcspn(text, " <>(){}|\\^\n");
}

/* Was @uri broken off at the line's end, and goes on in @next? */
static bool uri_goes_on(const char *uri, const char *next)
{
	char last = uri[strlen(uri) - 1];
	size_t len = uri_len(next);

	if (len == 0)
		return false;
	if (strlen(uri) < strlen(SCHEME) + KEY_LEN)
		return true;
	return strchr("?&=%-", last) || strchr("?&", next[0]) ||
	       (last == ',' && memchr(next, ':', len));
}

/* Put a longwire: line together. @at moves behind it. Return: false if it is too long for one */
static bool collect_uri(struct paste *p, char **at, bool bracketed, char uri[VALUE_BYTES])
{
	size_t used = 0;

	for (;;) {
		size_t len = uri_len(*at);
		char *next;

		if (used + len >= VALUE_BYTES)
			return false;
		memcpy(uri + used, *at, len);
		used += len;
		uri[used] = '\0';
		*at += len;
		if (**at || !p->rest || !*p->rest)
			break;
		next = paste_unquote(p->rest);
		if (!bracketed && !uri_goes_on(uri, next))
			break;
		*at = take_line(p);
	}
	while (!bracketed && used && strchr(".,;:!?", uri[used - 1]))
		uri[--used] = '\0'; /* the sentence's */
	return true;
}

/* Return: where to go on in the last line that was taken */
static char *read_uri(struct paste *p, char *start, bool bracketed)
{
	struct pasted card = {.line = p->line};
	char uri[VALUE_BYTES];
	int rc;

	if (!collect_uri(p, &start, bracketed, uri)) {
		refuse(p, card.line, "the %s line is longer than any can be", SCHEME);
		return start;
	}
	rc = card_parse_uri(uri, &card.card, p->err);
	if (rc)
		refuse_at(p, card.line, rc);
	else
		keep_card(p, &card);
	return start;
}

/* ---- the whole ---- */

/* Return: what follows "[peer]", if a card begins here: at the line's start, or its line ends were lost */
static char *find_card(char *text)
{
	static const char head[] = "[peer]";
	char *at = strcasestr(text, head), *value, *rest;

	if (!at)
		return NULL;
	rest = at + strlen(head);
	rest += strspn(rest, " ");
	return at == text || find_field(rest, &value) != FIELD_NONE ? rest : NULL;
}

static void read_line(struct paste *p, char *text)
{
	char *uri = find_uri(text), *card = find_card(text), *value;

	if (strcasestr(text, IDENTITY_WORD)) {
		refuse(p, p->line,
		       "this is an identity.key and no card: it is secret, give it to nobody; "
		       "'longwire "
		       "card' prints what to send");
	} else if (uri) {
		close_card(p);
		while (uri && !p->rc) {
			text = read_uri(p, uri, uri > text && uri[-1] == '<');
			uri = find_uri(text);
		}
	} else if (card) {
		open_card(p);
		read_card_line(p, card);
	} else if (p->in_card) {
		read_card_line(p, text);
	} else if (!p->stray_line && find_field(text, &value) == FIELD_KEY) {
		p->stray_line = p->line;
	}
}

static int finish(struct paste *p)
{
	close_card(p);
	if (p->rc == 0 && p->count == 0 && p->stray_line)
		refuse(p, p->stray_line,
		       "there is no '[peer]' above this key; copy the whole card");
	else if (p->rc == 0 && p->count == 0)
		refuse(p, p->line ? p->line : 1,
		       "there is no card in this text; expected '[peer]' and 'key = lw1...' below "
		       "it, "
		       "or longwire:lw1...");
	return p->rc ? p->rc : (int)p->count;
}

int paste_read(const struct paste_source *source, struct pasted *out, size_t max, struct error *err)
{
	struct paste p = {
		.name = source->name, .out = out, .max = max, .err = err, .open = FIELD_NONE};
	char *text = malloc(source->len + 1), *line;
	int rc;

	if (!text)
		return error_set(err, -ENOMEM, "%s: out of memory", source->name);
	paste_clean(source->text, source->len, text);
	p.rest = text;
	while (!p.rc && (line = take_line(&p)))
		read_line(&p, line);
	rc = finish(&p);
	free(text);
	return rc;
}
