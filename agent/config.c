/*
 * config.c - see config.h
 *
 * How it works. The file is read into a draft (config_keys.c): values as they come, with their lines.
 * When all of it is there, what refers to something else (a port to its vlan) is settled, and what
 * contradicts itself is refused. Only a draft without a fault becomes the caller's config.
 */
#include "agent/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/file.h"
#include "config_draft.h"
#include "control_link.h"

_Static_assert((int)NAME_BYTES == (int)TEXT_NAME_BYTES, "one length of names everywhere");
_Static_assert((int)LISTEN_PORT_DEFAULT == (int)CARD_PORT_DEFAULT, "a card without port means it");
_Static_assert((int)BROADCAST_OFF == (int)TRUST_BROADCAST_OFF, "same word, same number");
_Static_assert((int)PEER_VLANS_MAX == (int)TRUST_VLANS_MAX, "a peer's vlans fit the engine");

enum {
	CONTROL_PATH_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path)
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
		rc = config_path(folder[0] ? folder : c->folder, CONTROL_SOCKET_NAME, c->control,
				 err);
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
		rc = config_settle_port(d, i, err);
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
	c->mss_clamp = MSS_CLAMP_PATH;
	c->offload = true;
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
	int rc = start_draft(folder, &draft, err);

	if (rc == 0 && !room)
		rc = error_set(err, -ENOMEM, "%s: out of memory", draft.config.file);
	if (rc == 0)
		rc = file_read(draft.config.file, FILE_PUBLIC, &text, err);
	if (rc == 0)
		rc = config_draft_read(&draft, text.at, text.len, err);
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

const struct port_config *config_port_by_name(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->port_count; i++)
		if (strcmp(c->ports[i].name, name) == 0)
			return &c->ports[i];
	return NULL;
}
