/*
 * test_trust_settle.c - one MAC pinned to two peers: keys/trust_reading.h. (One key in two cards is in
 * test_trust.c.)
 */
#include "trust_folder.h"

#define MAC_1 "52:54:00:00:00:01"
#define MAC_2 "52:54:00:00:00:02"
#define MAC_3 "52:54:00:00:00:03"
#define PIN   "[local]\npin = "

static void put_two(void)
{
	put_card("anna", KEY_1, NULL);
	put_card("bert", KEY_2, NULL);
}

static void different_pins_are_no_fault(void **state)
{
	(void)state;
	put_two();
	scratch_write("anna.local", PIN MAC_1 ", " MAC_2 ", " MAC_1 "\n");
	scratch_write("bert.local", PIN MAC_3 "\n");
	reread();
	assert_int_equal(now.fault_count, 0);
	assert_int_equal(now.count, 2);
}

static void pin_of_two_new_peers_is_the_first_one_s_and_both_lines_are_named(void **state)
{
	(void)state;
	put_two();
	scratch_write("anna.local", PIN MAC_1 "\n");
	scratch_write("bert.local", "[local]\nrate = 1M\npin = " MAC_3 ", " MAC_1 "\n");
	reread();
	assert_int_equal(now.count, 1);
	assert_string_equal(now.peers[0].name, "anna");
	assert_only_fault("bert", "/bert.local:3: the MAC " MAC_1 " is pinned to anna, too, in "
				  "anna.local:2; a MAC has one owner");
	assert_contains(now.faults[0].error.text, scratch);
	assert_false(now.faults[0].kept);
}

static void pin_stays_where_it_was_and_the_other_peer_as_it_was(void **state)
{
	(void)state;
	put_two();
	scratch_write("anna.local", "[local]\nmac_quota = 3\n");
	scratch_write("bert.local", PIN MAC_1 "\n");
	reread();
	scratch_write("anna.local", "[local]\nmac_quota = 4\npin = " MAC_1 "\n");
	for (int i = 0; i < 2; i++) {
		reread();
		assert_int_equal(now.count, 2);
		assert_only_fault("anna", "/anna.local:3: the MAC " MAC_1 " is pinned to bert");
		assert_true(now.faults[0].kept);
		assert_int_equal(now.peers[0].local.mac_quota, 3);
		assert_int_equal(now.peers[0].local.pin_count, 0);
		assert_int_equal(now.peers[1].local.pin_count, 1);
	}
	scratch_write("bert.local", "[local]\n");
	reread();
	assert_int_equal(now.fault_count, 0);
	assert_int_equal(now.peers[0].local.pin_count, 1);
}

/* Two files are saved one after the other. */
static void pins_can_be_exchanged_file_by_file(void **state)
{
	(void)state;
	put_two();
	scratch_write("anna.local", PIN MAC_1 "\n");
	scratch_write("bert.local", PIN MAC_2 "\n");
	reread();
	scratch_write("anna.local", PIN MAC_2 "\n");
	reread();
	assert_only_fault("anna", "is pinned to bert");
	assert_int_equal(now.peers[0].local.pins[0].b[5], 1);
	scratch_write("bert.local", PIN MAC_1 "\n");
	reread();
	assert_int_equal(now.fault_count, 0);
	assert_int_equal(now.peers[0].local.pins[0].b[5], 2);
	assert_int_equal(now.peers[1].local.pins[0].b[5], 1);
}

/* Anna keeps what she had, MAC_1, because her new file is refused; so bert cannot have it yet. */
static void peer_that_stays_as_it_was_keeps_its_pins_from_others(void **state)
{
	(void)state;
	put_two();
	scratch_write("anna.local", PIN MAC_1 "\n");
	scratch_write("bert.local", PIN MAC_2 "\n");
	reread();
	scratch_write("anna.local", PIN MAC_2 "\n");
	scratch_write("bert.local", PIN MAC_2 ", " MAC_1 "\n");
	reread();
	assert_int_equal(now.fault_count, 2);
	assert_int_equal(now.count, 2);
	assert_int_equal(now.peers[0].local.pin_count, 1);
	assert_int_equal(now.peers[0].local.pins[0].b[5], 1);
	assert_int_equal(now.peers[1].local.pin_count, 1);
	assert_int_equal(now.peers[1].local.pins[0].b[5], 2);
}

static void peer_is_refused_once_for_all_its_pins(void **state)
{
	(void)state;
	put_two();
	scratch_write("anna.local", PIN MAC_1 ", " MAC_2 ", " MAC_3 "\n");
	scratch_write("bert.local", PIN MAC_3 ", " MAC_2 ", " MAC_1 "\n");
	reread();
	assert_int_equal(now.count, 1);
	assert_only_fault("bert", "is pinned to anna");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(different_pins_are_no_fault),
		TEST(pin_of_two_new_peers_is_the_first_one_s_and_both_lines_are_named),
		TEST(pin_stays_where_it_was_and_the_other_peer_as_it_was),
		TEST(pins_can_be_exchanged_file_by_file),
		TEST(peer_that_stays_as_it_was_keeps_its_pins_from_others),
		TEST(peer_is_refused_once_for_all_its_pins),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
