/*
 * sandbox.c - see sandbox.h
 */
#include "agent/sandbox.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/inherited.h"
#ifdef __linux__
#include <linux/close_range.h>
#include <sys/prctl.h>
#endif

enum {
	PRIVATE_UMASK = 077,
	DESCRIPTORS_MAX = 65536
};

void sandbox_add(struct sandbox *s, const char *step)
{
	if (s->count < SANDBOX_STEPS_MAX)
		s->steps[s->count++] = step;
}

/* A socket that got number 2 would receive our log */
static void open_standard(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = open("/dev/null", O_RDWR);
	if (fd >= 0)
		close(fd);
}

/* @first: and all above it */
static void close_inherited(int first)
{
	struct rlimit limit = {.rlim_cur = DESCRIPTORS_MAX};

#ifdef __linux__
	if (close_range((unsigned)first, ~0U, 0) == 0)
		return;
#endif
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur > DESCRIPTORS_MAX)
		limit.rlim_cur = DESCRIPTORS_MAX;
	for (int fd = first; fd < (int)limit.rlim_cur; fd++)
		close(fd);
}

void sandbox_begin(struct sandbox *s)
{
	const struct rlimit none = {0};

	if (setrlimit(RLIMIT_CORE, &none) == 0)
		sandbox_add(s, "no-core");
#ifdef __linux__
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
		sandbox_add(s, "not-dumpable");
#endif
	umask(PRIVATE_UMASK);
	open_standard();
	close_inherited(INHERITED_FIRST + inherited_take());
}

void sandbox_finish(struct sandbox *s)
{
#ifdef __linux__
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		sandbox_add(s, "no-new-privs");
#else
	(void)s;
#endif
}
