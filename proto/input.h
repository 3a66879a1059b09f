/*
 * input.h - data messages and the records in them
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 3.4, 6.
 */
#ifndef PROTO_INPUT_H
#define PROTO_INPUT_H

#include <stdint.h>

#include "engine_state.h"

/** input_data() - A message of type 4, at least DATA_MIN_BYTES: authenticate it, read it from now on */
enum drop input_data(struct engine *e, const struct route *route, uint8_t *datagram, size_t len,
		     uint64_t now_ns);

#endif
