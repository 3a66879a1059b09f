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
 *
 * A port whose frames other agents may hear as well has attachments: the interfaces of this host by
 * which it hears them. It carries beacons and tells who is a machine and who an agent. When to beacon,
 * with which id, and what follows from what is heard, its owner decides.
 */
#ifndef AGENT_PORTS_PORT_H
#define AGENT_PORTS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "../udp.h"
#include "agent/beacon.h"
#include "agent/config.h"
#include "agent/lan.h"
#include "agent/offload.h"
#include "common/error.h"
#include "proto/drop.h"

enum {
	PORT_TICK_S =
		2, /* twice a second's rest for an idle agent; notices new machines soon enough */
	PORT_ATTACHMENTS_MAX = BEACON_INTERFACES_MAX,
};

struct port;

enum {
	PORT_LANES_MAX = 64 /* of one port; each costs some descriptors and buffers */
};

/**
 * struct port_frame - borrowed bytes
 * @offload:	what is left to be done for it; NULL: nothing. Its data may go on behind @bytes
 */
struct port_frame {
	const uint8_t *bytes;
	size_t len;
	const struct offload *offload;
};

/**
 * struct port_source - where a frame came from
 * @interface:	its index; 0 in a type without attachments
 * @from:	borrowed: address of the socket that sent it; NULL in a type whose machines have none
 * @is_foreign:	from a machine of another host, which this port does not serve: only its source MAC is
 *		of interest, and the frame was counted as dropped
 */
struct port_source {
	uint32_t interface;
	const struct addr *from;
	bool is_foreign;
};

/**
 * struct port_beacon - a beacon that was heard
 * @interface:	index where it came in; not always an attachment (a hub shared with a LAN hears the
 *		agents of this host on loopback, too)
 * @sender:	source MAC of its frame: constant for one port of one agent
 * @same_host:	from an address of this host
 * @from_machine: came as a machine's frames do, so a guest may have sent it, or passed it on
 */
struct port_beacon {
	uint32_t interface;
	struct mac sender;
	struct addr from;
	bool same_host;
	bool from_machine;
	struct beacon beacon;
};

/**
 * struct port_attachment - an interface by which a port hears others
 * @interface:	its index
 * @serves:	every machine's frame that is heard there is taken
 * @is_real:	not loopback: other hosts may hear what is sent there
 */
struct port_attachment {
	uint32_t interface;
	bool serves;
	bool is_real;
};

/**
 * struct port_events - what a port reports; never during open() or close(). All is borrowed during the
 * call
 * @on_frame:		a machine's frame; any length
 * @on_whole:		one that something is left to be done for; only from a port with has_offload
 * @on_batch_end:	no more for now
 * @on_beacon:		of kind BEACON_AGENT or BEACON_LEAVING; own ids are not left out, for they
 *			come back where two hubs are bridged
 * @on_alive:		an agent that beaconed before injected a frame there
 * @on_attached:	attachments() changed; before the frame that is the first of a new interface
 * @on_gone:		the machine behind the port is not there any more: what was learned of it goes
 * @on_lane_open:	a further machine: from now on @lane is a member of the vlan by itself, with its
 *			@events set and counters of its own, called after the port and @stem, or a
 *			number where that is NULL. Return: 0, or -ENOSPC, counted for the port
 * @on_lane_close:	it is a member no more; @lane_context is the context of its events. Neither of
 *			the two may be called from within send() or flush()
 */
struct port_events {
	void (*on_frame)(void *context, const uint8_t *frame, size_t len,
			 const struct port_source *source);
	void (*on_whole)(void *context, const struct port_frame *f,
			 const struct port_source *source);
	void (*on_batch_end)(void *context);
	void (*on_beacon)(void *context, const struct port_beacon *heard);
	void (*on_alive)(void *context, uint32_t interface, const struct mac *sender);
	void (*on_attached)(void *context);
	void (*on_gone)(void *context);
	int (*on_lane_open)(void *context, struct port *lane, const char *stem);
	void (*on_lane_close)(void *lane_context);
	void *context;
};

