/*
 * test_mcast_route.c - the hub port and what this host sends by its default route
 *
 * Layer: platform test. Machines without localaddr, and programs, leave the interface to the kernel.
 */
#include "lan.h"

#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../agent/ports/mcast_socket.h"
#include "agent/clock.h"

enum {
	ANY_IP = 0 /* as QEMU joins without localaddr */
};

/* For so long an interface where something was heard is attached. */
static const uint64_t HEARD_NS = UINT64_C(10000000000);

static int remove_route(void **state)
{
	if (((struct fixture *)*state)->is_routed)
		set_route(NULL);
	return tear_down(state);
}

#define on_a_routed_host(test) cmocka_unit_test_setup_teardown(test, set_up, remove_route)

static struct fixture *routed_by(void **state, const char *interface)
{
	struct fixture *f = on_lan(state);

	set_route(interface);
	f->is_routed = true;
	return f;
}

static void move_route(const char *interface, struct agent *a)
{
	set_route(interface);
	a->port->ops->network_changed(a->port, clock_now_ns());
}

/* A program that says nothing of interfaces. */
static int open_plain_program(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static void open_plain_machine(struct fixture *f, int i)
{
	f->machines[i] = new_machine(f, ANY_IP);
}

/* Each machine hears one frame of the other, and its own. */
static void assert_they_hear_each_other(struct fixture *f)
{
	for (int i = 0; i < MACHINES; i++) {
		send_frame(f, f->machines[i], FRAME_BYTES);
		assert_frames(f, 0, 1);
		assert_frames(f, 1, 1);
	}
}

static void a_programs_frame_enters_where_machines_are_on_loopback_only(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int program = open_plain_program();

	open_machine(f, 0);
	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_frame(f, program, FRAME_BYTES);
	run_until(f, &a->frames, 1);
	assert_int_equal(a->source.interface, lan_interface());
	assert_frames(f, 0, 1);
	close(program);
}

static void a_programs_frame_enters_once_where_machines_are_on_the_routes_interface(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int program = open_plain_program();

	open_plain_machine(f, 0);
	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_frame(f, program, FRAME_BYTES);
	run_until(f, &a->frames, 1);
	assert_frames(f, 0, 1);
	close(program);
}

static void no_other_host_is_heard_for_it_and_none_hears_of_it(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, ""), *b = open_agent(f, 1, MCAST_AUTO, "");
	struct port_attachment list[PORT_ATTACHMENTS_MAX];

	open_machine(f, 0);
	open_far_machine(f, 1);
	tick(a); /* each would take the other for a member on that LAN */
	tick(b);
	assert_int_equal(a->port->ops->attachments(a->port, list, PORT_ATTACHMENTS_MAX), 1);
	beacon(a);
	send_frame(f, f->machines[1], FRAME_BYTES);
	run_for(f, QUIET_MS);
	assert_int_equal(a->frames + a->foreign, 0);
	assert_frames(f, 0, 0);
	assert_beacons(f, 1, 0);
}

static void agents_of_this_host_keep_no_interface_attached_by_their_beacons(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, ""), *b = open_agent(f, 1, MCAST_AUTO, "");
	struct port_attachment list[PORT_ATTACHMENTS_MAX];
	int program = open_plain_program();
	uint64_t silent_ns;

	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_frame(f, program, FRAME_BYTES);
	run_until(f, &a->frames, 1);
	silent_ns = clock_now_ns();
	beacon(a);
	beacon(b);
	run_for(f, QUIET_MS);
	assert_int_equal(a->port->ops->attachments(a->port, list, PORT_ATTACHMENTS_MAX), 2);
	a->port->ops->tick(a->port, silent_ns + HEARD_NS);
	assert_int_equal(a->port->ops->attachments(a->port, list, PORT_ATTACHMENTS_MAX), 1);
	close(program);
}

static void a_machine_beside_those_who_hold_the_interface_is_a_member_there(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct port_attachment list[PORT_ATTACHMENTS_MAX];

	open_agent(f, 1, MCAST_AUTO, "");
	open_lan_machine(f, 0);
	tick(a);
	assert_int_equal(a->port->ops->attachments(a->port, list, PORT_ATTACHMENTS_MAX), 2);
}

static void machines_hear_each_other_again_when_the_route_has_moved(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_plain_machine(f, 0);
	open_plain_machine(f, 1);
	assert_they_hear_each_other(f);
	run_until(f, &a->frames, 2);
	set_route("other0");
	send_frame(f, f->machines[0], FRAME_BYTES); /* nobody is a member there */
	assert_frames(f, 1, 0);
	move_route("other0", a);
	assert_they_hear_each_other(f);
	run_until(f, &a->frames, 4);
	assert_int_equal(a->source.interface, if_nametoindex("other0"));
	inject(a);
	assert_frames(f, 0, 1);
	assert_frames(f, 1, 1);
}

