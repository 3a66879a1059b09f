/*
 * test_lan_dump.c - what those see who watch the vlans: agent/lan.h with agent/dump.h
 */
#include "unit.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/dump.h"
#include "lan_fakes.h"

enum {
	HEARD_BYTES = 8192,
	PLACE_BYTES = 2 * NAME_BYTES,
};

static struct dump *dump;
static uint8_t heard[HEARD_BYTES];

static void on_wanted(void *context, bool wanted)
{
	struct fixture *f = context;

	lan_use_dump(f->lan, wanted ? dump : NULL);
}

static int set_up_dump(void **state)
{
	struct dump_events events = {.on_wanted = on_wanted};

	set_up(state);
	events.context = *state;
	lan_use_names(((struct fixture *)*state)->lan, name_of, NULL);
	return dump_new(&dump, &((struct fixture *)*state)->loop, &events);
}

static int tear_down_dump(void **state)
{
	dump_close(dump);
	return tear_down(state);
}

static int watch(const struct dump_filter *filter)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(dump_add(dump, ends[0], "", filter), 0);
	return ends[1];
}

/* "vlan: kind name > kind name" of all frames that were shown since the last call, one after another */
static const char *seen(struct fixture *f, int fd)
{
	static char text[16 * PLACE_BYTES];
	ssize_t len;
	size_t at = 0;
	int taken;

	text[0] = '\0';
	uv_run(&f->loop, UV_RUN_NOWAIT);
	len = read(fd, heard, sizeof(heard));
	for (; len > 0 && at < (size_t)len; at += (size_t)taken) {
		struct dump_item item;
		size_t used = strlen(text);

		taken = dump_record_read(heard + at, (size_t)len - at, &item);
		assert_true(taken > 0);
		assert_int_equal(item.frame.len, FRAME_BYTES);
		if (at + (size_t)taken == (size_t)len)
			assert_memory_equal(item.frame.bytes, frame_said, FRAME_BYTES);
		assert_true(item.frame.wall_ns == WALL_NS);
		snprintf(text + used, sizeof(text) - used, "%s: %d %s > %d %s; ",
			 item.frame.vlan_name, (int)item.frame.from.kind, item.frame.from.name,
			 (int)item.frame.to.kind, item.frame.to.name);
	}
	return text;
}

static void frame_is_seen_once_where_it_entered(void **state)
{
	struct fixture *f = *state;
	int fd = watch(&(struct dump_filter){0});

	say("hub", BROADCAST, 1);
	assert_string_equal(seen(f, fd), "red: 1 hub > 3 ; ");
	say("tap", 1, 2);
	assert_string_equal(seen(f, fd), "red: 1 tap > 1 hub; ");
	hear(f, ANNA, RED, 2, 3);
	assert_string_equal(seen(f, fd), "red: 2 anna > 1 tap; ");
	say("hub", 3, 1);
	assert_string_equal(seen(f, fd), "red: 1 hub > 2 anna; ");
	hear(f, ANNA, BLUE, BROADCAST, 4);
	assert_string_equal(seen(f, fd), "blue: 2 anna > 3 ; ");
	close(fd);
}

static void frame_that_is_dropped_is_seen_with_the_reason(void **state)
{
	struct fixture *f = *state;
	int fd = watch(&(struct dump_filter){0});

	say("hub", BROADCAST, 1);
	say("tap", BROADCAST, 2);
	seen(f, fd);
	say("hub", 1, 1);
	assert_string_equal(seen(f, fd), "red: 1 hub > 0 same_port; ");
	hear(f, BEN, BLUE, BROADCAST, 5);
	assert_string_equal(seen(f, fd), "blue: 2  > 0 vlan_not_allowed; ");
	hear(f, ANNA, 999, BROADCAST, 5); /* a vlan that is none of ours */
	assert_string_equal(seen(f, fd), "");
	close(fd);
}

