/*
 * trust.c - see trust.h; writing is in trust_write.c, what two peers claim in trust_settle.c
 */
#include "keys/trust.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "local.h"
#include "trust_reading.h"

static const char CARD_ENDING[] = TRUST_CARD_ENDING, LOCAL_ENDING[] = TRUST_LOCAL_ENDING;

enum {
	CARD_FILE_BYTES = 8192 /* a card has some 200; comments may be added */
};

/* ---- the folder ---- */

static bool has_ending(const char *name, const char *ending)
{
	size_t len = strlen(name), end = strlen(ending);

	return len > end && strcmp(name + len - end, ending) == 0;
}

static int is_ours(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       (has_ending(entry->d_name, CARD_ENDING) || has_ending(entry->d_name, LOCAL_ENDING));
}

/* Return: how many names, sorted, in @names, to be freed one by one; or a negative errno */
static int list_folder(const char *folder, struct dirent ***names, struct error *err)
{
	int count = scandir(folder, names, is_ours, alphasort);
	int code = -errno;

	if (count >= 0)
		return count;
	return error_set(err, code, "%s: cannot read the folder: %s; longwire init makes one",
			 folder, strerror(-code));
}

/* ---- faults ---- */

struct trust_fault *trust_add_fault(struct trust *t, const char *name)
{
	struct trust_fault *fault = &t->faults[t->fault_count++];

	*fault = (struct trust_fault){0};
	/* a name too long to be one is cut: the error has it whole */
	snprintf(fault->name, sizeof(fault->name), "%.*s", (int)sizeof(fault->name) - 1, name);
	return fault;
}

/* Append a peer. Its psk has the place of the same number. */
static struct trust_peer *add_peer(struct trust *t, const char *name)
{
	struct trust_peer *peer = &t->peers[t->count];

	*peer = (struct trust_peer){.psk = &t->psks[t->count]};
	memset(peer->psk, 0, sizeof(*peer->psk));
	strcpy(peer->name, name);
	t->count++;
	return peer;
}

void trust_copy_peer(struct trust_peer *to, const struct trust_peer *from)
{
	to->card = from->card;
	to->local = from->local;
	*to->psk = *from->psk;
}

/* ---- files ---- */

static int read_card(const char *path, struct card *out, struct error *err)
{
	char room[CARD_FILE_BYTES];
	struct file_text text = {.at = room, .room = sizeof(room)};
	int rc = file_read(path, FILE_PUBLIC, &text, err);

	return rc ? rc : card_parse(path, text.at, text.len, out, err);
}

/* Read both files of a peer into @peer. */
static int read_peer(const struct reading *r, struct trust_peer *peer, struct error *err)
{
	char path[TRUST_PATH_BYTES];
	int rc;

	snprintf(path, sizeof(path), "%s/%s%s", r->folder, peer->name, CARD_ENDING);
	rc = read_card(path, &peer->card, err);
	if (rc)
		return rc;
	if (r->own && public_key_equal(&peer->card.key, r->own))
		return error_set(
			err, -EINVAL,
			"%s: the key is our own; this is the card to give away: remove it here",
			path);
	snprintf(path, sizeof(path), "%s/%s%s", r->folder, peer->name, LOCAL_ENDING);
	rc = local_read(path, &peer->local, peer->psk, err);
	if (rc == 0 && peer->local.is_fixed && !peer->card.at[0])
		return error_set(err, -EINVAL,
				 "%s:%d: 'roam = no' keeps %s at the addresses of its card, and "
				 "%s%s names none; "
				 "add 'at = HOST:PORT' there, or take this line out",
				 path, peer->local.roam_line, peer->name, peer->name, CARD_ENDING);
	return rc == -ENOENT ? 0 : rc;
}

/* The stem of a file's name. Return: false, and a fault is noted, if it cannot be a peer's name */
static bool take_stem(const struct reading *r, const char *file, const char *ending,
		      char stem[TEXT_NAME_BYTES])
{
	char whole[NAME_MAX + 1];
	struct error why;

	snprintf(whole, sizeof(whole), "%.*s", (int)(strlen(file) - strlen(ending)), file);
	if (text_check_name(whole, &why) == 0) {
		strcpy(stem, whole); /* as text_check_name() says, it fits */
		return true;
	}
	error_set(&trust_add_fault(r->out, whole)->error, -EINVAL, "%s/%s: %s; rename the file",
		  r->folder, file, why.text);
	return false;
}

