/*
 * cli.c - see cli.h
 */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	NEAR_ENOUGH = 2,     /* letters that may differ for a suggestion */
	WORD_BYTES_MAX = 32, /* longer words are nobody's typing mistake */
};

/* What the common options write to, and what is handed through to the subcommand's parser. */
struct common_input {
	struct cli *cli;
	void *input;
};

static const struct argp_option COMMON_OPTIONS[] = {
	{"directory", 'C', "DIR", 0, "Folder with agent.conf, identity.key and peers/", -1},
	{0},
};

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct common_input *in = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = in->input;
		return 0;
	case 'C':
		in->cli->folder_option = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* @flags: of argp_parse() */
static int parse(struct common_input *in, unsigned flags, int argc, char **argv,
		 const struct argp *argp)
{
	const struct argp_child children[] = {{argp, 0, NULL, 0}, {0}};
	const struct argp common = {
		.options = COMMON_OPTIONS, .parser = parse_common, .children = children};
	struct error err;

	if (argp_parse(&common, argc, argv, flags, NULL, in))
		return CLI_USAGE;
	if (config_folder(in->cli->folder_option, in->cli->folder, &err))
		return cli_fail(&err);
	return CLI_DONE;
}

int cli_parse(struct cli *cli, int argc, char **argv, const struct argp *argp, void *input)
{
	struct common_input in = {.cli = cli, .input = input};

	return parse(&in, 0, argc, argv, argp);
}

int cli_parse_in_order(struct cli *cli, int argc, char **argv, const struct argp *argp, void *input)
{
	struct common_input in = {.cli = cli, .input = input};

	return parse(&in, ARGP_IN_ORDER, argc, argv, argp);
}

int cli_fail(const struct error *err)
{
	return cli_failf("%s", err->text);
}

int cli_failf(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("longwire: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILED;
}

void cli_note_folder(const struct cli *cli)
{
	fflush(stdout);
	fprintf(stderr, "folder: %s\n", cli->folder);
}

const char *cli_command(const struct cli *cli, const char *arguments, char out[COMMAND_BYTES])
{
	return command_text(cli->folder, arguments, out);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time; both words are shorter than WORD_BYTES_MAX. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_BYTES_MAX], len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(change, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[len];
}

const char *cli_nearest(const char *word, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	size_t nearest_distance = NEAR_ENOUGH + 1;

	if (strlen(word) >= WORD_BYTES_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t d;

		if (!words[i] || strlen(words[i]) >= WORD_BYTES_MAX)
			continue;
		d = distance(word, words[i]);
		if (d < nearest_distance && d < strlen(word)) {
			nearest_distance = d;
			nearest = words[i];
		}
	}
	return nearest;
}
