/*
 * test_card.c - keys/card.h
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "keys.h"
#include "keys/card.h"

static struct error error;
static struct card card;

static int parse(const char *text)
{
	memset(&error, 0, sizeof(error));
	return card_parse("f", text, strlen(text), &card, &error);
}

static void assert_refused(const char *text, const char *message)
{
	struct card before;

	memset(&card, 7, sizeof(card));
	before = card;
	assert_int_equal(parse(text), -EINVAL);
	assert_error(&error, message);
	assert_memory_equal(&card, &before, sizeof(card));
}

static void assert_key(const char *expected)
{
	char text[KEY_TEXT_BYTES];

	assert_string_equal(public_key_format(&card.key, text), expected);
}

static void card_of_the_manual_is_read(void **state)
{
	(void)state;
	assert_int_equal(parse("; longwire card - safe to post, holds no secret\n[peer]\n"
			       "name = anna\nkey  = " KEY_1 "               ; bech32m\n"
			       "at   = anna.example:19543, [2001:db8::7]:7      ; optional\n"),
			 0);
	assert_string_equal(card.name, "anna");
	assert_key(KEY_1);
	assert_string_equal(card.at, "anna.example:19543, [2001:db8::7]:7");
}

static void key_alone_is_a_card(void **state)
{
	(void)state;
	assert_int_equal(parse("[peer]\nkey=" KEY_1), 0);
	assert_string_equal(card.name, "");
	assert_string_equal(card.at, "");
}

static void card_survives_format_and_parse(void **state)
{
	static const char *const texts[] = {
		"[peer]\nname = anna\nkey = " KEY_1 "\nat = a.example, 192.0.2.1:1, [::1]:65535\n",
		"[peer]\nname = anna\nkey = " KEY_1 "\n",
		"[peer]\nkey = " KEY_1 "\nat = a.example\n",
	};
	char text[CARD_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct card first;

		assert_int_equal(parse(texts[i]), 0);
		first = card;
		assert_int_equal(parse(card_format(&first, text)), 0);
		assert_true(card_equal(&first, &card));
		assert_int_equal(card_parse_uri(card_format_uri(&first, text), &card, &error), 0);
		assert_true(card_equal(&first, &card));
	}
}

static void longest_card_survives_too(void **state)
{
	char at[CARD_AT_BYTES] = "", text[CARD_TEXT_BYTES];
	struct card again;

	(void)state;
	memset(&card, 0, sizeof(card));
	memset(card.name, 'n', sizeof(card.name) - 1);
	memset(&card.key, 1, sizeof(card.key));
	for (int i = 0; i < 8; i++)
		sprintf(at + strlen(at), "%s[2001:db8:1111:2222:3333:4444:5555:%d]:65535",
			i ? "," : "", 1000 + i);
	assert_int_equal(card_set_at(&card, at, &error), 0);
	assert_int_equal(card_parse_uri(card_format_uri(&card, text), &again, &error), 0);
	assert_true(card_equal(&card, &again));
#ifdef HAVE_INI_MAX_LINE
	card_format(&card, text);
	assert_int_equal(card_parse("f", text, strlen(text), &again, &error), 0);
	assert_true(card_equal(&card, &again));
#endif
}

static void card_without_key_or_section_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_refused("", "f:1: there is no card in this file; expected '[peer]'");
	assert_refused("; hello\n", "f:1: there is no card in this file");
	assert_refused("\n[peer]\nname = anna\n",
		       "f:2: the card has no key; expected 'key = lw1...'");
	assert_refused("key = " KEY_1 "\n", "f:1: the key 'key' stands before any section");
}

static void bad_values_are_refused_with_their_line(void **state)
{
	(void)state;
	assert_refused("[peer]\nname = ../anna\nkey = " KEY_1 "\n", "f:2: '../anna' is a path");
	assert_refused("[peer]\nname = anna k\nkey = " KEY_1 "\n", "f:2: 'anna k' is no name");
	assert_refused("[peer]\nkey = lw1oops\n", "f:2: the key has 'o' as character 4");
	assert_refused("[peer]\nkey = " KEY_1 "\nat = nowhere:99999\n",
		       "f:3: 'nowhere:99999': the port '99999' is no number from 1 to 65535");
	assert_refused("[peer]\nkey = " KEY_1 "\npsk = x\n",
		       "f:3: there is no key 'psk' in [peer]");
	assert_refused("[peer]\nkey = " KEY_1 "\nkey = " KEY_2 "\n",
		       "f:3: 'key' is here a second time");
}

static struct card_address addresses[CARD_ADDRESSES_MAX];

static void addresses_are_read_with_and_without_port(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} cases[] = {
		{"anna.example", "anna.example", 7},
		{"anna.example:1", "anna.example", 1},
		{"anna.example.:1", "anna.example.", 1},
		{"my_host-2", "my_host-2", 7},
		{"192.0.2.1", "192.0.2.1", 7},
		{"192.0.2.1:65535", "192.0.2.1", 65535},
		{"[2001:db8::7]:19543", "2001:db8::7", 19543},
		{"[2001:db8::7]", "2001:db8::7", 7},
		{"2001:db8::7", "2001:db8::7", 7},
		{"1and1.example", "1and1.example", 7},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (card_parse_addresses(cases[i].text, 7, addresses, &error) != 1)
			fail_msg("%s: %s", cases[i].text, error.text);
		assert_string_equal(addresses[0].host, cases[i].host);
		assert_int_equal(addresses[0].port, cases[i].port);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const cases[] = {
		"a b",
		"a:",
		":1",
		"a:0",
		"a:65536",
		"a:+1",
		"-a",
		"a-",
		"a-.b",
		".a",
		"a..b",
		"a/b",
		"a@b",
		"\xc3\xa4",
		"1.2.3",
		"256.1.1.1:1",
		"1.2.3.4.5",
		"[a]:1",
		"[192.0.2.1]:1",
		"[::1",
		"[::1]x",
		"::1]:1",
		"[fe80::1%1]:1",
		"0.0.0.0:1",
		"224.0.0.1:1",
		"255.255.255.255:1",
		"[ff02::1]:1",
		"[::]:1",
		"a,,b",
		"a.b.0123456789012345678901234567890123456789012345678901234567890123.c",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (card_parse_addresses(cases[i], 7, addresses, &error) >= 0)
			fail_msg("accepted: '%s'", cases[i]);
		assert_null(strchr(error.text, '\n'));
	}
	assert_int_equal(card_parse_addresses("x,10.1", 7, addresses, &error), -EINVAL);
	assert_error(&error, "'10.1' is no address; expected host:port");
	assert_int_equal(card_parse_addresses("224.0.0.1", 7, addresses, &error), -EINVAL);
	assert_error(&error, "is not the address of one host");
}

static void at_most_eight_addresses_are_taken(void **state)
{
	(void)state;
	assert_int_equal(card_parse_addresses("a,b,c,d,e,f,g,h", 7, addresses, &error), 8);
	assert_int_equal(card_parse_addresses("a,b,c,d,e,f,g,h,i", 7, addresses, &error), -EINVAL);
	assert_error(&error, "more than 8 addresses");
}

static void addresses_too_long_for_a_card_are_refused(void **state)
{
	char text[700] = "";

	(void)state;
	for (int i = 0; i < 8; i++)
		sprintf(text + strlen(text), "%s%060d.abcdefghijklmn", i ? "," : "", i);
	assert_int_equal(card_set_at(&card, text, &error), -EINVAL);
	assert_error(&error, "longer than 511 characters in all");
}

static void numeric_addresses_need_no_look_up(void **state)
{
	char text[ADDR_TEXT_BYTES];
	struct addr addr;

	(void)state;
	assert_int_equal(card_parse_addresses("[2001:db8::7]:1,192.0.2.1:2,a.example:3", 7,
					      addresses, &error),
			 3);
	assert_true(card_address_is_numeric(&addresses[0], &addr));
	assert_string_equal(addr_format(&addr, text), "[2001:db8::7]:1");
	assert_true(card_address_is_numeric(&addresses[1], &addr));
	assert_string_equal(addr_format(&addr, text), "192.0.2.1:2");
	assert_false(card_address_is_numeric(&addresses[2], &addr));
}

static void addresses_of_a_card_are_listed(void **state)
{
	(void)state;
	assert_int_equal(parse("[peer]\nkey = " KEY_1 "\nat = a.example, [::1]:7\n"), 0);
	assert_int_equal(card_addresses(&card, addresses), 2);
	assert_string_equal(addresses[0].host, "a.example");
	assert_int_equal(addresses[0].port, 19543);
	assert_string_equal(addresses[1].host, "::1");
	card.at[0] = '\0';
	assert_int_equal(card_addresses(&card, addresses), 0);
}

static void uri_has_a_form_that_mail_programs_leave_alone(void **state)
{
	char text[CARD_TEXT_BYTES];

	(void)state;
	assert_int_equal(parse("[peer]\nname = anna\nkey = " KEY_1 "\nat = a.example, [::1]:7\n"),
			 0);
	assert_string_equal(card_format_uri(&card, text),
			    "longwire:" KEY_1 "?name=anna&at=a.example:19543,%5B::1%5D:7");
	card.name[0] = '\0';
	assert_string_equal(card_format_uri(&card, text),
			    "longwire:" KEY_1 "?at=a.example:19543,%5B::1%5D:7");
	card.at[0] = '\0';
	assert_string_equal(card_format_uri(&card, text), "longwire:" KEY_1);
	strcpy(card.name, "b.b.");
	assert_string_equal(card_format_uri(&card, text), "longwire:" KEY_1 "?name=b.b%2E");
}

static void uri_is_read_in_its_variants(void **state)
{
	static const char *const cases[] = {
		"longwire:" KEY_1 "?name=anna&at=a.example:19543,%5B::1%5D:7",
		"LongWire:" KEY_1 "?name=anna&at=a.example,[::1]:7",
		"longwire:" KEY_1 "?at=a.example%3a19543%2C%20[::1]:7&name=%61nna",
		"longwire:" KEY_1 "?name=anna&amp;at=a.example:19543,%5B::1%5D:7",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&card, 0, sizeof(card));
		if (card_parse_uri(cases[i], &card, &error))
			fail_msg("%s: %s", cases[i], error.text);
		assert_string_equal(card.name, "anna");
		assert_key(KEY_1);
		assert_string_equal(card.at, "a.example:19543, [::1]:7");
	}
}

static void malformed_uri_is_refused_and_nothing_changes(void **state)
{
	static const char *const cases[] = {
		"",
		KEY_1,
		"http:" KEY_1,
		"longwire:",
		"longwire:?name=anna",
		"longwire:" KEY_1 "x",
		"longwire:" KEY_1 "?",
		"longwire:" KEY_1 "?name",
		"longwire:" KEY_1 "?name=",
		"longwire:" KEY_1 "?at=",
		"longwire:" KEY_1 "?name=a&name=b",
		"longwire:" KEY_1 "?name=a&",
		"longwire:" KEY_1 "?name=..%2fa",
		"longwire:" KEY_1 "?name=a%00",
		"longwire:" KEY_1 "?name=a%0a",
		"longwire:" KEY_1 "?name=a%",
		"longwire:" KEY_1 "?name=a%2",
		"longwire:" KEY_1 "?name=a%zz",
		"longwire:" KEY_1 "?psk=a",
		"longwire:" KEY_1 "?at=nowhere:99999",
		"longwire:" KEY_1 "?averyverylongnameofafield=1",
	};
	struct card before;

	(void)state;
	memset(&card, 7, sizeof(card));
	before = card;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (card_parse_uri(cases[i], &card, &error) != -EINVAL)
			fail_msg("accepted: %s", cases[i]);
		assert_null(strchr(error.text, '\n'));
		assert_memory_equal(&card, &before, sizeof(card));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(card_of_the_manual_is_read),
		cmocka_unit_test(key_alone_is_a_card),
		cmocka_unit_test(card_survives_format_and_parse),
		cmocka_unit_test(longest_card_survives_too),
		cmocka_unit_test(card_without_key_or_section_is_refused_with_its_line),
		cmocka_unit_test(bad_values_are_refused_with_their_line),
		cmocka_unit_test(addresses_are_read_with_and_without_port),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(at_most_eight_addresses_are_taken),
		cmocka_unit_test(addresses_too_long_for_a_card_are_refused),
		cmocka_unit_test(numeric_addresses_need_no_look_up),
		cmocka_unit_test(addresses_of_a_card_are_listed),
		cmocka_unit_test(uri_has_a_form_that_mail_programs_leave_alone),
		cmocka_unit_test(uri_is_read_in_its_variants),
		cmocka_unit_test(malformed_uri_is_refused_and_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
