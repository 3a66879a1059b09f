/*
 * test_lan_guard.c - agent/lan.h: what a peer may send, and what is said of it
 */
#include "unit.h"

#include "craft.h"
#include "lan_fakes.h"

static struct craft crafted;

static void say_crafted(const char *port)
{
	struct fake_port *p = port_named(port);

	p->port.events.on_frame(p->port.events.context, crafted.bytes, writer_used(&crafted.w),
				&(struct port_source){.interface = 0});
	p->port.events.on_batch_end(p->port.events.context);
}

static void hear_crafted(struct fixture *f, int peer, uint16_t vlan)
{
	const struct route route = {.remote = addr_from_ipv4(0x7f000001, 1)};
	uint8_t datagram[1] = {0};

	f->engine.inbox[0] = (struct frame_in){
		.peer = peer, .vlan = vlan, .frame = crafted.bytes, .len = writer_used(&crafted.w)};
	f->engine.inbox_count = 1;
	lan_input(f->lan, &route, datagram, 0);
	lan_flush(f->lan);
}

static void allow(struct fixture *f, int peer, unsigned set)
{
	const struct lan_limits limits = {.broadcast = BROADCAST_OFF, .allow = set};
	const uint16_t both[] = {RED, BLUE};

	lan_peer_set(f->lan, peer, both, 2, &limits);
}

static void arp(int mac, int ip)
{
	craft_start(&crafted, mac);
	craft_arp(&crafted, CRAFT_ARP_REPLY, mac, ip);
}

static void a_peers_dhcp_answers_pass_only_where_allowed(void **state)
{
	struct fixture *f = *state;

	craft_start(&crafted, 9);
	craft_offer(&crafted);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_DHCP], 1);
	assert_int_equal(port_named("hub")->sent, 0);
	allow(f, ANNA, 1 << TRUST_ALLOW_DHCP);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(port_named("hub")->sent, 1);
	allow(f, ANNA, 0);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_DHCP], 2);
	assert_int_equal(port_named("hub")->sent, 1);
}

static void a_local_servers_answers_go_out(void **state)
{
	struct fixture *f = *state;

	craft_start(&crafted, 9);
	craft_offer(&crafted);
	say_crafted("hub");
	assert_int_equal(f->engine.sent[ANNA], 1);
	assert_int_equal(port_named("tap")->sent, 1);
}

static void what_a_guard_stops_teaches_the_switch_nothing(void **state)
{
	struct fixture *f = *state;

	craft_start(&crafted, 9);
	craft_offer(&crafted);
	hear_crafted(f, ANNA, RED);
	craft_start(&crafted, 9); /* the same machine, behind ben */
	craft_ipv4(&crafted, 9, 0, 5);
	hear_crafted(f, BEN, RED);
	assert_int_equal(f->engine.drops[BEN][DROP_MAC_ELSEWHERE], 0);
}

static void a_peer_cannot_claim_what_a_local_machine_uses(void **state)
{
	struct fixture *f = *state;

	arp(1, 5);
	say_crafted("hub");
	arp(9, 5);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_ARP], 1);
	assert_int_equal(port_named("tap")->sent, 1);
	hear_crafted(f, ANNA, BLUE); /* another network */
	assert_int_equal(port_named("other")->sent, 1);
}

static void talk_among_neighbours_teaches_the_guard(void **state)
{
	struct fixture *f = *state;

	arp(1, 7);
	say_crafted("hub");
	arp(2, 5); /* told to its neighbour alone */
	memcpy(crafted.bytes, craft_mac(1).b, MAC_BYTES);
	say_crafted("hub");
	assert_int_equal(port_named("hub")->port.drops[DROP_SAME_PORT], 1);
	arp(9, 5);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_ARP], 1);
}

static void a_stolen_mac_teaches_the_guard_nothing(void **state)
{
	struct fixture *f = *state;

	arp(1, 6);
	say_crafted("hub");
	arp(1, 5); /* anna, as if she were that machine */
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_ELSEWHERE], 1);
	arp(9, 5);
	hear_crafted(f, BEN, RED);
	assert_int_equal(f->engine.drops[BEN][DROP_GUARD_ARP], 0);
}

static void a_mac_stolen_by_another_port_teaches_the_guard_nothing(void **state)
{
	struct fixture *f = *state;

	arp(1, 6);
	say_crafted("hub");
	arp(1, 5);
	say_crafted("tap");
	assert_int_equal(port_named("tap")->port.drops[DROP_MAC_ELSEWHERE], 1);
	arp(9, 5);
	hear_crafted(f, BEN, RED);
	assert_int_equal(f->engine.drops[BEN][DROP_GUARD_ARP], 0);
}

static void a_peer_with_a_rate_is_held_to_it(void **state)
{
	struct fixture *f = *state;
	struct lan_limits limits = {.broadcast = BROADCAST_OFF, .rate = 8000};
	const uint16_t red[] = {RED};

	lan_peer_set(f->lan, ANNA, red, 1, &limits);
	for (int i = 0; i < FRAME_MAX_BYTES / FRAME_BYTES; i++)
		hear(f, ANNA, RED, BROADCAST, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_PEER_RATE], 0); /* the longest frame may pass */
	lan_peer_set(f->lan, ANNA, red, 1, &limits);                /* gives no new credit */
	for (int i = 0; i < 1000; i++)
		hear(f, ANNA, RED, BROADCAST, 9);
	assert_in_range(f->engine.drops[ANNA][DROP_PEER_RATE], 1, 1000);
	assert_int_equal(port_named("hub")->sent, FRAME_MAX_BYTES / FRAME_BYTES + 1000 -
							  f->engine.drops[ANNA][DROP_PEER_RATE]);
	for (int i = 0; i < FRAME_MAX_BYTES / FRAME_BYTES + 1000; i++)
		hear(f, BEN, RED, BROADCAST, 8);
	assert_int_equal(f->engine.drops[BEN][DROP_PEER_RATE], 0); /* who has none, has none */
}

