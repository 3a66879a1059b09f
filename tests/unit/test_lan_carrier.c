/*
 * test_lan_carrier.c - when a port hears that somebody else is on its vlan
 */
#include "unit.h"

#include "../../agent/lan_private.h"
#include "lan_fakes.h"

/* As the timer would. */
static void let_ticks_pass(struct fixture *f, int ticks)
{
	for (int i = 0; i < ticks; i++)
		lan_carrier_follow(f->lan, 1);
}

static void comes(struct fixture *f, int peer)
{
	const struct public_key key = {{(uint8_t)(peer + 1)}};

	f->engine.is_up[peer] = true;
	lan_peer_up(f->lan, peer, &key);
}

static void a_port_beside_another_has_a_carrier_from_the_start(void **state)
{
	(void)state;
	assert_true(port_named("hub")->carrier);
	assert_true(port_named("tap")->carrier);
	assert_int_equal(port_named("tap")->carrier_changes, 1);
}

static void a_port_alone_on_its_vlan_has_none_until_a_peer_of_that_vlan_is_up(void **state)
{
	struct fixture *f = *state;
	struct fake_port *alone = port_named("other"); /* anna shares its vlan, ben does not */

	assert_false(alone->carrier);
	assert_int_equal(alone->carrier_changes, 1);
	comes(f, BEN);
	assert_false(alone->carrier);
	comes(f, ANNA);
	assert_true(alone->carrier);
	assert_int_equal(alone->carrier_changes, 2);
}

static void a_peer_that_is_gone_for_a_moment_unplugs_nothing(void **state)
{
	struct fixture *f = *state;
	struct fake_port *alone = port_named("other");

	comes(f, ANNA);
	f->engine.is_up[ANNA] = false;
	lan_peer_down(f->lan, ANNA);
	let_ticks_pass(f, LAN_LONELY_TICKS - 1);
	assert_true(alone->carrier);
	f->engine.is_up[ANNA] = true;
	let_ticks_pass(f, 1);
	assert_int_equal(alone->carrier_changes, 2);
}

static void a_peer_that_stays_away_takes_the_carrier_along(void **state)
{
	struct fixture *f = *state;
	struct fake_port *alone = port_named("other");

	comes(f, ANNA);
	f->engine.is_up[ANNA] = false;
	let_ticks_pass(f, LAN_LONELY_TICKS);
	assert_false(alone->carrier);
	assert_int_equal(alone->carrier_changes, 3);
}

static void a_port_that_is_down_or_blocked_is_nobody(void **state)
{
	static const enum port_state useless[] = {PORT_DOWN, PORT_BLOCKED};
	struct fixture *f = *state;
	struct fake_port *tap = port_named("tap");

	for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
		port_named("hub")->state = useless[i];
		let_ticks_pass(f, LAN_LONELY_TICKS);
		assert_false(tap->carrier);
		port_named("hub")->state = PORT_STANDBY;
		let_ticks_pass(f, 1);
		assert_true(tap->carrier);
	}
}

static void a_port_that_comes_later_is_somebody_at_once(void **state)
{
	struct fixture *f = *state;

	add_port(&f->config, "late", BLUE);
	f->config.ports[f->config.port_count - 1].mcast.group.port++;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	assert_true(port_named("other")->carrier);
	assert_true(port_named("late")->carrier);
}

static void a_port_with_lanes_is_somebody_as_long_as_a_machine_is_at_it(void **state)
{
	struct fixture *f = *state;
	struct fake_port *alone = port_named("other"), *lane;

	add_port(&f->config, "many", BLUE);
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	assert_false(alone->carrier);
	lane = open_lane("many", NULL);
	assert_true(alone->carrier);
	lane->state = PORT_DOWN; /* it spoke, whether it hears us or not */
	let_ticks_pass(f, LAN_LONELY_TICKS);
	assert_true(alone->carrier);
	close_lane(lane);
	let_ticks_pass(f, LAN_LONELY_TICKS - 1);
	assert_true(alone->carrier);
	let_ticks_pass(f, 1);
	assert_false(alone->carrier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lan(a_port_beside_another_has_a_carrier_from_the_start),
		with_lan(a_port_alone_on_its_vlan_has_none_until_a_peer_of_that_vlan_is_up),
		with_lan(a_peer_that_is_gone_for_a_moment_unplugs_nothing),
		with_lan(a_peer_that_stays_away_takes_the_carrier_along),
		with_lan(a_port_that_is_down_or_blocked_is_nobody),
		with_lan(a_port_that_comes_later_is_somebody_at_once),
		with_lan(a_port_with_lanes_is_somebody_as_long_as_a_machine_is_at_it),
	};

	return cmocka_run_group_tests_name("lan_carrier", tests, NULL, NULL);
}
