/*
 * remove.c - longwire remove: stop trusting a peer
 *
 * Layer: agent (command line).
 */
#include <stdio.h>

#include "cli.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **name = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*name)
			argp_error(state, "more than one name");
		*name = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "whom? give the name of a peer");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Stop trusting a peer: remove its card, and what its .local file says. A running "
	       "agent "
	       "ends the session at once.",
};

int cmd_remove(int argc, char **argv, struct cli *cli)
{
	char peers[CONFIG_PATH_BYTES];
	const char *name = NULL;
	struct error err;
	int rc = cli_parse(cli, argc, argv, &ARGP, &name);

	if (rc)
		return rc;
	rc = config_path(cli->folder, "peers", peers, &err);
	if (rc == 0)
		rc = trust_remove(peers, name, &err);
	if (rc)
		return cli_fail_peer(cli, name, rc, &err);
	printf("%s is removed%s.\n", name,
	       cli_agent_runs(cli) ? "; the running agent ends the session at once" : "");
	cli_note_folder(cli);
	return CLI_DONE;
}
