/*
 * test_pcapng.c - agent/cli/pcapng.h and dump_text.h
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cursor.h"
#include "dump_text.h"
#include "pcapng.h"

static char *written;
static size_t written_len;
static FILE *out;
static struct pcapng file;

static const struct dump_place HUB = {DUMP_PORT, "hub"}, ANNA = {DUMP_PEER, "anna"},
			       EVERYBODY = {DUMP_ALL, ""}, GUARDED = {DUMP_NOBODY, "guard_dhcp"},
			       COMMAND = {DUMP_NOBODY, ""};

static int setup(void **state)
{
	(void)state;
	out = open_memstream(&written, &written_len);
	return out ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	pcapng_fini(&file);
	fclose(out);
	free(written);
	return 0;
}

static struct dump_frame frame_between(struct dump_place from, struct dump_place to)
{
	return (struct dump_frame){.wall_ns = UINT64_C(0x1122334455667788),
				   .vlan = 1,
				   .vlan_name = "lan",
				   .from = from,
				   .to = to,
				   .bytes = (const uint8_t *)"abcdefghijklmn",
				   .len = 14};
}

static void write_frame(struct dump_place from, struct dump_place to)
{
	const struct dump_frame f = frame_between(from, to);

	assert_int_equal(pcapng_frame(&file, &f), 0);
}

/* Take a block. Return: its body, with @type set; at the end of what was written, failed */
static struct reader next_block(struct reader *r, uint32_t *type)
{
	struct reader body = *r;
	uint32_t len;

	*type = reader_u32(r);
	len = reader_u32(r);
	assert_int_equal(len % 4, 0);
	body = reader_over(reader_bytes(r, len - 12), len - 12);
	assert_int_equal(reader_u32(r), len);
	assert_false(r->failed);
	return body;
}

/* Take an option that must be the next, with this value and zeros up to the next multiple of 4 */
static void assert_option(struct reader *r, uint16_t code, const void *value, size_t len)
{
	const uint8_t *is;

	assert_int_equal(reader_u16(r), code);
	assert_int_equal(reader_u16(r), len);
	is = reader_bytes(r, len);
	assert_non_null(is);
	assert_memory_equal(is, value, len);
	while ((len++ & 3) != 0)
		assert_int_equal(reader_u8(r), 0);
}

static void assert_text(struct reader *r, uint16_t code, const char *text)
{
	assert_option(r, code, text, strlen(text));
}

static void assert_no_more_options(struct reader *r)
{
	assert_option(r, 0, "", 0);
	assert_int_equal(reader_left(r), 0);
}

static struct reader begin(const struct dump_place *center)
{
	struct reader all, body;
	uint32_t type;

	assert_int_equal(pcapng_begin(&file, out, center), 0);
	fflush(out);
	all = reader_over(written, written_len);
	body = next_block(&all, &type);
	assert_int_equal(type, 0x0a0d0d0a);
	assert_int_equal(reader_u32(&body), 0x1a2b3c4d);
	assert_int_equal(reader_u32(&body), 0x00010000); /* version 1.0 */
	assert_true(reader_u64(&body) == UINT64_MAX);
	assert_text(&body, 4, "longwire " LONGWIRE_VERSION);
	assert_no_more_options(&body);
	return all;
}

/* What was written behind the file's header */
static struct reader rest(void)
{
	struct reader all;
	uint32_t type;

	fflush(out);
	all = reader_over(written, written_len);
	next_block(&all, &type);
	return all;
}

static void assert_interface(struct reader *all, const char *name, const char *description)
{
	uint32_t type;
	struct reader body = next_block(all, &type);

	assert_int_equal(type, 1);
	assert_int_equal(reader_u32(&body), 0x00010000); /* Ethernet */
	assert_int_equal(reader_u32(&body), 0);
	assert_text(&body, 2, name);
	assert_text(&body, 3, description);
	assert_option(&body, 9, "\x09", 1);
	assert_no_more_options(&body);
}

/* Return: the options behind the comment; the frame and its head are as frame_between() has them */
static struct reader assert_packet(struct reader *all, uint32_t interface, const char *comment)
{
	uint32_t type;
	struct reader body = next_block(all, &type);

