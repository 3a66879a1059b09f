/*
 * test_forward.c - agent/forward.h
 */
#include "unit.h"

#include "agent/forward.h"
#include "segments_world.h"

enum {
	BASE = CONFIG_PORTS_MAX,
	HUB = 0, /* port on LAN 0 */
	PRIVATE = 1,
	PEER = 1,
	OTHER_PEER = 2,
	WENT_MAX = 16,
};

/* Where frames went: "P0" by port 0, "B0" beyond by it, "a1" to agent 1, "m1" marked. */
static char went[WENT_MAX * 3];
static struct vswitch *sw;

static void note(char how, int number)
{
	size_t len = strlen(went);

	went[len] = how;
	went[len + 1] = (char)('0' + number);
	went[len + 2] = '\0';
}

static void to_port(void *context, int port)
{
	(void)context;
	note('P', port);
}

static void beyond(void *context, int port, uint32_t interface)
{
	(void)context;
	assert_int_equal(interface, ETH0);
	note('B', port);
}

static void to_peer(void *context, int peer, bool on_segment)
{
	(void)context;
	note(on_segment ? 'm' : 'a', peer);
}

static enum drop give(const struct forward_from *from, int to)
{
	struct forward f = {.sw = sw,
			    .segments = agents[0].segments,
			    .peer_base = BASE,
			    .to_port = to_port,
			    .beyond = beyond,
			    .to_peer = to_peer,
			    .now_ns = now_ns};

	went[0] = '\0';
	return forward_frame(&f, from, to);
}

static int set_up_switch(void **state)
{
	struct switch_config config = {.members_max = BASE + AGENTS, .max_frame = 1514};
	struct switch_member port = {.quota = 8, .broadcast = SWITCH_UNLIMITED};
	struct switch_member peer = {.is_peer = true, .quota = 8, .broadcast = SWITCH_UNLIMITED};

	set_up(state);
	sw = switch_new(&config);
	switch_join(sw, HUB, &port, 1);
	switch_join(sw, PRIVATE, &port, 1);
	switch_join(sw, BASE + PEER, &peer, 1);
	switch_join(sw, BASE + OTHER_PEER, &peer, 1);
	return 0;
}

static int tear_down_switch(void **state)
{
	switch_free(sw);
	return tear_down(state);
}

/* Us and PEER on LAN 0; OTHER_PEER elsewhere. */
static void share(enum side ours, enum side its)
{
	put(0, HUB, 0, ours);
	put(PEER, 0, 0, its);
	put(OTHER_PEER, 0, 1, SERVES);
	meet(0, PEER);
	meet(0, OTHER_PEER);
	meet(PEER, OTHER_PEER);
	advance(3000);
}

static const struct forward_from FROM_HUB = {.member = HUB, .interface = ETH0};
static const struct forward_from FROM_PRIVATE = {.member = PRIVATE};
static const struct forward_from FROM_NOBODY = {.member = SWITCH_NOBODY};

static void without_other_agents_all_others_get_a_flooded_frame(void **state)
{
	(void)state;
	put(0, HUB, 0, SERVES);
	meet(0, PEER);
	advance(1000);
	give(&FROM_HUB, SWITCH_FLOOD);
	assert_string_equal(went, "P1a1a2");
	give(&FROM_NOBODY, SWITCH_FLOOD);
	assert_string_equal(went, "P0P1a1a2");
}

static void what_the_peer_takes_itself_goes_to_others_only(void **state)
{
	(void)state;
	share(SERVES, SERVES);
	assert_int_equal(give(&FROM_HUB, SWITCH_FLOOD), DROP_NONE);
	assert_string_equal(went, "P1a2");
	assert_int_equal(give(&FROM_HUB, BASE + PEER), DROP_ON_SEGMENT);
	assert_string_equal(went, "");
}

