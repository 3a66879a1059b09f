/*
 * test_lan_lanes.c - machines that share a port, each a member of the vlan by itself
 */
#include "unit.h"

#include <errno.h>

#include "lan_fakes.h"

/* The usual vlans, and a port "many" with lanes on red. */
static int set_up_many(void **state)
{
	struct fixture *f;

	if (set_up(state))
		return -1;
	f = *state;
	add_port(&f->config, "many", RED);
	return lan_reload(f->lan, &f->config, NULL);
}

static bool find_info(const struct fixture *f, const char *name, struct port_info *out)
{
	for (size_t i = 0; lan_port_info(f->lan, i, out); i++) {
		if (strcmp(out->name, name) == 0)
			return true;
	}
	return false;
}

static void each_lane_hears_the_others_and_not_itself(void **state)
{
	struct fixture *f = *state;
	struct fake_port *one = open_lane("many", NULL), *two = open_lane("many", NULL);

	say_at(one, BROADCAST, 1);
	assert_int_equal(one->sent, 0);
	assert_int_equal(two->sent, 1);
	assert_int_equal(port_named("hub")->sent, 1);
	assert_int_equal(f->engine.sent[ANNA], 1);
	say_at(two, 1, 2);
	assert_int_equal(one->sent, 1);
	assert_int_equal(port_named("hub")->sent, 1);
	assert_int_equal(one->waiting + two->waiting, 0); /* flushed */
}

static void a_port_with_lanes_is_no_member_itself(void **state)
{
	open_lane("many", NULL);
	(void)state;
	say("hub", BROADCAST, 1);
	assert_int_equal(port_named("many")->sent, 0);
	assert_int_equal(port_named("many")->lanes->sent, 1);
}

static void a_lane_has_counters_and_a_name_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct fake_port *lane = open_lane("many", NULL);
	struct port_info info;

	lane->port.rx_frames = 7;
	assert_true(find_info(f, "many", &info));
	assert_int_equal(info.rx_frames, 0);
	assert_true(find_info(f, "many/1", &info));
	assert_int_equal(info.rx_frames, 7);
	assert_int_equal(info.vlan, RED);
	say_at(lane, BROADCAST, 9);
	say_at(lane, 9, 1);
	assert_int_equal(lane->port.drops[DROP_SAME_PORT], 1);
	assert_int_equal(port_named("many")->port.drops[DROP_SAME_PORT], 0);
}

static void a_machine_that_comes_back_has_its_number_again(void **state)
{
	struct fixture *f = *state;
	struct fake_port *one = open_lane("many", NULL);
	struct port_info info;

	open_lane("many", NULL);
	close_lane(one);
	assert_false(find_info(f, "many/1", &info));
	open_lane("many", NULL);
	assert_true(find_info(f, "many/1", &info));
	assert_true(find_info(f, "many/2", &info));
	assert_false(find_info(f, "many/3", &info));
}

static void lanes_of_one_stem_are_told_apart(void **state)
{
	struct fixture *f = *state;
	struct port_info info;
	char longest[200];

	open_lane("many", "vm");
	open_lane("many", "vm");
	open_lane("many", "vm");
	assert_true(find_info(f, "many/vm", &info));
	assert_true(find_info(f, "many/vm.2", &info));
	assert_true(find_info(f, "many/vm.3", &info));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_non_null(open_lane("many", longest));
	assert_non_null(open_lane("many", longest));
}

struct found {
	int count;
	const char *port;
};

static void on_mac(void *context, const struct mac_info *info)
{
	struct found *found = context;

	found->count++;
	found->port = info->port;
}

static void what_was_learned_of_a_machine_goes_with_its_lane(void **state)
{
	struct fixture *f = *state;
	struct fake_port *lane = open_lane("many", "vm");
	struct found found = {0};

	say_at(lane, BROADCAST, 1);
	lan_macs(f->lan, on_mac, &found);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.port, "many/vm");
	close_lane(lane);
	found.count = 0;
	lan_macs(f->lan, on_mac, &found);
	assert_int_equal(found.count, 0);
	say("hub", 1, 2); /* unknown again, so it is flooded */
	assert_int_equal(port_named("tap")->sent, 2);
}