	assert_int_equal(type, 6);
	assert_int_equal(reader_u32(&body), interface);
	assert_true(reader_u64(&body) == UINT64_C(0x1122334455667788));
	assert_int_equal(reader_u32(&body), 14);
	assert_int_equal(reader_u32(&body), 14);
	assert_memory_equal(reader_bytes(&body, 16), "abcdefghijklmn\0\0", 16);
	assert_text(&body, 1, comment);
	return body;
}

static void frames_stand_on_the_interface_where_they_came_in(void **state)
{
	struct reader all, options;

	(void)state;
	begin(&EVERYBODY);
	write_frame(HUB, ANNA);
	write_frame(ANNA, HUB);
	write_frame(HUB, GUARDED);
	write_frame(COMMAND, EVERYBODY);
	all = rest();
	assert_interface(&all, "port hub", "vlan lan");
	options = assert_packet(&all, 0, "port hub -> peer anna, vlan lan");
	assert_option(&options, 2, "\0\0\0\x01", 4);
	assert_no_more_options(&options);
	assert_interface(&all, "peer anna", "vlan lan");
	assert_packet(&all, 1, "peer anna -> port hub, vlan lan");
	assert_packet(&all, 0, "port hub -> nobody (guard_dhcp), vlan lan");
	assert_interface(&all, "longwire send", "vlan lan");
	assert_packet(&all, 2, "longwire send -> all, vlan lan");
	assert_int_equal(reader_left(&all), 0);
}

static void where_one_place_was_asked_for_frames_come_in_and_go_out_there(void **state)
{
	struct reader all, options;

	(void)state;
	begin(&ANNA);
	write_frame(HUB, EVERYBODY);
	write_frame(ANNA, HUB);
	all = rest();
	assert_interface(&all, "peer anna", "vlan lan");
	options = assert_packet(&all, 0, "port hub -> all, vlan lan");
	assert_option(&options, 2, "\0\0\0\x02", 4);
	options = assert_packet(&all, 0, "peer anna -> port hub, vlan lan");
	assert_option(&options, 2, "\0\0\0\x01", 4);
	assert_int_equal(reader_left(&all), 0);
}

static void one_peer_on_two_vlans_is_two_interfaces(void **state)
{
	struct dump_frame other = frame_between(ANNA, HUB);
	struct reader all;

	(void)state;
	begin(&EVERYBODY);
	write_frame(ANNA, HUB);
	other.vlan = 2;
	other.vlan_name = "two";
	assert_int_equal(pcapng_frame(&file, &other), 0);
	all = rest();
	assert_interface(&all, "peer anna", "vlan lan");
	assert_packet(&all, 0, "peer anna -> port hub, vlan lan");
	assert_interface(&all, "peer anna", "vlan two");
	assert_packet(&all, 1, "peer anna -> port hub, vlan two");
}

static void machines_that_share_the_port_asked_for_are_interfaces_each(void **state)
{
	const struct dump_place many = {DUMP_PORT, "many"}, one = {DUMP_PORT, "many/one"},
				two = {DUMP_PORT, "many/two"};
	struct reader all, options;

	(void)state;
	begin(&many);
	write_frame(ANNA, one);
	write_frame(two, one);
	write_frame(HUB, EVERYBODY);
	all = rest();
	assert_interface(&all, "port many/one", "vlan lan");
	options = assert_packet(&all, 0, "peer anna -> port many/one, vlan lan");
	assert_option(&options, 2, "\0\0\0\x02", 4);
	assert_interface(&all, "port many/two", "vlan lan");
	options = assert_packet(&all, 1, "port many/two -> port many/one, vlan lan");
	assert_option(&options, 2, "\0\0\0\x01", 4);
	assert_interface(&all, "port many", "vlan lan");
	options = assert_packet(&all, 2, "port hub -> all, vlan lan");
	assert_option(&options, 2, "\0\0\0\x02", 4);
}

