/*
 * lan_attached.c - machines whose descriptor was handed over, each a member of the vlan by itself
 *
 * How it works. Such a machine is a lane that belongs to no port: it has a slot behind those of the
 * configured ports, and the name it was given. Whoever handed it over owns it, and detaches it. When
 * its end is closed, its vlan goes or a configured port comes to need its name, the owner is told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lan_private.h"
#include "ports/fd_machine.h"

struct lan_attached {
	struct lan_port port;
	struct lan_attach_end end;
};

/* NAME; NAME.2 and so on if that is taken. */
static void name_machine(const struct lan *l, const char *name, char out[LAN_PORT_NAME_BYTES])
{
	unsigned number = 1;

	snprintf(out, LAN_PORT_NAME_BYTES, "%s", name);
	while (lan_is_named(l, out))
		snprintf(out, LAN_PORT_NAME_BYTES, "%.*s.%u", NAME_BYTES, name, ++number);
}

static void configure(struct lan_port *p)
{
	p->config.type = PORT_FD;
	p->config.vlan = p->vlan->config.id;
	p->config.broadcast = p->lan->broadcast;
	snprintf(p->config.name, sizeof(p->config.name), "%.*s", NAME_BYTES - 1, p->name);
}

/* Consumes its descriptor. */
static int open_machine(struct lan *l, struct lan_attached *a, const struct lan_machine *m,
			struct error *err)
{
	struct port_env env = {
		.loop = l->loop, .area = &l->area, .hubs = &l->hubs, .folder = l->folder};
	const struct fd_machine_end end = {a->end.on_end, a->end.context};
	int code = fd_machine_check(m->fd, m->is_trusted, err);

	if (code < 0) {
		close(m->fd);
		return code;
	}
	code = fd_machine_open(&a->port.port, &env, m->fd, &end, err);
	if (code == 0)
		a->port.port->events = lan_port_events(&a->port);
	return code;
}

/* Return: 0 with a machine that has a vlan and a slot, but no port; or a negative errno with @err. */
static int find_place(struct lan *l, uint16_t vlan, struct lan_attached **out, struct error *err)
{
	size_t slot = lan_free_lane(l);
	struct lan_vlan *found;
	int code = lan_find_vlan(l, vlan, &found, err);

	if (code < 0)
		return code;
	if (slot == LAN_PORTS_MAX)
		return error_set(err, -ENOSPC, "this agent has %d machines already", LAN_LANES_MAX);
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return error_set(err, -ENOMEM, "the agent has no memory for another machine");
	(*out)->port = (struct lan_port){.lan = l, .vlan = found, .member = (int)slot};
	return 0;
}

int lan_attach(struct lan *l, const struct lan_machine *machine, const struct lan_attach_end *end,
	       struct lan_attached **out, struct error *err)
{
	struct lan_attached *a = NULL;
	int code = find_place(l, machine->vlan, &a, err);

	if (code < 0) {
		close(machine->fd);
		return code;
	}
	a->end = *end;
	code = open_machine(l, a, machine, err);
	if (code < 0) {
		free(a);
		return code;
	}
	name_machine(l, machine->name, a->port.name);
	configure(&a->port);
	lan_put_port(l, (size_t)a->port.member, &a->port);
	lan_join_port(&a->port);
	lan_carrier_follow(l, 0);
	l->now_ns = 0;
	*out = a;
	return 0;
}

const char *lan_attached_name(const struct lan_attached *a)
{
	return a->port.name;
}

void lan_detach(struct lan_attached *a)
{
	lan_leave_port(&a->port);
	lan_put_port(a->port.lan, (size_t)a->port.member, NULL);
	a->port.port->ops->close(a->port.port);
	free(a);
}

/* ---- reload ---- */

/* Return: the machine in that slot, or NULL. */
static struct lan_attached *attached_at(const struct lan *l, size_t slot)
{
	struct lan_port *p = l->ports[slot];

	return p && !p->parent ? (struct lan_attached *)p : NULL;
}

/* Whoever chose a vlan did so by its name: ids may have been exchanged. */
static bool has_place(const struct lan_port *p, const struct config *config)
{
	const struct vlan_config *vlan = config_vlan_by_id(config, p->config.vlan);

	for (size_t i = 0; i < config->port_count; i++) {
		if (strcmp(config->ports[i].name, p->name) == 0)
			return false;
	}
	return vlan && strcmp(vlan->name, p->vlan->config.name) == 0;
}

void lan_attached_reload(struct lan *l, const struct config *config)
{
	for (size_t i = CONFIG_PORTS_MAX; i < LAN_PORTS_MAX; i++) {
		struct lan_attached *a = attached_at(l, i);

		if (a && !has_place(&a->port, config)) {
			a->end.on_end(a->end.context);
		} else if (a) {
			configure(&a->port);
			lan_join_port(&a->port);
		}
	}
}
