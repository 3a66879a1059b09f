/*
 * run.c - longwire run: start a machine that is on the LAN
 *
 * Layer: agent (command line). See run.h.
 *
 * How it works. QEMU inherits one end of a pair of connected sockets, the agent gets the other one, and we
 * keep that open as long as QEMU lives. The pair carries messages: a frame is there or is not, so an
 * agent that ends in the middle of anything leaves nothing behind that its successor could stumble over.
 * SOCK_SEQPACKET stays connected to what it was connected to, so the agent takes it from anybody who may
 * ask at all; QEMU's older netdev knows SOCK_DGRAM only.
 */
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/control_client.h"
#include "cli.h"
#include "qemu_line.h"
#include "run.h"

#define MS_NS UINT64_C(1000000)

enum {
	PAIR_BYTES = 1 << 20, /* that may wait in each direction; the kernel may give less */
	FIRST_WITHIN_MS =
		3000, /* for an agent that is there to answer; else the machine starts without */
	LOCALLY_ADMINISTERED = 0x02, /* IEEE 802 U/L bit */
};

struct arguments {
	const char *vlan, *model;
	char **words;
	int count;
};

/* ---- arguments ---- */

static const struct argp_option OPTIONS[] = {
	{"vlan", 'V', "VLAN", 0, "Name of the vlan; needed only where there are several", 0},
	{"device", 'd', "MODEL", 0,
	 "Network card of the machine (default: e1000 in a PC, else virtio-net-pci)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'V':
		a->vlan = arg;
		return 0;
	case 'd':
		a->model = arg;
		return 0;
	case ARGP_KEY_ARG:
		a->words = state->argv + state->next - 1;
		a->count = state->argc - state->next + 1;
		state->next = state->argc; /* the rest is QEMU's */
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which machine? Give the command line of QEMU");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.args_doc = "-- qemu-system-... [ARGUMENT...]",
	.doc = "Start a QEMU machine that is on the LAN.\v"
	       "It gets a network card with a MAC address of its own, which is always the same "
	       "for the same -name or, without one, for the same disk. To choose the card "
	       "yourself, give QEMU a -device with netdev=" QEMU_NETDEV ".\n"
	       "The agent may be restarted, and started later; the machine does not notice.\n"
	       "Ends as the machine does, with its exit status; what is sent to run by kill(1) "
	       "is handed on to the machine.",
};

/* ---- its MAC ---- */

/* Who may use the agent may not always read the identity; the agent tells its public part. */
static int ask_key(const struct cli *cli, struct public_key *out, struct error *err)
{
	struct control_client client;
	json_t *answer = NULL, *agent;
	const char *key;
	int rc = control_client_open(&client, cli->folder, err);

	if (rc == 0)
		answer = control_client_ask(&client, json_pack("{s:s}", "cmd", "status"), err);
	control_client_close(&client);
	agent = json_object_get(json_object_get(answer, "status"), "agent");
	key = json_string_value(json_object_get(agent, "key"));
	rc = key ? public_key_parse(key, out, err) : -ENOENT;
	json_decref(answer);
	return rc;
}

static int find_key(const struct cli *cli, struct public_key *out, struct error *err)
{
	struct identity id;
	int rc = cli_load_identity(cli, &id, err);

	if (rc == 0)
		*out = id.public;
	identity_free(&id);
	if (rc == 0 || rc == -ENOENT || ask_key(cli, out, NULL) == 0)
		return rc == -ENOENT ? rc : 0;
	return error_set(
		err, rc,
		"the machine's MAC address is derived from the agent's key, and no agent "
		"runs that could be asked for it (%s); start the agent first, or give QEMU "
		"-device e1000,netdev=" QEMU_NETDEV ",mac=... with an address of your choice",
		err->text);
}

static int find_mac(const struct cli *cli, const struct qemu_line *line, struct mac *out,
		    struct error *err)
{
	struct public_key key;
	int rc;

	if (line->has_mac)
		return 0;
	if (!line->who[0]) { /* nothing tells it from others: so chance does */
		randombytes_buf(out->b, MAC_BYTES);
		out->b[0] = LOCALLY_ADMINISTERED;
		return 0;
	}
	rc = find_key(cli, &key, err);
	if (rc == 0)
		*out = identity_named_mac(&key, line->who);
	return rc;
}

/* ---- its end of the wire ---- */

static void enlarge(int fd)
{
	int bytes = PAIR_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static int make_pair(enum qemu_plug plug, int pair[2], struct error *err)
{
	int type = plug == QEMU_PLUG_DGRAM ? SOCK_SEQPACKET : SOCK_DGRAM;

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, -errno, "no descriptor is left");
	enlarge(pair[0]);
	enlarge(pair[1]);
	return 0;
}

/* ---- waiting ---- */

static int timeout_ms(const struct run_link *l, uint64_t now_ns)
{
	if (l->due_ns == 0)
		return -1;
	return l->due_ns <= now_ns ? 0 : (int)((l->due_ns - now_ns) / MS_NS) + 1;
}

/* Wait for the agent, the machine or a signal, and serve the former two. @signals: or -1. Return: true when a
 * signal is there */
static bool wait_once(struct run_link *l, int signals)
{
	struct pollfd on[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = l->control, .events = POLLIN},
		{.fd = run_link_drains(l) ? l->machine.fd : -1, .events = POLLIN},
	};

	poll(on, sizeof(on) / sizeof(on[0]), timeout_ms(l, clock_now_ns()));
	if (on[2].revents)
		run_link_drain(l);
	if (on[1].revents)
		run_link_read(l, clock_now_ns());
	run_link_tick(l, clock_now_ns());
	return on[0].revents != 0;
}

