/*
 * path_size.h - how long a datagram the active path carries
 *
 * Layer: proto (sans-IO). Spec: PROTOCOL.md 7.7. mtu_search.h has the sizes, this the times.
 *
 * Two things. *Search*: after a path became the active one, and every ten minutes while frames are sent; longer and
 * longer probes until one does not pass. *Watch*: a datagram longer than DATAGRAM_LEAST_BYTES is soon followed by a
 * probe as long as they may be; if three of those are lost while short ones pass, the path has shrunk without a word.
 */
#ifndef PROTO_PATH_SIZE_H
#define PROTO_PATH_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine_state.h"

/** path_size_begin() - Another path is the active one, or the network is another: search (again) */
void path_size_begin(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_size_used() - A frame was sent: whatever waits for that may go on */
void path_size_used(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_size_sent() - A datagram of @len bytes, no probe, goes out on the active path */
void path_size_sent(struct engine *e, struct peer *p, size_t len, uint64_t now_ns);

/** path_size_take() - A path response came from the active path. Return: was it that of such a probe? */
bool path_size_take(struct engine *e, struct peer *p, const uint8_t token[TOKEN_BYTES],
		    uint64_t now_ns);

/** path_size_refused() - The kernel would not send so many bytes on the active path */
void path_size_refused(struct engine *e, struct peer *p, size_t len, uint64_t now_ns);

/** path_size_due() - Do what is due; there is a session and an active path */
void path_size_due(struct engine *e, struct peer *p, uint64_t now_ns);

/** path_size_rest() - The sessions are gone: no probe is on its way any more */
void path_size_rest(struct peer *p);

#endif
