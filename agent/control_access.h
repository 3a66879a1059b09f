/*
 * control_access.h - who is at the other end of a unix socket, and may they
 *
 * Layer: agent (private).
 */
#ifndef AGENT_CONTROL_ACCESS_H
#define AGENT_CONTROL_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"

/** enum access - how much a client may */
enum access {
	ACCESS_NONE,
	ACCESS_GROUP, /* everything but keys and trust */
	ACCESS_OWNER, /* everything: the agent's own user, and root */
};

/** struct access_rule - who gets in; @gid only where @has_group */
struct access_rule {
	bool has_group;
	gid_t gid;
};

/** access_rule_init() - @group: a group's name, or "". Return: 0, or -ENOENT with @err */
int access_rule_init(struct access_rule *rule, const char *group, struct error *err);

/** access_of() - What the process that connected @fd may do (SO_PEERCRED, SO_PEERGROUPS) */
enum access access_of(const struct access_rule *rule, int fd);

/** access_apply() - Owner, group and mode of the socket at @path. Return: 0, or negative errno, @err */
int access_apply(const struct access_rule *rule, const char *path, struct error *err);

#endif
