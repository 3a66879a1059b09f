/*
 * control_link.h - where the other commands find a control socket that is not in the folder
 *
 * Layer: agent (private). A service manager's $RUNTIME_DIRECTORY is known to the agent alone; whoever
 * types a command knows the folder. So FOLDER/agent.sock is then a symbolic link to the socket.
 */
#ifndef AGENT_CONTROL_LINK_H
#define AGENT_CONTROL_LINK_H

#include "agent/config.h"

/** CONTROL_SOCKET_NAME - of the socket, and of the link */
#define CONTROL_SOCKET_NAME "agent.sock"

/** control_link_make() - Link to the socket of @config where that lies elsewhere. Return: 0; a negative
 * errno where the folder cannot be written, which is no harm where `control` names the socket */
int control_link_make(const struct config *config);

/** control_link_remove() - Take away a link of ours, or of an agent that was killed: the folder's lock
 * says that there is no other. Nothing else of that name goes */
void control_link_remove(const struct config *config);

#endif
