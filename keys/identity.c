/*
 * identity.c - see identity.h
 */
#include "keys/identity.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cursor.h"
#include "common/file.h"

static const char HEAD[] = IDENTITY_WORD " ";

enum {
	HEAD_BYTES = sizeof(HEAD) - 1,
	HEX_BYTES = 2 * KEY_BYTES,
	FILE_BYTES = HEAD_BYTES + HEX_BYTES + 1,
	MACHINE_BYTES = 4, /* of its number in the hash, big-endian */
	LOCALLY_ADMINISTERED = 0x02,
};

static int allocate(struct identity *out, struct error *err)
{
	*out = (struct identity){.secret = sodium_malloc(sizeof(*out->secret))};
	if (!out->secret)
		return error_set(err, -ENOMEM, "no memory for the identity");
	return 0;
}

/* The text may only be of one form: everything else is somebody's mistake, or damage. */
static int parse(const char *path, const struct file_text *text, struct secret_key *out,
		 struct error *err)
{
	size_t got = 0;

	if (text->len == FILE_BYTES && memcmp(text->at, HEAD, HEAD_BYTES) == 0 &&
	    text->at[FILE_BYTES - 1] == '\n' &&
	    sodium_hex2bin(out->b, KEY_BYTES, text->at + HEAD_BYTES, HEX_BYTES, NULL, &got, NULL) ==
		    0 &&
	    got == KEY_BYTES)
		return 0;
	return error_set(err, -EINVAL,
			 "%s:1: this is no identity; expected one line, '%s' and %d hexadecimal "
			 "digits: bring it back from a copy, or remove it and run longwire init "
			 "(which makes another key, so all friends need the new card)",
			 path, IDENTITY_WORD, HEX_BYTES);
}

int identity_load(const char *path, struct identity *out, struct error *err)
{
	char room[FILE_BYTES + 2]; /* one more, to notice a longer file, and a NUL */
	struct file_text text = {.at = room, .room = sizeof(room)};
	int rc;

	*out = (struct identity){0};
	rc = file_read(path, FILE_SECRET, &text, err);
	if (rc == -EFBIG)
		text.len = sizeof(room);
	else if (rc)
		return rc;
	rc = allocate(out, err);
	if (rc == 0)
		rc = parse(path, &text, out->secret, err);
	key_wipe(room, sizeof(room));
	if (rc) {
		identity_free(out);
		return rc;
	}
	secret_key_public(out->secret, &out->public);
	return 0;
}

int identity_create(const char *path, struct identity *out, struct error *err)
{
	char text[FILE_BYTES + 1];
	const struct file_bytes bytes = {text, FILE_BYTES, S_IRUSR | S_IWUSR};
	int rc = allocate(out, err);

	if (rc)
		return rc;
	randombytes_buf(out->secret->b, KEY_BYTES);
	memcpy(text, HEAD, HEAD_BYTES);
	sodium_bin2hex(text + HEAD_BYTES, HEX_BYTES + 1, out->secret->b, KEY_BYTES);
	text[FILE_BYTES - 1] = '\n';
	rc = file_create(path, &bytes, err);
	key_wipe(text, sizeof(text));
	if (rc) {
		identity_free(out);
		return rc;
	}
	secret_key_public(out->secret, &out->public);
	return 0;
}

void identity_free(struct identity *id)
{
	sodium_free(id->secret); /* wipes */
	*id = (struct identity){0};
}

static struct mac derive_mac(const struct public_key *key, const char *domain, const void *what,
			     size_t len)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	struct mac mac = {{LOCALLY_ADMINISTERED}};
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	crypto_generichash_update(&state, (const uint8_t *)domain, strlen(domain));
	crypto_generichash_update(&state, key->b, KEY_BYTES);
	crypto_generichash_update(&state, what, len);
	crypto_generichash_final(&state, hash, sizeof(hash));
	memcpy(mac.b + 1, hash, MAC_BYTES - 1);
	return mac;
}

struct mac identity_machine_mac(const struct public_key *key, uint32_t machine)
{
	uint8_t number[MACHINE_BYTES];
	struct writer w = writer_over(number, sizeof(number));

	writer_u32(&w, machine);
	return derive_mac(key, "longwire machine 1", number, sizeof(number));
}

struct mac identity_named_mac(const struct public_key *key, const char *name)
{
	return derive_mac(key, "longwire machine name 1", name, strlen(name));
}
