/*
 * config.h - agent.conf as values
 *
 * Layer: agent. Reads files, opens nothing else. Every refusal names file, line, what was expected.
 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/endpoint.h"
#include "common/addr.h"
#include "common/error.h"
#include "common/ether.h"
#include "keys/card.h"
#include "keys/trust.h"
#include "proto/engine.h"

enum {
	CONFIG_VLANS_MAX = PEER_VLANS_MAX,
	CONFIG_PORTS_MAX = 64,
	CONFIG_PATH_BYTES = 512,
	CONFIG_AT_BYTES = CARD_AT_BYTES,
	INTERFACE_NAME_BYTES = 16, /* IFNAMSIZ */
	LISTEN_PORT_DEFAULT = 19543,
	BROADCAST_LIMIT_DEFAULT = 5000, /* frames a second and ingress; DESIGN: the switch */
	BROADCAST_OFF = UINT32_MAX,     /* `broadcast = off`: no limit */
	PORT_TEXT_BYTES = 3 * ENDPOINT_TEXT_BYTES + NAME_BYTES,
	MSS_CLAMP_OFF = 0,   /* `mss_clamp = no` */
	MSS_CLAMP_MIN = 536, /* RFC 9293, 3.7.1: what every IPv4 host takes */
	MSS_CLAMP_PATH =
		65495, /* `mss_clamp = yes`: the path alone limits it; that of the longest packet */
	TAP_MTU_MIN = 68, /* Linux: ETH_MIN_MTU */
	TAP_MTU_MAX = FRAME_MAX_BYTES - ETHER_HEADER_BYTES,
};

enum port_type {
	PORT_MCAST,
	PORT_UDP,
	PORT_DGRAM,
	PORT_STREAM,
	PORT_FD,
	PORT_TAP,
	PORT_TYPES
};

/** port_type_name() - As in the file */
const char *port_type_name(enum port_type type);

/** enum mcast_scope - `interface =` of an mcast port */
enum mcast_scope {
	MCAST_AUTO,  /* this host's machines, wherever QEMU put them */
	MCAST_LO,    /* this host's machines on loopback */
	MCAST_NAMED, /* a hub shared with the LAN on that interface */
};

/**
 * struct plug_config - where one machine, or several, plug in: udp, dgram, stream and fd
 * @local:	`local` or `listen`; ENDPOINT_NONE for a stream that connects
 * @remote:	`remote` or `connect`; ENDPOINT_NONE: whoever plugs in
 * @group:	who may use a socket with a path, besides us; may be empty
 * @mode:	of a socket with a path
 * @fd:		of type fd: what the service manager calls the descriptor
 */
struct plug_config {
	struct endpoint local, remote;
	char group[NAME_BYTES];
	uint32_t mode;
	char fd[NAME_BYTES];
};

struct port_config {
	char name[NAME_BYTES];
	enum port_type type;
	uint16_t vlan;      /* id */
	uint32_t broadcast; /* frames a second, or BROADCAST_OFF */
	int line;           /* of its section in the file, for messages; 0 when plugged */
	struct {
		struct addr group;
		enum mcast_scope scope;
		char interface[INTERFACE_NAME_BYTES];
	} mcast;
	struct plug_config plug;
	struct {
		char name[INTERFACE_NAME_BYTES];
		uint32_t mtu; /* 0: the interface's own */
	} tap;
};

struct vlan_config {
	char name[NAME_BYTES];
	uint16_t id;
	int line;
};

