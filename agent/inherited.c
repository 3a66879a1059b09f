/*
 * inherited.c - see inherited.h
 */
#include "agent/inherited.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

static char names[INHERITED_MAX][TEXT_NAME_BYTES]; /* "": none that could be asked for */
static int count;

/* What sd_listen_fds(3) counts; 0 where it is for somebody else, or for nobody. */
static int count_given(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint32_t whose, given;

	if (!pid || !fds || text_parse_number(pid, 1, INT32_MAX, &whose, NULL) ||
	    text_parse_number(fds, 1, INT32_MAX, &given, NULL) || (pid_t)whose != getpid())
		return 0;
	return given < INHERITED_MAX ? (int)given : INHERITED_MAX;
}

/* Names stand in the order of the descriptors, with colons between. */
static void read_names(const char *list)
{
	for (int i = 0; i < count; i++) {
		size_t len = strcspn(list, ":");

		names[i][0] = '\0';
		if (len < sizeof(names[i]))
			snprintf(names[i], sizeof(names[i]), "%.*s", (int)len, list);
		list += len + (list[len] == ':');
	}
}

int inherited_take(void)
{
	const char *list = getenv("LISTEN_FDNAMES");

	count = count_given();
	read_names(list ? list : "");
	for (int i = 0; i < count; i++) {
		/* A number that is not open yet will be one of our own. */
		if (fcntl(INHERITED_FIRST + i, F_SETFD, FD_CLOEXEC) < 0)
			names[i][0] = '\0';
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return count;
}

int inherited_find(const char *name)
{
	for (int i = 0; i < count; i++)
		if (names[i][0] && strcmp(names[i], name) == 0)
			return INHERITED_FIRST + i;
	return -1;
}
