/*
 * run_child.c - the process of QEMU; see run.h
 *
 * It is in our process group, and has our terminal as it is: what the terminal sends (Ctrl-C, Ctrl-Z, its new
 * size) reaches both of us, so it is not handed on; what somebody sends to us alone is. When we are killed,
 * it is told to end, for a machine without us would lose its LAN with the agent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

enum {
	KILLED = 128 /* plus the signal's number: what shells make of it */
};

static const int HANDED_ON[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
				SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH};

/* What was ignored when we were started, as nohup(1) does, stays so for both. */
static bool is_ignored(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static int take_signals(struct run_child *c)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	for (size_t i = 0; i < sizeof(HANDED_ON) / sizeof(HANDED_ON[0]); i++)
		if (!is_ignored(HANDED_ON[i]))
			sigaddset(&wanted, HANDED_ON[i]);
	sigprocmask(SIG_BLOCK, &wanted, &c->kept);
	c->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	return c->signals < 0 ? -errno : 0;
}

/* In the new process. */
static void become(const struct run_child *c, char **words, int fd, pid_t parent)
{
	sigprocmask(SIG_SETMASK, &c->kept, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) /* it ended before that was set */
		_exit(KILLED + SIGTERM);
	fcntl(fd, F_SETFD, 0);
	execvp(words[0], words);
	fprintf(stderr, "longwire: %s cannot be started: %s\n", words[0], strerror(errno));
	_exit(EXIT_FAILURE);
}

int run_child_start(struct run_child *c, char **words, int fd, struct error *err)
{
	pid_t parent = getpid();
	int code = take_signals(c);

	if (code < 0)
		return error_set(err, code, "no descriptor is left");
	c->pid = fork();
	if (c->pid == 0)
		become(c, words, fd, parent);
	signal(SIGPIPE, SIG_IGN); /* nobody who reads what we say is no reason to end */
	return c->pid < 0 ? error_set(err, -errno, "no process can be started") : 0;
}

/* As if we had not blocked it: where nobody could let us go on, the kernel does not stop us. */
static void stop_too(void)
{
	sigset_t stop, kept;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, &kept);
	sigprocmask(SIG_SETMASK, &kept, NULL);
}

static void hand_on(const struct run_child *c, const struct signalfd_siginfo *got)
{
	if (got->ssi_code != SI_KERNEL)
		kill(c->pid, (int)got->ssi_signo);
	if (got->ssi_signo == SIGTSTP)
		stop_too();
}

bool run_child_signal(const struct run_child *c, int *status)
{
	struct signalfd_siginfo got;
	bool has_ended = false;

	while (read(c->signals, &got, sizeof(got)) == sizeof(got)) {
		if (got.ssi_signo == SIGCHLD)
			has_ended = waitpid(c->pid, status, WNOHANG) == c->pid;
		else
			hand_on(c, &got);
		if (has_ended)
			break;
	}
	return has_ended;
}

int run_child_exit(const struct run_child *c, int status)
{
	const struct rlimit none = {0};

	close(c->signals);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &none); /* whatever there is to see is in its own */
	signal(WTERMSIG(status), SIG_DFL);
	sigprocmask(SIG_SETMASK, &c->kept, NULL);
	raise(WTERMSIG(status));
	return KILLED + WTERMSIG(status);
}