static void read_card_file(struct reading *r, const char *file)
{
	char name[TEXT_NAME_BYTES];
	const struct trust_peer *before;
	struct trust_fault *fault;
	struct error err;

	if (!take_stem(r, file, CARD_ENDING, name))
		return;
	if (read_peer(r, add_peer(r->out, name), &err) == 0)
		return;
	key_wipe(r->out->peers[--r->out->count].psk, sizeof(struct preshared_key));
	fault = trust_add_fault(r->out, name);
	fault->error = err;
	before = trust_find(r->before, name);
	if (before) {
		fault->kept = true;
		trust_copy_peer(add_peer(r->out, name), before);
	}
}

/* A .local file without a card says nothing about anybody. */
static void check_local_file(struct reading *r, const char *file)
{
	char name[TEXT_NAME_BYTES], path[TRUST_PATH_BYTES];
	struct trust_fault *fault;

	if (!take_stem(r, file, LOCAL_ENDING, name) || trust_find(r->out, name))
		return;
	for (size_t i = 0; i < r->out->fault_count; i++)
		if (strcmp(r->out->faults[i].name, name) == 0)
			return; /* there is a card, and it was refused */
	snprintf(path, sizeof(path), "%s/%s", r->folder, file);
	fault = trust_add_fault(r->out, name);
	fault->warning = true;
	error_set(&fault->error, -ENOENT,
		  "%s has no effect: there is no %s%s beside it; add the card or remove the file",
		  path, name, CARD_ENDING);
}

/* ---- the whole ---- */

static int allocate(struct trust *t, size_t files)
{
	t->peers = calloc(files + 1, sizeof(*t->peers));
	t->faults = calloc(2 * files + 1, sizeof(*t->faults));
	t->psks = sodium_allocarray(files + 1, sizeof(*t->psks));
	return t->peers && t->faults && t->psks ? 0 : -ENOMEM;
}

static int read_files(struct reading *r, struct dirent **files, size_t count)
{
	int rc = allocate(r->out, count);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (has_ending(files[i]->d_name, CARD_ENDING))
			read_card_file(r, files[i]->d_name);
	for (size_t i = 0; i < count; i++)
		if (has_ending(files[i]->d_name, LOCAL_ENDING))
			check_local_file(r, files[i]->d_name);
	rc = settle_keys(r);
	return rc ? rc : settle_pins(r);
}

int trust_read(const char *folder, const struct public_key *own, const struct trust *before,
	       struct trust *out, struct error *err)
{
	struct reading r = {.folder = folder, .own = own, .before = before, .out = out};
	struct dirent **files = NULL;
	int count, rc;

	*out = (struct trust){0};
	count = list_folder(folder, &files, err);
	if (count < 0)
		return count;
	rc = read_files(&r, files, (size_t)count);
	if (rc)
		error_set(err, rc, "%s: out of memory", folder);
	else if (out->count > TRUST_PEERS_MAX)
		rc = error_set(err, -E2BIG, "%s holds more than %d peers", folder, TRUST_PEERS_MAX);
	for (int i = 0; i < count; i++)
		free(files[i]);
	free(files);
	if (rc)
		trust_free(out);
	return rc;
}

void trust_free(struct trust *t)
{
	free(t->peers);
	free(t->faults);
	sodium_free(t->psks); /* wipes */
	*t = (struct trust){0};
}

const struct trust_peer *trust_find(const struct trust *t, const char *name)
{
	for (size_t i = 0; t && i < t->count; i++)
		if (strcmp(t->peers[i].name, name) == 0)
			return &t->peers[i];
	return NULL;
}

const struct trust_peer *trust_find_key(const struct trust *t, const struct public_key *key)
{
	for (size_t i = 0; i < t->count; i++)
		if (public_key_equal(&t->peers[i].card.key, key))
			return &t->peers[i];
	return NULL;
}
