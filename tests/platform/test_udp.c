/*
 * test_udp.c - agent/udp.h, on loopback: runs out, and each datagram in by itself
 */
#include "unit.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../agent/udp.h"

enum {
	LIMIT_MS = 10000, /* until a datagram on loopback counts as lost */
	LEN = 1000,
	MANY = 200,
	LONGEST = 2000,
};

struct fixture {
	int from, at; /* sockets */
	struct sockaddr_storage to;
	struct udp_sender sender;
	struct udp_to_send list[MANY];
	size_t count;
	uint8_t bytes[MANY][LONGEST];
	size_t refused;
	size_t refused_index;
	int refused_error;
};

static struct fixture f;

static int bound(int family, struct sockaddr_storage *at)
{
	struct addr any = {.ip = {[15] = 1}};
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	socklen_t len;

	if (family == AF_INET)
		any = addr_from_ipv4(INADDR_LOOPBACK, 0);
	len = addr_to_sockaddr(&any, false, at);
	if (fd < 0 || bind(fd, (struct sockaddr *)at, len) < 0) {
		close(fd);
		return -1;
	}
	udp_enlarge(fd);
	getsockname(fd, (struct sockaddr *)at, &len);
	return fd;
}

/* Return: false where this host has no such family */
static bool open_family(int family)
{
	struct sockaddr_storage from;

	memset(&f, 0, sizeof(f));
	f.from = bound(family, &from);
	f.at = bound(family, &f.to);
	if (f.from < 0 || f.at < 0)
		return false;
	udp_sender_init(&f.sender, f.from, true);
	return true;
}

static int open_sockets(void **state)
{
	(void)state;
	return open_family(AF_INET) ? 0 : -1;
}

static int close_sockets(void **state)
{
	(void)state;
	close(f.from);
	close(f.at);
	return 0;
}

/* One more in the list, its bytes told from all others'. */
static void add(size_t len)
{
	size_t i = f.count++;

	for (size_t b = 0; b < len; b++)
		f.bytes[i][b] = (uint8_t)(i + b * 7);
	f.list[i] = (struct udp_to_send){.bytes = f.bytes[i],
					 .len = len,
					 .to = (struct sockaddr *)&f.to,
					 .to_len = f.to.ss_family == AF_INET
							   ? sizeof(struct sockaddr_in)
							   : sizeof(struct sockaddr_in6)};
}

static void add_many(size_t count, size_t len)
{
	for (size_t i = 0; i < count; i++)
		add(len);
}

static void on_refused(void *context, size_t index, int error)
{
	(void)context;
	f.refused++;
	f.refused_index = index;
	f.refused_error = error;
}

static void send_all(void)
{
	udp_send_runs(&f.sender, f.list, f.count, on_refused, NULL);
}

/* Return: the length of the next datagram that came, or -1 when none does */
static ssize_t receive(int fd, uint8_t *out, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	if (poll(&p, 1, LIMIT_MS) < 1)
		return -1;
	return recv(fd, out, size, 0);
}

/* That one of the list comes next, and whole. */
static void expect(size_t index)
{
	uint8_t got[65536];

	assert_int_equal(receive(f.at, got, sizeof(got)), f.list[index].len);
	assert_memory_equal(got, f.list[index].bytes, f.list[index].len);
}

static void expect_all(void)
{
	uint8_t one;

	for (size_t i = 0; i < f.count; i++)
		expect(i);
	assert_int_equal(recv(f.at, &one, 1, 0), -1); /* none twice */
}

/* Return: how many calls to read it takes a socket that wants runs whole */
static size_t messages(void)
{
	uint8_t got[65536];
	size_t bytes = 0, count = 0, total = 0;

	for (size_t i = 0; i < f.count; i++)
		total += f.list[i].len;
	for (; bytes < total; count++) {
		ssize_t len = receive(f.at, got, sizeof(got));

		assert_true(len > 0);
		bytes += (size_t)len;
	}
	assert_int_equal(bytes, total);
	return count;
}

static void take_runs_whole(void)
{
	assert_int_equal(udp_want_runs(f.at, true), 0);
}

static void who_knows_of_no_runs_gets_each_datagram_by_itself(void **state)
{
	(void)state;
	add_many(64, LEN);
	add(LEN - 1);
	add(LEN);
	add(LEN + 1);
	add(1);
	add(LONGEST);
	send_all();
	assert_int_equal(f.refused, 0);
	expect_all();
}

static void over_ipv6_too(void **state)
{
	close_sockets(state);
	if (!open_family(AF_INET6))
		skip();
	add_many(70, LEN);
	send_all();
	assert_int_equal(f.refused, 0);
	expect_all();
}

