/*
 * test_paste.c - keys/paste.h: cards as people paste them
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys.h"
#include "keys/paste.h"

enum {
	MAX = 4
};

static struct error error;
static struct pasted cards[MAX];

static int paste_bytes(const char *text, size_t len)
{
	/* in memory of exactly this size, so that a sanitizer sees a read too far */
	char *copy = malloc(len ? len : 1);
	const struct paste_source source = {"f", copy, len};
	int rc;

	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(&error, 0, sizeof(error));
	memset(cards, 0, sizeof(cards));
	rc = paste_read(&source, cards, MAX, &error);
	free(copy);
	return rc;
}

static int paste(const char *text)
{
	return paste_bytes(text, strlen(text));
}

/* @text holds just anna's card with KEY_1 and these addresses. */
static void assert_anna(const char *text, const char *at)
{
	char key[KEY_TEXT_BYTES];

	if (paste(text) != 1)
		fail_msg("%s in: %s", error.text, text);
	assert_string_equal(cards[0].card.name, "anna");
	assert_string_equal(public_key_format(&cards[0].card.key, key), KEY_1);
	assert_string_equal(cards[0].card.at, at);
}

static void assert_refused(const char *text, const char *message)
{
	assert_int_equal(paste(text), -EINVAL);
	assert_error(&error, message);
}

#define CARD "[peer]\nname = anna\nkey  = " KEY_1 "\nat   = a.example:19543, [::1]:7\n"
#define AT   "a.example:19543, [::1]:7"

static void card_as_it_was_printed_is_read(void **state)
{
	(void)state;
	assert_anna("; longwire card - safe to post, holds no secret\n" CARD, AT);
	assert_int_equal(cards[0].line, 2);
}

static void text_around_a_card_does_not_matter(void **state)
{
	(void)state;
	assert_anna("Hi Bert,\n\nhere is my card:\n\n" CARD "\nSee you!\nAnna -- a = b\n", AT);
	assert_int_equal(cards[0].line, 5);
}

static void quoted_card_is_read_however_deep(void **state)
{
	(void)state;
	assert_anna("On Monday anna wrote:\n> [peer]\n> name = anna\n> key = " KEY_1
		    "\n> at = a.example, [::1]:7\n> -- \n> Anna\n",
		    AT);
	assert_anna(">> > [peer]\n>>> name = anna\n> >> key = " KEY_1
		    "\n>>>at = a.example, [::1]:7\n",
		    AT);
	assert_anna(" | [peer]\n | name = anna\n | key = " KEY_1 "\n | at = a.example, [::1]:7\n",
		    AT);
}

static void key_that_was_wrapped_is_put_together(void **state)
{
	char text[512];

	(void)state;
	for (size_t cut = 3; cut < 46; cut++) {
		snprintf(text, sizeof(text),
			 "> [peer]\n> name = anna\n> key = %.*s\n> %s\n> at = a.example\n",
			 (int)cut, KEY_1, &KEY_1[cut]);
		assert_anna(text, "a.example:19543");
	}
	snprintf(text, sizeof(text), "[peer]\nname = anna\nkey =\n  %.30s\n  %s\n", KEY_1,
		 &KEY_1[30]);
	assert_anna(text, "");
}

static void addresses_that_were_wrapped_are_put_together(void **state)
{
	(void)state;
	assert_anna("[peer]\nname = anna\nkey = " KEY_1 "\nat = a.example:19543,\n[::1]:7\n", AT);
	assert_anna("[peer]\nname = anna\nkey = " KEY_1 "\nat =\na.example:19543\n, [::1]:7\n", AT);
	assert_anna("[peer]\nname = anna\nkey = " KEY_1 "\nat = a.example:\n19543, [::1]:7\n", AT);
	assert_anna("[peer]\nname = anna\nkey = " KEY_1 "\nat = a.\nexample:19543, [::1]:7\nBye!\n",
		    AT);
}

static void card_with_a_blank_line_after_each_line_is_read(void **state)
{
	(void)state;
	assert_anna("[peer]\n\nname = anna\n\nkey = " KEY_1 "\n\nat = a.example,\n\n [::1]:7\n\n",
		    AT);
}

static void card_that_lost_its_line_ends_is_read(void **state)
{
	(void)state;
	assert_anna(
		"; longwire card - safe to post, holds no secret [peer] name = anna key = " KEY_1
		" at = a.example, [::1]:7",
		AT);
}

static void smart_quotes_and_code_fences_are_passed_over(void **state)
{
	(void)state;
	assert_anna("```ini\n" CARD "```\n", AT);
	assert_anna("\xe2\x80\x9c[peer]\nname = \xe2\x80\x98"
		    "anna\xe2\x80\x99\nkey = \"" KEY_1 "\"\nat = a.example, [::1]:7\xe2\x80\x9d\n",
		    AT);
	assert_anna("`[peer]`\n`name = anna`\n`key = " KEY_1 "`\n`at = a.example, [::1]:7`\n", AT);
}

