/*
 * config.c - see config.h
 *
 * How it works. The file is read into a draft: values as they come, with their lines. When all of it
 * is there, what refers to something else (a port to its vlan) is settled, and what contradicts
 * itself is refused. Only a draft without a fault becomes the caller's config.
 */
#include "agent/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/file.h"
#include "common/ini.h"
#include "common/text.h"

_Static_assert((int)NAME_BYTES == (int)TEXT_NAME_BYTES, "one length of names everywhere");
_Static_assert((int)LISTEN_PORT_DEFAULT == (int)CARD_PORT_DEFAULT, "a card without port means it");
_Static_assert((int)BROADCAST_OFF == (int)TRUST_BROADCAST_OFF, "same word, same number");
_Static_assert((int)PEER_VLANS_MAX == (int)TRUST_VLANS_MAX, "a peer's vlans fit the engine");

enum {
	SHOWN_MAX = 80, /* of a wrong value, in a message */
	CONTROL_PATH_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path),
	MULTICAST_FIRST = 224, /* RFC 5771: 224.0.0.0/4 */
	MULTICAST_LAST = 239,
	IPV4_AT = 12, /* of the IPv4 bytes in a mapped address */
};

/* struct port_draft - what a [port] section said; lines are 0 for keys that were not there */
struct port_draft {
	struct port_config port;
	char vlan[NAME_BYTES];
	int vlan_line, type_line, group_line;
};

struct draft {
	struct config config;
	int at_line, control_line;
	struct port_draft ports[CONFIG_PORTS_MAX];
};

const char *port_type_name(enum port_type type)
{
	static const char *const names[] = {[PORT_MCAST] = "mcast"};

	return names[type];
}

/* ---- [agent] ---- */

static int open_agent(void *context, const char *name, int line, void **object, struct error *err)
{
	(void)name;
	(void)line;
	(void)err;
	*object = context;
	return 0;
}

static int set_name(void *object, const char *value, int line, struct error *err)
{
	int rc = text_check_name(value, err);

	(void)line;
	if (rc == 0)
		strcpy(((struct draft *)object)->config.name, value);
	return rc;
}

static int set_listen(void *object, const char *value, int line, struct error *err)
{
	uint32_t port = 0;

	(void)line;
	if (text_parse_number(value, 1, UINT16_MAX, &port, err))
		return error_set(
			err, -EINVAL,
			"'listen = %.*s' is no UDP port; expected a number from 1 to %d, such as "
			"%d",
			SHOWN_MAX, value, UINT16_MAX, LISTEN_PORT_DEFAULT);
	((struct draft *)object)->config.listen = (uint16_t)port;
	return 0;
}

/* Checked when `listen`, the default port, is known. */
static int set_at(void *object, const char *value, int line, struct error *err)
{
	struct draft *d = object;

	if (strlen(value) >= sizeof(d->config.at))
		return error_set(err, -EINVAL, "'at' is longer than %d characters; take some out",
				 CONFIG_AT_BYTES - 1);
	strcpy(d->config.at, value);
	d->at_line = line;
	return 0;
}

static int set_group(void *object, const char *value, int line, struct error *err)
{
	int rc = text_check_name(value, err);

	(void)line;
	if (rc == 0)
		strcpy(((struct draft *)object)->config.group, value);
	return rc;
}

static int set_control(void *object, const char *value, int line, struct error *err)
{
	struct draft *d = object;

	d->control_line = line;
	if (value[0] != '/')
		return config_path(d->config.folder, value, d->config.control, err);
	if (strlen(value) >= sizeof(d->config.control))
		return error_set(err, -EINVAL,
				 "'control' is longer than any path of a socket can be");
	strcpy(d->config.control, value);
	return 0;
}

static int set_max_frame(void *object, const char *value, int line, struct error *err)
{
	(void)line;
	if (text_parse_number(value, ETHER_MTU_FRAME_BYTES, FRAME_MAX_BYTES,
			      &((struct draft *)object)->config.max_frame, err))
		return error_set(
			err, -EINVAL,
			"'max_frame = %.*s' cannot be; expected bytes from %d (an ordinary "
			"frame) to %d",
			SHOWN_MAX, value, ETHER_MTU_FRAME_BYTES, FRAME_MAX_BYTES);
	return 0;
}

