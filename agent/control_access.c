/*
 * control_access.c - see control_access.h
 */
#include "control_access.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket_file.h"

enum {
	OWNER_MODE = 0600,
	GROUP_MODE = 0660,
	GROUPS_MAX =
		1024, /* looked at; a client in more groups may have to make it its primary one */
};

int access_rule_init(struct access_rule *rule, const char *group, struct error *err)
{
	const struct group *found = *group ? getgrnam(group) : NULL;

	*rule = (struct access_rule){0};
	if (!*group)
		return 0;
	if (!found)
		return error_set(
			err, -ENOENT,
			"there is no group '%s' on this host: correct 'group =' in [agent] "
			"or create it with 'groupadd %s'",
			group, group);
	*rule = (struct access_rule){.has_group = true, .gid = found->gr_gid};
	return 0;
}

/* Also the groups that are not the primary one: SO_PEERCRED does not tell them */
static bool is_member(int fd, gid_t primary, gid_t wanted)
{
#ifdef SO_PEERGROUPS
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
		for (size_t i = 0; i < len / sizeof(groups[0]); i++)
			if (groups[i] == wanted)
				return true;
#endif
	return primary == wanted;
}

enum access access_of(const struct access_rule *rule, int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return ACCESS_NONE;
	if (who.uid == 0 || who.uid == geteuid())
		return ACCESS_OWNER;
	return rule->has_group && is_member(fd, who.gid, rule->gid) ? ACCESS_GROUP : ACCESS_NONE;
}

int access_apply(const struct access_rule *rule, const char *path, struct error *err)
{
	int rc = socket_file_give(path, rule->has_group ? &rule->gid : NULL,
				  rule->has_group ? GROUP_MODE : OWNER_MODE);

	if (rc == -EPERM && rule->has_group)
		return error_set(
			err, rc,
			"%s: cannot be given to the group of 'group =' (%s); the agent's user "
			"must be a member of it",
			path, strerror(-rc));
	if (rc)
		return error_set(err, rc, "%s: cannot set its mode (%s)", path, strerror(-rc));
	return 0;
}
