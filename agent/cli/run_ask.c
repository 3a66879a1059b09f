/*
 * run_ask.c - ask a QEMU what it has; see run.h
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/clock.h"
#include "run.h"

enum {
	ANSWER_WITHIN_S =
		20, /* it takes some milliseconds; loading its modules from a slow disk, more */
	MS_PER_S = 1000,
	NS_PER_MS = 1000000,
	NOT_STARTED = 127, /* as shells say it */
};

/* Of no machine, for a QEMU whose boards include none by default would ask which; and without a window,
 * for some look for the programs that draw one. */
static const char *const QUESTION[] = {"-machine", "none", "-display", "none", "-netdev", "help"};

enum {
	QUESTION_WORDS = sizeof(QUESTION) / sizeof(QUESTION[0])
};

/* In the new process. @pipe: for what it prints; standard input has nothing to say. */
static void become(char **words, const int pipe[2])
{
	int nothing = open("/dev/null", O_RDONLY);

	dup2(nothing, STDIN_FILENO);
	dup2(pipe[1], STDOUT_FILENO);
	dup2(pipe[1], STDERR_FILENO);
	execvp(words[0], words);
	fprintf(stderr, "%s", strerror(errno));
	fflush(stderr);
	_exit(NOT_STARTED);
}

/* Read until the end. Return: false when it took too long. */
static bool read_all(int fd, char out[RUN_HELP_BYTES])
{
	uint64_t until_ns = clock_now_ns() + (uint64_t)ANSWER_WITHIN_S * MS_PER_S * NS_PER_MS;
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	size_t len = 0;

	out[0] = '\0';
	for (uint64_t now_ns = clock_now_ns(); now_ns < until_ns; now_ns = clock_now_ns()) {
		char room[RUN_HELP_BYTES];
		ssize_t got;

		if (poll(&wait, 1, (int)((until_ns - now_ns) / NS_PER_MS) + 1) <= 0)
			continue;
		got = read(fd, room, sizeof(room));
		if (got <= 0)
			return got == 0;
		if ((size_t)got > RUN_HELP_BYTES - 1 - len)
			got = (ssize_t)(RUN_HELP_BYTES - 1 - len);
		memcpy(out + len, room, (size_t)got);
		len += (size_t)got;
		out[len] = '\0';
	}
	return false;
}

/* Return: a process that prints into @pipe, or a negative errno. */
static pid_t start(char *const *words, int count, const int pipe[2])
{
	char **question = calloc((size_t)count + QUESTION_WORDS + 1, sizeof(*question));
	pid_t pid = question ? fork() : -1;

	if (pid == 0) {
		memcpy(question, words, (size_t)count * sizeof(*question));
		memcpy(question + count, QUESTION, sizeof(QUESTION));
		become(question, pipe);
	}
	free(question);
	return pid;
}

int run_ask(char *const *words, int count, char out[RUN_HELP_BYTES], struct error *err)
{
	int pipe[2], status = 0;
	bool is_done;
	pid_t pid;

	signal(SIGCHLD, SIG_DFL); /* where that is ignored, no child has an exit status */
	if (pipe2(pipe, O_CLOEXEC) < 0)
		return error_set(err, -errno, "no descriptor is left");
	pid = start(words, count, pipe);
	close(pipe[1]);
	is_done = pid > 0 && read_all(pipe[0], out);
	close(pipe[0]);
	if (pid > 0 && !is_done)
		kill(pid, SIGKILL);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return error_set(err, -ENOMEM, "no process can be started");
	if (!is_done)
		return error_set(err, -ETIMEDOUT,
				 "%s does not answer '-netdev help' within %d seconds",
				 words[count - 1], ANSWER_WITHIN_S);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED)
		return error_set(err, -ENOENT, "%s cannot be started: %.*s", words[count - 1],
				 (int)strcspn(out, "\r\n"), out);
	return 0;
}
