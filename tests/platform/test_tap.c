/*
 * test_tap.c - what crosses a TAP port: frames, beacons
 *
 * Layer: platform test. Skipped where no namespace or no TAP can be made.
 */
#include "tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"

static void frames_cross_whole_in_both_directions(void **state)
{
	static const size_t lengths[] = {14, 60, 1514};
	struct fixture *f = *state;

	open_port(f, 0);
	open_host(f);
	for (size_t i = 0; i < 3; i++) {
		host_says(f, lengths[i]);
		run_until(f, (int)i + 1);
		assert_int_equal(f->last_len, lengths[i]);
		assert_memory_equal(f->last, frame, lengths[i]);
		f->port->ops->send(f->port, test_frame(), lengths[i]);
		f->port->ops->flush(f->port);
		assert_int_equal(host_hears(f), lengths[i]);
	}
	assert_true(f->port->rx_frames >= 3);
	assert_int_equal(f->port->tx_frames, 3);
	assert_int_equal(f->port->tx_bytes, 14 + 60 + 1514);
}

static void what_the_port_sends_does_not_come_back(void **state)
{
	struct fixture *f = *state;

	open_port(f, 0);
	f->port->ops->send(f->port, test_frame(), FRAME_BYTES);
	run_for(f, QUIET_MS);
	assert_int_equal(f->frames, 0);
}

static void more_than_a_batch_is_read_in_several_and_none_is_lost(void **state)
{
	struct fixture *f = *state;

	open_port(f, 0);
	open_host(f);
	run_for(f, QUIET_MS); /* the interface's own first frames */
	f->batches = 0;
	for (int i = 0; i < TAP_BATCH * 3; i++)
		host_says(f, FRAME_BYTES);
	run_until(f, TAP_BATCH * 3);
	assert_true(f->batches >= 3);
}

/* A read that finds nothing would only delay it. */
static void after_a_pause_one_frame_goes_before_the_next_is_read(void **state)
{
	struct fixture *f = *state;

	open_port(f, 0);
	open_host(f);
	command("echo 1 >/proc/sys/net/ipv6/conf/t0/disable_ipv6"); /* its chatter is no pause */
	run_for(f, QUIET_MS);
	f->batches = 0;
	for (int i = 0; i < TAP_BATCH; i++)
		host_says(f, FRAME_BYTES);
	uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->frames, 1);
	assert_int_equal(f->batches, 1);
	uv_run(&f->loop, UV_RUN_ONCE); /* no pause any more */
	assert_int_equal(f->frames, TAP_BATCH);
	assert_int_equal(f->batches, 2);
}

static int arp_replies;

static void note_arp_reply(struct fixture *f, const struct port_frame *heard)
{
	static const uint8_t REPLY[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 2};

	(void)f;
	arp_replies += heard->len >= 42 && memcmp(heard->bytes + 12, REPLY, sizeof(REPLY)) == 0;
}

/* A request for 198.18.0.1 from 198.18.0.2: RFC 826 */
static void ask_the_host(struct fixture *f)
{
	static const uint8_t REQUEST[] = {0,   1,  8, 0, 6, 4, 0, 1, 2, 0, 0,   0,  0, 9,
					  198, 18, 0, 2, 0, 0, 0, 0, 0, 0, 198, 18, 0, 1};
	uint8_t bytes[FRAME_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6};

	memcpy(bytes + 14, REQUEST, sizeof(REQUEST));
	f->port->ops->send(f->port, bytes, sizeof(bytes));
	f->port->ops->flush(f->port);
}

/* It answers ARP, and nobody else says anything. */
static void open_port_with_address(struct fixture *f)
{
	f->on_any = note_arp_reply;
	arp_replies = 0;
	open_port(f, 0);
	command("echo 1 >/proc/sys/net/ipv6/conf/t0/disable_ipv6");
	command("ip addr add 198.18.0.1/24 dev t0");
	run_for(f, QUIET_MS);
	f->batches = 0;
}

static void what_the_host_answers_at_once_is_taken_at_once(void **state)
{
	struct fixture *f = *state;

	open_port_with_address(f);
	f->port->ops->hear(f->port); /* nothing was sent: nothing is looked for */
	ask_the_host(f);
	assert_int_equal(arp_replies, 0);
	f->port->ops->hear(f->port);
	assert_int_equal(arp_replies, 1);
	assert_int_equal(f->batches, 1);
	f->port->ops->hear(f->port);
	assert_int_equal(f->batches, 1);
}

/* That would be a call for each of them. */
static void what_many_are_answered_waits_for_the_loop(void **state)
{
	struct fixture *f = *state;

	open_port_with_address(f);
	ask_the_host(f);
	ask_the_host(f);
	f->port->ops->hear(f->port);
	assert_int_equal(arp_replies, 0);
	run_for(f, QUIET_MS);
	assert_int_equal(arp_replies, 2);
}

