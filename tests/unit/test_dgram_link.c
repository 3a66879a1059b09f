/*
 * test_dgram_link.c - agent/ports/dgram_link.h with real sockets
 */
#include "unit.h"

#include <errno.h>

#include "../../agent/ports/dgram_link.h"
#include "scratch.h"

enum {
	FRAMES = 3,
	LEN = 60
};

static struct port port;
static struct unix_socket ours;
static struct dgram_link way;
static const uint8_t frame[LEN] = {2};

static struct endpoint path_of(const char *name)
{
	struct endpoint e = {.kind = ENDPOINT_PATH};

	strcpy(e.text, scratch_path(name));
	return e;
}

/* What a machine does: bind anew, whatever is there. */
static int bind_machine(const char *name)
{
	struct endpoint e = path_of(name);
	struct sockaddr_un at;
	socklen_t len = endpoint_to_unix(&e, &at);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	unlink(e.text);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	return fd;
}

static int begin(void **state)
{
	struct plug_config config = {.mode = 0600};
	struct endpoint machine;

	if (scratch_begin(state))
		return -1;
	memset(&port, 0, sizeof(port));
	config.local = path_of("ours");
	machine = path_of("machine");
	return unix_socket_open(&ours, SOCK_DGRAM, &config, NULL) ||
	       dgram_link_init(&way, &machine, DGRAM_ANYBODY, &ours);
}

static int finish(void **state)
{
	struct endpoint at = path_of("ours");

	(void)state;
	dgram_link_fini(&way);
	unix_socket_close(&ours, &at);
	return 0;
}

static void send_frames(int count)
{
	for (int i = 0; i < count; i++)
		dgram_link_send(&way, &port, frame, LEN);
	dgram_link_flush(&way, &port);
}

static int count_received(int fd)
{
	uint8_t bytes[LEN + 1];
	int count = 0;

	while (recv(fd, bytes, sizeof(bytes), 0) == LEN)
		count++;
	return count;
}

static void frames_reach_a_machine_in_their_number(void **state)
{
	int machine = bind_machine("machine");

	(void)state;
	assert_int_equal(dgram_link_reach(&way), 0);
	send_frames(FRAMES);
	assert_int_equal(count_received(machine), FRAMES);
	assert_int_equal(port.tx_frames, FRAMES);
	assert_int_equal(port.tx_bytes, FRAMES * LEN);
	close(machine);
}

static void a_machine_that_was_restarted_gets_the_very_next_frame(void **state)
{
	int machine = bind_machine("machine");

	(void)state;
	dgram_link_reach(&way);
	close(machine);
	machine = bind_machine("machine");
	send_frames(FRAMES);
	assert_int_equal(count_received(machine), FRAMES);
	assert_int_equal(port.drops[DROP_PORT_DOWN], 0);
	close(machine);
}

static void frames_for_a_machine_that_is_gone_are_counted(void **state)
{
	int machine = bind_machine("machine");
	char detail[256];

	(void)state;
	dgram_link_reach(&way);
	close(machine);
	send_frames(FRAMES);
	assert_int_equal(port.drops[DROP_PORT_DOWN], FRAMES);
	assert_int_equal(port.tx_frames, 0);
	assert_true(dgram_link_is_gone(&way));
	dgram_link_say(&way, "/vm", detail, sizeof(detail));
	assert_contains(detail, "no machine has bound /vm: start it");
	send_frames(1);
	assert_int_equal(port.drops[DROP_PORT_DOWN], FRAMES + 1);
	unlink(scratch_path("machine"));
	assert_int_equal(dgram_link_reach(&way), -ENOENT);
	assert_true(dgram_link_is_gone(&way));
}

static void a_full_queue_costs_what_does_not_fit_and_nothing_else(void **state)
{
	int machine = bind_machine("machine"), limit = dgram_queue_limit(), received, sent = 0;

	(void)state;
	dgram_link_reach(&way);
	for (; sent < limit + 40; sent += 10)
		send_frames(10);
	received = count_received(machine);
	assert_in_range(received, limit, limit + 1);
	assert_int_equal(port.tx_frames, received);
	assert_int_equal(port.tx_frames + port.drops[DROP_PORT_FULL], sent);
	send_frames(1);
	assert_int_equal(count_received(machine), 1);
	close(machine);
}

static void a_machine_that_connected_its_socket_hears_us_too(void **state)
{
	int machine = bind_machine("machine");
	struct endpoint at = path_of("ours");
	struct sockaddr_un name;
	socklen_t len = endpoint_to_unix(&at, &name);

	(void)state;
	assert_int_equal(connect(machine, (struct sockaddr *)&name, len), 0);
	assert_int_equal(dgram_link_reach(&way), 0);
	send_frames(FRAMES);
	assert_int_equal(count_received(machine), FRAMES);
	close(machine);
	send_frames(1);
	assert_int_equal(port.drops[DROP_PORT_DOWN], 1);
}

static void a_machine_that_connects_while_we_send_hears_on(void **state)
{
	int machine = bind_machine("machine");
	struct endpoint at = path_of("ours");
	struct sockaddr_un name;
	socklen_t len = endpoint_to_unix(&at, &name);

	(void)state;
	dgram_link_reach(&way);
	assert_int_equal(connect(machine, (struct sockaddr *)&name, len), 0);
	send_frames(FRAMES);
	assert_int_equal(count_received(machine), FRAMES);
	close(machine);
}

static void what_is_no_datagram_socket_is_said(void **state)
{
	struct endpoint e = path_of("machine");
	struct sockaddr_un at;
	socklen_t len = endpoint_to_unix(&e, &at);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char detail[256];

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(dgram_link_reach(&way), -EPROTOTYPE);
	assert_false(dgram_link_is_gone(&way));
	dgram_link_say(&way, "/vm", detail, sizeof(detail));
	assert_contains(detail, "/vm is no datagram socket: use a port of type stream");
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_reach_a_machine_in_their_number),
		TEST(a_machine_that_was_restarted_gets_the_very_next_frame),
		TEST(frames_for_a_machine_that_is_gone_are_counted),
		TEST(a_full_queue_costs_what_does_not_fit_and_nothing_else),
		TEST(a_machine_that_connected_its_socket_hears_us_too),
		TEST(a_machine_that_connects_while_we_send_hears_on),
		TEST(what_is_no_datagram_socket_is_said),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