static void from_an_address_that_is_named_too(void **state)
{
	struct addr local = addr_from_ipv4(INADDR_LOOPBACK + 1, 0), heard;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct sockaddr_in any = {.sin_family = AF_INET};
	uint8_t byte;

	(void)state;
	close(f.from);
	f.from = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(f.from, (struct sockaddr *)&any, sizeof(any)), 0);
	udp_sender_init(&f.sender, f.from, true);
	add_many(3, LEN);
	for (size_t i = 0; i < f.count; i++)
		f.list[i].local = &local;
	send_all();
	expect(0);
	assert_int_equal(recvfrom(f.at, &byte, 1, 0, (struct sockaddr *)&from, &len), 1);
	heard = addr_from_sockaddr((struct sockaddr *)&from);
	assert_true(addr_same_ip(&heard, &local));
	expect(2);
}

/* As without checksums in hardware, before Linux 6.11. */
static void refuse_runs(bool refuse)
{
	int on = refuse;

	assert_int_equal(setsockopt(f.from, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
}

/* Return: class and ECN bits with which the next one came, or -1 */
static int receive_class(void)
{
	uint8_t byte;
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {&byte, 1};
	struct msghdr m = {.msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct pollfd p = {.fd = f.at, .events = POLLIN};
	const struct cmsghdr *c;
	int class;

	if (poll(&p, 1, LIMIT_MS) < 1 || recvmsg(f.at, &m, 0) < 0)
		return -1;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_len != CMSG_LEN(sizeof(class)))
		return c ? *CMSG_DATA(c) : -1; /* IPv4 gives an octet */
	memcpy(&class, CMSG_DATA(c), sizeof(class));
	return class;
}

/* Runs and single ones, with a class and without, each as it was asked for */
static void check_classes(void)
{
	static const uint8_t classes[] = {0, 0, 46, 46, 46, 0, 63, 10, 10};

	add_many(sizeof(classes), LEN);
	for (size_t i = 0; i < f.count; i++)
		f.list[i].dscp = classes[i];
	send_all();
	assert_int_equal(f.refused, 0);
	for (size_t i = 0; i < f.count; i++)
		assert_int_equal(receive_class(), classes[i] << 2);
}

static void each_has_its_class_and_no_ecn_bits(void **state)
{
	int on = 1;

	(void)state;
	assert_int_equal(setsockopt(f.at, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)), 0);
	check_classes();
}

static void over_ipv6_each_has_its_class_too(void **state)
{
	int on = 1;

	close_sockets(state);
	if (!open_family(AF_INET6))
		skip();
	assert_int_equal(setsockopt(f.at, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on)), 0);
	check_classes();
}

/* All three control messages at once, and again when the run is refused */
static void a_class_and_an_address_that_is_named_go_together(void **state)
{
	struct addr local = addr_from_ipv4(INADDR_LOOPBACK, 0);
	int on = 1;

	(void)state;
	assert_int_equal(setsockopt(f.at, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)), 0);
	for (int refused = 0; refused < 2; refused++) {
		refuse_runs(refused);
		f.count = 0;
		add_many(4, LEN);
		for (size_t i = 0; i < f.count; i++) {
			f.list[i].local = &local;
			f.list[i].dscp = 46;
		}
		send_all();
		for (size_t i = 0; i < f.count; i++)
			assert_int_equal(receive_class(), 46 << 2);
	}
}

static void a_run_is_one_message_of_the_kernel(void **state)
{
	(void)state;
	take_runs_whole();
	add_many(60, LEN);
	send_all();
	assert_int_equal(messages(), 1);
}

static void switched_off_each_is_a_message_by_itself(void **state)
{
	(void)state;
	take_runs_whole();
	udp_sender_init(&f.sender, f.from, false);
	add_many(60, LEN);
	send_all();
	assert_int_equal(messages(), 60);
}

static void so_it_is_from_a_sender_that_knows_of_no_runs(void **state)
{
	(void)state;
	take_runs_whole();
	add_many(60, LEN);
	udp_send(f.from, f.list, f.count, on_refused, NULL);
	assert_int_equal(messages(), 60);
}

static void a_run_that_is_refused_goes_as_single_datagrams(void **state)
{
	(void)state;
	refuse_runs(true);
	add_many(150, LEN);
	add(1);
	send_all();
	assert_int_equal(f.refused, 0);
	assert_int_equal(f.sender.refused, 1);
	expect_all();
}

