/*
 * test_mcast.c - the hub port on real sockets, on loopback
 *
 * Layer: platform test. Machines are sockets such as QEMU opens; the ports under test are real, and
 * report to the test instead of a switch. Each test has a hub of its own.
 */
#include "hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/beacon.h"
#include "agent/clock.h"

enum {
	FLOOD = 10000 /* frames: more than the buffer that a port gets */
};

static void a_machines_frames_enter_once_and_whole(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_machine(f, 0);
	frame[0] = 0xab;
	frame[MAX_FRAME - 1] = 0xcd;
	send_frame(f, f->machines[0], FRAME_BYTES);
	send_frame(f, f->machines[0], MAX_FRAME);
	run_until(f, &a->frames, 2);
	assert_int_equal(a->last_len, MAX_FRAME);
	assert_memory_equal(a->last, frame, MAX_FRAME);
	assert_int_equal(a->port->rx_frames, 2);
	assert_int_equal(a->port->rx_bytes, FRAME_BYTES + MAX_FRAME);
	assert_true(a->batches > 0);
}

static void what_the_port_sends_reaches_each_machine_once_and_not_itself(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_machine(f, 0);
	open_machine(f, 1);
	for (int i = 0; i < 100; i++) /* more than one batch */
		a->port->ops->send(a->port, frame, FRAME_BYTES);
	a->port->ops->flush(a->port);
	assert_frames(f, 0, 100);
	assert_frames(f, 1, 100);
	assert_int_equal(a->frames, 0);
	assert_int_equal(a->port->drops[DROP_OWN_ECHO], 0); /* the kernel kept it away */
	assert_int_equal(a->port->tx_frames, 100);
	assert_int_equal(a->port->tx_bytes, 100 * FRAME_BYTES);
}

static void the_longest_frames_are_sent_one_by_one(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	uint8_t *longest = calloc(1, FRAME_MAX_BYTES);

	for (int i = 0; i < 4; i++)
		a->port->ops->send(a->port, longest, FRAME_MAX_BYTES);
	a->port->ops->flush(a->port);
	for (int ms = 0; ms < LIMIT_MS && a->port->tx_frames < 4; ms++)
		run_for(f, 1);
	assert_int_equal(a->port->tx_frames, 4);
	assert_int_equal(a->port->drops[DROP_PORT_SEND], 0);
	free(longest);
}

static void a_program_with_its_own_port_is_a_machine_once_the_port_has_settled(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int fd = open_program();

	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_frame(f, fd, FRAME_BYTES);
	run_until(f, &a->frames, 1);
	close(fd);
}

static void two_agents_on_one_hub_do_not_forward_each_other(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, ""), *b = open_agent(f, 1, MCAST_AUTO, "");

	open_machine(f, 0);
	run_for(f, HUB_SETTLE_MS + QUIET_MS); /* long enough to know each other */
	inject(a);
	inject(b);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, &a->frames, 1);
	run_until(f, &b->frames, 1);
	assert_int_equal(a->port->drops[DROP_AGENT_INJECTED], 1);
	assert_int_equal(b->port->drops[DROP_AGENT_INJECTED], 1);
	assert_frames(f, 0, 3); /* both, and on a hub its own */
}

static void an_agents_first_injection_is_known_though_its_beacon_is_old(void **state)
{
	struct fixture *f = *state;
	struct agent *old = open_agent(f, 0, MCAST_AUTO, "");
	struct agent *newcomer;

	run_for(f, HUB_SETTLE_MS);
	newcomer = open_agent(f, 1, MCAST_AUTO, "");
	run_for(f, QUIET_MS); /* its beacon was answered */
	inject(old);
	run_for(f, HUB_SETTLE_MS);
	inject(old);
	run_for(f, QUIET_MS);
	assert_int_equal(newcomer->frames, 0);
	assert_int_equal(newcomer->port->drops[DROP_AGENT_INJECTED], 2);
}

static void empty_and_short_datagrams_are_handed_on_to_be_counted(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_machine(f, 0);
	send_frame(f, f->machines[0], 0);
	send_frame(f, f->machines[0], 13);
	run_until(f, &a->frames, 2);
	assert_int_equal(a->last_len, 13);
}

static void a_frame_longer_than_the_buffer_is_long(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_machine(f, 0);
	send_frame(f, f->machines[0], MAX_FRAME + 2);
	run_until(f, &a->frames, 0);
	assert_int_equal(a->port->drops[DROP_LONG_FRAME], 1);
}

