/*
 * test_beacon.c - agent/beacon.h
 */
#include "unit.h"

#include "agent/beacon.h"

static const struct mac SOURCE = {{2, 0x6c, 0x77, 1, 2, 3}};

static size_t sample(uint8_t out[BEACON_FRAME_BYTES])
{
	struct beacon b = {.id = {0xaa, 0xbb},
			   .kind = BEACON_LEAVING,
			   .flags = BEACON_SERVES | BEACON_LISTENING,
			   .rank = 0x0102030405060708,
			   .period_ms = 700,
			   .interface_count = 2};

	b.interfaces[0] = 1;
	b.interfaces[1] = 0x01020304;
	return beacon_write(&b, &SOURCE, out);
}

static void what_is_written_is_read_again(void **state)
{
	uint8_t frame[BEACON_FRAME_BYTES];
	size_t len = sample(frame);
	struct beacon b;

	(void)state;
	assert_true(beacon_is(frame, len));
	assert_true(beacon_read(frame, len, &b));
	assert_int_equal(b.id[1], 0xbb);
	assert_int_equal(b.kind, BEACON_LEAVING);
	assert_int_equal(b.interface_count, 2);
	assert_int_equal(b.interfaces[1], 0x01020304);
	assert_int_equal(b.flags, BEACON_SERVES | BEACON_LISTENING);
	assert_int_equal(b.rank, 0x0102030405060708);
	assert_int_equal(b.period_ms, 700);
}

static void assert_no_trailer(const struct beacon *b)
{
	assert_int_equal(b->flags, 0);
	assert_int_equal(b->rank, BEACON_RANK_LAST);
	assert_int_equal(b->period_ms, BEACON_PERIOD_MS);
}

static void a_beacon_cut_anywhere_is_read_without_harm(void **state)
{
	uint8_t frame[BEACON_FRAME_BYTES];
	size_t len = sample(frame), id_end = ETHER_HEADER_BYTES + BEACON_ID_BYTES;
	size_t interfaces_end = len - BEACON_TRAILER_BYTES;
	struct beacon b;

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		assert_int_equal(beacon_is(frame, cut), cut >= ETHER_HEADER_BYTES);
		assert_int_equal(beacon_read(frame, cut, &b),
				 cut == id_end || cut == interfaces_end);
	}
}

static void a_beacon_of_interfaces_alone_is_of_an_agent_that_serves_nobody(void **state)
{
	uint8_t frame[BEACON_FRAME_BYTES];
	size_t len = sample(frame);
	struct beacon b;

	(void)state;
	assert_true(beacon_read(frame, len - BEACON_TRAILER_BYTES, &b));
	assert_int_equal(b.interface_count, 2);
	assert_no_trailer(&b);
}

static void a_period_of_zero_is_that_of_an_agent_that_is_alone(void **state)
{
	uint8_t frame[BEACON_FRAME_BYTES];
	size_t len = sample(frame);
	struct beacon b;

	(void)state;
	frame[len - 2] = frame[len - 1] = 0;
	assert_true(beacon_read(frame, len, &b));
	assert_int_equal(b.period_ms, BEACON_PERIOD_MS);
	assert_int_equal(b.rank, 0x0102030405060708);
}

static void the_fullest_beacon_fits(void **state)
{
	uint8_t frame[BEACON_FRAME_BYTES];
	struct beacon b = {.interface_count = BEACON_INTERFACES_MAX, .rank = 9, .period_ms = 1};

	(void)state;
	assert_int_equal(beacon_write(&b, &SOURCE, frame), BEACON_FRAME_BYTES);
	assert_true(beacon_read(frame, sizeof(frame), &b));
	assert_int_equal(b.rank, 9);
}

static void a_beacon_of_an_id_alone_is_an_agents(void **state)
{
	uint8_t frame[BEACON_FRAME_BYTES];
	struct beacon b;

	(void)state;
	sample(frame);
	assert_true(beacon_read(frame, ETHER_HEADER_BYTES + BEACON_ID_BYTES, &b));
	assert_int_equal(b.kind, BEACON_AGENT);
	assert_int_equal(b.interface_count, 0);
	assert_no_trailer(&b);
}

static void too_many_interfaces_are_no_beacon(void **state)
{
	uint8_t frame[BEACON_FRAME_BYTES + 4] = {0};
	struct beacon b;

	(void)state;
	sample(frame);
	frame[ETHER_HEADER_BYTES + BEACON_ID_BYTES + 1] = BEACON_INTERFACES_MAX;
	assert_true(beacon_read(frame, sizeof(frame), &b));
	frame[ETHER_HEADER_BYTES + BEACON_ID_BYTES + 1] = BEACON_INTERFACES_MAX + 1;
	assert_false(beacon_read(frame, sizeof(frame), &b));
}

static void another_group_or_type_is_no_beacon(void **state)
{
	uint8_t frame[BEACON_FRAME_BYTES];
	size_t len = sample(frame);

	(void)state;
	frame[5] ^= 1;
	assert_false(beacon_is(frame, len));
	frame[5] ^= 1;
	frame[13] ^= 1;
	assert_false(beacon_is(frame, len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_beacon_cut_anywhere_is_read_without_harm),
		cmocka_unit_test(a_beacon_of_an_id_alone_is_an_agents),
		cmocka_unit_test(a_beacon_of_interfaces_alone_is_of_an_agent_that_serves_nobody),
		cmocka_unit_test(a_period_of_zero_is_that_of_an_agent_that_is_alone),
		cmocka_unit_test(the_fullest_beacon_fits),
		cmocka_unit_test(too_many_interfaces_are_no_beacon),
		cmocka_unit_test(another_group_or_type_is_no_beacon),
	};

	return cmocka_run_group_tests_name("beacon", tests, NULL, NULL);
}
