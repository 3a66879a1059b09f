/*
 * test_engine_mtu.c - how long datagrams may be, found and lost: PROTOCOL.md 7.1, 7.7
 */
#include "forge.h"

#include <errno.h>
#include <sodium.h>

static uint32_t mtu(struct wire *w)
{
	return engine_peer_mtu(wire_engine(w, 0), w->hosts[0].peer[1]);
}

/* Frames of @len from 0 to 1, fifty a second. Return: how long 1 got none, at the longest */
static uint64_t stream(struct wire *w, size_t len, uint64_t duration_ns)
{
	uint64_t end = w->now_ns + duration_ns, heard_ns = w->now_ns, longest = 0;

	while (w->now_ns < end) {
		uint32_t frames = w->hosts[1].frames;

		wire_send(w, 0, 1, len, 1);
		wire_run(w, 20 * NS_PER_MS);
		if (w->hosts[1].frames > frames)
			heard_ns = w->now_ns;
		if (w->now_ns - heard_ns > longest)
			longest = w->now_ns - heard_ns;
	}
	return longest;
}

static void session_finds_the_usual_size_by_itself_and_more_when_it_is_used(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});

	(void)state;
	w->mtu = 9000 - 28;
	wire_connect(w);
	wire_run(w, S_NS);
	assert_int_equal(mtu(w), 1472);
	wire_run(w, 10 * S_NS);
	assert_int_equal(mtu(w), 1472);
	assert_int_equal(stream(w, 60, S_NS), 0);
	assert_int_equal(mtu(w), 8972);
	assert_int_equal(wire_info(w, 0, 1).mtu_bytes, 8972);
	wire_free(w);
}

static void every_path_is_searched_to_its_end(void **state)
{
	static const size_t carried[] = {1232, 1252, 1372, 1464, 1472, 4000, 8972};

	(void)state;
	for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
		struct wire *w = wire_new(&(struct wire_setup){.count = 2});

		w->mtu = carried[i];
		wire_connect(w);
		assert_int_equal(stream(w, 1300, 10 * S_NS), 0);
		assert_in_range(mtu(w), carried[i] <= 1472 ? carried[i] - 8 : carried[i] - 512 - 8,
				carried[i]);
		wire_free(w);
	}
}

static void frame_that_fits_the_path_is_not_split(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});
	struct packet p;

	(void)state;
	w->mtu = 1472;
	wire_connect(w);
	wire_run(w, S_NS);
	wire_send(w, 0, 1, 1420 + 14, 1);
	wire_collect(w);
	assert_true(wire_take(w, MESSAGE_DATA, &p));
	assert_int_equal(p.len, 1420 + 14 + 37);
	assert_false(wire_take(w, MESSAGE_DATA, &p));
	wire_free(w);
}

static void path_that_shrinks_without_a_word_pauses_less_than_a_second_and_a_half(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});
	uint64_t pause_ns;

	(void)state;
	w->mtu = 1472;
	wire_connect(w);
	assert_int_equal(stream(w, 1434, 3 * S_NS), 0);
	assert_int_equal(mtu(w), 1472);
	w->mtu = 1272;
	pause_ns = stream(w, 1434, 10 * S_NS);
	assert_in_range(pause_ns, 100 * NS_PER_MS, 1200 * NS_PER_MS);
	assert_in_range(mtu(w), 1264, 1272);
	assert_true(wire_is_up(w, 0, 1));
	wire_free(w);
}

static void now_and_then_a_long_datagram_is_enough_to_notice(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});

	(void)state;
	w->mtu = 1472;
	wire_connect(w);
	wire_run(w, 2 * S_NS);
	w->mtu = 1272;
	wire_send(w, 0, 1, 1434, 1);
	wire_run(w, 900 * NS_PER_MS);
	assert_in_range(mtu(w), DATAGRAM_LEAST_BYTES, 1272);
	wire_free(w);
}

static bool lose_all(struct wire *w, struct packet *p)
{
	(void)w;
	(void)p;
	return false;
}

