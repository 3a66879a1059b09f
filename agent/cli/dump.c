/*
 * dump.c - longwire dump: the frames that cross, as text or as a pcapng file
 *
 * Layer: agent (command line). The agent filters; what it sends is shown as it comes. Whoever is slow
 * here loses frames here: the agent waits for nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/control_client.h"
#include "cli.h"
#include "dump_text.h"
#include "pcapng.h"

enum {
	BUFFER_BYTES = 1 << 20,
	FILE_MODE = 0600, /* other people's traffic */
	COUNT_MAX = 2000000000,
	DECIMAL = 10,
};
_Static_assert((int)BUFFER_BYTES >= (int)DUMP_RECORD_MAX_BYTES, "the longest record fits");

struct arguments {
	const char *vlan;
	const char *peer;
	const char *port;
	const char *file; /* NULL: text */
	long count;       /* 0: no end */
};

/* struct view - @out: where it goes; @file only with -w */
struct view {
	const struct arguments *arguments;
	FILE *out;
	struct pcapng file;
	uint64_t frames, lost;
};

/* enum end - why it ended */
enum end {
	END_ASKED,       /* Ctrl-C, or as many frames as were asked for */
	END_READER_GONE, /* of our output: nobody is left to tell anything */
	END_AGENT_GONE,
	END_NOT_WRITTEN, /* errno says why */
	END_GARBAGE,     /* not what an agent sends */
};

static volatile sig_atomic_t interrupted;

static const struct argp_option OPTIONS[] = {
	{"vlan", 'V', "VLAN", 0, "Only this vlan's", 0},
	{"peer", 'p', "PEER", 0, "Only what comes from this peer or goes to it", 0},
	{"port", 'P', "PORT", 0, "Only what comes from this port or goes to it", 0},
	{"write", 'w', "FILE|-", 0, "As pcapng, for Wireshark and the like; - is standard output",
	 0},
	{"count", 'c', "N", 0, "End after so many frames", 0},
	{0},
};

static void parse_count(struct arguments *a, const char *text, struct argp_state *state)
{
	char *end;

	a->count = strtol(text, &end, DECIMAL);
	if (*end || end == text || a->count < 1 || a->count > COUNT_MAX)
		argp_error(state, "-c takes a number from 1 to %d, not '%s'", COUNT_MAX, text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'V':
		a->vlan = arg;
		return 0;
	case 'p':
		a->peer = arg;
		return 0;
	case 'P':
		a->port = arg;
		return 0;
	case 'w':
		a->file = arg;
		return 0;
	case 'c':
		parse_count(a, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "dump takes options only; '%s' is none", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.doc = "Show the frames that cross this agent: each once, where it came in, and where it "
	       "goes.\v"
	       "longwire dump -w - | wireshark -k -i -",
};

/* ---- signals ---- */

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* Blocked but while we wait, so that none comes between looking and waiting. @waiting: the mask then */
static void catch_signals(sigset_t *waiting)
{
	const struct sigaction action = {.sa_handler = on_signal};
	sigset_t ours;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigprocmask(SIG_BLOCK, &ours, waiting);
	sigdelset(waiting, SIGINT);
	sigdelset(waiting, SIGTERM);
}

/* ---- what comes ---- */

static bool is_enough(const struct view *v)
{
	return v->arguments->count > 0 && v->frames >= (uint64_t)v->arguments->count;
}

static int show_frame(struct view *v, const struct dump_frame *frame)
{
	v->frames++;
	if (v->arguments->file)
		return pcapng_frame(&v->file, frame);
	dump_text(frame, v->out);
	return ferror(v->out) ? -EIO : 0;
}

static int show_item(struct view *v, const struct dump_item *item)
{
	if (item->type == DUMP_RECORD_FRAME)
		return show_frame(v, &item->frame);
	if (item->type != DUMP_RECORD_LOST)
		return 0; /* a later version's */
	v->lost += item->lost;
	if (v->arguments->file)
		pcapng_lost(&v->file, item->lost);
	else
		dump_text_lost(item->lost, v->out);
	return 0;
}

/* Show the whole records. Return: how many bytes they were, or a negative errno */
static int show_records(struct view *v, const uint8_t *bytes, size_t len)
{
	size_t at = 0;
	int rc = 1;

	while (rc > 0 && !is_enough(v)) {
		struct dump_item item;

		rc = dump_record_read(bytes + at, len - at, &item);
		if (rc <= 0)
			break;
		at += (size_t)rc;
		if (show_item(v, &item) < 0)
			return -EIO;
	}
	return rc < 0 ? rc : (int)at;
}

/* Return: true when there is something to read; else @why is set */
static bool wait_for_bytes(int fd, const struct view *v, const sigset_t *waiting, enum end *why)
{
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = fileno(v->out)}};

	*why = END_ASKED;
	while (!interrupted) {
		int ready = ppoll(fds, sizeof(fds) / sizeof(fds[0]), NULL, waiting);

		if (ready > 0 && (fds[1].revents & POLLERR)) {
			*why = END_READER_GONE;
			return false;
		}
		if (ready > 0 && fds[0].revents)
			return !interrupted;
	}
	return false;
}

