/*
 * test_trust.c - keys/trust.h: reading the folder, and what is wrong in it
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "trust_folder.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* ---- reading ---- */

static void empty_folder_is_nobody(void **state)
{
	(void)state;
	reread();
	assert_int_equal(now.count, 0);
	assert_int_equal(now.fault_count, 0);
	assert_null(trust_find(&now, "anna"));
}

static void folder_that_is_not_there_says_what_to_do(void **state)
{
	struct trust t;

	(void)state;
	assert_int_equal(trust_read(scratch_path("none"), NULL, NULL, &t, &error), -ENOENT);
	assert_error(&error, "longwire init makes one");
	assert_null(t.peers);
}

static void cards_are_peers_under_the_names_of_their_files(void **state)
{
	const struct public_key one = key(KEY_1);

	(void)state;
	put_card("bert", KEY_2, NULL);
	put_card("anna", KEY_1, "a.example");
	reread();
	assert_int_equal(now.count, 2);
	assert_int_equal(now.fault_count, 0);
	assert_string_equal(now.peers[0].name, "anna");
	assert_string_equal(now.peers[1].name, "bert");
	assert_string_equal(now.peers[0].card.at, "a.example:19543");
	assert_ptr_equal(trust_find_key(&now, &one), &now.peers[0]);
	assert_ptr_equal(trust_find(&now, "bert"), &now.peers[1]);
	assert_false(preshared_key_is_set(now.peers[0].psk));
}

static void other_files_are_passed_over(void **state)
{
	(void)state;
	scratch_write("README", "hello");
	scratch_write(".anna.card.Xy12ab", "[peer]\n");
	scratch_write(".anna.card", "[peer]\n");
	scratch_write("anna.card~", "[peer]\n");
	scratch_write(".card", "[peer]\n");
	mkdir(scratch_path("folder"), 0700);
	reread();
	assert_int_equal(now.count, 0);
	assert_int_equal(now.fault_count, 0);
}

static void local_file_is_read_with_all_its_keys(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	scratch_write("anna.local", "[local]\nvlans = aoe2, lan\npsk = " HEX
				    "\nmac_quota = 8\nbroadcast = 100\nallow = ra, dhcp\n"
				    "pin = 52:54:00:12:34:56, 02:00:00:00:00:01\nrate = 20M\n");
	reread();
	assert_int_equal(now.fault_count, 0);
	assert_int_equal(now.peers[0].local.vlan_count, 2);
	assert_string_equal(now.peers[0].local.vlans[0], "aoe2");
	assert_string_equal(now.peers[0].local.vlans[1], "lan");
	assert_int_equal(now.peers[0].local.vlans_line, 2);
	assert_int_equal(now.peers[0].local.mac_quota, 8);
	assert_int_equal(now.peers[0].local.broadcast, 100);
	assert_int_equal(now.peers[0].local.allow, 1 << TRUST_ALLOW_DHCP | 1 << TRUST_ALLOW_RA);
	assert_int_equal(now.peers[0].local.pin_count, 2);
	assert_int_equal(now.peers[0].local.pins[1].b[5], 1);
	assert_int_equal(now.peers[0].local.rate, 20000000);
	assert_int_equal(now.peers[0].psk->b[31], 0x1f);
	scratch_write("anna.local", "[local]\nbroadcast = off\n");
	reread();
	assert_true(now.peers[0].local.broadcast == TRUST_BROADCAST_OFF);
	assert_int_equal(now.peers[0].local.vlan_count, 0);
	assert_false(preshared_key_is_set(now.peers[0].psk));
}

/* ---- faults ---- */

static void bad_card_is_a_fault_and_hides_no_other(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	scratch_write("bert.card", "[peer]\nname = bert\n");
	put_card("carl", KEY_2, NULL);
	reread();
	assert_int_equal(now.count, 2);
	assert_only_fault("bert", "/bert.card:1: the card has no key");
	assert_false(now.faults[0].kept);
	assert_false(now.faults[0].warning);
}

static void peer_whose_file_broke_stays_as_it_was(void **state)
{
	(void)state;
	put_card("anna", KEY_1, "a.example");
	scratch_write("anna.local", "[local]\npsk = " HEX "\n");
	reread();
	scratch_write("anna.card", "[pe");
	for (int i = 0; i < 2; i++) {
		reread();
		assert_int_equal(now.count, 1);
		assert_only_fault("anna", "/anna.card:1: the section has no ']'");
		assert_true(now.faults[0].kept);
		assert_string_equal(now.peers[0].card.at, "a.example:19543");
		assert_int_equal(now.peers[0].psk->b[31], 0x1f);
	}
	put_card("anna", KEY_1, "b.example");
	reread();
	assert_int_equal(now.fault_count, 0);
	assert_string_equal(now.peers[0].card.at, "b.example:19543");
}