static void a_moved_route_is_noticed_at_the_next_tick_where_nobody_tells(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_plain_machine(f, 0);
	open_plain_machine(f, 1);
	set_route("other0");
	tick(a);
	assert_they_hear_each_other(f);
}

static void the_interface_that_the_route_has_left_is_let_go(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct addr source = addr_from_ipv4(HERE_IP, 0);
	int program = open_plain_program();

	for (int i = 0; i < 2; i++) { /* to another one, then to none */
		move_route(i == 0 ? "other0" : NULL, a);
		assert_int_equal(mcast_send_by(program, lan_interface(), &source, MCAST_LAN), 0);
		send_frame(f, program, FRAME_BYTES);
		run_for(f, QUIET_MS);
		assert_int_equal(a->frames, 0);
		f->is_routed = i == 0;
	}
	close(program);
}

static void a_program_is_heard_from_a_new_address_of_the_interface(void **state)
{
	struct fixture *f = routed_by(state, "other0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int program = open_plain_program();

	assert_int_equal(system("ip addr add 198.18.2.1/24 dev other0"), 0);
	assert_int_equal(system("ip route replace default dev other0 src 198.18.2.1"), 0);
	a->port->ops->network_changed(a->port, clock_now_ns());
	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_frame(f, program, FRAME_BYTES);
	run_until(f, &a->frames, 1);
	assert_int_equal(system("ip addr del 198.18.2.1/24 dev other0"), 0);
	close(program);
	f->is_routed = false; /* it went with its address */
}

static void an_interface_that_was_made_anew_with_the_same_number_is_held_again(void **state)
{
	struct fixture *f = routed_by(state, "other0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int program = open_plain_program();
	char command[256];

	snprintf(command, sizeof(command),
		 "ip link del other0 && ip link add other0 index %u type veth peer name other1 && "
		 "ip link set other0 up && ip link set other1 up && "
		 "ip addr add 198.18.1.1/24 dev other0",
		 if_nametoindex("other0"));
	assert_int_equal(system(command), 0);
	move_route("other0", a);
	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_frame(f, program, FRAME_BYTES);
	run_until(f, &a->frames, 1);
	close(program);
}

static void a_port_on_loopback_alone_or_shared_with_a_lan_holds_nothing(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	int program = open_plain_program();

	open_machine(f, 0);
	open_agent(f, 0, MCAST_LO, "lo");
	open_agent(f, 1, MCAST_NAMED, "other0");
	send_frame(f, program, FRAME_BYTES);
	assert_frames(f, 0, 0);
	close(program);
}

static void a_program_and_a_machine_in_clear_are_warned_of_in_their_own_words(void **state)
{
	struct fixture *f = routed_by(state, "lan0");
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int program = open_plain_program();
	struct warning w[4];

	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_frame(f, program, FRAME_BYTES);
	run_until(f, &a->frames, 1);
	assert_int_equal(a->port->ops->warnings(a->port, clock_now_ns(), w, 4), 1);
	assert_string_equal(w[0].code, "clear-multicast");
	assert_contains(w[0].text, "a program on this host sends");
	assert_contains(w[0].text, "lan0");
	assert_contains(w[0].fix, "ip-multicast-if=127.0.0.1");
	open_plain_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, &a->frames, 2);
	assert_int_equal(a->port->ops->warnings(a->port, clock_now_ns(), w, 4), 1);
	assert_contains(w[0].text, "a machine on this host sends");
	assert_contains(w[0].fix, "localaddr=127.0.0.1");
	move_route("other0", a);
	assert_int_equal(a->port->ops->warnings(a->port, clock_now_ns(), w, 4), 0);
	close(program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_routed_host(a_programs_frame_enters_where_machines_are_on_loopback_only),
		on_a_routed_host(
			a_programs_frame_enters_once_where_machines_are_on_the_routes_interface),
		on_a_routed_host(no_other_host_is_heard_for_it_and_none_hears_of_it),
		on_a_routed_host(agents_of_this_host_keep_no_interface_attached_by_their_beacons),
		on_a_routed_host(a_machine_beside_those_who_hold_the_interface_is_a_member_there),
		on_a_routed_host(machines_hear_each_other_again_when_the_route_has_moved),
		on_a_routed_host(a_moved_route_is_noticed_at_the_next_tick_where_nobody_tells),
		on_a_routed_host(the_interface_that_the_route_has_left_is_let_go),
		on_a_routed_host(a_program_is_heard_from_a_new_address_of_the_interface),
		on_a_routed_host(
			an_interface_that_was_made_anew_with_the_same_number_is_held_again),
		on_a_routed_host(a_port_on_loopback_alone_or_shared_with_a_lan_holds_nothing),
		on_a_routed_host(a_program_and_a_machine_in_clear_are_warned_of_in_their_own_words),
	};

	return cmocka_run_group_tests_name("mcast_route", tests, make_lan, NULL);
}
