/*
 * load.c - what most subcommands read first; see cli.h
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/control_client.h"
#include "cli.h"

/* What to do about a part of the folder that is not there. */
static int suggest_init(const struct cli *cli, const char *what, struct error *err)
{
	char command[COMMAND_BYTES];

	return error_set(err, -ENOENT, "%s has no %s; make one with: %s", cli->folder, what,
			 cli_command(cli, "init", command));
}

int cli_load_config(const struct cli *cli, struct config *out, struct error *err)
{
	int rc = config_load(cli->folder, out, err);

	return rc == -ENOENT ? suggest_init(cli, "agent.conf", err) : rc;
}

int cli_load_identity(const struct cli *cli, struct identity *out, struct error *err)
{
	char path[CONFIG_PATH_BYTES];
	int rc;

	*out = (struct identity){0};
	rc = config_path(cli->folder, "identity.key", path, err);
	if (rc == 0)
		rc = identity_load(path, out, err);
	return rc == -ENOENT ? suggest_init(cli, "identity.key", err) : rc;
}

int cli_load_trust(const struct cli *cli, const struct public_key *own, struct trust *out,
		   struct error *err)
{
	char path[CONFIG_PATH_BYTES];
	int rc;

	*out = (struct trust){0};
	rc = config_path(cli->folder, "peers", path, err);
	if (rc == 0)
		rc = trust_read(path, own, NULL, out, err);
	return rc == -ENOENT ? suggest_init(cli, "folder peers", err) : rc;
}

bool cli_agent_runs(const struct cli *cli)
{
	struct control_client client;
	bool runs = control_client_open(&client, cli->folder, NULL) == 0;

	control_client_close(&client);
	return runs;
}

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

int cli_fail_peer(const struct cli *cli, const char *name, int code, const struct error *err)
{
	char *meant = code == -ENOENT ? similar(cli, name) : NULL;

	if (meant)
		cli_failf("%s; did you mean '%s'?", err->text, meant);
	else
		cli_fail(err);
	free(meant);
	return CLI_FAILED;
}