static void what_we_put_on_a_shared_segment_is_marked_for_who_is_there(void **state)
{
	(void)state;
	share(SERVES, SERVES);
	give(&FROM_PRIVATE, SWITCH_FLOOD);
	assert_string_equal(went, "P0m1a2");
	give(&FROM_PRIVATE, BASE + PEER);
	assert_string_equal(went, "a1"); /* for it alone, and put nowhere else */
}

static void where_a_peer_serves_the_lan_own_frames_go_beyond(void **state)
{
	(void)state;
	share(OWN_HOST, SERVES);
	give(&FROM_PRIVATE, SWITCH_FLOOD);
	assert_string_equal(went, "P0B0m1a2");
}

static void a_port_that_listens_takes_nothing(void **state)
{
	(void)state;
	put(0, HUB, 0, SERVES);
	settle();
	give(&FROM_PRIVATE, SWITCH_FLOOD);
	assert_string_equal(went, "a1a2");
	assert_int_equal(give(&FROM_PRIVATE, HUB), DROP_PORT_LISTENING);
}

static void a_peers_frame_goes_to_ports_only(void **state)
{
	struct forward_from from = {.member = BASE + OTHER_PEER, .heard_at = -1};

	(void)state;
	share(SERVES, SERVES);
	give(&from, SWITCH_FLOOD);
	assert_string_equal(went, "P0P1");
}

static void a_marked_frame_goes_to_ports_off_the_segment(void **state)
{
	struct forward_from from = {.member = BASE + PEER, .on_segment = true, .heard_at = -1};

	(void)state;
	share(SERVES, SERVES);
	give(&from, SWITCH_FLOOD);
	assert_string_equal(went, "P1");
	assert_int_equal(give(&from, HUB), DROP_ON_SEGMENT);
}

static void standing_by_is_towards_one_peer_and_on_one_port(void **state)
{
	struct forward_from from = {.member = BASE + OTHER_PEER, .heard_at = -1};

	(void)state;
	share(OWN_HOST, SERVES); /* PEER serves the LAN, so it forwards */
	assert_int_equal(give(&from, HUB), DROP_STANDBY);
	give(&from, SWITCH_FLOOD);
	assert_string_equal(went, "P1");
	assert_int_equal(give(&FROM_HUB, BASE + OTHER_PEER), DROP_STANDBY);
	give(&FROM_PRIVATE, SWITCH_FLOOD);
	assert_string_equal(went, "P0B0m1a2");
}

static void what_is_for_one_machine_goes_where_it_was_heard(void **state)
{
	struct segments_place places[] = {{.interface = ETH0, .is_real = true},
					  {.interface = LO, .serves = true}};
	struct forward_from from = {.member = BASE + OTHER_PEER};

	(void)state;
	share(OWN_HOST, SERVES);
	segments_attach(agents[0].segments, HUB, places, 2, now_ns);
	settle();
	from.heard_at = segments_number(agents[0].segments, HUB, LO);
	assert_int_equal(give(&from, HUB), DROP_NONE);
	assert_string_equal(went, "P0");
	from.heard_at = segments_number(agents[0].segments, HUB, ETH0);
	assert_int_equal(give(&from, HUB), DROP_STANDBY);
	from.heard_at = 200; /* of a port that is gone */
	assert_int_equal(give(&from, HUB), DROP_STANDBY);
}

#define with_switch(test) cmocka_unit_test_setup_teardown(test, set_up_switch, tear_down_switch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_switch(without_other_agents_all_others_get_a_flooded_frame),
		with_switch(what_the_peer_takes_itself_goes_to_others_only),
		with_switch(what_we_put_on_a_shared_segment_is_marked_for_who_is_there),
		with_switch(where_a_peer_serves_the_lan_own_frames_go_beyond),
		with_switch(a_port_that_listens_takes_nothing),
		with_switch(a_peers_frame_goes_to_ports_only),
		with_switch(a_marked_frame_goes_to_ports_off_the_segment),
		with_switch(standing_by_is_towards_one_peer_and_on_one_port),
		with_switch(what_is_for_one_machine_goes_where_it_was_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
