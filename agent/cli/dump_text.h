/*
 * dump_text.h - what `longwire dump` prints of a frame
 *
 * Layer: agent (command line). Text only. Names are checked where they are given, so that they need no
 * escaping here; they come from the agent all the same, so what is no printable ASCII becomes '?'.
 */
#ifndef AGENT_CLI_DUMP_TEXT_H
#define AGENT_CLI_DUMP_TEXT_H

#include <stdio.h>

#include "agent/dump_record.h"

enum {
	DUMP_PLACE_BYTES =
		DUMP_NAME_BYTES + 24 /* "port " and a name, or "nobody (...)" with a reason */
};

/** dump_place_text() - "port hub", "peer anna", "all", "nobody (guard_dhcp)"; "longwire send" for what a
 * command injected. Return: @out */
const char *dump_place_text(const struct dump_place *place, char out[DUMP_PLACE_BYTES]);

/** dump_text() - One line with its end: local time, vlan, places, length, and what the frame says */
void dump_text(const struct dump_frame *frame, FILE *out);

/** dump_text_lost() - A line that says how many were lost here */
void dump_text_lost(uint64_t count, FILE *out);

#endif
