/*
 * inherited.h - descriptors that a service manager gave us by name
 *
 * Layer: agent. Spec: sd_listen_fds(3): $LISTEN_PID says for whom they are, $LISTEN_FDS how many there are
 * from number 3 on, $LISTEN_FDNAMES what each is called (FileDescriptorName= of the unit).
 *
 * They are the process's, as its environment is, and stay open until it ends: a port that is closed and
 * opened again finds its own once more.
 */
#ifndef AGENT_INHERITED_H
#define AGENT_INHERITED_H

enum {
	INHERITED_FIRST = 3,
	INHERITED_MAX = 64
};

/**
 * inherited_take() - Before anything is opened: note what we were given, and keep programs that we may
 * start from getting it too
 *
 * Return: how many descriptors from INHERITED_FIRST on are ours to keep, at most INHERITED_MAX
 */
int inherited_take(void);

/** inherited_find() - Return: the descriptor of that name, the first where several have it, not to be closed;
 * or -1 */
int inherited_find(const char *name);

#endif
