/*
 * records.h - what is common to reading and writing records
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 6.
 */
#ifndef PROTO_RECORDS_H
#define PROTO_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

/** record_asks() - Does it want an answer: is its sender to hear from us soon? PROTOCOL.md 8 */
static inline bool record_asks(uint8_t type)
{
	return type == RECORD_FRAME || type == RECORD_FRAGMENT || type == RECORD_HELLO ||
	       type == RECORD_PING || type == RECORD_PATH_CHALLENGE;
}

/** record_probes() - Is it of a probe or its answer, so that it says nothing of where its sender is? */
static inline bool record_probes(uint8_t type)
{
	return type == RECORD_PATH_CHALLENGE || type == RECORD_PATH_RESPONSE;
}

/**
 * record_matters() - Does sending it count as having sent something? PROTOCOL.md 8
 *
 * Segment reports do not: they go out all the time and need no answer. If they counted, an agent that sends
 * them would never have to ping, and so never notice that nobody is there any more.
 */
static inline bool record_matters(uint8_t type)
{
	return type != RECORD_SEGMENTS;
}

#endif
