/*
 * lan.h - vlans: where frames of ports and peers meet the switch
 *
 * Layer: agent. The data path: port or engine in, switch, ports and engine out. It owns the ports and
 * one switch per vlan; it borrows engine and tunnel.
 *
 * Every batch that enters (from the tunnel, or from a port) ends in one lan_flush().
 */
#ifndef AGENT_LAN_H
#define AGENT_LAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "agent/config.h"
#include "common/error.h"
#include "common/ether.h"
#include "proto/engine.h"

struct lan;
struct tunnel;
struct dump;

/** lan_open() - Make the vlans and open the ports of @config. A port that cannot open now is "down"
 * with a detail and tried again; only a mistake in the configuration is an error */
int lan_open(struct lan **out, uv_loop_t *loop, struct engine *engine, const struct config *config,
	     struct error *err);

/** lan_use_tunnel() - Where lan_flush() sends the engine's datagrams; borrowed */
void lan_use_tunnel(struct lan *l, struct tunnel *t);

/** lan_use_addresses() - This host's addresses may be others now; @port: the tunnel's */
void lan_use_addresses(struct lan *l, uint16_t port);

/** lan_use_names() - How warnings in the log call a peer; without it they give its number */
void lan_use_names(struct lan *l, const char *(*name_of)(void *context, int peer), void *context);

/** lan_use_dump() - Who watches the frames; borrowed. NULL: nobody */
void lan_use_dump(struct lan *l, struct dump *d);

/** lan_reload() - Ports and vlans as in @config: those that did not change are not disturbed */
int lan_reload(struct lan *l, const struct config *config, struct error *err);

/**
 * struct lan_limits - what a peer may use of a vlan
 * @broadcast:	frames a second, as in config
 * @mac_quota:	addresses that are learned behind it; 0: SWITCH_PEER_QUOTA
 * @allow:	what the guards let pass: set of 1 << enum trust_allow
 * @rate:	bits a second from it, one second deep; 0: no limit
 * @pins:	MACs that belong to it and never move
 */
struct lan_limits {
	uint32_t broadcast;
	uint32_t mac_quota;
	unsigned allow;
	uint64_t rate;
	struct mac pins[TRUST_PINS_MAX];
	size_t pin_count;
};

/** lan_peer_set() - A peer was added, or its vlans or limits changed; @vlans are ids */
void lan_peer_set(struct lan *l, int peer, const uint16_t *vlans, size_t vlan_count,
		  const struct lan_limits *limits);

/** lan_peer_unset() - The peer was removed */
void lan_peer_unset(struct lan *l, int peer);

/** lan_peer_up() - A session is there; lan_peer_renewed() - it has new keys */
void lan_peer_up(struct lan *l, int peer, const struct public_key *key);
void lan_peer_renewed(struct lan *l, int peer);

/** lan_peer_down() - Its session ended: forget the MACs behind it */
void lan_peer_down(struct lan *l, int peer);

/** lan_input() - A datagram from the tunnel: through the engine, its frames through the switch */
void lan_input(struct lan *l, const struct route *route, uint8_t *datagram, size_t len);

/** lan_flush() - Send what waits in the engine's outbox and in the ports */
void lan_flush(struct lan *l);

/** lan_hear() - Take what machines answered at once to what lan_flush() brought them */
void lan_hear(struct lan *l);

/** lan_rest_ns() - How long the loop is to rest before it looks for more, because machines send so much. All others
 * wait as long: at most 0.4 ms. Return: 0 if not at all */
uint64_t lan_rest_ns(struct lan *l);

/** lan_wake_with() - The loop wakes in @wake_ms at the latest (UINT64_MAX: it does not know): whatever looks
 * around at intervals is done in that wake-up, if it is due at about the same time */
void lan_wake_with(struct lan *l, uint64_t wake_ms);

/** lan_inject() - One frame from the control socket, as if from a port of its own. @vlan: id, 0 for
 * the only one */
int lan_inject(struct lan *l, uint16_t vlan, const uint8_t *frame, size_t len, struct error *err);

/* ---- machines that are handed over ---- */

struct lan_attached;

/** struct lan_machine - @name: what status shall call it, a valid name; @vlan: id, 0 for the only one; @fd: one
 * end of a socketpair, see longwire-control(7); @is_trusted: who handed it over has all our rights */
struct lan_machine {
	const char *name;
	uint16_t vlan;
	int fd;
	bool is_trusted;
};

/** struct lan_attach_end - @on_end: its other end is closed, or there is no place for it any more: called from
 * the loop or lan_reload(), detaches it */
struct lan_attach_end {
	void (*on_end)(void *context);
	void *context;
};

/**
 * lan_attach() - A further member of a vlan, until lan_detach()
 * @machine:	its descriptor is consumed, also on failure
 * @end:	copied
 *
 * Return: 0, or a negative errno with @err
 */
int lan_attach(struct lan *l, const struct lan_machine *machine, const struct lan_attach_end *end,
	       struct lan_attached **out, struct error *err);

/** lan_attached_name() - What status calls it: with a number where the name was taken */
const char *lan_attached_name(const struct lan_attached *a);

/** lan_detach() - Before lan_close() */
void lan_detach(struct lan_attached *a);

/** lan_network_changed() - Interfaces, addresses or routes changed: ports look again */
void lan_network_changed(struct lan *l);

void lan_close(struct lan *l);

/* ---- status ---- */

enum port_state {
	PORT_FORWARDING,
	PORT_LISTENING,
	PORT_STANDBY,
	PORT_BLOCKED,
	PORT_DOWN
};

/** port_state_name() - The word in status */
const char *port_state_name(enum port_state state);

enum {
	PORT_DETAIL_BYTES = 256
};

struct port_info {
	const char *name;
	const char *type;
	uint16_t vlan;
	bool plugged; /* with `longwire plug`, not in the file */
	enum port_state state;
	char detail[PORT_DETAIL_BYTES]; /* a sentence; empty when all is well */
	uint64_t rx_frames, tx_frames, rx_bytes, tx_bytes;
	const uint64_t *drops; /* DROP_COUNT entries, borrowed */
};

/** lan_port_info() - The @index-th port, 0 first. Return: false when there is none */
bool lan_port_info(const struct lan *l, size_t index, struct port_info *out);

/** struct mac_info - one learned address; exactly one of @port and @peer is set (NULL, -1 otherwise) */
struct mac_info {
	uint16_t vlan;
	struct mac mac;
	const char *port;
	int peer;
	uint32_t age_s;
};

/** lan_macs() - Call @visit for every learned address */
void lan_macs(const struct lan *l, void (*visit)(void *context, const struct mac_info *info),
	      void *context);

enum {
	WARNING_CODE_BYTES = 32,
	WARNING_TEXT_BYTES = 512
};

/** struct warning - as in status: a word, a sentence, and what to do (a command where there is one) */
struct warning {
	char code[WARNING_CODE_BYTES];
	char text[WARNING_TEXT_BYTES];
	char fix[WARNING_TEXT_BYTES];
};

/** lan_warnings() - MACs in two places, machines that send in clear, a firewall in the way... @name_of
 * gives a peer's name for the sentence. Return: how many, at most @max */
size_t lan_warnings(const struct lan *l, const char *(*name_of)(void *context, int peer),
		    void *context, struct warning *out, size_t max);

#endif
