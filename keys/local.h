/*
 * local.h - NAME.local: what we say about a peer
 *
 * Layer: keys (private to trust.c).
 */
#ifndef KEYS_LOCAL_H
#define KEYS_LOCAL_H

#include "keys/trust.h"

/**
 * local_read() - Read a file
 * @out, @psk:	filled on success, else untouched
 *
 * A file with a psk is refused if anybody else can read it. Return: 0 or a negative errno with @err
 */
int local_read(const char *path, struct trust_local *out, struct preshared_key *psk,
	       struct error *err);

/**
 * local_allow_words() - Change a set by words with commas between
 * @takes_back:	a word with '-' before it goes out of the set; else that is no word
 *
 * Return: 0, or -EINVAL with @err
 */
int local_allow_words(const char *words, bool takes_back, unsigned *set, struct error *err);

#endif
