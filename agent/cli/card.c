/*
 * card.c - longwire card: what others need of us, and MACs for machines
 *
 * Layer: agent (command line).
 */
#include <stdbool.h>
#include <stdio.h>

#include "cli.h"
#include "common/ether.h"
#include "common/text.h"

enum {
	OPTION_URI = 256,
	OPTION_AT,
	OPTION_MAC,
	OPTION_MACHINE,
	MACHINES_MAX = 65535
};

struct arguments {
	bool uri, mac;
	const char *at;
	uint32_t machine;
};

static const struct argp_option OPTIONS[] = {
	{"uri", OPTION_URI, NULL, 0, "Print the card in one line", 0},
	{"at", OPTION_AT, "HOST:PORT,...", 0,
	 "Show these addresses instead of those of `at` in agent.conf", 0},
	{"mac", OPTION_MAC, NULL, 0, "Print a MAC for a machine on this host instead", 0},
	{"machine", OPTION_MACHINE, "N", 0, "Which machine --mac is for, from 1 (default: 1)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	struct error err;

	switch (key) {
	case OPTION_URI:
		a->uri = true;
		return 0;
	case OPTION_AT:
		a->at = arg;
		return 0;
	case OPTION_MACHINE:
		if (text_parse_number(arg, 1, MACHINES_MAX, &a->machine, &err))
			argp_error(state, "--machine: %s", err.text);
		a->mac = true;
		return 0;
	case OPTION_MAC:
		a->mac = true;
		return 0;
	case ARGP_KEY_END:
		if (a->mac && (a->uri || a->at))
			argp_error(state, "--mac prints no card: leave out --uri and --at");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.doc = "Print your card, to be sent to others as it is: it holds no secret.",
};

static int print_card(const struct cli *cli, const struct public_key *key,
		      const struct arguments *a)
{
	char text[CARD_TEXT_BYTES];
	struct config config;
	struct card card;
	struct error err;

	if (cli_load_config(cli, &config, &err))
		return cli_fail(&err);
	if (config_card(&config, key, a->at, &card, &err)) {
		cli_failf("--at: %s", err.text);
		return CLI_USAGE;
	}
	if (a->uri)
		puts(card_format_uri(&card, text));
	else
		fputs(card_format(&card, text), stdout);
	cli_note_folder(cli);
	return CLI_DONE;
}

int cmd_card(int argc, char **argv, struct cli *cli)
{
	struct arguments a = {.machine = 1};
	char text[MAC_TEXT_BYTES];
	struct identity id;
	struct error err;
	struct mac mac;
	int rc = cli_parse(cli, argc, argv, &ARGP, &a);

	if (rc)
		return rc;
	if (cli_load_identity(cli, &id, &err))
		return cli_fail(&err);
	if (a.mac) {
		mac = identity_machine_mac(&id.public, a.machine);
		puts(mac_format(&mac, text));
		cli_note_folder(cli);
	} else {
		rc = print_card(cli, &id.public, &a);
	}
	identity_free(&id);
	return rc;
}
