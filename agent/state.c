/*
 * state.c - see state.h
 */
#include "agent/state.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

enum {
	STATE_MODE = 0600,
	FILE_MAX_BYTES = 1 << 20, /* 4096 peers at about 150 bytes; more is not ours */
	FIRST_CAPACITY = 8,
};

static const char CEILING_KEY[] = "timestamp_ceiling_ns";
static const char PEERS_KEY[] = "peers";

int state_path(const char *folder, const char *name, char out[CONFIG_PATH_BYTES], struct error *err)
{
	/* systemd may list several state folders, with colons; ours is the first */
	const char *given = getenv("STATE_DIRECTORY");
	const char *dir = given && *given ? given : folder;
	int len = snprintf(out, CONFIG_PATH_BYTES, "%.*s/%s",
			   (int)(given && *given ? strcspn(given, ":") : strlen(dir)), dir, name);

	if (len < 0 || len >= CONFIG_PATH_BYTES)
		return error_set(err, -ENAMETOOLONG, "%s: the path is too long", dir);
	return 0;
}

static int take_peer(struct state *s, const char *key_text, const json_t *addr_text)
{
	struct public_key key;
	struct addr addr;

	if (!json_is_string(addr_text) || public_key_parse(key_text, &key, NULL) != 0 ||
	    addr_parse(json_string_value(addr_text), 0, &addr) != 0 || !addr_is_unicast(&addr))
		return -EINVAL;
	state_remember(s, &key, &addr);
	return 0;
}

/* Takes nothing of a file that is wrong anywhere: half of it is nothing to rely on */
static int take_file(struct state *s, json_t *file)
{
	const json_t *ceiling = json_object_get(file, CEILING_KEY);
	json_t *peers = json_object_get(file, PEERS_KEY);
	int rc = 0;

	if (!json_is_integer(ceiling) || json_integer_value(ceiling) < 0 || !json_is_object(peers))
		return -EINVAL;
	for (void *at = json_object_iter(peers); at && rc == 0;
	     at = json_object_iter_next(peers, at))
		rc = take_peer(s, json_object_iter_key(at), json_object_iter_value(at));
	if (rc == 0)
		s->timestamp_ceiling_ns = (uint64_t)json_integer_value(ceiling);
	else
		s->count = 0;
	return rc;
}

/* Return: the file's object or NULL with @rc 0 (no file) or negative, with @err */
static json_t *read_file(const char *path, int *rc, struct error *err)
{
	struct file_text text = {.at = malloc(FILE_MAX_BYTES), .room = FILE_MAX_BYTES};
	json_error_t why;
	json_t *file = NULL;

	*rc = text.at ? file_read(path, FILE_PUBLIC, &text, err) : -ENOMEM;
	if (*rc == 0)
		file = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &why);
	if (*rc == 0 && !file)
		*rc = error_set(err, -EINVAL, "%s:%d: damaged (%s); starting without it", path,
				why.line, why.text);
	free(text.at);
	return file;
}

int state_load(struct state *s, const char *folder, struct error *err)
{
	json_t *file;
	int rc;

	*s = (struct state){0};
	rc = state_path(folder, "state", s->path, err);
	if (rc)
		return rc;
	file = read_file(s->path, &rc, err);
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	rc = take_file(s, file);
	json_decref(file);
	if (rc)
		error_set(err, rc, "%s: damaged (a value is missing or wrong); starting without it",
			  s->path);
	return rc;
}

static struct state_peer *find(const struct state *s, const struct public_key *key)
{
	for (size_t i = 0; i < s->count; i++)
		if (public_key_equal(&s->peers[i].key, key))
			return &s->peers[i];
	return NULL;
}

/* Return: a new last entry, or NULL */
static struct state_peer *append(struct state *s)
{
	size_t capacity = s->capacity ? s->capacity * 2 : FIRST_CAPACITY;
	struct state_peer *grown;

	if (s->count == STATE_PEERS_MAX)
		return NULL;
	if (s->count < s->capacity)
		return &s->peers[s->count++];
	grown = reallocarray(s->peers, capacity, sizeof(*grown));
	if (!grown)
		return NULL;
	s->peers = grown;
	s->capacity = capacity;
	return &s->peers[s->count++];
}

bool state_remember(struct state *s, const struct public_key *key, const struct addr *addr)
{
	struct state_peer *peer = find(s, key);

	if (peer && addr_equal(&peer->addr, addr))
		return false;
	if (!peer)
		peer = append(s);
	if (!peer)
		return false;
	*peer = (struct state_peer){.key = *key, .addr = *addr};
	return true;
}

bool state_forget(struct state *s, const struct public_key *key)
{
	struct state_peer *peer = find(s, key);

	if (!peer)
		return false;
	*peer = s->peers[--s->count];
	return true;
}

const struct addr *state_find(const struct state *s, const struct public_key *key)
{
	const struct state_peer *peer = find(s, key);

	return peer ? &peer->addr : NULL;
}

char *state_text(const struct state *s)
{
	char key[KEY_TEXT_BYTES], addr[ADDR_TEXT_BYTES], *text;
	json_t *peers = json_object();
	json_t *file = json_pack("{s:I, s:O}", CEILING_KEY, (json_int_t)s->timestamp_ceiling_ns,
				 PEERS_KEY, peers);

	for (size_t i = 0; i < s->count; i++)
		json_object_set_new(peers, public_key_format(&s->peers[i].key, key),
				    json_string(addr_format(&s->peers[i].addr, addr)));
	text = json_dumps(file, JSON_INDENT(1) | JSON_SORT_KEYS);
	json_decref(peers);
	json_decref(file);
	return text;
}

int state_write_text(const struct state *s, const char *text, struct error *err)
{
	const struct file_bytes bytes = {
		.at = text, .len = text ? strlen(text) : 0, .mode = STATE_MODE};

	if (!text)
		return error_set(err, -ENOMEM, "%s: no memory to write it", s->path);
	return file_replace(s->path, &bytes, err);
}

void state_fini(struct state *s)
{
	free(s->peers);
	*s = (struct state){0};
}
