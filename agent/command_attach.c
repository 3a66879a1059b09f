/*
 * command_attach.c - "attach" on the control socket: machines whose descriptor is handed over
 *
 * Layer: agent. See agent.h; spec: longwire-control(7), ATTACHING A MACHINE.
 *
 * How it works. A request makes its connection ours; its client then sends one descriptor over it, and the
 * machine behind that is on the LAN as long as the connection is there. So nothing of it is left when the
 * client ends, and the client knows at once when the agent does. Of connections whose descriptor has
 * not come yet, only some wait: the oldest makes room.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/lan.h"
#include "agent_parts.h"
#include "common/log.h"
#include "common/text.h"

enum {
	WAITING_MAX = 16,
	GARBAGE_BYTES = 64, /* read at a time of what should be one byte */
	FDS_MAX = 2, /* as many as there is room for where one is asked for: cmsg(3) aligns */
};

/* @machine: NULL until the descriptor has come */
struct attached {
	uv_poll_t poll;
	struct agent *agent;
	struct attached *next; /* newest first */
	int fd;
	char name[NAME_BYTES];
	uint16_t vlan;
	bool is_trusted;
	struct lan_attached *machine;
};

/* ---- life ---- */

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void close_attached(struct attached *m)
{
	struct attached **at = &m->agent->attached;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	if (m->machine) {
		log_info("port %s: the machine has gone", lan_attached_name(m->machine));
		lan_detach(m->machine);
	}
	uv_close((uv_handle_t *)&m->poll, on_poll_closed);
	close(m->fd);
}

static void on_machine_end(void *context)
{
	close_attached(context);
}

void command_attach_close(struct agent *a)
{
	while (a->attached)
		close_attached(a->attached);
}

bool command_attach_has(const struct agent *a, const char *name)
{
	for (const struct attached *m = a->attached; m; m = m->next)
		if (m->machine && strcmp(lan_attached_name(m->machine), name) == 0)
			return true;
	return false;
}

/* Someone who asked and sent no descriptor goes before a new one comes. */
static void make_room(struct agent *a)
{
	struct attached *oldest = NULL;
	size_t waiting = 0;

	for (struct attached *m = a->attached; m; m = m->next) {
		if (m->machine)
			continue;
		oldest = m;
		waiting++;
	}
	if (waiting >= WAITING_MAX)
		close_attached(oldest);
}

/* ---- what is said on the connection ---- */

/* A client that does not even read a line is not served. Return: false then. */
static bool say(const struct attached *m, const char *line)
{
	size_t len = strlen(line);

	return send(m->fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* Consumes @answer. */
static bool say_json(const struct attached *m, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT), *line = NULL;
	bool is_said = text && asprintf(&line, "%s\n", text) >= 0 && say(m, line);

	free(text);
	free(line);
	json_decref(answer);
	return is_said;
}

/* ---- the descriptor ---- */

/* Take what came with a message. Return: the descriptor; -1 when it is not exactly one. */
static int descriptor_of(struct msghdr *message)
{
	int fd = -1, count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + CMSG_LEN(0) + sizeof(fd) <= c->cmsg_len;
		     at += sizeof(fd)) {
			if (fd >= 0)
				close(fd);
			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			count++;
		}
	}
	if (count == 1)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Return: bytes read, 0 at the end, or a negative errno; @fd: what came with them, or -1. */
static ssize_t receive(const struct attached *m, int *fd)
{
	union {
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	char garbage[GARBAGE_BYTES];
	struct iovec room = {garbage, sizeof(garbage)};
	struct msghdr message = {.msg_iov = &room,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t len = recvmsg(m->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*fd = len > 0 ? descriptor_of(&message) : -1;
	return len < 0 ? -errno : len;
}

/* Consumes @fd. Return: 0, or a negative errno with @err. */
static int attach(struct attached *m, int fd, struct error *err)
{
	const struct lan_machine machine = {
		.name = m->name, .vlan = m->vlan, .fd = fd, .is_trusted = m->is_trusted};
	const struct lan_attach_end end = {.on_end = on_machine_end, .context = m};

	if (fd < 0)
		return error_set(err, -EBADF,
				 "one descriptor was expected here, with one byte: one end of a "
				 "socketpair");
	return lan_attach(m->agent->lan, &machine, &end, &m->machine, err);
}

static void take_descriptor(struct attached *m, int fd)
{
	struct error err = {0};

	if (attach(m, fd, &err) < 0) {
		say_json(m, json_pack("{s:b, s:s}", "ok", 0, "error", err.text));
		close_attached(m);
		return;
	}
	log_info("port %s: a machine was attached", lan_attached_name(m->machine));
	if (!say_json(m, json_pack("{s:b, s:s}", "ok", 1, "port", lan_attached_name(m->machine))))
		close_attached(m);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct attached *m = poll->data;
	int fd;
	ssize_t len = receive(m, &fd);

	(void)status;
	(void)events;
	if (len == -EAGAIN || len == -EINTR) {
		uv_poll_start(poll, UV_READABLE, on_ready);
	} else if (len > 0 && !m->machine) {
		take_descriptor(m, fd);
	} else {
		if (fd >= 0)
			close(fd);
		close_attached(m);
	}
}

/* ---- the request ---- */

/* Consumes @fd. */
static struct attached *new_attached(struct agent *a, int fd)
{
	struct attached *m = calloc(1, sizeof(*m));

	if (!m || uv_poll_init(&a->loop, &m->poll, fd) != 0) {
		free(m);
		close(fd);
		return NULL;
	}
	m->poll.data = m;
	m->agent = a;
	m->fd = fd;
	m->next = a->attached;
	a->attached = m;
	uv_poll_start(&m->poll, UV_READABLE, on_ready);
	return m;
}

static int vlan_id_of(const struct agent *a, const char *name, uint16_t *out, struct error *err)
{
	const struct vlan_config *vlan = name ? config_vlan_by_name(&a->config, name) : NULL;

	*out = vlan ? vlan->id : 0;
	if (name && !vlan)
		return error_set(err, -ENOENT, "there is no [vlan %s] in %s", name, a->config.file);
	if (!name && a->config.vlan_count > 1)
		return error_set(err, -EINVAL,
				 "this agent has several vlans: say which one with --vlan");
	return 0;
}

void command_attach(struct agent *a, struct control_request *r)
{
	const char *name = control_request_text(r, "name");
	bool is_trusted = control_request_is_owner(r);
	struct control_given given;
	struct error err = {0};
	struct attached *m;
	uint16_t vlan;

	if (!name)
		error_set(&err, -EINVAL, "'attach' needs a name for the machine");
	if (!name || text_check_name(name, &err) ||
	    vlan_id_of(a, control_request_text(r, "vlan"), &vlan, &err)) {
		control_refuse(r, "%s", err.text);
		return;
	}
	make_room(a);
	if (control_give_away(r, json_object(), &given) < 0) {
		control_refuse(r, "no descriptor is left for a machine");
		return;
	}
	m = new_attached(a, given.fd);
	if (m) {
		strcpy(m->name, name);
		m->vlan = vlan;
		m->is_trusted = is_trusted;
	}
	if (m && !say(m, given.answer))
		close_attached(m);
	free(given.answer);
}
