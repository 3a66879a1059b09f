/*
 * netwatch.h - tells when this host's interfaces, addresses or routes changed
 *
 * Layer: agent. netwatch_linux.c listens to rtnetlink(7); netwatch_none.c tells nothing, and the
 * protocol's own timers find out later.
 */
#ifndef AGENT_NETWATCH_H
#define AGENT_NETWATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/addr.h"
#include "common/error.h"

struct netwatch;

/** typedef netwatch_changed - @context as given to netwatch_open() */
typedef void (*netwatch_changed)(void *context);

/**
 * netwatch_open() - Start listening
 *
 * Changes that come together are told once. What only repeats what is known (a router's periodic
 * advertisement, a wireless link's statistics) is not told.
 * Return: 0, or a negative errno with @err
 */
int netwatch_open(struct netwatch **out, uv_loop_t *loop, netwatch_changed on_change, void *context,
		  struct error *err);

/** netwatch_close() - @n may be NULL; freed once libuv has let go of the handles */
void netwatch_close(struct netwatch *n);

/**
 * struct netwatch_wanted - which addresses
 * @port:	to put into each, host order
 * @is_ours:	NULL, or: is an interface of that name one that we make, so that no way leads there but by us?
 */
struct netwatch_wanted {
	uint16_t port;
	bool (*is_ours)(const void *context, const char *interface);
	const void *context;
};

/**
 * netwatch_addresses() - Where others may find this host: its unicast addresses other than loopback
 * and link-local
 * @out:	filled, sorted, so that two readings can be compared
 *
 * Return: how many, at most @max
 */
size_t netwatch_addresses(const struct netwatch_wanted *wanted, struct addr *out, size_t max);

#endif
