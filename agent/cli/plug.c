/*
 * plug.c - longwire plug, unplug: ports of the running agent
 *
 * Layer: agent (command line).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/control_client.h"
#include "cli.h"
#include "plug_words.h"

struct arguments {
	const char *name;
	const char *words;
};

static error_t parse_plug(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (!a->name)
			a->name = arg;
		else if (!a->words)
			a->words = arg;
		else
			argp_error(state, "plug takes a name and one argument: TYPE,key=value,...");
		return 0;
	case ARGP_KEY_END:
		if (!a->words)
			argp_error(state, "give the port a name, and say what it is: "
					  "TYPE,key=value,...");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp PLUG = {
	.parser = parse_plug,
	.args_doc = "NAME TYPE,key=value,...",
	.doc = "Add a port to the running agent, until it ends.\v"
	       "The keys are those of a [port] section in agent.conf:\n"
	       "  longwire plug hub2 mcast,group=230.0.0.2:33000,vlan=aoe2\n"
	       "A comma in a value is written twice. A relative path begins in the current folder.",
};

static error_t parse_unplug(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (a->name)
			argp_error(state, "unplug takes one name");
		a->name = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which port? 'longwire status' lists them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp UNPLUG = {
	.parser = parse_unplug,
	.args_doc = "NAME",
	.doc = "Take a port away from the running agent: one that was plugged, or one of "
	       "agent.conf, which comes back when that changes or the agent restarts.",
};

/* Consumes @request. Return: the answer, or NULL with @err */
static json_t *ask(const struct cli *cli, json_t *request, struct error *err)
{
	struct control_client client;
	json_t *answer = NULL;

	if (!request)
		error_set(err, -1, "an argument is no UTF-8 text");
	else if (control_client_open(&client, cli->folder, err) == 0) {
		answer = control_client_ask(&client, json_incref(request), err);
		control_client_close(&client);
	}
	json_decref(request);
	return answer;
}

/* Return: the answer, or NULL with @err */
static json_t *plug(const struct cli *cli, const struct arguments *a, struct error *err)
{
	char *here = getcwd(NULL, 0), *words = here ? plug_words_from(a->words, here) : NULL;
	json_t *answer = NULL;

	if (words)
		answer = ask(
			cli,
			json_pack("{s:s, s:s, s:s}", "cmd", "plug", "name", a->name, "port", words),
			err);
	else
		error_set(err, -errno, "the current folder has no path (%s): go to another one",
			  strerror(errno));
	free(words);
	free(here);
	return answer;
}

int cmd_plug(int argc, char **argv, struct cli *cli)
{
	struct arguments a = {0};
	int rc = cli_parse(cli, argc, argv, &PLUG, &a);
	struct error err = {0};
	json_t *answer;

	if (rc)
		return rc;
	answer = plug(cli, &a, &err);
	if (!answer)
		return cli_fail(&err);
	json_decref(answer);
	cli_note_folder(cli);
	fprintf(stderr,
		"%s is plugged until the agent ends; [port %s] in agent.conf would keep it\n",
		a.name, a.name);
	return CLI_DONE;
}

int cmd_unplug(int argc, char **argv, struct cli *cli)
{
	struct arguments a = {0};
	int rc = cli_parse(cli, argc, argv, &UNPLUG, &a);
	struct error err = {0};
	json_t *answer;

	if (rc)
		return rc;
	answer = ask(cli, json_pack("{s:s, s:s}", "cmd", "unplug", "name", a.name), &err);
	if (!answer)
		return cli_fail(&err);
	cli_note_folder(cli);
	if (json_is_true(json_object_get(answer, "configured")))
		fprintf(stderr,
			"%s is unplugged; it is in agent.conf, and comes back when that changes or "
			"the agent restarts\n",
			a.name);
	json_decref(answer);
	return CLI_DONE;
}
