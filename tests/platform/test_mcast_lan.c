/*
 * test_mcast_lan.c - the hub port on a host that has a LAN
 *
 * Layer: platform test.
 */
#include "lan.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/clock.h"

enum {
	GONE_S = 11, /* longer than an interface is attached where nothing is heard any more */
	BURST = 100, /* more than one batch */
};

#define S_NS UINT64_C(1000000000)

/* ---- attachments ---- */

static void assert_attachments(const struct agent *a, bool lan, bool named)
{
	struct port_attachment list[PORT_ATTACHMENTS_MAX];
	size_t count = a->port->ops->attachments(a->port, list, PORT_ATTACHMENTS_MAX), real = 0;

	assert_int_equal(count, (lan ? 1 : 0) + (named ? 0 : 1));
	for (size_t i = 0; i < count; i++) {
		real += list[i].is_real;
		assert_int_equal(list[i].interface, list[i].is_real ? lan_interface() : loopback());
		assert_int_equal(list[i].serves, named || !list[i].is_real);
	}
	assert_int_equal(real, lan);
}

static void a_machine_on_an_interface_attaches_it_with_its_first_frame(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	assert_attachments(a, false, false);
	open_lan_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, &a->frames, 1);
	assert_int_equal(a->attached_before_frame, 1);
	assert_int_equal(a->source.interface, lan_interface());
	assert_false(a->source.is_foreign);
	assert_attachments(a, true, false);
}

static void a_silent_member_attaches_an_interface_at_the_next_tick(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_lan_machine(f, 0);
	assert_attachments(a, false, false);
	tick(a);
	assert_int_equal(a->attached, 1);
	assert_attachments(a, true, false);
	tick(a);
	assert_int_equal(a->attached, 1);
	close(f->machines[0]);
	f->machines[0] = -1;
	tick(a);
	assert_int_equal(a->attached, 2);
	assert_attachments(a, false, false);
}

static void where_a_frame_was_heard_stays_attached_for_some_time(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	uint64_t start_ns;

	open_lan_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, &a->frames, 1);
	start_ns = clock_now_ns();
	close(f->machines[0]);
	f->machines[0] = -1;
	tick(a);
	assert_attachments(a, true, false);
	a->port->ops->tick(a->port, start_ns + GONE_S * S_NS);
	assert_attachments(a, false, false);
	assert_int_equal(a->attached, 2);
}

static void an_interface_that_goes_down_is_no_attachment(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_lan_machine(f, 0);
	tick(a);
	assert_attachments(a, true, false);
	assert_int_equal(system("ip link set lan0 down"), 0);
	a->port->ops->network_changed(a->port, clock_now_ns());
	assert_attachments(a, false, false);
	assert_int_equal(system("ip link set lan0 up"), 0);
	a->port->ops->network_changed(a->port, clock_now_ns());
	assert_attachments(a, true, false);
}

static void a_hub_shared_with_a_lan_has_that_one_attachment(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_NAMED, "lan0");

	assert_attachments(a, true, true);
	open_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES); /* on loopback */
	run_for(f, QUIET_MS);
	assert_int_equal(a->frames, 0);
	assert_int_equal(a->attached, 0);
	assert_attachments(a, true, true);
}

static void a_hub_on_loopback_alone_hears_no_other_interface(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_LO, "lo");

	open_lan_machine(f, 0);
	tick(a);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_for(f, QUIET_MS);
	assert_int_equal(a->frames + a->foreign + a->attached, 0);
	assert_attachments(a, false, false);
}

/* ---- who speaks ---- */

static void another_hosts_machine_is_counted_and_told_for_its_mac(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_lan_machine(f, 0);
	open_far_machine(f, 1);
	send_frame(f, f->machines[1], FRAME_BYTES);
	run_until(f, &a->foreign, 1);
	assert_int_equal(a->frames, 0);
	assert_int_equal(a->source.interface, lan_interface());
	assert_int_equal(a->port->drops[DROP_FOREIGN_HOST], 1);
	assert_int_equal(a->port->rx_frames, 0);
}

static void another_hosts_injection_is_an_agents_though_no_beacon_was_heard(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct agent *lan = open_agent(f, 1, MCAST_NAMED, "lan0");
	int far = open_far_program();

	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_frame(f, far, FRAME_BYTES);
	run_for(f, QUIET_MS);
	assert_int_equal(a->frames + a->foreign + lan->frames, 0);
	assert_int_equal(a->port->drops[DROP_AGENT_INJECTED], 1);
	assert_int_equal(lan->port->drops[DROP_AGENT_INJECTED], 1);
	assert_int_equal(a->alive, 0); /* who beaconed never is not known by any MAC */
	close(far);
}

static const struct mac SOMEBODY = {{2, 7, 7, 7, 7, 7}};

