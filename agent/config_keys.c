/*
 * config_keys.c - the keys of agent.conf, each value by itself; see config_draft.h
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/ini.h"
#include "common/text.h"
#include "config_draft.h"
#include "proto/cipher.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	SHOWN_MAX = 80 /* of a wrong value, in a message */
};

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
	struct config *c = &((struct draft *)object)->config;
	uint32_t port = 0;

	if (text_parse_number(value, 1, UINT16_MAX, &port, err))
		return error_set(
			err, -EINVAL,
			"'listen = %.*s' is no UDP port; expected a number from 1 to %d, such as "
			"%d",
			SHOWN_MAX, value, UINT16_MAX, LISTEN_PORT_DEFAULT);
	c->listen = (uint16_t)port;
	c->listen_line = line;
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

static int set_mss_clamp(void *object, const char *value, int line, struct error *err)
{
	uint32_t bytes = MSS_CLAMP_PATH;

	(void)line;
	if (strcmp(value, "no") == 0)
		bytes = MSS_CLAMP_OFF;
	else if (strcmp(value, "yes") != 0 &&
		 text_parse_number(value, MSS_CLAMP_MIN, MSS_CLAMP_PATH, &bytes, err))
		return error_set(
			err, -EINVAL,
			"'mss_clamp = %.*s' cannot be; expected 'yes', 'no', or the largest MSS "
			"in bytes, from %d to %d",
			SHOWN_MAX, value, MSS_CLAMP_MIN, MSS_CLAMP_PATH);
	((struct draft *)object)->config.mss_clamp = (uint16_t)bytes;
	return 0;
}

static int set_offload(void *object, const char *value, int line, struct error *err)
{
	bool on = strcmp(value, "on") == 0;

	(void)line;
	if (!on && strcmp(value, "off") != 0)
		return error_set(err, -EINVAL,
				 "'offload = %.*s' cannot be; expected 'on', or 'off' for a driver "
				 "that is broken",
				 SHOWN_MAX, value);
	((struct draft *)object)->config.offload = on;
	return 0;
}

static int parse_cipher(const char *value, uint8_t *out, struct error *err)
{
	static const struct {
		const char *word;
		uint8_t ciphers;
	} words[] = {
		{"auto", 0}, {"aes-256-gcm", CIPHER_AES}, {"chacha20-poly1305", CIPHER_CHACHA}};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (strcmp(value, words[i].word) != 0)
			continue;
		*out = words[i].ciphers;
		return 0;
	}
	return error_set(err, -EINVAL,
			 "'cipher = %.*s' cannot be; expected 'auto', 'aes-256-gcm' or "
			 "'chacha20-poly1305'",
			 SHOWN_MAX, value);
}

static int set_cipher(void *object, const char *value, int line, struct error *err)
{
	uint8_t *ciphers = &((struct draft *)object)->config.ciphers;
	int rc = parse_cipher(value, ciphers, err);

	(void)line;
	if (rc || !*ciphers || *ciphers & ciphers_of_machine())
		return rc;
	return error_set(err, -EINVAL,
			 "'cipher = %s' cannot be: this processor has no instructions for AES, or "
			 "this longwire cannot use them; expected 'auto' or 'chacha20-poly1305'",
			 value);
}

static int set_dscp(void *object, const char *value, int line, struct error *err)
{
	bool copy = strcmp(value, "copy") == 0;

	(void)line;
	if (!copy && strcmp(value, "none") != 0)
		return error_set(err, -EINVAL,
				 "'dscp = %.*s' cannot be; expected 'copy', for datagrams of the "
				 "class of the packets in them, or 'none'",
				 SHOWN_MAX, value);
	((struct draft *)object)->config.dscp_copy = copy;
	return 0;
}

static const struct ini_key AGENT_KEYS[] = {
	{"name", set_name},           {"listen", set_listen},       {"at", set_at},
	{"group", set_group},         {"control", set_control},     {"max_frame", set_max_frame},
	{"broadcast", set_broadcast}, {"mss_clamp", set_mss_clamp}, {"offload", set_offload},
	{"cipher", set_cipher},       {"dscp", set_dscp},
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

	p->type_line = line;
	return config_parse_port_type(value, &p->port.type, err);
}

/* Keep a value until the port's type is known. */
static int keep(struct port_draft *p, enum port_key key, const char *value, int line)
{
	p->words[key].line = line;
	/* What is cut is longer than any good value, so it is refused when it is looked at. */
	snprintf(p->words[key].text, PORT_WORD_BYTES, "%s", value);
	return 0;
}

#define KEEP(function, key)                                                               \
	static int function(void *object, const char *value, int line, struct error *err) \
	{                                                                                 \
		(void)err;                                                                \
		return keep(object, key, value, line);                                    \
	}

KEEP(set_port_group, PORT_KEY_GROUP)
KEEP(set_interface, PORT_KEY_INTERFACE)
KEEP(set_local, PORT_KEY_LOCAL)
KEEP(set_remote, PORT_KEY_REMOTE)
KEEP(set_port_listen, PORT_KEY_LISTEN)
KEEP(set_connect, PORT_KEY_CONNECT)
KEEP(set_mode, PORT_KEY_MODE)
KEEP(set_insecure, PORT_KEY_INSECURE)
KEEP(set_fd, PORT_KEY_FD)
KEEP(set_port_name, PORT_KEY_NAME)
KEEP(set_mtu, PORT_KEY_MTU)

static int set_port_broadcast(void *object, const char *value, int line, struct error *err)
{
	(void)line;
	return parse_broadcast(value, &((struct port_draft *)object)->port.broadcast, err);
}

static const struct ini_key PORT_KEYS[] = {
	{"vlan", set_vlan},
	{"type", set_type},
	{"group", set_port_group},
	{"interface", set_interface},
	{"broadcast", set_port_broadcast},
	{"local", set_local},
	{"remote", set_remote},
	{"listen", set_port_listen},
	{"connect", set_connect},
	{"mode", set_mode},
	{"insecure", set_insecure},
	{"fd", set_fd},
	{"name", set_port_name},
	{"mtu", set_mtu},
};

enum {
	SECTION_AGENT,
	SECTION_VLAN,
	SECTION_PORT
};

static const struct ini_section SECTIONS[] = {
	[SECTION_AGENT] = {"agent", false, AGENT_KEYS, COUNT(AGENT_KEYS), open_agent},
	[SECTION_VLAN] = {"vlan", true, VLAN_KEYS, COUNT(VLAN_KEYS), open_vlan},
	[SECTION_PORT] = {"port", true, PORT_KEYS, COUNT(PORT_KEYS), open_port},
};

int config_draft_read(struct draft *d, const char *text, size_t len, struct error *err)
{
	const struct ini_schema schema = {SECTIONS, COUNT(SECTIONS), d};

	return ini_read(d->config.file, text, len, &schema, err);
}

int config_port_words(struct port_draft *p, const char *words, struct error *err)
{
	return ini_read_words(&SECTIONS[SECTION_PORT], p, words, err);
}
