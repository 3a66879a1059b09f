/*
 * fuzz.c - see fuzz.h
 */
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PATH_BYTES = 256,
	OPEN_MAX_AT_ONCE = 4, /* descriptors of nftw() */
	MODE = 0600,
};

static char folder[PATH_BYTES];

void fuzz_must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

uint8_t *fuzz_exact(const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	fuzz_must(copy != NULL, "out of memory");
	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_one, OPEN_MAX_AT_ONCE, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void)
{
	const char *in = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	if (folder[0])
		return folder;
	snprintf(folder, sizeof(folder), "%s/longwire-fuzz-XXXXXX", in);
	fuzz_must(mkdtemp(folder) != NULL, "no folder to work in");
	atexit(remove_folder);
	return folder;
}

void fuzz_write(const char *name, const void *bytes, size_t len)
{
	char path[2 * PATH_BYTES];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, MODE);
	fuzz_must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len, "cannot write");
	close(fd);
}
