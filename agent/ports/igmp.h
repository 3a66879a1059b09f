/*
 * igmp.h - who on this host is a member of a multicast group, and where
 *
 * Layer: agent (ports), Linux. The kernel's tables /proc/net/igmp and /proc/net/udp, line by line.
 * They count sockets of this network namespace, whoever owns them.
 */
#ifndef AGENT_PORTS_IGMP_H
#define AGENT_PORTS_IGMP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/addr.h"

/** struct igmp_users - so many sockets have joined the group on that interface */
struct igmp_users {
	uint32_t interface;
	uint32_t users;
};

/**
 * igmp_read() - Parse /proc/net/igmp
 * @file:	open for reading; lines that cannot be read are skipped
 * @group:	IPv4; its port does not matter
 *
 * Return: how many interfaces have members, at most @max
 */
size_t igmp_read(FILE *file, const struct addr *group, struct igmp_users *out, size_t max);

/**
 * igmp_count_sockets() - Parse /proc/net/udp
 * @group:	IPv4 address and port
 *
 * Return: how many sockets can receive the group's datagrams: bound to its address or to any address,
 * on its port
 */
uint32_t igmp_count_sockets(FILE *file, const struct addr *group);

#endif
