/*
 * config_port.h - the parts that make a port of what its section said
 *
 * Layer: agent (private to config_port*.c).
 *
 *	config_port.c		which keys a type takes, and one port from them
 *	config_port_error.c	what is wrong, with its place
 *	config_port_interface.c	keys of mcast and tap
 *	config_port_socket.c	keys of udp, dgram, stream and fd
 *	config_port_settled.c	ports beside each other, and in words
 */
#ifndef AGENT_CONFIG_PORT_H
#define AGENT_CONFIG_PORT_H

#include "config_draft.h"

/** config_port_key_name() - As in the file */
const char *config_port_key_name(enum port_key key);

/**
 * config_port_place() - Put its line in front of a message, or its word where the keys came as an argument
 * @err:	holds the message; may be NULL
 *
 * Return: -EINVAL
 */
int config_port_place(const struct draft *d, int line, struct error *err);

/** config_port_refuse() - Fill @err with a message and its place. Return: -EINVAL */
int config_port_refuse(const struct draft *d, int line, struct error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** config_settle_mcast() and the others - Read the values that a type has; those that it needs are there.
 * Return: 0, or -EINVAL with @err */
int config_settle_mcast(const struct draft *d, struct port_draft *p, struct error *err);
int config_settle_udp(const struct draft *d, struct port_draft *p, struct error *err);
int config_settle_dgram(const struct draft *d, struct port_draft *p, struct error *err);
int config_settle_stream(const struct draft *d, struct port_draft *p, struct error *err);
int config_settle_fd(const struct draft *d, struct port_draft *p, struct error *err);
int config_settle_tap(const struct draft *d, struct port_draft *p, struct error *err);

/** config_port_check_place() - Is none of the first @count ports at the same place of this host?
 * Return: 0, or -EINVAL with @err without a place */
int config_port_check_place(const struct config *c, size_t count, const struct port_config *p,
			    struct error *err);

#endif
