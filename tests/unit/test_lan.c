/*
 * test_lan.c - agent/lan.h with a port, an engine and a tunnel that only take notes
 */
#include "unit.h"

#include <errno.h>

#include "agent/switch.h"
#include "craft_tcp.h"
#include "lan_fakes.h"

static void a_broadcast_of_a_port_goes_to_the_members_of_its_vlan_only(void **state)
{
	struct fixture *f = *state;

	say("hub", BROADCAST, 1);
	assert_int_equal(port_named("hub")->sent, 0);
	assert_int_equal(port_named("tap")->sent, 1);
	assert_int_equal(port_named("other")->sent, 0);
	assert_int_equal(f->engine.sent[ANNA], 1);
	assert_int_equal(f->engine.sent[BEN], 1);
	assert_int_equal(f->engine.last_vlan, RED);
	say("other", BROADCAST, 2);
	assert_int_equal(f->engine.sent[BEN], 1);
	assert_int_equal(f->engine.last_vlan, BLUE);
}

static void a_batch_ends_in_a_flush_of_engine_and_ports(void **state)
{
	struct fixture *f = *state;

	say("hub", BROADCAST, 1);
	assert_int_equal(port_named("tap")->waiting, 0);
	assert_int_equal(f->engine.flushes, 1);
	assert_int_equal(tunnel_sends, 0); /* there is no tunnel yet */
	lan_use_tunnel(f->lan, (struct tunnel *)f);
	lan_flush(f->lan);
	assert_int_equal(tunnel_sends, 1);
}

static void each_port_may_look_for_answers(void **state)
{
	struct fixture *f = *state;

	lan_flush(f->lan);
	assert_int_equal(port_named("hub")->heard, 0);
	lan_hear(f->lan);
	assert_int_equal(port_named("hub")->heard, 1);
	assert_int_equal(port_named("tap")->heard, 1);
}

static void a_broadcast_of_a_peer_goes_to_ports_and_to_no_peer(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, RED, BROADCAST, 9);
	assert_int_equal(port_named("hub")->sent, 1);
	assert_int_equal(port_named("tap")->sent, 1);
	assert_int_equal(port_named("other")->sent, 0);
	assert_int_equal(f->engine.sent[BEN], 0);
}

static void unicast_takes_the_way_it_learned(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, RED, BROADCAST, 9);
	say("hub", 9, 1);
	assert_int_equal(f->engine.sent[ANNA], 1);
	assert_int_equal(f->engine.sent[BEN], 0);
	hear(f, ANNA, RED, 1, 9);
	assert_int_equal(port_named("hub")->sent, 2);
	assert_int_equal(port_named("tap")->sent, 1);
}

static void a_frame_for_a_vlan_that_is_not_here_is_counted(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, 99, BROADCAST, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_VLAN_UNKNOWN], 1);
	hear(f, ANNA, 5000, BROADCAST, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_VLAN_UNKNOWN], 2);
	assert_int_equal(port_named("hub")->sent, 0);
}

static void a_frame_for_a_vlan_the_peer_does_not_share_is_counted(void **state)
{
	struct fixture *f = *state;

	hear(f, BEN, BLUE, BROADCAST, 9);
	assert_int_equal(f->engine.drops[BEN][DROP_VLAN_NOT_ALLOWED], 1);
	assert_int_equal(port_named("other")->sent, 0);
}

static void what_the_switch_drops_is_counted_where_it_came_in(void **state)
{
	struct fixture *f = *state;

	say("hub", BROADCAST, 1);
	say("hub", 1, 2);
	assert_int_equal(port_named("hub")->port.drops[DROP_SAME_PORT], 1);
	hear(f, ANNA, RED, BROADCAST, 1);
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_ELSEWHERE], 1);
	hear(f, BEN, RED, BROADCAST, 7);
	hear(f, ANNA, RED, 7, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_SPLIT_HORIZON], 1);
}

