/*
 * test_mcast_burst.c - what a hub port does to machines when much comes at once
 *
 * Layer: platform test. Machines are sockets such as QEMU opens, with the kernel's default buffer: what it has
 * no room for is lost. They read as fast as a test lets them.
 */
#include "hub.h"

#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../agent/ports/mcast_socket.h"
#include "agent/clock.h"

enum {
	FULL_FRAME = 1514,
	BURST = 200,       /* full frames: twice what a default buffer holds */
	SLOW_PER_MS = 50,  /* frames that a slow machine reads */
	FLOOD_FRAMES = 50, /* of the longest: more than the backlog takes */
	STREAM_FRAMES = 20000,
	STREAM_BATCH = 20,
	NS_PER_MS = 1000000,
	RUN = 40, /* frames in one system call */
};

/* The @number-th frame of @sender: whoever hears both can tell. */
static void send_numbered(struct agent *a, uint8_t sender, uint32_t number)
{
	uint8_t bytes[FULL_FRAME] = {0};

	bytes[2 * MAC_BYTES - 1] = sender;
	memcpy(bytes + ETHER_HEADER_BYTES, &number, sizeof(number));
	a->port->ops->send(a->port, bytes, sizeof(bytes));
}

/* Frames that a machine read of two senders; those of each must come in order, each once. */
struct reader_of_frames {
	int fd;
	int count;
	uint32_t next[2];
};

/* Read at most so many; how many there were. */
static int read_some(struct reader_of_frames *r, int most)
{
	uint8_t bytes[MAX_FRAME];
	uint32_t number;
	int count = 0;

	while (count < most && recv(r->fd, bytes, sizeof(bytes), 0) == FULL_FRAME) {
		uint8_t sender = bytes[2 * MAC_BYTES - 1];

		memcpy(&number, bytes + ETHER_HEADER_BYTES, sizeof(number));
		assert_in_range(sender, 0, 1);
		assert_true(number >= r->next[sender]);
		r->next[sender] = number + 1;
		count++;
	}
	r->count += count;
	return count;
}

/*
 * Run until all is sent, with the machine reading so many frames in a millisecond. Return: false if this
 * process had a pause meanwhile, so that it was much slower than that
 */
static bool read_slowly(struct fixture *f, const struct agent *a, struct reader_of_frames *r,
			int per_ms)
{
	const struct mcast *m = (const struct mcast *)a->port;
	uint64_t start_ns = clock_now_ns(), last_ns = start_ns, now_ns, longest_ns = 0;
	int used = 0;

	while (m->inject.count > 0) {
		int may;

		now_ns = clock_now_ns();
		longest_ns = now_ns - last_ns > longest_ns ? now_ns - last_ns : longest_ns;
		last_ns = now_ns;
		may = (int)((now_ns - start_ns) * (uint64_t)per_ms / NS_PER_MS);
		read_some(r, may - used);
		used = may; /* what it could not use is gone */
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	read_some(r, BURST);
	return longest_ns < NS_PER_MS / 2;
}

static void a_burst_reaches_a_slow_machine_whole_and_in_order(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	bool is_slow = false;

	open_machine(f, 0);
	for (int tries = 0; !is_slow && tries < LIMIT_MS / QUIET_MS; tries++) {
		struct reader_of_frames slow = {.fd = f->machines[0]};

		run_for(f, QUIET_MS);
		for (uint32_t i = 0; i < BURST; i++)
			send_numbered(a, i % 2, i);
		a->port->ops->flush(a->port);
		is_slow = read_slowly(f, a, &slow, SLOW_PER_MS);
		if (is_slow)
			assert_int_equal(slow.count, BURST);
	}
	assert_true(is_slow);
}

static void the_first_frames_of_a_burst_do_not_wait(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct reader_of_frames r = {.count = 0};

	open_machine(f, 0);
	r.fd = f->machines[0];
	for (uint32_t i = 0; i < 45; i++) /* the segments of one super-frame */
		send_numbered(a, 0, i);
	a->port->ops->flush(a->port);
	assert_int_equal(read_some(&r, BURST), 45); /* and no timer ran */
}

static void a_machine_that_does_not_read_holds_nobody_up(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct mcast *m = (struct mcast *)a->port;
	struct reader_of_frames r = {.count = 0};
	uint64_t start_ns = clock_now_ns();

	open_machine(f, 0); /* this one */
	open_machine(f, 1);
	r.fd = f->machines[1];
	for (uint32_t i = 0; i < STREAM_FRAMES; i += STREAM_BATCH) {
		for (uint32_t n = i; n < i + STREAM_BATCH; n++) {
			send_numbered(a, 0, n);
			read_some(&r, BURST);
		}
		a->port->ops->flush(a->port);
		while (m->inject.count > BACKLOG_FRAMES / 4) { /* faster than any host sends */
			read_some(&r, BURST);
			run_for(f, 1);
		}
		read_some(&r, BURST);
	}
	while (m->inject.count > 0) {
		run_for(f, 1);
		read_some(&r, BURST);
	}
	assert_int_equal(r.count, STREAM_FRAMES);
	assert_true(clock_now_ns() - start_ns < (uint64_t)LIMIT_MS * NS_PER_MS);
}

static void what_does_not_fit_the_backlog_is_counted_and_the_rest_is_sent(void **state)
{
	static const uint8_t longest[FRAME_MAX_BYTES];
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	const uint64_t fit = BACKLOG_BYTES / FRAME_MAX_BYTES;

	for (int i = 0; i < FLOOD_FRAMES; i++)
		a->port->ops->send(a->port, longest, sizeof(longest));
	a->port->ops->flush(a->port);
	assert_int_equal(a->port->drops[DROP_PORT_FULL], FLOOD_FRAMES - fit);
	for (int ms = 0; ms < LIMIT_MS && ((struct mcast *)a->port)->inject.count > 0; ms++)
		run_for(f, 1);
	assert_int_equal(a->port->tx_frames, fit);
	assert_int_equal(a->port->drops[DROP_PORT_FULL], FLOOD_FRAMES - fit);
}

static void a_port_can_be_closed_while_frames_wait(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	for (uint32_t i = 0; i < BURST; i++)
		send_numbered(a, 0, i);
	a->port->ops->flush(a->port);
	assert_true(((struct mcast *)a->port)->inject.count > 0);
}

/* Send RUN frames of FRAME_BYTES to the hub in one call that the kernel cuts. */
static void send_run(const struct fixture *f, int fd)
{
	uint8_t run[RUN * FRAME_BYTES] = {0};
	struct iovec part = {run, sizeof(run)};
	struct sockaddr_storage to;
	union {
		struct cmsghdr head;
		uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
	} control = {.bytes = {0}};
	struct msghdr m = {.msg_name = &to, .msg_iov = &part, .msg_iovlen = 1};
	uint16_t each = FRAME_BYTES;

	m.msg_namelen = addr_to_sockaddr(&f->group, false, &to);
	m.msg_control = &control;
	m.msg_controllen = sizeof(control);
	control.head = (struct cmsghdr){.cmsg_level = IPPROTO_UDP,
					.cmsg_type = UDP_SEGMENT,
					.cmsg_len = CMSG_LEN(sizeof(each))};
	memcpy(CMSG_DATA(&control.head), &each, sizeof(each));
	assert_int_equal(sendmsg(fd, &m, 0), sizeof(run));
}

static void a_run_sent_in_one_call_comes_to_machines_in_pieces_and_to_us_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct mcast *m = (struct mcast *)a->port;

	open_machine(f, 0);
	send_run(f, m->sender);
	assert_frames(f, 0, RUN);
	assert_int_equal(a->frames, 0);
	assert_int_equal(a->port->drops[DROP_OWN_ECHO], 0); /* the kernel kept it away */
	tick(a);
	assert_int_equal(a->port->drops[DROP_HUB_OVERFLOW], 0);
}

