/*
 * test_tap_offload.c - a TAP port whose interface hands over super-frames, and is handed some
 *
 * Layer: platform test. The host is 10.0.0.2 at interface t0, with the MAC to which craft_super.h writes.
 */
#include "tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "craft_super.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
	DATA_BYTES = 30500,
	PIECE_BYTES = 1000,
	PIECES = 31,
	HERE = 0x0a000002,
	THERE = 0x0a000001,
	PORT = 4711,
	VXLAN_PORT = 4789,
	INNER_AT = 42 + 8,          /* Ethernet to UDP, and VXLAN */
	VNET_HEADER_OF_OTHERS = 12, /* as QEMU asks for: with a count of buffers */
};

static uint8_t data[DATA_BYTES];
static const struct super TCP4 = {.flags = SUPER_ACK,
				  .ttl = 64,
				  .fragment = SUPER_DONT_FRAGMENT,
				  .from = PORT,
				  .to = PORT,
				  .data = data,
				  .data_len = DATA_BYTES};
static const struct super UDP4 = {
	.is_udp = true, .ttl = 64, .from = PORT, .to = PORT, .data = data, .data_len = DATA_BYTES};

/* ---- what the port reports, cut and finished ---- */

static struct {
	uint8_t bytes[MAX_FRAME];
	size_t len;
} heard[2 * PIECES];
static size_t heard_count, whole_count;

/* To the test's port? Neighbours look for each other, too. */
static bool is_ours(const uint8_t *bytes, size_t len)
{
	return len >= 38 && peek_u16(bytes + 12) == 0x0800 &&
	       (peek_u16(bytes + 36) == PORT || peek_u16(bytes + 36) == VXLAN_PORT);
}

static void hear(const uint8_t *bytes, size_t len)
{
	assert_true(heard_count < sizeof(heard) / sizeof(*heard) && len <= MAX_FRAME);
	memcpy(heard[heard_count].bytes, bytes, len);
	heard[heard_count++].len = len;
}

static void hear_any(struct fixture *f, const struct port_frame *any)
{
	uint8_t bytes[MAX_FRAME];
	struct piece piece;
	struct cutter c;

	(void)f;
	if (!is_ours(any->bytes, any->len))
		return;
	if (!any->offload) {
		hear(any->bytes, any->len);
		return;
	}
	whole_count++;
	c = cutter_over(any->bytes, any->offload);
	while (cutter_next(&c, &piece)) {
		piece_finish(&piece, any->offload);
		memcpy(bytes, piece.headers, piece.headers_len);
		memcpy(bytes + piece.headers_len, piece.data, piece.data_len);
		hear(bytes, piece.headers_len + piece.data_len);
	}
}

static void run_until_heard(struct fixture *f, size_t count)
{
	for (int i = 0; i < LIMIT_MS / QUIET_MS && heard_count < count; i++)
		run_for(f, QUIET_MS);
	assert_int_equal(heard_count, count);
}

static bool is_summed(const uint8_t *bytes, size_t len)
{
	size_t upper = len - 34;

	return super_sum(bytes + 14, 20, 0) == UINT16_MAX &&
	       super_sum(bytes + 34, upper,
			 super_sum(bytes + 26, 8, bytes[23] + (uint32_t)upper)) == UINT16_MAX;
}

static void give_address(void)
{
	command("ip link set t0 address 02:02:02:02:02:01 && ip addr add 10.0.0.2/24 dev t0 && "
		"ip neigh add 10.0.0.1 lladdr 02:02:02:02:02:02 dev t0");
}

static void open_with(struct fixture *f, bool offload)
{
	struct rng rng = {.state = 1};

	rng_fill(&rng, data, sizeof(data));
	heard_count = whole_count = 0;
	f->on_any = hear_any;
	f->wants_offload = offload;
	open_port(f, 0);
	give_address();
}

static bool has_udp_offload(const struct fixture *f)
{
	return ((const struct tap *)f->port)->device.has_udp_offload;
}

/* ---- the host's sockets ---- */

