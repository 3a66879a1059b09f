/*
 * ping.c - longwire ping: round trip to a peer over its session
 *
 * Layer: agent (command line).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/control_client.h"
#include "cli.h"

enum {
	COUNT_DEFAULT = 4,
	COUNT_MAX = 1000000,
	PAUSE_S = 1, /* between two pings, as ping(8) does */
	DECIMAL = 10,
};

struct arguments {
	const char *peer;
	long count;
};

/* struct tally - of those that were answered, ms */
struct tally {
	long answered;
	double least;
	double most;
	double sum;
};

static const struct argp_option OPTIONS[] = {
	{"count", 'c', "N", 0, "How many pings to send (4)", 0},
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
	case 'c':
		parse_count(a, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		if (a->peer)
			argp_error(state, "ping takes one peer");
		a->peer = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which peer? 'longwire status' lists them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.args_doc = "PEER",
	.doc = "Measure the round trip to a peer's agent, over its session.\v"
	       "Ends with 1 when the peer is not up or nothing comes back.",
};

static void count_answer(struct tally *t, double rtt_ms)
{
	t->least = t->answered == 0 || rtt_ms < t->least ? rtt_ms : t->least;
	t->most = rtt_ms > t->most ? rtt_ms : t->most;
	t->sum += rtt_ms;
	t->answered++;
}

static int ping_once(struct control_client *client, const char *peer, struct tally *t,
		     struct error *err)
{
	json_t *request = json_pack("{s:s, s:s}", "cmd", "ping", "peer", peer);
	json_t *answer, *rtt;

	if (!request)
		return error_set(err, -EINVAL, "'%s' is no name of a peer", peer);
	answer = control_client_ask(client, request, err);
	if (!answer)
		return -EIO;
	rtt = json_object_get(answer, "rtt_ms");
	if (json_is_number(rtt)) {
		count_answer(t, json_number_value(rtt));
		printf("%s: %.3f ms\n", peer, json_number_value(rtt));
	} else {
		printf("%s: no answer\n", peer);
	}
	fflush(stdout);
	json_decref(answer);
	return 0;
}

static int ping_all(struct control_client *client, const struct arguments *a, struct error *err)
{
	struct tally t = {0};

	for (long i = 0; i < a->count; i++) {
		int rc;

		if (i > 0)
			sleep(PAUSE_S);
		rc = ping_once(client, a->peer, &t, err);
		if (rc)
			return rc;
	}
	printf("%ld sent, %ld answered", a->count, t.answered);
	if (t.answered)
		printf(", least/mean/most %.3f/%.3f/%.3f ms", t.least, t.sum / (double)t.answered,
		       t.most);
	putchar('\n');
	if (t.answered)
		return 0;
	return error_set(err, -ETIMEDOUT, "%s is up, but nothing came back from it", a->peer);
}

int cmd_ping(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {.count = COUNT_DEFAULT};
	int rc = cli_parse(cli, argc, argv, &ARGP, &arguments);
	struct control_client client;
	struct error err = {0};

	if (rc)
		return rc;
	rc = control_client_open(&client, cli->folder, &err);
	if (rc == 0) {
		cli_note_folder(cli);
		rc = ping_all(&client, &arguments, &err);
	}
	control_client_close(&client);
	return rc ? cli_fail(&err) : CLI_DONE;
}
