/*
 * init.c - longwire init: identity.key, agent.conf and peers/, where they are missing
 *
 * Layer: agent (command line). Overwrites nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "common/file.h"
#include "common/text.h"

enum {
	FOLDER_MODE = S_IRWXU,
	CONF_MODE = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH,
	CONF_BYTES = 2048
};

static const char CONF[] =
	"; agent.conf - this host's agent, its vlans and its ports\n"
	"; 'longwire check' reads it and says what would run.\n"
	"\n"
	"[agent]\n"
	"name   = %s\n"
	"listen = %d              ; UDP, all addresses, IPv4 and IPv6\n"
	"; at     = my-host.example    ; where others reach me: my card shows it (default port: "
	"listen)\n"
	"; group  = users              ; who else may ask the running agent for its status\n"
	"\n"
	"[vlan lan]\n"
	"id = 1                      ; the same on all hosts of this LAN\n"
	"\n"
	"[port hub]                  ; what QEMU calls mcast=230.0.0.1:33000\n"
	"vlan  = lan\n"
	"type  = mcast\n"
	"group = 230.0.0.1:33000\n"
	"; interface = auto          ; or lo, or the name of one whose LAN shares this hub\n"
	"; broadcast = 5000          ; broadcast frames a second; off: no limit\n";

static const struct argp_option OPTIONS[] = {
	{"name", 'n', "NAME", 0, "Name of this agent, as others see it (default: the host's)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **name = state->input;

	if (key != 'n')
		return ARGP_ERR_UNKNOWN;
	*name = arg;
	return 0;
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.doc = "Make identity.key, agent.conf and peers/ where they are missing. Overwrites "
	       "nothing.",
};

/* mkdir -p; what is there stays as it is. */
static int make_folders(const char *path, struct error *err)
{
	char copy[CONFIG_PATH_BYTES];
	struct stat st;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, FOLDER_MODE); /* the last one tells whether it worked */
		*slash = '/';
	}
	if (mkdir(path, FOLDER_MODE) == 0)
		return 0;
	if (errno != EEXIST)
		return error_set(err, -errno,
				 "cannot make the folder %s: %s; choose another with -C", path,
				 strerror(errno));
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return error_set(err, -ENOTDIR,
				 "%s is there and is no folder; choose another with -C", path);
	return -EEXIST;
}

static void say(const char *path, int rc)
{
	printf("%s: %s\n", path, rc == -EEXIST ? "was there, left as it is" : "made");
}

static int make_peers(const struct cli *cli, struct error *err)
{
	char path[CONFIG_PATH_BYTES];
	int rc = config_path(cli->folder, "peers", path, err);

	if (rc == 0)
		rc = make_folders(path, err);
	if (rc && rc != -EEXIST)
		return rc;
	say(path, rc);
	return 0;
}

/* An identity that is there has to be good, or nothing will run. */
static int make_identity(const struct cli *cli, struct error *err)
{
	char path[CONFIG_PATH_BYTES];
	struct identity id = {0};
	int rc = config_path(cli->folder, "identity.key", path, err), made;

	if (rc)
		return rc;
	made = identity_create(path, &id, err);
	rc = made == -EEXIST ? identity_load(path, &id, err) : made;
	identity_free(&id);
	if (rc == 0)
		say(path, made);
	return rc;
}

static int make_conf(const struct cli *cli, const char *name, struct error *err)
{
	char path[CONFIG_PATH_BYTES], text[CONF_BYTES];
	struct file_bytes bytes = {text, 0, CONF_MODE};
	struct config config;
	int rc = config_path(cli->folder, "agent.conf", path, err), made;

	if (rc)
		return rc;
	bytes.len = (size_t)snprintf(text, sizeof(text), CONF, name, LISTEN_PORT_DEFAULT);
	made = file_create(path, &bytes, err);
	rc = made == -EEXIST ? config_load(cli->folder, &config, err) : made;
	if (rc == 0)
		say(path, made);
	return rc;
}

int cmd_init(int argc, char **argv, struct cli *cli)
{
	char default_name[NAME_BYTES], command[COMMAND_BYTES];
	const char *name = NULL;
	struct error err;
	int rc = cli_parse(cli, argc, argv, &ARGP, &name);

	if (rc)
		return rc;
	if (name && text_check_name(name, &err)) {
		cli_fail(&err);
		return CLI_USAGE;
	}
	config_default_name(default_name);
	rc = make_folders(cli->folder, &err);
	if ((rc && rc != -EEXIST) || make_identity(cli, &err) ||
	    make_conf(cli, name ? name : default_name, &err) || make_peers(cli, &err))
		return cli_fail(&err);
	printf("Your card, to be sent to others: %s\n", cli_command(cli, "card", command));
	printf("Trust the card that somebody sent: %s\n", cli_command(cli, "add", command));
	printf("Run the agent: %s\n", cli_command(cli, "up", command));
	cli_note_folder(cli);
	return CLI_DONE;
}
