/*
 * remove.c - longwire remove: stop trusting a peer
 *
 * Layer: agent (command line).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

/* Return: a peer whose name is much like @name, copied to the heap, or NULL */
static char *similar(const struct cli *cli, const char *name)
{
	struct trust trust;
	const char **names = NULL, *nearest;
	char *copy = NULL;

	if (cli_load_trust(cli, NULL, &trust, NULL))
		return NULL;
	names = calloc(trust.count + 1, sizeof(*names));
	for (size_t i = 0; names && i < trust.count; i++)
		names[i] = trust.peers[i].name;
	nearest = names ? cli_nearest(name, names, trust.count) : NULL;
	if (nearest && asprintf(&copy, "%s", nearest) < 0)
		copy = NULL;
	free(names);
	trust_free(&trust);
	return copy;
}

static int fail(const struct cli *cli, const char *name, int code, const struct error *err)
{
	char *meant = code == -ENOENT ? similar(cli, name) : NULL;

	if (meant)
		cli_failf("%s; did you mean '%s'?", err->text, meant);
	else
		cli_fail(err);
	free(meant);
	return CLI_FAILED;
}

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
		return fail(cli, name, rc, &err);
	printf("%s is removed%s.\n", name,
	       cli_agent_runs(cli) ? "; the running agent ends the session at once" : "");
	cli_note_folder(cli);
	return CLI_DONE;
}
