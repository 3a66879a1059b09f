/*
 * test_lan_nested.c - agent/lan.h: our own datagrams do not go through the tunnel
 */
#include "unit.h"

#include "agent/nested.h"
#include "craft_tcp.h"
#include "lan_fakes.h"

enum {
	PORT = 4711, /* craft_tcp.h: from 10.0.0.1:4711 to 10.0.0.2:80 */
	OTHER_PORT = 80,
};

static uint8_t frame[CRAFT_TCP_BYTES];
static size_t len;

static void craft(void)
{
	len = craft_tcp(&(struct crafted){.protocol = 17}, frame);
}

static void both_are_up(struct fixture *f)
{
	f->engine.is_up[ANNA] = f->engine.is_up[BEN] = true;
	craft();
}

static size_t warnings(struct fixture *f, struct warning *out)
{
	return lan_warnings(f->lan, name_of, NULL, out, 8);
}

static void a_datagram_to_a_peer_stays_here(void **state)
{
	struct fixture *f = *state;

	both_are_up(f);
	f->engine.path[ANNA] = addr_from_ipv4(0x0a000002, OTHER_PORT);
	lan_use_addresses(f->lan, PORT);
	say_frame("hub", frame, len);
	assert_int_equal(f->engine.sent[ANNA] + f->engine.sent[BEN], 0);
	assert_int_equal(port_named("tap")->sent, 1); /* a peer may be in a machine of this host */
	assert_int_equal(port_named("hub")->port.drops[DROP_TUNNEL_IN_TUNNEL], 1);
}

static void an_address_that_came_just_now_is_known_with_the_first_datagram(void **state)
{
	struct fixture *f = *state;

	both_are_up(f);
	f->engine.path[ANNA] = addr_from_ipv4(0x0a000002, OTHER_PORT);
	has_address = false;
	lan_use_addresses(f->lan, PORT);
	has_address = true;
	say_frame("hub", frame, len);
	assert_int_equal(f->engine.sent[ANNA], 0);
}

static void another_machines_datagrams_do_not_make_us_look_each_time(void **state)
{
	struct fixture *f = *state;

	both_are_up(f);
	f->engine.path[ANNA] = addr_from_ipv4(0x0a000002, OTHER_PORT);
	has_address = false;
	lan_use_addresses(f->lan, PORT);
	for (int i = 0; i < 10; i++)
		say_frame("hub", frame, len);
	assert_int_equal(f->engine.sent[ANNA], 10);
	assert_int_equal(address_looks, 2);
	clock_ns += S_NS;
	say_frame("hub", frame, len);
	assert_int_equal(address_looks, 3);
}

static void one_to_somebody_who_is_no_peer_crosses(void **state)
{
	struct fixture *f = *state;

	both_are_up(f);
	f->engine.path[ANNA] = addr_from_ipv4(0x0a000003, OTHER_PORT);
	lan_use_addresses(f->lan, PORT);
	say_frame("hub", frame, len);
	assert_int_equal(f->engine.sent[ANNA], 1);
}

static void ten_in_a_second_refuse_the_path_with_a_warning(void **state)
{
	struct fixture *f = *state;
	struct warning w[8];

	both_are_up(f);
	f->engine.path[ANNA] = addr_from_ipv4(0x0a000002, OTHER_PORT);
	lan_use_addresses(f->lan, PORT);
	for (int i = 1; i < NESTED_LIMIT; i++)
		say_frame("hub", frame, len);
	assert_int_equal(f->engine.refused[ANNA], 0);
	assert_int_equal(warnings(f, w), 0);
	say_frame("hub", frame, len);
	assert_int_equal(f->engine.refused[ANNA], 1);
	assert_int_equal(f->engine.refused[BEN], 0);
	assert_int_equal(warnings(f, w), 1);
	assert_string_equal(w[0].code, "tunnel-in-tunnel");
	assert_contains(w[0].text, "anna");
	assert_contains(w[0].text, "10.0.0.2:80");
	assert_contains(w[0].text, "port hub");
}

static void a_peers_datagram_to_us_does_not_come_out_of_its_session(void **state)
{
	struct fixture *f = *state;
	struct frame_in in = {.peer = ANNA, .vlan = RED, .frame = frame};

	both_are_up(f);
	in.len = len;
	f->engine.path[ANNA] = addr_from_ipv4(0x0a000001, PORT);
	lan_use_addresses(f->lan, OTHER_PORT); /* ours is 10.0.0.1 here, too: not who is meant */
	hear_frame(f, &in);
	assert_int_equal(port_named("hub")->sent, 1);
	frame[14 + 12 + 3] = 2; /* from 10.0.0.2 to 10.0.0.1 */
	frame[14 + 16 + 3] = 1;
	f->engine.path[ANNA] = addr_from_ipv4(0x0a000002, PORT);
	hear_frame(f, &in);
	assert_int_equal(port_named("hub")->sent, 1);
	assert_int_equal(f->engine.drops[ANNA][DROP_TUNNEL_IN_TUNNEL], 1);
	in.peer = BEN; /* another peer has no such path */
	hear_frame(f, &in);
	assert_int_equal(f->engine.drops[BEN][DROP_TUNNEL_IN_TUNNEL], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lan(a_datagram_to_a_peer_stays_here),
		with_lan(an_address_that_came_just_now_is_known_with_the_first_datagram),
		with_lan(another_machines_datagrams_do_not_make_us_look_each_time),
		with_lan(one_to_somebody_who_is_no_peer_crosses),
		with_lan(ten_in_a_second_refuse_the_path_with_a_warning),
		with_lan(a_peers_datagram_to_us_does_not_come_out_of_its_session),
	};

	return cmocka_run_group_tests_name("lan_nested", tests, NULL, NULL);
}
