/*
 * run.h - the parts of `longwire run`
 *
 * Layer: agent (command line), private to run*.c.
 *
 *	run.c		arguments, and one thing after the other
 *	run_ask.c	what this QEMU has
 *	run_child.c	the process of QEMU
 *	run_link.c	the machine's connection to the agent
 *	qemu_line.c	QEMU's command line
 */
#ifndef AGENT_CLI_RUN_H
#define AGENT_CLI_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/ether.h"

/* ---- run_ask.c ---- */

enum {
	RUN_HELP_BYTES = 8192 /* QEMU's list has some hundred */
};

/**
 * run_ask() - What a program says to -netdev help
 * @words, @count: the program, with what stands before it
 * @out:	both of its outputs, cut at the end if too long
 *
 * Return: 0; a negative errno with @err when it cannot be started or does not end
 */
int run_ask(char *const *words, int count, char out[RUN_HELP_BYTES], struct error *err);

/* ---- run_child.c ---- */

/** struct run_child - @signals: a signalfd of what is handed on, and of its end; @kept: the mask as it was */
struct run_child {
	pid_t pid;
	int signals;
	sigset_t kept;
};

/**
 * run_child_start() - Start the machine; from then on signals come by @c->signals
 * @words:	its command line
 * @fd:		descriptor that it inherits under the same number, as it does 0 to 2
 *
 * Return: 0, or a negative errno with @err
 */
int run_child_start(struct run_child *c, char **words, int fd, struct error *err);

/** run_child_signal() - Hand on what is there. Return: true when it has ended, with waitpid()'s @status */
bool run_child_signal(const struct run_child *c, int *status);

/** run_child_exit() - Exit code of a process that ended with @status; one that was killed: end likewise */
int run_child_exit(const struct run_child *c, int status);

/* ---- run_link.c ---- */

enum {
	RUN_LINE_BYTES = 1024,
	RUN_PORT_BYTES = 128, /* longer than any name in status */
};

/** enum run_link_state - each but the first has a connection */
enum run_link_state {
	RUN_LINK_AWAY,     /* no agent: trying now and then */
	RUN_LINK_ASKED,    /* "attach" was sent */
	RUN_LINK_OFFERED,  /* the descriptor was sent */
	RUN_LINK_ATTACHED, /* the agent has it */
	RUN_LINK_CLOSED,   /* QEMU closed its end: nothing is left to do */
};

/** struct run_machine - @fd: our end of the pair; @vlan: NULL: the only one; @mac: NULL where it is not
 * derived from name or disk. Borrows all */
struct run_machine {
	const char *folder, *name, *vlan;
	const struct mac *mac;
	int fd;
};

/**
 * struct run_link - how our end of the pair gets to the agent, and to the next one
 * @control:	connection to the agent, or -1
 * @due_ns:	when to try again, or to wait no longer; 0: never
 * @tries:	since the last agent was there
 * @port:	what status calls it, while it is attached
 * @code, @why:	of the last try: 0, or a negative errno and a sentence; -ENOENT: no agent is there
 */
struct run_link {
	struct run_machine machine;
	enum run_link_state state;
	int control;
	uint64_t due_ns;
	unsigned tries;
	int code;
	struct error why;
	char port[RUN_PORT_BYTES];
	char line[RUN_LINE_BYTES];
	size_t len;
};

/** run_link_init() - Nothing is tried yet; due at once */
void run_link_init(struct run_link *l, const struct run_machine *machine, uint64_t now_ns);

/** run_link_tick() - If something is due, do it */
void run_link_tick(struct run_link *l, uint64_t now_ns);

/** run_link_read() - The connection is readable */
void run_link_read(struct run_link *l, uint64_t now_ns);

/** run_link_drains() - Is it on us to read what the machine sends? */
bool run_link_drains(const struct run_link *l);

/** run_link_drain() - Throw away what the machine has sent, and notice when it will send no more */
void run_link_drain(struct run_link *l);

/** run_link_fini() - Hang up: the agent closes the port. The descriptor is the caller's */
void run_link_fini(struct run_link *l);

#endif
