/*
 * test_pins.c - agent/pins.h
 */
#include "unit.h"

#include "agent/pins.h"

enum {
	ANNA = 70,
	BERT = 71
};

static struct pins p;

static int set_up(void **state)
{
	(void)state;
	p = (struct pins){.count = 0};
	return 0;
}

static struct mac mac(size_t n)
{
	return (struct mac){{2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

static int owner(size_t n)
{
	struct mac m = mac(n);

	return pins_owner(&p, &m);
}

static bool add(size_t n, int member)
{
	struct mac m = mac(n);

	return pins_add(&p, &m, member);
}

static void each_address_is_found_whatever_the_order(void **state)
{
	static const size_t order[] = {5, 1, 9, 0, 7, 3};

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		assert_true(add(order[i], ANNA + (int)order[i]));
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		assert_int_equal(owner(order[i]), ANNA + (int)order[i]);
	assert_int_equal(owner(2), -1);
	assert_int_equal(owner(10), -1);
}

static void the_first_keeps_an_address_that_two_have(void **state)
{
	(void)state;
	assert_true(add(1, ANNA));
	assert_true(add(1, ANNA));
	assert_false(add(1, BERT));
	assert_int_equal(owner(1), ANNA);
	assert_int_equal(p.count, 1);
}

static void a_cleared_member_has_none(void **state)
{
	(void)state;
	add(1, ANNA);
	add(2, BERT);
	add(3, ANNA);
	pins_clear(&p, ANNA);
	assert_int_equal(owner(1), -1);
	assert_int_equal(owner(2), BERT);
	assert_int_equal(owner(3), -1);
}

static void a_full_list_takes_no_more(void **state)
{
	(void)state;
	for (size_t n = 0; n < PINS_MAX; n++)
		assert_true(add(n, ANNA));
	assert_false(add(PINS_MAX, ANNA));
	assert_int_equal(owner(PINS_MAX - 1), ANNA);
}

#define with_pins(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_pins(each_address_is_found_whatever_the_order),
		with_pins(the_first_keeps_an_address_that_two_have),
		with_pins(a_cleared_member_has_none),
		with_pins(a_full_list_takes_no_more),
	};

	return cmocka_run_group_tests_name("pins", tests, NULL, NULL);
}
