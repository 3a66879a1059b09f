/*
 * test_multicast.c - what the hub port expects of the kernel's multicast, on a host that has a LAN
 *
 * Layer: platform test.
 */
#include "lan.h"

#include <poll.h>
#include <unistd.h>

#include "../../agent/ports/mcast_socket.h"

/* One datagram comes to a receiver by @interface; none if that is 0. */
static void assert_heard_on(const struct fixture *f, int receiver, uint32_t interface)
{
	struct pollfd p = {.fd = receiver, .events = POLLIN};
	struct udp_received batch[UDP_BATCH];
	int count;

	poll(&p, 1, interface ? LIMIT_MS : QUIET_MS);
	count = udp_receive(receiver, &f->area, batch);
	assert_int_equal(count, interface ? 1 : 0);
	if (count > 0)
		assert_int_equal(batch[0].interface, interface);
}

static int open_receiver(const struct fixture *f, bool as_machines)
{
	int fd = mcast_open_receiver(&f->group, as_machines);

	assert_true(fd >= 0);
	assert_int_equal(mcast_join(fd, &f->group, loopback()), 0);
	return fd;
}

static void who_hears_as_machines_do_hears_where_anybody_is_a_member_for_as_long(void **state)
{
	struct fixture *f = on_lan(state);
	int receiver = open_receiver(f, true), member;

	open_far_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	assert_heard_on(f, receiver, 0);
	member = new_machine(f, HERE_IP);
	send_frame(f, f->machines[0], FRAME_BYTES);
	assert_heard_on(f, receiver, lan_interface());
	send_frame(f, member, FRAME_BYTES);
	assert_heard_on(f, receiver, lan_interface());
	close(member);
	send_frame(f, f->machines[0], FRAME_BYTES);
	assert_heard_on(f, receiver, 0);
	close(receiver);
}

static void a_member_with_another_udp_port_opens_an_interface_as_well(void **state)
{
	struct fixture *f = on_lan(state);
	int receiver = open_receiver(f, true), member;
	struct fixture other = *f;

	other.group.port++;
	open_far_machine(f, 0);
	member = new_machine(&other, HERE_IP);
	send_frame(f, f->machines[0], FRAME_BYTES);
	assert_heard_on(f, receiver, lan_interface());
	close(member);
	close(receiver);
}

static void who_does_not_hears_only_where_it_has_joined(void **state)
{
	struct fixture *f = on_lan(state);
	int receiver = open_receiver(f, false);

	open_far_machine(f, 0);
	open_lan_machine(f, 1);
	send_frame(f, f->machines[0], FRAME_BYTES);
	assert_heard_on(f, receiver, 0);
	assert_int_equal(mcast_join(receiver, &f->group, lan_interface()), 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	assert_heard_on(f, receiver, lan_interface());
	close(receiver);
}

/* ---- an interface that is held for what this host sends ---- */

/* A program of this host that sends by the LAN's interface. */
static int open_near_program(void)
{
	struct in_addr local = {htonl(HERE_IP)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &local, sizeof(local));
	return fd;
}

static int hold(const struct fixture *f)
{
	struct addr source = addr_from_ipv4(HERE_IP, 0);
	int fd = mcast_hold(&f->group, lan_interface(), &source);

	assert_true(fd >= 0);
	return fd;
}

static void what_this_host_sends_by_an_interface_is_heard_while_it_is_held(void **state)
{
	struct fixture *f = on_lan(state);
	int receiver = open_receiver(f, true), program = open_near_program(), holder;

	open_machine(f, 0);
	send_frame(f, program, FRAME_BYTES);
	assert_heard_on(f, receiver, 0);
	assert_frames(f, 0, 0);
	holder = hold(f);
	send_frame(f, program, FRAME_BYTES);
	assert_heard_on(f, receiver, lan_interface());
	assert_frames(f, 0, 1);
	close(holder);
	send_frame(f, program, FRAME_BYTES);
	assert_heard_on(f, receiver, 0);
	assert_frames(f, 0, 0);
	close(program);
	close(receiver);
}

static void a_held_interface_lets_no_other_host_in_even_one_that_lies(void **state)
{
	struct fixture *f = on_lan(state);
	int receiver = open_receiver(f, true), holder = hold(f), liar = open_far_liar();

	open_machine(f, 0);
	open_far_machine(f, 1);
	send_frame(f, f->machines[1], FRAME_BYTES);
	send_frame(f, liar, FRAME_BYTES);
	assert_heard_on(f, receiver, 0);
	assert_frames(f, 0, 0);
	close(liar);
	close(holder);
	close(receiver);
}

static void a_member_on_a_held_interface_hears_all_of_it(void **state)
{
	struct fixture *f = on_lan(state);
	int receiver = open_receiver(f, true), holder = hold(f);

	open_lan_machine(f, 0);
	open_far_machine(f, 1);
	send_frame(f, f->machines[1], FRAME_BYTES);
	assert_heard_on(f, receiver, lan_interface());
	assert_frames(f, 0, 1);
	close(holder);
	send_frame(f, f->machines[1], FRAME_BYTES);
	assert_heard_on(f, receiver, lan_interface());
	close(receiver);
}

/* ---- what is sent ---- */

/* Who hears one frame sent by the LAN's interface? */
static void assert_reach(struct fixture *f, enum mcast_reach reach, int here, int there)
{
	struct addr local = addr_from_ipv4(HERE_IP, 1);
	uint16_t port;
	int fd = mcast_open_sender(&port);

	assert_int_equal(mcast_send_by(fd, lan_interface(), &local, reach), 0);
	send_frame(f, fd, FRAME_BYTES);
	assert_frames(f, 0, here);
	assert_frames(f, 1, there);
	close(fd);
}

static void each_reach_is_heard_by_whom_it_says(void **state)
{
	struct fixture *f = on_lan(state);

	open_lan_machine(f, 0);
	open_far_machine(f, 1);
	assert_reach(f, MCAST_HOST, 1, 0);
	assert_reach(f, MCAST_LAN, 1, 1);
	assert_reach(f, MCAST_BEYOND, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_hub(who_hears_as_machines_do_hears_where_anybody_is_a_member_for_as_long),
		on_a_hub(a_member_with_another_udp_port_opens_an_interface_as_well),
		on_a_hub(who_does_not_hears_only_where_it_has_joined),
		on_a_hub(what_this_host_sends_by_an_interface_is_heard_while_it_is_held),
		on_a_hub(a_held_interface_lets_no_other_host_in_even_one_that_lies),
		on_a_hub(a_member_on_a_held_interface_hears_all_of_it),
		on_a_hub(each_reach_is_heard_by_whom_it_says),
	};

	return cmocka_run_group_tests_name("multicast", tests, make_lan, NULL);
}
