/*
 * file.c - see file.h
 */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OTHERS = S_IRWXG | S_IRWXO
};

/* For messages: the error of a system call on @path. */
static int failed(const char *path, const char *what, struct error *err)
{
	int code = -errno;

	return error_set(err, code, "%s: cannot %s: %s", path, what, strerror(-code));
}

static int check_secret(const char *path, const struct stat *st, struct error *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(err, -EPERM,
				 "%s belongs to another user (uid %u); it holds a secret, so it "
				 "must be yours: chown it, or make your own",
				 path, st->st_uid);
	if (st->st_mode & OTHERS)
		return error_set(err, -EPERM,
				 "%s is open to other users (mode %04o); it holds a secret: chmod "
				 "600 %s",
				 path, st->st_mode & 07777, path);
	return 0;
}

static int open_checked(const char *path, enum file_secrecy secrecy, struct error *err)
{
	int link = secrecy == FILE_SECRET ? O_NOFOLLOW : 0;
	/* O_NONBLOCK: a pipe that nobody writes to would block the open. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | link), rc = 0;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return error_set(err, -ENOENT, "%s does not exist", path);
	if (fd < 0 && errno == ELOOP)
		return error_set(err, -ELOOP,
				 "%s is a symbolic link; a secret must be a file of its own", path);
	if (fd < 0 && errno == EACCES)
		return error_set(
			err, -EACCES,
			"%s cannot be read: it, or a folder above it, is another user's; run "
			"this as that user, or chown it",
			path);
	if (fd < 0)
		return failed(path, "open", err);
	if (fstat(fd, &st))
		rc = failed(path, "look at", err);
	else if (!S_ISREG(st.st_mode))
		rc = error_set(err, -EINVAL, "%s is not a regular file", path);
	else if (secrecy == FILE_SECRET)
		rc = check_secret(path, &st, err);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* Fill @into to its room; one byte more than fits a text tells that the file is too long. */
static int read_all(int fd, struct file_text *into)
{
	into->len = 0;
	while (into->len < into->room) {
		ssize_t n = read(fd, into->at + into->len, into->room - into->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		into->len += (size_t)n;
	}
	return into->len < into->room ? 0 : -EFBIG;
}

int file_read(const char *path, enum file_secrecy secrecy, struct file_text *into,
	      struct error *err)
{
	int fd = open_checked(path, secrecy, err), rc;

	if (fd < 0)
		return fd;
	rc = read_all(fd, into);
	close(fd);
	if (rc == 0) {
		into->at[into->len] = '\0';
		return 0;
	}
	explicit_bzero(into->at, into->room);
	if (rc == -EFBIG)
		return error_set(err, rc, "%s is longer than %zu bytes, which no such file is",
				 path, into->room - 1);
	return error_set(err, rc, "%s: cannot read: %s", path, strerror(-rc));
}

/* The folder of @path, for the temporary file and for fsync. */
static int split(const char *path, char folder[FILE_PATH_BYTES], const char **base,
		 struct error *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (strlen(path) >= FILE_PATH_BYTES)
		return error_set(err, -ENAMETOOLONG, "%s: the path is too long", path);
	*base = slash ? slash + 1 : path;
	if (!slash)
		strcpy(folder, ".");
	else if (len == 0)
		strcpy(folder, "/");
	else
		snprintf(folder, FILE_PATH_BYTES, "%.*s", (int)len, path);
	return 0;
}

/* A rename or unlink is on disk only when its folder is. */
static int sync_folder(const char *folder, struct error *err)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return failed(folder, "open", err);
	if (fsync(fd) && errno != EINVAL) /* some file systems cannot sync a folder */
		rc = failed(folder, "sync", err);
	close(fd);
	return rc;
}

static int fill(int fd, const struct file_bytes *bytes)
{
	const char *at = bytes->at;
	size_t left = bytes->len;

	while (left) {
		ssize_t n = write(fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		left -= (size_t)n;
	}
	return fchmod(fd, bytes->mode) || fsync(fd) ? -1 : 0;
}

typedef int (*put_in_place)(const char *temporary, const char *path);

static int link_new(const char *temporary, const char *path)
{
	return link(temporary, path) || unlink(temporary) ? -1 : 0;
}

static int write_beside(const char *path, const struct file_bytes *bytes, put_in_place put,
			struct error *err)
{
	char folder[FILE_PATH_BYTES], temporary[2 * FILE_PATH_BYTES];
	const char *base;
	int fd, rc = split(path, folder, &base, err);

	if (rc)
		return rc;
	snprintf(temporary, sizeof(temporary), "%s/.%s.XXXXXX", folder, base);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return failed(path, "write", err);
	if (fill(fd, bytes))
		rc = failed(path, "write", err);
	close(fd);
	if (rc == 0 && put(temporary, path))
		rc = errno == EEXIST ? error_set(err, -EEXIST, "%s exists already", path)
				     : failed(path, "write", err);
	if (rc) {
		unlink(temporary);
		return rc;
	}
	return sync_folder(folder, err);
}

int file_create(const char *path, const struct file_bytes *bytes, struct error *err)
{
	return write_beside(path, bytes, link_new, err);
}

int file_replace(const char *path, const struct file_bytes *bytes, struct error *err)
{
	return write_beside(path, bytes, rename, err);
}

int file_remove(const char *path, struct error *err)
{
	char folder[FILE_PATH_BYTES];
	const char *base;
	int rc = split(path, folder, &base, err);

	if (rc)
		return rc;
	if (unlink(path))
		return failed(path, "remove", err);
	return sync_folder(folder, err);
}
