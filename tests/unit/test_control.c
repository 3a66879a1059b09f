/*
 * test_control.c - agent/control.h, over a real socket and loop, both ends in this process
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/control.h"
#include "agent/control_line.h"

enum {
	PATH_BYTES = 100,
	ANSWER_BYTES = 4096,
	TURNS_MAX = 2000,
};

static char folder[PATH_BYTES];
static char path[PATH_BYTES + 16];
static uv_loop_t loop;
static struct control *control;
static struct control_request *held; /* of the command "hold" */
static struct control_given given;   /* of the command "give" */
static int garbage;

static void on_request(void *context, struct control_request *r)
{
	const char *text = control_request_text(r, "text");

	(void)context;
	if (strcmp(control_request_cmd(r), "echo") == 0)
		control_reply(r, json_pack("{s:s?, s:b}", "text", text, "owner",
					   control_request_is_owner(r)));
	else if (strcmp(control_request_cmd(r), "hold") == 0)
		held = r;
	else if (strcmp(control_request_cmd(r), "give") == 0)
		assert_int_equal(control_give_away(r, json_pack("{s:i}", "stream", 1), &given), 0);
	else
		control_refuse(r, "there is no command '%s'", control_request_cmd(r));
}

static void on_garbage(void *context)
{
	(void)context;
	garbage++;
}

static const struct control_events EVENTS = {.on_request = on_request, .on_garbage = on_garbage};

static int setup(void **state)
{
	(void)state;
	garbage = 0;
	held = NULL;
	signal(SIGPIPE, SIG_IGN); /* as the agent does: clients hang up when they like */
	snprintf(folder, sizeof(folder), "/tmp/longwire-control-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/agent.sock", folder);
	uv_loop_init(&loop);
	return control_open(&control, &loop, path, "", &EVENTS, NULL);
}

static int teardown(void **state)
{
	(void)state;
	control_close(control);
	uv_run(&loop, UV_RUN_DEFAULT);
	unlink(path);
	return uv_loop_close(&loop) || rmdir(folder);
}

