/*
 * unix_socket.c - see unix_socket.h
 */
#include "unix_socket.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../socket_file.h"

/* ---- a name that is taken ---- */

enum holder {
	HOLDER_NOBODY, /* a socket that nobody has bound: of a process that was killed */
	HOLDER_PROCESS,
	HOLDER_UNKNOWN, /* not ours to find out */
	HOLDER_FILE,    /* no socket at all */
};

static enum holder holder_of(const struct sockaddr_un *at, socklen_t len)
{
	int fd, code = 0;
	struct stat st;

	if (lstat(at->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return HOLDER_FILE;
	/* Nothing here is of this type: if it is bound, that fails with EPROTOTYPE, and nobody is asked. */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return HOLDER_UNKNOWN;
	if (connect(fd, (const struct sockaddr *)at, len) < 0)
		code = errno;
	close(fd);
	if (code == ECONNREFUSED)
		return HOLDER_NOBODY;
	return code == EACCES || code == EPERM ? HOLDER_UNKNOWN : HOLDER_PROCESS;
}

static int say_taken(const char *path, enum holder holder, struct error *why)
{
	char owner[UNIX_OWNER_BYTES];

	if (holder == HOLDER_FILE)
		return error_set(why, -EEXIST,
				 "%s is there and is no socket: remove it, or choose another path",
				 path);
	if (holder == HOLDER_UNKNOWN)
		return error_set(why, -EADDRINUSE,
				 "%s belongs to another user: remove it, or choose another path",
				 path);
	return error_set(why, -EADDRINUSE,
			 "%s is in use by %s: stop that, or choose another path (this one is ours, "
			 "and a machine has one of its own)",
			 path, unix_owner(path, owner));
}

static int say_why_not(const char *path, int code, struct error *why)
{
	if (code == -ENOENT || code == -ENOTDIR)
		return error_set(why, code, "the folder of %s does not exist: make it", path);
	if (code == -EACCES || code == -EPERM || code == -EROFS)
		return error_set(why, code,
				 "the agent may not make %s (%s): allow it to write in that "
				 "folder, or choose another path",
				 path, strerror(-code));
	return error_set(why, code, "cannot make %s: %s", path, strerror(-code));
}

/* ---- binding ---- */

static int bind_fd(int fd, const struct sockaddr_un *at, socklen_t len)
{
	return bind(fd, (const struct sockaddr *)at, len) < 0 ? -errno : 0;
}

static int bind_path(int fd, const struct sockaddr_un *at, socklen_t len, struct error *why)
{
	int code = bind_fd(fd, at, len);
	enum holder holder;

	if (code == -EADDRINUSE) {
		holder = holder_of(at, len);
		if (holder != HOLDER_NOBODY)
			return say_taken(at->sun_path, holder, why);
		code = unlink(at->sun_path) < 0 ? -errno : bind_fd(fd, at, len);
	}
	return code < 0 ? say_why_not(at->sun_path, code, why) : 0;
}

static int say_not_given(const char *path, const char *group, int code, struct error *why)
{
	if (code == -EPERM && group[0])
		return error_set(
			why, code,
			"%s cannot be given to the group '%s' (%s): the agent's user has to "
			"be a member of it",
			path, group, strerror(-code));
	return error_set(why, code, "%s cannot be given its mode: %s", path, strerror(-code));
}

/* The agent's umask made it ours alone; from here on it is what was asked for. */
static int give_access(const struct plug_config *config, struct error *why)
{
	const struct group *group = config->group[0] ? getgrnam(config->group) : NULL;
	int code;

	if (config->group[0] && !group)
		return error_set(why, -ENOENT,
				 "there is no group '%s' on this host: correct `group`, or make it "
				 "with 'groupadd %s'",
				 config->group, config->group);
	code = socket_file_give(config->local.text, group ? &group->gr_gid : NULL,
				(mode_t)config->mode);
	return code < 0 ? say_not_given(config->local.text, config->group, code, why) : 0;
}

static int set_up_path(struct unix_socket *s, const struct plug_config *config, struct error *why)
{
	struct sockaddr_un at;
	socklen_t len = endpoint_to_unix(&config->local, &at);
	int code = bind_path(s->fd, &at, len, why);
	struct stat st;

	if (code < 0)
		return code;
	if (lstat(at.sun_path, &st) == 0) {
		s->device = st.st_dev;
		s->inode = st.st_ino;
	}
	return give_access(config, why);
}

static int set_up_abstract(struct unix_socket *s, const struct plug_config *config,
			   struct error *why)
{
	struct sockaddr_un at;
	socklen_t len = endpoint_to_unix(&config->local, &at);
	int code = bind_fd(s->fd, &at, len);

	if (code == 0)
		return 0;
	return error_set(why, code,
			 "@%s is in use by another program (%s): stop that, or choose another name",
			 config->local.text, strerror(-code));
}

int unix_socket_open(struct unix_socket *s, int type, const struct plug_config *config,
		     struct error *why)
{
	int code;

	*s = (struct unix_socket){.fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
	if (s->fd < 0)
		return error_set(why, -errno, "cannot make a socket: %s", strerror(errno));
	if (config->local.kind == ENDPOINT_PATH)
		code = set_up_path(s, config, why);
	else
		code = set_up_abstract(s, config, why);
	if (code < 0)
		unix_socket_close(s, &config->local);
	return code;
}

/* ---- later ---- */

bool unix_socket_is_found(const struct unix_socket *s, const struct endpoint *at)
{
	struct stat st;

	if (s->inode == 0)
		return true;
	return lstat(at->text, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode;
}

void unix_socket_close(struct unix_socket *s, const struct endpoint *at)
{
	if (s->fd < 0)
		return;
	if (s->inode != 0 && unix_socket_is_found(s, at))
		unlink(at->text);
	close(s->fd);
	s->fd = -1;
}

bool unix_socket_is_at(const char *path, const char *other)
{
	struct stat a, b;

	return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}