static void where_one_was_refused_none_is_tried_for_a_while(void **state)
{
	(void)state;
	refuse_runs(true);
	add_many(3, LEN);
	send_all();
	expect_all();
	refuse_runs(false);
	take_runs_whole();
	for (size_t i = 0; i < UDP_REFUSED_RUNS; i++) {
		send_all();
		assert_int_equal(messages(), 3);
	}
	send_all();
	assert_int_equal(messages(), 1);
}

static void elsewhere_they_still_are(void **state)
{
	struct sockaddr_storage there = f.to;
	int first = f.at;

	(void)state;
	refuse_runs(true);
	add_many(3, LEN);
	send_all();
	expect_all();
	refuse_runs(false);
	f.count = 0;
	f.at = bound(AF_INET, &f.to);
	assert_memory_not_equal(&there, &f.to, sizeof(there));
	take_runs_whole();
	add_many(3, LEN);
	send_all();
	assert_int_equal(messages(), 1);
	close(first);
}

/* More destinations refuse than are remembered: all is sent all the same. */
static void more_refusals_than_are_remembered_lose_nothing(void **state)
{
	struct sockaddr_storage to[2 * UDP_REFUSALS];
	int at[2 * UDP_REFUSALS], first = f.at;

	(void)state;
	refuse_runs(true);
	for (size_t i = 0; i < 2 * UDP_REFUSALS; i++) {
		at[i] = bound(AF_INET, &to[i]);
		for (int n = 0; n < 3; n++) {
			add(LEN);
			f.list[f.count - 1].to = (struct sockaddr *)&to[i];
		}
	}
	send_all();
	send_all();
	assert_int_equal(f.refused, 0);
	assert_int_equal(f.sender.refused, UDP_REFUSALS);
	for (size_t i = 0; i < 2 * UDP_REFUSALS; i++) {
		f.at = at[i];
		for (size_t n = 0; n < 6; n++)
			expect(3 * i + n % 3);
		close(f.at);
	}
	f.at = first;
}

static void a_destination_that_is_refused_costs_no_other(void **state)
{
	struct sockaddr_in nowhere = {.sin_family = AF_INET, .sin_port = htons(9)};

	(void)state;
	nowhere.sin_addr.s_addr = htonl(INADDR_BROADCAST); /* EACCES without SO_BROADCAST */
	add_many(10, LEN);
	for (size_t i = 3; i < 6; i++)
		f.list[i].to = (struct sockaddr *)&nowhere;
	send_all();
	assert_int_equal(f.refused, 3);
	assert_int_equal(f.refused_index, 5);
	assert_int_equal(f.refused_error, EACCES);
	assert_int_equal(f.sender.refused, 0); /* of the runs' fault nothing is known */
	for (size_t i = 0; i < 10; i++)
		if (i < 3 || i >= 6)
			expect(i);
}

/* In a namespace of its own, whose loopback carries 1,500 bytes. Return: exit status */
static int send_beyond_the_mtu(void)
{
	int probe = IP_PMTUDISC_PROBE, fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq lo = {.ifr_name = "lo", .ifr_mtu = 1500};

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 && unshare(CLONE_NEWNET) < 0)
		return 77;
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFMTU, &lo) < 0)
		return 77;
	lo.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return 77;
	close(fd);
	close_sockets(NULL);
	if (!open_family(AF_INET))
		return 77;
	setsockopt(f.from, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
	add_many(2, 1473);
	add(1472);
	send_all();
	if (f.refused != 2 || f.refused_index != 1 || f.refused_error != EMSGSIZE)
		return 1;
	if (f.sender.refused != 0)
		return 2; /* it was not the run */
	return receive(f.at, f.bytes[0], LONGEST) == 1472 ? 0 : 3;
}

