/*
 * port.h - what every type of port does for the switch
 *
 * Layer: agent (ports). One file (or a few) per type behind this interface.
 *
 * How it works. A port hands every frame that a machine sent to on_frame() and ends each batch with
 * on_batch_end(). What the switch has for it comes through send(), which copies, and leaves with
 * flush(). A port that cannot work now is down with a sentence that says why, drops and counts what
 * it is sent, and tries again at every tick. It never emits a frame of fewer than 14 bytes: the
 * switch passes none on.
 */
#ifndef AGENT_PORTS_PORT_H
#define AGENT_PORTS_PORT_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "../udp.h"
#include "agent/config.h"
#include "agent/lan.h"
#include "common/error.h"
#include "proto/drop.h"

enum {
	PORT_TICK_S =
		2 /* twice a second's rest for an idle agent; notices new machines soon enough */
};

struct port;

/** struct port_frame - borrowed bytes */
struct port_frame {
	const uint8_t *bytes;
	size_t len;
};

/**
 * struct port_events - what a port reports
 * @on_frame:		a machine's frame; borrowed during the call; any length
 * @on_batch_end:	no more for now
 */
struct port_events {
	void (*on_frame)(void *context, const uint8_t *frame, size_t len);
	void (*on_batch_end)(void *context);
	void *context;
};

struct mcast;

/**
 * struct port_env - what a port uses of its owner; outlives it
 * @area:	slots of max_frame + 1 bytes, so that what is cut is too long
 * @hubs:	the list of all hub ports, which know of each other; NULL at first
 */
struct port_env {
	uv_loop_t *loop;
	const struct udp_area *area;
	struct mcast **hubs;
};

/**
 * struct port_ops - a type of port
 * @open:	make one; only a mistake in @config, or no memory, is an error
 * @send:	queue a copy of a frame, 14 to 65,507 bytes
 * @flush:	send what is queued
 * @tick:	every PORT_TICK_S
 * @network_changed: interfaces, addresses or routes did
 * @state:	fills @detail with a sentence, empty when all is well
 * @warnings:	return how many, at most @max
 * @close:	the port is freed once libuv let go of it; no event comes any more
 */
struct port_ops {
	int (*open)(struct port **out, const struct port_env *env, const struct port_config *config,
		    const struct port_events *events, struct error *err);
	void (*send)(struct port *p, const uint8_t *frame, size_t len);
	void (*flush)(struct port *p);
	void (*tick)(struct port *p, uint64_t now_ns);
	void (*network_changed)(struct port *p, uint64_t now_ns);
	enum port_state (*state)(const struct port *p, char *detail, size_t size);
	size_t (*warnings)(const struct port *p, uint64_t now_ns, struct warning *out, size_t max);
	void (*close)(struct port *p);
};

/** struct port - the part that all types share, first in each; the owner counts in it too */
struct port {
	const struct port_ops *ops;
	struct port_events events;
	uint64_t rx_frames, tx_frames, rx_bytes, tx_bytes;
	uint64_t drops[DROP_COUNT];
};

/** port_ops_for() - The type's operations */
const struct port_ops *port_ops_for(enum port_type type);

extern const struct port_ops mcast_ops;

#endif
