/*
 * config_draft.h - agent.conf while it is read
 *
 * Layer: agent (private to config.c and config_keys.c).
 */
#ifndef AGENT_CONFIG_DRAFT_H
#define AGENT_CONFIG_DRAFT_H

#include "agent/config.h"

/* struct port_draft - what a [port] section said; lines are 0 for keys that were not there */
struct port_draft {
	struct port_config port;
	char vlan[NAME_BYTES];
	int vlan_line, type_line, group_line;
};

/* struct draft - values as they come; `control` is resolved, nothing else refers to anything yet */
struct draft {
	struct config config;
	int at_line, control_line;
	struct port_draft ports[CONFIG_PORTS_MAX];
};

/**
 * config_draft_read() - Read the text of agent.conf
 * @d:	config.folder, config.file and the defaults are set
 *
 * Return: 0, or -EINVAL with "FILE:LINE: ..."; each value is good by itself
 */
int config_draft_read(struct draft *d, const char *text, size_t len, struct error *err);

#endif