static void peer_whose_local_file_broke_stays_as_it_was(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	scratch_write("anna.local", "[local]\nvlans = a\n");
	reread();
	scratch_write("anna.local", "[local]\nvlans = ../a\n");
	reread();
	assert_only_fault("anna", "/anna.local:2: 'vlans' is no list of names");
	assert_true(now.faults[0].kept);
	assert_string_equal(now.peers[0].local.vlans[0], "a");
}

static void key_of_a_later_feature_is_refused(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	scratch_write("anna.local", "[local]\ncolour = no\n");
	reread();
	assert_int_equal(now.count, 0);
	assert_only_fault("anna",
			  "/anna.local:2: there is no key 'colour' in [local]; expected vlans, "
			  "psk, mac_quota, broadcast, allow, pin, rate, roam or relay");
}

static void roam_and_relay_are_yes_unless_they_say_no(void **state)
{
	(void)state;
	put_card("anna", KEY_1, "a.example");
	scratch_write("anna.local", "[local]\n");
	reread();
	assert_false(now.peers[0].local.is_fixed || now.peers[0].local.refuses_relay);
	scratch_write("anna.local", "[local]\nroam = no\nrelay = yes\n");
	reread();
	assert_true(now.peers[0].local.is_fixed);
	assert_false(now.peers[0].local.refuses_relay);
	scratch_write("anna.local", "[local]\nrelay = no\nroam = yes\n");
	reread();
	assert_false(now.peers[0].local.is_fixed);
	assert_true(now.peers[0].local.refuses_relay);
	assert_int_equal(now.fault_count, 0);
}

static void peer_that_does_not_roam_and_has_no_address_is_refused(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	scratch_write("anna.local", "[local]\nrate = 1M\nroam = no\n");
	reread();
	assert_int_equal(now.count, 0);
	assert_only_fault("anna", "/anna.local:3: 'roam = no' keeps anna at the addresses of its "
				  "card, and anna.card names none; add 'at = HOST:PORT'");
	scratch_write("anna.local", "[local]\nroam = yes\n");
	reread();
	assert_int_equal(now.fault_count, 0);
	scratch_write("anna.local", "[local]\nroam = no\n");
	reread();
	assert_true(now.faults[0].kept);
	assert_false(now.peers[0].local.is_fixed);
}

static void wrong_values_in_a_local_file_are_refused(void **state)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{"vlans = a, a", "the vlan 'a' is there twice"},
		{"vlans = a,,b", "'vlans' is no list of names"},
		{"psk = hunter2", "the preshared key is not 32 bytes"},
		{"mac_quota = 0", "'0' is no number from 1 to 65536"},
		{"mac_quota = 65537", "is no number"},
		{"broadcast = 0", "'broadcast' is no number of frames a second"},
		{"pin = 52:54:00:12:34", "'pin' is no list of a machine's MACs"},
		{"pin = 01:00:5e:00:00:01", "'pin' is no list of a machine's MACs"},
		{"rate = fast",
		 "'rate' is no number of bits a second; expected one from 1k to 10G"},
		{"rate = 999", "'rate' is no number"},
		{"rate = 11G", "'rate' is no number"},
		{"rate = 10 M", "'rate' is no number"},
		{"rate = k", "'rate' is no number"},
		{"allow = dns",
		 "'dns' is nothing that can be allowed; expected dhcp, ra, bpdu or arp"},
		{"allow = -dhcp", "'-dhcp' is nothing that can be allowed"},
		{"broadcast = none", "'broadcast' is no number of frames a second"},
		{"roam = maybe", "'roam' is neither yes nor no; expected one of them"},
		{"relay = 1", "'relay' is neither yes nor no"},
		{"roam = YES", "'roam' is neither yes nor no"},
	};

	(void)state;
	put_card("anna", KEY_1, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "[local]\n%s\n", cases[i].line);
		scratch_write("anna.local", text);
		reread();
		assert_int_equal(now.count, 0);
		assert_only_fault("anna", "/anna.local:2: ");
		assert_contains(now.faults[0].error.text, cases[i].message);
		assert_null(strstr(now.faults[0].error.text, "hunter2"));
	}
}