static void send_beacon(struct fixture *f, int fd, uint8_t kind, const struct mac *source)
{
	struct beacon b = {.id = {0xab}, .kind = kind, .flags = BEACON_SERVES, .rank = 7};
	uint8_t bytes[BEACON_FRAME_BYTES];
	size_t len = beacon_write(&b, source, bytes);
	struct sockaddr_storage to;
	socklen_t to_len = addr_to_sockaddr(&f->group, false, &to);

	assert_int_equal(sendto(fd, bytes, len, 0, (struct sockaddr *)&to, to_len), (ssize_t)len);
}

static const struct mac SOMEBODY = {{2, 1, 2, 3, 4, 5}};

static void what_the_kernels_buffer_has_no_room_for_is_counted_and_our_echo_is_not(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int sent = 0;

	for (int i = 0; i < 300; i++)
		inject(a);
	beacon(a);
	tick(a);
	assert_int_equal(a->port->drops[DROP_HUB_OVERFLOW], 0);
	open_machine(f, 0);
	run_for(f, QUIET_MS); /* now nobody but the machine is heard */
	for (; sent < FLOOD; sent++)
		send_frame(f, f->machines[0], MAX_FRAME);
	tick(a);
	assert_true(a->port->drops[DROP_HUB_OVERFLOW] > 0);
	run_until(f, &a->frames, sent - (int)a->port->drops[DROP_HUB_OVERFLOW]);
	tick(a);
	assert_int_equal(a->frames + (int)a->port->drops[DROP_HUB_OVERFLOW], sent);
}

static void a_guests_beacon_makes_it_no_agent_and_is_told_as_a_guests(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_machine(f, 0);
	send_beacon(f, f->machines[0], BEACON_AGENT, &SOMEBODY);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, &a->frames, 1);
	assert_int_equal(a->beacons, 1);
	assert_true(a->heard.from_machine);
	assert_true(a->heard.same_host);
	assert_int_equal(a->port->drops[DROP_BEACON], 1);
}

static void an_agents_beacon_is_told_with_all_that_it_says(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int fd = open_program();

	send_beacon(f, fd, BEACON_LEAVING, &SOMEBODY);
	run_until(f, &a->beacons, 1);
	assert_int_equal(a->heard.beacon.kind, BEACON_LEAVING);
	assert_int_equal(a->heard.beacon.id[0], 0xab);
	assert_int_equal(a->heard.beacon.rank, 7);
	assert_true(mac_equal(&a->heard.sender, &SOMEBODY));
	assert_true(addr_is_loopback(&a->heard.from));
	assert_true(a->heard.same_host);
	assert_false(a->heard.from_machine);
	assert_true(a->heard.interface > 0);
	close(fd);
}

static void an_agent_that_injects_is_alive_and_known_by_the_mac_of_its_beacons(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int fd = open_program();

	send_beacon(f, fd, BEACON_AGENT, &SOMEBODY);
	run_until(f, &a->beacons, 1);
	assert_int_equal(a->alive, 0);
	send_frame(f, fd, FRAME_BYTES);
	run_until(f, &a->alive, 1);
	assert_true(mac_equal(&a->alive_mac, &SOMEBODY));
	assert_int_equal(a->frames, 0);
	close(fd);
}

/* Two hubs of ours may be bridged by socat: then our beacons come back from its address. */
static void a_program_that_hands_on_our_own_beacon_is_no_agent(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	const struct mac *own = &((struct mcast *)a->port)->beacon_source;
	int fd = open_program();

	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_beacon(f, fd, BEACON_AGENT, own);
	run_until(f, &a->beacons, 1); /* it is told, for the owner knows its own ids */
	assert_true(mac_equal(&a->heard.sender, own));
	send_frame(f, fd, FRAME_BYTES);
	run_until(f, &a->frames, 1);
	close(fd);
}

static void two_ports_of_one_agent_know_each_other_as_agents(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, ""), *b;

	f->hubs[1] = f->hubs[0];
	b = open_agent(f, 1, MCAST_AUTO, "");
	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	inject(a);
	run_until(f, &b->alive, 1);
	assert_int_equal(b->frames, 0);
}

