/*
 * command_dump.c - "dump" on the control socket: who may watch what
 *
 * Layer: agent. See agent.h; spec: longwire-control(7).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/dump.h"
#include "agent/lan.h"
#include "agent/peers.h"
#include "agent_parts.h"

static void on_wanted(void *context, bool wanted)
{
	struct agent *a = context;

	lan_use_dump(a->lan, wanted ? a->dump : NULL);
}

int command_dump_open(struct agent *a)
{
	const struct dump_events events = {.on_wanted = on_wanted, .context = a};

	return dump_new(&a->dump, &a->loop, &events);
}

static bool is_port(const struct agent *a, const char *name)
{
	struct port_info info;

	for (size_t i = 0; lan_port_info(a->lan, i, &info); i++)
		if (strcmp(info.name, name) == 0)
			return true;
	return false;
}

static int filter_vlan(const struct agent *a, const char *name, struct dump_filter *f,
		       struct error *err)
{
	const struct vlan_config *vlan = config_vlan_by_name(&a->config, name);

	if (!vlan)
		return error_set(err, -ENOENT, "there is no [vlan %s] in %s", name, a->config.file);
	f->vlan = vlan->id;
	return 0;
}

/* What is asked for must be there: a name that was mistyped would show nothing, for ever */
static int filter_of(const struct agent *a, const struct control_request *r, struct dump_filter *f,
		     struct error *err)
{
	const char *vlan = control_request_text(r, "vlan"), *peer = control_request_text(r, "peer"),
		   *port = control_request_text(r, "port");

	*f = (struct dump_filter){0};
	if (vlan && filter_vlan(a, vlan, f, err) < 0)
		return -ENOENT;
	if (peer && !peers_find(a->peers, peer))
		return error_set(err, -ENOENT, "there is no peer '%s' in %s/peers", peer,
				 a->config.folder);
	if (port && !is_port(a, port))
		return error_set(err, -ENOENT,
				 "there is no port '%s'; 'longwire status' lists them", port);
	strcpy(f->peer, peer ? peer : ""); /* they are names of something, so they fit */
	strcpy(f->port, port ? port : "");
	return 0;
}

void command_dump(struct agent *a, struct control_request *r)
{
	struct control_given given;
	struct dump_filter filter;
	struct error err = {0};

	if (filter_of(a, r, &filter, &err) < 0 || !dump_has_room(a->dump, &err)) {
		control_refuse(r, "%s", err.text);
		return;
	}
	if (control_give_away(r, json_pack("{s:i}", "stream", DUMP_STREAM_VERSION), &given) < 0) {
		control_refuse(r, "no descriptor is left for a dump");
		return;
	}
	dump_add(a->dump, given.fd, given.answer, &filter);
	free(given.answer);
}
