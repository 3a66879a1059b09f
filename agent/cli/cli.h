/*
 * cli.h - what every subcommand shares
 *
 * Layer: agent (command line). A subcommand parses its arguments, does one thing, prints, and
 * returns an exit code; main.c's table says which there are.
 *
 * Output: the result goes to standard output, so that it can be piped; notes (the folder that was
 * used, what to do next) and errors go to standard error.
 */
#ifndef AGENT_CLI_CLI_H
#define AGENT_CLI_CLI_H

#include <argp.h>
#include <stddef.h>

#include "agent/command.h"
#include "agent/config.h"
#include "common/error.h"
#include "keys/identity.h"
#include "keys/trust.h"

/** enum cli_exit - exit codes of every subcommand */
enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1, /* one line on standard error: what, why, what to do */
	CLI_USAGE = 2,  /* argp has said what is wrong with the arguments */
};

/**
 * struct cli - what came before the subcommand's own arguments
 * @folder_option:	value of -C, before or after the subcommand; NULL if there is none
 * @folder:		absolute path of the folder in use; set by cli_parse()
 */
struct cli {
	const char *folder_option;
	char folder[CONFIG_PATH_BYTES];
};

/**
 * cli_parse() - Parse a subcommand's arguments, with -C, --help and --version added
 * @argc, @argv:	as the subcommand got them; argv[0] is "longwire NAME"
 * @argp:		the subcommand's own options; its parser sees @input
 *
 * Exits with CLI_USAGE when the arguments are wrong, with 0 after --help and --version.
 * Return: CLI_DONE with @cli->folder set; CLI_FAILED, said already, when no folder can be named
 */
int cli_parse(struct cli *cli, int argc, char **argv, const struct argp *argp, void *input);

/** cli_parse_in_order() - Likewise, where options end at the first argument: the rest is another program's */
int cli_parse_in_order(struct cli *cli, int argc, char **argv, const struct argp *argp,
		       void *input);

/** cli_fail() - Print "longwire: TEXT" on standard error. Return: CLI_FAILED */
int cli_fail(const struct error *err);

/** cli_failf() - The same with a printf format */
int cli_failf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** cli_note_folder() - Say on standard error which folder was used */
void cli_note_folder(const struct cli *cli);

/**
 * cli_command() - command_text() for the folder in use
 */
const char *cli_command(const struct cli *cli, const char *arguments, char out[COMMAND_BYTES]);

/*
 * What most subcommands read first, with what to do where it is missing. Each as the function it
 * stands for: config_load(), identity_load(), trust_read() (without faults being an error).
 */
int cli_load_config(const struct cli *cli, struct config *out, struct error *err);
int cli_load_identity(const struct cli *cli, struct identity *out, struct error *err);
int cli_load_trust(const struct cli *cli, const struct public_key *own, struct trust *out,
		   struct error *err);

/** cli_fail_peer() - cli_fail(); where @code is -ENOENT, with the peer whose name is much like @name */
int cli_fail_peer(const struct cli *cli, const char *name, int code, const struct error *err);

/** cli_agent_runs() - Does an agent listen on the control socket of the folder in use? */
bool cli_agent_runs(const struct cli *cli);

/**
 * cli_nearest() - The word that was probably meant
 * @words:	@count candidates; NULL entries are passed over
 *
 * Return: the candidate that differs in at most two letters, or NULL
 */
const char *cli_nearest(const char *word, const char *const *words, size_t count);

/*
 * The subcommands. Each gets argc and argv from its own name on, and returns an exit code.
 */
int cmd_add(int argc, char **argv, struct cli *cli);
int cmd_allow(int argc, char **argv, struct cli *cli);
int cmd_card(int argc, char **argv, struct cli *cli);
int cmd_check(int argc, char **argv, struct cli *cli);
int cmd_dump(int argc, char **argv, struct cli *cli);
int cmd_init(int argc, char **argv, struct cli *cli);
int cmd_ping(int argc, char **argv, struct cli *cli);
int cmd_plug(int argc, char **argv, struct cli *cli);
int cmd_remove(int argc, char **argv, struct cli *cli);
int cmd_run(int argc, char **argv, struct cli *cli);
int cmd_send(int argc, char **argv, struct cli *cli);
int cmd_status(int argc, char **argv, struct cli *cli);
int cmd_unplug(int argc, char **argv, struct cli *cli);
int cmd_up(int argc, char **argv, struct cli *cli);

#endif