static void what_a_command_sends_is_seen_as_nobodys(void **state)
{
	struct fixture *f = *state;
	int fd = watch(&(struct dump_filter){0});

	write_frame(BROADCAST, 7);
	assert_int_equal(lan_inject(f->lan, RED, frame_said, FRAME_BYTES, NULL), 0);
	assert_string_equal(seen(f, fd), "red: 0  > 3 ; ");
	close(fd);
}

static void broadcast_is_seen_by_those_who_watch_where_it_goes(void **state)
{
	struct fixture *f = *state;
	int tap = watch(&(struct dump_filter){.port = "tap"});
	int other = watch(&(struct dump_filter){.port = "other"});
	int anna = watch(&(struct dump_filter){.peer = "anna"});

	say("hub", BROADCAST, 1);
	assert_string_equal(seen(f, tap), "red: 1 hub > 3 ; ");
	assert_string_equal(seen(f, anna), "red: 1 hub > 3 ; ");
	assert_string_equal(seen(f, other), "");
	hear(f, BEN, RED, BROADCAST, 3); /* split horizon: not to anna */
	assert_string_equal(seen(f, tap), "red: 2  > 3 ; ");
	assert_string_equal(seen(f, anna), "");
	say("tap", BROADCAST, 2);
	assert_string_equal(seen(f, tap), "red: 1 tap > 3 ; ");
	say("other", BROADCAST, 4);
	assert_string_equal(seen(f, anna), "red: 1 tap > 3 ; blue: 1 other > 3 ; ");
	lan_peer_unset(f->lan, ANNA);
	say("other", BROADCAST, 4);
	assert_string_equal(seen(f, anna), "");
	close(tap);
	close(other);
	close(anna);
}

static void machine_that_shares_a_port_is_seen_by_its_own_name(void **state)
{
	struct fixture *f = *state;
	struct fake_port *one, *two;
	int all, many, two_only;

	add_port(&f->config, "many", RED);
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	one = open_lane("many", "one");
	two = open_lane("many", "two");
	all = watch(&(struct dump_filter){0});
	many = watch(&(struct dump_filter){.port = "many"});
	two_only = watch(&(struct dump_filter){.port = "many/two"});
	say_at(one, BROADCAST, 1);
	assert_string_equal(seen(f, all), "red: 1 many/one > 3 ; ");
	assert_string_equal(seen(f, two_only), "red: 1 many/one > 3 ; ");
	say_at(two, 1, 2);
	assert_string_equal(seen(f, all), "red: 1 many/two > 1 many/one; ");
	seen(f, two_only);
	hear(f, ANNA, RED, 1, 3);
	assert_string_equal(seen(f, all), "red: 2 anna > 1 many/one; ");
	assert_string_equal(seen(f, two_only), "");
	say("other", BROADCAST, 5);
	say("hub", BROADCAST, 4);
	assert_string_equal(seen(f, two_only), "red: 1 hub > 3 ; ");
	close_lane(two);
	say("hub", BROADCAST, 4);
	assert_string_equal(seen(f, two_only), "");
	assert_string_equal(seen(f, many),
			    "red: 1 many/one > 3 ; red: 1 many/two > 1 many/one; "
			    "red: 2 anna > 1 many/one; red: 1 hub > 3 ; red: 1 hub > 3 ; ");
	close(all);
	close(many);
	close(two_only);
}

int main(void)
{
#define DUMP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_dump, tear_down_dump)
	const struct CMUnitTest tests[] = {
		DUMP_TEST(frame_is_seen_once_where_it_entered),
		DUMP_TEST(frame_that_is_dropped_is_seen_with_the_reason),
		DUMP_TEST(what_a_command_sends_is_seen_as_nobodys),
		DUMP_TEST(broadcast_is_seen_by_those_who_watch_where_it_goes),
		DUMP_TEST(machine_that_shares_a_port_is_seen_by_its_own_name),
	};

	return cmocka_run_group_tests_name("lan_dump", tests, NULL, NULL);
}
