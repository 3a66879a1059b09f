/*
 * allow.c - longwire allow: let one peer serve what the guards keep out, or take that back
 *
 * Layer: agent (command line).
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

enum {
	WORDS_BYTES = 256
};

/* struct arguments - as typed; all WHAT with commas between */
struct arguments {
	const char *name;
	char words[WORDS_BYTES];
};

static bool add_words(struct arguments *a, const char *words)
{
	size_t used = strlen(a->words);

	return (size_t)snprintf(a->words + used, sizeof(a->words) - used, "%s%s", used ? "," : "",
				words) < sizeof(a->words) - used;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (!a->name)
			a->name = arg;
		else if (!add_words(a, arg))
			argp_error(state, "too many words");
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
	.args_doc = "NAME [[-]WHAT,...]",
	.doc = "Let a peer send what is kept out by default, or take that back with a minus. "
	       "Without WHAT: say what is allowed. A running agent follows at once.\v"
	       "WHAT is one of\n"
	       "  dhcp  answers of a DHCP server\n"
	       "  ra    IPv6 router advertisements and redirects\n"
	       "  bpdu  spanning tree of bridges\n"
	       "  arp   ARP and neighbour discovery for addresses that others use",
};

/*
 * "-dhcp" is a word here, and to argp it would be options: such arguments are taken out of @argv
 * before. Return: the new argc, or -1 when there are too many
 */
static int take_minus_words(int argc, char **argv, struct arguments *a)
{
	int kept = 1;

	for (int i = 1; i < argc; i++) {
		bool is_value = strcmp(argv[i - 1], "-C") == 0;

		if (is_value || argv[i][0] != '-' || !islower((unsigned char)argv[i][1]))
			argv[kept++] = argv[i];
		else if (!add_words(a, argv[i]))
			return -1;
	}
	argv[kept] = NULL;
	return kept;
}

static void say(const struct cli *cli, const struct arguments *a, unsigned allowed)
{
	char words[TRUST_ALLOW_TEXT_BYTES];

	trust_allow_format(allowed, words);
	if (*words)
		printf("%s may send, beyond what everybody may: %s.\n", a->name, words);
	else
		printf("%s may send nothing that is kept out by default.\n", a->name);
	if (*a->words && cli_agent_runs(cli))
		printf("The running agent follows at once.\n");
	cli_note_folder(cli);
}

int cmd_allow(int argc, char **argv, struct cli *cli)
{
	struct arguments a = {0};
	struct trust_allowance change = {.words = a.words};
	char peers[CONFIG_PATH_BYTES];
	struct error err;
	int rc;

	argc = take_minus_words(argc, argv, &a);
	if (argc < 0)
		return cli_failf("too many words; expected dhcp, ra, bpdu or arp"), CLI_USAGE;
	rc = cli_parse(cli, argc, argv, &ARGP, &a);
	if (rc)
		return rc;
	rc = config_path(cli->folder, "peers", peers, &err);
	if (rc == 0)
		rc = trust_change_allowed(peers, a.name, &change, &err);
	if (rc)
		return cli_fail_peer(cli, a.name, rc, &err);
	say(cli, &a, change.allowed);
	return CLI_DONE;
}
