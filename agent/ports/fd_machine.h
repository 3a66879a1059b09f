/*
 * fd_machine.h - a machine whose descriptor was handed over while the agent runs: a lane of no port
 *
 * Layer: agent (ports). See fd_link.h.
 */
#ifndef AGENT_PORTS_FD_MACHINE_H
#define AGENT_PORTS_FD_MACHINE_H

#include "port.h"

/**
 * struct fd_machine_end - @on_end: the machine's end is closed: called from the loop, closes it
 */
struct fd_machine_end {
	void (*on_end)(void *context);
	void *context;
};

/** fd_machine_check() - May such a descriptor be a machine's? @is_trusted: who handed it over has all our rights.
 * Return: 0, or a negative errno with @err */
int fd_machine_check(int fd, bool is_trusted, struct error *err);

/**
 * fd_machine_open() - Take over a descriptor that was checked
 * @env:	its loop and area are used
 * @fd:		consumed, also on failure
 * @out:	of its ops, send, flush, state and close may be used; set its events before the loop runs
 *
 * Return: 0; -ENOMEM with @err
 */
int fd_machine_open(struct port **out, const struct port_env *env, int fd,
		    const struct fd_machine_end *end, struct error *err);

#endif