static void more_addresses_than_a_peer_may_have_are_counted_and_go_on(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i <= SWITCH_PEER_QUOTA; i++)
		hear(f, ANNA, RED, BROADCAST, 100 + i);
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_QUOTA], 1);
	assert_int_equal(port_named("hub")->sent, SWITCH_PEER_QUOTA + 1);
}

static void a_mac_quota_of_a_peers_own_replaces_the_usual_one(void **state)
{
	const struct lan_limits two = {.broadcast = BROADCAST_OFF, .mac_quota = 2};
	const uint16_t red[] = {RED};
	struct fixture *f = *state;

	lan_peer_set(f->lan, BEN, red, 1, &two);
	for (int i = 1; i <= 3; i++) {
		hear(f, ANNA, RED, BROADCAST, i);
		hear(f, BEN, RED, BROADCAST, 100 + i);
	}
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_QUOTA], 0);
	assert_int_equal(f->engine.drops[BEN][DROP_MAC_QUOTA], 1);
}

static void a_full_outbox_is_sent_and_the_frame_tried_again(void **state)
{
	struct fixture *f = *state;

	lan_use_tunnel(f->lan, (struct tunnel *)f);
	f->engine.room = 1;
	say("hub", BROADCAST, 1);
	assert_int_equal(f->engine.sent[ANNA], 1);
	assert_int_equal(f->engine.sent[BEN], 1);
	assert_int_equal(tunnel_sends, 2); /* in between, and at the end */
}

static void a_frame_that_fits_no_outbox_is_counted_once(void **state)
{
	struct fixture *f = *state;

	full_room = f->engine.room = 0;
	say("hub", BROADCAST, 1);
	assert_int_equal(f->engine.drops[ANNA][DROP_OUTBOX_FULL], 1);
	assert_int_equal(f->engine.drops[BEN][DROP_OUTBOX_FULL], 1);
}

static void a_peer_that_is_unset_or_changed_loses_its_vlans(void **state)
{
	struct fixture *f = *state;
	const uint16_t blue[] = {BLUE};

	lan_peer_unset(f->lan, BEN);
	lan_peer_set(f->lan, ANNA, blue, 1, &NO_LIMITS);
	say("hub", BROADCAST, 1);
	assert_int_equal(f->engine.sent[ANNA] + f->engine.sent[BEN], 0);
	say("other", BROADCAST, 2);
	assert_int_equal(f->engine.sent[ANNA], 1);
}

static void a_dead_sessions_addresses_are_forgotten(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, RED, BROADCAST, 9);
	lan_peer_down(f->lan, ANNA);
	say("hub", 9, 1);
	assert_int_equal(f->engine.sent[BEN], 1); /* flooded again */
}

static void each_batch_reads_the_clock(void **state)
{
	struct fixture *f = *state;

	hear(f, ANNA, RED, BROADCAST, 9);
	clock_ns += FDB_AGE_S * S_NS;
	say("hub", 9, 1);
	assert_int_equal(f->engine.sent[BEN], 1); /* too old: flooded */
}

static void an_injected_frame_reaches_everybody_and_is_learned_nowhere(void **state)
{
	struct fixture *f = *state;
	struct error err = {""};

	write_frame(BROADCAST, 1);
	assert_int_equal(lan_inject(f->lan, RED, frame_said, sizeof(frame_said), &err), 0);
	assert_int_equal(port_named("hub")->sent + port_named("tap")->sent, 2);
	assert_int_equal(f->engine.sent[ANNA] + f->engine.sent[BEN], 2);
	say("hub", 1, 2);
	assert_int_equal(f->engine.sent[ANNA], 2);
}

static void a_refused_injection_says_why(void **state)
{
	struct fixture *f = *state;
	struct error err = {""};

	write_frame(BROADCAST, 1);
	assert_int_equal(lan_inject(f->lan, 0, frame_said, sizeof(frame_said), &err), -EINVAL);
	assert_error(&err, "--vlan");
	assert_int_equal(lan_inject(f->lan, 7, frame_said, sizeof(frame_said), &err), -ENOENT);
	assert_error(&err, "7");
	assert_int_equal(lan_inject(f->lan, RED, frame_said, 13, &err), -EINVAL);
	assert_error(&err, "short_frame");
}

