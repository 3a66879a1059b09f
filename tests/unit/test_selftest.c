/*
 * test_selftest.c - agent/ports/selftest.h and firewall.h
 */
#include "unit.h"

#include "../../agent/ports/firewall.h"
#include "../../agent/ports/selftest.h"

enum {
	LO = 1,
	ETH0 = 2
};

static const uint64_t PATIENCE_NS = (uint64_t)SELFTEST_PATIENCE_MS * 1000000;
static const uint8_t FIRST[BEACON_ID_BYTES] = {1}, SECOND[BEACON_ID_BYTES] = {2};
static const uint32_t BOTH[] = {LO, ETH0};

static void what_is_heard_is_not_deaf(void **state)
{
	struct selftest t = {.count = 0};

	(void)state;
	selftest_begin(&t, FIRST, BOTH, 2, 0);
	selftest_heard(&t, FIRST, LO);
	selftest_heard(&t, FIRST, ETH0);
	assert_false(selftest_finish(&t, PATIENCE_NS));
	assert_false(selftest_any_deaf(&t));
}

static void what_is_not_heard_in_time_is_deaf_there_only(void **state)
{
	struct selftest t = {.count = 0};

	(void)state;
	selftest_begin(&t, FIRST, BOTH, 2, 0);
	selftest_heard(&t, FIRST, LO);
	assert_false(selftest_finish(&t, PATIENCE_NS - 1));
	assert_false(selftest_any_deaf(&t));
	assert_true(selftest_finish(&t, PATIENCE_NS));
	assert_false(t.list[0].is_deaf);
	assert_true(t.list[1].is_deaf);
}

static void a_deaf_interface_stays_so_until_a_test_is_heard(void **state)
{
	struct selftest t = {.count = 0};

	(void)state;
	selftest_begin(&t, FIRST, BOTH, 2, 0);
	selftest_finish(&t, PATIENCE_NS);
	selftest_begin(&t, SECOND, &BOTH[1], 1, PATIENCE_NS);
	assert_true(selftest_any_deaf(&t));
	selftest_heard(&t, FIRST, ETH0); /* too late: another test's */
	assert_false(selftest_finish(&t, 2 * PATIENCE_NS));
	assert_true(selftest_any_deaf(&t));
	selftest_begin(&t, FIRST, &BOTH[1], 1, 2 * PATIENCE_NS);
	selftest_heard(&t, FIRST, ETH0);
	assert_true(selftest_finish(&t, 3 * PATIENCE_NS));
	assert_false(selftest_any_deaf(&t));
}

static void a_finished_test_is_not_judged_again(void **state)
{
	struct selftest t = {.count = 0};

	(void)state;
	assert_false(selftest_finish(&t, PATIENCE_NS));
	selftest_begin(&t, FIRST, BOTH, 2, 0);
	assert_true(selftest_finish(&t, PATIENCE_NS));
	assert_false(selftest_finish(&t, 9 * PATIENCE_NS));
}

static void the_fix_is_a_command_of_the_firewall_in_use(void **state)
{
	struct addr group;
	char fix[256];

	(void)state;
	addr_parse("230.0.0.1:33000", 0, &group);
	firewall_fix(FIREWALL_UFW, "eth0", &group, fix, sizeof(fix));
	assert_string_equal(fix, "sudo ufw allow in on eth0 to 230.0.0.1 port 33000 proto udp");
	firewall_fix(FIREWALL_FIREWALLD, "eth0", &group, fix, sizeof(fix));
	assert_contains(fix, "firewall-cmd --permanent --add-port=33000/udp");
	firewall_fix(FIREWALL_NFT, "eth0", &group, fix, sizeof(fix));
	assert_contains(fix, "sudo nft insert rule");
	assert_contains(fix, "ip daddr 230.0.0.1 udp dport 33000 accept");
}

static void ufw_is_active_only_where_it_is_enabled(void **state)
{
	(void)state;
	assert_true(firewall_is_enabled("ENABLED=yes\n"));
	assert_false(firewall_is_enabled("ENABLED=no\n"));
	assert_false(firewall_is_enabled("# ENABLED=yes\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_heard_is_not_deaf),
		cmocka_unit_test(what_is_not_heard_in_time_is_deaf_there_only),
		cmocka_unit_test(a_deaf_interface_stays_so_until_a_test_is_heard),
		cmocka_unit_test(a_finished_test_is_not_judged_again),
		cmocka_unit_test(the_fix_is_a_command_of_the_firewall_in_use),
		cmocka_unit_test(ufw_is_active_only_where_it_is_enabled),
	};

	return cmocka_run_group_tests_name("selftest", tests, NULL, NULL);
}
