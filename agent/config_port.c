/*
 * config_port.c - a port of agent.conf: which keys each type takes; see config_port.h
 *
 * How it works. A table says which keys a type takes and which it cannot do without; then the type's
 * own function reads their values. A message about a value gets its line put in front, or its word where
 * the keys came as the argument of `longwire plug` (config_plug.c), so a new type of port is known in
 * both places.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_port.h"

enum {
	SHOWN_MAX = 80 /* of a wrong value, in a message */
};

#define BIT(key) (1U << (key))

/*
 * struct type - a type of port
 * @keys:	set of BIT(), those that it takes
 * @needs:	those that must be there
 * @settle:	reads them
 */
static const struct type {
	const char *name;
	unsigned keys, needs;
	int (*settle)(const struct draft *d, struct port_draft *p, struct error *err);
} TYPES[] = {
	[PORT_MCAST] = {"mcast", BIT(PORT_KEY_GROUP) | BIT(PORT_KEY_INTERFACE), BIT(PORT_KEY_GROUP),
			config_settle_mcast},
	[PORT_UDP] = {"udp", BIT(PORT_KEY_LOCAL) | BIT(PORT_KEY_REMOTE) | BIT(PORT_KEY_INSECURE),
		      BIT(PORT_KEY_LOCAL) | BIT(PORT_KEY_REMOTE), config_settle_udp},
	[PORT_DGRAM] = {"dgram",
			BIT(PORT_KEY_LOCAL) | BIT(PORT_KEY_REMOTE) | BIT(PORT_KEY_GROUP) |
				BIT(PORT_KEY_MODE),
			BIT(PORT_KEY_LOCAL), config_settle_dgram},
	[PORT_STREAM] = {"stream",
			 BIT(PORT_KEY_LISTEN) | BIT(PORT_KEY_CONNECT) | BIT(PORT_KEY_GROUP) |
				 BIT(PORT_KEY_MODE) | BIT(PORT_KEY_INSECURE),
			 0, config_settle_stream},
	[PORT_FD] = {"fd", BIT(PORT_KEY_FD), BIT(PORT_KEY_FD), config_settle_fd},
	[PORT_TAP] = {"tap", BIT(PORT_KEY_NAME) | BIT(PORT_KEY_MTU), BIT(PORT_KEY_NAME),
		      config_settle_tap},
};
_Static_assert(sizeof(TYPES) / sizeof(TYPES[0]) == PORT_TYPES, "each type is here");

const char *port_type_name(enum port_type type)
{
	return TYPES[type].name;
}

int config_parse_port_type(const char *value, enum port_type *out, struct error *err)
{
	char names[SHOWN_MAX] = "";
	size_t len = 0;

	for (enum port_type i = 0; i < PORT_TYPES; i++) {
		if (strcmp(value, TYPES[i].name) == 0) {
			*out = i;
			return 0;
		}
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
					TYPES[i].name);
	}
	return error_set(err, -EINVAL, "there is no port type '%.*s'; expected one of %s",
			 SHOWN_MAX, value, names);
}

/* ---- one port ---- */

/* What a line with that key may look like. */
static const char *example(enum port_type type, enum port_key key)
{
	if (key == PORT_KEY_GROUP)
		return "group = 230.0.0.1:33000";
	if (key == PORT_KEY_FD)
		return "fd = win98";
	if (key == PORT_KEY_REMOTE)
		return "remote = 127.0.0.1:7002";
	if (key == PORT_KEY_NAME)
		return "name = lw0";
	return type == PORT_UDP ? "local = 127.0.0.1:7001" : "local = machines.sock";
}

static int check_keys(const struct draft *d, const struct port_draft *p, struct error *err)
{
	const struct type *type = &TYPES[p->port.type];
	const char *missing = p->type_line ? NULL : "type = mcast";

	for (enum port_key key = 0; !missing && key < PORT_KEY_COUNT; key++)
		if (type->needs & BIT(key) && !p->words[key].line)
			missing = example(p->port.type, key);
	if (missing)
		return config_port_refuse(d, p->port.line, err, "[port %s] lacks a %s such as '%s'",
					  p->port.name, d->config.file[0] ? "line" : "key",
					  missing);
	for (enum port_key key = 0; key < PORT_KEY_COUNT; key++)
		if (p->words[key].line && !(type->keys & BIT(key)))
			return config_port_refuse(d, p->words[key].line, err,
						  "a port of type %s has no key '%s'; take it out",
						  type->name, config_port_key_name(key));
	return 0;
}

static int settle_vlan(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct config *c = &d->config;
	const struct vlan_config *vlan = &c->vlans[0];

	if (!p->vlan_line && c->vlan_count > 1)
		return config_port_refuse(
			d, p->port.line, err,
			"[port %s] has no vlan, and there are %zu; expected 'vlan = %s' "
			"or another of them",
			p->port.name, c->vlan_count, vlan->name);
	if (p->vlan_line)
		vlan = config_vlan_by_name(c, p->vlan);
	if (!vlan)
		return config_port_refuse(
			d, p->vlan_line, err,
			"there is no vlan '%s'; expected the name of a [vlan NAME] "
			"section, such as %s",
			p->vlan, c->vlans[0].name);
	p->port.vlan = vlan->id;
	return 0;
}

int config_settle_port(struct draft *d, size_t index, struct error *err)
{
	struct config *c = &d->config;
	struct port_draft *p = &d->ports[index];
	int rc = check_keys(d, p, err);

	if (rc == 0)
		rc = settle_vlan(d, p, err);
	if (rc == 0)
		rc = TYPES[p->port.type].settle(d, p, err);
	if (rc)
		return rc;
	if (config_port_check_place(c, index, &p->port, err))
		return config_port_place(d, p->port.line, err);
	if (p->port.broadcast == 0)
		p->port.broadcast = c->broadcast;
	c->ports[index] = p->port;
	return 0;
}
