/*
 * mcast_socket.h - the two sockets of a QEMU hub
 *
 * Layer: agent (ports). What is the system's own about multicast; mcast_linux.c has Linux's. The
 * receiving socket is bound to the group and its port, so that it hears nothing else; the sending one
 * has a port of its own, by which our frames are known and kept from coming back.
 */
#ifndef AGENT_PORTS_MCAST_SOCKET_H
#define AGENT_PORTS_MCAST_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

/** mcast_open_receiver() - Bound to @group, member of nothing yet. Return: a descriptor or a negative
 * errno */
int mcast_open_receiver(const struct addr *group);

/** mcast_open_sender() - Bound to a port that the kernel chooses, put into @port. TTL is 0. Return: a
 * descriptor or a negative errno */
int mcast_open_sender(uint16_t *port);

/** mcast_ignore_port() - The receiver hears nothing from that UDP source port any more */
int mcast_ignore_port(int fd, uint16_t port);

/** mcast_join(), mcast_leave() - On the interface of that index. Return: 0 or a negative errno */
int mcast_join(int fd, const struct addr *group, uint32_t interface);
int mcast_leave(int fd, const struct addr *group, uint32_t interface);

/**
 * mcast_send_by() - Where the sender's datagrams go
 * @interface:	index
 * @source:	an IPv4 address of that interface, or not one: the kernel chooses
 * @ttl:	0 stays on this host, 1 on this LAN
 */
int mcast_send_by(int fd, uint32_t interface, const struct addr *source, uint8_t ttl);

#endif
