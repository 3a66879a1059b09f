/*
 * socket_file_linux.c - see socket_file.h
 *
 * open(2): O_PATH gets hold of a file of any type without opening it. proc(5): what /proc/self/fd/N leads
 * to is that very file.
 */
#include "socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int socket_file_hold(const char *path, uid_t owner)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), code = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		code = -errno;
	else if (!S_ISSOCK(st.st_mode))
		code = -ENOTSOCK;
	else if (st.st_uid != owner)
		code = -EPERM;
	if (code == 0)
		return fd;
	close(fd);
	return code;
}

const char *socket_file_name(int held, char out[SOCKET_FILE_NAME_BYTES])
{
	snprintf(out, SOCKET_FILE_NAME_BYTES, "/proc/self/fd/%d", held);
	return out;
}

int socket_file_give(const char *path, const gid_t *group, mode_t mode)
{
	int fd = socket_file_hold(path, geteuid()), code = 0;
	char name[SOCKET_FILE_NAME_BYTES];

	if (fd < 0)
		return fd;
	if ((group && fchownat(fd, "", (uid_t)-1, *group, AT_EMPTY_PATH) < 0) ||
	    chmod(socket_file_name(fd, name), mode) < 0)
		code = -errno;
	close(fd);
	return code;
}
