/*
 * test_dump.c - agent/dump.h, over real sockets and a loop, both ends in this process
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/dump.h"

enum {
	BUFFER_BYTES = 16 << 20,
	FRAME_BYTES = 1000,
	TURNS_MAX = 200,
};

static const struct dump_filter ALL;
static uv_loop_t loop;
static struct dump *dump;
static bool wanted;
static bool greeted; /* in the last hear() */
static uint8_t heard[BUFFER_BYTES];

static void on_wanted(void *context, bool is_wanted)
{
	(void)context;
	assert_int_not_equal(wanted, is_wanted);
	wanted = is_wanted;
}

static int setup(void **state)
{
	const struct dump_events events = {.on_wanted = on_wanted};

	(void)state;
	wanted = false;
	uv_loop_init(&loop);
	return dump_new(&dump, &loop, &events);
}

static int teardown(void **state)
{
	(void)state;
	dump_close(dump);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

/* Return: the reader's end */
static int add(const struct dump_filter *filter)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
			 0);
	assert_true(dump_has_room(dump, NULL));
	assert_int_equal(dump_add(dump, ends[0], "hello\n", filter), 0);
	return ends[1];
}

static bool reaches(void *context, enum dump_kind kind, const char *name)
{
	return kind == DUMP_PORT && strcmp(name, context) == 0;
}

static struct dump_frame frame_between(struct dump_place from, struct dump_place to)
{
	static uint8_t bytes[FRAME_BYTES];

	for (size_t i = 0; i < FRAME_BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	return (struct dump_frame){.vlan = 1,
				   .vlan_name = "lan",
				   .from = from,
				   .to = to,
				   .bytes = bytes,
				   .len = sizeof(bytes)};
}

static const struct dump_place HUB = {DUMP_PORT, "hub"}, ANNA = {DUMP_PEER, "anna"},
			       EVERYBODY = {DUMP_ALL, ""};

/* A frame; when it goes to everybody, then to the port "tap", too */
static void show(const struct dump_frame *f)
{
	const struct dump_reach reach = {.reaches = reaches, .context = (void *)"tap"};

	dump_show(dump, f, &reach);
}

static void show_many(int count)
{
	const struct dump_frame f = frame_between(HUB, ANNA);

	for (int i = 0; i < count; i++)
		show(&f);
}

/* Turn the loop and read until nothing comes. Return: how many bytes there are in `heard`, the
 * greeting not counted */
static size_t hear(int fd)
{
	size_t len = 0;
	ssize_t n = 0;

	for (int i = 0; i < TURNS_MAX; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		while ((n = read(fd, heard + len, sizeof(heard) - len)) > 0)
			len += (size_t)n;
	}
	greeted = len >= 6 && memcmp(heard, "hello\n", 6) == 0;
	if (greeted) {
		len -= 6;
		memmove(heard, heard + 6, len);
	}
	return len;
}

/* struct tally - of some records */
struct tally {
	unsigned frames, losses;
	uint64_t lost;
};

static struct tally count(size_t len)
{
	struct tally t = {0};
	struct dump_item item;
	size_t at = 0;
	int taken;

	while ((taken = dump_record_read(heard + at, len - at, &item)) > 0) {
		at += (size_t)taken;
		if (item.type == DUMP_RECORD_FRAME) {
			assert_int_equal(item.frame.len, FRAME_BYTES);
			assert_memory_equal(item.frame.bytes, frame_between(HUB, ANNA).bytes,
					    FRAME_BYTES);
			t.frames++;
		} else {
			t.losses++;
			t.lost += item.lost;
		}
	}
	assert_int_equal(at, len);
	return t;
}

static void frames_are_wanted_only_while_somebody_reads(void **state)
{
	int one, other;

	(void)state;
	assert_false(wanted);
	one = add(&ALL);
	assert_true(wanted);
	other = add(&ALL);
	close(one);
	hear(other);
	assert_true(wanted);
	close(other);
	uv_run(&loop, UV_RUN_NOWAIT);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_false(wanted);
	close(add(&ALL));
	assert_true(wanted);
}

static void every_reader_gets_the_greeting_and_every_frame(void **state)
{
	int one = add(&ALL), other = add(&ALL);
	struct dump_info info;

	(void)state;
	show_many(3);
	assert_int_equal(count(hear(one)).frames, 3);
	assert_true(greeted);
	assert_int_equal(count(hear(other)).frames, 3);
	assert_true(greeted);
	assert_true(dump_info(dump, 1, &info));
	assert_int_equal(info.frames, 3);
	assert_int_equal(info.lost, 0);
	assert_int_equal(info.uid, geteuid());
	assert_false(dump_info(dump, 2, &info));
	close(one);
	close(other);
}

static void one_that_does_not_read_loses_frames_and_is_told(void **state)
{
	int slow = add(&ALL), fast = add(&ALL);
	struct tally t = {0};
	struct dump_info info;

	(void)state;
	for (int i = 0; i < 100; i++) {
		show_many(100);
		t.frames += count(hear(fast)).frames;
	}
	assert_int_equal(t.frames, 10000);
	assert_true(dump_info(dump, 1, &info));
	assert_in_range(info.lost, 3000, 9000);
	assert_int_equal(info.frames + info.lost, 10000);
	/* it reads again, and no further frame is needed for it to know */
	t = count(hear(slow));
	assert_int_equal(t.frames, info.frames);
	assert_int_equal(t.lost, info.lost);
	assert_int_equal(t.losses, 1);
	show_many(5);
	assert_int_equal(count(hear(slow)).frames, 5);
	assert_true(dump_info(dump, 0, &info));
	assert_int_equal(info.lost, 0);
	close(slow);
	close(fast);
}

/* A frame with a record of that many bytes */
static void show_record(size_t len)
{
	static const uint8_t bytes[FRAME_MAX_BYTES];
	struct dump_frame f = frame_between(HUB, ANNA);
	uint8_t head[DUMP_HEAD_MAX_BYTES];

	f.len = len - dump_record_head(&f, head);
	f.bytes = bytes;
	show(&f);
}

static void nothing_is_shown_behind_a_loss_before_the_loss_is_told(void **state)
{
	size_t room = DUMP_BUFFER_BYTES - 6; /* the greeting */
	int fd = add(&ALL);
	struct dump_item item;
	struct dump_info info;
	size_t len, at = 0;

	(void)state;
	for (; room > 3000; room -= 1000)
		show_record(1000);
	show_record(room - 200);
	show_record(1000);
	show_record(200 - DUMP_LOST_BYTES + 1); /* fits, but not behind the news */
	assert_true(dump_info(dump, 0, &info));
	assert_int_equal(info.lost, 2);
	len = hear(fd);
	while (at < len)
		at += (size_t)dump_record_read(heard + at, len - at, &item);
	assert_int_equal(item.type, DUMP_RECORD_LOST);
	assert_int_equal(item.lost, 2);
	close(fd);
}

/* What the kernel takes leaves in pieces, so the buffer is written round its end at every place */
static void what_goes_round_the_end_of_the_buffer_stays_whole(void **state)
{
	int fd = add(&ALL);
	unsigned frames = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		show_many(777);
		frames += count(hear(fd)).frames;
	}
	assert_int_equal(frames, 40 * 777);
	close(fd);
}

