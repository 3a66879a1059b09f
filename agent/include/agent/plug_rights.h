/*
 * plug_rights.h - which ports the members of `group` may plug and unplug
 *
 * Layer: agent. Pure: values only.
 *
 * How it works. The agent opens a port with its own rights, and it may be root, or a service that others'
 * rights do not reach. Who is merely in `group` must not borrow them: a member plugs what any user of this
 * host could open by himself, and then only says which vlan it is on. What would make a file, use one,
 * make an interface, be reached from other hosts or take a number that is the system's stays with the
 * agent's own user and root, and so does what agent.conf says. (That a member passes on what is on the LAN,
 * wherever he likes, nobody can keep him from: he may plug a machine in.)
 */
#ifndef AGENT_PLUG_RIGHTS_H
#define AGENT_PLUG_RIGHTS_H

#include "agent/plugs.h"

/** plug_rights_check() - May a member plug @port? Return: 0; -EPERM with @err, a sentence */
int plug_rights_check(const struct port_config *port, struct error *err);

/** plug_rights_check_removal() - May a member unplug the port of that name, if there is one? What a member
 * could have plugged, and nothing of agent.conf. Return: 0; -EPERM with @err */
int plug_rights_check_removal(const struct plugs *p, const struct config *file, const char *name,
			      struct error *err);

#endif
