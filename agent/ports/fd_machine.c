/*
 * fd_machine.c - see fd_machine.h
 */
#include "fd_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fd_link.h"

struct fd_machine {
	struct port port;
	struct fd_link link;
	struct fd_machine_end end;
};

static void machine_send(struct port *p, const uint8_t *frame, size_t len)
{
	fd_link_send(&((struct fd_machine *)p)->link, frame, len);
}

static void machine_flush(struct port *p)
{
	fd_link_flush(&((struct fd_machine *)p)->link);
}

static enum port_state machine_state(const struct port *p, char *detail, size_t size)
{
	(void)p;
	(void)size;
	detail[0] = '\0';
	return PORT_FORWARDING;
}

static void machine_close(struct port *p)
{
	struct fd_machine *m = (struct fd_machine *)p;

	fd_link_close(&m->link);
	free(m);
}

static const struct port_ops MACHINE_OPS = {.send = machine_send,
					    .flush = machine_flush,
					    .state = machine_state,
					    .close = machine_close};

static void on_end(void *context)
{
	struct fd_machine *m = context;

	m->end.on_end(m->end.context);
}

int fd_machine_check(int fd, bool is_trusted, struct error *err)
{
	struct error why;
	int code = fd_link_check(fd, &why);

	if (code == 0 && !is_trusted)
		code = fd_link_check_foreign(fd, &why);
	return code < 0 ? error_set(err, code, "the descriptor %s", why.text) : 0;
}

int fd_machine_open(struct port **out, const struct port_env *env, int fd,
		    const struct fd_machine_end *end, struct error *err)
{
	const struct stream_use use = {env->loop, env->area, on_end};
	struct fd_machine *m = calloc(1, sizeof(*m));

	if (!m)
		close(fd);
	else
		*m = (struct fd_machine){.port.ops = &MACHINE_OPS, .end = *end};
	if (!m || fd_link_open(&m->link, fd, &use, &m->port, m) < 0) {
		free(m);
		return error_set(err, -ENOMEM, "the agent has no memory for another machine");
	}
	*out = &m->port;
	return 0;
}