static void send_beacon(const struct fixture *f, int fd)
{
	struct beacon b = {.kind = BEACON_AGENT};
	uint8_t bytes[BEACON_FRAME_BYTES];
	size_t len = beacon_write(&b, &SOMEBODY, bytes);
	struct sockaddr_storage to;
	socklen_t to_len = addr_to_sockaddr(&f->group, false, &to);

	assert_int_equal(sendto(fd, bytes, len, 0, (struct sockaddr *)&to, to_len), (ssize_t)len);
}

static void another_hosts_agent_is_told_and_known(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int far = open_far_program();

	open_lan_machine(f, 0);
	send_beacon(f, far);
	run_until(f, &a->beacons, 1);
	assert_false(a->heard.same_host);
	assert_false(a->heard.from_machine);
	assert_int_equal(a->heard.interface, lan_interface());
	send_frame(f, far, FRAME_BYTES);
	run_until(f, &a->alive, 1);
	assert_true(mac_equal(&a->alive_mac, &SOMEBODY));
	close(far);
}

/* Ports are chosen by chance: two hosts may have drawn the same one. */
static void assert_hears_its_own_port(struct fixture *f, enum mcast_scope scope, const char *name)
{
	struct agent *a = open_agent(f, 0, scope, name);
	struct sockaddr_in same = {.sin_family = AF_INET};
	int far = open_far_program();

	same.sin_port = htons(((struct mcast *)a->port)->hub.own_port);
	assert_int_equal(bind(far, (struct sockaddr *)&same, sizeof(same)), 0);
	send_beacon(f, far);
	run_until(f, &a->beacons, 1);
	assert_true(mac_equal(&a->heard.sender, &SOMEBODY));
	inject(a);
	run_for(f, QUIET_MS);
	assert_int_equal(a->port->drops[DROP_OWN_ECHO], 0); /* the kernel kept it away */
	close(far);
}

static void another_hosts_agent_is_heard_though_it_sends_from_our_port(void **state)
{
	struct fixture *f = on_lan(state);

	open_lan_machine(f, 0);
	assert_hears_its_own_port(f, MCAST_AUTO, "");
}

static void where_the_hub_is_shared_with_a_lan_it_is_heard_as_well(void **state)
{
	assert_hears_its_own_port(on_lan(state), MCAST_NAMED, "lan0");
}

/* ---- what is sent ---- */

static void beacons_leave_the_host_on_a_real_interface_and_never_from_loopback(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_far_machine(f, 1);
	beacon(a);
	assert_beacons(f, 1, 0);
	open_lan_machine(f, 0);
	tick(a); /* on_attached has the test beacon on both */
	assert_beacons(f, 1, 1);
	assert_beacons(f, 0, 2);
}

static void agents_of_one_host_hear_each_other_whatever_they_serve(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *lan = open_agent(f, 0, MCAST_NAMED, "lan0");
	struct agent *a = open_agent(f, 1, MCAST_AUTO, "");

	run_for(f, QUIET_MS);
	assert_true(a->beacons > 0);
	assert_true(lan->beacons > 0);
	run_for(f, HUB_SETTLE_MS);
	inject(a);
	inject(lan);
	run_for(f, QUIET_MS);
	assert_int_equal(a->frames + lan->frames, 0);
	assert_int_equal(a->alive, 1);
	assert_int_equal(lan->alive, 1);
}

static void a_hub_shared_with_a_lan_beacons_to_that_lan_and_on_loopback(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *lo = open_agent(f, 0, MCAST_LO, "lo");

	open_far_machine(f, 1);
	open_agent(f, 1, MCAST_NAMED, "lan0");
	run_until(f, &lo->beacons, 2); /* the second in answer */
	assert_int_equal(lo->heard.interface, loopback());
	assert_int_equal(lo->heard.beacon.interface_count, 1);
	assert_int_equal(lo->heard.beacon.interfaces[0], lan_interface());
	assert_beacons(f, 1, 2);
}

static void what_is_sent_beyond_is_for_other_hosts_alone_and_changes_nothing(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_lan_machine(f, 0);
	open_far_machine(f, 1);
	tick(a);
	assert_beacons(f, 1, 1);
	for (int i = 0; i < BURST; i++) {
		a->port->ops->send_beyond(a->port, lan_interface(), frame, FRAME_BYTES);
		if (i % 4 == 0)
			a->port->ops->send(a->port, frame, FRAME_BYTES);
	}
	a->port->ops->flush(a->port);
	assert_frames(f, 0, BURST / 4);
	assert_frames(f, 1, BURST);
	assert_int_equal(a->port->tx_frames, BURST + BURST / 4);
	assert_int_equal(a->port->tx_bytes, (BURST + BURST / 4) * FRAME_BYTES);
	inject(a);
	assert_frames(f, 0, 1);
	assert_frames(f, 1, 0);
}