static void a_reload_disturbs_only_what_changed(void **state)
{
	struct fixture *f = *state;
	struct fake_port *hub = port_named("hub");
	struct config next = f->config;

	hear(f, ANNA, RED, BROADCAST, 9);
	next.port_count = 0;
	next.vlan_count = 0;
	add_vlan(&next, "crimson", RED);
	add_vlan(&next, "green", 30);
	add_port(&next, "extra", 30);
	add_port(&next, "hub", RED);
	assert_int_equal(lan_reload(f->lan, &next, NULL), 0);
	assert_ptr_equal(port_named("hub"), hub);
	assert_null(port_named("tap"));
	assert_null(port_named("other"));
	assert_int_equal(ports_opened, 4);
	say("hub", 9, 1);
	assert_int_equal(f->engine.sent[ANNA], 1); /* known still */
	assert_int_equal(f->engine.sent[BEN], 0);
	say("extra", BROADCAST, 1);
	assert_int_equal(f->engine.sent[ANNA], 1); /* no peer is a member of green */
}

static void a_peers_vlan_that_comes_later_finds_it_there(void **state)
{
	struct fixture *f = *state;
	const uint16_t green[] = {30};
	struct config next = f->config;

	lan_peer_set(f->lan, BEN, green, 1, &NO_LIMITS);
	add_vlan(&next, "green", 30);
	add_port(&next, "extra", 30);
	lan_reload(f->lan, &next, NULL);
	say("extra", BROADCAST, 1);
	assert_int_equal(f->engine.sent[BEN], 1);
}

static void a_port_with_another_group_is_opened_again(void **state)
{
	struct fixture *f = *state;
	struct config next = f->config;

	next.ports[0].mcast.group.port++;
	next.ports[1].line = 77;      /* moved in the file */
	next.ports[1].broadcast = 10; /* changed in place */
	lan_reload(f->lan, &next, NULL);
	assert_int_equal(ports_opened, 4);
	assert_int_equal(ports_closed, 1);
}

static void a_frame_has_the_class_of_its_packet_for_the_engine_where_that_is_wanted(void **state)
{
	struct fixture *f = *state;
	struct config next = f->config;
	uint8_t frame[CRAFT_TCP_BYTES];
	size_t len = craft_tcp(&(struct crafted){.tag = 0}, frame);

	frame[15] = 0xbb; /* expedited, and congestion was met */
	say_frame("hub", frame, len);
	assert_int_equal(f->engine.sent[ANNA], 1);
	assert_int_equal(f->engine.last_dscp, 0);
	next.dscp_copy = true;
	assert_int_equal(lan_reload(f->lan, &next, NULL), 0);
	say_frame("hub", frame, len);
	assert_int_equal(f->engine.sent[ANNA], 2);
	assert_int_equal(f->engine.last_dscp, 46);
	say("hub", BROADCAST, 1);
	assert_int_equal(f->engine.last_dscp, 0);
}

static void a_tap_is_opened_again_for_other_offloads_and_nothing_else_is(void **state)
{
	struct fixture *f = *state;
	struct config next = f->config;

	next.ports[1].type = PORT_TAP;
	lan_reload(f->lan, &next, NULL);
	assert_int_equal(ports_opened, 4); /* one of another type */
	next.offload = !next.offload;
	lan_reload(f->lan, &next, NULL);
	assert_int_equal(ports_opened, 5);
	lan_reload(f->lan, &next, NULL);
	assert_int_equal(ports_opened, 5);
}

static int macs_seen;

static void on_mac(void *context, const struct mac_info *info)
{
	(void)context;
	macs_seen++;
	assert_int_equal(info->vlan, RED);
	if (info->port)
		assert_string_equal(info->port, "hub");
	else
		assert_int_equal(info->peer, ANNA);
}

