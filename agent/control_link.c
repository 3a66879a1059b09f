/*
 * control_link.c - see control_link.h
 */
#include "control_link.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

int control_link_make(const struct config *config)
{
	char path[CONFIG_PATH_BYTES];
	int rc = config_path(config->folder, CONTROL_SOCKET_NAME, path, NULL);

	if (rc || strcmp(path, config->control) == 0)
		return rc;
	return symlink(config->control, path) == 0 ? 0 : -errno;
}

void control_link_remove(const struct config *config)
{
	char path[CONFIG_PATH_BYTES];

	if (config_path(config->folder, CONTROL_SOCKET_NAME, path, NULL) == 0 && is_link(path))
		unlink(path);
}
