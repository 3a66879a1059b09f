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

#endif
