/*
 * test_clones.c - agent/clones.h
 */
#include "unit.h"

#include "agent/clones.h"

#define S_NS UINT64_C(1000000000)

static const struct mac QEMU_DEFAULT = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};

static void a_clone_is_listed_once_with_both_places(void **state)
{
	struct clones c = {0};
	struct clone out[CLONES_MAX];

	(void)state;
	clones_note(&c, &QEMU_DEFAULT, 9, 2, 0);
	clones_note(&c, &QEMU_DEFAULT, 2, 9, S_NS);
	assert_int_equal(clones_list(&c, S_NS, out, CLONES_MAX), 1);
	assert_true(mac_equal(&out[0].mac, &QEMU_DEFAULT));
	assert_int_equal(out[0].first, 2);
	assert_int_equal(out[0].second, 9);
}

static void a_clone_is_shown_for_a_minute(void **state)
{
	struct clones c = {0};
	struct clone out[CLONES_MAX];

	(void)state;
	clones_note(&c, &QEMU_DEFAULT, 1, 2, S_NS);
	assert_int_equal(clones_list(&c, 61 * S_NS - 1, out, CLONES_MAX), 1);
	assert_int_equal(clones_list(&c, 61 * S_NS, out, CLONES_MAX), 0);
}

static void a_member_that_goes_takes_its_clones_along(void **state)
{
	struct clones c = {0};
	struct clone out[CLONES_MAX];

	(void)state;
	clones_note(&c, &QEMU_DEFAULT, 1, 2, S_NS);
	clones_forget(&c, 3);
	assert_int_equal(clones_list(&c, S_NS, out, CLONES_MAX), 1);
	clones_forget(&c, 2);
	assert_int_equal(clones_list(&c, S_NS, out, CLONES_MAX), 0);
}

static void a_full_list_forgets_the_oldest(void **state)
{
	struct clones c = {0};
	struct clone out[CLONES_MAX];

	(void)state;
	for (uint8_t n = 0; n <= CLONES_MAX; n++) {
		struct mac mac = {{2, 0, 0, 0, 0, n}};

		clones_note(&c, &mac, 1, 2, S_NS + n);
	}
	assert_int_equal(clones_list(&c, 2 * S_NS, out, CLONES_MAX), CLONES_MAX);
	for (size_t i = 0; i < CLONES_MAX; i++)
		assert_int_not_equal(out[i].mac.b[5], 0);
	assert_int_equal(clones_list(&c, 2 * S_NS, out, 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clone_is_listed_once_with_both_places),
		cmocka_unit_test(a_clone_is_shown_for_a_minute),
		cmocka_unit_test(a_member_that_goes_takes_its_clones_along),
		cmocka_unit_test(a_full_list_forgets_the_oldest),
	};

	return cmocka_run_group_tests_name("clones", tests, NULL, NULL);
}
