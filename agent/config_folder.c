/*
 * config_folder.c - which folder a command uses; see config.h
 */
#include "agent/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Make @path absolute without asking whether it exists: init is about to make it. */
static int make_absolute(const char *path, char out[CONFIG_PATH_BYTES], struct error *err)
{
	char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
	int len;

	if (path[0] != '/' && !cwd)
		return error_set(err, -errno,
				 "the current folder is gone; give an absolute path with -C");
	len = snprintf(out, CONFIG_PATH_BYTES, "%s%s%s", cwd ? cwd : "", cwd ? "/" : "", path);
	free(cwd);
	if (len >= CONFIG_PATH_BYTES)
		return error_set(err, -ENAMETOOLONG,
				 "the folder's path is longer than %d bytes; choose a shorter one "
				 "with -C",
				 CONFIG_PATH_BYTES - 1);
	while (len > 1 && out[len - 1] == '/')
		out[--len] = '\0';
	return 0;
}

int config_folder(const char *option, char out[CONFIG_PATH_BYTES], struct error *err)
{
	const char *named = option ? option : getenv("LONGWIRE_DIR");
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char path[CONFIG_PATH_BYTES];

	if (option && !option[0])
		return error_set(err, -EINVAL, "-C needs the path of a folder; '' is none");
	if (named && named[0])
		return make_absolute(named, out, err);
	if (geteuid() == 0)
		return make_absolute("/etc/longwire", out, err);
	/* The XDG base directory specification: a relative path there is to be ignored. */
	if (xdg && xdg[0] == '/')
		snprintf(path, sizeof(path), "%s/longwire", xdg);
	else if (home && home[0] == '/')
		snprintf(path, sizeof(path), "%s/.config/longwire", home);
	else
		return error_set(err, -EINVAL,
				 "no folder to use: HOME is not set; name one with -C DIR");
	return make_absolute(path, out, err);
}

int config_path(const char *folder, const char *name, char out[CONFIG_PATH_BYTES],
		struct error *err)
{
	int len = snprintf(out, CONFIG_PATH_BYTES, "%s/%s", folder, name);

	if (len < CONFIG_PATH_BYTES)
		return 0;
	return error_set(err, -ENAMETOOLONG,
			 "the path of %s is longer than %d bytes; choose a shorter one with -C",
			 folder, CONFIG_PATH_BYTES - 1);
}