static void spaces_of_other_kinds_are_spaces_or_nothing(void **state)
{
	(void)state;
	assert_anna("[peer]\n\xc2\xa0name\xc2\xa0=\xc2\xa0"
		    "anna\nkey\xe2\x80\xaf= \xe2\x80\x8b" KEY_1
		    "\xe2\x80\x8b\nat\t=\ta.exa\xc2\xadmple,"
		    "\xe3\x80\x80[::1]:7\n",
		    AT);
	assert_anna("\xef\xbb\xbf[peer]\r\nname = anna\r\nkey = " KEY_1
		    "\r\nat = a.example, [::1]:7\r\n",
		    AT);
	assert_anna("[peer]\rname = anna\rkey = " KEY_1 "\rat = a.example, [::1]:7\r", AT);
}

static void comments_and_capitals_in_a_card_do_not_matter(void **state)
{
	(void)state;
	assert_anna("[Peer]\nName = anna ; me\n; key = lw1nothing\nKEY = " KEY_1
		    " ; at = home\n# hello\nat = a.example, [::1]:7 ; x\n",
		    AT);
}

static void uri_in_a_sentence_is_read(void **state)
{
	(void)state;
	assert_anna("longwire:" KEY_1 "?name=anna&at=a.example,%5B::1%5D:7", AT);
	assert_anna("Take longwire:" KEY_1 "?name=anna&at=a.example,[::1]:7, and hurry!", AT);
	assert_anna("(longwire:" KEY_1 "?name=anna&at=a.example,[::1]:7)", AT);
	assert_anna("My card is <longwire:" KEY_1 "?name=anna&at=a.example,[::1]:7>.", AT);
	assert_anna("> \"longwire:" KEY_1 "?name=anna&at=a.example,[::1]:7\".\n> Bye", AT);
	assert_anna("Use longwire: it is good. LONGWIRE:" KEY_1 "?name=anna&at=a.example,[::1]:7.",
		    AT);
}

static void uri_that_was_wrapped_is_put_together(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text),
		 "> see longwire:%.40s\n> %s?name=anna&\n> at=a.example,[::1]:7\n> bye", KEY_1,
		 &KEY_1[40]);
	assert_anna(text, AT);
	assert_anna("<longwire:" KEY_1 "?name=an\nna&at=a.exam\n  ple,[::1]:7>\nbye", AT);
	assert_anna("longwire:" KEY_1 "\n?name=anna&at=a.example,\n[::1]:7\n", AT);
}

static void several_cards_come_in_their_order(void **state)
{
	(void)state;
	assert_int_equal(paste("[peer]\nname = a\nkey = " KEY_1 "\n[peer]\nname = b\nkey = " KEY_2
			       "\nand longwire:" KEY_3 "?name=c !\n"),
			 3);
	assert_string_equal(cards[0].card.name, "a");
	assert_string_equal(cards[1].card.name, "b");
	assert_string_equal(cards[2].card.name, "c");
	assert_int_equal(cards[1].line, 4);
	assert_int_equal(cards[2].line, 7);
	assert_int_equal(paste("longwire:" KEY_1 " longwire:" KEY_2 ", <longwire:" KEY_3 ">"), 3);
}

static void same_card_twice_is_one(void **state)
{
	(void)state;
	assert_anna(CARD "\n> "
			 "[peer]\n> name = anna\n> key = " KEY_1 "\n> at = a.example, [::1]:7\n",
		    AT);
	assert_refused(CARD "\nlongwire:" KEY_1 "?name=other\n",
		       "f:6: this card has the key of the one in line 1, and is not the same");
}

static void more_cards_than_there_is_room_for_are_refused(void **state)
{
	char text[1024] = "", key[KEY_TEXT_BYTES];

	(void)state;
	for (uint8_t i = 0; i < MAX + 1; i++) {
		struct public_key k = {{(uint8_t)(9 + i)}};

		sprintf(text + strlen(text), "longwire:%s\n", public_key_format(&k, key));
	}
	assert_refused(text, "f:5: more than 4 cards at once");
}

static void mistakes_are_named_with_their_line(void **state)
{
	(void)state;
	assert_refused("hello\n[peer]\nname = anna\nbye\n",
		       "f:2: the card has no key; copy all of it");
	assert_refused("[peer]\nname = ../x\nkey = " KEY_1 "\n",
		       "f:2: '../x' is a path and not a name");
	assert_refused("[peer]\nname = anna\nkey = lw1oops\n",
		       "f:3: the key has 'o' as character 4");
	assert_refused("[peer]\nname = anna\nkey = " KEY_1 "\nkey = " KEY_2 "\n",
		       "f:4: 'key' is here a second time, after line 3");
	assert_refused("[peer]\nkey = " KEY_1 "\ncolour = red\n",
		       "f:3: there is no such key in a card: 'colour'");
	assert_refused("[peer]\nkey = " KEY_1 "\nat = nowhere:99999\n",
		       "f:3: 'nowhere:99999': the port");
	assert_refused("[peer]\nkey = " KEY_1 "\nat =\n", "f:3: 'at' has no value");
	assert_refused("x\nlongwire:" KEY_1 "?nme=anna\n",
		       "f:2: there is no 'nme' in a longwire: line");
}