struct hub_datagram;
struct mcast;

/**
 * struct port_env - what a port uses of its owner; outlives it
 * @area:	slots of max_frame + 1 bytes, so that what is cut is too long
 * @hubs:	the list of all hub ports, which know of each other; NULL at first
 * @folder:	the agent's: see state_path()
 * @offload:	take super-frames and unfinished checksums from the kernel where it has them
 */
struct port_env {
	uv_loop_t *loop;
	const struct udp_area *area;
	bool offload;
	struct mcast **hubs;
	const char *folder;
};

/**
 * struct port_ops - a type of port
 * @open:	make one; only a mistake in @config, or no memory, is an error
 * @send:	queue a copy of a frame, 14 to 65,507 bytes
 * @send_whole:	send a frame with an offload, at once; only where has_offload is set
 * @flush:	send what is queued
 * @hear:	take what may have come in answer while it was sent; NULL in a type whose machines take longer
 * @tick:	every PORT_TICK_S
 * @network_changed: interfaces, addresses or routes did
 * @carrier:	somebody else is on the vlan now, or nobody is; NULL where nobody can be told
 * @state:	fills @detail with a sentence, empty when all is well
 * @warnings:	return how many, at most @max
 * @attachments: return how many, at most @max; NULL, with the next two, in a type that has none
 * @beacon:	send @b there now; fills in its list of interfaces
 * @send_beyond: send a frame by that real interface to other hosts, and to none here, by the next flush
 *		at the latest; lengths as for @send. NULL in a type that serves all its attachments
 * @forget:	remove what it wrote for the agent after us; close() follows. NULL in a type that writes nothing
 * @close:	the port is freed once libuv let go of it; no event comes any more
 */
struct port_ops {
	int (*open)(struct port **out, const struct port_env *env, const struct port_config *config,
		    const struct port_events *events, struct error *err);
	void (*send)(struct port *p, const uint8_t *frame, size_t len);
	void (*send_whole)(struct port *p, const struct port_frame *f);
	void (*flush)(struct port *p);
	void (*hear)(struct port *p);
	void (*tick)(struct port *p, uint64_t now_ns);
	void (*network_changed)(struct port *p, uint64_t now_ns);
	void (*carrier)(struct port *p, bool on);
	enum port_state (*state)(const struct port *p, char *detail, size_t size);
	size_t (*warnings)(const struct port *p, uint64_t now_ns, struct warning *out, size_t max);
	size_t (*attachments)(const struct port *p, struct port_attachment *out, size_t max);
	void (*beacon)(struct port *p, uint32_t interface, struct beacon *b);
	void (*send_beyond)(struct port *p, uint32_t interface, const uint8_t *frame, size_t len);
	void (*forget)(struct port *p);
	void (*close)(struct port *p);
};

/**
 * struct port - the part that all types share, first in each; the owner counts in it too
 *
 * Where several machines share a port, each is a lane: a struct port of its own, with @ops of which only
 * send, flush and state are used; all else is its port's business. Its port frees it: after on_lane_close(),
 * or when the port itself is closed, without it.
 *
 * @has_offload: it takes frames for which something is left to be done, and may bring some
 * @has_lanes:	set by open(): frames go through lanes only, and the port itself is no member of its vlan
 */
struct port {
	const struct port_ops *ops;
	struct port_events events;
	bool has_offload;
	bool has_lanes;
	uint64_t rx_frames, tx_frames, rx_bytes, tx_bytes;
	uint64_t drops[DROP_COUNT];
};

/** port_ops_for() - The type's operations */
const struct port_ops *port_ops_for(enum port_type type);

extern const struct port_ops mcast_ops;
extern const struct port_ops udp_ops;
extern const struct port_ops dgram_ops;
extern const struct port_ops stream_ops;
extern const struct port_ops fd_ops;
extern const struct port_ops tap_ops;

/** mcast_serves() - May @d be a datagram of one of these hub ports? @hubs: the list of all of them */
bool mcast_serves(const struct mcast *hubs, const struct hub_datagram *d);

#endif
