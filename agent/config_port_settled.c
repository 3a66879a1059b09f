/*
 * config_port_settled.c - ports whose keys are read: do they go together, and what are they?
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_port.h"

enum {
	WHERE_BYTES = 32
};

/* ---- where they are ---- */

static bool is_same_hub(const struct port_config *a, const struct port_config *b)
{
	/* `auto` is on loopback too: `lo` beside it would hear and send everything twice. */
	bool named = a->mcast.scope == MCAST_NAMED || b->mcast.scope == MCAST_NAMED;

	return addr_equal(&a->mcast.group, &b->mcast.group) &&
	       (!named || strcmp(a->mcast.interface, b->mcast.interface) == 0);
}

/* Would both be at the same place of this host? */
static bool is_same_place(const struct port_config *a, const struct port_config *b)
{
	if (a->type == PORT_MCAST && b->type == PORT_MCAST)
		return is_same_hub(a, b);
	if (a->type == PORT_FD && b->type == PORT_FD)
		return strcmp(a->plug.fd, b->plug.fd) == 0;
	if (a->type == PORT_TAP && b->type == PORT_TAP)
		return strcmp(a->tap.name, b->tap.name) == 0;
	if (a->plug.local.kind == ENDPOINT_NONE)
		return false;
	/* TCP and UDP have a port number each. */
	return endpoint_equal(&a->plug.local, &b->plug.local) &&
	       (a->type == b->type || a->plug.local.kind == ENDPOINT_PATH);
}

/* "is the same PLACE as", and which keys say where it is */
static const struct {
	const char *place, *keys;
} PLACES[] = {
	[PORT_MCAST] = {"hub", "group or interface"}, [PORT_UDP] = {"socket", "'local'"},
	[PORT_DGRAM] = {"socket", "'local'"},         [PORT_STREAM] = {"socket", "'listen'"},
	[PORT_FD] = {"descriptor", "'fd'"},           [PORT_TAP] = {"interface", "'name'"},
};
_Static_assert(sizeof(PLACES) / sizeof(PLACES[0]) == PORT_TYPES, "each type is here");

/* "in line 5", for a message */
static const char *where(const struct port_config *p, char out[WHERE_BYTES])
{
	if (p->line)
		snprintf(out, WHERE_BYTES, "in line %d", p->line);
	else
		snprintf(out, WHERE_BYTES, "that is plugged");
	return out;
}

int config_port_check_place(const struct config *c, size_t count, const struct port_config *p,
			    struct error *err)
{
	char line[WHERE_BYTES];

	for (size_t i = 0; i < count; i++) {
		const struct port_config *other = &c->ports[i];

		if (!is_same_place(other, p))
			continue;
		return error_set(
			err, -EINVAL,
			"[port %s] is the same %s as [port %s] %s; take one out, or give it "
			"another %s",
			p->name, PLACES[p->type].place, other->name, where(other, line),
			PLACES[p->type].keys);
	}
	return 0;
}

int config_port_check(const struct config *c, const struct port_config *port, struct error *err)
{
	return config_port_check_place(c, c->port_count, port, err);
}

/* ---- what they are ---- */

static bool is_same_plug(const struct plug_config *a, const struct plug_config *b)
{
	return endpoint_equal(&a->local, &b->local) && endpoint_equal(&a->remote, &b->remote) &&
	       strcmp(a->group, b->group) == 0 && a->mode == b->mode && strcmp(a->fd, b->fd) == 0;
}

bool port_config_same(const struct port_config *a, const struct port_config *b)
{
	return strcmp(a->name, b->name) == 0 && a->type == b->type && a->vlan == b->vlan &&
	       addr_equal(&a->mcast.group, &b->mcast.group) && a->mcast.scope == b->mcast.scope &&
	       strcmp(a->mcast.interface, b->mcast.interface) == 0 &&
	       is_same_plug(&a->plug, &b->plug) && strcmp(a->tap.name, b->tap.name) == 0 &&
	       a->tap.mtu == b->tap.mtu;
}

static const char *mcast_text(const struct port_config *p, char out[PORT_TEXT_BYTES])
{
	static const char *const scopes[] = {[MCAST_AUTO] = "auto", [MCAST_LO] = "lo"};
	char group[ADDR_TEXT_BYTES];

	snprintf(out, PORT_TEXT_BYTES, "mcast, group %s, interface %s",
		 addr_format(&p->mcast.group, group),
		 p->mcast.scope == MCAST_NAMED ? p->mcast.interface : scopes[p->mcast.scope]);
	return out;
}

static const char *tap_text(const struct port_config *p, char out[PORT_TEXT_BYTES])
{
	if (p->tap.mtu)
		snprintf(out, PORT_TEXT_BYTES, "tap, interface %s, mtu %u", p->tap.name,
			 p->tap.mtu);
	else
		snprintf(out, PORT_TEXT_BYTES, "tap, interface %s", p->tap.name);
	return out;
}

const char *port_config_describe(const struct port_config *p, char out[PORT_TEXT_BYTES])
{
	bool is_stream = p->type == PORT_STREAM;
	char end[ENDPOINT_TEXT_BYTES];
	int at;

	if (p->type == PORT_MCAST)
		return mcast_text(p, out);
	if (p->type == PORT_TAP)
		return tap_text(p, out);
	at = snprintf(out, PORT_TEXT_BYTES, "%s", port_type_name(p->type));
	if (p->plug.local.kind != ENDPOINT_NONE)
		at += snprintf(out + at, PORT_TEXT_BYTES - (size_t)at, ", %s %s",
			       is_stream ? "listen" : "local",
			       endpoint_format(&p->plug.local, end));
	if (p->plug.remote.kind != ENDPOINT_NONE)
		at += snprintf(out + at, PORT_TEXT_BYTES - (size_t)at, ", %s %s",
			       is_stream ? "connect" : "remote",
			       endpoint_format(&p->plug.remote, end));
	if (p->plug.fd[0])
		snprintf(out + at, PORT_TEXT_BYTES - (size_t)at, ", fd %s", p->plug.fd);
	if (p->plug.group[0])
		snprintf(out + at, PORT_TEXT_BYTES - (size_t)at, ", group %s", p->plug.group);
	return out;
}
