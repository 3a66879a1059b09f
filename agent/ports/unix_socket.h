/*
 * unix_socket.h - a unix socket of ours that others find by its name
 *
 * Layer: agent (ports), private. Shared by dgram and stream.
 *
 * How it works. The file of a socket outlives an agent that was killed, so a file that is there and
 * that nobody has bound is replaced. One that somebody has bound is never taken away, and what is no
 * socket is never removed. On Linux both are told apart by a connect() of another type than any in
 * use, which tells without being noticed.
 */
#ifndef AGENT_PORTS_UNIX_SOCKET_H
#define AGENT_PORTS_UNIX_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "agent/config.h"
#include "common/error.h"

/** struct unix_socket - @fd: or -1; @device, @inode: of its file, 0 in the abstract namespace */
struct unix_socket {
	int fd;
	dev_t device;
	ino_t inode;
};

/**
 * unix_socket_open() - Bind one that does not block, with the file's group and mode
 * @type:	SOCK_DGRAM or SOCK_STREAM
 * @config:	its `local` is a unix endpoint
 *
 * Return: 0; a negative errno with @why, a sentence that names the path and what to do, and no
 * descriptor open
 */
int unix_socket_open(struct unix_socket *s, int type, const struct plug_config *config,
		     struct error *why);

/** unix_socket_is_found() - Does its name still lead to it? A cleaner of /tmp may have removed the file */
bool unix_socket_is_found(const struct unix_socket *s, const struct endpoint *at);

/** unix_socket_close() - And remove the file, if it is still this one's; harmless without a descriptor */
void unix_socket_close(struct unix_socket *s, const struct endpoint *at);

/** unix_socket_is_at() - Do two names lead to one file? */
bool unix_socket_is_at(const char *path, const char *other);

enum {
	UNIX_OWNER_BYTES = 64
};

/** unix_owner() - Who has bound that path: "NAME (process N)", for a sentence; where that cannot be told,
 * "another program". Looks through all processes: not for the data path. Return: @out */
const char *unix_owner(const char *path, char out[UNIX_OWNER_BYTES]);

#endif
