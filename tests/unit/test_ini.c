/*
 * test_ini.c - common/ini.h
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "common/ini.h"

enum {
	LOG_BYTES = 4096
};

/* What the callbacks saw, as text. */
struct seen {
	char text[LOG_BYTES];
};

static void note(struct seen *s, const char *what, const char *value, int line)
{
	size_t used = strlen(s->text);

	snprintf(s->text + used, sizeof(s->text) - used, "%s=%s@%d ", what, value, line);
}

static int open_any(void *context, const char *name, int line, void **object, struct error *err)
{
	if (strcmp(name, "refused") == 0)
		return error_set(err, -EPERM, "the name is refused");
	note(context, "open", name, line);
	*object = context;
	return 0;
}

static int set_a(void *object, const char *value, int line, struct error *err)
{
	if (strcmp(value, "bad") == 0)
		return error_set(err, -ERANGE, "'bad' is no value; expected another");
	note(object, "a", value, line);
	return 0;
}

static int set_b(void *object, const char *value, int line, struct error *err)
{
	(void)err;
	note(object, "b", value, line);
	return 0;
}

static const struct ini_key KEYS[] = {{"a", set_a}, {"b", set_b}};
static const struct ini_section SECTIONS[] = {
	{"one", false, KEYS, 2, open_any},
	{"many", true, KEYS, 2, open_any},
};

static struct seen seen;
static struct error error;

static int read_bytes(const char *text, size_t len)
{
	const struct ini_schema schema = {SECTIONS, 2, &seen};

	memset(&seen, 0, sizeof(seen));
	memset(&error, 0, sizeof(error));
	return ini_read("f", text, len, &schema, &error);
}

static int read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void assert_reads(const char *text, const char *expected)
{
	if (read_text(text))
		fail_msg("refused: %s", error.text);
	assert_string_equal(seen.text, expected);
}

static void assert_refused(const char *text, const char *message)
{
	assert_int_equal(read_text(text), -EINVAL);
	assert_error(&error, message);
}

static void sections_and_keys_arrive_with_their_lines(void **state)
{
	(void)state;
	assert_reads("; comment\n[one]\na = 1\n\n[many x]\na=2\nb = 3\n[many y]\n",
		     "open=@2 a=1@3 open=x@5 a=2@6 b=3@7 open=y@8 ");
}

static void blanks_comments_and_line_ends_do_not_matter(void **state)
{
	(void)state;
	assert_reads("\xef\xbb\xbf[one] ; c\r\n  a =  1 2\t; c\r\n#c\n\tb = 3;4",
		     "open=@1 a=1 2@2 b=3;4@4 ");
	assert_reads("[ many   x y ]\n", "open=x y@1 ");
	assert_reads("", "");
	assert_reads("\n", "");
}

static void value_may_hold_signs_that_also_separate(void **state)
{
	(void)state;
	assert_reads("[one]\na = x=y:z\nb = [::1]:80\n", "open=@1 a=x=y:z@2 b=[::1]:80@3 ");
}

static void value_of_thousand_characters_arrives_whole(void **state)
{
	char text[1100] = "[one]\na = ", expected[1100] = "open=@1 a=";

	(void)state;
#ifndef HAVE_INI_MAX_LINE
	skip();
#endif
	memset(text + strlen(text), 'x', 1000);
	memset(expected + strlen(expected), 'x', 1000);
	strcat(expected, "@2 ");
	assert_reads(text, expected);
}

static void line_that_is_too_long_is_refused_and_not_cut(void **state)
{
	char text[3000] = "[one]\na = ";

	(void)state;
	memset(text + strlen(text), 'x', 2500);
	assert_refused(text, "f:2: the line is longer than ");
	assert_string_equal(seen.text, "open=@1 ");
}

static void long_comment_is_a_comment(void **state)
{
	char text[3000] = "[one]\n;";

	(void)state;
	memset(text + strlen(text), 'x', 2500);
	strcat(text, "\na = 1\n");
	assert_reads(text, "open=@1 a=1@3 ");
}

static void unknown_key_is_refused_with_those_there_are(void **state)
{
	(void)state;
	assert_refused("[one]\nc = 1\n", "f:2: there is no key 'c' in [one]; expected a or b");
	assert_refused("[one]\nA = 1\n", "f:2: there is no key 'A'");
	assert_refused("[one]\n= 1\n", "f:2: there is no key ''");
}

static void unknown_section_is_refused_with_those_there_are(void **state)
{
	(void)state;
	assert_refused(
		"\n[two]\n",
		"f:2: there is no section [two] in this file; expected [one] or [many NAME]");
	assert_refused("[]\n", "f:1: there is no section []");
}

