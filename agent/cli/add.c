/*
 * add.c - longwire add: trust the cards in a file or on standard input
 *
 * Layer: agent (command line). All cards of one call are added, or none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "common/text.h"
#include "keys/paste.h"

enum {
	OPTION_AS = 256,
	OPTION_REPLACE,
	CARDS_MAX = 512,               /* at once */
	PASTE_BYTES_MAX = 1024 * 1024, /* of text around and in them */
};

struct arguments {
	const char *file, *as;
	bool replace;
};

/* struct work - everything one call is about */
struct work {
	struct arguments arguments;
	const char *source; /* the file's name, for messages */
	struct identity id;
	struct trust trust;
	struct pasted *cards;
	struct trust_addition *additions; /* those that are not there already, in front */
	size_t card_count, addition_count;
};

static const struct argp_option OPTIONS[] = {
	{"as", OPTION_AS, "NAME", 0, "What to call this peer here, instead of the card's name", 0},
	{"replace", OPTION_REPLACE, NULL, 0, "Take the card though another has that name", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case OPTION_AS:
		a->as = arg;
		return 0;
	case OPTION_REPLACE:
		a->replace = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->file)
			argp_error(state, "more than one file");
		a->file = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.args_doc = "[FILE]",
	.doc = "Trust the card, or the cards, in FILE or on standard input, however they were "
	       "pasted: "
	       "with text around, quoted, wrapped, or as a longwire: line.",
};

/* ---- the text ---- */

static int read_stream(FILE *f, const char *name, char **text, size_t *len, struct error *err)
{
	*text = malloc(PASTE_BYTES_MAX);
	if (!*text)
		return error_set(err, -ENOMEM, "%s: out of memory", name);
	*len = fread(*text, 1, PASTE_BYTES_MAX, f);
	if (ferror(f))
		return error_set(err, -EIO, "%s: cannot read: %s", name, strerror(errno));
	if (*len == PASTE_BYTES_MAX)
		return error_set(err, -EFBIG, "%s is longer than %d bytes; add the cards in parts",
				 name, PASTE_BYTES_MAX - 1);
	return 0;
}

static int read_text(struct work *w, char **text, size_t *len, struct error *err)
{
	const char *file = w->arguments.file;
	FILE *f = stdin;
	int rc;

	if (file && strcmp(file, "-") != 0) {
		w->source = file;
		f = fopen(file, "re");
		if (!f)
			return error_set(err, -errno, "%s: cannot open: %s", file, strerror(errno));
	} else if (isatty(STDIN_FILENO)) {
		fputs("Paste the card, press Enter and then Ctrl-D:\n", stderr);
	}
	rc = read_stream(f, w->source, text, len, err);
	if (f != stdin)
		fclose(f);
	return rc;
}

static int read_cards(struct work *w, struct error *err)
{
	struct paste_source source = {.name = w->source};
	char *text = NULL;
	int rc = read_text(w, &text, &source.len, err);

	source.text = text;
	source.name = w->source;
	if (rc == 0)
		rc = paste_read(&source, w->cards, CARDS_MAX, err);
	free(text);
	if (rc < 0)
		return rc;
	w->card_count = (size_t)rc;
	return 0;
}

/* ---- may they be added? ---- */

static int refuse(const struct work *w, const struct pasted *card, struct error *err)
{
	return error_set(err, -EINVAL, "%s:%d: %s", w->source, card->line, err->text);
}

static int name_card(const struct work *w, const struct pasted *card, struct trust_addition *out,
		     struct error *err)
{
	const char *name = w->arguments.as ? w->arguments.as : card->card.name;

	out->card = card->card;
	if (!name[0]) {
		error_set(err, -EINVAL, "the card has no name; give it one with --as NAME");
		return refuse(w, card, err);
	}
	strcpy(out->name, name);
	for (size_t i = 0; i < w->addition_count; i++) {
		if (strcmp(w->additions[i].name, name) != 0)
			continue;
		error_set(err, -EINVAL,
			  "a second card with the name '%s'; add them one by one, with --as NAME",
			  name);
		return refuse(w, card, err);
	}
	return 0;
}

