/*
 * mcast_socket.h - the two sockets of a QEMU hub
 *
 * Layer: agent (ports). What is the system's own about multicast; mcast_linux.c has Linux's. The
 * receiving socket is bound to the group and its port, so that it hears nothing else; the sending one
 * has a port of its own, by which our frames are known and kept from coming back.
 */
#ifndef AGENT_PORTS_MCAST_SOCKET_H
#define AGENT_PORTS_MCAST_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

/**
 * mcast_open_receiver() - Bound to @group, member of nothing yet
 * @as_machines: hear the group on every interface where anybody of this host has joined, for as long: as
 *		every machine's socket does (IP_MULTICAST_ALL in ip(7)). Otherwise only where we join
 *
 * Return: a descriptor or a negative errno
 */
int mcast_open_receiver(const struct addr *group, bool as_machines);

/** mcast_open_sender() - Bound to a port that the kernel chooses, put into @port. TTL is 0. Return: a
 * descriptor or a negative errno */
int mcast_open_sender(uint16_t *port);

/**
 * mcast_ignore() - The receiver hears nothing from that address and UDP port any more
 * @source:	not an IPv4 address: from no address with that port
 *
 * In place of what it ignored before. Return: 0 or a negative errno
 */
int mcast_ignore(int fd, const struct addr *source, uint16_t port);

/** mcast_join(), mcast_leave() - On the interface of that index. Return: 0 or a negative errno */
int mcast_join(int fd, const struct addr *group, uint32_t interface);
int mcast_leave(int fd, const struct addr *group, uint32_t interface);

/** mcast_can_send_from() - Is it an address of this host? Its port is 0 */
bool mcast_can_send_from(const struct addr *source);

/**
 * mcast_block() - A member on that interface hears nothing from @source there any more, until it leaves
 *
 * Better than mcast_ignore(), for which the kernel first cuts a run (UDP_SEGMENT) that it then refuses, and
 * counts what it refused as lost. But where every member blocks a source the kernel hands what comes from there to
 * nobody, to machines that joined elsewhere neither: somebody must be a member who does not.
 *
 * Return: 0 or a negative errno
 */
int mcast_block(int fd, const struct addr *group, uint32_t interface, const struct addr *source);

/**
 * mcast_hold() - Have the kernel let in, by that interface, what this host itself sends to the group
 * @interface:	index
 * @source:	the address from which it does
 *
 * A member that wants this one source: what this host sends by that interface comes back to every socket
 * of the group that hears as machines do, and what other hosts send does not come in. Return: a
 * descriptor, which is the membership and hears nothing itself, or a negative errno
 */
int mcast_hold(const struct addr *group, uint32_t interface, const struct addr *source);

/** enum mcast_reach - who hears what the sender sends */
enum mcast_reach {
	MCAST_HOST,   /* members on this host; nothing leaves it */
	MCAST_LAN,    /* members on this host, and those on that interface's LAN */
	MCAST_BEYOND, /* only those on that LAN */
};

/**
 * mcast_send_by() - Where the sender's datagrams go
 * @interface:	index
 * @source:	an IPv4 address of that interface, or not one: the kernel chooses
 */
int mcast_send_by(int fd, uint32_t interface, const struct addr *source, enum mcast_reach reach);

#endif