static void an_mtu_that_is_asked_for_is_set_and_longer_frames_are_counted(void **state)
{
	struct fixture *f = *state;
	struct warning w[2];

	open_port(f, 1400);
	open_host(f);
	assert_int_equal(mtu_of("t0"), 1400);
	f->port->ops->send(f->port, test_frame(), 1414);
	assert_int_equal(host_hears(f), 1414);
	assert_int_equal(f->port->ops->warnings(f->port, clock_now_ns(), w, 2), 0);
	f->port->ops->send(f->port, test_frame(), 1415);
	f->port->ops->send(f->port, test_frame(), FRAME_BYTES);
	assert_int_equal(host_hears(f), FRAME_BYTES);
	assert_int_equal(f->port->drops[DROP_OVER_MTU], 1);
	assert_int_equal(f->port->ops->warnings(f->port, clock_now_ns(), w, 2), 1);
	assert_string_equal(w[0].code, "over-mtu");
	assert_contains(w[0].fix, "ip link set t0 mtu 1401");
	test_frame();
	frame[12] = 0x81; /* a tag is not counted */
	frame[13] = 0x00;
	f->port->ops->send(f->port, frame, 1418);
	assert_int_equal(f->port->drops[DROP_OVER_MTU], 1);
}

static void an_mtu_that_somebody_changes_counts_from_the_next_tick(void **state)
{
	struct fixture *f = *state;

	open_port(f, 0);
	command("ip link set t0 mtu 1800");
	tick(f);
	f->port->ops->send(f->port, test_frame(), 1814);
	assert_int_equal(f->port->drops[DROP_OVER_MTU], 0);
	assert_int_equal(f->port->tx_frames, 1);
}

static void whoever_had_it_before_leaves_no_unfinished_checksums(void **state)
{
	struct ifreq r = {.ifr_name = "t0", .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct fixture *f = *state;
	int fd, udp;

	if (why_not)
		skip();
	command("ip tuntap add dev t0 mode tap vnet_hdr && ip addr add 198.18.0.1/24 dev t0");
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	assert_int_equal(ioctl(fd, TUNSETIFF, &r), 0);
	assert_int_equal(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), 0);
	close(fd);
	open_port(f, 0);
	command("ip neigh add 198.18.0.2 lladdr 02:00:00:00:00:09 dev t0");
	to.sin_addr.s_addr = htonl(0xc6120002);
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(sendto(udp, "whole", 5, 0, (struct sockaddr *)&to, sizeof(to)), 5);
	close(udp);
	for (int i = 0; i < LIMIT_MS / QUIET_MS && !f->udp_heard; i++)
		run_for(f, QUIET_MS);
	assert_true(f->udp_heard);
	assert_true(f->udp_whole);
	command("ip link del t0");
}

static void a_hub_in_the_tap_is_kept_out_and_other_groups_pass(void **state)
{
	struct fixture *f = *state;
	struct mcast hub = {.config.mcast.group = addr_from_ipv4(GROUP, GROUP_PORT)};
	uint8_t datagram[FRAME_BYTES] = {1, 0, 0x5e, 0x7e, 0, 1, 2, 2, 2, 2, 2, 2, 8, 0, 0x45};

	open_port(f, 0);
	open_host(f);
	f->hubs = &hub;
	datagram[14 + 9] = IPPROTO_UDP;
	memcpy(datagram + 14 + 16, (uint8_t[]){239, 254, 0, 1}, 4);
	memcpy(datagram + 14 + 22, (uint8_t[]){GROUP_PORT >> 8, GROUP_PORT & 0xff}, 2);
	assert_int_equal(send(f->host, datagram, sizeof(datagram), 0), sizeof(datagram));
	host_says(f, FRAME_BYTES);
	run_until(f, 1);
	assert_int_equal(f->port->drops[DROP_HUB_IN_TAP], 1);
	datagram[14 + 23]++;
	assert_int_equal(send(f->host, datagram, sizeof(datagram), 0), sizeof(datagram));
	host_says(f, FRAME_BYTES);
	run_until(f, 2);
	assert_int_equal(f->port->drops[DROP_HUB_IN_TAP], 1);
}