static int parse_broadcast(const char *value, uint32_t *out, struct error *err)
{
	if (strcmp(value, "off") == 0) {
		*out = BROADCAST_OFF;
		return 0;
	}
	if (text_parse_number(value, 1, BROADCAST_OFF - 1, out, err))
		return error_set(
			err, -EINVAL,
			"'broadcast = %.*s' cannot be; expected frames a second, from 1, or "
			"'off' for no limit",
			SHOWN_MAX, value);
	return 0;
}

static int set_broadcast(void *object, const char *value, int line, struct error *err)
{
	(void)line;
	return parse_broadcast(value, &((struct draft *)object)->config.broadcast, err);
}

static const struct ini_key AGENT_KEYS[] = {
	{"name", set_name},           {"listen", set_listen},   {"at", set_at},
	{"group", set_group},         {"control", set_control}, {"max_frame", set_max_frame},
	{"broadcast", set_broadcast},
};

/* ---- [vlan NAME] ---- */

static int open_vlan(void *context, const char *name, int line, void **object, struct error *err)
{
	struct config *c = &((struct draft *)context)->config;
	struct vlan_config *vlan = &c->vlans[c->vlan_count];
	int rc = text_check_name(name, err);

	if (rc)
		return rc;
	if (c->vlan_count == CONFIG_VLANS_MAX)
		return error_set(err, -EINVAL, "more than %d vlans; take some out",
				 CONFIG_VLANS_MAX);
	vlan->line = line;
	strcpy(vlan->name, name);
	c->vlan_count++;
	*object = vlan;
	return 0;
}

static int set_id(void *object, const char *value, int line, struct error *err)
{
	uint32_t id = 0;

	(void)line;
	if (text_parse_number(value, VLAN_ID_MIN, VLAN_ID_MAX, &id, err))
		return error_set(
			err, -EINVAL,
			"'id = %.*s' cannot be; expected a number from %d to %d, the same on "
			"all hosts of this vlan",
			SHOWN_MAX, value, VLAN_ID_MIN, VLAN_ID_MAX);
	((struct vlan_config *)object)->id = (uint16_t)id;
	return 0;
}

static const struct ini_key VLAN_KEYS[] = {{"id", set_id}};

/* ---- [port NAME] ---- */

static int open_port(void *context, const char *name, int line, void **object, struct error *err)
{
	struct draft *d = context;
	struct port_draft *port = &d->ports[d->config.port_count];
	int rc = text_check_name(name, err);

	if (rc)
		return rc;
	if (d->config.port_count == CONFIG_PORTS_MAX)
		return error_set(err, -EINVAL, "more than %d ports; take some out",
				 CONFIG_PORTS_MAX);
	port->port.line = line;
	strcpy(port->port.name, name);
	d->config.port_count++;
	*object = port;
	return 0;
}

static int set_vlan(void *object, const char *value, int line, struct error *err)
{
	struct port_draft *p = object;
	int rc = text_check_name(value, err);

	if (rc == 0)
		strcpy(p->vlan, value);
	p->vlan_line = line;
	return rc;
}

static int set_type(void *object, const char *value, int line, struct error *err)
{
	struct port_draft *p = object;

	if (strcmp(value, port_type_name(PORT_MCAST)) != 0)
		return error_set(err, -EINVAL, "there is no port type '%.*s'; expected %s",
				 SHOWN_MAX, value, port_type_name(PORT_MCAST));
	p->port.type = PORT_MCAST;
	p->type_line = line;
	return 0;
}

static int set_mcast_group(void *object, const char *value, int line, struct error *err)
{
	struct port_draft *p = object;
	struct addr group;

	if (addr_parse(value, 0, &group) || !addr_is_ipv4(&group))
		return error_set(
			err, -EINVAL,
			"'%.*s' is no IPv4 address and port; expected what QEMU's mcast= has, "
			"such as 230.0.0.1:33000",
			SHOWN_MAX, value);
	if (group.ip[IPV4_AT] < MULTICAST_FIRST || group.ip[IPV4_AT] > MULTICAST_LAST)
		return error_set(err, -EINVAL,
				 "'%.*s' is no multicast group; expected one from 224.0.0.0 to "
				 "239.255.255.255, such as 230.0.0.1:33000",
				 SHOWN_MAX, value);
	p->port.mcast.group = group;
	p->group_line = line;
	return 0;
}