static void path_that_carries_nothing_for_a_while_does_not_shrink(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});

	(void)state;
	w->mtu = 1472;
	wire_connect(w);
	stream(w, 1434, 3 * S_NS);
	w->pass = lose_all;
	stream(w, 1434, 5 * S_NS);
	assert_int_equal(mtu(w), 1472);
	w->pass = NULL;
	stream(w, 1434, S_NS);
	assert_int_equal(mtu(w), 1472);
	wire_free(w);
}

static void path_that_grows_again_is_found_within_ten_minutes(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});

	(void)state;
	w->mtu = 1372;
	wire_connect(w);
	stream(w, 1434, 10 * S_NS);
	assert_in_range(mtu(w), 1364, 1372);
	w->mtu = 1472;
	for (unsigned i = 0; i < 620; i++) {
		wire_send(w, 0, 1, 60, 1);
		wire_run(w, S_NS);
	}
	assert_int_equal(mtu(w), 1472);
	wire_free(w);
}

/* The datagrams of host 0's outbox, those longer than @max refused as by the kernel, the others delivered. */
static void refuse(struct wire *w, size_t max)
{
	struct engine *e = wire_engine(w, 0);
	const struct datagram *d;
	size_t n;

	engine_tick(e, w->now_ns);
	engine_flush(e, w->now_ns);
	n = engine_outbox(e, &d);
	for (size_t i = 0; i < n; i++)
		if (d[i].len > max)
			engine_send_failed(e, &d[i], EMSGSIZE, w->now_ns);
	wire_settle(w);
}

static void refusal_by_the_kernel_shrinks_at_once(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});
	uint64_t since;

	(void)state;
	w->mtu = 1472;
	wire_connect(w);
	wire_run(w, S_NS);
	assert_int_equal(mtu(w), 1472);
	w->mtu = 1372;
	wire_send(w, 0, 1, 1434, 1);
	refuse(w, 1372);
	assert_int_equal(mtu(w), DATAGRAM_LEAST_BYTES);
	since = w->now_ns;
	for (unsigned i = 0; i < 40; i++)
		refuse(w, 1372);
	assert_int_equal(w->now_ns, since); /* no probe had to time out */
	assert_in_range(mtu(w), 1364, 1372);
	wire_free(w);
}

static void refusal_of_what_every_path_carries_means_nothing(void **state)
{
	struct wire *w = wire_pair();
	struct datagram d = {.to = w->hosts[1].host.at, .peer = w->hosts[0].peer[1], .len = 1200};

	(void)state;
	engine_send_failed(wire_engine(w, 0), &d, EMSGSIZE, w->now_ns);
	assert_int_equal(mtu(w), DATAGRAM_BASE_BYTES);
	d.peer = -1;
	engine_send_failed(wire_engine(w, 0), &d, EMSGSIZE, w->now_ns);
	d.peer = 1000;
	engine_send_failed(wire_engine(w, 0), &d, ENETUNREACH, w->now_ns);
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void probes_lost_for_their_length_make_no_peer_unheard(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});

	(void)state;
	wire_connect(w);
	for (unsigned i = 0; i < 100; i++) {
		wire_send(w, 0, 1, 60, 1);
		wire_run(w, 100 * NS_PER_MS);
		assert_true(wire_is_up(w, 0, 1));
	}
	wire_run(w, 40 * S_NS);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_DOWN), 0);
	assert_int_equal(wire_events(w, 0, 1, ENGINE_EVENT_UNREACHED), 0);
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_finds_the_usual_size_by_itself_and_more_when_it_is_used),
		cmocka_unit_test(every_path_is_searched_to_its_end),
		cmocka_unit_test(frame_that_fits_the_path_is_not_split),
		cmocka_unit_test(
			path_that_shrinks_without_a_word_pauses_less_than_a_second_and_a_half),
		cmocka_unit_test(now_and_then_a_long_datagram_is_enough_to_notice),
		cmocka_unit_test(path_that_carries_nothing_for_a_while_does_not_shrink),
		cmocka_unit_test(path_that_grows_again_is_found_within_ten_minutes),
		cmocka_unit_test(refusal_by_the_kernel_shrinks_at_once),
		cmocka_unit_test(refusal_of_what_every_path_carries_means_nothing),
		cmocka_unit_test(probes_lost_for_their_length_make_no_peer_unheard),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
