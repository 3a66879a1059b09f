/*
 * fuzz_control.c - any bytes from a client of the control socket: each line gets one answer
 *
 * The first byte says how the others are cut into pieces.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "agent/control.h"
#include "agent/control_line.h"
#include "fuzz.h"

enum {
	FRAME_MAX = 1514,
	TURNS_MAX = 100000,
	INPUT_MAX = 16384,
	ANSWERS_BYTES = 1 << 22, /* each line of the input may be one of some hundred bytes */
};

static uv_loop_t loop;
static struct control *control;
static char path[108];
static char answers[ANSWERS_BYTES];

/* As the agent's commands read theirs: texts, and a frame in hex. */
static void on_request(void *context, struct control_request *r)
{
	uint8_t *frame = malloc(FRAME_MAX);
	const char *hex = control_request_text(r, "frame"), *peer = control_request_text(r, "peer");
	int len = hex ? control_hex_decode(hex, frame, FRAME_MAX) : -EINVAL;

	(void)context;
	fuzz_must(len <= FRAME_MAX, "more bytes than there is room");
	fuzz_must(strlen(control_request_cmd(r)) < CONTROL_CMD_BYTES, "a command without an end");
	free(frame);
	if (peer)
		control_refuse(r, "there is no peer '%s' in %s/peers", peer, "folder");
	else if (len < 0)
		control_refuse(r, "this agent knows no command '%s'", control_request_cmd(r));
	else
		control_reply(r, json_pack("{s:i}", "len", len));
}

static void on_garbage(void *context)
{
	(void)context;
}

static void start(void)
{
	static const struct control_events events = {.on_request = on_request,
						     .on_garbage = on_garbage};
	struct error err;

	uv_loop_init(&loop);
	snprintf(path, sizeof(path), "%s/agent.sock", fuzz_folder());
	fuzz_must(control_open(&control, &loop, path, "", &events, &err) == 0, err.text);
}

static int dial(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, path);
	fuzz_must(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "no connection");
	return fd;
}

/* Say all, and hear what there is to hear until the end. Return: length of the answers */
static size_t talk(int fd, const uint8_t *bytes, size_t len, size_t piece)
{
	size_t sent = 0, heard = 0;

	for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
		size_t left = len - sent < piece ? len - sent : piece;
		ssize_t n = left ? send(fd, bytes + sent, left, MSG_NOSIGNAL) : 0;

		sent += n > 0 ? (size_t)n : 0;
		if (sent == len)
			shutdown(fd, SHUT_WR);
		uv_run(&loop, UV_RUN_NOWAIT);
		n = recv(fd, answers + heard, sizeof(answers) - heard, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return heard;
		heard += n > 0 ? (size_t)n : 0;
	}
	fuzz_must(false, "a client is never done");
	return 0;
}

static void check_answer(const char *line, size_t len)
{
	json_t *answer = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	bool ok = json_is_true(json_object_get(answer, "ok"));

	fuzz_must(json_is_object(answer), "an answer that is no object");
	fuzz_must(json_object_get(answer, "id") != NULL, "an answer without an id");
	fuzz_must(ok || json_is_string(json_object_get(answer, "error")),
		  "a refusal without a reason");
	json_decref(answer);
}

static size_t check_answers(size_t len)
{
	const char *at = answers, *end = answers + len, *newline;
	size_t count = 0;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))) != NULL; at = newline + 1, count++)
		check_answer(at, (size_t)(newline - at));
	fuzz_must(at == end, "half an answer");
	return count;
}

static size_t count_lines(const uint8_t *bytes, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += bytes[i] == '\n';
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t heard;
	int fd;

	if (size < 1 || size > INPUT_MAX)
		return 0;
	if (!control)
		start();
	fd = dial();
	heard = talk(fd, data + 1, size - 1, 1 + (size_t)data[0] * 4);
	fuzz_must(check_answers(heard) == count_lines(data + 1, size - 1),
		  "not one answer to each line");
	close(fd);
	return 0;
}
