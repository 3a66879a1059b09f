/*
 * test_notes.c - agent/notes.h
 */
#include "unit.h"

#include "agent/notes.h"
#include "common/log.h"

static void add(struct notes *n, enum note_scope scope, const char *text)
{
	struct warning w = warning_make("code", text, "fix");

	notes_add(n, scope, &w);
}

static void a_note_stays_while_it_is_added_again(void **state)
{
	struct notes n = {0};

	(void)state;
	notes_begin(&n, NOTE_TRUST);
	add(&n, NOTE_TRUST, "a");
	add(&n, NOTE_TRUST, "b");
	notes_end(&n, NOTE_TRUST);
	notes_begin(&n, NOTE_TRUST);
	add(&n, NOTE_TRUST, "b");
	notes_end(&n, NOTE_TRUST);
	assert_int_equal(n.count, 1);
	assert_string_equal(n.list[0].warning.text, "b");
	assert_string_equal(n.list[0].warning.fix, "fix");
}

static void the_same_note_twice_is_one(void **state)
{
	struct notes n = {0};

	(void)state;
	add(&n, NOTE_TRUST, "a");
	add(&n, NOTE_TRUST, "a");
	assert_int_equal(n.count, 1);
}

static void one_scope_does_not_touch_another(void **state)
{
	struct notes n = {0};

	(void)state;
	add(&n, NOTE_START, "a");
	notes_begin(&n, NOTE_TRUST);
	notes_end(&n, NOTE_TRUST);
	assert_int_equal(n.count, 1);
}

static void more_notes_than_fit_are_left_out(void **state)
{
	struct notes n = {0};
	char text[] = "note 0";

	(void)state;
	for (int i = 0; i < NOTES_MAX + 5; i++) {
		text[5] = (char)('0' + i);
		add(&n, NOTE_TRUST, text);
	}
	assert_int_equal(n.count, NOTES_MAX);
	notes_begin(&n, NOTE_TRUST);
	notes_end(&n, NOTE_TRUST);
	assert_int_equal(n.count, 0);
}

static void a_text_that_is_too_long_is_cut(void **state)
{
	char longest[2 * WARNING_TEXT_BYTES];
	struct warning w;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	w = warning_make("code", longest, longest);
	assert_int_equal(strlen(w.text), WARNING_TEXT_BYTES - 1);
	warning_set_fix(&w, "%s%d", "now ", 1);
	assert_string_equal(w.fix, "now 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_note_stays_while_it_is_added_again),
		cmocka_unit_test(the_same_note_twice_is_one),
		cmocka_unit_test(one_scope_does_not_touch_another),
		cmocka_unit_test(more_notes_than_fit_are_left_out),
		cmocka_unit_test(a_text_that_is_too_long_is_cut),
	};

	log_init(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