static int check_cards(struct work *w, struct error *err)
{
	if (w->arguments.as && w->card_count > 1)
		return error_set(err, -EINVAL,
				 "%s holds %zu cards, and --as names one; add them one by one",
				 w->source, w->card_count);
	for (size_t i = 0; i < w->card_count; i++) {
		struct trust_addition *addition = &w->additions[w->addition_count];
		int rc = name_card(w, &w->cards[i], addition, err);

		if (rc)
			return rc;
		rc = trust_check_addition(&w->trust, &w->id.public, addition, w->arguments.replace,
					  err);
		if (rc == -EALREADY)
			printf("%s is there already, with this card.\n", addition->name);
		else if (rc)
			return refuse(w, &w->cards[i], err);
		else
			w->addition_count++;
	}
	return 0;
}

/* ---- what was done ---- */

/* Where the agent has several vlans, a peer joins none until its .local file says which. */
static void note_vlans(const struct cli *cli, const struct trust_addition *addition)
{
	struct trust_peer peer = {0};
	uint16_t ids[PEER_VLANS_MAX];
	struct config config;
	struct error err;

	strcpy(peer.name, addition->name);
	if (config_load(cli->folder, &config, NULL) == 0 &&
	    config_peer_vlans(&config, &peer, ids, &err) < 0)
		printf("Not yet on any vlan: %s\n", err.text);
}

/* A .local file may have been there before the card: what is wrong with it counts from now on. */
static void note_faults(const struct cli *cli, const struct work *w)
{
	struct trust now = {0};
	struct error err;

	if (cli_load_trust(cli, &w->id.public, &now, &err))
		return;
	for (size_t i = 0; i < now.fault_count; i++)
		for (size_t k = 0; k < w->addition_count; k++)
			if (strcmp(now.faults[i].name, w->additions[k].name) == 0)
				printf("Not in effect yet: %s\n", now.faults[i].error.text);
	trust_free(&now);
}

static void say_added(const struct cli *cli, const struct work *w)
{
	char key[KEY_TEXT_BYTES], phrase[CHECK_PHRASE_BYTES], command[COMMAND_BYTES];

	for (size_t i = 0; i < w->card_count; i++) {
		const struct card *card = &w->cards[i].card;

		printf("%s: %s\n  check phrase: %s\n",
		       w->arguments.as ? w->arguments.as : card->name,
		       public_key_format(&card->key, key),
		       check_phrase(&w->id.public, &card->key, phrase));
	}
	puts("Compare the check phrase by voice: the other side must see the same digits.");
	if (w->addition_count == 0)
		return;
	for (size_t i = 0; i < w->addition_count; i++)
		if (!trust_find(&w->trust, w->additions[i].name))
			note_vlans(cli, &w->additions[i]);
	note_faults(cli, w);
	if (cli_agent_runs(cli))
		printf("Added; the running agent takes it at once: %s\n",
		       cli_command(cli, "status", command));
	else
		printf("Added; no agent is running: %s\n", cli_command(cli, "up", command));
}

static int add(const struct cli *cli, struct work *w, struct error *err)
{
	char peers[CONFIG_PATH_BYTES];
	int rc = cli_load_identity(cli, &w->id, err);

	if (rc == 0)
		rc = cli_load_trust(cli, &w->id.public, &w->trust, err);
	if (rc == 0)
		rc = read_cards(w, err);
	if (rc == 0)
		rc = check_cards(w, err);
	if (rc == 0)
		rc = config_path(cli->folder, "peers", peers, err);
	if (rc == 0)
		rc = trust_write(peers, w->additions, w->addition_count, err);
	return rc;
}

int cmd_add(int argc, char **argv, struct cli *cli)
{
	struct work w = {.source = "standard input"};
	struct error err;
	int rc = cli_parse(cli, argc, argv, &ARGP, &w.arguments);

	if (rc)
		return rc;
	if (w.arguments.as && text_check_name(w.arguments.as, &err)) {
		cli_failf("--as: %s", err.text);
		return CLI_USAGE;
	}
	w.cards = calloc(CARDS_MAX, sizeof(*w.cards));
	w.additions = calloc(CARDS_MAX, sizeof(*w.additions));
	if (!w.cards || !w.additions)
		rc = cli_failf("out of memory");
	else if (add(cli, &w, &err))
		rc = cli_fail(&err);
	if (rc == CLI_DONE) {
		say_added(cli, &w);
		cli_note_folder(cli);
	}
	free(w.cards);
	free(w.additions);
	trust_free(&w.trust);
	identity_free(&w.id);
	return rc;
}