static void key_that_is_cut_is_named_as_cut_though_text_follows(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "[peer]\nname = anna\nkey = %.50s\n\nsee you\n", KEY_1);
	assert_refused(text, "f:3: the key is cut: it has 50 of 61 characters");
	snprintf(text, sizeof(text), "[peer]\nkey = %.50s\ncheers\n", KEY_1);
	assert_refused(text, "f:2: the key is cut: it has 50 of 61 characters");
	snprintf(text, sizeof(text), "longwire:%.50s", KEY_1);
	assert_refused(text, "f:1: the key is cut: it has 50 of 61 characters");
}

static void text_without_a_card_is_refused(void **state)
{
	(void)state;
	assert_refused("", "f:1: there is no card in this text");
	assert_refused("hello\nworld\n", "f:2: there is no card in this text; expected '[peer]'");
	assert_refused("name = anna\nkey = " KEY_1 "\n",
		       "f:2: there is no '[peer]' above this key; copy the whole card");
}

static void identity_that_is_pasted_is_refused_as_a_secret(void **state)
{
	(void)state;
	assert_refused("longwire-secret-1 77076d0a7318\n",
		       "f:1: this is an identity.key and no card: it is secret");
	assert_null(strstr(error.text, "77076d"));
}

static void prose_with_an_equals_sign_ends_a_card_only_when_it_is_prose(void **state)
{
	(void)state;
	assert_anna(CARD "\nSo that\nx = y\n", AT);
	assert_anna(CARD "\nI hope that the key = the right one.\n", AT);
}

static void very_long_lines_are_survived(void **state)
{
	char *text = malloc(200000);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', 199999);
	text[199999] = '\0';
	memcpy(text, "longwire:" KEY_1, 9 + 61);
	text[9 + 61] = '?';
	assert_refused(text, "f:1: the longwire: line is longer");
	memcpy(text, "[peer]\nat = ", 12);
	assert_refused(text, "f:2: the value is longer than any can be");
	free(text);
}

/* Any bytes at all: the result does not matter, only that there is one. */
static void random_pieces_of_cards_are_survived(void **state)
{
	static const char *const pieces[] = {"[peer]",
					     "\n",
					     "key =",
					     "at =",
					     "name = anna",
					     KEY_1,
					     "=",
					     ",",
					     "longwire:lw1",
					     ("<longwire:" KEY_1),
					     ">",
					     "> ",
					     " ",
					     "\r",
					     "\xc2",
					     "\xe2\x80",
					     "\xe2\x80\x9c",
					     "[::1]:7",
					     ";",
					     "?",
					     "&",
					     "%",
					     "a"};
	const char *given = getenv("LONGWIRE_TEST_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 0) : (unsigned)getpid(),
		 start = seed;

	(void)state;
	printf("# LONGWIRE_TEST_SEED=%u\n", start);
	for (int i = 0; i < 20000; i++) {
		char text[1024] = "";

		for (int j = rand_r(&seed) % 12; j >= 0; j--)
			strcat(text, pieces[(size_t)rand_r(&seed) %
					    (sizeof(pieces) / sizeof(pieces[0]))]);
		paste_bytes(text, strlen(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(card_as_it_was_printed_is_read),
		cmocka_unit_test(text_around_a_card_does_not_matter),
		cmocka_unit_test(quoted_card_is_read_however_deep),
		cmocka_unit_test(key_that_was_wrapped_is_put_together),
		cmocka_unit_test(addresses_that_were_wrapped_are_put_together),
		cmocka_unit_test(card_with_a_blank_line_after_each_line_is_read),
		cmocka_unit_test(card_that_lost_its_line_ends_is_read),
		cmocka_unit_test(smart_quotes_and_code_fences_are_passed_over),
		cmocka_unit_test(spaces_of_other_kinds_are_spaces_or_nothing),
		cmocka_unit_test(comments_and_capitals_in_a_card_do_not_matter),
		cmocka_unit_test(uri_in_a_sentence_is_read),
		cmocka_unit_test(uri_that_was_wrapped_is_put_together),
		cmocka_unit_test(several_cards_come_in_their_order),
		cmocka_unit_test(same_card_twice_is_one),
		cmocka_unit_test(more_cards_than_there_is_room_for_are_refused),
		cmocka_unit_test(mistakes_are_named_with_their_line),
		cmocka_unit_test(key_that_is_cut_is_named_as_cut_though_text_follows),
		cmocka_unit_test(text_without_a_card_is_refused),
		cmocka_unit_test(identity_that_is_pasted_is_refused_as_a_secret),
		cmocka_unit_test(prose_with_an_equals_sign_ends_a_card_only_when_it_is_prose),
		cmocka_unit_test(very_long_lines_are_survived),
		cmocka_unit_test(random_pieces_of_cards_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
