/*
 * test_mcast_mixed.c - what a hub port hears when machines that say little share it with one that says much
 *
 * Layer: platform test.
 */
#include "hub.h"

#include <string.h>
#include <sys/socket.h>

enum {
	BULK = 1, /* who sends it: the last byte of the source address */
	LITTLE = 2,
	BULK_BYTES = 1414,
	LITTLE_EVERY = 50,
	BURST = 1000,          /* frames: fewer than make a flood */
	BURST_BYTES = 1 << 20, /* asked for; a buffer that holds no such burst */
	FILLED = UDP_FULL - 8, /* nearly: the kernel takes frames whole */
	FRAMES_MAX = 200000,
};

static void say(struct fixture *f, uint8_t who, size_t len)
{
	memset(frame, 0, sizeof(frame));
	frame[MAC_BYTES - 1] = who;
	frame[2 * MAC_BYTES - 1] = who;
	send_frame(f, f->machines[0], len);
}

/* Bulk with little in between, until @count frames wait or the port's buffer is nearly full. Return: how many
 * of the little frames */
static int say_mixed(struct fixture *f, const struct mcast *m, int count, int *all)
{
	int little = 0;

	for (*all = 0; *all < count && udp_filled(m->receiver) < FILLED; ++*all) {
		bool is_little = *all % LITTLE_EVERY == 0;

		say(f, is_little ? LITTLE : BULK, is_little ? FRAME_BYTES : BULK_BYTES);
		little += is_little;
	}
	return little;
}

/* Those of the little frames that were heard */
static int little_heard(const struct agent *a)
{
	uint64_t missing = a->port->rx_frames * BULK_BYTES - a->port->rx_bytes;

	return (int)(missing / (BULK_BYTES - FRAME_BYTES));
}

static void the_only_small_frame_comes_before_bulk_that_was_there_earlier(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int before;

	open_machine(f, 0);
	run_for(f, QUIET_MS);
	before = a->batches;
	for (int i = 0; i < UDP_BATCH / 2; i++)
		say(f, BULK, BULK_BYTES);
	say(f, LITTLE, FRAME_BYTES);
	run_until(f, &a->frames, UDP_BATCH / 2 + 1);
	assert_int_equal(a->batches, before + 1);
	assert_int_equal(a->last[2 * MAC_BYTES - 1], BULK);
}

/* It fills the buffer, but is over soon. */
static void a_burst_that_the_buffer_holds_is_heard_whole(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	const struct mcast *m = (const struct mcast *)a->port;
	int all, bytes = BURST_BYTES;

	assert_int_equal(setsockopt(m->receiver, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
	open_machine(f, 0);
	run_for(f, QUIET_MS);
	say_mixed(f, m, BURST, &all);
	assert_true(all < BURST);
	run_until(f, &a->frames, all);
	assert_int_equal(a->port->drops[DROP_HUB_OVERFLOW], 0);
}

static void when_the_buffer_fills_up_bulk_is_given_up_and_no_small_frame(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	const struct mcast *m = (const struct mcast *)a->port;
	int all, little;

	open_machine(f, 0);
	run_for(f, QUIET_MS);
	little = say_mixed(f, m, FRAMES_MAX, &all);
	if (all < 2 * BURST) {
		skip(); /* this user may have no buffer that holds more than a burst */
		return;
	}
	/* Full all the time, as with a flood that goes on: what is read comes again. */
	for (int i = 0; i < 100; i++) {
		int more;

		uv_run(&f->loop, UV_RUN_NOWAIT);
		little += say_mixed(f, m, UDP_BATCH, &more);
		all += more;
	}
	run_for(f, QUIET_MS);
	assert_true(a->port->drops[DROP_HUB_OVERFLOW] > 100);
	assert_int_equal(a->port->rx_frames + a->port->drops[DROP_HUB_OVERFLOW], all);
	assert_int_equal(little_heard(a), little);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_hub(the_only_small_frame_comes_before_bulk_that_was_there_earlier),
		on_a_hub(a_burst_that_the_buffer_holds_is_heard_whole),
		on_a_hub(when_the_buffer_fills_up_bulk_is_given_up_and_no_small_frame),
	};

	return cmocka_run_group_tests_name("mcast_mixed", tests, NULL, NULL);
}
