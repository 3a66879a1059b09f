/*
 * dump_record.h - frames on their way from the agent to `longwire dump`, as bytes
 *
 * Layer: agent. Pure. Spec: longwire-control(7), THE STREAM OF DUMP.
 *
 * A record is a 32-bit length of what follows it, a type, and the type's fields, all big-endian. Names
 * carry their length and end in NUL all the same, so that a reader need not copy them.
 */
#ifndef AGENT_DUMP_RECORD_H
#define AGENT_DUMP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ether.h"
#include "proto/engine.h"

enum {
	DUMP_STREAM_VERSION = 1, /* in the answer; another one would mean that a field was moved */
	DUMP_NAME_BYTES =
		2 * NAME_BYTES + 16, /* of a place, with NUL; a machine's is PORT/MACHINE */
	DUMP_HEAD_MAX_BYTES =
		17 + 1 + NAME_BYTES + 2 * (1 + DUMP_NAME_BYTES), /* all but the frame itself */
	DUMP_LOST_BYTES = 13,
	DUMP_RECORD_MAX_BYTES = DUMP_HEAD_MAX_BYTES + FRAME_MAX_BYTES,
};

/** enum dump_record_type - others, of later versions, are passed over */
enum dump_record_type {
	DUMP_RECORD_FRAME = 1,
	DUMP_RECORD_LOST = 2,
};

/** enum dump_kind - numbers of the stream */
enum dump_kind {
	DUMP_NOBODY = 0, /* from: injected by `longwire send`; to: dropped */
	DUMP_PORT = 1,
	DUMP_PEER = 2,
	DUMP_ALL = 3, /* to: everybody else on the vlan */
};

/** struct dump_place - one end; @name of DUMP_NOBODY is the reason of the drop, else ""; of DUMP_ALL "" */
struct dump_place {
	enum dump_kind kind;
	const char *name;
};

/** dump_place_is() - Is it the port or peer @name, or a machine that shares this port? */
bool dump_place_is(const struct dump_place *place, enum dump_kind kind, const char *name);

/** struct dump_frame - a frame where it entered; @wall_ns since 1970. Borrows everything */
struct dump_frame {
	uint64_t wall_ns;
	uint16_t vlan; /* id */
	const char *vlan_name;
	struct dump_place from, to;
	const uint8_t *bytes;
	size_t len;
};

/** struct dump_item - one record; @type says which of the two it is, if any */
struct dump_item {
	uint8_t type;
	struct dump_frame frame;
	uint64_t lost; /* frames since the last record that there was no room for */
};

/** dump_record_head() - What goes before the bytes of @frame. Return: its length */
size_t dump_record_head(const struct dump_frame *frame, uint8_t out[DUMP_HEAD_MAX_BYTES]);

/** dump_record_lost() - "So many frames were lost here" */
void dump_record_lost(uint64_t count, uint8_t out[DUMP_LOST_BYTES]);

/**
 * dump_record_read() - The first record of some bytes
 * @out:	filled when there is one; borrows from @bytes
 *
 * Return: its length; 0 when it is not all there yet; -EPROTO when it is none
 */
int dump_record_read(const uint8_t *bytes, size_t len, struct dump_item *out);

#endif