static void a_pinned_mac_is_its_peers_alone(void **state)
{
	struct fixture *f = *state;
	struct lan_limits limits = {.broadcast = BROADCAST_OFF, .pin_count = 1};
	const uint16_t red[] = {RED};

	memset(limits.pins[0].b, 0x02, MAC_BYTES);
	limits.pins[0].b[5] = 9;
	hear(f, BEN, RED, BROADCAST, 9);
	lan_peer_set(f->lan, ANNA, red, 1, &limits);
	hear(f, BEN, RED, BROADCAST, 9);
	assert_int_equal(f->engine.drops[BEN][DROP_MAC_ELSEWHERE], 1);
	say("hub", BROADCAST, 9);
	assert_int_equal(port_named("hub")->port.drops[DROP_MAC_ELSEWHERE], 1);
	hear(f, ANNA, RED, BROADCAST, 9);
	assert_int_equal(f->engine.drops[ANNA][DROP_MAC_ELSEWHERE], 0);
	limits.pin_count = 0;
	lan_peer_set(f->lan, ANNA, red, 1, &limits);
	lan_peer_down(f->lan, ANNA);
	hear(f, BEN, RED, BROADCAST, 9);
	assert_int_equal(f->engine.drops[BEN][DROP_MAC_ELSEWHERE], 1);
}

static void a_dead_session_frees_its_ip_addresses(void **state)
{
	struct fixture *f = *state;

	arp(9, 5);
	hear_crafted(f, BEN, RED);
	lan_peer_down(f->lan, BEN);
	arp(8, 5);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(f->engine.drops[ANNA][DROP_GUARD_ARP], 0);
}

static void what_was_stopped_is_a_warning_with_the_command_that_lets_it_pass(void **state)
{
	struct fixture *f = *state;
	struct warning w[4];

	craft_start(&crafted, 9);
	craft_offer(&crafted);
	hear_crafted(f, ANNA, RED);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 1);
	assert_string_equal(w[0].code, "guard-dhcp");
	assert_contains(w[0].text, "anna sent answers of a DHCP server");
	assert_contains(w[0].fix, "longwire -C /anna/lw allow anna dhcp");
	allow(f, ANNA, 1 << TRUST_ALLOW_DHCP);
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 0);
	lan_peer_unset(f->lan, ANNA);
	allow(f, ANNA, 0); /* the number is somebody else's now */
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 0);
}

static void an_address_in_two_places_is_a_warning_with_both_and_the_fix(void **state)
{
	struct fixture *f = *state;
	struct warning w[4];

	arp(1, 5);
	say_crafted("hub");
	arp(9, 5);
	hear_crafted(f, ANNA, RED);
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 2);
	assert_string_equal(w[0].code, "guard-arp"); /* first who did it */
	assert_contains(w[0].fix, "allow anna arp");
	assert_string_equal(w[1].code, "ip-in-two-places");
	assert_contains(w[1].text, "IP address 10.0.0.5");
	assert_contains(w[1].text, "02:00:00:00:00:01 behind port hub");
	assert_contains(w[1].text, "02:00:00:00:00:09 behind peer anna");
	assert_contains(w[1].fix, "machine-id");
}

static void a_dhcp_client_with_two_macs_is_a_warning(void **state)
{
	struct fixture *f = *state;
	struct warning w[4];

	craft_start(&crafted, 1);
	craft_discover(&crafted, "\xff\x01");
	say_crafted("hub");
	craft_start(&crafted, 2);
	craft_discover(&crafted, "\xff\x01");
	say_crafted("hub");
	assert_int_equal(lan_warnings(f->lan, name_of, NULL, w, 4), 1);
	assert_string_equal(w[0].code, "dhcp-client-twice");
	assert_contains(w[0].text, "DHCP client identifier ff:01 is used by two machines");
	assert_contains(w[0].text, "02:00:00:00:00:02 behind port hub");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lan(a_peers_dhcp_answers_pass_only_where_allowed),
		with_lan(a_local_servers_answers_go_out),
		with_lan(what_a_guard_stops_teaches_the_switch_nothing),
		with_lan(a_peer_cannot_claim_what_a_local_machine_uses),
		with_lan(talk_among_neighbours_teaches_the_guard),
		with_lan(a_stolen_mac_teaches_the_guard_nothing),
		with_lan(a_mac_stolen_by_another_port_teaches_the_guard_nothing),
		with_lan(a_peer_with_a_rate_is_held_to_it),
		with_lan(a_pinned_mac_is_its_peers_alone),
		with_lan(a_dead_session_frees_its_ip_addresses),
		with_lan(what_was_stopped_is_a_warning_with_the_command_that_lets_it_pass),
		with_lan(an_address_in_two_places_is_a_warning_with_both_and_the_fix),
		with_lan(a_dhcp_client_with_two_macs_is_a_warning),
	};

	return cmocka_run_group_tests_name("lan_guard", tests, NULL, NULL);
}