static void status_shows_ports_and_addresses(void **state)
{
	struct fixture *f = *state;
	struct port_info info;
	size_t count = 0;

	say("hub", BROADCAST, 1);
	hear(f, ANNA, RED, BROADCAST, 9);
	while (lan_port_info(f->lan, count, &info))
		count++;
	assert_int_equal(count, 3);
	assert_true(lan_port_info(f->lan, 2, &info));
	assert_string_equal(info.name, "other");
	assert_string_equal(info.type, "mcast");
	assert_string_equal(info.detail, "a detail");
	assert_string_equal(port_state_name(info.state), "forwarding");
	macs_seen = 0;
	lan_macs(f->lan, on_mac, NULL);
	assert_int_equal(macs_seen, 2);
}

static void a_mac_in_two_places_is_a_warning_with_both_and_the_fix(void **state)
{
	struct fixture *f = *state;
	struct warning w[4];

	say("hub", BROADCAST, 1);
	hear(f, ANNA, RED, BROADCAST, 1);
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 1);
	assert_string_equal(w[0].code, "mac-in-two-places");
	assert_contains(w[0].text, "02:02:02:02:02:01");
	assert_contains(w[0].text, "port hub");
	assert_contains(w[0].text, "peer anna");
	assert_contains(w[0].fix, "mac=52:54:00:");
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 0), 0);
}

static void ports_are_told_of_the_network_and_of_time(void **state)
{
	struct fixture *f = *state;

	lan_network_changed(f->lan);
	assert_int_equal(port_named("tap")->changes, 1);
	while (port_named("tap")->ticks == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
}

/* libuv's loop ends when nothing can wake it any more. */
static void without_hubs_and_taps_there_is_one_tick_after_something_happened(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->config.port_count; i++)
		f->config.ports[i].type = PORT_UDP;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(port_named("tap")->ticks, 1);
	say("hub", BROADCAST, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(port_named("tap")->ticks, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lan(without_hubs_and_taps_there_is_one_tick_after_something_happened),
		with_lan(a_broadcast_of_a_port_goes_to_the_members_of_its_vlan_only),
		with_lan(a_batch_ends_in_a_flush_of_engine_and_ports),
		with_lan(each_port_may_look_for_answers),
		with_lan(a_broadcast_of_a_peer_goes_to_ports_and_to_no_peer),
		with_lan(unicast_takes_the_way_it_learned),
		with_lan(a_frame_for_a_vlan_that_is_not_here_is_counted),
		with_lan(a_frame_for_a_vlan_the_peer_does_not_share_is_counted),
		with_lan(what_the_switch_drops_is_counted_where_it_came_in),
		with_lan(more_addresses_than_a_peer_may_have_are_counted_and_go_on),
		with_lan(a_mac_quota_of_a_peers_own_replaces_the_usual_one),
		with_lan(a_full_outbox_is_sent_and_the_frame_tried_again),
		with_lan(a_frame_that_fits_no_outbox_is_counted_once),
		with_lan(a_peer_that_is_unset_or_changed_loses_its_vlans),
		with_lan(a_dead_sessions_addresses_are_forgotten),
		with_lan(each_batch_reads_the_clock),
		with_lan(an_injected_frame_reaches_everybody_and_is_learned_nowhere),
		with_lan(a_refused_injection_says_why),
		with_lan(a_reload_disturbs_only_what_changed),
		with_lan(a_peers_vlan_that_comes_later_finds_it_there),
		with_lan(a_port_with_another_group_is_opened_again),
		with_lan(a_frame_has_the_class_of_its_packet_for_the_engine_where_that_is_wanted),
		with_lan(a_tap_is_opened_again_for_other_offloads_and_nothing_else_is),
		with_lan(status_shows_ports_and_addresses),
		with_lan(a_mac_in_two_places_is_a_warning_with_both_and_the_fix),
		with_lan(ports_are_told_of_the_network_and_of_time),
	};

	return cmocka_run_group_tests_name("lan", tests, NULL, NULL);
}
