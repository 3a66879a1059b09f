/*
 * socket_file.h - the file of a unix socket, and nothing that somebody put in its place
 *
 * Layer: agent, private. Shared by the control socket and the ports.
 *
 * How it works. In a folder where others may write, what a path leads to changes between two calls: an
 * agent that is root could be made to open /etc/shadow to a group, or to talk to another's socket. So the
 * file is held first, looked at, and from then on meant by its descriptor and no more by its path.
 */
#ifndef AGENT_SOCKET_FILE_H
#define AGENT_SOCKET_FILE_H

#include <sys/types.h>

enum {
	SOCKET_FILE_NAME_BYTES = 32
};

/**
 * socket_file_hold() - Hold the socket at @path, if it is that user's
 *
 * Return: a descriptor for socket_file_name() and close(); -EPERM if it is another user's; -ENOTSOCK if
 * it is no socket, or a link to one; or the negative errno of open(2)
 */
int socket_file_hold(const char *path, uid_t owner);

/** socket_file_name() - A path of what is held, whatever its own leads to by now. Return: @out */
const char *socket_file_name(int held, char out[SOCKET_FILE_NAME_BYTES]);

/**
 * socket_file_give() - Give our own socket at @path to a group, then a mode
 * @group:	NULL: it stays in its group
 *
 * The mode comes last: until then the file has what umask left of it, for us alone.
 *
 * Return: 0; what socket_file_hold() says; -EPERM, too, where we are no member of the group
 */
int socket_file_give(const char *path, const gid_t *group, mode_t mode);

#endif
