/*
 * control.c - see control.h
 */
#include "agent/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/control_line.h"
#include "agent/json_text.h"
#include "control_access.h"

enum {
	BACKLOG = 8
};

/*
 * struct control_request doubles as its client: one request at a time is with the caller (busy), and
 * the struct outlives the connection until that is answered.
 */
struct control_request {
	uv_pipe_t pipe;
	uv_write_t write;
	struct control *control;
	struct control_request *next; /* most recently heard first */
	enum access access;
	struct line_buffer lines;
	struct control_message message;
	char *answer;
	bool busy; /* with the caller */
	bool closing;
	bool closed;  /* libuv has let go of the handle */
	bool hang_up; /* close when the answer is out */
};

struct control {
	uv_pipe_t server;
	uv_loop_t *loop;
	struct access_rule rule;
	struct control_events events;
	struct control_request *clients;
	size_t count;
};

static void serve(struct control_request *r);

/* ---- clients ---- */

static void unlink_client(struct control_request *r)
{
	struct control_request **at = &r->control->clients;

	while (*at && *at != r)
		at = &(*at)->next;
	if (*at) {
		*at = r->next;
		r->control->count--;
	}
}

static void free_if_done(struct control_request *r)
{
	if (!r->closed || r->busy)
		return;
	control_message_fini(&r->message);
	line_buffer_fini(&r->lines);
	free(r->answer);
	free(r);
}

static void on_closed(uv_handle_t *handle)
{
	struct control_request *r = handle->data;

	r->closed = true;
	free_if_done(r);
}

static void close_client(struct control_request *r)
{
	if (r->closing)
		return;
	r->closing = true;
	unlink_client(r);
	uv_close((uv_handle_t *)&r->pipe, on_closed);
}

/* Keeps the list in order of use, so that the longest idle is the last */
static void touch_client(struct control_request *r)
{
	struct control *c = r->control;

	unlink_client(r);
	r->next = c->clients;
	c->clients = r;
	c->count++;
}

/* ---- answers ---- */

static void on_written(uv_write_t *write, int status)
{
	struct control_request *r = write->data;

	free(r->answer);
	r->answer = NULL;
	if (status != 0 || r->hang_up)
		close_client(r);
	if (!r->closing)
		serve(r);
}

/* Consumes @object */
static void write_answer(struct control_request *r, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	uv_buf_t buffer;

	json_decref(object);
	if (!text || r->closing) {
		free(text);
		close_client(r);
		return;
	}
	text[len] = '\n'; /* in place of the NUL: what is written has a length */
	r->answer = text;
	buffer = uv_buf_init(text, (unsigned)(len + 1));
	r->write.data = r;
	if (uv_write(&r->write, (uv_stream_t *)&r->pipe, &buffer, 1, on_written) != 0)
		close_client(r);
}

static json_t *answer_object(const struct control_request *r, bool ok)
{
	json_t *id = r->message.id ? r->message.id : json_null();

	return json_pack("{s:O, s:b}", "id", id, "ok", ok);
}

static void finish(struct control_request *r, json_t *answer)
{
	r->busy = false;
	control_message_fini(&r->message);
	if (r->closing) {
		json_decref(answer);
		free_if_done(r);
		return;
	}
	write_answer(r, answer);
}

void control_reply(struct control_request *r, json_t *fields)
{
	json_t *answer = answer_object(r, true);

	json_object_update(answer, fields);
	json_decref(fields);
	finish(r, answer);
}

static json_t *refusal(const struct control_request *r, const char *text)
{
	json_t *answer = answer_object(r, false);

	json_object_set_new(answer, "error", json_text(text));
	return answer;
}

void control_refuse(struct control_request *r, const char *format, ...)
{
	struct error err;
	va_list args;

	va_start(args, format);
	vsnprintf(err.text, sizeof(err.text), format, args);
	va_end(args);
	finish(r, refusal(r, err.text));
}

/* Return: heap text of the answer with its line end, or NULL. Consumes @fields */
static char *answer_line(const struct control_request *r, json_t *fields)
{
	json_t *answer = answer_object(r, true);
	char *text = NULL, *line = NULL;

	if (json_object_update(answer, fields) == 0)
		text = json_dumps(answer, JSON_COMPACT);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	json_decref(answer);
	json_decref(fields);
	return line;
}

int control_give_away(struct control_request *r, json_t *fields, struct control_given *out)
{
	char *line = answer_line(r, fields);
	uv_os_fd_t fd = -1;

	if (r->closing || !line || uv_fileno((uv_handle_t *)&r->pipe, &fd) != 0)
		fd = -1;
	fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		free(line);
		return -EMFILE;
	}
	*out = (struct control_given){.fd = fd, .answer = line};
	r->busy = false;
	close_client(r); /* our descriptor; theirs keeps the connection */
	return 0;
}

/* An answer that ends the connection */
static void dismiss(struct control_request *r, const char *text)
{
	uv_read_stop((uv_stream_t *)&r->pipe);
	r->hang_up = true;
	write_answer(r, refusal(r, text));
}

/* ---- requests ---- */

