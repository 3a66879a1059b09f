/*
 * test_fd_link.c - agent/ports/fd_link.h
 */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../agent/ports/fd_link.h"

enum {
	SLOT_BYTES = 2049,
	FRAME_BYTES = 60,
	TURNS = 50 /* of the loop; each takes all that is there */
};

/* A link, and the machine at its other end. */
static struct {
	uv_loop_t loop;
	struct udp_area area;
	struct port port;
	struct fd_link link;
	int machine;
	int frames, ends;
	size_t last_len;
	uint8_t last_byte;
} t;

static void on_frame(void *context, const uint8_t *frame, size_t len,
		     const struct port_source *source)
{
	(void)context;
	(void)source;
	t.frames++;
	t.last_len = len;
	t.last_byte = len ? frame[len - 1] : 0;
}

static void on_batch_end(void *context)
{
	(void)context;
}

static void on_end(void *context)
{
	assert_ptr_equal(context, &t);
	t.ends++;
	fd_link_close(&t.link);
}

static void turn(void)
{
	for (int i = 0; i < TURNS; i++)
		uv_run(&t.loop, UV_RUN_NOWAIT);
}

static void start(int type)
{
	struct stream_use use;
	int pair[2];

	memset(&t, 0, sizeof(t));
	uv_loop_init(&t.loop);
	t.area = (struct udp_area){.bytes = malloc(UDP_BATCH * SLOT_BYTES),
				   .slot_bytes = SLOT_BYTES};
	t.port.events = (struct port_events){.on_frame = on_frame, .on_batch_end = on_batch_end};
	use = (struct stream_use){&t.loop, &t.area, on_end};
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
	t.machine = pair[1];
	assert_int_equal(fd_link_check(pair[0], NULL), 0);
	assert_int_equal(fd_link_open(&t.link, pair[0], &use, &t.port, &t), 0);
	assert_true(fd_link_is_open(&t.link));
}

static void stop(void)
{
	fd_link_close(&t.link);
	assert_false(fd_link_is_open(&t.link));
	if (t.machine >= 0)
		close(t.machine);
	uv_run(&t.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t.loop), 0);
	free(t.area.bytes);
}

/* What the machine does; a stream has its lengths in front. */
static void machine_sends(int type, size_t len)
{
	uint8_t bytes[4 + 4096] = {0};

	bytes[2] = (uint8_t)(len >> 8);
	bytes[3] = (uint8_t)len;
	bytes[4 + len - 1] = 0x77;
	if (type == SOCK_STREAM)
		assert_int_equal(send(t.machine, bytes, 4 + len, 0), 4 + len);
	else
		assert_int_equal(send(t.machine, bytes + 4, len, 0), len);
}

static void send_some(int count)
{
	uint8_t frame[FRAME_BYTES] = {0};

	for (int i = 0; i < count; i++) {
		frame[FRAME_BYTES - 1] = (uint8_t)i;
		fd_link_send(&t.link, frame, sizeof(frame));
	}
	fd_link_flush(&t.link);
}

static const int TYPES[] = {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};

#define each_type(type) (size_t i_ = 0, type; i_ < 3 && ((type = (size_t)TYPES[i_]), 1); i_++)

static void frames_cross_in_both_directions(void **state)
{
	(void)state;
	for
		each_type(type)
		{
			size_t head = type == SOCK_STREAM ? 4 : 0;
			uint8_t got[128];

			start((int)type);
			machine_sends((int)type, FRAME_BYTES);
			machine_sends((int)type, 14);
			turn();
			assert_int_equal(t.frames, 2);
			assert_int_equal(t.last_len, 14);
			assert_int_equal(t.last_byte, 0x77);
			assert_int_equal(t.port.rx_frames, 2);
			send_some(1);
			assert_int_equal(recv(t.machine, got, sizeof(got), MSG_DONTWAIT),
					 head + FRAME_BYTES);
			assert_int_equal(t.port.tx_frames, 1);
			assert_int_equal(t.port.tx_bytes, FRAME_BYTES);
			stop();
		}
}

static void a_frame_that_is_too_long_is_dropped_alone(void **state)
{
	(void)state;
	for
		each_type(type)
		{
			start((int)type);
			machine_sends((int)type, SLOT_BYTES + 1);
			machine_sends((int)type, FRAME_BYTES);
			turn();
			assert_int_equal(t.frames, 1);
			assert_int_equal(t.port.drops[DROP_LONG_FRAME], 1);
			assert_int_equal(t.ends, 0);
			stop();
		}
}

static void a_machine_that_does_not_read_costs_its_own_frames(void **state)
{
	(void)state;
	for
		each_type(type)
		{
			start((int)type);
			for (int i = 0; i < 2000; i++) /* 120 MB in all */
				send_some(1000);
			assert_true(t.port.drops[DROP_PORT_FULL] > 0);
			assert_int_equal(t.port.tx_frames + t.port.drops[DROP_PORT_FULL], 2000000);
			machine_sends((int)type, FRAME_BYTES);
			turn();
			assert_int_equal(t.frames, 1);
			assert_int_equal(t.ends, 0);
			stop();
		}
}

static void the_end_of_a_connection_is_noticed_at_once(void **state)
{
	(void)state;
	for
		each_type(type)
		{
			if (type == SOCK_DGRAM)
				continue;
			start((int)type);
			machine_sends((int)type, FRAME_BYTES);
			close(t.machine);
			t.machine = -1;
			turn();
			assert_int_equal(t.frames, 1);
			assert_int_equal(t.ends, 1);
			stop();
		}
}

