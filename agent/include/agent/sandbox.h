/*
 * sandbox.h - what the process gives up, in the order that works
 *
 * Layer: agent. Every step that cannot be taken is skipped and not listed, never fatal: what holds is
 * shown in status.
 */
#ifndef AGENT_SANDBOX_H
#define AGENT_SANDBOX_H

#include <stddef.h>

enum {
	SANDBOX_STEPS_MAX = 8
};

/** struct sandbox - the steps that hold, as words of status; static text */
struct sandbox {
	const char *steps[SANDBOX_STEPS_MAX];
	size_t count;
};

/** sandbox_begin() - Before anything is opened: no core dump, no debugger of our user, private files,
 * and no descriptor that somebody left open, but 0 to 2 and what a service manager gave us by name */
void sandbox_begin(struct sandbox *s);

/** sandbox_finish() - After everything is open: nothing can be gained by executing a program */
void sandbox_finish(struct sandbox *s);

/** sandbox_add() - Note a step that was taken elsewhere */
void sandbox_add(struct sandbox *s, const char *step);

#endif
