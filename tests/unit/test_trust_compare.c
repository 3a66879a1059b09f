/*
 * test_trust_compare.c - keys/trust.h: what differs between two readings
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "trust_folder.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* ---- differences ---- */

static char changes[512];

static void on_change(void *context, const struct trust_change *c)
{
	size_t used = strlen(changes);

	assert_ptr_equal(context, changes);
	snprintf(changes + used, sizeof(changes) - used, "%s>%s:%x ",
		 c->before ? c->before->name : "", c->after ? c->after->name : "", c->what);
}

static const char *compare(void)
{
	changes[0] = '\0';
	trust_compare(&before, &now, on_change, changes);
	return changes;
}

static void nothing_changed_is_nothing_to_tell(void **state)
{
	(void)state;
	put_card("anna", KEY_1, "a.example");
	scratch_write("anna.local", "[local]\npsk = " HEX "\nvlans = a\n");
	reread();
	reread();
	assert_string_equal(compare(), "");
}

static void added_and_removed_peers_are_told_removed_first(void **state)
{
	(void)state;
	put_card("bert", KEY_2, NULL);
	reread();
	put_card("anna", KEY_1, NULL);
	unlink(scratch_path("bert.card"));
	reread();
	assert_string_equal(compare(), "bert>:0 >anna:0 ");
}

static void each_kind_of_change_is_told_as_such(void **state)
{
	static const struct {
		const char *local, *told;
	} cases[] = {
		{"[local]\nvlans = a\n", "anna>anna:4 "},
		{"[local]\nvlans = a,b\n", "anna>anna:4 "},
		{"[local]\nvlans = a,c\n", "anna>anna:4 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\n", "anna>anna:8 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\nmac_quota = 3\n", "anna>anna:10 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\nmac_quota = 3\nbroadcast = 1\n",
		 "anna>anna:10 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\nallow = arp\n", "anna>anna:10 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\nallow = ra\n", "anna>anna:10 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\nrate = 1k\n", "anna>anna:10 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\nrate = 10G\n", "anna>anna:10 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\npin = 02:00:00:00:00:01\n", "anna>anna:10 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\npin = 02:00:00:00:00:02\n", "anna>anna:10 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\nrelay = no\n", "anna>anna:30 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\nroam = no\n", "anna>anna:20 "},
		{"[local]\nvlans = a,c\npsk = " HEX "\nroam = yes\n", "anna>anna:20 "},
		{"[local]\n", "anna>anna:c "},
	};

	(void)state;
	put_card("anna", KEY_1, "b.example");
	put_card("bert", KEY_2, NULL);
	reread();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_write("anna.local", cases[i].local);
		reread();
		assert_string_equal(compare(), cases[i].told);
	}
	put_card("anna", KEY_1, "a.example");
	reread();
	assert_string_equal(compare(), "anna>anna:2 ");
}

static void renamed_card_is_the_same_peer(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	reread();
	rename(scratch_path("anna.card"), scratch_path("annie.card"));
	reread();
	assert_string_equal(compare(), "anna>annie:1 ");
}

static void another_key_under_a_name_is_another_peer(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	reread();
	put_card("anna", KEY_2, NULL);
	reread();
	assert_string_equal(compare(), "anna>:0 >anna:0 ");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_changed_is_nothing_to_tell),
		TEST(added_and_removed_peers_are_told_removed_first),
		TEST(each_kind_of_change_is_told_as_such),
		TEST(renamed_card_is_the_same_peer),
		TEST(another_key_under_a_name_is_another_peer),
	};

	return cmocka_run_group_tests_name("trust_compare", tests, start, stop);
}
