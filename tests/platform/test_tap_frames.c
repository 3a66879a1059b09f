/*
 * test_tap_frames.c - agent/ports/tap_device.h: frames with what the kernel says is left to be done for them
 *
 * Layer: platform test. The kernel's end is a socket of the test, so it says what no kernel here would.
 */
#include "unit.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../agent/ports/tap_device.h"
#include "craft_super.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
	DATA_BYTES = 4000,
	SLOT_BYTES = 9217,
	UDP_CHECKSUM_AT = 6,
};

static uint8_t slots[UDP_BATCH * SLOT_BYTES];
static const struct udp_area AREA = {.bytes = slots, .slot_bytes = SLOT_BYTES};
static uint8_t data[DATA_BYTES], bytes[SUPER_BYTES], again[SUPER_BYTES];
static struct tap_device device;
static int kernel;
static struct port_frame got;
static struct offload o;

static const struct super TCP4 = {.flags = SUPER_ACK, .data = data, .data_len = DATA_BYTES};
static const struct super UDP6 = {
	.is_ipv6 = true, .is_udp = true, .data = data, .data_len = DATA_BYTES};

static int set_up(void **state)
{
	struct rng rng = {.state = 1};
	int ends[2], bytes_max = 1 << 20;

	(void)state;
	rng_fill(&rng, data, sizeof(data));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) != 0)
		return -1;
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &bytes_max, sizeof(bytes_max));
	device = (struct tap_device){.fd = ends[0], .has_offload = true};
	kernel = ends[1];
	got = (struct port_frame){.bytes = NULL};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(device.fd);
	close(kernel);
	return 0;
}

/* Return: what reading a frame with that before it returns */
static int kernel_says(const struct virtio_net_hdr *h, const uint8_t *frame, size_t len)
{
	struct iovec parts[] = {{(void *)(uintptr_t)h, sizeof(*h)},
				{(void *)(uintptr_t)frame, len}};

	assert_int_equal(writev(kernel, parts, 2), (ssize_t)(sizeof(*h) + len));
	return tap_device_read(&device, &AREA, &got, &o);
}

static struct virtio_net_hdr header(uint8_t gso, uint16_t start, uint16_t offset)
{
	return (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				       .gso_type = gso,
				       .gso_size = gso ? 1000 : 0,
				       .csum_start = start,
				       .csum_offset = offset};
}

static void what_is_finished_has_nothing_left(void **state)
{
	const struct virtio_net_hdr none = {.flags = 0},
				    valid = {.flags = VIRTIO_NET_HDR_F_DATA_VALID};
	size_t len = super_write(&TCP4, bytes);

	(void)state;
	assert_int_equal(kernel_says(&none, bytes, len), 0);
	assert_null(got.offload);
	assert_int_equal(got.len, len);
	assert_memory_equal(got.bytes, bytes, len);
	assert_int_equal(kernel_says(&valid, bytes, len), 0);
	assert_null(got.offload);
}

static void an_unfinished_checksum_stays_so(void **state)
{
	struct virtio_net_hdr h = header(VIRTIO_NET_HDR_GSO_NONE, 34, 16);
	size_t len = super_write(&TCP4, bytes);

	(void)state;
	assert_int_equal(kernel_says(&h, bytes, len), 0);
	assert_ptr_equal(got.offload, &o);
	assert_int_equal(o.piece_len, 0);
	assert_int_equal(o.checksum_at, 50);
}

static void a_super_frame_has_pieces_of_the_size_that_is_said(void **state)
{
	struct virtio_net_hdr h = header(VIRTIO_NET_HDR_GSO_TCPV4, 34, 16);
	size_t len = super_write(&TCP4, bytes);

	(void)state;
	assert_int_equal(kernel_says(&h, bytes, len), 0);
	assert_ptr_equal(got.offload, &o);
	assert_int_equal(offload_count(&o), 4);
	h = header(VIRTIO_NET_HDR_GSO_UDP_L4, 54, 6);
	len = super_write(&UDP6, bytes);
	assert_int_equal(kernel_says(&h, bytes, len), 0);
	assert_int_equal(offload_count(&o), 4);
}

/* As a card puts segments together whose checksums it found right */
static void a_super_frame_whose_checksum_was_verified_is_cut_all_the_same(void **state)
{
	struct virtio_net_hdr h = header(VIRTIO_NET_HDR_GSO_TCPV4, 0, 0);
	size_t len = super_write(&TCP4, bytes);

	(void)state;
	h.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	assert_int_equal(kernel_says(&h, bytes, len), 0);
	assert_ptr_equal(got.offload, &o);
	assert_int_equal(offload_count(&o), 4);
}

/* A datagram within a datagram: the outer one is whole, of the inner one's checksum the pseudo header is there */
static size_t within(const struct super *inner, uint8_t *out)
{
	static uint8_t tunnelled[SUPER_BYTES];
	struct super outer = {.is_udp = true, .data = tunnelled};

	outer.data_len = super_write(inner, tunnelled);
	return super_write(&outer, out);
}

static void a_checksum_elsewhere_is_finished_at_once(void **state)
{
	struct virtio_net_hdr h = header(VIRTIO_NET_HDR_GSO_NONE, 42 + 34, 16);
	size_t len = within(&TCP4, bytes);

	(void)state;
	memcpy(again, bytes, len);
	poke_u16(again + 42 + 50, super_sum(again + 42 + 26, 8, 6 + 20 + DATA_BYTES));
	assert_int_equal(kernel_says(&h, again, len), 0);
	assert_null(got.offload);
	assert_memory_equal(got.bytes, bytes, len);
}