/* The port's own, sent as one. */
static void send_own_run(struct agent *a)
{
	for (int i = 0; i < RUN; i++)
		a->port->ops->send(a->port, frame, FRAME_BYTES);
	a->port->ops->flush(a->port);
	assert_true(((struct mcast *)a->port)->out.joins);
	assert_int_equal(a->port->tx_frames, RUN);
}

static void the_kernel_does_not_even_cut_the_ports_own_runs_for_itself(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct mcast *m = (struct mcast *)a->port;
	uint32_t before = udp_lost(m->receiver);

	send_own_run(a);
	assert_int_equal(udp_lost(m->receiver) - before, 0);
	tick(a);
	assert_int_equal(a->port->drops[DROP_HUB_OVERFLOW], 0);
}

/* Where no address of one's own is to be had. */
static void echoes_of_runs_that_the_filter_drops_are_no_loss(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct mcast *m = (struct mcast *)a->port;
	uint32_t before = udp_lost(m->receiver);

	m->blocked = (struct addr){.port = 0};
	mcast_serve(m);
	send_own_run(a);
	assert_int_equal(udp_lost(m->receiver) - before, RUN);
	assert_int_equal(a->frames, 0);
	tick(a);
	assert_int_equal(a->port->drops[DROP_HUB_OVERFLOW], 0);
}

static void a_run_of_another_program_enters_in_pieces(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int fd;

	open_machine(f, 0);
	fd = open_program();
	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_run(f, fd);
	run_until(f, &a->frames, RUN);
	assert_int_equal(a->last_len, FRAME_BYTES);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_hub(a_burst_reaches_a_slow_machine_whole_and_in_order),
		on_a_hub(the_first_frames_of_a_burst_do_not_wait),
		on_a_hub(a_machine_that_does_not_read_holds_nobody_up),
		on_a_hub(what_does_not_fit_the_backlog_is_counted_and_the_rest_is_sent),
		on_a_hub(a_port_can_be_closed_while_frames_wait),
		on_a_hub(a_run_sent_in_one_call_comes_to_machines_in_pieces_and_to_us_not_at_all),
		on_a_hub(the_kernel_does_not_even_cut_the_ports_own_runs_for_itself),
		on_a_hub(echoes_of_runs_that_the_filter_drops_are_no_loss),
		on_a_hub(a_run_of_another_program_enters_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