static void what_was_learned_of_a_machine_goes_when_its_port_says_it_is_gone(void **state)
{
	struct fixture *f = *state;
	struct port_events *events = &port_named("hub")->port.events;
	struct found found = {0};

	say("hub", BROADCAST, 1);
	events->on_gone(events->context);
	lan_macs(f->lan, on_mac, &found);
	assert_int_equal(found.count, 0);
	say("hub", BROADCAST, 1); /* it is a member still */
	assert_int_equal(port_named("tap")->sent, 2);
}

static void more_lanes_than_a_port_may_have_are_refused_and_counted(void **state)
{
	struct fake_port *last = NULL;

	(void)state;
	for (int i = 0; i < PORT_LANES_MAX; i++)
		last = open_lane("many", NULL);
	assert_non_null(last);
	assert_null(open_lane("many", NULL));
	assert_int_equal(lane_code, -ENOSPC);
	assert_int_equal(port_named("many")->port.drops[DROP_PORT_CROWDED], 1);
	close_lane(last);
	assert_non_null(open_lane("many", NULL));
}

static void more_lanes_than_there_are_slots_are_refused(void **state)
{
	struct fixture *f = *state;
	int opened = 0;

	for (int i = 0; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "many%d", i);
		add_port(&f->config, name, RED);
		assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
		for (int k = 0; k < PORT_LANES_MAX; k++)
			opened += open_lane(name, NULL) != NULL;
	}
	assert_int_equal(opened, 3 * PORT_LANES_MAX);
	assert_int_equal(port_named("many3")->port.drops[DROP_PORT_CROWDED], PORT_LANES_MAX);
	say("hub", BROADCAST, 1); /* each of them is reached */
	assert_int_equal(port_named("many0")->lanes->sent, 1);
	assert_int_equal(port_named("many2")->lanes->sent, 1);
}

static void one_address_at_two_lanes_is_the_first_ones(void **state)
{
	struct fixture *f = *state;
	struct fake_port *one = NULL, *two = NULL;

	for (int i = 0; i < PORT_LANES_MAX; i++) { /* the highest numbers, too */
		two = one;
		one = open_lane("many", NULL);
	}
	say_at(one, BROADCAST, 1);
	say_at(two, BROADCAST, 1);
	assert_int_equal(two->port.drops[DROP_MAC_ELSEWHERE], 1);
	hear(f, ANNA, RED, 1, 9);
	assert_int_equal(one->sent, 1);
	assert_int_equal(two->sent, 1); /* of the broadcast */
}

static void a_closed_port_takes_its_lanes_along(void **state)
{
	struct fixture *f = *state;
	struct port_info info;

	open_lane("many", "vm");
	f->config.port_count--;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	assert_false(find_info(f, "many/vm", &info));
	say("hub", BROADCAST, 1);
	assert_int_equal(port_named("tap")->sent, 1);
}

static void a_changed_limit_counts_for_lanes_too(void **state)
{
	struct fixture *f = *state;
	struct fake_port *lane = open_lane("many", NULL);

	f->config.ports[f->config.port_count - 1].broadcast = 1;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	say_at(lane, BROADCAST, 1);
	say_at(lane, BROADCAST, 1);
	assert_int_equal(lane->port.drops[DROP_BROADCAST_LIMIT], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_many, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_lane_hears_the_others_and_not_itself),
		TEST(a_port_with_lanes_is_no_member_itself),
		TEST(a_lane_has_counters_and_a_name_of_its_own),
		TEST(a_machine_that_comes_back_has_its_number_again),
		TEST(lanes_of_one_stem_are_told_apart),
		TEST(what_was_learned_of_a_machine_goes_with_its_lane),
		TEST(what_was_learned_of_a_machine_goes_when_its_port_says_it_is_gone),
		TEST(more_lanes_than_a_port_may_have_are_refused_and_counted),
		TEST(more_lanes_than_there_are_slots_are_refused),
		TEST(one_address_at_two_lanes_is_the_first_ones),
		TEST(a_closed_port_takes_its_lanes_along),
		TEST(a_changed_limit_counts_for_lanes_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
