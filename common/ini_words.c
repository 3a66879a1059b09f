/*
 * ini_words.c - the keys of a section in one argument; see ini.h
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ini_private.h"

enum {
	WORD_BYTES = 1024, /* as much as a line of a file may have */
	SHOWN_MAX = 80,    /* of a wrong word, in a message */
};

/* struct words - where the reading has come to; @word: the current "key=value", its '=' made NUL */
struct words {
	const struct ini_section *section;
	const char *at;
	int number;    /* of the current one, from 1 */
	unsigned seen; /* set of 1 << key */
	bool more;     /* a comma stood behind the current one */
	char word[WORD_BYTES];
};
_Static_assert((int)INI_KEYS_MAX <= 32, "a set of keys fits");

/* Take the next word: up to a comma that stands alone. Return: 0, or -EINVAL when it is too long */
static int take_word(struct words *w, struct error *err)
{
	size_t len = 0;

	w->number++;
	for (; *w->at && len + 1 < sizeof(w->word); w->word[len++] = *w->at++) {
		if (*w->at == ',' && w->at[1] != ',')
			break;
		w->at += *w->at == ',';
	}
	w->word[len] = '\0';
	if (*w->at && *w->at != ',')
		return error_set(err, -EINVAL, "'%.*s...' is longer than %d characters", SHOWN_MAX,
				 w->word, WORD_BYTES - 1);
	w->more = *w->at == ',';
	w->at += w->more;
	return 0;
}

static bool is_text(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static const struct ini_key *find_key(struct words *w, const char *name, struct error *err)
{
	const struct ini_section *s = w->section;
	char list[INI_LIST_BYTES];

	for (size_t i = 0; i < s->key_count; i++) {
		if (strcmp(s->keys[i].name, name) != 0)
			continue;
		if (w->seen & 1U << i) {
			error_set(err, -EINVAL, "'%s' is here a second time; keep one of the two",
				  name);
			return NULL;
		}
		w->seen |= 1U << i;
		return &s->keys[i];
	}
	error_set(err, -EINVAL, "there is no key '%.*s' in [%s]; expected %s", SHOWN_MAX, name,
		  s->type, ini_list_keys(s, list));
	return NULL;
}

static int set_value(struct words *w, void *object, struct error *err)
{
	char *equals = strchr(w->word, '=');
	const struct ini_key *key;
	int rc;

	if (!equals || !is_text(w->word))
		return error_set(err, -EINVAL, "'%.*s' is no key=value", SHOWN_MAX,
				 is_text(w->word) ? w->word : "");
	*equals = '\0';
	key = find_key(w, w->word, err);
	if (!key)
		return -EINVAL;
	if (!equals[1])
		return error_set(err, -EINVAL, "'%s' has no value; give it one or take it out",
				 w->word);
	rc = key->set(object, equals + 1, w->number, err);
	if (rc && err)
		error_set(err, rc, "%s=%.*s: %s", w->word, SHOWN_MAX, equals + 1, err->text);
	return rc;
}

int ini_read_words(const struct ini_section *section, void *object, const char *words,
		   struct error *err)
{
	struct words w = {.section = section, .at = words};
	int rc;

	do {
		rc = take_word(&w, err);
		if (rc == 0)
			rc = set_value(&w, object, err);
	} while (rc == 0 && w.more);
	return rc;
}