static void second_key_and_second_section_name_the_first(void **state)
{
	(void)state;
	assert_refused("[one]\na = 1\nb = 2\na = 1\n",
		       "f:4: 'a' is here a second time, after line 2");
	assert_refused("[one]\n\n[one]\n", "f:3: [one] is here a second time, after line 1");
	assert_refused("[many x]\n[many y]\n[many  x ]\n",
		       "f:3: [many x] is here a second time, after line 1");
	assert_reads("[many x]\na = 1\n[many y]\na = 1\n", "open=x@1 a=1@2 open=y@3 a=1@4 ");
}

static void name_belongs_to_the_sections_that_take_one(void **state)
{
	(void)state;
	assert_refused("[one x]\n", "f:1: [one x]: this section takes no name; expected [one]");
	assert_refused("[many]\n", "f:1: [many] has no name; expected [many NAME]");
	assert_refused("[many ]\n", "f:1: [many] has no name");
}

static void key_before_any_section_is_refused(void **state)
{
	(void)state;
	assert_refused("a = 1\n[one]\n", "f:1: the key 'a' stands before any section");
}

static void line_without_equals_sign_is_refused_where_it_stands(void **state)
{
	(void)state;
	assert_refused("[one]\na\nb = 1\n", "f:2: no '=' in this line");
	assert_refused("[one]\na", "f:2: no '='");
	assert_refused("[one]\na ; = 1\n", "f:2: no '='");
	assert_refused("[one]\na = 1\n  continued\n", "f:3: no '='");
}

static void key_without_value_is_refused(void **state)
{
	(void)state;
	assert_refused("[one]\na =\n", "f:2: 'a' has no value");
	assert_refused("[one]\na = ; 1\n", "f:2: 'a' has no value");
}

static void malformed_section_line_is_refused(void **state)
{
	(void)state;
	assert_refused("[one\na = 1\n", "f:1: the section has no ']'");
	assert_refused("[one] a = 1\n", "f:1: nothing may follow the ']'");
	assert_refused("[many 0123456789012345678901234567890123456789012345678901234567890]\n",
		       "f:1: the section's name is longer than 63");
}

static void control_characters_are_refused_nul_too(void **state)
{
	static const char nul_in_value[] = "[one]\na = 1\0002\n", nul_first[] = "[one]\n\0a = 1\n";

	(void)state;
	assert_int_equal(read_bytes(nul_in_value, sizeof(nul_in_value) - 1), -EINVAL);
	assert_error(&error, "f:2: control character (byte 0x00) at column 6");
	assert_int_equal(read_bytes(nul_first, sizeof(nul_first) - 1), -EINVAL);
	assert_error(&error, "f:2: control character (byte 0x00) at column 1");
	assert_refused("[one]\na = \x1b[31m\n", "f:2: control character (byte 0x1b)");
	assert_refused("[one]\ra = 1\n", "f:1: control character (byte 0x0d)");
}

static void refusal_of_a_callback_gets_its_place_and_keeps_its_code(void **state)
{
	(void)state;
	assert_int_equal(read_text("[one]\na = bad\nb = 1\n"), -ERANGE);
	assert_error(&error, "f:2: 'bad' is no value; expected another");
	assert_string_equal(seen.text, "open=@1 ");
	assert_int_equal(read_text("[one]\n[many refused]\na = 1\n"), -EPERM);
	assert_error(&error, "f:2: the name is refused");
}

static void only_the_first_mistake_is_told(void **state)
{
	(void)state;
	assert_refused("[one]\nx = 1\ny = 1\nz\n", "f:2: ");
}

static void too_many_sections_are_refused(void **state)
{
	char text[INI_SECTIONS_MAX * 16 + 16] = "";

	(void)state;
	for (int i = 0; i < INI_SECTIONS_MAX + 1; i++)
		sprintf(text + strlen(text), "[many %d]\n", i);
	assert_refused(text, "f:129: more than 128 sections");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_keys_arrive_with_their_lines),
		cmocka_unit_test(blanks_comments_and_line_ends_do_not_matter),
		cmocka_unit_test(value_may_hold_signs_that_also_separate),
		cmocka_unit_test(value_of_thousand_characters_arrives_whole),
		cmocka_unit_test(line_that_is_too_long_is_refused_and_not_cut),
		cmocka_unit_test(long_comment_is_a_comment),
		cmocka_unit_test(unknown_key_is_refused_with_those_there_are),
		cmocka_unit_test(unknown_section_is_refused_with_those_there_are),
		cmocka_unit_test(second_key_and_second_section_name_the_first),
		cmocka_unit_test(name_belongs_to_the_sections_that_take_one),
		cmocka_unit_test(key_before_any_section_is_refused),
		cmocka_unit_test(line_without_equals_sign_is_refused_where_it_stands),
		cmocka_unit_test(key_without_value_is_refused),
		cmocka_unit_test(malformed_section_line_is_refused),
		cmocka_unit_test(control_characters_are_refused_nul_too),
		cmocka_unit_test(refusal_of_a_callback_gets_its_place_and_keeps_its_code),
		cmocka_unit_test(only_the_first_mistake_is_told),
		cmocka_unit_test(too_many_sections_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
