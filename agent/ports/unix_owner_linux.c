/*
 * unix_owner_linux.c - who has bound a unix socket; see unix_socket.h
 *
 * proc(5): /proc/net/unix has the inode of each bound path, and /proc/PID/fd who has it open, as far as
 * we may look.
 */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unix_socket.h"

enum {
	LINE_BYTES = 512,
	PROC_PATH_BYTES = 320, /* /proc/PID/fd/ and any name */
	LINK_BYTES = 64,
	NAME_MAX_BYTES = 32, /* a process's name has at most 15 characters */
};

/* Return: the socket's inode in sockfs, or 0. */
static uint64_t inode_of(const char *path)
{
	FILE *list = fopen("/proc/net/unix", "re");
	char line[LINE_BYTES];
	uint64_t inode = 0, found = 0;

	while (list && !found && fgets(line, sizeof(line), list)) {
		int at = 0;

		line[strcspn(line, "\n")] = '\0';
		/* address: references protocol flags type state inode path */
		if (sscanf(line, "%*s %*s %*s %*s %*s %*s %" SCNu64 " %n", &inode, &at) == 1 &&
		    at > 0 && strcmp(line + at, path) == 0)
			found = inode;
	}
	if (list)
		fclose(list);
	return found;
}

static bool has_open(const char *pid, const char *wanted)
{
	char path[PROC_PATH_BYTES], link[LINK_BYTES];
	const struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%.16s/fd/%s", pid, entry->d_name);
		len = readlink(path, link, sizeof(link) - 1);
		link[len > 0 ? len : 0] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	if (folder)
		closedir(folder);
	return found;
}

static void name_process(const char *pid, char out[UNIX_OWNER_BYTES])
{
	char path[PROC_PATH_BYTES], name[NAME_MAX_BYTES] = "a program";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = fopen(path, "re");
	if (file && fgets(name, sizeof(name), file))
		name[strcspn(name, "\n")] = '\0';
	if (file)
		fclose(file);
	snprintf(out, UNIX_OWNER_BYTES, "%s (process %.16s)", name, pid);
}

const char *unix_owner(const char *path, char out[UNIX_OWNER_BYTES])
{
	uint64_t inode = inode_of(path);
	DIR *processes = inode ? opendir("/proc") : NULL;
	const struct dirent *entry;
	char wanted[LINK_BYTES];
	bool found = false;

	snprintf(out, UNIX_OWNER_BYTES, "another program");
	snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
	while (processes && !found && (entry = readdir(processes))) {
		found = isdigit((unsigned char)entry->d_name[0]) && has_open(entry->d_name, wanted);
		if (found)
			name_process(entry->d_name, out);
	}
	if (processes)
		closedir(processes);
	return out;
}
