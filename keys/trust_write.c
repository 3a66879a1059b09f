/*
 * trust_write.c - adding and removing cards; see trust.h
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "keys/trust.h"

enum {
	CARD_MODE = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH,
	OLD_BYTES = 8192
};

/* struct old - a file's text before it was replaced; @at is NULL if there was none */
struct old {
	char *at;
	size_t len;
};

/* Is there a card of that name which was refused? */
static bool is_faulty(const struct trust *t, const char *name)
{
	for (size_t i = 0; i < t->fault_count; i++)
		if (!t->faults[i].warning && strcmp(t->faults[i].name, name) == 0)
			return true;
	return false;
}

int trust_check_addition(const struct trust *t, const struct public_key *own,
			 const struct trust_addition *addition, bool replace, struct error *err)
{
	const struct trust_peer *same_name = trust_find(t, addition->name);
	const struct trust_peer *same_key = trust_find_key(t, &addition->card.key);
	int rc = text_check_name(addition->name, err);

	if (rc)
		return rc;
	if (public_key_equal(&addition->card.key, own))
		return error_set(
			err, -EINVAL,
			"this is our own card; send it to the others, and add theirs here");
	if (same_key && same_key != same_name)
		return error_set(
			err, -EEXIST,
			"the key is known as '%s' already; to give it the name '%s', first remove "
			"'%s'",
			same_key->name, addition->name, same_key->name);
	if (same_key && card_equal(&same_key->card, &addition->card))
		return -EALREADY;
	if (!same_name && is_faulty(t, addition->name) && !replace)
		return error_set(
			err, -EEXIST,
			"'%s' is there already, with a card that is refused ('longwire check' "
			"says why); add --replace to take this card instead",
			addition->name);
	if (same_name && !replace)
		return error_set(err, -EEXIST,
				 "'%s' is there already with %s; add --replace to take this card "
				 "instead, or --as NAME if it is somebody else",
				 addition->name,
				 same_key ? "another name or address in its card" : "another key");
	return 0;
}

static void path_of(const char *folder, const char *name, const char *ending,
		    char out[TRUST_PATH_BYTES])
{
	snprintf(out, TRUST_PATH_BYTES, "%s/%s%s", folder, name, ending);
}

/* Keep what is there, to put it back if a later card cannot be written. */
static int keep_old(const char *path, struct old *old, struct error *err)
{
	struct file_text text = {.at = malloc(OLD_BYTES), .room = OLD_BYTES};
	int rc;

	if (!text.at)
		return error_set(err, -ENOMEM, "%s: out of memory", path);
	rc = file_read(path, FILE_PUBLIC, &text, err);
	if (rc) {
		free(text.at);
		/* An unreadable or broken one is not worth keeping: it is being replaced. */
		return rc == -ENOENT || rc == -EFBIG ? 0 : rc;
	}
	*old = (struct old){text.at, text.len};
	return 0;
}

static void put_back(const char *path, const struct old *old)
{
	const struct file_bytes bytes = {old->at, old->len, CARD_MODE};
	struct error ignored; /* the first error is the one that is told */

	if (old->at)
		file_replace(path, &bytes, &ignored);
	else
		file_remove(path, &ignored);
}

int trust_write(const char *folder, const struct trust_addition *additions, size_t count,
		struct error *err)
{
	struct old *olds = calloc(count + 1, sizeof(*olds));
	char path[TRUST_PATH_BYTES], text[CARD_TEXT_BYTES];
	size_t done;
	int rc = olds ? 0 : error_set(err, -ENOMEM, "%s: out of memory", folder);

	for (done = 0; rc == 0 && done < count; done++) {
		struct file_bytes bytes = {text, 0, CARD_MODE};

		path_of(folder, additions[done].name, ".card", path);
		rc = keep_old(path, &olds[done], err);
		bytes.len = strlen(card_format(&additions[done].card, text));
		if (rc == 0)
			rc = file_replace(path, &bytes, err);
		if (rc)
			break;
	}
	for (size_t i = 0; rc && olds && i < done; i++) {
		path_of(folder, additions[i].name, ".card", path);
		put_back(path, &olds[i]);
	}
	for (size_t i = 0; olds && i < count; i++)
		free(olds[i].at);
	free(olds);
	return rc;
}

int trust_remove(const char *folder, const char *name, struct error *err)
{
	char path[TRUST_PATH_BYTES];
	int rc = text_check_name(name, err);

	if (rc)
		return rc;
	path_of(folder, name, ".card", path);
	rc = file_remove(path, err);
	if (rc == -ENOENT)
		return error_set(err, rc, "there is no peer '%s': %s does not exist", name, path);
	if (rc)
		return rc;
	path_of(folder, name, ".local", path);
	rc = file_remove(path, err);
	return rc == -ENOENT ? 0 : rc;
}