static int udp_socket(uint16_t port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(HERE)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* A packet socket that says, and is told, what is left to be done */
static int packet_socket(void)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_IP),
				 .sll_ifindex = (int)if_nametoindex("t0")};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP)), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* ---- from the host ---- */

static void say_datagrams(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(THERE)};
	int fd = udp_socket(0), segment = PIECE_BYTES;

	assert_int_equal(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	assert_int_equal(sendto(fd, data, DATA_BYTES, 0, (struct sockaddr *)&to, sizeof(to)),
			 DATA_BYTES);
	close(fd);
}

static void assert_datagrams(void)
{
	for (size_t i = 0; i < PIECES; i++) {
		size_t len = i + 1 < PIECES ? PIECE_BYTES : DATA_BYTES % PIECE_BYTES;

		assert_int_equal(heard[i].len, 42 + len);
		assert_true(is_summed(heard[i].bytes, heard[i].len));
		assert_memory_equal(heard[i].bytes + 42, data + i * PIECE_BYTES, len);
	}
}

static void datagrams_that_a_program_sends_as_one_come_as_one(void **state)
{
	struct fixture *f = *state;

	open_with(f, true);
	say_datagrams();
	run_until_heard(f, PIECES);
	assert_int_equal(whole_count, has_udp_offload(f) ? 1 : PIECES);
	assert_datagrams();
}

static void without_offload_they_come_one_by_one_and_finished(void **state)
{
	struct fixture *f = *state;

	open_with(f, false);
	assert_false(f->port->has_offload);
	say_datagrams();
	run_until_heard(f, PIECES);
	assert_int_equal(whole_count, 0);
	assert_datagrams();
}

static void say_tcp(const struct super *s)
{
	static uint8_t bytes[sizeof(struct virtio_net_hdr) + SUPER_BYTES];
	struct virtio_net_hdr h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				   .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
				   .hdr_len = 54,
				   .gso_size = PIECE_BYTES,
				   .csum_start = 34,
				   .csum_offset = 16};
	size_t len = sizeof(h) + super_write(s, bytes + sizeof(h));
	int fd = packet_socket();

	memcpy(bytes, &h, sizeof(h));
	poke_u16(bytes + sizeof(h) + 50,
		 super_sum(bytes + sizeof(h) + 26, 8, 6 + 20 + (uint32_t)s->data_len));
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void a_segment_of_tcp_comes_whole_or_as_the_kernel_cuts_it(void **state)
{
	static uint8_t expected[SUPER_BYTES];
	struct fixture *f = *state;

	for (int offload = 1; offload >= 0; offload--) {
		open_with(f, offload);
		say_tcp(&TCP4);
		run_until_heard(f, PIECES);
		assert_int_equal(whole_count, offload);
		for (size_t i = 0; i < PIECES; i++) {
			struct super piece = super_piece(&TCP4, PIECE_BYTES, i);
			size_t len = super_write(&piece, expected);

			assert_int_equal(heard[i].len, len);
			assert_memory_equal(heard[i].bytes, expected, len);
		}
		if (offload)
			f->port->ops->close(f->port);
	}
}

