/*
 * agent_parts.h - what the files that make up the agent call of each other
 *
 * Layer: agent (private).
 */
#ifndef AGENT_AGENT_PARTS_H
#define AGENT_AGENT_PARTS_H

#include "agent/agent.h"
#include "agent/control.h"

/* ---- agent.c ---- */

/** agent_open_tunnel() - Listen where @config says, instead of where it listened before. Return: 0, or
 * a negative errno with @err and nothing changed */
int agent_open_tunnel(struct agent *a, const struct config *config, struct error *err);

/* ---- loop.c ---- */

/** loop_open() - Initialise the loop's own handles; none is started */
void loop_open(struct agent *a);

/** loop_start() - Drive engine, lan and tunnel from now on */
void loop_start(struct agent *a);

/** loop_stop() - Stop and close the loop's own handles */
void loop_stop(struct agent *a);

/* ---- events.c ---- */

/** events_drain() - Carry out everything the engine has to report */
void events_drain(struct agent *a, uint64_t now_ns);

/** events_send_refused() - The kernel did not take a datagram of the engine's; @error: positive errno */
void events_send_refused(struct agent *a, const struct datagram *d, int error);

/** events_icmp() - An ICMP message, perhaps a forged one, came back about a datagram for @peer */
void events_icmp(struct agent *a, int peer, int error);

/** events_open_state() - Make ready to write `state`. Return: 0, or -ENOMEM with @err */
int events_open_state(struct agent *a, struct error *err);

/** events_save_state() - Write `state` beside the loop; a failure becomes a note */
void events_save_state(struct agent *a);

/** events_save_state_now() - Wait for it, with the engine's timestamp ceiling in it: at start and stop */
void events_save_state_now(struct agent *a);

/* ---- reload.c ---- */

/** reload_trust() - Read the trust folder and carry the difference over */
void reload_trust(struct agent *a);

/** reload_all() - Read agent.conf and the trust folder; a mistake keeps the last good state */
void reload_all(struct agent *a);

/** reload_self() - Tell peers our name and where this host can be found */
void reload_self(struct agent *a);

/** reload_network() - Interfaces, addresses or routes changed */
void reload_network(struct agent *a);

/* ---- commands.c ---- */

/** commands_handle() - Carry out a request of the control socket */
void commands_handle(struct agent *a, struct control_request *request);

/* ---- command_plug.c ---- */

/** command_plug_apply() - Make the ports of @file, but for what was unplugged, and those that were
 * plugged. Return: 0, or a negative errno with @err */
int command_plug_apply(struct agent *a, const struct config *file, struct error *err);

/** command_plug_note() - Keep in status what of agent.conf is unplugged */
void command_plug_note(struct agent *a);

/** command_plug(), command_unplug() - Carry out "plug" and "unplug" */
void command_plug(struct agent *a, struct control_request *r);
void command_unplug(struct agent *a, struct control_request *r);

/* ---- command_dump.c ---- */

/** command_dump_open() - Make a->dump, with nobody who watches. Return: 0, or -ENOMEM */
int command_dump_open(struct agent *a);

/** command_dump() - Carry out "dump": the connection becomes a stream of frames */
void command_dump(struct agent *a, struct control_request *r);

/* ---- command_attach.c ---- */

/** command_attach() - Carry out "attach": the connection becomes a machine's */
void command_attach(struct agent *a, struct control_request *r);

/** command_attach_has() - Is there a machine that status calls so? */
bool command_attach_has(const struct agent *a, const char *name);

/** command_attach_close() - Hang up on all machines; before lan_close() */
void command_attach_close(struct agent *a);

#endif
