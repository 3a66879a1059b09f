/*
 * inspect.h - what a frame means to the machines that hear it, as far as the guards must know
 *
 * Layer: agent. Pure: no I/O, no clock, no memory of its own. Any bytes of any length are safe.
 *
 * How it works. Wrappings are taken off as the most lenient receiver would: 802.1Q and 802.1ad tags,
 * LLC/SNAP with a length that may be wrong (CVE-2021-27853 and its siblings got past other guards
 * there), IPv4 options, IPv6 extension headers. A first fragment is judged by what is in it. One that
 * does not hold the whole chain of headers counts as a router advertisement that hides (RFC 7113);
 * later fragments mean nothing without it. What does not parse means nothing: no receiver takes it
 * either.
 */
#ifndef AGENT_INSPECT_H
#define AGENT_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ether.h"

enum {
	INSPECT_IP_BYTES = 16,
	INSPECT_TAGS = 2, /* outer tags that tell networks apart */
	INSPECT_CLIENT_ID_BYTES = 32,
};

/** struct ip_key - an IP address on one network of a vlan: fit for hashing and memcmp()
 * @ip:		IPv6, or IPv4 mapped into it
 * @tags:	VLAN ids of 802.1Q tags around it, 0 where there is none */
struct ip_key {
	uint8_t ip[INSPECT_IP_BYTES];
	uint16_t tags[INSPECT_TAGS];
};

/** ip_key_format() - Its usual text. Return: @out, of at least INET6_ADDRSTRLEN bytes */
const char *ip_key_format(const struct ip_key *key, char *out, size_t size);

/** enum ip_role - what the frame does with inspect.ip */
enum ip_role {
	IP_NONE,
	IP_USED,    /* it is the source of a packet: a router forwards those of others, too */
	IP_CLAIMED, /* ARP or ND says: it is here, at the frame's source MAC */
};

/** struct client_id - of a DHCPv4 client (RFC 2132, 9.14); longer ones are cut; @len 0: none */
struct client_id {
	uint8_t bytes[INSPECT_CLIENT_ID_BYTES];
	uint8_t len;
};

/**
 * struct inspect - what a frame means
 * @dhcp_reply:	for a DHCPv4 or DHCPv6 client, so from a server, whatever port it was sent from
 * @ra:		an IPv6 router advertisement or redirect, or one that may hide
 * @bpdu:	spanning tree, and not to a group that stays on its segment anyway
 * @contradicts: ARP or ND with another link-layer address in it than the frame's source
 */
struct inspect {
	bool dhcp_reply;
	bool ra;
	bool bpdu;
	bool contradicts;
	enum ip_role role;
	struct mac source;
	struct ip_key ip;
	struct client_id client_id;
};

/** inspect_frame() - Fill @out with what @len bytes mean; zeroed where they mean nothing */
void inspect_frame(const uint8_t *frame, size_t len, struct inspect *out);

#endif
