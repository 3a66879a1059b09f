/*
 * drop.h - why a packet was dropped
 *
 * Layer: proto (public). Each reason has a name, which is its key in `longwire status --json`, and a
 * counter; PROTOCOL.md 10 and longwire-control(7) say when each is raised.
 */
#ifndef PROTO_DROP_H
#define PROTO_DROP_H

enum drop {
	DROP_NONE = 0, /* not dropped */

	/* Datagrams that name no session of ours: counted for the agent */
	DROP_TOO_SHORT,     /* shorter than its type's smallest length */
	DROP_BAD_LENGTH,    /* handshake or cookie message of another length than the only one */
	DROP_BAD_TYPE,      /* unknown message type, or reserved bytes not zero */
	DROP_BAD_MAC1,      /* mac1 wrong: not meant for our key */
	DROP_BAD_MAC2,      /* under load, mac2 wrong: a cookie reply may have been sent */
	DROP_RATE_LIMITED,  /* under load: too many handshakes from that address */
	DROP_UNKNOWN_INDEX, /* no session or handshake has that receiver index */
	DROP_BAD_HANDSHAKE, /* a handshake message that does not authenticate */
	DROP_UNKNOWN_KEY,   /* an initiation that authenticates under a key in no card: a knock */
	DROP_OWN_KEY,       /* an initiation under our own static key: reflected */
	DROP_BAD_COOKIE,    /* a cookie reply that was not asked for or does not authenticate */

	/* From a known peer: counted for that peer */
	DROP_OLD_INITIATION,       /* timestamp not newer than the last one: replayed */
	DROP_TOO_MANY_INITIATIONS, /* more than 50 a second */
	DROP_BAD_VERSION,          /* no protocol version in common */
	DROP_NO_COMMON_CIPHER,     /* no cipher in common */
	DROP_EXPIRED_KEY,          /* the key is older than 180 s or past its counter limit */
	DROP_BAD_TAG,              /* right index, but the tag does not verify */
	DROP_CIPHER_FAILED,        /* the library of the cipher failed: not sent, not taken */
	DROP_REPLAY,               /* counter already seen, or older than the window */
	DROP_BAD_RECORD,           /* a record's length contradicts the datagram's or its type */
	DROP_BAD_PADDING,          /* padding that is not zero */
	DROP_UNKNOWN_RECORD,       /* a record type of a later version: ignored */
	DROP_UNKNOWN_CAPABILITY,   /* a capability bit or hello field of a later version: ignored */
	DROP_SHORT_FRAME,          /* a frame of fewer than 14 bytes */
	DROP_LONG_FRAME,           /* a frame longer than max_frame */
	DROP_BAD_FRAGMENT,    /* overlaps, contradicts its siblings, or leaves its total length */
	DROP_REASSEMBLY_FULL, /* an unfinished frame evicted by a newer one of the same peer */
	DROP_REASSEMBLY_TIMEOUT, /* an unfinished frame given up after a second */
	DROP_NOT_FOLLOWED, /* newest data of a fixed peer, from an address that is no candidate: taken
			     * all the same */
	DROP_NO_SESSION,   /* outgoing frame, and no key that may be used */
	DROP_OUTBOX_FULL, /* outgoing datagram, and the caller has not taken the earlier ones */

	/* The switch: counted for the port or peer where the frame entered */
	DROP_VLAN_UNKNOWN,     /* no such vlan here */
	DROP_VLAN_NOT_ALLOWED, /* the peer is not a member of that vlan */
	DROP_LINK_LOCAL_GROUP, /* 01:80:C2:00:00:0x, which no bridge forwards */
	DROP_BEACON,           /* agents' word to each other on a segment: never crosses */
	DROP_BAD_SOURCE_MAC,   /* group or zero source address */
	DROP_SAME_PORT,        /* the destination is where the frame came from */
	DROP_SPLIT_HORIZON,    /* from a peer, for an address behind another peer */
	DROP_BROADCAST_LIMIT, /* over the ingress's broadcast, multicast and unknown-unicast rate */
	DROP_MAC_QUOTA,     /* too many addresses there: one of them was forgotten, or this one not
			       * learned. The frame itself goes on */
	DROP_MAC_ELSEWHERE, /* its source address belongs to another place that is still alive */

	/* The guards: counted for the peer where the frame entered */
	DROP_GUARD_DHCP, /* a DHCP server's answer */
	DROP_GUARD_RA,   /* an IPv6 router advertisement or redirect */
	DROP_GUARD_BPDU, /* spanning tree */
	DROP_GUARD_ARP, /* ARP or neighbour discovery that contradicts its source, or claims an address
			  * that another machine uses */
	DROP_PEER_RATE, /* over the `rate` of that peer */
	DROP_NO_CHECKSUM, /* its checksum is said to be unfinished, and no place for one is found */

	/* Ports */
	DROP_PORT_DOWN,        /* outgoing frame, and the port is not up */
	DROP_PORT_SEND,        /* outgoing frame, and the kernel refused it */
	DROP_PORT_FULL,        /* outgoing frame, and machines do not read what they are sent */
	DROP_STRANGER,         /* from another address or socket than the machine's */
	DROP_PORT_CROWDED,     /* one machine more than a port can have */
	DROP_BAD_FRAMING,      /* stream: a length that no frame has; the connection ends */
	DROP_FOREIGN_HOST,     /* hub: from another host, and this port serves its own host only */
	DROP_AGENT_INJECTED,   /* hub: another agent's frame, not a machine's */
	DROP_OWN_ECHO,         /* hub: our own frame heard again */
	DROP_OTHER_INTERFACE,  /* hub: from an interface that this port does not serve */
	DROP_HUB_OVERFLOW,     /* hub: found the kernel's buffer full */
	DROP_PORT_LISTENING,   /* the port has just opened and listens for other agents */
	DROP_PORT_BLOCKED,     /* the port is blocked, or else there were a loop */
	DROP_ON_SEGMENT,       /* its receiver hears it on the segment where it came from */
	DROP_STANDBY,          /* another agent forwards it for that segment */
	DROP_HUB_IN_TAP,       /* TAP: a datagram of our own hub, in which that frame is already */
	DROP_TUNNEL_IN_TUNNEL, /* a datagram of this tunnel, about to go through it */
	DROP_OVER_MTU,         /* TAP: outgoing frame longer than the interface's MTU allows */
	DROP_TUNNEL_SEND,      /* outgoing datagram, and the kernel refused it */
	DROP_TUNNEL_OVERFLOW,  /* incoming datagrams that found the kernel's buffer full */
	DROP_TUNNEL_TRUNCATED, /* incoming datagram longer than the buffer */
	DROP_CONTROL_BAD,      /* control socket: a line that is no request */

	DROP_COUNT
};

/** drop_name() - Lower-case word with underscores, the key in status. @reason below DROP_COUNT */
const char *drop_name(enum drop reason);

#endif
