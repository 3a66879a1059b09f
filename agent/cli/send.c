/*
 * send.c - longwire send: put one frame on the LAN
 *
 * Layer: agent (command line).
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/control_client.h"
#include "agent/control_line.h"
#include "agent/json_text.h"
#include "cli.h"
#include "common/ether.h"

enum {
	TEXT_MAX_BYTES = 1 << 20 /* the longest frame with colons, several times over */
};

/* struct arguments - @hex: digits of all arguments together, on the heap; NULL: standard input */
struct arguments {
	const char *vlan;
	char *hex;
	bool from_stdin;
};

static const struct argp_option OPTIONS[] = {
	{"vlan", 'V', "VLAN", 0, "Name of the vlan; needed only where there are several", 0},
	{0},
};

static int add_hex(struct arguments *a, const char *arg)
{
	char *joined = NULL;

	if (asprintf(&joined, "%s %s", a->hex ? a->hex : "", arg) < 0)
		return ENOMEM;
	free(a->hex);
	a->hex = joined;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'V':
		a->vlan = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (strcmp(arg, "-") != 0)
			return add_hex(a, arg);
		a->from_stdin = true;
		return 0;
	case ARGP_KEY_END:
		if (!a->hex == !a->from_stdin)
			argp_error(state, "give the frame in hexadecimal digits, or - to read them "
					  "from standard input");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ARGP = {
	.options = OPTIONS,
	.parser = parse,
	.args_doc = "HEX|-",
	.doc = "Put one Ethernet frame on the LAN, as if a machine of this host had sent it.\v"
	       "HEX starts with the destination address; blanks and colons between bytes are fine.",
};

/* Return: heap text, or NULL with @err */
static char *read_stdin(struct error *err)
{
	char *text = malloc(TEXT_MAX_BYTES);
	size_t len = text ? fread(text, 1, TEXT_MAX_BYTES, stdin) : 0;

	if (text && len < TEXT_MAX_BYTES) {
		text[len] = '\0';
		return text;
	}
	free(text);
	error_set(err, -EFBIG, "standard input is longer than any frame");
	return NULL;
}

/* Return: the frame's digits without anything between, on the heap; or NULL with @err */
static char *compact(const char *text, struct error *err)
{
	uint8_t *frame = malloc(FRAME_MAX_BYTES);
	char *hex = malloc(FRAME_MAX_BYTES * 2 + 1);
	int len = frame && hex ? control_hex_decode(text, frame, FRAME_MAX_BYTES) : -ENOMEM;

	if (len == -E2BIG)
		error_set(err, len, "the frame is longer than %d bytes", FRAME_MAX_BYTES);
	else if (len < 0)
		error_set(err, len, "a frame is given in hexadecimal digits, two for each byte");
	else if (len < ETHER_HEADER_BYTES)
		len = error_set(err, -EINVAL,
				"the frame has %d bytes; the shortest one is an Ethernet header "
				"(destination, source, type): %d bytes",
				len, ETHER_HEADER_BYTES);
	if (len > 0)
		sodium_bin2hex(hex, FRAME_MAX_BYTES * 2 + 1, frame, (size_t)len);
	free(frame);
	if (len > 0)
		return hex;
	free(hex);
	return NULL;
}

static int send_frame(const char *folder, const char *vlan, const char *hex, struct error *err)
{
	json_t *request = json_pack("{s:s, s:s}", "cmd", "send", "frame", hex);
	struct control_client client;
	json_t *answer = NULL;
	int rc;

	if (vlan)
		json_object_set_new(request, "vlan", json_text(vlan));
	rc = control_client_open(&client, folder, err);
	if (rc == 0)
		answer = control_client_ask(&client, json_incref(request), err);
	control_client_close(&client);
	json_decref(request);
	json_decref(answer);
	return answer ? 0 : -EIO;
}

int cmd_send(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	int rc = cli_parse(cli, argc, argv, &ARGP, &arguments);
	struct error err = {0};
	char *hex;

	if (rc)
		return rc;
	if (arguments.from_stdin)
		arguments.hex = read_stdin(&err);
	hex = arguments.hex ? compact(arguments.hex, &err) : NULL;
	rc = hex ? send_frame(cli->folder, arguments.vlan, hex, &err) : -EINVAL;
	free(arguments.hex);
	free(hex);
	if (rc)
		return cli_fail(&err);
	cli_note_folder(cli);
	return CLI_DONE;
}