static void psk_that_others_can_read_is_refused(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	scratch_write("anna.local", "[local]\npsk = " HEX "\n");
	chmod(scratch_path("anna.local"), 0644);
	reread();
	assert_int_equal(now.count, 0);
	assert_only_fault("anna", "chmod 600");
	scratch_write("anna.local", "[local]\nvlans = a\n");
	chmod(scratch_path("anna.local"), 0644);
	reread();
	assert_int_equal(now.count, 1);
}

static void local_file_without_a_card_is_a_warning(void **state)
{
	(void)state;
	scratch_write("anna.local", "[local]\nvlans = a\n");
	put_card("bert", KEY_2, NULL);
	reread();
	assert_int_equal(now.count, 1);
	assert_only_fault("anna", "/anna.local has no effect: there is no anna.card");
	assert_true(now.faults[0].warning);
}

static void file_name_that_is_no_name_is_refused(void **state)
{
	(void)state;
	put_card("a b", KEY_1, NULL);
	reread();
	assert_int_equal(now.count, 0);
	assert_only_fault("a b", "/a b.card: 'a b' is no name");
	unlink(scratch_path("a b.card"));
	put_card("-x", KEY_1, NULL);
	reread();
	assert_only_fault("-x", "/-x.card: '-x' is no name");
}

static void own_key_is_refused(void **state)
{
	(void)state;
	put_card("me", KEY_3, NULL);
	reread();
	assert_int_equal(now.count, 0);
	assert_only_fault("me", "/me.card: the key is our own");
}

static void low_order_key_is_refused(void **state)
{
	const struct public_key zero = {{0}};
	char text[KEY_TEXT_BYTES];

	(void)state;
	put_card("eve", public_key_format(&zero, text), NULL);
	reread();
	assert_int_equal(now.count, 0);
	assert_only_fault("eve", "/eve.card:3: the key is of low order");
}

static void two_files_with_one_key_are_refused_naming_both(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	put_card("bert", KEY_1, NULL);
	put_card("carl", KEY_2, NULL);
	reread();
	assert_int_equal(now.count, 1);
	assert_string_equal(now.peers[0].name, "carl");
	assert_int_equal(now.fault_count, 2);
	assert_error(&now.faults[0].error, "/anna.card has the same key as bert.card");
	assert_error(&now.faults[1].error, "/bert.card has the same key as anna.card");
}

static void peer_that_was_there_survives_a_copy_of_its_card(void **state)
{
	(void)state;
	put_card("bert", KEY_1, NULL);
	scratch_write("bert.local", "[local]\npsk = " HEX "\n");
	reread();
	put_card("anna", KEY_1, NULL);
	put_card("carl", KEY_1, NULL);
	reread();
	assert_int_equal(now.count, 1);
	assert_string_equal(now.peers[0].name, "bert");
	assert_int_equal(now.peers[0].psk->b[31], 0x1f);
	assert_int_equal(now.fault_count, 2);
	assert_error(&now.faults[0].error, "/anna.card has the same key as bert.card");
	assert_error(&now.faults[1].error, "/carl.card has the same key as bert.card");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty_folder_is_nobody),
		TEST(folder_that_is_not_there_says_what_to_do),
		TEST(cards_are_peers_under_the_names_of_their_files),
		TEST(other_files_are_passed_over),
		TEST(local_file_is_read_with_all_its_keys),
		TEST(bad_card_is_a_fault_and_hides_no_other),
		TEST(peer_whose_file_broke_stays_as_it_was),
		TEST(peer_whose_local_file_broke_stays_as_it_was),
		TEST(key_of_a_later_feature_is_refused),
		TEST(roam_and_relay_are_yes_unless_they_say_no),
		TEST(peer_that_does_not_roam_and_has_no_address_is_refused),
		TEST(wrong_values_in_a_local_file_are_refused),
		TEST(psk_that_others_can_read_is_refused),
		TEST(local_file_without_a_card_is_a_warning),
		TEST(file_name_that_is_no_name_is_refused),
		TEST(own_key_is_refused),
		TEST(low_order_key_is_refused),
		TEST(two_files_with_one_key_are_refused_naming_both),
		TEST(peer_that_was_there_survives_a_copy_of_its_card),
	};

	return cmocka_run_group_tests_name("trust", tests, start, stop);
}
