/*
 * plugs.c - see plugs.h
 */
#include "agent/plugs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_unplugged(const struct plugs *p, const char *name)
{
	for (size_t i = 0; i < p->unplugged_count; i++)
		if (strcmp(p->unplugged[i], name) == 0)
			return true;
	return false;
}

static void keep_configured(const struct plugs *p, const struct config *file, struct config *out)
{
	size_t count = 0;

	*out = *file;
	for (size_t i = 0; i < file->port_count; i++)
		if (!is_unplugged(p, file->ports[i].name))
			out->ports[count++] = file->ports[i];
	out->port_count = count;
}

void plugs_merge(const struct plugs *p, const struct config *file, struct config *out)
{
	keep_configured(p, file, out);
	for (size_t i = 0; i < p->plugged_count && out->port_count < CONFIG_PORTS_MAX; i++)
		out->ports[out->port_count++] = p->plugged[i];
}

int plugs_add(struct plugs *p, const struct config *file, const char *name, const char *words,
	      struct error *err)
{
	struct config *now = malloc(sizeof(*now));
	int rc;

	if (!now)
		return error_set(err, -ENOMEM, "no memory for port %s", name);
	plugs_merge(p, file, now);
	rc = config_port_parse(now, name, words, &p->plugged[p->plugged_count], err);
	if (rc == 0)
		p->plugged_count++;
	free(now);
	return rc;
}

static void remove_plugged(struct plugs *p, size_t index)
{
	p->plugged_count--;
	memmove(&p->plugged[index], &p->plugged[index + 1],
		(p->plugged_count - index) * sizeof(p->plugged[0]));
}

int plugs_remove(struct plugs *p, const struct config *file, const char *name, struct error *err)
{
	for (size_t i = 0; i < p->plugged_count; i++) {
		if (strcmp(p->plugged[i].name, name) != 0)
			continue;
		remove_plugged(p, i);
		return 0;
	}
	if (!config_port_by_name(file, name) || is_unplugged(p, name))
		return error_set(err, -ENOENT,
				 "there is no port '%s'; 'longwire status' lists them", name);
	strcpy(p->unplugged[p->unplugged_count++], name); /* at most all of the file's */
	return 0;
}

void plugs_file_changed(struct plugs *p)
{
	p->unplugged_count = 0;
}

/* Does a port go with those that are in @now already? */
static int check(const struct config *now, const struct port_config *port, struct error *err)
{
	if (config_port_by_name(now, port->name))
		return error_set(err, -EEXIST, "agent.conf has a port of that name now");
	if (!config_vlan_by_id(now, port->vlan))
		return error_set(err, -ENOENT, "agent.conf has no vlan with id %u any more",
				 port->vlan);
	if (now->port_count == CONFIG_PORTS_MAX)
		return error_set(err, -ENOSPC, "there are %d ports without it", CONFIG_PORTS_MAX);
	return config_port_check(now, port, err);
}

bool plugs_drop_conflict(struct plugs *p, const struct config *file, struct error *err)
{
	struct config *now = malloc(sizeof(*now));
	struct error why = {0};
	size_t i;

	if (!now)
		return false; /* what cannot be opened is said then */
	keep_configured(p, file, now);
	for (i = 0; i < p->plugged_count; i++) {
		if (check(now, &p->plugged[i], &why))
			break;
		now->ports[now->port_count++] = p->plugged[i];
	}
	free(now);
	if (i == p->plugged_count)
		return false;
	error_set(err, -ECANCELED, "port %s, which was plugged, was unplugged: %s",
		  p->plugged[i].name, why.text);
	remove_plugged(p, i);
	return true;
}
