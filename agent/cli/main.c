/*
 * main.c - longwire: finds the subcommand and hands over to it
 *
 * Layer: agent (command line).
 */
#include <argp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

const char *argp_program_version = "longwire " LONGWIRE_VERSION;

enum {
	NAME_COLUMN = 10,
	COMMAND_TITLE_BYTES = 32
};

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv, struct cli *cli);
	const char *summary;
} COMMANDS[] = {
	{"init", cmd_init, "make identity.key, agent.conf and peers/"},
	{"up", cmd_up, "run the agent in the foreground"},
	{"run", cmd_run, "start a QEMU machine that is on the LAN"},
	{"status", cmd_status, "show peers, ports, machines and warnings"},
	{"card", cmd_card, "print your card, or a MAC for a machine"},
	{"add", cmd_add, "trust the card that somebody sent"},
	{"remove", cmd_remove, "stop trusting a peer"},
	{"allow", cmd_allow, "let a peer serve DHCP and the like, or not"},
	{"check", cmd_check, "verify everything, say what would run"},
	{"send", cmd_send, "put one frame on the LAN"},
	{"plug", cmd_plug, "add a port to the running agent"},
	{"unplug", cmd_unplug, "take a port away from the running agent"},
	{"dump", cmd_dump, "show or record the frames that cross"},
	{"ping", cmd_ping, "measure the round trip to a peer"},
};

enum {
	COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0])
};

/* struct choice - where the subcommand stands among the arguments */
struct choice {
	struct cli cli;
	int at;
};

static const struct argp_option OPTIONS[] = {
	{"directory", 'C', "DIR", 0,
	 "Folder to use; else $LONGWIRE_DIR, else /etc/longwire for root, else "
	 "$XDG_CONFIG_HOME/longwire",
	 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct choice *choice = state->input;

	switch (key) {
	case 'C':
		choice->cli.folder_option = arg;
		return 0;
	case ARGP_KEY_ARG:
		choice->at = state->next - 1;
		state->next = state->argc; /* the rest is the subcommand's */
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no command given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Adds the table of subcommands to --help. */
static char *list_commands(int key, const char *text, void *input)
{
	char *out = NULL;
	size_t len;
	FILE *f;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC || !(f = open_memstream(&out, &len)))
		return (char *)text;
	fputs("Commands:\n", f);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (COMMANDS[i].name)
			fprintf(f, "  %-*s %s\n", NAME_COLUMN, COMMANDS[i].name,
				COMMANDS[i].summary);
	fputs("\n'longwire COMMAND --help' tells more about each.", f);
	fclose(f);
	return out;
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.args_doc = "COMMAND [ARGUMENT...]",
	.doc = "One Ethernet LAN for virtual machines on different hosts.\v ",
	.help_filter = list_commands,
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (COMMANDS[i].name && strcmp(COMMANDS[i].name, name) == 0)
			return &COMMANDS[i];
	return NULL;
}

static int refuse_command(const char *name)
{
	const char *names[COMMAND_COUNT], *meant;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = COMMANDS[i].name;
	meant = cli_nearest(name, names, COMMAND_COUNT);
	if (meant)
		cli_failf("there is no command '%s'; did you mean 'longwire %s'?", name, meant);
	else
		cli_failf("there is no command '%s'; 'longwire --help' lists them", name);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	struct choice choice = {0};
	const struct command *command;
	char title[COMMAND_TITLE_BYTES];

	argp_err_exit_status = CLI_USAGE;
	command_set_program(argv[0]);
	if (argp_parse(&ARGP, argc, argv, ARGP_IN_ORDER, NULL, &choice))
		return CLI_USAGE;
	command = find_command(argv[choice.at]);
	if (!command)
		return refuse_command(argv[choice.at]);
	if (sodium_init() < 0)
		return cli_failf("libsodium cannot start: the kernel gives no random numbers");
	snprintf(title, sizeof(title), "longwire %s", command->name);
	argv[choice.at] = title;
	return command->run(argc - choice.at, argv + choice.at, &choice.cli);
}
