/*
 * test_control_line.c - agent/control_line.h
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/control_line.h"

/* As if @len bytes had been read from the socket. Return: how many found room */
static size_t feed(struct line_buffer *b, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		char *at;
		size_t room = line_buffer_room(b, &at);

		if (room == 0)
			break;
		if (room > len - done)
			room = len - done;
		memcpy(at, bytes + done, room);
		line_buffer_added(b, room);
		done += room;
	}
	return done;
}

static void assert_next(struct line_buffer *b, const char *want)
{
	char *line;

	assert_true(line_buffer_next(b, &line));
	assert_string_equal(line, want);
	free(line);
}

static void a_line_is_there_when_its_end_is(void **state)
{
	struct line_buffer b = {0};
	char *line;

	(void)state;
	feed(&b, "{\"cmd\":", 7);
	assert_false(line_buffer_next(&b, &line));
	feed(&b, "1}\n", 3);
	assert_next(&b, "{\"cmd\":1}");
	assert_false(line_buffer_next(&b, &line));
	line_buffer_fini(&b);
}

static void lines_that_come_together_are_taken_one_by_one(void **state)
{
	struct line_buffer b = {0};

	(void)state;
	feed(&b, "a\n\nbc\nd", 7);
	assert_next(&b, "a");
	assert_next(&b, "");
	assert_next(&b, "bc");
	feed(&b, "\n", 1);
	assert_next(&b, "d");
	line_buffer_fini(&b);
}

static void a_line_of_the_greatest_length_is_taken(void **state)
{
	char *bytes = malloc(CONTROL_LINE_MAX_BYTES);
	struct line_buffer b = {0};
	char *line;

	(void)state;
	memset(bytes, 'x', CONTROL_LINE_MAX_BYTES);
	bytes[CONTROL_LINE_MAX_BYTES - 1] = '\n';
	assert_int_equal(feed(&b, bytes, CONTROL_LINE_MAX_BYTES), CONTROL_LINE_MAX_BYTES);
	assert_true(line_buffer_next(&b, &line));
	assert_int_equal(strlen(line), CONTROL_LINE_MAX_BYTES - 1);
	free(line);
	free(bytes);
	line_buffer_fini(&b);
}

static void a_line_without_end_finds_no_more_room(void **state)
{
	char *bytes = calloc(1, CONTROL_LINE_MAX_BYTES + 1);
	struct line_buffer b = {0};
	char *line;

	(void)state;
	assert_int_equal(feed(&b, bytes, CONTROL_LINE_MAX_BYTES + 1), CONTROL_LINE_MAX_BYTES);
	assert_false(line_buffer_next(&b, &line));
	assert_int_equal(b.capacity, CONTROL_LINE_MAX_BYTES);
	free(bytes);
	line_buffer_fini(&b);
}

static void a_request_has_a_command_and_keeps_its_id(void **state)
{
	struct control_message m;

	(void)state;
	assert_int_equal(control_message_parse("{\"id\":[7],\"cmd\":\"status\"}", &m, NULL), 0);
	assert_string_equal(m.cmd, "status");
	assert_int_equal(json_integer_value(json_array_get(m.id, 0)), 7);
	control_message_fini(&m);
}

static void refuse(const char *line, const char *part)
{
	struct control_message m;
	struct error err = {0};

	assert_int_equal(control_message_parse(line, &m, &err), -EINVAL);
	assert_error(&err, part);
	control_message_fini(&m);
}

static void what_is_no_object_is_refused(void **state)
{
	(void)state;
	refuse("", "one JSON object");
	refuse("GET / HTTP/1.1", "one JSON object");
	refuse("[1]", "this is another value");
	refuse("{\"cmd\":\"a\"} x", "one JSON object");
	refuse("{\"cmd\":\"a\",\"cmd\":\"b\"}", "one JSON object");
	refuse("{\"cmd\":\"\xff\xfe\"}", "one JSON object");
}

static void deep_nesting_is_refused_and_not_followed(void **state)
{
	enum {
		DEPTH = 100000
	};
	char *line = malloc(DEPTH + 1);

	(void)state;
	memset(line, '[', DEPTH);
	line[DEPTH] = '\0';
	refuse(line, "one JSON object");
	free(line);
}

static void an_object_without_a_usable_command_is_refused(void **state)
{
	(void)state;
	refuse("{}", "names its command");
	refuse("{\"cmd\":1}", "names its command");
	refuse("{\"cmd\":\"0123456789012345678901234567890123456789\"}", "names its command");
}

static void hex_is_read_with_blanks_colons_and_both_cases(void **state)
{
	const uint8_t want[] = {0xff, 0x00, 0xaB, 0x12};
	uint8_t got[8];

	(void)state;
	assert_int_equal(control_hex_decode("ff:00 aB\n12\n", got, sizeof(got)), 4);
	assert_memory_equal(got, want, sizeof(want));
	assert_int_equal(control_hex_decode("", got, sizeof(got)), 0);
}

static void what_is_no_hex_is_refused(void **state)
{
	uint8_t got[2];

	(void)state;
	assert_int_equal(control_hex_decode("f", got, sizeof(got)), -EINVAL);
	assert_int_equal(control_hex_decode("f f", got, sizeof(got)), -EINVAL);
	assert_int_equal(control_hex_decode("0x12", got, sizeof(got)), -EINVAL);
	assert_int_equal(control_hex_decode("112233", got, sizeof(got)), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_there_when_its_end_is),
		cmocka_unit_test(lines_that_come_together_are_taken_one_by_one),
		cmocka_unit_test(a_line_of_the_greatest_length_is_taken),
		cmocka_unit_test(a_line_without_end_finds_no_more_room),
		cmocka_unit_test(a_request_has_a_command_and_keeps_its_id),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(deep_nesting_is_refused_and_not_followed),
		cmocka_unit_test(an_object_without_a_usable_command_is_refused),
		cmocka_unit_test(hex_is_read_with_blanks_colons_and_both_cases),
		cmocka_unit_test(what_is_no_hex_is_refused),
	};

	return cmocka_run_group_tests_name("control_line", tests, NULL, NULL);
}
