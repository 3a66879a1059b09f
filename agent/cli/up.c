/*
 * up.c - longwire up: run the agent in the foreground
 *
 * Layer: agent (command line).
 */
#include <stdlib.h>

#include "agent/agent.h"
#include "cli.h"
#include "common/log.h"

static const struct argp_option OPTIONS[] = {
	{"verbose", 'v', NULL, 0, "Say more about what happens", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	enum log_level *level = state->input;

	(void)arg;
	switch (key) {
	case 'v':
		*level = LOG_LEVEL_DEBUG;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "up takes no arguments");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.doc = "Run the agent in the foreground until Ctrl-C.\v"
	       "Cards and agent.conf may be changed while it runs: it notices.",
};

int cmd_up(int argc, char **argv, struct cli *cli)
{
	enum log_level level = LOG_LEVEL_INFO;
	int rc = cli_parse(cli, argc, argv, &ARGP, &level);
	struct error err = {0};

	if (rc)
		return rc;
	log_init(level);
	return agent_run(cli->folder, &err) ? cli_fail(&err) : CLI_DONE;
}
