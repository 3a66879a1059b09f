/*
 * trust.c - see trust.h; writing is in trust_write.c
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

static const char CARD_ENDING[] = ".card", LOCAL_ENDING[] = ".local";

enum {
	CARD_FILE_BYTES = 8192 /* a card has some 200; comments may be added */
};

/* struct reading - what trust_read() is about */
struct reading {
	const char *folder;
	const struct public_key *own;
	const struct trust *before;
	struct trust *out;
	char **names; /* files of the folder, sorted */
	size_t name_count;
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

/* Return: a new fault of @name whose error is to be set; never NULL: there is room for each file's two */
static struct trust_fault *add_fault(struct trust *t, const char *name)
{
	struct trust_fault *fault = &t->faults[t->fault_count++];

	*fault = (struct trust_fault){0};
	/* a name too long to be one is cut: the error has it whole */
	snprintf(fault->name, sizeof(fault->name), "%.*s", (int)sizeof(fault->name) - 1, name);
	return fault;
}

static const struct trust_peer *find(const struct trust *t, const char *name)
{
	for (size_t i = 0; t && i < t->count; i++)
		if (strcmp(t->peers[i].name, name) == 0)
			return &t->peers[i];
	return NULL;
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

static void copy_peer(struct trust *t, const struct trust_peer *from)
{
	struct trust_peer *peer = add_peer(t, from->name);

	peer->card = from->card;
	peer->local = from->local;
	*peer->psk = *from->psk;
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
	error_set(&add_fault(r->out, whole)->error, -EINVAL, "%s/%s: %s; rename the file",
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
	fault = add_fault(r->out, name);
	fault->error = err;
	before = find(r->before, name);
	if (before) {
		fault->kept = true;
		copy_peer(r->out, before);
	}
}

/* A .local file without a card says nothing about anybody. */
static void check_local_file(struct reading *r, const char *file)
{
	char name[TEXT_NAME_BYTES], path[TRUST_PATH_BYTES];
	struct trust_fault *fault;

	if (!take_stem(r, file, LOCAL_ENDING, name) || find(r->out, name))
		return;
	for (size_t i = 0; i < r->out->fault_count; i++)
		if (strcmp(r->out->faults[i].name, name) == 0)
			return; /* there is a card, and it was refused */
	snprintf(path, sizeof(path), "%s/%s", r->folder, file);
	fault = add_fault(r->out, name);
	fault->warning = true;
	error_set(&fault->error, -ENOENT,
		  "%s has no effect: there is no %s%s beside it; add the card or remove the file",
		  path, name, CARD_ENDING);
}

/* ---- one key in two files ---- */

static int compare_keys(const void *a, const void *b)
{
	const struct trust_peer *const *x = a, *const *y = b;

	return memcmp((*x)->card.key.b, (*y)->card.key.b, KEY_BYTES);
}

static bool was_there(const struct reading *r, const struct trust_peer *peer)
{
	const struct trust_peer *before = find(r->before, peer->name);

	return before && public_key_equal(&before->card.key, &peer->card.key);
}

/* Mark a peer for removal: a name is never empty otherwise. */
static void refuse_twin(const struct reading *r, struct trust_peer *peer, const char *twin)
{
	error_set(&add_fault(r->out, peer->name)->error, -EEXIST,
		  "%s/%s%s has the same key as %s%s; a key has one name: remove one of the two",
		  r->folder, peer->name, CARD_ENDING, twin, CARD_ENDING);
	peer->name[0] = '\0';
}

/* @peers[0..@count) have one key: keep the one that was there before, refuse the others by name. */
static void settle_twins(const struct reading *r, struct trust_peer **peers, size_t count)
{
	struct trust_peer *kept = NULL;
	char first[TEXT_NAME_BYTES], second[TEXT_NAME_BYTES];

	for (size_t i = 0; i < count && !kept; i++)
		if (was_there(r, peers[i]))
			kept = peers[i];
	strcpy(first, kept ? kept->name : peers[0]->name);
	strcpy(second, peers[1]->name);
	for (size_t i = 0; i < count; i++)
		if (peers[i] != kept)
			refuse_twin(r, peers[i], strcmp(peers[i]->name, first) ? first : second);
}

static void drop_marked(struct trust *t)
{
	size_t to = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (!t->peers[i].name[0])
			continue;
		if (to != i) {
			t->psks[to] = t->psks[i];
			t->peers[to] = t->peers[i];
			t->peers[to].psk = &t->psks[to];
		}
		to++;
	}
	t->count = to;
}

static int refuse_twins(const struct reading *r)
{
	struct trust *t = r->out;
	struct trust_peer **sorted = calloc(t->count + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < t->count; i++)
		sorted[i] = &t->peers[i];
	qsort(sorted, t->count, sizeof(*sorted), compare_keys);
	for (size_t i = 0, n; i < t->count; i += n) {
		for (n = 1; i + n < t->count && compare_keys(&sorted[i], &sorted[i + n]) == 0; n++)
			;
		if (n > 1)
			settle_twins(r, sorted + i, n);
	}
	free(sorted);
	drop_marked(t);
	return 0;
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
	return refuse_twins(r);
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
	return find(t, name);
}

const struct trust_peer *trust_find_key(const struct trust *t, const struct public_key *key)
{
	for (size_t i = 0; i < t->count; i++)
		if (public_key_equal(&t->peers[i].card.key, key))
			return &t->peers[i];
	return NULL;
}
