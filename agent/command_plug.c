/*
 * command_plug.c - "plug" and "unplug" on the control socket: ports while the agent runs
 *
 * Layer: agent. See agent.h; spec: longwire-control(7).
 */
#include <errno.h>
#include <stdlib.h>

#include "agent/lan.h"
#include "agent/plug_rights.h"
#include "agent_parts.h"
#include "common/log.h"

int command_plug_apply(struct agent *a, const struct config *file, struct error *err)
{
	struct config *merged = malloc(sizeof(*merged));
	int rc;

	if (!merged)
		return error_set(err, -ENOMEM, "no memory for the ports");
	plugs_merge(&a->plugs, file, merged);
	rc = lan_reload(a->lan, merged, err);
	free(merged);
	return rc;
}

void command_plug_note(struct agent *a)
{
	struct warning warning = {0};

	notes_begin(&a->notes, NOTE_PLUGS);
	for (size_t i = 0; i < a->plugs.unplugged_count; i++) {
		warning = warning_make("port-unplugged", "", "");
		warning_set_text(&warning, "port %s of agent.conf is unplugged",
				 a->plugs.unplugged[i]);
		warning_set_fix(&warning,
				"it comes back when agent.conf changes or the agent restarts");
		notes_add(&a->notes, NOTE_PLUGS, &warning);
	}
	notes_end(&a->notes, NOTE_PLUGS);
}

/* What was changed in a->plugs takes effect, or is as @before again */
static int carry_out(struct agent *a, const struct plugs *before, struct error *err)
{
	int rc = command_plug_apply(a, &a->config, err);

	if (rc == 0)
		return 0;
	a->plugs = *before;
	command_plug_apply(a, &a->config, NULL);
	return rc;
}

static int add(struct agent *a, const struct control_request *r, struct error *err)
{
	struct plugs *p = &a->plugs;
	int rc = plugs_add(p, &a->config, control_request_text(r, "name"),
			   control_request_text(r, "port"), err);

	if (rc == 0 && !control_request_is_owner(r))
		rc = plug_rights_check(&p->plugged[p->plugged_count - 1], err);
	return rc;
}

static int remove_port(struct agent *a, const struct control_request *r, struct error *err)
{
	const char *name = control_request_text(r, "name");
	int rc = 0;

	if (!control_request_is_owner(r))
		rc = plug_rights_check_removal(&a->plugs, &a->config, name, err);
	return rc ? rc : plugs_remove(&a->plugs, &a->config, name, err);
}

/* Return: 0, or a negative errno with @err and all as it was */
static int change(struct agent *a, const struct control_request *r,
		  int (*how)(struct agent *a, const struct control_request *r, struct error *err),
		  struct error *err)
{
	struct plugs *before = malloc(sizeof(*before));
	int rc;

	if (!before)
		return error_set(err, -ENOMEM, "no memory for the ports");
	*before = a->plugs;
	rc = how(a, r, err);
	if (rc == 0)
		rc = carry_out(a, before, err);
	else
		a->plugs = *before;
	free(before);
	return rc;
}

void command_plug(struct agent *a, struct control_request *r)
{
	const char *name = control_request_text(r, "name"),
		   *words = control_request_text(r, "port");
	struct error err = {0};

	if (!name || !words) {
		control_refuse(r, "'plug' needs a name and a port: TYPE,key=value,...");
		return;
	}
	if (change(a, r, add, &err) < 0) {
		control_refuse(r, "%s", err.text);
		return;
	}
	log_info("port %s: plugged, %s", name, words);
	control_reply(r, json_object());
}

void command_unplug(struct agent *a, struct control_request *r)
{
	const char *name = control_request_text(r, "name");
	size_t unplugged = a->plugs.unplugged_count;
	struct error err = {0};

	if (!name) {
		control_refuse(r, "'unplug' needs the name of a port");
		return;
	}
	if (command_attach_has(a, name)) {
		control_refuse(
			r,
			"%s is a machine that was handed over, as by 'longwire run': it goes "
			"when that ends",
			name);
		return;
	}
	if (change(a, r, remove_port, &err) < 0) {
		control_refuse(r, "%s", err.text);
		return;
	}
	log_info("port %s: unplugged", name);
	command_plug_note(a);
	control_reply(r, json_pack("{s:b}", "configured", a->plugs.unplugged_count > unplugged));
}
