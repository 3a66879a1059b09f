/*
 * igmp.h - on which interfaces somebody of this host is a member of a multicast group
 *
 * Layer: agent (ports), Linux. The kernel's tables, line by line. They count sockets of this network
 * namespace, whoever owns them and whatever their port: /proc/net/igmp all members, /proc/net/mcfilter
 * those that want certain sources only. Agents are members of the latter kind where they hear nothing
 * but their own host (mcast_hold.c); machines are of the former kind.
 */
#ifndef AGENT_PORTS_IGMP_H
#define AGENT_PORTS_IGMP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/addr.h"

/** struct igmp_members - so many sockets of this host are members on an interface of that index */
struct igmp_members {
	uint32_t interface;
	uint32_t count;
};

/**
 * igmp_read() - Parse /proc/net/igmp
 * @file:	open for reading; lines that cannot be read are skipped
 * @group:	IPv4; its port does not matter
 * @out:	filled
 *
 * Return: how many interfaces have members, at most @max
 */
size_t igmp_read(FILE *file, const struct addr *group, struct igmp_members *out, size_t max);

/**
 * igmp_discount() - Parse /proc/net/mcfilter, and take off those that want certain sources only
 * @list:	as igmp_read() filled it; an interface may have no member left
 *
 * One that wants several sources is taken off for each. None of ours does, nor any machine.
 */
void igmp_discount(FILE *file, const struct addr *group, struct igmp_members *list, size_t count);

#endif
