/*
 * segment_record.h - segment reports and their answers, on the wire
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 6.6.
 */
#ifndef PROTO_SEGMENT_RECORD_H
#define PROTO_SEGMENT_RECORD_H

#include "engine_state.h"

/**
 * segment_record_take() - One arrived
 * @out:	@report or @answer is set if it is a good one, to the engine's only room for it
 *
 * Return: DROP_NONE, DROP_BAD_RECORD, or DROP_UNKNOWN_RECORD for a kind of a later version
 */
enum drop segment_record_take(struct engine *e, struct reader *body, struct frame_in *out);

#endif
