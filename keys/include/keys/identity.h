/*
 * identity.h - who I am: the file identity.key
 *
 * Layer: keys. The file is one line of one length, "longwire-secret-1 ", 64 hexadecimal digits and a
 * newline; it belongs to root or the user, and nobody else may open it. It is made once and never
 * written again.
 */
#ifndef KEYS_IDENTITY_H
#define KEYS_IDENTITY_H

#include <stdint.h>

#include "common/error.h"
#include "common/ether.h"
#include "keytypes/key.h"

/** The file's first word: whoever pastes it as a card is warned */
#define IDENTITY_WORD "longwire-secret-1"

/** struct identity - @secret lies in guarded, locked memory; identity_free() wipes it */
struct identity {
	struct secret_key *secret;
	struct public_key public;
};

/**
 * identity_load() - Read a secret key
 * @out:	filled on success, else zeroed
 *
 * Return: 0; -ENOENT; -EPERM, -ELOOP (somebody else could read or change it); -EINVAL (not such a
 * file); another negative errno; with @err
 */
int identity_load(const char *path, struct identity *out, struct error *err);

/**
 * identity_create() - Make a secret key and its file, mode 0600
 *
 * Return: as identity_load(); -EEXIST when there is a file, which is left alone
 */
int identity_create(const char *path, struct identity *out, struct error *err);

/** identity_free() - Wipe; @id may be zeroed */
void identity_free(struct identity *id);

/**
 * identity_machine_mac() - A MAC for a machine on this host, the same whenever it is asked for
 * @machine:	which one, from 1
 *
 * QEMU gives the first machine of every host the same MAC; this one is unlikely to be anywhere else:
 * 02 (locally administered, IEEE 802 U/L bit), then five bytes of BLAKE2b over "longwire machine 1",
 * the public key and the number.
 */
struct mac identity_machine_mac(const struct public_key *key, uint32_t machine);

/** identity_named_mac() - Likewise, for a machine that is told apart by a text: "longwire machine name 1"
 * and @name in place of the number */
struct mac identity_named_mac(const struct public_key *key, const char *name);

#endif
