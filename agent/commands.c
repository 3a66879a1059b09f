/*
 * commands.c - what the control socket asks
 *
 * Layer: agent. See agent.h; spec: longwire-control(7).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/control_line.h"
#include "agent/detail.h"
#include "agent/lan.h"
#include "agent/peers.h"
#include "agent/pings.h"
#include "agent/status.h"
#include "agent_parts.h"
#include "common/ether.h"

static void do_status(struct agent *a, struct control_request *r)
{
	control_reply(r, json_pack("{s:o}", "status", status_build(a, clock_now_ns())));
}

/* Return: the vlan's id, 0 for "the only one"; -1 when there is none of that name */
static int vlan_of(const struct agent *a, const char *name)
{
	const struct vlan_config *vlan = name ? config_vlan_by_name(&a->config, name) : NULL;

	if (!name)
		return 0;
	return vlan ? vlan->id : -1;
}

/* Return: bytes, or a negative errno with @err */
static int frame_of(const char *hex, uint8_t *out, size_t max, struct error *err)
{
	int len = hex ? control_hex_decode(hex, out, max) : -EINVAL;

	if (len == -E2BIG || len > (int)max)
		return error_set(err, -EMSGSIZE, "the frame is longer than max_frame, %zu bytes",
				 max);
	if (len < 0)
		return error_set(err, len, "a frame is given in hexadecimal digits, in pairs");
	if (len < ETHER_HEADER_BYTES)
		return error_set(err, -EINVAL,
				 "the frame has %d bytes; the shortest one is an Ethernet header: "
				 "destination, source and type, %d bytes",
				 len, ETHER_HEADER_BYTES);
	return len;
}

static int inject(struct agent *a, const struct control_request *r, struct error *err)
{
	const char *name = control_request_text(r, "vlan");
	int vlan = vlan_of(a, name), len;
	uint8_t *frame;

	if (vlan < 0)
		return error_set(err, -ENOENT, "there is no [vlan %s] in %s", name, a->config.file);
	frame = malloc(a->config.max_frame);
	if (!frame)
		return error_set(err, -ENOMEM, "no memory for the frame");
	len = frame_of(control_request_text(r, "frame"), frame, a->config.max_frame, err);
	if (len > 0)
		len = lan_inject(a->lan, (uint16_t)vlan, frame, (size_t)len, err);
	free(frame);
	return len;
}

static void do_send(struct agent *a, struct control_request *r)
{
	struct error err = {0};

	if (inject(a, r, &err) < 0)
		control_refuse(r, "%s", err.text);
	else
		control_reply(r, json_object());
}

static void refuse_ping(struct agent *a, struct control_request *r, const struct peer *peer, int rc)
{
	char detail[DETAIL_BYTES];
	struct peer_info info;

	if (rc == -EBUSY || !engine_peer_info(a->engine, peer->number, &info))
		control_refuse(r, "too many pings are waiting for an answer; try again");
	else
		control_refuse(r, "%s is not up: %s", peer->name,
			       detail_of_peer(peer, &info, clock_now_ns(), detail));
}

static void do_ping(struct agent *a, struct control_request *r)
{
	const char *name = control_request_text(r, "peer");
	const struct peer *peer = name ? peers_find(a->peers, name) : NULL;
	int rc;

	if (!peer) {
		control_refuse(r, "there is no peer '%s' in %s/peers", name ? name : "",
			       a->config.folder);
		return;
	}
	rc = pings_start(a->pings, peer->number, r, clock_now_ns());
	if (rc)
		refuse_ping(a, r, peer, rc);
}

static void do_reload(struct agent *a, struct control_request *r)
{
	reload_all(a);
	control_reply(r, json_object());
}

static const struct command {
	const char *name;
	bool owner_only; /* touches keys or trust */
	void (*run)(struct agent *a, struct control_request *r);
} COMMANDS[] = {
	{"status", false, do_status},
	{"send", false, do_send},
	{"ping", false, do_ping},
	{"dump", false, command_dump}, /* who may plug a machine in may watch, too */
	{"plug", false, command_plug},
	{"unplug", false, command_unplug},
	{"attach", false, command_attach},
	{"reload", true, do_reload},
};

void commands_handle(struct agent *a, struct control_request *request)
{
	const char *name = control_request_cmd(request);

	for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
		if (strcmp(COMMANDS[i].name, name) != 0)
			continue;
		if (COMMANDS[i].owner_only && !control_request_is_owner(request))
			control_refuse(request,
				       "only the agent's own user and root may ask for '%s'", name);
		else
			COMMANDS[i].run(a, request);
		return;
	}
	control_refuse(request, "this agent knows no command '%s'", name);
}
