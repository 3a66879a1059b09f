/*
 * run_link.c - the machine's connection to the agent; see run.h
 *
 * How it works. Our end of the pair stays open here whatever the agent does, so QEMU never sees it
 * closed. The agent gets a copy over the control socket and reads from it as long as that connection is
 * there. While it is not, we read, so that the machine does not wait for anybody, and try again: often at
 * first, for an agent that is restarted, then once a second. Nothing here blocks.
 */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/control_client.h"
#include "agent/json_text.h"
#include "run.h"

#define MS_NS UINT64_C(1000000)

enum {
	SOON_MS = 100,
	SOON_TRIES = 100, /* ten seconds: longer than a restart takes */
	LATER_MS = 1000,
	ANSWER_MS = 10000, /* an agent that takes longer hangs */
	DRAIN_MAX = 256,   /* frames at a time, so that signals have their turn */
};

void run_link_init(struct run_link *l, const struct run_machine *machine, uint64_t now_ns)
{
	*l = (struct run_link){.machine = *machine, .control = -1, .due_ns = now_ns};
}

static void wait_ms(struct run_link *l, uint64_t now_ns, uint64_t ms)
{
	l->due_ns = now_ns + ms * MS_NS;
}

void run_link_fini(struct run_link *l)
{
	if (l->control >= 0)
		close(l->control);
	l->control = -1;
	l->len = 0;
}

/* A pair whose other end is gone stays so. SOCK_SEQPACKET says it by a hang-up, SOCK_DGRAM by having no other
 * end any more. */
static bool is_pair_closed(const struct run_link *l)
{
	struct pollfd now = {.fd = l->machine.fd};
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return (poll(&now, 1, 0) > 0 && now.revents & POLLHUP) ||
	       getpeername(l->machine.fd, (struct sockaddr *)&peer, &len) < 0;
}

static void go_away(struct run_link *l, uint64_t now_ns)
{
	run_link_fini(l);
	l->state = is_pair_closed(l) ? RUN_LINK_CLOSED : RUN_LINK_AWAY;
	l->tries++;
	wait_ms(l, now_ns, l->tries < SOON_TRIES ? SOON_MS : LATER_MS);
	if (l->state == RUN_LINK_CLOSED)
		l->due_ns = 0;
}

/* ---- what we say ---- */

static json_t *request(const struct run_machine *m)
{
	json_t *object = json_pack("{s:s, s:s}", "cmd", "attach", "name", m->name);

	if (object && m->vlan)
		json_object_set_new(object, "vlan", json_text(m->vlan));
	return object;
}

/* A new connection takes a line at once. Return: 0 or a negative errno. */
static int send_request(const struct run_link *l)
{
	json_t *object = request(&l->machine);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	int rc = text ? 0 : -ENOMEM;

	if (text) {
		text[len] = '\n'; /* in place of the NUL: what is sent has a length */
		if (send(l->control, text, len + 1, MSG_DONTWAIT | MSG_NOSIGNAL) !=
		    (ssize_t)len + 1)
			rc = -EPIPE;
	}
	free(text);
	json_decref(object);
	return rc;
}

static int send_descriptor(const struct run_link *l)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct iovec byte = {(char[]){'\n'}, 1};
	struct msghdr message = {.msg_iov = &byte,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &l->machine.fd, sizeof(int));
	return sendmsg(l->control, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : -EPIPE;
}

/* ---- what it says ---- */

static void be_refused(struct run_link *l, const char *why, uint64_t now_ns)
{
	l->code = error_set(&l->why, -EPROTO, "%s", why ? why : "the agent's answer is none");
	go_away(l, now_ns);
}

static void be_attached(struct run_link *l, const json_t *answer)
{
	const char *port = json_string_value(json_object_get(answer, "port"));

	snprintf(l->port, sizeof(l->port), "%s", port ? port : l->machine.name);
	l->state = RUN_LINK_ATTACHED;
	l->code = 0;
	l->tries = 0;
	l->due_ns = 0;
}

static void take_answer(struct run_link *l, uint64_t now_ns)
{
	json_t *answer = json_loads(l->line, 0, NULL);

	wait_ms(l, now_ns, ANSWER_MS);
	if (!json_is_true(json_object_get(answer, "ok"))) {
		be_refused(l, json_string_value(json_object_get(answer, "error")), now_ns);
	} else if (l->state == RUN_LINK_ASKED) {
		l->state = RUN_LINK_OFFERED;
		if (send_descriptor(l) < 0)
			go_away(l, now_ns);
	} else {
		be_attached(l, answer);
	}
	json_decref(answer);
}

void run_link_read(struct run_link *l, uint64_t now_ns)
{
	ssize_t got =
		recv(l->control, l->line + l->len, sizeof(l->line) - 1 - l->len, MSG_DONTWAIT);
	char *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0 || l->state == RUN_LINK_ATTACHED) {
		go_away(l, now_ns);
		return;
	}
	l->len += (size_t)got;
	l->line[l->len] = '\0';
	end = strchr(l->line, '\n');
	if (!end)
		return;
	l->len = 0; /* it says nothing further before we answer */
	take_answer(l, now_ns);
}

/* ---- time ---- */

static void try(struct run_link *l, uint64_t now_ns)
{
	l->control = control_client_connect(l->machine.folder, &l->why);
	if (l->control < 0) {
		l->code = l->control;
		l->control = -1;
		go_away(l, now_ns);
		return;
	}
	l->state = RUN_LINK_ASKED;
	wait_ms(l, now_ns, ANSWER_MS);
	if (send_request(l) < 0)
		go_away(l, now_ns);
}

void run_link_tick(struct run_link *l, uint64_t now_ns)
{
	if (l->due_ns == 0 || now_ns < l->due_ns)
		return;
	if (l->state == RUN_LINK_AWAY)
		try(l, now_ns);
	else
		go_away(l, now_ns);
}

/* ---- the pair ---- */

bool run_link_drains(const struct run_link *l)
{
	return l->state == RUN_LINK_AWAY || l->state == RUN_LINK_ASKED;
}

void run_link_drain(struct run_link *l)
{
	ssize_t len = 1;
	char byte;

	for (int i = 0; i < DRAIN_MAX && len > 0; i++)
		len = recv(l->machine.fd, &byte, 1, MSG_DONTWAIT | MSG_TRUNC);
	if (len == 0 && is_pair_closed(l)) {
		run_link_fini(l);
		l->state = RUN_LINK_CLOSED;
		l->due_ns = 0;
	}
}