static void take_line(struct control_request *r, const char *line)
{
	struct control *c = r->control;
	struct error err;

	touch_client(r);
	r->busy = true;
	if (control_message_parse(line, &r->message, &err) == 0) {
		c->events.on_request(c->events.context, r);
		return;
	}
	c->events.on_garbage(c->events.context);
	finish(r, refusal(r, err.text));
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct control_request *r = handle->data;
	char *at = NULL;
	size_t room = line_buffer_room(&r->lines, &at);

	(void)suggested;
	*out = uv_buf_init(at, (unsigned)room);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
	struct control_request *r = stream->data;

	(void)buffer;
	if (len == UV_ENOBUFS) {
		r->control->events.on_garbage(r->control->events.context);
		dismiss(r, "a line is too long");
		return;
	}
	if (len < 0) {
		close_client(r);
		return;
	}
	line_buffer_added(&r->lines, (size_t)len);
	serve(r);
}

/* Takes the next line; reads on only when there is none, and nothing is under way */
static void serve(struct control_request *r)
{
	char *line;

	uv_read_stop((uv_stream_t *)&r->pipe);
	if (r->busy || r->hang_up)
		return;
	if (!line_buffer_next(&r->lines, &line)) {
		uv_read_start((uv_stream_t *)&r->pipe, on_room_wanted, on_read);
		return;
	}
	take_line(r, line);
	free(line);
}

const char *control_request_cmd(const struct control_request *r)
{
	return r->message.cmd;
}

const char *control_request_text(const struct control_request *r, const char *key)
{
	return json_string_value(json_object_get(r->message.body, key));
}

bool control_request_is_owner(const struct control_request *r)
{
	return r->access == ACCESS_OWNER;
}

/* ---- connections ---- */

/* Somebody who has asked nothing for longest goes first; one whose answer is awaited never does */
static bool make_room(struct control *c)
{
	struct control_request *idle = NULL;

	if (c->count < CONTROL_CLIENTS_MAX)
		return true;
	for (struct control_request *r = c->clients; r; r = r->next)
		if (!r->busy)
			idle = r;
	if (idle)
		close_client(idle);
	return idle != NULL;
}

static void admit(struct control_request *r)
{
	uv_os_fd_t fd = -1;

	uv_fileno((uv_handle_t *)&r->pipe, &fd);
	r->access = access_of(&r->control->rule, fd);
	if (r->access == ACCESS_NONE)
		dismiss(r,
			"only the agent's own user, root and the members of 'group =' in [agent] "
			"may use this socket");
	else
		serve(r);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct control *c = server->data;
	struct control_request *r = status == 0 ? calloc(1, sizeof(*r)) : NULL;
	bool room = make_room(c);

	if (!r)
		return;
	r->control = c;
	uv_pipe_init(c->loop, &r->pipe, 0);
	r->pipe.data = r;
	touch_client(r);
	if (uv_accept(server, (uv_stream_t *)&r->pipe) != 0)
		close_client(r);
	else if (!room)
		dismiss(r, "too many connections are waiting for an answer; try again");
	else
		admit(r);
}

/* ---- the socket ---- */

/* Does an agent answer there? A file that nobody listens on refuses at once */
static bool is_alive(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive = fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ||
				 errno == EAGAIN || errno == EINPROGRESS);

	if (fd >= 0)
		close(fd);
	return alive;
}

/* Nothing but a socket is ever removed: `control =` may name anything by mistake */
static int unlink_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? unlink(path) : -1;
}

static int bind_socket(struct control *c, const char *path, struct error *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int rc;

	if (strlen(path) >= sizeof(at.sun_path))
		return error_set(
			err, -ENAMETOOLONG,
			"%s: a socket's path has at most %zu characters; set a shorter one "
			"with 'control =' in [agent]",
			path, sizeof(at.sun_path) - 1);
	strcpy(at.sun_path, path);
	rc = uv_pipe_bind(&c->server, path);
	if (rc == UV_EADDRINUSE && is_alive(&at))
		return error_set(err, rc, "%s: an agent answers there already; stop it first",
				 path);
	if (rc == UV_EADDRINUSE && unlink_socket(path) == 0)
		rc = uv_pipe_bind(&c->server, path);
	if (rc)
		return error_set(
			err, rc,
			"%s: cannot make the control socket (%s); its folder must exist and "
			"be writable for the agent",
			path, uv_strerror(rc));
	return 0;
}

static int start(struct control *c, const char *path, const char *group, struct error *err)
{
	int rc = access_rule_init(&c->rule, group, err);

	if (rc == 0)
		rc = bind_socket(c, path, err);
	if (rc == 0)
		rc = access_apply(&c->rule, path, err);
	if (rc)
		return rc;
	rc = uv_listen((uv_stream_t *)&c->server, BACKLOG, on_connection);
	return rc ? error_set(err, rc, "%s: cannot listen (%s)", path, uv_strerror(rc)) : 0;
}

int control_open(struct control **out, uv_loop_t *loop, const char *path, const char *group,
		 const struct control_events *events, struct error *err)
{
	struct control *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return error_set(err, -ENOMEM, "%s: no memory for the control socket", path);
	c->loop = loop;
	c->events = *events;
	uv_pipe_init(loop, &c->server, 0);
	c->server.data = c;
	rc = start(c, path, group, err);
	if (rc)
		control_close(c);
	else
		*out = c;
	return rc;
}

static void on_server_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void control_close(struct control *c)
{
	if (!c)
		return;
	while (c->clients)
		close_client(c->clients);
	uv_close((uv_handle_t *)&c->server, on_server_closed);
}