/* The kernel leaves the inner checksum to the interface, and no more than that is looked for. */
static void a_checksum_within_another_tunnel_is_finished(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct fixture *f = *state;
	int fd;

	open_with(f, true);
	if (system("ip link add vx0 type vxlan id 7 remote 10.0.0.1 dstport 4789 dev t0 2> "
		   "/dev/null") != 0) /* NOLINT(cert-env33-c) */
		skip();
	command("ip addr add 10.1.0.2/24 dev vx0 && ip link set vx0 up && "
		"ip neigh add 10.1.0.1 lladdr 02:00:00:00:00:09 dev vx0");
	inet_pton(AF_INET, "10.1.0.1", &to.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(sendto(fd, data, 900, 0, (struct sockaddr *)&to, sizeof(to)), 900);
	close(fd);
	for (size_t at = 0, tries = 0; tries < LIMIT_MS / QUIET_MS; tries++, run_for(f, QUIET_MS)) {
		for (; at < heard_count; at++) {
			const uint8_t *inner = heard[at].bytes + INNER_AT;

			if (!is_ours(inner, heard[at].len - INNER_AT))
				continue;
			assert_int_equal(heard[at].len, INNER_AT + 42 + 900);
			assert_true(is_summed(inner, 42 + 900));
			assert_true(peek_u16(heard[at].bytes + 40) == 0 ||
				    is_summed(heard[at].bytes, heard[at].len));
			return;
		}
	}
	fail_msg("nothing came out of the tunnel");
}

/* ---- to the host ---- */

/* Hand a super-frame to the port, as it is. */
static void send_super(struct fixture *f, const struct super *s)
{
	static uint8_t bytes[SUPER_BYTES];
	struct offload o;
	struct port_frame whole = {.bytes = bytes, .len = super_write(s, bytes), .offload = &o};

	assert_true(offload_derive(bytes, whole.len, &o));
	poke_u16(bytes + o.checksum_at, 0xeeee);
	o.piece_len = PIECE_BYTES;
	f->port->ops->send_whole(f->port, &whole);
}

static void assert_received(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	uint8_t bytes[MAX_FRAME];

	for (size_t i = 0; i < PIECES; i++) {
		size_t len = i + 1 < PIECES ? PIECE_BYTES : DATA_BYTES % PIECE_BYTES;

		assert_int_equal(poll(&wait, 1, LIMIT_MS), 1);
		assert_int_equal(read(fd, bytes, sizeof(bytes)), (ssize_t)len);
		assert_memory_equal(bytes, data + i * PIECE_BYTES, len);
	}
}

static void datagrams_that_are_handed_over_as_one_are_read_one_by_one(void **state)
{
	struct fixture *f = *state;
	int fd;

	open_with(f, true);
	fd = udp_socket(PORT);
	send_super(f, &UDP4);
	assert_received(fd);
	assert_int_equal(f->port->tx_frames, PIECES);
	assert_int_equal(f->port->tx_bytes, DATA_BYTES + PIECES * 42);
	close(fd);
}

/* Before Linux 6.2 */
static void where_the_kernel_takes_no_datagrams_as_one_they_go_one_by_one(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[sizeof(struct virtio_net_hdr) + MAX_FRAME];
	int fd, wire;

	open_with(f, true);
	((struct tap *)f->port)->device.has_udp_offload = false;
	fd = udp_socket(PORT);
	wire = packet_socket();
	send_super(f, &UDP4);
	assert_received(fd);
	assert_int_equal(read(wire, bytes, sizeof(bytes)),
			 sizeof(struct virtio_net_hdr) + 42 + PIECE_BYTES);
	close(wire);
	assert_int_equal(f->port->tx_frames, PIECES);
	assert_int_equal(f->port->tx_bytes, DATA_BYTES + PIECES * 42);
	close(fd);
}

static void a_segment_of_tcp_is_handed_over_whole(void **state)
{
	static uint8_t bytes[sizeof(struct virtio_net_hdr) + SUPER_BYTES];
	struct fixture *f = *state;
	struct pollfd wait = {.events = POLLIN};
	struct virtio_net_hdr h;
	ssize_t len;

	open_with(f, true);
	wait.fd = packet_socket();
	send_super(f, &TCP4);
	do {
		assert_int_equal(poll(&wait, 1, LIMIT_MS), 1);
		len = read(wait.fd, bytes, sizeof(bytes));
	} while (!is_ours(bytes + sizeof(h), (size_t)len - sizeof(h)));
	memcpy(&h, bytes, sizeof(h));
	assert_int_equal(len, sizeof(h) + 54 + DATA_BYTES);
	assert_int_equal(h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(h.gso_size, PIECE_BYTES);
	assert_memory_equal(bytes + sizeof(h) + 54, data, DATA_BYTES);
	close(wait.fd);
}

/* All its pieces are lost, and each counts. */
static void a_super_frame_that_cannot_be_sent_counts_for_all_its_pieces(void **state)
{
	struct fixture *f = *state;

	open_with(f, true);
	command("ip link set t0 mtu 900");
	tick(f);
	send_super(f, &TCP4);
	assert_int_equal(f->port->drops[DROP_OVER_MTU], PIECES);
	command("ip link set t0 mtu 1500 && ip link set t0 down");
	tick(f);
	send_super(f, &TCP4);
	assert_int_equal(f->port->drops[DROP_PORT_DOWN], PIECES);
	assert_int_equal(f->port->tx_frames, 0);
}

static void an_interface_that_goes_amid_pieces_loses_the_rest(void **state)
{
	struct fixture *f = *state;

	open_with(f, true);
	((struct tap *)f->port)->device.has_udp_offload = false;
	command("ip link del t0");
	send_super(f, &UDP4);
	assert_int_equal(f->port->drops[DROP_PORT_DOWN], PIECES);
	assert_int_equal(f->port->drops[DROP_PORT_SEND], 0);
	assert_false(f->port->has_offload);
	tick(f);
	assert_forwarding(f);
	assert_true(f->port->has_offload);
}

/* ---- who else has the interface ---- */

static bool has_feature(uint32_t what)
{
	struct ethtool_value value = {.cmd = what};
	struct ifreq r = {.ifr_name = "t0", .ifr_data = (void *)&value};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(ioctl(fd, SIOCETHTOOL, &r), 0);
	close(fd);
	return value.data != 0;
}

static void an_interface_that_stays_is_left_without_offloads(void **state)
{
	struct fixture *f = *state;

	if (why_not)
		skip();
	command("ip tuntap add dev t0 mode tap");
	open_with(f, true);
	assert_true(has_feature(ETHTOOL_GTSO));
	assert_true(has_feature(ETHTOOL_GTXCSUM));
	f->port->ops->close(f->port);
	f->port = NULL;
	assert_false(has_feature(ETHTOOL_GTSO));
	assert_false(has_feature(ETHTOOL_GTXCSUM));
	command("ip link del t0");
}

/* QEMU asks for a longer header, which a persistent interface remembers. */
static void whatever_header_its_last_user_asked_for_frames_are_understood(void **state)
{
	struct ifreq r = {.ifr_name = "t0", .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	struct fixture *f = *state;
	int fd, len = VNET_HEADER_OF_OTHERS;

	if (why_not)
		skip();
	command("ip tuntap add dev t0 mode tap vnet_hdr");
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	assert_int_equal(ioctl(fd, TUNSETIFF, &r), 0);
	assert_int_equal(ioctl(fd, TUNSETVNETHDRSZ, &len), 0);
	close(fd);
	open_with(f, true);
	say_datagrams();
	run_until_heard(f, PIECES);
	assert_datagrams();
	fd = udp_socket(PORT);
	send_super(f, &UDP4);
	assert_received(fd);
	close(fd);
	command("ip link del t0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_tap(datagrams_that_a_program_sends_as_one_come_as_one),
		on_a_tap(without_offload_they_come_one_by_one_and_finished),
		on_a_tap(a_segment_of_tcp_comes_whole_or_as_the_kernel_cuts_it),
		on_a_tap(a_checksum_within_another_tunnel_is_finished),
		on_a_tap(datagrams_that_are_handed_over_as_one_are_read_one_by_one),
		on_a_tap(where_the_kernel_takes_no_datagrams_as_one_they_go_one_by_one),
		on_a_tap(a_segment_of_tcp_is_handed_over_whole),
		on_a_tap(a_super_frame_that_cannot_be_sent_counts_for_all_its_pieces),
		on_a_tap(an_interface_that_goes_amid_pieces_loses_the_rest),
		on_a_tap(an_interface_that_stays_is_left_without_offloads),
		on_a_tap(whatever_header_its_last_user_asked_for_frames_are_understood),
	};

	enter_namespace();
	return cmocka_run_group_tests_name("tap_offload", tests, NULL, NULL);
}