static void a_hub_of_this_host_alone_has_the_one_attachment_loopback(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, ""), *lo = open_agent(f, 1, MCAST_LO, "lo");
	struct port_attachment list[2];

	for (int i = 0; i < 2; i++) {
		const struct port *p = i ? lo->port : a->port;

		assert_int_equal(p->ops->attachments(p, list, 2), 1);
		assert_true(list[0].serves);
		assert_false(list[0].is_real);
	}
	tick(a);
	assert_int_equal(a->attached, 0); /* nothing changed */
}

static void the_port_hears_its_own_test_and_warns_of_nothing(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct warning w[4];
	char detail[256];

	run_for(f, SELFTEST_PATIENCE_MS + QUIET_MS);
	tick(a);
	assert_int_equal(a->port->ops->warnings(a->port, clock_now_ns(), w, 4), 0);
	assert_int_equal(state_of(a, detail), PORT_FORWARDING);
	assert_string_equal(detail, "");
}

static void an_interface_that_is_not_there_makes_the_port_down(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_NAMED, "nosuch0");
	char detail[256];

	assert_int_equal(state_of(a, detail), PORT_DOWN);
	assert_contains(detail, "nosuch0");
	a->port->ops->send(a->port, frame, FRAME_BYTES);
	a->port->ops->flush(a->port);
	assert_int_equal(a->port->drops[DROP_PORT_DOWN], 1);
	tick(a);
	assert_int_equal(state_of(a, detail), PORT_DOWN);
}

static void a_lan_port_takes_nothing_from_loopback_and_says_so(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_NAMED, "nosuch0");
	struct warning w[4];

	open_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, &a->frames, 0);
	assert_int_equal(a->port->drops[DROP_OTHER_INTERFACE], 1);
	assert_int_equal(a->port->ops->warnings(a->port, clock_now_ns(), w, 4), 1);
	assert_string_equal(w[0].code, "loopback-machine");
	assert_contains(w[0].fix, "localaddr=");
}

static void a_port_that_is_taken_comes_back_when_it_is_free(void **state)
{
	struct fixture *f = *state;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_storage ss;
	struct agent *a;
	char detail[256], number[8];

	addr_to_sockaddr(&f->group, false, &ss);
	((struct sockaddr_in *)&ss)->sin_addr.s_addr = INADDR_ANY;
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, sizeof(struct sockaddr_in)), 0);
	a = open_agent(f, 0, MCAST_AUTO, "");
	assert_int_equal(state_of(a, detail), PORT_DOWN);
	snprintf(number, sizeof(number), "%u", f->group.port);
	assert_contains(detail, number);
	a->port->ops->send(a->port, frame, FRAME_BYTES);
	assert_int_equal(a->port->drops[DROP_PORT_DOWN], 1);
	close(fd);
	tick(a);
	assert_int_equal(state_of(a, detail), PORT_FORWARDING);
	open_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, &a->frames, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_hub(a_machines_frames_enter_once_and_whole),
		on_a_hub(what_the_port_sends_reaches_each_machine_once_and_not_itself),
		on_a_hub(the_longest_frames_are_sent_one_by_one),
		on_a_hub(a_program_with_its_own_port_is_a_machine_once_the_port_has_settled),
		on_a_hub(two_agents_on_one_hub_do_not_forward_each_other),
		on_a_hub(an_agents_first_injection_is_known_though_its_beacon_is_old),
		on_a_hub(empty_and_short_datagrams_are_handed_on_to_be_counted),
		on_a_hub(a_frame_longer_than_the_buffer_is_long),
		on_a_hub(what_the_kernels_buffer_has_no_room_for_is_counted_and_our_echo_is_not),
		on_a_hub(a_guests_beacon_makes_it_no_agent_and_is_told_as_a_guests),
		on_a_hub(an_agents_beacon_is_told_with_all_that_it_says),
		on_a_hub(an_agent_that_injects_is_alive_and_known_by_the_mac_of_its_beacons),
		on_a_hub(a_program_that_hands_on_our_own_beacon_is_no_agent),
		on_a_hub(two_ports_of_one_agent_know_each_other_as_agents),
		on_a_hub(a_hub_of_this_host_alone_has_the_one_attachment_loopback),
		on_a_hub(the_port_hears_its_own_test_and_warns_of_nothing),
		on_a_hub(an_interface_that_is_not_there_makes_the_port_down),
		on_a_hub(a_lan_port_takes_nothing_from_loopback_and_says_so),
		on_a_hub(a_port_that_is_taken_comes_back_when_it_is_free),
	};

	return cmocka_run_group_tests_name("mcast", tests, NULL, NULL);
}