static void nothing_is_sent_beyond_by_an_interface_that_is_no_attachment(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_far_machine(f, 1);
	a->port->ops->send_beyond(a->port, lan_interface(), frame, FRAME_BYTES);
	a->port->ops->send_beyond(a->port, loopback(), frame, FRAME_BYTES);
	a->port->ops->flush(a->port);
	assert_frames(f, 1, 0);
	assert_int_equal(a->port->drops[DROP_PORT_DOWN], 2);
}

/* ---- warnings ---- */

static size_t warned(const struct agent *a)
{
	struct warning w[4];

	return a->port->ops->warnings(a->port, clock_now_ns(), w, 4);
}

/* The loop never runs, so that the port hears none of its own tests. */
static void an_interface_that_its_last_member_left_is_called_deaf_no_more(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	uint64_t now_ns = clock_now_ns();

	open_lan_machine(f, 0);
	a->port->ops->network_changed(a->port, now_ns);
	a->port->ops->tick(a->port, now_ns + 2 * S_NS);
	assert_int_equal(warned(a), 2);
	close(f->machines[0]);
	f->machines[0] = -1;
	a->port->ops->tick(a->port, now_ns + 4 * S_NS);
	assert_int_equal(warned(a), 1); /* loopback, where we are a member */
}

static void an_interface_without_members_is_not_tested(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_far_machine(f, 1);
	open_lan_machine(f, 0);
	send_frame(f, f->machines[1], FRAME_BYTES);
	run_until(f, &a->foreign, 1);
	close(f->machines[0]);
	f->machines[0] = -1;
	a->port->ops->network_changed(a->port, clock_now_ns());
	assert_attachments(a, true, false);
	run_for(f, SELFTEST_PATIENCE_MS);
	open_lan_machine(f, 0);
	tick(a);
	assert_int_equal(warned(a), 0);
}

static void a_machine_in_clear_is_warned_of_at_once_and_another_hosts_is_not(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct warning w[4];

	open_lan_machine(f, 0);
	open_far_machine(f, 1);
	send_frame(f, f->machines[1], FRAME_BYTES);
	run_until(f, &a->foreign, 1);
	assert_int_equal(warned(a), 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, &a->frames, 1);
	assert_int_equal(a->port->ops->warnings(a->port, clock_now_ns(), w, 4), 1);
	assert_string_equal(w[0].code, "clear-multicast");
	assert_contains(w[0].text, "lan0");
}

static void a_machine_on_a_hub_shared_with_a_lan_is_in_clear_by_choice(void **state)
{
	struct fixture *f = on_lan(state);
	struct agent *a = open_agent(f, 0, MCAST_NAMED, "lan0");

	open_lan_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, &a->frames, 1);
	assert_int_equal(warned(a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_hub(a_machine_on_an_interface_attaches_it_with_its_first_frame),
		on_a_hub(a_silent_member_attaches_an_interface_at_the_next_tick),
		on_a_hub(where_a_frame_was_heard_stays_attached_for_some_time),
		on_a_hub(an_interface_that_goes_down_is_no_attachment),
		on_a_hub(a_hub_shared_with_a_lan_has_that_one_attachment),
		on_a_hub(a_hub_on_loopback_alone_hears_no_other_interface),
		on_a_hub(another_hosts_machine_is_counted_and_told_for_its_mac),
		on_a_hub(another_hosts_injection_is_an_agents_though_no_beacon_was_heard),
		on_a_hub(another_hosts_agent_is_told_and_known),
		on_a_hub(another_hosts_agent_is_heard_though_it_sends_from_our_port),
		on_a_hub(where_the_hub_is_shared_with_a_lan_it_is_heard_as_well),
		on_a_hub(beacons_leave_the_host_on_a_real_interface_and_never_from_loopback),
		on_a_hub(a_hub_shared_with_a_lan_beacons_to_that_lan_and_on_loopback),
		on_a_hub(agents_of_one_host_hear_each_other_whatever_they_serve),
		on_a_hub(what_is_sent_beyond_is_for_other_hosts_alone_and_changes_nothing),
		on_a_hub(nothing_is_sent_beyond_by_an_interface_that_is_no_attachment),
		on_a_hub(an_interface_that_its_last_member_left_is_called_deaf_no_more),
		on_a_hub(an_interface_without_members_is_not_tested),
		on_a_hub(a_machine_in_clear_is_warned_of_at_once_and_another_hosts_is_not),
		on_a_hub(a_machine_on_a_hub_shared_with_a_lan_is_in_clear_by_choice),
	};

	return cmocka_run_group_tests_name("mcast_lan", tests, make_lan, NULL);
}
