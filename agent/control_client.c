/*
 * control_client.c - see control_client.h
 */
#include "agent/control_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/config.h"
#include "control_link.h"

enum {
	ANSWER_WITHIN_S = 10 /* more than any command takes; an agent that hangs is said */
};

/* Where a service manager puts it for RuntimeDirectory=longwire, and the folder that belongs to it */
static const char SERVICE_FOLDER[] = "/etc/longwire";
static const char SERVICE_SOCKET[] = "/run/longwire/" CONTROL_SOCKET_NAME;

/* @flags: for socket(2). Return: a connected descriptor, or a negative errno */
static int connect_to(const char *path, int flags)
{
	const struct timeval limit = {.tv_sec = ANSWER_WITHIN_S};
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd, rc;

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* Where the socket is as configured, and with our own $RUNTIME_DIRECTORY; "" when the configuration is
 * broken just now */
static void configured_path(const char *folder, char out[CONFIG_PATH_BYTES])
{
	struct config *config = calloc(1, sizeof(*config));

	out[0] = '\0';
	if (config && config_load(folder, config, NULL) == 0)
		snprintf(out, CONFIG_PATH_BYTES, "%s", config->control);
	free(config);
}

/* As configured; else in the folder, where the agent leaves a link when its own $RUNTIME_DIRECTORY is
 * another; else where a service has it that may not write to its folder.
 * Return: a descriptor, or a negative errno; @path: the last one that was tried */
static int find_socket(const char *folder, int flags, char path[CONFIG_PATH_BYTES])
{
	int fd = -ENOENT;

	configured_path(folder, path);
	if (path[0])
		fd = connect_to(path, flags);
	if (fd != -ENOENT && fd != -ECONNREFUSED)
		return fd;
	if (config_path(folder, CONTROL_SOCKET_NAME, path, NULL) == 0)
		fd = connect_to(path, flags);
	if ((fd != -ENOENT && fd != -ECONNREFUSED) || strcmp(folder, SERVICE_FOLDER) != 0)
		return fd;
	strcpy(path, SERVICE_SOCKET);
	return connect_to(path, flags);
}

static int refuse(const char *folder, const char *path, int code, struct error *err)
{
	char command[COMMAND_BYTES];

	if (code == -ENOENT || code == -ECONNREFUSED)
		return error_set(err, -ENOENT, "no agent runs in %s; start it with: %s", folder,
				 command_text(folder, "up", command));
	if (code == -EACCES)
		return error_set(
			err, code,
			"%s: only the agent's own user, root and the members of 'group =' in "
			"[agent] may ask it",
			path);
	return error_set(err, code, "%s: cannot connect (%s)", path, strerror(-code));
}

int control_client_open(struct control_client *c, const char *folder, struct error *err)
{
	char path[CONFIG_PATH_BYTES];
	int fd = find_socket(folder, 0, path);

	*c = (struct control_client){0};
	if (fd < 0)
		return refuse(folder, path, fd, err);
	c->fd = fd;
	c->stream = fdopen(fd, "r");
	return c->stream ? 0 : error_set(err, -ENOMEM, "%s: no memory", path);
}

int control_client_connect(const char *folder, struct error *err)
{
	char path[CONFIG_PATH_BYTES];
	int fd = find_socket(folder, SOCK_NONBLOCK, path);

	return fd < 0 ? refuse(folder, path, fd, err) : fd;
}

static int send_line(int fd, json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT), *at = text;
	size_t left = text ? strlen(text) + 1 : 0;
	int rc = text ? 0 : -ENOMEM;

	if (text)
		text[left - 1] = '\n';
	while (left > 0 && rc == 0) {
		ssize_t n = send(fd, at, left, MSG_NOSIGNAL);

		rc = n < 0 && errno != EINTR ? -errno : 0;
		at += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	free(text);
	return rc;
}

/* Return: the answer, or NULL with @err when it is none, or a refusal */
static json_t *judge(json_t *answer, struct error *err)
{
	const char *why = json_string_value(json_object_get(answer, "error"));

	if (json_is_true(json_object_get(answer, "ok")))
		return answer;
	error_set(err, -EPROTO, "%s", why ? why : "the agent sent something that is no answer");
	json_decref(answer);
	return NULL;
}

json_t *control_client_ask(struct control_client *c, json_t *request, struct error *err)
{
	int rc = send_line(c->fd, request);
	ssize_t len = -1;

	json_decref(request);
	errno = 0;
	/* The agent may have refused us and hung up before it read anything: its reason is there */
	if (rc == 0 || rc == -EPIPE)
		len = getline(&c->line, &c->capacity, c->stream);
	if (len > 0)
		return judge(json_loadb(c->line, (size_t)len, 0, NULL), err);
	if (errno == EAGAIN)
		error_set(err, -ETIMEDOUT, "the agent did not answer within %d seconds",
			  ANSWER_WITHIN_S);
	else
		error_set(err, -EPIPE, "the agent hung up; has it ended?");
	return NULL;
}

int control_client_stream(struct control_client *c, json_t *request, struct error *err)
{
	const struct timeval none = {0};
	json_t *answer;

	setvbuf(c->stream, NULL, _IONBF, 0); /* what follows the line stays in the socket */
	answer = control_client_ask(c, request, err);
	if (!answer)
		return -EPROTO;
	json_decref(answer);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
	return 0;
}

void control_client_close(struct control_client *c)
{
	if (c->stream)
		fclose(c->stream);
	else if (c->fd > 0)
		close(c->fd);
	free(c->line);
	*c = (struct control_client){0};
}