static enum end failed_write(void)
{
	return errno == EPIPE ? END_READER_GONE : END_NOT_WRITTEN;
}

static enum end show_all(struct view *v, int fd, const sigset_t *waiting)
{
	static uint8_t buffer[BUFFER_BYTES];
	size_t len = 0;
	enum end why;

	while (wait_for_bytes(fd, v, waiting, &why)) {
		ssize_t n = read(fd, buffer + len, sizeof(buffer) - len);
		int used;

		if (n <= 0)
			return END_AGENT_GONE;
		len += (size_t)n;
		used = show_records(v, buffer, len);
		if (used == -EPROTO)
			return END_GARBAGE;
		if (used < 0 || fflush(v->out) != 0)
			return failed_write();
		len -= (size_t)used;
		memmove(buffer, buffer + used, len);
		if (is_enough(v))
			return END_ASKED;
	}
	return why;
}

/* ---- the whole ---- */

static int start(struct control_client *client, const struct arguments *a, struct error *err)
{
	json_t *request = json_pack("{s:s, s:s*, s:s*, s:s*}", "cmd", "dump", "vlan", a->vlan,
				    "peer", a->peer, "port", a->port);

	if (!request)
		return error_set(err, -EINVAL, "a name is no UTF-8 text");
	return control_client_stream(client, request, err);
}

static int open_file(const char *name, FILE **out, struct error *err)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);

	*out = fd >= 0 ? fdopen(fd, "w") : NULL;
	return *out ? 0
		    : error_set(err, -errno, "%s: cannot be written (%s)", name, strerror(errno));
}

static int open_output(struct view *v, struct error *err)
{
	const struct arguments *a = v->arguments;
	const struct dump_place center = {.kind = a->port   ? DUMP_PORT
						  : a->peer ? DUMP_PEER
							    : DUMP_ALL,
					  .name = a->port   ? a->port
						  : a->peer ? a->peer
							    : ""};
	int rc = 0;

	v->out = stdout;
	if (a->file && strcmp(a->file, "-") != 0)
		rc = open_file(a->file, &v->out, err);
	setvbuf(rc == 0 ? v->out : stdout, NULL, _IOFBF, BUFFER_BYTES);
	if (rc == 0 && a->file)
		pcapng_begin(&v->file, v->out, &center);
	if (rc == 0 && fflush(v->out) != 0) /* Wireshark waits for it */
		rc = error_set(err, -errno, "cannot write (%s)", strerror(errno));
	return rc;
}

static void summarize(const struct view *v)
{
	fprintf(stderr, "%" PRIu64 " frame%s, ", v->frames, v->frames == 1 ? "" : "s");
	if (v->lost)
		fprintf(stderr, "%" PRIu64 " lost: they came faster than they were read\n",
			v->lost);
	else
		fputs("none lost\n", stderr);
}

static int finish(struct view *v, enum end why, int error)
{
	int rc = CLI_DONE;

	if (why != END_READER_GONE)
		summarize(v);
	if (why == END_AGENT_GONE)
		rc = cli_failf("the agent has ended, and the dump with it");
	else if (why == END_GARBAGE)
		rc = cli_failf("the agent sent what this longwire does not understand; are both of "
			       "the same version?");
	else if (why == END_NOT_WRITTEN)
		rc = cli_failf("cannot write %s (%s)",
			       v->arguments->file ? v->arguments->file : "standard output",
			       strerror(error));
	return rc;
}

static int dump(struct view *v, struct control_client *client, struct cli *cli)
{
	struct error err = {0};
	sigset_t waiting;
	enum end why;
	int rc = start(client, v->arguments, &err);

	if (rc == 0)
		rc = open_output(v, &err);
	if (rc)
		return cli_fail(&err);
	cli_note_folder(cli);
	catch_signals(&waiting);
	why = show_all(v, client->fd, &waiting);
	rc = finish(v, why, errno);
	pcapng_fini(&v->file);
	return rc;
}

int cmd_dump(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	int rc = cli_parse(cli, argc, argv, &ARGP, &arguments);
	struct view v = {.arguments = &arguments};
	struct control_client client;
	struct error err = {0};

	if (rc)
		return rc;
	if (arguments.file && strcmp(arguments.file, "-") == 0 && isatty(STDOUT_FILENO))
		return cli_failf("a terminal cannot show pcapng: pipe it into a program, or name a "
				 "file with -w");
	if (control_client_open(&client, cli->folder, &err) != 0)
		return cli_fail(&err);
	rc = dump(&v, &client, cli);
	control_client_close(&client);
	return rc;
}