static int dial(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* Run the loop until a whole line, or the end, has come. Return: it, static, without line end */
static const char *hear(int fd)
{
	static char answer[ANSWER_BYTES];
	size_t len = 0;

	for (int i = 0; i < TURNS_MAX; i++) {
		ssize_t n = recv(fd, answer + len, 1, 0);

		if (n == 0)
			return "(end)";
		if (n < 0 && errno == ECONNRESET)
			return "(end)";
		if (n < 0) {
			uv_run(&loop, UV_RUN_NOWAIT);
			usleep(100);
		} else if (answer[len++] == '\n') {
			answer[len - 1] = '\0';
			return answer;
		}
	}
	return "(nothing)";
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static const char *ask(int fd, const char *line)
{
	say(fd, line);
	return hear(fd);
}

static void a_request_is_answered_under_its_id(void **state)
{
	int fd = dial();

	(void)state;
	assert_string_equal(ask(fd, "{\"id\":\"x\",\"cmd\":\"echo\",\"text\":\"hi\"}\n"),
			    "{\"id\":\"x\",\"ok\":true,\"text\":\"hi\",\"owner\":true}");
	assert_string_equal(ask(fd, "{\"cmd\":\"dance\"}\n"),
			    "{\"id\":null,\"ok\":false,\"error\":\"there is no command 'dance'\"}");
	close(fd);
}

static void requests_sent_together_are_answered_in_order(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "{\"id\":1,\"cmd\":\"echo\"}\n{\"id\":2,\"cmd\":\"echo\"}\n");
	assert_contains(hear(fd), "\"id\":1,");
	assert_contains(hear(fd), "\"id\":2,");
	close(fd);
}

static void garbage_is_counted_answered_and_survived(void **state)
{
	int fd = dial();

	(void)state;
	assert_contains(ask(fd, "GET / HTTP/1.1\n"), "\"ok\":false");
	assert_contains(ask(fd, "\n"), "\"ok\":false");
	assert_contains(ask(fd, "{\"id\":5}\n"), "{\"id\":5,\"ok\":false");
	assert_int_equal(garbage, 3);
	assert_contains(ask(fd, "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	close(fd);
}

static void a_refusal_of_what_is_no_utf8_still_says_why(void **state)
{
	int fd = dial();

	(void)state;
	assert_contains(ask(fd, "{\"cmd\":\"\xff\n"), "\"error\":\"");
	assert_contains(ask(fd, "{\"cmd\":\"\\u006\xca\x99\xdd\x82\xf5\xf5\n"), "\"error\":\"");
	close(fd);
}

static void a_line_that_never_ends_is_refused_and_hung_up_on(void **state)
{
	char block[4096];
	int fd = dial();
	const char *answer = "(nothing)";

	(void)state;
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < TURNS_MAX && garbage == 0; i++) {
		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0)
			usleep(100);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	answer = hear(fd);
	assert_contains(answer, "too long");
	assert_string_equal(hear(fd), "(end)");
	assert_int_equal(garbage, 1);
	close(fd);
}

static void a_client_that_never_reads_is_not_read_either(void **state)
{
	static const char LINE[] =
		"{\"cmd\":\"echo\",\"text\":\"0123456789012345678901234567890\"}\n";
	int fd = dial(), refused = 0;

	(void)state;
	for (int i = 0; i < 100000 && refused < 50; i++) {
		if (send(fd, LINE, sizeof(LINE) - 1, MSG_NOSIGNAL) < 0)
			refused++;
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(refused, 50);
	close(fd);
}

static void an_answer_may_come_later_and_its_client_may_be_gone(void **state)
{
	int fd = dial(), other = dial();

	(void)state;
	say(fd, "{\"cmd\":\"hold\"}\n");
	assert_contains(ask(other, "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	assert_non_null(held);
	close(fd);
	uv_run(&loop, UV_RUN_NOWAIT);
	control_reply(held, json_object());
	assert_contains(ask(other, "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	close(other);
}

static void a_connection_that_is_given_away_is_the_takers_own(void **state)
{
	int fd = dial(), other = dial();

	(void)state;
	say(fd, "{\"id\":3,\"cmd\":\"give\"}\n{\"cmd\":\"echo\"}\n");
	assert_string_equal(hear(fd), "(nothing)"); /* the request behind it has no answer */
	assert_string_equal(given.answer, "{\"id\":3,\"ok\":true,\"stream\":1}\n");
	for (int i = 0; i < 2 * CONTROL_CLIENTS_MAX; i++) {
		close(dial()); /* it is none that could make room */
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	assert_contains(ask(other, "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	assert_int_equal(send(given.fd, "later\n", 6, MSG_NOSIGNAL), 6);
	assert_string_equal(hear(fd), "later");
	close(given.fd);
	assert_string_equal(hear(fd), "(end)");
	free(given.answer);
	close(fd);
	close(other);
}

static void with_all_places_taken_the_longest_idle_goes(void **state)
{
	int fds[CONTROL_CLIENTS_MAX], fd;

	(void)state;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = dial();
		assert_contains(ask(fds[i], "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	}
	assert_contains(ask(fds[0], "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	fd = dial();
	assert_contains(ask(fd, "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	assert_string_equal(hear(fds[1]), "(end)");
	assert_contains(ask(fds[0], "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	close(fd);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
}

static void a_thousand_connections_end_nothing(void **state)
{
	int fd;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		fd = dial();
		say(fd, "x");
		uv_run(&loop, UV_RUN_NOWAIT);
		close(fd);
	}
	fd = dial();
	assert_contains(ask(fd, "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	close(fd);
}

static void the_socket_is_for_its_owner_only(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_live_agents_socket_is_not_taken(void **state)
{
	struct control *second = NULL;
	struct error err;
	int fd;

	(void)state;
	assert_int_equal(control_open(&second, &loop, path, "", &EVENTS, &err), -EADDRINUSE);
	assert_error(&err, "an agent answers there already");
	fd = dial();
	assert_contains(ask(fd, "{\"cmd\":\"echo\"}\n"), "\"ok\":true");
	close(fd);
}

/* What a killed agent leaves: a socket file that nobody listens on */
static void leave_socket_behind(const char *at)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(name.sun_path, at);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
}

static void a_dead_agents_socket_is_replaced(void **state)
{
	struct control *second = NULL;
	char other[sizeof(path) + 8];

	(void)state;
	snprintf(other, sizeof(other), "%s.2", path);
	leave_socket_behind(other);
	assert_int_equal(control_open(&second, &loop, other, "", &EVENTS, NULL), 0);
	control_close(second);
}

static void a_file_that_is_no_socket_is_not_removed(void **state)
{
	struct control *second = NULL;
	char other[sizeof(path) + 8];
	struct stat st;

	(void)state;
	snprintf(other, sizeof(other), "%s.2", path);
	close(open(other, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(control_open(&second, &loop, other, "", &EVENTS, NULL), -EADDRINUSE);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(unlink(other), 0);
}

static void a_path_that_is_too_long_and_a_group_that_is_none_are_said(void **state)
{
	struct control *second = NULL;
	char other[300] = "/tmp/";
	struct error err;

	(void)state;
	memset(other + 5, 'x', sizeof(other) - 6);
	assert_int_equal(control_open(&second, &loop, other, "", &EVENTS, &err), -ENAMETOOLONG);
	assert_error(&err, "control =");
	assert_int_equal(control_open(&second, &loop, "/tmp/x", "nobody-has-this", &EVENTS, &err),
			 -ENOENT);
	assert_error(&err, "no group 'nobody-has-this'");
}

int main(void)
{
#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CONTROL_TEST(a_request_is_answered_under_its_id),
		CONTROL_TEST(requests_sent_together_are_answered_in_order),
		CONTROL_TEST(garbage_is_counted_answered_and_survived),
		CONTROL_TEST(a_refusal_of_what_is_no_utf8_still_says_why),
		CONTROL_TEST(a_line_that_never_ends_is_refused_and_hung_up_on),
		CONTROL_TEST(a_client_that_never_reads_is_not_read_either),
		CONTROL_TEST(an_answer_may_come_later_and_its_client_may_be_gone),
		CONTROL_TEST(a_connection_that_is_given_away_is_the_takers_own),
		CONTROL_TEST(with_all_places_taken_the_longest_idle_goes),
		CONTROL_TEST(a_thousand_connections_end_nothing),
		CONTROL_TEST(the_socket_is_for_its_owner_only),
		CONTROL_TEST(a_live_agents_socket_is_not_taken),
		CONTROL_TEST(a_dead_agents_socket_is_replaced),
		CONTROL_TEST(a_file_that_is_no_socket_is_not_removed),
		CONTROL_TEST(a_path_that_is_too_long_and_a_group_that_is_none_are_said),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
