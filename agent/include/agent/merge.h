/*
 * merge.h - pieces of one flow that came one by one, as the super-frame that they were
 *
 * Layer: agent. Pure: no I/O, no clock, no allocation.
 *
 * How it works. As generic receive offload does it, and more strictly: a frame joins those before it only
 * if cutting the whole again gives each of them byte for byte (offload.h). So it is the next piece of the same flow,
 * with the same headers but for what counts up; only the last may be shorter, or have TCP's PSH or FIN. All of them have
 * unfinished checksums, so none is lost by being computed anew.
 */
#ifndef AGENT_MERGE_H
#define AGENT_MERGE_H

#include "agent/offload.h"

/**
 * struct merge - a super-frame that grows; empty while @frame is NULL
 * @frame:	the first piece, borrowed like the data of all others
 * @offload:	of the whole
 */
struct merge {
	const uint8_t *frame;
	struct offload offload;
	bool is_full; /* the last piece was the last */
	struct slice more[OFFLOAD_PIECES_MAX - 1];
};

/** merge_start() - Begin with a frame whose checksum is unfinished; @o: as derived from it */
void merge_start(struct merge *m, const uint8_t *frame, const struct offload *o);

/** merge_add() - Return: true if the frame joined; false if it has to be a frame of its own, and @m is done */
bool merge_add(struct merge *m, const uint8_t *frame, const struct offload *o);

#endif
