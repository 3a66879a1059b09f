/*
 * socket_file_none.c - where a file cannot be held by a descriptor; see socket_file.h
 *
 * Links are not followed all the same. Nothing can be held.
 */
#include "socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int socket_file_hold(const char *path, uid_t owner)
{
	(void)path;
	(void)owner;
	return -ENOTSUP;
}

const char *socket_file_name(int held, char out[SOCKET_FILE_NAME_BYTES])
{
	(void)held;
	out[0] = '\0';
	return out;
}

int socket_file_give(const char *path, const gid_t *group, mode_t mode)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	if ((group && lchown(path, (uid_t)-1, *group) < 0) ||
	    fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}
