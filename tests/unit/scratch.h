/*
 * scratch.h - a folder for the files of one test program, removed with all that is in it
 */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SCRATCH_PATH_BYTES = 512,
	SCRATCH_DEPTH = 8
};

static char scratch[] = "/tmp/longwire-unit-XXXXXX";

static inline int scratch_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	/* the folder itself stays, for the next test */
	return ftw->level == 0 ? 0 : remove(path);
}

/* Before each test: an empty folder. */
static inline int scratch_begin(void **state)
{
	(void)state;
	return nftw(scratch, scratch_unlink, SCRATCH_DEPTH, FTW_DEPTH | FTW_PHYS);
}

/* Before all tests. */
static inline int scratch_make(void **state)
{
	(void)state;
	return mkdtemp(scratch) ? 0 : -1;
}

/* After all tests. */
static inline int scratch_remove(void **state)
{
	return scratch_begin(state) || rmdir(scratch);
}

/* Path of a file in the folder; valid until the next four calls. */
static inline const char *scratch_path(const char *name)
{
	static char paths[4][SCRATCH_PATH_BYTES];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, SCRATCH_PATH_BYTES, "%s/%s", scratch, name);
	return path;
}

static inline void scratch_write(const char *name, const char *text)
{
	FILE *f = fopen(scratch_path(name), "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		fail_msg("cannot write %s", name);
	chmod(scratch_path(name), 0600);
}

/* What stands in a file; valid until the next call. */
static inline const char *scratch_read(const char *name)
{
	static char text[65536];
	FILE *f = fopen(scratch_path(name), "r");
	size_t len;

	if (!f)
		fail_msg("cannot read %s", name);
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	fclose(f);
	return text;
}

#endif
