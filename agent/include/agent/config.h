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

#include "common/addr.h"
#include "common/error.h"
#include "common/ether.h"
#include "proto/engine.h"

enum {
	CONFIG_VLANS_MAX = PEER_VLANS_MAX,
	CONFIG_PORTS_MAX = 64,
	CONFIG_PATH_BYTES = 512,
	CONFIG_AT_BYTES = 512,
	INTERFACE_NAME_BYTES = 16, /* IFNAMSIZ */
	LISTEN_PORT_DEFAULT = 19543,
	BROADCAST_LIMIT_DEFAULT = 5000, /* frames a second and ingress; DESIGN: the switch */
	BROADCAST_OFF = UINT32_MAX,	/* `broadcast = off`: no limit */
};

enum port_type { PORT_MCAST /* further types follow with their files */ };

/** port_type_name() - As in the file */
const char *port_type_name(enum port_type type);

/** enum mcast_scope - `interface =` of an mcast port */
enum mcast_scope {
	MCAST_AUTO,  /* this host's machines, wherever QEMU put them */
	MCAST_LO,    /* this host's machines on loopback */
	MCAST_NAMED, /* a hub shared with the LAN on that interface */
};

struct port_config {
	char name[NAME_BYTES];
	enum port_type type;
	uint16_t vlan;	    /* id */
	uint32_t broadcast; /* frames a second, or BROADCAST_OFF */
	int line;	    /* of its section in the file, for messages; 0 when plugged */
	struct {
		struct addr group;
		enum mcast_scope scope;
		char interface[INTERFACE_NAME_BYTES];
	} mcast;
};

struct vlan_config {
	char name[NAME_BYTES];
	uint16_t id;
	int line;
};

struct config {
	char folder[CONFIG_PATH_BYTES];	 /* absolute */
	char file[CONFIG_PATH_BYTES];	 /* folder/agent.conf, for messages */
	char name[NAME_BYTES];
	uint16_t listen;		 /* UDP port */
	char at[CONFIG_AT_BYTES];	 /* what the card advertises, as written; may be empty */
	char group[NAME_BYTES];		 /* of the control socket; may be empty */
	char control[CONFIG_PATH_BYTES]; /* path of the control socket, resolved */
	uint32_t max_frame;
	uint32_t broadcast;		 /* default for ports and peers */
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

/** config_vlan_by_name() - Return: the vlan or NULL */
const struct vlan_config *config_vlan_by_name(const struct config *c, const char *name);

/** config_vlan_by_id() - Return: the vlan or NULL */
const struct vlan_config *config_vlan_by_id(const struct config *c, uint16_t id);

#endif