/* Which in UDP would say that there is none, and over IPv6 there must be one. */
static void none_is_finished_as_zero(void **state)
{
	struct super inner = UDP6;
	uint8_t two[2] = {0, 0};
	size_t len, field = 42 + 54 + UDP_CHECKSUM_AT;
	struct virtio_net_hdr h = header(VIRTIO_NET_HDR_GSO_NONE, 42 + 54, UDP_CHECKSUM_AT);

	(void)state;
	inner.data = two;
	inner.data_len = sizeof(two);
	within(&inner, bytes);
	memcpy(two, bytes + field, sizeof(two)); /* so that the sum is all ones */
	len = within(&inner, bytes);
	assert_int_equal(peek_u16(bytes + field), UINT16_MAX);
	memcpy(again, bytes, len);
	poke_u16(again + field, super_sum(again + 42 + 22, 32, 17 + 8 + 2));
	assert_int_equal(kernel_says(&h, again, len), 0);
	assert_memory_equal(got.bytes, bytes, len);
}

static void what_contradicts_itself_is_refused(void **state)
{
	struct virtio_net_hdr h = header(VIRTIO_NET_HDR_GSO_NONE, 60, 16);
	size_t len = super_write(&TCP4, bytes);

	(void)state;
	assert_int_equal(kernel_says(&h, bytes, 77), -EBADMSG); /* a byte of the field is missing */
	assert_int_equal(kernel_says(&h, bytes, 78), 0);
	h = header(VIRTIO_NET_HDR_GSO_NONE, UINT16_MAX, UINT16_MAX);
	assert_int_equal(kernel_says(&h, bytes, len), -EBADMSG);
	h = header(VIRTIO_NET_HDR_GSO_TCPV4, 34, 6);
	assert_int_equal(kernel_says(&h, bytes, len), -EBADMSG);
	h = header(VIRTIO_NET_HDR_GSO_TCPV4, 34, 16);
	assert_int_equal(kernel_says(&h, bytes, len - 1), -EBADMSG);
	assert_int_equal(kernel_says(&h, bytes, 0), -EBADMSG);
	assert_int_equal(write(kernel, bytes, 3), 3);
	assert_int_equal(tap_device_read(&device, &AREA, &got, &o), -EBADMSG);
	assert_int_equal(tap_device_read(&device, &AREA, &got, &o), -EAGAIN);
}

/* The first piece where it lies, and two more behind it */
static void assert_written(const struct super *s, uint8_t gso)
{
	const struct slice more[] = {{data + 1500, 1500}, {data + 3000, 1000}};
	struct super first = super_piece(s, 1500, 0);
	struct port_frame f = {.bytes = bytes, .offload = &o};
	struct virtio_net_hdr h;
	size_t len = super_write(s, again);

	f.len = super_write(&first, bytes);
	assert_true(offload_derive(bytes, f.len, &o));
	o.piece_len = 1500;
	o.data_len = DATA_BYTES;
	o.more = more;
	o.more_count = 2;
	assert_int_equal(tap_device_write(&device, &f), 0);
	assert_int_equal(read(kernel, slots, sizeof(slots)), (ssize_t)(sizeof(h) + len));
	memcpy(&h, slots, sizeof(h));
	assert_int_equal(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(h.gso_type, gso);
	assert_int_equal(h.gso_size, 1500);
	assert_int_equal(h.hdr_len, len - DATA_BYTES);
	assert_int_equal(h.csum_start + h.csum_offset, o.checksum_at);
	memcpy(again + o.checksum_at, slots + sizeof(h) + o.checksum_at, 2);
	assert_memory_equal(slots + sizeof(h), again, len);
}

static void what_was_put_together_is_handed_over_as_one(void **state)
{
	struct super s = TCP4;

	(void)state;
	assert_written(&TCP4, VIRTIO_NET_HDR_GSO_TCPV4);
	s.is_ipv6 = true;
	assert_written(&s, VIRTIO_NET_HDR_GSO_TCPV6);
	assert_written(&UDP6, VIRTIO_NET_HDR_GSO_UDP_L4);
	s = UDP6;
	s.is_ipv6 = false;
	assert_written(&s, VIRTIO_NET_HDR_GSO_UDP_L4);
}

static void what_is_finished_is_handed_over_as_it_is(void **state)
{
	const struct virtio_net_hdr none = {.flags = 0};
	struct port_frame f = {.bytes = bytes, .len = super_write(&TCP4, bytes)};

	(void)state;
	assert_int_equal(tap_device_write(&device, &f), 0);
	assert_int_equal(read(kernel, slots, sizeof(slots)), (ssize_t)(sizeof(none) + f.len));
	assert_memory_equal(slots, &none, sizeof(none));
	assert_memory_equal(slots + sizeof(none), bytes, f.len);
	device.has_offload = false;
	assert_int_equal(tap_device_write(&device, &f), 0);
	assert_int_equal(read(kernel, slots, sizeof(slots)), (ssize_t)f.len);
}

#define with_device(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_device(what_is_finished_has_nothing_left),
		with_device(an_unfinished_checksum_stays_so),
		with_device(a_super_frame_has_pieces_of_the_size_that_is_said),
		with_device(a_super_frame_whose_checksum_was_verified_is_cut_all_the_same),
		with_device(a_checksum_elsewhere_is_finished_at_once),
		with_device(none_is_finished_as_zero),
		with_device(what_contradicts_itself_is_refused),
		with_device(what_was_put_together_is_handed_over_as_one),
		with_device(what_is_finished_is_handed_over_as_it_is),
	};

	return cmocka_run_group_tests_name("tap_frames", tests, NULL, NULL);
}
