/*
 * twins.h - identities that were seen with two MACs of a vlan lately: IP addresses, DHCP clients
 *
 * Layer: agent. Pure: no I/O, no clock, no allocation. Like clones.h a short memory for warnings, and
 * of DHCP clients: a machine that was copied keeps its identifier, gets the same address as the first
 * one, and neither works.
 */
#ifndef AGENT_TWINS_H
#define AGENT_TWINS_H

#include <stddef.h>
#include <stdint.h>

#include "agent/inspect.h"
#include "common/ether.h"

enum {
	TWINS_MAX = 16,
	TWIN_SHOWN_S = 60,         /* since it was last seen with two MACs */
	TWIN_CLIENTS_MAX = 128,    /* DHCP clients remembered; the longest unheard makes room */
	TWIN_CLIENT_ALIVE_S = 300, /* a client that asked so lately is there still */
};

enum twin_kind {
	TWIN_IP,
	TWIN_CLIENT_ID,
};

struct twin_place {
	struct mac mac;
	int member;
};

/** struct twin - @ip or @client_id, by @kind, and where it was seen, first come first */
struct twin {
	enum twin_kind kind;
	struct ip_key ip;
	struct client_id client_id;
	struct twin_place places[2];
	uint64_t seen_ns; /* 0: a free slot */
};

/* struct twin_client - a DHCP client that was heard */
struct twin_client {
	struct client_id id;
	struct twin_place place;
	uint64_t heard_ns; /* 0: a free slot */
};

/** struct twins - zeroed is empty */
struct twins {
	struct twin slots[TWINS_MAX];
	struct twin_client clients[TWIN_CLIENTS_MAX];
};

/** twins_note() - @twin was seen at both its places; its seen_ns is not looked at */
void twins_note(struct twins *t, const struct twin *twin, uint64_t now_ns);

/** twins_hear_client() - A DHCP client asked; notes a twin if another MAC did so with the same @id */
void twins_hear_client(struct twins *t, const struct client_id *id, const struct twin_place *place,
		       uint64_t now_ns);

/** twins_forget() - Nothing is behind @member any more */
void twins_forget(struct twins *t, int member);

/** twins_list() - Those seen within TWIN_SHOWN_S. Return: how many, at most @max */
size_t twins_list(const struct twins *t, uint64_t now_ns, struct twin *out, size_t max);

#endif
