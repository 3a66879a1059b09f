/*
 * status_text.h - status as text for people
 *
 * Layer: agent (command line). Pure: JSON in, text out.
 */
#ifndef AGENT_CLI_STATUS_TEXT_H
#define AGENT_CLI_STATUS_TEXT_H

#include <jansson.h>
#include <stdio.h>

/**
 * status_text() - Peers first, then vlans with ports and MACs, warnings with their fix, knocks, and
 * the agent itself
 * @status:	as in longwire-control(7); what is missing or of another type is left out
 * @out:	written to
 */
void status_text(const json_t *status, FILE *out);

#endif
