/*
 * ini.c - see ini.h
 *
 * libinih splits lines into key, value and comment. Everything that it would pass over in silence is
 * caught before, in the callback that hands it the lines one by one; that callback also counts them.
 */
#include "ini_private.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#define BLANKS "\t "

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

enum {
	LINE_ROOM_BYTES = 1024, /* where libinih lets us choose; else its own limit, some 200 */
	LINE_END_BYTES = 2,     /* newline and NUL behind each line in libinih's buffer */
	BYTE_ORDER_MARK_BYTES = 3,
};

/* struct seen - a section that was there already */
struct seen {
	const struct ini_section *type;
	char name[INI_NAME_BYTES];
	int line;
};

struct parse {
	const char *file;
	const char *at, *end;
	const struct ini_schema *schema;
	struct error *err;
	int rc;             /* the first refusal, or 0 */
	int line;           /* of the last line handed out, from 1 */
	bool pair_expected; /* that line is a "key = value" which libinih has not reported */
	const struct ini_section *section; /* NULL before the first */
	void *object;
	int key_lines[INI_KEYS_MAX]; /* where each key of this section was; 0: not yet */
	struct seen sections[INI_SECTIONS_MAX];
	size_t section_count;
};

/* Refuse @line: the message in p->err gets its place in front. */
static void refuse_at(struct parse *p, int line, int code)
{
	char place[ERROR_TEXT_BYTES / 2];

	snprintf(place, sizeof(place), "%s:%d: ", p->file, line);
	p->rc = p->err ? error_set(p->err, code, "%s%s", place, p->err->text) : code;
}

#define refuse(p, ...) refuse_at((p), (p)->line, error_set((p)->err, -EINVAL, __VA_ARGS__))

/* "a, b or c", of @count names; "[a], [b NAME]" for sections. */
static void append_choice(char list[INI_LIST_BYTES], size_t i, size_t count, const char *name)
{
	size_t used = strlen(list);
	const char *comma = i == 0 ? "" : i + 1 == count ? " or " : ", ";

	snprintf(list + used, INI_LIST_BYTES - used, "%s%s", comma, name);
}

static void refuse_section(struct parse *p, const char *title)
{
	char list[INI_LIST_BYTES] = "", one[INI_NAME_BYTES];
	const struct ini_schema *s = p->schema;

	for (size_t i = 0; i < s->section_count; i++) {
		snprintf(one, sizeof(one), "[%s%s]", s->sections[i].type,
			 s->sections[i].named ? " NAME" : "");
		append_choice(list, i, s->section_count, one);
	}
	refuse(p, "there is no section [%s] in this file; expected %s", title, list);
}

const char *ini_list_keys(const struct ini_section *s, char list[INI_LIST_BYTES])
{
	list[0] = '\0';
	for (size_t i = 0; i < s->key_count; i++)
		append_choice(list, i, s->key_count, s->keys[i].name);
	return list;
}

static void refuse_key(struct parse *p, const char *name)
{
	const struct ini_section *s = p->section;
	char list[INI_LIST_BYTES];

	refuse(p, "there is no key '%s' in [%s]; expected %s", name, s->type,
	       ini_list_keys(s, list));
}

static const struct ini_section *find_section(const struct ini_schema *s, const char *type)
{
	for (size_t i = 0; i < s->section_count; i++)
		if (strcmp(s->sections[i].type, type) == 0)
			return &s->sections[i];
	return NULL;
}

/* Remember a section; refuse it if it was there. */
static bool note_section(struct parse *p, const struct ini_section *type, const char *name)
{
	if (p->section_count == INI_SECTIONS_MAX) {
		refuse(p, "more than %d sections; take some out", INI_SECTIONS_MAX);
		return false;
	}
	for (size_t i = 0; i < p->section_count; i++) {
		const struct seen *seen = &p->sections[i];

		if (seen->type == type && strcmp(seen->name, name) == 0) {
			refuse(p,
			       "[%s%s%s] is here a second time, after line %d; keep one of the two",
			       type->type, *name ? " " : "", name, seen->line);
			return false;
		}
	}
	p->sections[p->section_count] = (struct seen){.type = type, .line = p->line};
	strcpy(p->sections[p->section_count++].name, name); /* part of a title, so it fits */
	return true;
}

/* @title: what stood in the brackets, ours to change. */
static void open_section(struct parse *p, char *title)
{
	char *name = title + strcspn(title, BLANKS);
	const struct ini_section *s;
	int rc;

	if (*name)
		*name++ = '\0';
	name += strspn(name, BLANKS);
	s = find_section(p->schema, title);
	if (!s) {
		refuse_section(p, title);
	} else if (s->named && !*name) {
		refuse(p, "[%s] has no name; expected [%s NAME]", title, title);
	} else if (!s->named && *name) {
		refuse(p, "[%s %s]: this section takes no name; expected [%s]", title, name, title);
	} else if (note_section(p, s, name)) {
		p->section = s;
		memset(p->key_lines, 0, sizeof(p->key_lines));
		rc = s->open(p->schema->context, name, p->line, &p->object, p->err);
		if (rc)
			refuse_at(p, p->line, rc);
	}
}

