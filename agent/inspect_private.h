/*
 * inspect_private.h - what the files of inspect call of each other
 *
 * Layer: agent, private to inspect*.c.
 */
#ifndef AGENT_INSPECT_PRIVATE_H
#define AGENT_INSPECT_PRIVATE_H

#include "agent/inspect.h"
#include "common/cursor.h"

/** inspect_ipv6() - What an IPv6 packet means; @r stands at its header */
void inspect_ipv6(struct inspect *out, struct reader r);

#endif
