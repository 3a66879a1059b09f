/*
 * fd.c - a port for the machine behind a descriptor that a service manager gave us
 *
 * Layer: agent (ports). See fd_link.h; where the descriptor comes from, agent/inherited.h.
 *
 * The port has a copy of the descriptor, so that it can be closed and opened again. When the other end is
 * closed nothing can open it again but a new start of the agent with a new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/inherited.h"
#include "fd_link.h"

/* @why: empty, or why there is no link */
struct fd_port {
	struct port port;
	struct fd_link link;
	struct error why;
};

static void on_end(void *context)
{
	struct fd_port *f = context;

	fd_link_close(&f->link);
	error_set(&f->why, -EPIPE,
		  "the other end of the descriptor was closed; it can come back only when the "
		  "service manager starts the agent again");
	f->port.events.on_gone(f->port.events.context);
}

/* Return: a copy of the descriptor; -1 with a sentence. */
static int take(const char *name, struct error *why)
{
	int fd = inherited_find(name), copy;

	if (fd < 0)
		return error_set(
			why, -1,
			"the service manager gave the agent no descriptor '%s': name it in "
			"its unit with FileDescriptorName=%s",
			name, name);
	if (fd_link_check(fd, why) < 0)
		return error_set(why, -1, "the descriptor '%s' %s", name, why->text);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? error_set(why, -1, "no descriptor is left for it") : copy;
}

static int fd_port_open(struct port **out, const struct port_env *env,
			const struct port_config *config, const struct port_events *events,
			struct error *err)
{
	const struct stream_use use = {env->loop, env->area, on_end};
	struct fd_port *f = calloc(1, sizeof(*f));
	int fd, code = f ? 0 : -ENOMEM;

	if (code == 0) {
		f->port = (struct port){.ops = &fd_ops, .events = *events};
		fd = take(config->plug.fd, &f->why);
		if (fd >= 0)
			code = fd_link_open(&f->link, fd, &use, &f->port, f);
	}
	if (code < 0) {
		free(f);
		return error_set(err, code, "not enough memory for port %s", config->name);
	}
	*out = &f->port;
	return 0;
}

static void fd_port_send(struct port *p, const uint8_t *frame, size_t len)
{
	struct fd_link *link = &((struct fd_port *)p)->link;

	if (fd_link_is_open(link))
		fd_link_send(link, frame, len);
	else
		p->drops[DROP_PORT_DOWN]++;
}

static void fd_port_flush(struct port *p)
{
	struct fd_link *link = &((struct fd_port *)p)->link;

	if (fd_link_is_open(link))
		fd_link_flush(link);
}

/* Nothing that time could change. */
static void fd_port_tick(struct port *p, uint64_t now_ns)
{
	(void)p;
	(void)now_ns;
}

static void fd_port_close(struct port *p)
{
	struct fd_port *f = (struct fd_port *)p;

	fd_link_close(&f->link);
	free(f);
}

static enum port_state fd_port_state(const struct port *p, char *detail, size_t size)
{
	const struct fd_port *f = (const struct fd_port *)p;

	snprintf(detail, size, "%s", f->why.text);
	return detail[0] ? PORT_DOWN : PORT_FORWARDING;
}

const struct port_ops fd_ops = {
	.open = fd_port_open,
	.send = fd_port_send,
	.flush = fd_port_flush,
	.tick = fd_port_tick,
	.network_changed = fd_port_tick,
	.state = fd_port_state,
	.warnings = plug_no_warnings,
	.close = fd_port_close,
};
