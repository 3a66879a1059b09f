/*
 * plug_rights.c - see plug_rights.h
 */
#include "agent/plug_rights.h"

#include <errno.h>
#include <string.h>

enum {
	FIRST_FREE_PORT = 1024 /* ip(7): those below need a privilege */
};

static const char *why_not_number(uint16_t port)
{
	return port < FIRST_FREE_PORT ? "port numbers under 1024 are the system's" : NULL;
}

/* Could anybody on this host open that end? Return: NULL, or why not. */
static const char *why_not_end(const struct endpoint *e)
{
	if (e->kind == ENDPOINT_NONE)
		return NULL;
	if (!endpoint_is_on_host(e))
		return "it would reach beyond this host";
	if (e->kind == ENDPOINT_PATH)
		return "the agent would use a file with its own rights";
	return e->kind == ENDPOINT_ADDR ? why_not_number(e->addr.port) : NULL;
}

static const char *why_not_plug(const struct plug_config *plug)
{
	const char *why = why_not_end(&plug->local);

	return why ? why : why_not_end(&plug->remote);
}

/* Who is at an abstract name may ask the kernel who we are, and trust us. */
static const char *why_not_stream(const struct plug_config *plug)
{
	if (plug->remote.kind == ENDPOINT_ABSTRACT)
		return "the agent would speak there as its own user";
	return why_not_plug(plug);
}

static const char *why_not(const struct port_config *p)
{
	switch (p->type) {
	case PORT_MCAST:
		if (p->mcast.scope == MCAST_NAMED)
			return "it would reach beyond this host";
		return why_not_number(p->mcast.group.port);
	case PORT_UDP:
		return why_not_plug(&p->plug);
	case PORT_STREAM:
		return why_not_stream(&p->plug);
	case PORT_DGRAM:
		return "the agent would use files with its own rights";
	case PORT_FD:
		return "the descriptor was given to the agent alone";
	case PORT_TAP:
		return "it is an interface of this host";
	case PORT_TYPES:
		break;
	}
	return "it is of no known type";
}

int plug_rights_check(const struct port_config *port, struct error *err)
{
	const char *why = why_not(port);

	if (!why)
		return 0;
	return error_set(err, -EPERM,
			 "port %s is for the agent's own user and root to plug, or to write into "
			 "agent.conf: %s; members of the group plug hubs of this host, and udp and "
			 "stream on loopback addresses or listening at @names",
			 port->name, why);
}

int plug_rights_check_removal(const struct plugs *p, const struct config *file, const char *name,
			      struct error *err)
{
	for (size_t i = 0; i < p->plugged_count; i++) {
		if (strcmp(p->plugged[i].name, name) == 0 && why_not(&p->plugged[i]))
			return error_set(err, -EPERM,
					 "only the agent's own user and root may unplug port %s, "
					 "which only they may plug",
					 name);
		if (strcmp(p->plugged[i].name, name) == 0)
			return 0;
	}
	if (config_port_by_name(file, name))
		return error_set(err, -EPERM,
				 "only the agent's own user and root may unplug port %s, which is "
				 "in agent.conf",
				 name);
	return 0; /* there is none, as plugs_remove() says */
}
