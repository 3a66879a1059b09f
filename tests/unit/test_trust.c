/*
 * test_trust.c - keys/trust.h
 */
#include "unit.h"

#include <errno.h>
#include <sodium.h>
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
		TEST(allow_changes_its_line_and_nothing_else),
		TEST(allow_makes_a_private_file_and_keeps_the_mode_of_one),
		TEST(allow_refuses_what_it_cannot_do_and_writes_nothing),
		TEST(psk_that_others_can_read_is_refused),
		TEST(local_file_without_a_card_is_a_warning),
		TEST(file_name_that_is_no_name_is_refused),
		TEST(own_key_is_refused),
		TEST(low_order_key_is_refused),
		TEST(two_files_with_one_key_are_refused_naming_both),
		TEST(peer_that_was_there_survives_a_copy_of_its_card),
		TEST(nothing_changed_is_nothing_to_tell),
		TEST(added_and_removed_peers_are_told_removed_first),
		TEST(each_kind_of_change_is_told_as_such),
		TEST(renamed_card_is_the_same_peer),
		TEST(another_key_under_a_name_is_another_peer),
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

	return cmocka_run_group_tests(tests, start, stop);
}