static void what_the_path_does_not_carry_is_told_of_and_the_rest_goes(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		_exit(send_beyond_the_mtu());
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* no namespaces */
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- runs in ---- */

/* A receiver gets all of the list, in order, as so many messages. */
static void expect_received(size_t messages)
{
	const struct udp_received *got = NULL;
	struct udp_receiver *r;
	size_t index = 0, heard = 0;

	assert_int_equal(udp_receiver_new(&r), 0);
	while (index < f.count) {
		struct pollfd p = {.fd = f.at, .events = POLLIN};
		int count;

		assert_int_equal(poll(&p, 1, LIMIT_MS), 1);
		count = udp_receiver_read(r, f.at, UDP_BATCH, &got);
		assert_true(count > 0);
		heard += (size_t)count;
		for (int i = 0; i < count; i++) {
			for (size_t at = 0; at < got[i].len; at += got[i].each, index++) {
				size_t left = got[i].len - at;

				assert_int_equal(left < got[i].each ? left : got[i].each,
						 f.list[index].len);
				assert_memory_equal(got[i].bytes + at, f.list[index].bytes,
						    f.list[index].len);
			}
		}
	}
	assert_int_equal(udp_receiver_read(r, f.at, UDP_BATCH, &got), 0);
	assert_int_equal(heard, messages);
	udp_receiver_free(r);
}

static void a_run_is_received_with_the_length_of_each(void **state)
{
	(void)state;
	take_runs_whole();
	add_many(50, LEN);
	add(7);
	send_all();
	expect_received(1);
}

static void single_datagrams_are_received_as_such(void **state)
{
	(void)state;
	take_runs_whole();
	for (size_t i = 0; i < 150; i++)
		add(1 + i);
	send_all();
	expect_received(150);
}

static void runs_and_single_ones_are_received_in_order(void **state)
{
	(void)state;
	take_runs_whole();
	add(LONGEST);
	add_many(20, LEN);
	add(LEN + 1);
	add_many(60, LEN);
	send_all();
	expect_received(4); /* after a longer one, a shorter one ends its run */
}

static void wanted_no_more_runs_come_as_single_datagrams(void **state)
{
	(void)state;
	take_runs_whole();
	assert_int_equal(udp_want_runs(f.at, false), 0);
	add_many(50, LEN);
	send_all();
	expect_received(50);
}

static void a_read_is_bounded_in_bytes(void **state)
{
	const struct udp_received *got = NULL;
	struct udp_receiver *r;
	size_t bytes = 0;

	(void)state;
	take_runs_whole();
	add_many(64, LEN);
	assert_int_equal(udp_receiver_new(&r), 0);
	send_all(); /* so that it learns how long they are */
	udp_receiver_read(r, f.at, UDP_BATCH, &got);
	for (int i = 0; i < 20; i++)
		send_all();
	for (int count = udp_receiver_read(r, f.at, UDP_BATCH, &got); count > 0; count--)
		bytes += got[count - 1].len;
	assert_in_range(bytes, UDP_READ_BYTES / 2, UDP_READ_BYTES);
	udp_receiver_free(r);
}

static void no_more_messages_are_read_than_are_wanted(void **state)
{
	const struct udp_received *got = NULL;
	struct udp_receiver *r;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		add(1 + i);
	send_all();
	assert_int_equal(udp_receiver_new(&r), 0);
	assert_int_equal(udp_receiver_read(r, f.at, 1, &got), 1);
	assert_int_equal(got[0].len, 1);
	assert_int_equal(udp_receiver_read(r, f.at, UDP_BATCH, &got), 2);
	assert_int_equal(got[0].len, 2);
	udp_receiver_free(r);
}

static void few_are_offered_to_the_long_and_many_to_the_short(void **state)
{
	(void)state;
	assert_int_equal(udp_slots_to_offer(16, 16 * 65000), 2);
	assert_int_equal(udp_slots_to_offer(2, 2 * 65000), 2);
	assert_int_equal(udp_slots_to_offer(1, 100), 16); /* back again */
	assert_int_equal(udp_slots_to_offer(1, 0), 16);
	assert_int_equal(udp_slots_to_offer(16, 16 * 1452), 16);
	assert_int_equal(udp_slots_to_offer(16, 16 * 8972), 14);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_sockets, close_sockets)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_knows_of_no_runs_gets_each_datagram_by_itself),
		TEST(over_ipv6_too),
		TEST(from_an_address_that_is_named_too),
		TEST(each_has_its_class_and_no_ecn_bits),
		TEST(over_ipv6_each_has_its_class_too),
		TEST(a_class_and_an_address_that_is_named_go_together),
		TEST(a_run_is_one_message_of_the_kernel),
		TEST(switched_off_each_is_a_message_by_itself),
		TEST(so_it_is_from_a_sender_that_knows_of_no_runs),
		TEST(a_run_that_is_refused_goes_as_single_datagrams),
		TEST(where_one_was_refused_none_is_tried_for_a_while),
		TEST(elsewhere_they_still_are),
		TEST(more_refusals_than_are_remembered_lose_nothing),
		TEST(a_destination_that_is_refused_costs_no_other),
		TEST(what_the_path_does_not_carry_is_told_of_and_the_rest_goes),
		TEST(a_run_is_received_with_the_length_of_each),
		TEST(single_datagrams_are_received_as_such),
		TEST(runs_and_single_ones_are_received_in_order),
		TEST(wanted_no_more_runs_come_as_single_datagrams),
		TEST(a_read_is_bounded_in_bytes),
		TEST(no_more_messages_are_read_than_are_wanted),
		TEST(few_are_offered_to_the_long_and_many_to_the_short),
	};

	return cmocka_run_group_tests_name("udp", tests, NULL, NULL);
}
