/*
 * config_port_socket.c - ports at a socket: udp, dgram, stream and fd; see config_port.h
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "config_port.h"

enum {
	SHOWN_MAX = 80, /* of a wrong value, in a message */
	MODE_MAX = 0777,
	MODE_OWNER = 0600, /* of a socket: to send to it is to write */
	MODE_GROUP = 0660,
	OCTAL = 8,
};

static int read_mode(const char *value, uint32_t *out, struct error *err)
{
	char *end;
	unsigned long mode = strtoul(value, &end, OCTAL);

	if (value[0] < '0' || value[0] > '7' || *end || mode == 0 || mode > MODE_MAX)
		return error_set(err, -EINVAL,
				 "'mode = %.*s' cannot be; expected octal digits such as 0660",
				 SHOWN_MAX, value);
	*out = (uint32_t)mode;
	return 0;
}

static int read_insecure(const char *value, bool *out, struct error *err)
{
	*out = strcmp(value, "yes") == 0;
	if (*out || strcmp(value, "no") == 0)
		return 0;
	return error_set(err, -EINVAL, "'insecure = %.*s' cannot be; expected yes or no", SHOWN_MAX,
			 value);
}

/* ---- keys that several types have; 0 where they are not there ---- */

static int take_endpoint(const struct draft *d, const struct port_word *word, struct endpoint *out,
			 struct error *err)
{
	if (word->line && endpoint_parse(word->text, d->config.folder, out, err))
		return config_port_place(d, word->line, err);
	return 0;
}

/* On an address where others can reach it, a port is an open door to the LAN, and in clear. */
static int check_exposed(const struct draft *d, const struct port_draft *p,
			 const struct port_word *word, const struct endpoint *e, struct error *err)
{
	const struct port_word *insecure = &p->words[PORT_KEY_INSECURE];
	bool is_allowed = false;

	if (insecure->line && read_insecure(insecure->text, &is_allowed, err))
		return config_port_place(d, insecure->line, err);
	if (!word->line || is_allowed || endpoint_is_on_host(e))
		return 0;
	return config_port_refuse(
		d, word->line, err,
		"'%.*s' is not on this host alone: frames would cross the network in "
		"clear, and whoever reaches it is on the LAN. Use an address such as "
		"127.0.0.1, or say 'insecure = yes' if that network is yours",
		SHOWN_MAX, word->text);
}

/* `group` and `mode`: who may use a socket that has a path. */
static int take_access(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *group = &p->words[PORT_KEY_GROUP], *mode = &p->words[PORT_KEY_MODE];
	const struct port_word *first = group->line ? group : mode;
	struct plug_config *plug = &p->port.plug;

	if (first->line && plug->local.kind != ENDPOINT_PATH)
		return config_port_refuse(
			d, first->line, err,
			"'%s' is for the file of a socket, and this port makes none",
			group->line ? "group" : "mode");
	plug->mode = group->line ? MODE_GROUP : MODE_OWNER;
	if (group->line && text_check_name(group->text, err))
		return config_port_place(d, group->line, err);
	if (group->line)
		strcpy(plug->group, group->text);
	if (mode->line && read_mode(mode->text, &plug->mode, err))
		return config_port_place(d, mode->line, err);
	return 0;
}

/* ---- types ---- */

static int take_udp_address(const struct draft *d, const struct port_draft *p,
			    const struct port_word *word, struct endpoint *out, struct error *err)
{
	int rc = take_endpoint(d, word, out, err);

	if (rc == 0 && out->kind != ENDPOINT_ADDR)
		return config_port_refuse(
			d, word->line, err,
			"'%.*s' is no address with a port; expected one such as "
			"127.0.0.1:7001%s",
			SHOWN_MAX, word->text,
			endpoint_is_unix(out) ? " (a unix socket is of type dgram)" : "");
	return rc ? rc : check_exposed(d, p, word, out, err);
}

int config_settle_udp(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *local = &p->words[PORT_KEY_LOCAL];
	const struct port_word *remote = &p->words[PORT_KEY_REMOTE];
	struct plug_config *plug = &p->port.plug;
	int rc = take_udp_address(d, p, local, &plug->local, err);

	if (rc == 0)
		rc = take_udp_address(d, p, remote, &plug->remote, err);
	if (rc)
		return rc;
	if (endpoint_equal(&plug->local, &plug->remote))
		return config_port_refuse(
			d, remote->line, err,
			"'remote' is the same address as 'local'; expected the one "
			"where the machine listens");
	if (addr_is_ipv4(&plug->local.addr) != addr_is_ipv4(&plug->remote.addr) ||
	    !addr_is_unicast(&plug->remote.addr))
		return config_port_refuse(
			d, remote->line, err,
			"'%.*s' cannot be reached from 'local'; expected one machine's "
			"address, of the same IP version",
			SHOWN_MAX, remote->text);
	return 0;
}

static int check_unix(const struct draft *d, const struct port_word *word, const struct endpoint *e,
		      struct error *err)
{
	if (!word->line || endpoint_is_unix(e))
		return 0;
	return config_port_refuse(
		d, word->line, err,
		"'%.*s' is no path; expected one such as machines.sock (an address "
		"is of type udp)",
		SHOWN_MAX, word->text);
}

int config_settle_dgram(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *local = &p->words[PORT_KEY_LOCAL];
	const struct port_word *remote = &p->words[PORT_KEY_REMOTE];
	struct plug_config *plug = &p->port.plug;
	int rc = take_endpoint(d, local, &plug->local, err);

	if (rc == 0)
		rc = take_endpoint(d, remote, &plug->remote, err);
	if (rc == 0)
		rc = check_unix(d, local, &plug->local, err);
	if (rc == 0)
		rc = check_unix(d, remote, &plug->remote, err);
	if (rc == 0 && endpoint_equal(&plug->local, &plug->remote))
		return config_port_refuse(
			d, remote->line, err,
			"'remote' is the same socket as 'local'; expected the one "
			"that the machine binds");
	return rc ? rc : take_access(d, p, err);
}

int config_settle_stream(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *listen = &p->words[PORT_KEY_LISTEN];
	const struct port_word *connect = &p->words[PORT_KEY_CONNECT];
	struct plug_config *plug = &p->port.plug;
	int rc;

	if (!listen->line == !connect->line)
		return config_port_refuse(
			d, p->port.line, err,
			"[port %s] has to have either 'listen' or 'connect', such as "
			"'listen = machines.sock'",
			p->port.name);
	rc = take_endpoint(d, listen, &plug->local, err);
	if (rc == 0)
		rc = take_endpoint(d, connect, &plug->remote, err);
	if (rc == 0 && plug->local.kind == ENDPOINT_NAME)
		return config_port_refuse(
			d, listen->line, err,
			"'%.*s' is a name; expected the address to listen at, such "
			"as 127.0.0.1:7001",
			SHOWN_MAX, listen->text);
	if (rc == 0)
		rc = check_exposed(d, p, listen, &plug->local, err);
	if (rc == 0)
		rc = check_exposed(d, p, connect, &plug->remote, err);
	return rc ? rc : take_access(d, p, err);
}

int config_settle_fd(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *fd = &p->words[PORT_KEY_FD];

	if (text_check_name(fd->text, err))
		return config_port_place(d, fd->line, err);
	strcpy(p->port.plug.fd, fd->text);
	return 0;
}