struct config {
	char folder[CONFIG_PATH_BYTES]; /* absolute */
	char file[CONFIG_PATH_BYTES];   /* folder/agent.conf, for messages */
	char name[NAME_BYTES];
	uint16_t listen;          /* UDP port */
	int listen_line;          /* where the file says so, for messages; 0: it does not */
	char at[CONFIG_AT_BYTES]; /* what the card advertises, each with its port; may be empty */
	char group[NAME_BYTES];   /* of the control socket; may be empty */
	char control[CONFIG_PATH_BYTES]; /* path of the control socket, resolved */
	uint32_t max_frame;
	uint32_t broadcast; /* default for ports and peers */
	uint16_t mss_clamp; /* largest MSS of TCP that crosses; MSS_CLAMP_OFF: not looked at */
	bool offload;       /* leave cutting up, putting together and checksums to the kernel */
	uint8_t ciphers;    /* enum cipher that sessions may have; 0: all that run here */
	bool dscp_copy;     /* datagrams have the class (DSCP) of the packets that they carry */
	struct vlan_config vlans[CONFIG_VLANS_MAX];
	size_t vlan_count;
	struct port_config ports[CONFIG_PORTS_MAX];
	size_t port_count;
};

/**
 * config_folder() - Which folder a command uses
 * @option:	value of -C, or NULL
 * @out:	absolute path: @option, $LONGWIRE_DIR, /etc/longwire for root, $XDG_CONFIG_HOME/longwire
 *		(or ~/.config/longwire)
 */
int config_folder(const char *option, char out[CONFIG_PATH_BYTES], struct error *err);

/**
 * config_load() - Read and check agent.conf of @folder
 * @out:	filled on success; untouched on failure, so that the caller keeps its last good state
 *
 * Return: 0; -ENOENT when there is no agent.conf; -EINVAL, or another negative errno, with @err
 */
int config_load(const char *folder, struct config *out, struct error *err);

/** config_path() - "FOLDER/NAME" of a file in the folder. Return: 0; -ENAMETOOLONG with @err */
int config_path(const char *folder, const char *name, char out[CONFIG_PATH_BYTES],
		struct error *err);

/** config_default_name() - The agent's name where none is given: the host's, made a valid one */
void config_default_name(char out[NAME_BYTES]);

/**
 * config_card() - The card to give away
 * @at:	addresses that it shall show, with commas between; NULL: those of [agent]
 *
 * Return: 0, or -EINVAL with @err without a place
 */
int config_card(const struct config *c, const struct public_key *key, const char *at,
		struct card *out, struct error *err);

/**
 * config_peer_vlans() - Which vlans a peer joins
 * @peer:	its .local file names them; where it does not, it joins the only one
 * @out:	ids
 *
 * Return: how many; -EINVAL with "FILE:LINE: ..." when a name is unknown, or none is given and there
 * are several vlans
 */
int config_peer_vlans(const struct config *c, const struct trust_peer *peer,
		      uint16_t out[PEER_VLANS_MAX], struct error *err);

/** port_config_same() - Do they differ in nothing but what an open port can change? */
bool port_config_same(const struct port_config *a, const struct port_config *b);

/** port_config_describe() - Its type and where one plugs in, in some words. Return: @out */
const char *port_config_describe(const struct port_config *p, char out[PORT_TEXT_BYTES]);

/** config_vlan_by_name() - Return: the vlan or NULL */
const struct vlan_config *config_vlan_by_name(const struct config *c, const char *name);

/** config_vlan_by_id() - Return: the vlan or NULL */
const struct vlan_config *config_vlan_by_id(const struct config *c, uint16_t id);

/** config_port_by_name() - Return: the port or NULL */
const struct port_config *config_port_by_name(const struct config *c, const char *name);

/** config_port_check() - Does a settled port go with the ports of @c? Return: 0, or -EINVAL with @err */
int config_port_check(const struct config *c, const struct port_config *port, struct error *err);

/**
 * config_port_parse() - A further port, in the words of the file: "mcast,group=230.0.0.1:33000"
 * @c:		what there is already: its name, its hub or socket must be another
 * @words:	TYPE,key=value,...; a comma in a value is written twice
 * @out:	filled on success; its line is 0
 *
 * Return: 0, or a negative errno with @err, in the sentences that the file's ports get, but without a
 * line: the word that is wrong stands in its place
 */
int config_port_parse(const struct config *c, const char *name, const char *words,
		      struct port_config *out, struct error *err);

#endif