/* Two machines of one name are one to their MAC. */
static void note_twin(const struct run_link *l)
{
	char mac[MAC_TEXT_BYTES];

	if (!l->machine.mac || strcmp(l->port, l->machine.name) == 0)
		return;
	fprintf(stderr,
		"there is a '%s' already, so this machine is '%s' in longwire status; if that is "
		"a machine of the same -name or disk, both have the MAC address %s: end one of "
		"them, and give it another -name\n",
		l->machine.name, l->port, mac_format(l->machine.mac, mac));
}

static void note_start(const struct cli *cli, const struct run_link *l)
{
	char command[COMMAND_BYTES];

	cli_note_folder(cli);
	if (l->state != RUN_LINK_ATTACHED)
		fprintf(stderr,
			"no agent runs in %s: the machine is on the LAN as soon as one does; start "
			"it with: %s\n",
			cli->folder, cli_command(cli, "up", command));
	else
		note_twin(l);
}

/* An agent that refuses is worth knowing before the machine starts; that there is none is not.
 * Return: 0, or a negative errno with @err. */
static int try_first(struct run_link *l, struct error *err)
{
	uint64_t until_ns = clock_now_ns() + FIRST_WITHIN_MS * MS_NS;

	while (l->state != RUN_LINK_ATTACHED && l->tries == 0 && clock_now_ns() < until_ns)
		wait_once(l, -1);
	if (l->state == RUN_LINK_ATTACHED || l->code == 0 || l->code == -ENOENT ||
	    l->code == -EAGAIN)
		return 0;
	*err = l->why;
	return l->code;
}

/* Until the machine has ended. Return: the exit code. */
static int stay(struct run_link *l, const struct run_child *child)
{
	struct error said = {0};
	int status = 0;

	while (!wait_once(l, child->signals) || !run_child_signal(child, &status)) {
		if (l->code != -EPROTO || strcmp(l->why.text, said.text) == 0)
			continue;
		said = l->why;
		cli_fail(&said);
	}
	run_link_fini(l);
	return run_child_exit(child, status);
}

/* ---- one thing after the other ---- */

static int start_and_stay(const struct cli *cli, struct run_link *link, char **words, int theirs)
{
	struct run_child child;
	struct error err;

	if (try_first(link, &err) < 0)
		return cli_fail(&err);
	note_start(cli, link);
	if (run_child_start(&child, words, theirs, &err) < 0)
		return cli_fail(&err);
	close(theirs);
	return stay(link, &child);
}

static int run(const struct cli *cli, const struct arguments *a, const struct qemu_line *line,
	       struct qemu_added *added)
{
	struct run_machine machine = {.folder = cli->folder, .name = line->name, .vlan = a->vlan};
	struct run_link link;
	struct error err;
	char **words;
	int pair[2], code;

	if (make_pair(added->plug, pair, &err) < 0)
		return cli_fail(&err);
	machine.fd = pair[0];
	if (line->who[0] && !line->has_mac)
		machine.mac = &added->mac;
	added->fd = pair[1];
	words = qemu_line_build(line, added);
	if (!words)
		return cli_failf("out of memory");
	run_link_init(&link, &machine, clock_now_ns());
	code = start_and_stay(cli, &link, words, pair[1]);
	run_link_fini(&link);
	qemu_line_free(words);
	return code;
}

int cmd_run(int argc, char **argv, struct cli *cli)
{
	struct arguments a = {0};
	int rc = cli_parse_in_order(cli, argc, argv, &ARGP, &a);
	struct qemu_added added = {.model = a.model};
	char help[RUN_HELP_BYTES];
	struct qemu_line line;
	struct error err = {0};

	if (rc)
		return rc;
	added.model = a.model;
	rc = qemu_line_read(a.words, a.count, &line, &err);
	if (rc == 0)
		rc = run_ask(a.words, line.program + 1, help, &err);
	if (rc == 0 && qemu_line_plug(help, &added.plug, &err) < 0)
		return cli_failf("%s: %s", a.words[line.program], err.text);
	if (rc == 0)
		rc = find_mac(cli, &line, &added.mac, &err);
	return rc ? cli_fail(&err) : run(cli, &a, &line, &added);
}
