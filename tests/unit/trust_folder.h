/*
 * trust_folder.h - a folder of cards and two readings of it, for the tests of keys/trust.h
 */
#ifndef TESTS_TRUST_FOLDER_H
#define TESTS_TRUST_FOLDER_H

#include "unit.h"

#include <sodium.h>
#include <stdio.h>

#include "keys.h"
#include "keys/trust.h"
#include "scratch.h"

static struct error error;
static struct trust before, now;

static inline struct public_key key(const char *text)
{
	struct public_key k;

	if (public_key_parse(text, &k, &error))
		fail_msg("%s", error.text);
	return k;
}

static inline void put_card(const char *name, const char *key_text, const char *at)
{
	char file[80], text[512];

	snprintf(file, sizeof(file), "%s.card", name);
	snprintf(text, sizeof(text), "[peer]\nname = x\nkey = %s\n%s%s\n", key_text,
		 at ? "at = " : "", at ? at : "");
	scratch_write(file, text);
}

/* Read the folder; what was read last becomes `before`. */
static inline void reread(void)
{
	const struct public_key own = key(KEY_3);

	trust_free(&before);
	before = now;
	if (trust_read(scratch, &own, before.peers ? &before : NULL, &now, &error))
		fail_msg("%s", error.text);
}

static inline int begin(void **state)
{
	trust_free(&before);
	trust_free(&now);
	memset(&error, 0, sizeof(error));
	return scratch_begin(state);
}

static inline int start(void **state)
{
	return sodium_init() < 0 ? -1 : scratch_make(state);
}

static inline int stop(void **state)
{
	trust_free(&before);
	trust_free(&now);
	return scratch_remove(state);
}

static inline void assert_only_fault(const char *name, const char *message)
{
	if (now.fault_count != 1)
		fail_msg("%zu faults", now.fault_count);
	assert_string_equal(now.faults[0].name, name);
	assert_error(&now.faults[0].error, message);
}

#endif
