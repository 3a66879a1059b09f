/*
 * local_write.c - changing `allow` in a NAME.local that somebody wrote by hand; see trust.h
 *
 * One line of the file is replaced, added or taken out; every other byte stays. Where the line is, is
 * found as ini.h reads it: blanks before the key, '=' or ':' behind it, perhaps a comment at the end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "keys/trust.h"
#include "local.h"

enum {
	FILE_BYTES = 8192, /* as local.c reads at most */
	ADDED_BYTES = 128, /* longer than a section and an `allow` line */
	MODE_NEW = S_IRUSR | S_IWUSR,
	MODE_MASK = 07777,
};

/* struct edit - a file on its way; may hold a psk */
struct edit {
	char path[TRUST_PATH_BYTES];
	char before[FILE_BYTES];
	char after[FILE_BYTES + ADDED_BYTES];
	size_t len;
	mode_t mode;
};

/* Return: the line of `allow`, or NULL */
static const char *find_line(const char *text)
{
	static const char KEY[] = "allow";

	while (*text) {
		const char *at = text + strspn(text, " \t\xef\xbb\xbf"); /* a byte order mark */

		if (strncmp(at, KEY, sizeof(KEY) - 1) == 0) {
			at += sizeof(KEY) - 1;
			at += strspn(at, " \t");
			if (*at == '=' || *at == ':')
				return text;
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

/* The comment at the end of a line: a ';' behind a blank. Return: its length, @comment at its start */
static size_t find_comment(const char *line, const char **comment)
{
	size_t len = strcspn(line, "\r\n");

	for (size_t i = 1; i < len; i++) {
		if (line[i] != ';' || !strchr(" \t", line[i - 1]))
			continue;
		*comment = line + i;
		return len - i;
	}
	*comment = line + len;
	return 0;
}

static void append(struct edit *e, const char *bytes, size_t len)
{
	size_t room = sizeof(e->after) - e->len;

	len = len < room ? len : room; /* never: what is added fits ADDED_BYTES */
	memcpy(e->after + e->len, bytes, len);
	e->len += len;
}

static void append_text(struct edit *e, const char *text)
{
	append(e, text, strlen(text));
}

static void append_allow(struct edit *e, unsigned set)
{
	char words[TRUST_ALLOW_TEXT_BYTES];

	append_text(e, "allow = ");
	append_text(e, trust_allow_format(set, words));
}

/* Put the line's new text in its place; without one, only its comment stays, as a line. */
static void replace_line(struct edit *e, const char *line, unsigned set)
{
	const char *comment, *rest = line + strcspn(line, "\r\n");
	size_t comment_len = find_comment(line, &comment);

	append(e, e->before, (size_t)(line - e->before));
	if (set)
		append_allow(e, set);
	if (set && comment_len)
		append_text(e, " ");
	append(e, comment, comment_len);
	if (!set && !comment_len) {
		rest += *rest == '\r';
		rest += *rest == '\n';
	}
	append_text(e, rest);
}

static void add_line(struct edit *e, unsigned set)
{
	size_t len = strlen(e->before);

	append(e, e->before, len);
	if (len == 0 || !strchr(e->before, '['))
		append_text(e, len && e->before[len - 1] != '\n' ? "\n[local]\n" : "[local]\n");
	else if (e->before[len - 1] != '\n')
		append_text(e, "\n");
	append_allow(e, set);
	append_text(e, "\n");
}

/* Return: 0 with @e->before and @e->mode, both for a new file if there is none */
static int read_before(struct edit *e, struct error *err)
{
	struct file_text text = {.at = e->before, .room = sizeof(e->before)};
	int rc = file_read(e->path, FILE_PUBLIC, &text, err);
	struct stat st;

	e->mode = MODE_NEW;
	if (rc == -ENOENT) {
		e->before[0] = '\0';
		return 0;
	}
	if (rc == 0 && stat(e->path, &st) == 0)
		e->mode = st.st_mode & MODE_MASK;
	return rc;
}

static int write_after(struct edit *e, unsigned set, struct error *err)
{
	const char *line = find_line(e->before);
	struct file_bytes bytes = {.at = e->after, .mode = e->mode};

	if (line)
		replace_line(e, line, set);
	else
		add_line(e, set);
	bytes.len = e->len;
	return file_replace(e->path, &bytes, err);
}

/* Is there a card? Without one the file would have no effect. */
static int check_peer(const char *folder, const char *name, struct error *err)
{
	char path[TRUST_PATH_BYTES];
	struct stat st;
	int rc = text_check_name(name, err);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/%s.card", folder, name);
	if (stat(path, &st) == 0)
		return 0;
	return error_set(err, -ENOENT, "there is no peer '%s': %s does not exist", name, path);
}

int trust_change_allowed(const char *folder, const char *name, struct trust_allowance *change,
			 struct error *err)
{
	struct trust_local local = {0};
	struct preshared_key psk;
	struct edit e = {.len = 0};
	int rc = check_peer(folder, name, err);

	if (rc)
		return rc;
	snprintf(e.path, sizeof(e.path), "%s/%s.local", folder, name);
	rc = local_read(e.path, &local, &psk, err);
	key_wipe(&psk, sizeof(psk));
	if (rc && rc != -ENOENT)
		return rc;
	change->allowed = local.allow;
	rc = local_allow_words(change->words, true, &change->allowed, err);
	if (rc || change->allowed == local.allow)
		return rc;
	rc = read_before(&e, err);
	if (rc == 0)
		rc = write_after(&e, change->allowed, err);
	key_wipe(&e, sizeof(e));
	return rc;
}
