/*
 * test_mtu_search.c - which sizes are tried
 */
#include "mtu_search.h"

#include "limits.h"
#include "unit.h"

/* Search a path that carries @carries. Return: what is found; @probes: how many sizes were tried */
static uint16_t find(bool ipv4, uint16_t carries, unsigned *probes)
{
	struct mtu_search s = mtu_search_begin(ipv4, DATAGRAM_BASE_BYTES, 0);
	uint16_t size;

	for (*probes = 0; (size = mtu_search_next(&s)) != 0; ++*probes) {
		assert_in_range(size, s.good + 1, s.bad - 1);
		assert_in_range(*probes, 0, 20);
		if (size <= carries)
			mtu_search_passed(&s, size);
		else
			mtu_search_failed(&s, size);
	}
	return s.good;
}

static void usual_wires_take_two_probes_at_most(void **state)
{
	unsigned probes;

	(void)state;
	assert_int_equal(find(true, 9000 - 28, &probes), 8972);
	assert_int_equal(probes, 2);
	assert_int_equal(find(false, 9000 - 48, &probes), 8952);
	assert_int_equal(probes, 2);
	assert_int_equal(find(true, 65507, &probes), 8972);
}

static void every_size_below_the_usual_is_found_to_eight_bytes(void **state)
{
	(void)state;
	for (unsigned ipv4 = 0; ipv4 < 2; ipv4++) {
		for (uint16_t carries = DATAGRAM_BASE_BYTES; carries <= (ipv4 ? 1472 : 1452);
		     carries++) {
			unsigned probes;
			uint16_t found = find(ipv4, carries, &probes);

			assert_in_range(found, carries < 1240 ? DATAGRAM_BASE_BYTES : carries - 7,
					carries);
			assert_in_range(probes, 1, 8);
		}
	}
}

static void beyond_the_usual_size_a_rough_answer_will_do(void **state)
{
	unsigned probes;

	(void)state;
	assert_int_equal(find(true, 1472, &probes), 1472);
	assert_in_range(probes, 2, 6);
	assert_in_range(find(true, 4000, &probes), 3488, 4000);
	assert_in_range(probes, 2, 6);
}

static void nothing_is_tried_from_the_size_on_that_did_not_pass(void **state)
{
	struct mtu_search s = mtu_search_begin(true, DATAGRAM_LEAST_BYTES, 1472);

	(void)state;
	assert_in_range(mtu_search_next(&s), DATAGRAM_LEAST_BYTES + 1, 1471);
	s = mtu_search_begin(true, DATAGRAM_LEAST_BYTES, 8972);
	assert_int_equal(mtu_search_next(&s), 1472);
	s = mtu_search_begin(true, DATAGRAM_LEAST_BYTES, DATAGRAM_LEAST_BYTES + 1);
	assert_int_equal(mtu_search_next(&s), 0);
}

static void nothing_goes_below_the_least(void **state)
{
	struct mtu_search s = mtu_search_begin(true, 1472, 0);

	(void)state;
	mtu_search_failed(&s, 100);
	assert_int_equal(s.good, 1472);
	mtu_search_failed(&s, DATAGRAM_LEAST_BYTES + 1);
	assert_int_equal(s.good, DATAGRAM_LEAST_BYTES);
	assert_int_equal(mtu_search_next(&s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_wires_take_two_probes_at_most),
		cmocka_unit_test(every_size_below_the_usual_is_found_to_eight_bytes),
		cmocka_unit_test(beyond_the_usual_size_a_rough_answer_will_do),
		cmocka_unit_test(nothing_is_tried_from_the_size_on_that_did_not_pass),
		cmocka_unit_test(nothing_goes_below_the_least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