/* @line begins with '['. Behind the bracket only a comment may follow. */
static void read_section(struct parse *p, const char *line, size_t len)
{
	const char *close = memchr(line, ']', len), *rest;
	char title[INI_NAME_BYTES];
	size_t title_len;

	if (!close) {
		refuse(p, "the section has no ']' at its end");
		return;
	}
	for (rest = close + 1; rest < line + len && is_blank(*rest); rest++)
		;
	if (rest < line + len && *rest != ';' && *rest != '#') {
		refuse(p, "nothing may follow the ']' of a section; put it on a line of its own");
		return;
	}
	for (line++; line < close && is_blank(*line); line++)
		;
	for (title_len = (size_t)(close - line); title_len; title_len--)
		if (!is_blank(line[title_len - 1]))
			break;
	if (title_len >= sizeof(title)) {
		refuse(p, "the section's name is longer than %d characters; choose a shorter one",
		       INI_NAME_BYTES - 1);
		return;
	}
	memcpy(title, line, title_len);
	title[title_len] = '\0';
	open_section(p, title);
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct parse *p = user;
	const struct ini_section *s = p->section;
	int rc;

	(void)section; /* cut at 49 characters by libinih */
	p->pair_expected = false;
	if (!s) {
		refuse(p, "the key '%s' stands before any section; begin with [%s]", name,
		       p->schema->sections[0].type);
		return 0;
	}
	for (size_t i = 0; i < s->key_count; i++) {
		if (strcmp(s->keys[i].name, name) != 0)
			continue;
		if (p->key_lines[i]) {
			refuse(p, "'%s' is here a second time, after line %d; keep one of the two",
			       name, p->key_lines[i]);
		} else if (!*value) {
			refuse(p, "'%s' has no value; give it one or take the line out", name);
		} else {
			p->key_lines[i] = p->line;
			rc = s->keys[i].set(p->object, value, p->line, p->err);
			if (rc)
				refuse_at(p, p->line, rc);
		}
		return p->rc == 0;
	}
	refuse_key(p, name);
	return 0;
}

/* Return: length of the line at p->at without its end; p->at moves to the next */
static size_t take_line(struct parse *p, const char **line)
{
	const char *newline = memchr(p->at, '\n', (size_t)(p->end - p->at));
	const char *stop = newline ? newline : p->end;

	*line = p->at;
	p->at = newline ? newline + 1 : p->end;
	if (stop > *line && stop[-1] == '\r')
		stop--;
	return (size_t)(stop - *line);
}

static bool line_is_text(struct parse *p, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < ' ' && c != '\t') || c == 0x7f) {
			refuse(p,
			       "control character (byte 0x%02x) at column %zu; this is not a "
			       "text file, or was damaged",
			       c, i + 1);
			return false;
		}
	}
	return true;
}

/* What libinih must not judge is kept from it: it gets an empty line instead. */
static size_t inspect(struct parse *p, const char **line, size_t len, size_t room)
{
	if (p->line == 1 && len >= BYTE_ORDER_MARK_BYTES &&
	    memcmp(*line, "\xef\xbb\xbf", BYTE_ORDER_MARK_BYTES) == 0) {
		*line += BYTE_ORDER_MARK_BYTES;
		len -= BYTE_ORDER_MARK_BYTES;
	}
	for (; len && is_blank(**line); len--)
		(*line)++;
	if (!line_is_text(p, *line, len) || len == 0 || **line == ';' || **line == '#')
		return 0;
	if (**line == '[') {
		read_section(p, *line, len);
		return 0;
	}
	if (len > room) {
		refuse(p, "the line is longer than %zu characters; shorten it", room);
		return 0;
	}
	p->pair_expected = true;
	return len;
}

/* fgets() for libinih. Its buffer may hold a secret from the line before, so it is wiped. */
static char *on_next_line(char *buffer, int size, void *stream)
{
	struct parse *p = stream;
	const char *line;
	size_t len, room = (size_t)size - LINE_END_BYTES;

	explicit_bzero(buffer, (size_t)size);
	if (p->rc == 0 && p->pair_expected)
		refuse(p, "no '=' in this line; expected 'key = value'");
	if (p->rc || p->at == p->end)
		return NULL;
	len = take_line(p, &line);
	p->line++;
	len = inspect(p, &line, len, room);
	if (p->rc)
		return NULL;
	memcpy(buffer, line, len);
	buffer[len] = '\n';
	return buffer;
}

int ini_read(const char *file, const char *text, size_t len, const struct ini_schema *schema,
	     struct error *err)
{
	struct parse p = {
		.file = file, .at = text, .end = text + len, .schema = schema, .err = err};

#ifdef HAVE_INI_MAX_LINE
	/* Debian's build takes its limits at run time. */
	ini_use_stack = false;
	ini_initial_alloc = ini_max_line = LINE_ROOM_BYTES;
#endif
	if (ini_parse_stream(on_next_line, &p, on_pair, &p) < 0 && p.rc == 0)
		return error_set(err, -ENOMEM, "%s: out of memory", file);
	return p.rc;
}