static int set_interface(void *object, const char *value, int line, struct error *err)
{
	struct port_draft *p = object;

	(void)line;
	if (strcmp(value, "auto") == 0) {
		p->port.mcast.scope = MCAST_AUTO;
		return 0;
	}
	if (strlen(value) >= INTERFACE_NAME_BYTES || strpbrk(value, "/ \t:,"))
		return error_set(
			err, -EINVAL,
			"'%.*s' is no network interface; expected auto, lo or a name as 'ip "
			"link' shows it",
			SHOWN_MAX, value);
	p->port.mcast.scope = strcmp(value, "lo") == 0 ? MCAST_LO : MCAST_NAMED;
	strcpy(p->port.mcast.interface, value);
	return 0;
}

static int set_port_broadcast(void *object, const char *value, int line, struct error *err)
{
	(void)line;
	return parse_broadcast(value, &((struct port_draft *)object)->port.broadcast, err);
}

static const struct ini_key PORT_KEYS[] = {
	{"vlan", set_vlan},
	{"type", set_type},
	{"group", set_mcast_group},
	{"interface", set_interface},
	{"broadcast", set_port_broadcast},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct ini_section SECTIONS[] = {
	{"agent", false, AGENT_KEYS, COUNT(AGENT_KEYS), open_agent},
	{"vlan", true, VLAN_KEYS, COUNT(VLAN_KEYS), open_vlan},
	{"port", true, PORT_KEYS, COUNT(PORT_KEYS), open_port},
};

/* ---- what needs the whole file ---- */

/* For messages: put the place in front of @err. */
static int place(const struct config *c, int line, struct error *err)
{
	return error_set(err, -EINVAL, "%s:%d: %s", c->file, line, err ? err->text : "");
}

static int check_vlans(const struct config *c, struct error *err)
{
	if (c->vlan_count == 0)
		return error_set(
			err, -EINVAL,
			"%s:1: there is no vlan; expected a section such as '[vlan lan]' with "
			"'id = 1'",
			c->file);
	for (size_t i = 0; i < c->vlan_count; i++) {
		const struct vlan_config *vlan = &c->vlans[i],
					 *same = config_vlan_by_id(c, vlan->id);

		if (vlan->id == 0)
			return error_set(
				err, -EINVAL,
				"%s:%d: [vlan %s] has no id; expected 'id = N', the same on all "
				"hosts of this vlan",
				c->file, vlan->line, vlan->name);
		if (same != vlan)
			return error_set(
				err, -EINVAL,
				"%s:%d: [vlan %s] has id %u, which [vlan %s] in line %d has; "
				"give it another",
				c->file, vlan->line, vlan->name, vlan->id, same->name, same->line);
	}
	return 0;
}

static int settle_vlan(const struct config *c, struct port_draft *p, struct error *err)
{
	const struct vlan_config *vlan = &c->vlans[0];

	if (!p->vlan_line && c->vlan_count > 1)
		return error_set(
			err, -EINVAL,
			"%s:%d: [port %s] has no vlan, and there are %zu; expected 'vlan = %s' "
			"or another of them",
			c->file, p->port.line, p->port.name, c->vlan_count, vlan->name);
	if (p->vlan_line)
		vlan = config_vlan_by_name(c, p->vlan);
	if (!vlan)
		return error_set(err, -EINVAL,
				 "%s:%d: there is no vlan '%s'; expected the name of a [vlan NAME] "
				 "section, such as %s",
				 c->file, p->vlan_line, p->vlan, c->vlans[0].name);
	p->port.vlan = vlan->id;
	return 0;
}

static bool same_hub(const struct port_config *a, const struct port_config *b)
{
	/* `auto` is on loopback too: `lo` beside it would hear and send everything twice. */
	bool named = a->mcast.scope == MCAST_NAMED || b->mcast.scope == MCAST_NAMED;

	return addr_equal(&a->mcast.group, &b->mcast.group) &&
	       (!named || strcmp(a->mcast.interface, b->mcast.interface) == 0);
}

static int settle_port(struct draft *d, size_t index, struct error *err)
{
	struct config *c = &d->config;
	struct port_draft *p = &d->ports[index];
	const char *missing = !p->type_line ? "type = mcast" : "group = 230.0.0.1:33000";
	int rc;

	if (!p->type_line || !p->group_line)
		return error_set(err, -EINVAL, "%s:%d: [port %s] lacks a line such as '%s'",
				 c->file, p->port.line, p->port.name, missing);
	rc = settle_vlan(c, p, err);
	if (rc)
		return rc;
	if (p->port.broadcast == 0)
		p->port.broadcast = c->broadcast;
	for (size_t i = 0; i < index; i++)
		if (same_hub(&c->ports[i], &p->port))
			return error_set(
				err, -EINVAL,
				"%s:%d: [port %s] is the same hub as [port %s] in line %d; take "
				"one out, or give it another group or interface",
				c->file, p->port.line, p->port.name, c->ports[i].name,
				c->ports[i].line);
	c->ports[index] = p->port;
	return 0;
}

static int settle_at(struct draft *d, struct error *err)
{
	struct card_address addresses[CARD_ADDRESSES_MAX];
	struct config *c = &d->config;
	int count;

	if (!d->at_line)
		return 0;
	count = card_parse_addresses(c->at, c->listen, addresses, err);
	if (count < 0 || card_format_addresses(addresses, (size_t)count, c->at, err))
		return place(c, d->at_line, err);
	return 0;
}

/* Where the control socket is: DESIGN's order, the service manager's folder before ours. */
static int settle_control(struct draft *d, struct error *err)
{
	struct config *c = &d->config;
	const char *runtime = getenv("RUNTIME_DIRECTORY"); /* systemd: several with ':' between */
	char folder[CONFIG_PATH_BYTES];
	int rc = 0;

	if (!d->control_line) {
		snprintf(folder, sizeof(folder), "%.*s", runtime ? (int)strcspn(runtime, ":") : 0,
			 runtime ? runtime : "");
		rc = config_path(folder[0] ? folder : c->folder, "agent.sock", c->control, err);
	}
	if (rc || strlen(c->control) < CONTROL_PATH_BYTES)
		return rc;
	error_set(err, -EINVAL,
		  "the path of the control socket is longer than %d bytes; set 'control' in "
		  "[agent] to "
		  "a shorter one: %s",
		  CONTROL_PATH_BYTES - 1, c->control);
	return place(c, d->control_line ? d->control_line : 1, err);
}

static int settle(struct draft *d, struct error *err)
{
	int rc = check_vlans(&d->config, err);

	for (size_t i = 0; rc == 0 && i < d->config.port_count; i++)
		rc = settle_port(d, i, err);
	if (rc == 0)
		rc = settle_at(d, err);
	if (rc == 0)
		rc = settle_control(d, err);
	return rc;
}

/* ---- the whole ---- */

static int start_draft(const char *folder, struct draft *d, struct error *err)
{
	struct config *c = &d->config;

	*d = (struct draft){0};
	c->listen = LISTEN_PORT_DEFAULT;
	c->max_frame = FRAME_MAX_DEFAULT_BYTES;
	c->broadcast = BROADCAST_LIMIT_DEFAULT;
	config_default_name(c->name);
	if (strlen(folder) >= sizeof(c->folder))
		return error_set(err, -ENAMETOOLONG, "the folder's path is too long: %s", folder);
	strcpy(c->folder, folder);
	return config_path(folder, "agent.conf", c->file, err);
}

int config_load(const char *folder, struct config *out, struct error *err)
{
	char *room = malloc(FILE_TEXT_BYTES);
	struct file_text text = {.at = room, .room = FILE_TEXT_BYTES};
	struct draft draft;
	const struct ini_schema schema = {SECTIONS, COUNT(SECTIONS), &draft};
	int rc = start_draft(folder, &draft, err);

	if (rc == 0 && !room)
		rc = error_set(err, -ENOMEM, "%s: out of memory", draft.config.file);
	if (rc == 0)
		rc = file_read(draft.config.file, FILE_PUBLIC, &text, err);
	if (rc == 0)
		rc = ini_read(draft.config.file, text.at, text.len, &schema, err);
	if (rc == 0)
		rc = settle(&draft, err);
	if (rc == 0)
		*out = draft.config;
	free(room);
	return rc;
}

const struct vlan_config *config_vlan_by_name(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->vlan_count; i++)
		if (strcmp(c->vlans[i].name, name) == 0)
			return &c->vlans[i];
	return NULL;
}

const struct vlan_config *config_vlan_by_id(const struct config *c, uint16_t id)
{
	for (size_t i = 0; i < c->vlan_count; i++)
		if (c->vlans[i].id == id)
			return &c->vlans[i];
	return NULL;
}
