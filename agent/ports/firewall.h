/*
 * firewall.h - which firewall this host has, and the command that lets a hub through
 *
 * Layer: agent (ports), Linux. Looks at files that any user may read; asks nobody.
 */
#ifndef AGENT_PORTS_FIREWALL_H
#define AGENT_PORTS_FIREWALL_H

#include <stddef.h>

#include "common/addr.h"

enum firewall {
	FIREWALL_UFW,
	FIREWALL_FIREWALLD,
	FIREWALL_NFT
};

/** firewall_detect() - The active one; FIREWALL_NFT if neither of the others is */
enum firewall firewall_detect(void);

/** firewall_is_enabled() - Does a line of ufw.conf's @text say ENABLED=yes? */
int firewall_is_enabled(const char *text);

/** firewall_name() - For a sentence */
const char *firewall_name(enum firewall which);

/**
 * firewall_fix() - The command that opens it
 * @interface:	name
 * @group:	IPv4 address and port
 * @out:	filled, cut if too long
 */
void firewall_fix(enum firewall which, const char *interface, const struct addr *group, char *out,
		  size_t size);

#endif
