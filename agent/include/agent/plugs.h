/*
 * plugs.h - which ports there are: those of agent.conf, what was plugged, what was unplugged
 *
 * Layer: agent. Pure: values only.
 *
 * How it works. Nothing of this is on disk. A port that was plugged stays, also when agent.conf is read
 * again, until it is unplugged or the agent ends; only where agent.conf has come to need its name, its
 * hub or socket or its place, or has lost its vlan, it goes. A port of agent.conf that was unplugged stays away
 * until agent.conf changes.
 */
#ifndef AGENT_PLUGS_H
#define AGENT_PLUGS_H

#include "agent/config.h"

/** struct plugs - zeroed: nothing was plugged or unplugged */
struct plugs {
	struct port_config plugged[CONFIG_PORTS_MAX];
	size_t plugged_count;
	char unplugged[CONFIG_PORTS_MAX][NAME_BYTES]; /* of agent.conf */
	size_t unplugged_count;
};

/** plugs_merge() - The ports that there are to be. @out: @file with other ports, settled */
void plugs_merge(const struct plugs *p, const struct config *file, struct config *out);

/**
 * plugs_add() - Plug a port
 * @words:	as config_port_parse() takes them
 *
 * Return: 0, or a negative errno with @err and nothing changed
 */
int plugs_add(struct plugs *p, const struct config *file, const char *name, const char *words,
	      struct error *err);

/**
 * plugs_remove() - Unplug a port
 *
 * Return: 0; -ENOENT with @err when there is none of that name
 */
int plugs_remove(struct plugs *p, const struct config *file, const char *name, struct error *err);

/** plugs_file_changed() - What was unplugged of the old agent.conf is forgotten */
void plugs_file_changed(struct plugs *p);

/**
 * plugs_drop_conflict() - Unplug one port that does not go with @file any more
 *
 * Call it until there is none. Return: true with @err, a sentence; false when all go with it
 */
bool plugs_drop_conflict(struct plugs *p, const struct config *file, struct error *err);

#endif
