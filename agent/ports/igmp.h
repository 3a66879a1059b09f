/*
 * igmp.h - on which interfaces somebody of this host is a member of a multicast group
 *
 * Layer: agent (ports), Linux. The kernel's table /proc/net/igmp, line by line. It counts sockets of this
 * network namespace, whoever owns them and whatever their port.
 */
#ifndef AGENT_PORTS_IGMP_H
#define AGENT_PORTS_IGMP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/addr.h"

/**
 * igmp_read() - Parse /proc/net/igmp
 * @file:	open for reading; lines that cannot be read are skipped
 * @group:	IPv4; its port does not matter
 * @out:	indexes of interfaces
 *
 * Return: how many interfaces have members, at most @max
 */
size_t igmp_read(FILE *file, const struct addr *group, uint32_t *out, size_t max);

#endif
