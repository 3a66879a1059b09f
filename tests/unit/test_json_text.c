/*
 * test_json_text.c - agent/json_text.h, and the warnings of status that go through it
 */
#include "unit.h"

#include "agent/json_text.h"
#include "agent/status.h"

static void assert_text(const char *text, const char *json)
{
	json_t *made = json_text(text);

	assert_non_null(made);
	assert_string_equal(json_string_value(made), json);
	json_decref(made);
}

static void text_in_utf8_is_left_as_it_is(void **state)
{
	(void)state;
	assert_text("", "");
	assert_text("plain", "plain");
	assert_text("M\xc3\xbcller \xe2\x80\x93 \xf0\x9f\x98\x80",
		    "M\xc3\xbcller \xe2\x80\x93 \xf0\x9f\x98\x80");
}

static void bytes_that_are_no_utf8_become_question_marks(void **state)
{
	(void)state;
	assert_text("M\xfcller", "M?ller");
	assert_text("cut \xe2\x80", "cut ??");
	assert_text("too long \xc0\xaf", "too long ??");
	assert_text("\xff", "?");
}

static void a_warning_about_a_file_in_latin_1_is_shown(void **state)
{
	struct warning w = warning_make("x", "'M\xfcller' is no name", "rename M\xfcller");
	json_t *made = status_warning(&w);

	(void)state;
	assert_non_null(made);
	assert_string_equal(json_string_value(json_object_get(made, "text")),
			    "'M?ller' is no name");
	assert_string_equal(json_string_value(json_object_get(made, "fix")), "rename M?ller");
	json_decref(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_in_utf8_is_left_as_it_is),
		cmocka_unit_test(bytes_that_are_no_utf8_become_question_marks),
		cmocka_unit_test(a_warning_about_a_file_in_latin_1_is_shown),
	};

	return cmocka_run_group_tests_name("json_text", tests, NULL, NULL);
}
