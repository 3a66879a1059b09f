/*
 * test_trust_write.c - keys/trust.h: adding and removing cards, and changing what is allowed
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "trust_folder.h"

/* ---- writing ---- */

static struct trust_addition addition(const char *name, const char *key_text)
{
	struct trust_addition a = {0};

	strcpy(a.name, name);
	strcpy(a.card.name, name);
	a.card.key = key(key_text);
	return a;
}

static int check(const struct trust_addition *a, bool replace)
{
	const struct public_key own = key(KEY_3);

	memset(&error, 0, sizeof(error));
	return trust_check_addition(&now, &own, a, replace, &error);
}

static void written_cards_are_peers(void **state)
{
	struct trust_addition both[] = {addition("anna", KEY_1), addition("bert", KEY_2)};
	struct stat st;

	(void)state;
	assert_int_equal(trust_write(scratch, both, 2, &error), 0);
	reread();
	assert_int_equal(now.count, 2);
	assert_int_equal(now.fault_count, 0);
	assert_true(card_equal(&now.peers[0].card, &both[0].card));
	assert_int_equal(stat(scratch_path("anna.card"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void when_one_card_cannot_be_written_none_is(void **state)
{
	struct trust_addition three[] = {addition("anna", KEY_1), addition("new", KEY_2),
					 addition("stuck", KEY_3)};

	(void)state;
	scratch_write("anna.card", "what was there");
	mkdir(scratch_path("stuck.card"), 0700); /* a rename cannot replace it */
	assert_int_not_equal(trust_write(scratch, three, 3, &error), 0);
	assert_contains(error.text, "stuck.card");
	assert_string_equal(scratch_read("anna.card"), "what was there");
	assert_int_not_equal(access(scratch_path("new.card"), F_OK), 0);
	rmdir(scratch_path("stuck.card"));
}

static void card_that_is_new_may_be_added(void **state)
{
	struct trust_addition a = addition("anna", KEY_1);

	(void)state;
	reread();
	assert_int_equal(check(&a, false), 0);
}

static void card_that_is_there_is_told_as_such(void **state)
{
	struct trust_addition a = addition("anna", KEY_1);

	(void)state;
	assert_int_equal(trust_write(scratch, &a, 1, &error), 0);
	reread();
	assert_int_equal(check(&a, false), -EALREADY);
	strcpy(a.card.at, "a.example:19543");
	assert_int_equal(check(&a, false), -EEXIST);
	assert_error(&error, "'anna' is there already with another name or address in its card");
	assert_int_equal(check(&a, true), 0);
}

static void same_key_under_a_second_name_is_refused_even_with_replace(void **state)
{
	struct trust_addition a = addition("annie", KEY_1);

	(void)state;
	put_card("anna", KEY_1, NULL);
	reread();
	for (int replace = 0; replace < 2; replace++) {
		assert_int_equal(check(&a, replace), -EEXIST);
		assert_error(&error, "the key is known as 'anna' already");
	}
}

static void other_key_for_a_known_name_needs_replace(void **state)
{
	struct trust_addition a = addition("anna", KEY_2);

	(void)state;
	put_card("anna", KEY_1, NULL);
	reread();
	assert_int_equal(check(&a, false), -EEXIST);
	assert_error(&error, "'anna' is there already with another key; add --replace");
	assert_int_equal(check(&a, true), 0);
}

static void file_that_is_broken_is_not_overwritten_without_replace(void **state)
{
	struct trust_addition a = addition("anna", KEY_1);

	(void)state;
	scratch_write("anna.card", "[peer]\n");
	reread();
	assert_int_equal(check(&a, false), -EEXIST);
	assert_error(&error, "'anna' is there already, with a card that is refused");
	assert_int_equal(check(&a, true), 0);
}

static void own_card_is_not_added(void **state)
{
	struct trust_addition a = addition("anna", KEY_3);

	(void)state;
	reread();
	assert_int_equal(check(&a, true), -EINVAL);
	assert_error(&error, "this is our own card");
}

static void removed_peer_is_gone_with_its_local_file(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	scratch_write("anna.local", "[local]\n");
	assert_int_equal(trust_remove(scratch, "anna", &error), 0);
	reread();
	assert_int_equal(now.count, 0);
	assert_int_equal(now.fault_count, 0);
	assert_int_equal(trust_remove(scratch, "anna", &error), -ENOENT);
	assert_error(&error, "there is no peer 'anna'");
}

static void name_that_is_a_path_removes_nothing(void **state)
{
	(void)state;
	put_card("anna", KEY_1, NULL);
	assert_int_equal(trust_remove(scratch, "../x/anna", &error), -EINVAL);
	assert_error(&error, "is a path and not a name");
	assert_int_equal(access(scratch_path("anna.card"), F_OK), 0);
}

/* ---- allow ---- */

static int allow(const char *name, const char *words, unsigned *allowed)
{
	struct trust_allowance change = {.words = words, .allowed = 99};
	int rc = trust_change_allowed(scratch, name, &change, &error);

	*allowed = change.allowed;
	return rc;
}

static void allow_changes_its_line_and_nothing_else(void **state)
{
	static const struct {
		const char *before, *words, *after;
	} cases[] = {
		{"[local]\n", "dhcp", "[local]\nallow = dhcp\n"},
		{"[local]", "dhcp", "[local]\nallow = dhcp\n"},
		{"", "ra,dhcp", "[local]\nallow = dhcp, ra\n"},
		{"; mine", "ra", "; mine\n[local]\nallow = ra\n"},
		{"[local]\n; allow = ra\nvlans = a ; one\n", "bpdu",
		 "[local]\n; allow = ra\nvlans = a ; one\nallow = bpdu\n"},
		{"[local]\n  allow:ra\t; her router\r\nvlans = a\r\n", "arp",
		 "[local]\nallow = ra, arp ; her router\r\nvlans = a\r\n"},
		{"[local]\nallow = dhcp, ra\nvlans = a\n", "-dhcp",
		 "[local]\nallow = ra\nvlans = a\n"},
		{"[local]\nallow = dhcp ; for the party\nvlans = a\n", "-dhcp",
		 "[local]\n; for the party\nvlans = a\n"},
		{"[local]\r\nallow = dhcp\r\nvlans = a\r\n", "-dhcp", "[local]\r\nvlans = a\r\n"},
		{"[local]\nvlans = a\nallow = dhcp", "-dhcp", "[local]\nvlans = a\n"},
		{"[local]\nallow=dhcp\n", "dhcp", "[local]\nallow=dhcp\n"},
		{"[local]\nallow = ra\n", "dhcp, -ra, bpdu", "[local]\nallow = dhcp, bpdu\n"},
	};
	unsigned allowed;

	(void)state;
	put_card("anna", KEY_1, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scratch_write("anna.local", cases[i].before);
		assert_int_equal(allow("anna", cases[i].words, &allowed), 0);
		assert_string_equal(scratch_read("anna.local"), cases[i].after);
		reread();
		assert_int_equal(now.fault_count, 0);
		assert_int_equal(now.peers[0].local.allow, allowed);
	}
}

static void allow_makes_a_private_file_and_keeps_the_mode_of_one(void **state)
{
	unsigned allowed;
	struct stat st;

	(void)state;
	put_card("anna", KEY_1, NULL);
	assert_int_equal(allow("anna", "", &allowed), 0);
	assert_int_equal(allowed, 0);
	assert_int_not_equal(stat(scratch_path("anna.local"), &st), 0); /* nothing to write */
	assert_int_equal(allow("anna", "dhcp", &allowed), 0);
	assert_int_equal(stat(scratch_path("anna.local"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	chmod(scratch_path("anna.local"), 0640);
	assert_int_equal(allow("anna", "ra", &allowed), 0);
	assert_int_equal(stat(scratch_path("anna.local"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(allow("anna", "", &allowed), 0);
	assert_int_equal(allowed, 1 << TRUST_ALLOW_DHCP | 1 << TRUST_ALLOW_RA);
}

static void allow_refuses_what_it_cannot_do_and_writes_nothing(void **state)
{
	unsigned allowed;

	(void)state;
	put_card("anna", KEY_1, NULL);
	scratch_write("anna.local", "[local]\nallow = dhcp\n");
	assert_int_equal(allow("anna", "ra, dns", &allowed), -EINVAL);
	assert_error(&error, "'dns' is nothing that can be allowed");
	assert_int_equal(allow("anna", "-dns", &allowed), -EINVAL);
	assert_int_equal(allow("bert", "dhcp", &allowed), -ENOENT);
	assert_error(&error, "there is no peer 'bert'");
	assert_int_equal(allow("../x", "dhcp", &allowed), -EINVAL);
	assert_string_equal(scratch_read("anna.local"), "[local]\nallow = dhcp\n");
	scratch_write("anna.local", "[local]\ncolour = no\n");
	assert_int_equal(allow("anna", "dhcp", &allowed), -EINVAL);
	assert_error(&error, "/anna.local:2: there is no key 'colour'");
	assert_string_equal(scratch_read("anna.local"), "[local]\ncolour = no\n");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(allow_changes_its_line_and_nothing_else),
		TEST(allow_makes_a_private_file_and_keeps_the_mode_of_one),
		TEST(allow_refuses_what_it_cannot_do_and_writes_nothing),
		TEST(written_cards_are_peers),
		TEST(when_one_card_cannot_be_written_none_is),
		TEST(card_that_is_new_may_be_added),
		TEST(card_that_is_there_is_told_as_such),
		TEST(same_key_under_a_second_name_is_refused_even_with_replace),
		TEST(other_key_for_a_known_name_needs_replace),
		TEST(file_that_is_broken_is_not_overwritten_without_replace),
		TEST(own_card_is_not_added),
		TEST(removed_peer_is_gone_with_its_local_file),
		TEST(name_that_is_a_path_removes_nothing),
	};

	return cmocka_run_group_tests_name("trust_write", tests, start, stop);
}