static void its_interface_is_an_attachment_while_it_is_up(void **state)
{
	struct port_attachment list[2] = {{0}};
	struct fixture *f = *state;

	open_port(f, 0);
	assert_int_equal(f->attached, 0); /* the owner asks when it is open */
	assert_int_equal(f->port->ops->attachments(f->port, list, 2), 1);
	assert_int_equal(list[0].interface, if_nametoindex("t0"));
	assert_true(list[0].serves);
	assert_true(list[0].is_real);
	command("ip link set t0 down");
	f->port->ops->network_changed(f->port, clock_now_ns());
	assert_int_equal(f->attached, 1);
	assert_int_equal(f->port->ops->attachments(f->port, list, 2), 0);
	command("ip link set t0 up");
	tick(f);
	assert_int_equal(f->attached, 2);
	command("ip link del t0");
	run_for(f, QUIET_MS);
	assert_int_equal(f->attached, 3);
	assert_int_equal(f->port->ops->attachments(f->port, list, 2), 0);
	tick(f);
	tick(f);
	assert_int_equal(f->attached, 4); /* told once */
	assert_int_equal(f->port->ops->attachments(f->port, list, 2), 1);
	assert_int_equal(list[0].interface, if_nametoindex("t0"));
}

static void beacons_are_plain_frames_and_told_apart_from_machines(void **state)
{
	struct beacon said = {.kind = BEACON_AGENT, .flags = BEACON_SERVES, .period_ms = 700};
	struct mac sender = {{2, 3, 4, 5, 6, 7}};
	uint8_t bytes[BEACON_FRAME_BYTES];
	struct fixture *f = *state;
	size_t len;

	open_port(f, 0);
	open_host(f);
	memset(said.id, 0x5a, sizeof(said.id));
	len = beacon_write(&said, &sender, bytes);
	assert_int_equal(send(f->host, bytes, len, 0), (ssize_t)len);
	host_says(f, FRAME_BYTES);
	run_until(f, 1);
	assert_int_equal(f->beacons, 1);
	assert_int_equal(f->heard.interface, if_nametoindex("t0"));
	assert_true(mac_equal(&f->heard.sender, &sender));
	assert_false(f->heard.from_machine);
	assert_memory_equal(f->heard.beacon.id, said.id, sizeof(said.id));
	said.kind = BEACON_SELF_TEST; /* of interest to a hub only */
	len = beacon_write(&said, &sender, bytes);
	assert_int_equal(send(f->host, bytes, len, 0), (ssize_t)len);
	said.kind = BEACON_LEAVING;
	len = beacon_write(&said, &sender, bytes);
	assert_int_equal(send(f->host, bytes, len, 0), (ssize_t)len);
	host_says(f, FRAME_BYTES);
	run_until(f, 2);
	assert_int_equal(f->beacons, 2);
	assert_int_equal(f->heard.beacon.kind, BEACON_LEAVING);
}

static void its_own_beacons_come_out_of_the_interface(void **state)
{
	struct beacon said = {.kind = BEACON_AGENT, .rank = 7, .period_ms = 700}, heard;
	uint8_t bytes[MAX_FRAME];
	struct fixture *f = *state;
	struct pollfd wait = {.events = POLLIN};
	ssize_t len;

	open_port(f, 0);
	open_host(f);
	wait.fd = f->host;
	f->port->ops->beacon(f->port, if_nametoindex("t0"), &said);
	do {
		assert_int_equal(poll(&wait, 1, LIMIT_MS), 1);
		len = recv(f->host, bytes, sizeof(bytes), 0);
	} while (!beacon_read(bytes, (size_t)len, &heard));
	assert_int_equal(heard.rank, 7);
	assert_int_equal(heard.interface_count, 1);
	assert_int_equal(heard.interfaces[0], if_nametoindex("t0"));
	assert_int_equal(f->port->tx_frames, 0); /* what machines hear is counted */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_tap(frames_cross_whole_in_both_directions),
		on_a_tap(what_the_port_sends_does_not_come_back),
		on_a_tap(more_than_a_batch_is_read_in_several_and_none_is_lost),
		on_a_tap(after_a_pause_one_frame_goes_before_the_next_is_read),
		on_a_tap(what_the_host_answers_at_once_is_taken_at_once),
		on_a_tap(what_many_are_answered_waits_for_the_loop),
		on_a_tap(an_mtu_that_is_asked_for_is_set_and_longer_frames_are_counted),
		on_a_tap(an_mtu_that_somebody_changes_counts_from_the_next_tick),
		on_a_tap(whoever_had_it_before_leaves_no_unfinished_checksums),
		on_a_tap(a_hub_in_the_tap_is_kept_out_and_other_groups_pass),
		on_a_tap(its_interface_is_an_attachment_while_it_is_up),
		on_a_tap(beacons_are_plain_frames_and_told_apart_from_machines),
		on_a_tap(its_own_beacons_come_out_of_the_interface),
	};

	enter_namespace();
	return cmocka_run_group_tests_name("tap", tests, NULL, NULL);
}
