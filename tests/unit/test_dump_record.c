/*
 * test_dump_record.c - agent/dump_record.h
 */
#include "unit.h"

#include <errno.h>

#include "agent/dump_record.h"
#include "common/cursor.h"

static uint8_t bytes[DUMP_RECORD_MAX_BYTES + 1];
static struct dump_item item;

static const struct dump_frame FRAME = {
	.wall_ns = 0x0102030405060708,
	.vlan = 4094,
	.vlan_name = "lan",
	.from = {DUMP_PORT, "hub"},
	.to = {DUMP_NOBODY, "same_port"},
	.bytes = (const uint8_t *)"abcdefghijklmnop",
	.len = 16,
};

/* Return: length of the record of @f at @bytes */
static size_t write_record(const struct dump_frame *f)
{
	size_t head = dump_record_head(f, bytes);

	memcpy(bytes + head, f->bytes, f->len);
	return head + f->len;
}

static void frame_comes_out_as_it_went_in(void **state)
{
	size_t len = write_record(&FRAME);

	(void)state;
	assert_int_equal(dump_record_read(bytes, sizeof(bytes), &item), len);
	assert_int_equal(item.type, DUMP_RECORD_FRAME);
	assert_int_equal(item.frame.wall_ns, FRAME.wall_ns);
	assert_int_equal(item.frame.vlan, 4094);
	assert_string_equal(item.frame.vlan_name, "lan");
	assert_int_equal(item.frame.from.kind, DUMP_PORT);
	assert_string_equal(item.frame.from.name, "hub");
	assert_int_equal(item.frame.to.kind, DUMP_NOBODY);
	assert_string_equal(item.frame.to.name, "same_port");
	assert_int_equal(item.frame.len, 16);
	assert_memory_equal(item.frame.bytes, FRAME.bytes, 16);
}

static void what_the_manual_says_is_what_is_written(void **state)
{
	static const uint8_t wanted[] = {0,   0,   0,   46,   1,    1,   2,   3,  4,   5,
					 6,   7,   8,   0x0f, 0xfe, 1,   0,   4,  'l', 'a',
					 'n', 0,   4,   'h',  'u',  'b', 0,   10, 's', 'a',
					 'm', 'e', '_', 'p',  'o',  'r', 't', 0,  'a'};

	(void)state;
	write_record(&FRAME);
	bytes[3] = 46;
	assert_memory_equal(bytes, wanted, sizeof(wanted));
}

static void count_of_the_lost_comes_out_as_it_went_in(void **state)
{
	(void)state;
	dump_record_lost(UINT64_C(0x100000002), bytes);
	assert_int_equal(dump_record_read(bytes, sizeof(bytes), &item), DUMP_LOST_BYTES);
	assert_int_equal(item.type, DUMP_RECORD_LOST);
	assert_int_equal(item.lost, UINT64_C(0x100000002));
}

static void record_that_is_not_all_there_is_waited_for(void **state)
{
	size_t len = write_record(&FRAME);

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(dump_record_read(bytes, i, &item), 0);
}

static void longest_frame_with_the_longest_names_fits(void **state)
{
	static uint8_t frame[FRAME_MAX_BYTES];
	char name[DUMP_NAME_BYTES];
	struct dump_frame longest = {.vlan_name = name + DUMP_NAME_BYTES - NAME_BYTES,
				     .from = {DUMP_PEER, name},
				     .to = {DUMP_PEER, name},
				     .bytes = frame,
				     .len = sizeof(frame)};

	(void)state;
	memset(name, 'n', sizeof(name));
	name[DUMP_NAME_BYTES - 1] = '\0';
	assert_int_equal(write_record(&longest), DUMP_RECORD_MAX_BYTES);
	assert_int_equal(dump_record_read(bytes, sizeof(bytes), &item), DUMP_RECORD_MAX_BYTES);
	assert_string_equal(item.frame.to.name, name);
}

static void machine_that_shares_a_port_is_of_that_port(void **state)
{
	struct dump_place place = {DUMP_PORT, "many/vm"};

	(void)state;
	assert_true(dump_place_is(&place, DUMP_PORT, "many"));
	assert_true(dump_place_is(&place, DUMP_PORT, "many/vm"));
	assert_false(dump_place_is(&place, DUMP_PORT, "man"));
	assert_false(dump_place_is(&place, DUMP_PORT, "many/v"));
	assert_false(dump_place_is(&place, DUMP_PORT, "many/vm.2"));
	assert_false(dump_place_is(&place, DUMP_PEER, "many"));
}

static void record_of_a_later_version_is_passed_over(void **state)
{
	static const uint8_t later[] = {0, 0, 0, 3, 99, 1, 2};

	(void)state;
	assert_int_equal(dump_record_read(later, sizeof(later), &item), sizeof(later));
	assert_int_equal(item.type, 99);
}

static void what_is_no_record_is_refused(void **state)
{
	static const uint8_t empty[] = {0, 0, 0, 0}, huge[] = {0, 1, 1, 0xff},
			     lost_cut[] = {0, 0, 0, 3, 2, 0, 0};
	size_t len = write_record(&FRAME);

	(void)state;
	assert_int_equal(dump_record_read(empty, sizeof(empty), &item), -EPROTO);
	assert_int_equal(dump_record_read(huge, sizeof(huge), &item), -EPROTO);
	assert_int_equal(dump_record_read(lost_cut, sizeof(lost_cut), &item), -EPROTO);
	bytes[15] = 4; /* a kind of place that is none */
	assert_int_equal(dump_record_read(bytes, len, &item), -EPROTO);
	bytes[15] = 1;
	bytes[17] = 0; /* a name without its end */
	assert_int_equal(dump_record_read(bytes, len, &item), -EPROTO);
	bytes[17] = 4;
	bytes[19] = 0; /* one that ends too early */
	assert_int_equal(dump_record_read(bytes, len, &item), -EPROTO);
	bytes[19] = 'a';
	bytes[17] = 200; /* one that leaves the record */
	assert_int_equal(dump_record_read(bytes, len, &item), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_comes_out_as_it_went_in),
		cmocka_unit_test(what_the_manual_says_is_what_is_written),
		cmocka_unit_test(count_of_the_lost_comes_out_as_it_went_in),
		cmocka_unit_test(record_that_is_not_all_there_is_waited_for),
		cmocka_unit_test(longest_frame_with_the_longest_names_fits),
		cmocka_unit_test(machine_that_shares_a_port_is_of_that_port),
		cmocka_unit_test(record_of_a_later_version_is_passed_over),
		cmocka_unit_test(what_is_no_record_is_refused),
	};

	return cmocka_run_group_tests_name("dump_record", tests, NULL, NULL);
}