static void the_end_of_a_datagram_pair_is_noticed_with_the_next_frame(void **state)
{
	(void)state;
	start(SOCK_DGRAM);
	machine_sends(SOCK_DGRAM, FRAME_BYTES);
	close(t.machine);
	t.machine = -1;
	turn();
	assert_int_equal(t.frames, 1);
	assert_int_equal(t.ends, 0);
	send_some(5);
	assert_int_equal(t.ends, 0); /* never from within */
	send_some(1);
	assert_int_equal(t.port.drops[DROP_PORT_DOWN], 6);
	turn();
	assert_int_equal(t.ends, 1);
	stop();
}

static void a_descriptor_that_somebody_shuts_down_is_at_its_end(void **state)
{
	(void)state;
	for
		each_type(type)
		{
			start((int)type);
			machine_sends((int)type, FRAME_BYTES);
			assert_int_equal(
				shutdown(t.link.conn.poll ? t.link.conn.fd : t.link.fd, SHUT_RD),
				0);
			turn();
			assert_int_equal(t.frames, 1);
			assert_int_equal(t.ends, 1);
			stop();
		}
}

static void an_empty_datagram_is_no_end_and_an_empty_record_is(void **state)
{
	(void)state;
	start(SOCK_DGRAM);
	assert_int_equal(send(t.machine, "", 0, 0), 0);
	machine_sends(SOCK_DGRAM, FRAME_BYTES);
	turn();
	assert_int_equal(t.ends, 0);
	assert_int_equal(t.last_len, FRAME_BYTES);
	stop();
	start(SOCK_SEQPACKET);
	assert_int_equal(send(t.machine, "", 0, 0), 0);
	turn();
	assert_int_equal(t.ends, 1);
	stop();
}

static void a_link_that_ends_in_a_flush_may_be_closed_before_the_loop_runs(void **state)
{
	(void)state;
	start(SOCK_DGRAM);
	close(t.machine);
	t.machine = -1;
	send_some(1);
	fd_link_close(&t.link);
	turn();
	assert_int_equal(t.ends, 0);
	stop();
}

/* ---- what is no end of a pair ---- */

static void assert_unfit(int fd, const char *message)
{
	struct error err;

	assert_true(fd >= 0);
	assert_true(fd_link_check(fd, &err) < 0);
	assert_error(&err, message);
	close(fd);
}

/* As a program that speaks to the system log has it. */
static int connected_to_a_name(int type)
{
	const struct sockaddr any = {.sa_family = AF_UNIX}; /* the kernel chooses a name */
	int service = socket(AF_UNIX, type, 0), fd = socket(AF_UNIX, type, 0);
	struct sockaddr_un name;
	socklen_t len = sizeof(name);

	assert_int_equal(bind(service, &any, sizeof(sa_family_t)), 0);
	if (type != SOCK_DGRAM)
		assert_int_equal(listen(service, 1), 0);
	assert_int_equal(getsockname(service, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&name, len), 0);
	if (type == SOCK_DGRAM)
		close(service); /* else it would be no connection any more; the test ends soon */
	return fd;
}

static void what_could_be_connected_elsewhere_is_taken_from_nobody_but_us(void **state)
{
	struct error err;

	(void)state;
	for
		each_type(type)
		{
			int pair[2], named = connected_to_a_name((int)type);

			assert_int_equal(socketpair(AF_UNIX, (int)type, 0, pair), 0);
			assert_int_equal(fd_link_check(pair[0], &err), 0);
			assert_int_equal(fd_link_check_foreign(pair[0], &err),
					 type == SOCK_DGRAM ? -EPERM : 0);
			assert_true(fd_link_check_foreign(named, &err) < 0);
			close(pair[0]);
			close(pair[1]);
			close(named);
		}
}

static void a_descriptor_that_nothing_is_behind_is_refused(void **state)
{
	const struct sockaddr_in anywhere = {.sin_family = AF_INET,
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
					     .sin_port = htons(9)};
	int pair[2], fd;

	(void)state;
	assert_unfit(dup(STDIN_FILENO), "is no unix socket");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&anywhere, sizeof(anywhere)), 0);
	assert_unfit(fd, "is no unix socket");
	assert_unfit(socket(AF_UNIX, SOCK_DGRAM, 0), "is not connected");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&(struct sockaddr){.sa_family = AF_UNIX},
			      sizeof(sa_family_t)),
			 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_unfit(fd, "listens for connections");
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(send(pair[0], "x", 1, MSG_NOSIGNAL), -1);
	assert_unfit(pair[0], "its other end was closed");
	assert_unfit(connected_to_a_name(SOCK_DGRAM), "is connected to a socket that has a name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_cross_in_both_directions),
		cmocka_unit_test(a_frame_that_is_too_long_is_dropped_alone),
		cmocka_unit_test(a_machine_that_does_not_read_costs_its_own_frames),
		cmocka_unit_test(the_end_of_a_connection_is_noticed_at_once),
		cmocka_unit_test(the_end_of_a_datagram_pair_is_noticed_with_the_next_frame),
		cmocka_unit_test(a_descriptor_that_somebody_shuts_down_is_at_its_end),
		cmocka_unit_test(an_empty_datagram_is_no_end_and_an_empty_record_is),
		cmocka_unit_test(a_link_that_ends_in_a_flush_may_be_closed_before_the_loop_runs),
		cmocka_unit_test(what_could_be_connected_elsewhere_is_taken_from_nobody_but_us),
		cmocka_unit_test(a_descriptor_that_nothing_is_behind_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
