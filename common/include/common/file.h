/*
 * file.h - small files, read whole and written so that no reader ever sees half of one
 *
 * Layer: common. Start-up, commands and reload; never the data path.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

enum {
	FILE_PATH_BYTES = 1024,      /* longest path that is made here, with NUL */
	FILE_TEXT_BYTES = 64 * 1024, /* room for any text file of ours: a card has some 200 bytes */
};

/** enum file_secrecy - who may be able to read the file */
enum file_secrecy {
	FILE_PUBLIC,
	FILE_SECRET, /* refused if a link, not root's or ours, or open to group or others */
};

/**
 * struct file_text - caller's memory for a file
 * @at:		@room bytes
 * @room:	the file may have one byte less: a NUL is put behind it
 * @len:	filled: bytes of the file
 */
struct file_text {
	char *at;
	size_t room;
	size_t len;
};

/**
 * file_read() - Read a regular file whole
 *
 * Never blocks on a pipe or device that stands in its place. What was read of a file that is then
 * refused is wiped.
 *
 * Return: 0 with @into->len; -ENOENT, -EFBIG, -ELOOP (link), -EINVAL (not a regular file), -EACCES,
 * -EPERM (a secret that others could read, or that belongs to somebody else) or another negative
 * errno, with @err naming @path and what to do
 */
int file_read(const char *path, enum file_secrecy secrecy, struct file_text *into,
	      struct error *err);

/** struct file_bytes - what to write, and the mode the file gets, whatever the umask; borrowed */
struct file_bytes {
	const void *at;
	size_t len;
	mode_t mode;
};

/**
 * file_create() - Write a new file; an existing one is never touched
 *
 * As file_replace(), and -EEXIST.
 */
int file_create(const char *path, const struct file_bytes *bytes, struct error *err);

/**
 * file_replace() - Write a file at once: beside it under a name that starts with a dot, synced, renamed
 *
 * Return: 0 when it will survive a power cut; else a negative errno, and the old file is as it was
 */
int file_replace(const char *path, const struct file_bytes *bytes, struct error *err);

/** file_remove() - Unlink and sync the folder. Return: 0 or a negative errno */
int file_remove(const char *path, struct error *err);

#endif
