/*
 * status.c - longwire status: what the running agent sees
 *
 * Layer: agent (command line).
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "agent/control_client.h"
#include "cli.h"
#include "status_text.h"

enum {
	OPTION_JSON = 256,
	REDRAW_S = 1,
	REAL_DIGITS = 6, /* of a number with a fraction: more is noise */
};

/* ECMA-48: cursor home, erase the display */
static const char CLEAR[] = "\033[H\033[2J";

struct arguments {
	bool json;
	bool watch;
};

static volatile sig_atomic_t interrupted;

static const struct argp_option OPTIONS[] = {
	{"json", OPTION_JSON, NULL, 0, "One JSON object, as longwire-control(7) describes it", 0},
	{"watch", 'w', NULL, 0, "Again every second until Ctrl-C", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	(void)arg;
	switch (key) {
	case OPTION_JSON:
		a->json = true;
		return 0;
	case 'w':
		a->watch = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "status takes no arguments");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.doc = "Show peers, ports, machines, warnings and knocks of the running agent.",
};

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* Without SA_RESTART, so that a wait ends at once */
static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int show(struct control_client *client, const struct arguments *a, struct error *err)
{
	json_t *request = json_pack("{s:s}", "cmd", "status");
	json_t *answer = control_client_ask(client, request, err);
	const json_t *status = json_object_get(answer, "status");

	if (!answer)
		return -EIO;
	if (a->watch && !a->json && isatty(STDOUT_FILENO))
		fputs(CLEAR, stdout);
	if (a->json) {
		json_dumpf(status, stdout,
			   JSON_REAL_PRECISION(REAL_DIGITS) |
				   (a->watch ? JSON_COMPACT : JSON_INDENT(1)));
		putchar('\n');
	} else {
		status_text(status, stdout);
	}
	json_decref(answer);
	return fflush(stdout) == 0 ? 0 : error_set(err, -EIO, "cannot write to standard output");
}

static int watch(struct control_client *client, const struct arguments *a, struct error *err)
{
	const struct timespec pause = {.tv_sec = REDRAW_S};
	int rc = show(client, a, err);

	while (rc == 0 && !interrupted) {
		nanosleep(&pause, NULL);
		if (!interrupted)
			rc = show(client, a, err);
	}
	return interrupted ? 0 : rc;
}

int cmd_status(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	int rc = cli_parse(cli, argc, argv, &ARGP, &arguments);
	struct control_client client;
	struct error err = {0};

	if (rc)
		return rc;
	rc = control_client_open(&client, cli->folder, &err);
	if (rc == 0 && arguments.watch)
		catch_signals();
	if (rc == 0)
		rc = arguments.watch ? watch(&client, &arguments, &err)
				     : show(&client, &arguments, &err);
	control_client_close(&client);
	return rc ? cli_fail(&err) : CLI_DONE;
}