/* How many of a set of frames, one of each kind, pass */
static unsigned passing(const struct dump_filter *filter)
{
	static const struct dump_place tap = {DUMP_PORT, "tap"}, dropped = {DUMP_NOBODY, "hub"},
				       bert = {DUMP_PEER, "bert"}, peer_hub = {DUMP_PEER, "hub"};
	const struct dump_frame frames[] = {
		frame_between(HUB, ANNA),      frame_between(ANNA, HUB),
		frame_between(HUB, EVERYBODY), frame_between(bert, tap),
		frame_between(bert, dropped),  frame_between(peer_hub, tap),
	};
	int fd = add(filter);
	struct tally t;

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		show(&frames[i]);
	t = count(hear(fd));
	close(fd);
	uv_run(&loop, UV_RUN_NOWAIT);
	return t.frames;
}

static void a_filter_asks_where_a_frame_comes_from_and_where_it_goes(void **state)
{
	(void)state;
	assert_int_equal(passing(&ALL), 6);
	assert_int_equal(passing(&(struct dump_filter){.vlan = 1}), 6);
	assert_int_equal(passing(&(struct dump_filter){.vlan = 2}), 0);
	assert_int_equal(passing(&(struct dump_filter){.peer = "anna"}), 2);
	assert_int_equal(passing(&(struct dump_filter){.port = "hub"}), 3);
	assert_int_equal(passing(&(struct dump_filter){.port = "tap"}), 3);
	assert_int_equal(passing(&(struct dump_filter){.peer = "hub"}), 1);
	assert_int_equal(passing(&(struct dump_filter){.peer = "anna", .port = "hub"}), 2);
	assert_int_equal(passing(&(struct dump_filter){.peer = "anna", .port = "tap"}), 0);
}

static void there_are_places_for_four(void **state)
{
	int fds[DUMP_READERS_MAX];
	struct error err;

	(void)state;
	for (int i = 0; i < DUMP_READERS_MAX; i++)
		fds[i] = add(&ALL);
	assert_false(dump_has_room(dump, &err));
	assert_error(&err, "4 dumps run already; end one of them first");
	close(fds[2]);
	uv_run(&loop, UV_RUN_NOWAIT);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_true(dump_has_room(dump, &err));
	for (int i = 0; i < DUMP_READERS_MAX; i++)
		if (i != 2)
			close(fds[i]);
}

static void what_a_reader_says_is_thrown_away(void **state)
{
	int fd = add(&ALL);

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(send(fd, "{\"cmd\":\"status\"}\n", 17, MSG_NOSIGNAL), 17);
	assert_int_equal(hear(fd), 0);
	show_many(1);
	assert_int_equal(count(hear(fd)).frames, 1);
	close(fd);
}

static void what_waits_is_sent_before_the_end(void **state)
{
	int fd = add(&ALL);

	(void)state;
	show_many(2);
	dump_close(dump);
	assert_int_equal(count(hear(fd)).frames, 2);
	assert_int_equal(read(fd, heard, 1), 0);
	assert_false(wanted);
	close(fd);
	dump = NULL;
}

int main(void)
{
#define DUMP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		DUMP_TEST(frames_are_wanted_only_while_somebody_reads),
		DUMP_TEST(every_reader_gets_the_greeting_and_every_frame),
		DUMP_TEST(one_that_does_not_read_loses_frames_and_is_told),
		DUMP_TEST(nothing_is_shown_behind_a_loss_before_the_loss_is_told),
		DUMP_TEST(what_goes_round_the_end_of_the_buffer_stays_whole),
		DUMP_TEST(a_filter_asks_where_a_frame_comes_from_and_where_it_goes),
		DUMP_TEST(there_are_places_for_four),
		DUMP_TEST(what_a_reader_says_is_thrown_away),
		DUMP_TEST(what_waits_is_sent_before_the_end),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