static void next_frame_says_how_many_were_lost_before_it(void **state)
{
	struct reader all, options;

	(void)state;
	begin(&EVERYBODY);
	pcapng_lost(&file, 3);
	pcapng_lost(&file, 4);
	write_frame(HUB, ANNA);
	write_frame(HUB, ANNA);
	all = rest();
	assert_interface(&all, "port hub", "vlan lan");
	options = assert_packet(&all, 0, "port hub -> peer anna, vlan lan");
	assert_option(&options, 2, "\0\0\0\x01", 4);
	assert_option(&options, 4, "\0\0\0\0\0\0\0\x07", 8);
	assert_no_more_options(&options);
	options = assert_packet(&all, 0, "port hub -> peer anna, vlan lan");
	assert_option(&options, 2, "\0\0\0\x01", 4);
	assert_no_more_options(&options);
}

static void frames_of_every_length_are_padded(void **state)
{
	struct dump_frame f = frame_between(HUB, ANNA);
	struct reader all;
	uint32_t type;

	(void)state;
	begin(&EVERYBODY);
	for (f.len = 0; f.len <= 14; f.len++)
		assert_int_equal(pcapng_frame(&file, &f), 0);
	all = rest();
	assert_interface(&all, "port hub", "vlan lan");
	for (size_t len = 0; len <= 14; len++) {
		struct reader body = next_block(&all, &type);

		reader_bytes(&body, 12);
		assert_int_equal(reader_u32(&body), len);
		assert_int_equal(reader_u32(&body), len);
		reader_bytes(&body, (len + 3) / 4 * 4);
		assert_text(&body, 1, "port hub -> peer anna, vlan lan");
	}
}

static void longest_names_fit(void **state)
{
	char name[DUMP_NAME_BYTES], text[2 * DUMP_NAME_BYTES + NAME_BYTES + 64];
	const char *vlan = name + DUMP_NAME_BYTES - NAME_BYTES;
	struct dump_place longest = {DUMP_PEER, name};
	struct dump_frame f = frame_between(longest, longest);
	struct reader all;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[DUMP_NAME_BYTES - 1] = '\0';
	f.vlan_name = vlan;
	begin(&EVERYBODY);
	pcapng_lost(&file, 1);
	assert_int_equal(pcapng_frame(&file, &f), 0);
	all = rest();
	snprintf(text, sizeof(text), "peer %s", name);
	snprintf(text + 200, sizeof(text) - 200, "vlan %s", vlan);
	assert_interface(&all, text, text + 200);
	snprintf(text, sizeof(text), "peer %s -> peer %s, vlan %s", name, name, vlan);
	assert_packet(&all, 0, text);
}

static void full_disk_is_an_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct pcapng other;

	(void)state;
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(pcapng_begin(&other, full, &EVERYBODY), -EIO);
	fclose(full);
}

static void line_says_when_where_and_what(void **state)
{
	struct dump_frame f = frame_between(ANNA, GUARDED);

	(void)state;
	setenv("TZ", "UTC0", 1);
	f.wall_ns = UINT64_C(1700000000123456789);
	f.bytes = (const uint8_t *)"\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x88\xb6";
	dump_text(&f, out);
	dump_text_lost(12, out);
	f.vlan_name = "l\x1b[31m";
	f.from.name = "\xff\x7f";
	dump_text(&f, out);
	fflush(out);
	assert_string_equal(written,
			    "22:13:20.123456 lan, peer anna -> nobody (guard_dhcp), 14 bytes: "
			    "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, type 0x88b6\n"
			    "(12 frames were lost here: they came faster than they were read)\n"
			    "22:13:20.123456 l?[31m, peer ?? -> nobody (guard_dhcp), 14 bytes: "
			    "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, type 0x88b6\n");
}

int main(void)
{
#define PCAPNG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		PCAPNG_TEST(frames_stand_on_the_interface_where_they_came_in),
		PCAPNG_TEST(where_one_place_was_asked_for_frames_come_in_and_go_out_there),
		PCAPNG_TEST(one_peer_on_two_vlans_is_two_interfaces),
		PCAPNG_TEST(machines_that_share_the_port_asked_for_are_interfaces_each),
		PCAPNG_TEST(next_frame_says_how_many_were_lost_before_it),
		PCAPNG_TEST(frames_of_every_length_are_padded),
		PCAPNG_TEST(longest_names_fit),
		PCAPNG_TEST(full_disk_is_an_error),
		PCAPNG_TEST(line_says_when_where_and_what),
	};

	return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
