/*
 * tap_frames_linux.c - frames of a TAP, with what is left to be done for them: see tap_device.h
 *
 * Layer: agent (ports). The kernel puts a header before each frame that says so: linux/virtio_net.h, as
 * OASIS virtio 1.2, 5.1.6 has it. Only that of which we find the same in the frame itself goes on as it is; what is
 * summed up elsewhere, within some other tunnel, is finished here.
 */
#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>

#include "common/checksum.h"
#include "common/cursor.h"
#include "tap_device.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* Linux 6.2; headers may be older than the kernel */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/* ---- in ---- */

/* Never as 0, as the kernel does it: in UDP that is none, and in TCP 65,535 is the same. Return: false where the
 * header contradicts the frame */
static bool finish(uint8_t *frame, size_t len, const struct virtio_net_hdr *h)
{
	size_t at = (size_t)h->csum_start + h->csum_offset;
	uint16_t checksum;

	if (at + sizeof(uint16_t) > len)
		return false;
	checksum = checksum_finish(checksum_sum(frame + h->csum_start, len - h->csum_start));
	poke_u16(frame + at, checksum ? checksum : UINT16_MAX);
	return true;
}

/* Of a super-frame whose checksums a card found right nothing is said: its pieces need theirs all the same. */
static bool is_derived(const struct offload *o, const struct virtio_net_hdr *h)
{
	return !(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
	       (h->csum_start == o->upper_at && h->csum_start + h->csum_offset == o->checksum_at);
}

static int take_header(uint8_t *frame, struct port_frame *f, struct offload *o,
		       const struct virtio_net_hdr *h)
{
	if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE && !(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (offload_derive(frame, f->len, o) && is_derived(o, h)) {
		if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
			o->piece_len = h->gso_size;
		f->offload = o;
		return 0;
	}
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE || !finish(frame, f->len, h))
		return -EBADMSG;
	return 0;
}

int tap_device_read(struct tap_device *d, const struct udp_area *area, struct port_frame *out,
		    struct offload *o)
{
	struct virtio_net_hdr h = {.flags = 0};
	struct iovec *parts = d->parts;
	size_t head = d->has_offload ? sizeof(h) : 0;
	ssize_t len;

	parts[0] = (struct iovec){&h, sizeof(h)};
	parts[1] = (struct iovec){area->bytes, UDP_BATCH * area->slot_bytes};
	len = d->has_offload ? readv(d->fd, parts, 2) : read(d->fd, area->bytes, area->slot_bytes);
	if (len < 0)
		return -errno;
	if ((size_t)len <= head)
		return -EBADMSG;
	*out = (struct port_frame){.bytes = area->bytes, .len = (size_t)len - head};
	return head ? take_header(area->bytes, out, o, &h) : 0;
}

/* ---- out ---- */

static uint8_t gso_type(const struct offload *o)
{
	if (offload_count(o) == 1)
		return VIRTIO_NET_HDR_GSO_NONE;
	if (o->is_udp)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	return o->is_ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
}

static struct virtio_net_hdr header_for(const struct offload *o)
{
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = gso_type(o),
		.hdr_len = o->headers_len,
		.gso_size = offload_count(o) == 1 ? 0 : o->piece_len,
		.csum_start = o->upper_at,
		.csum_offset = (uint16_t)(o->checksum_at - o->upper_at),
	};
}

static int write_parts(const struct tap_device *d, size_t count)
{
	return writev(d->fd, d->parts, (int)count) < 0 ? -errno : 0;
}

/* Its headers anew, and the data from where it is. */
static int write_whole(struct tap_device *d, const struct port_frame *f)
{
	const struct offload *o = f->offload;
	struct virtio_net_hdr h = header_for(o);
	uint8_t headers[OFFLOAD_HEADERS_MAX];

	offload_whole(f->bytes, o, headers);
	d->parts[0] = (struct iovec){&h, sizeof(h)};
	d->parts[1] = (struct iovec){headers, o->headers_len};
	d->parts[2] = (struct iovec){(void *)(uintptr_t)(f->bytes + o->headers_len),
				     f->len - o->headers_len};
	for (size_t i = 0; i < o->more_count; i++)
		d->parts[3 + i] =
			(struct iovec){(void *)(uintptr_t)o->more[i].bytes, o->more[i].len};
	return write_parts(d, 3 + o->more_count);
}

int tap_device_write(struct tap_device *d, const struct port_frame *f)
{
	struct virtio_net_hdr h = {.flags = 0};
	struct iovec *parts = d->parts;

	if (f->offload)
		return write_whole(d, f);
	parts[0] = (struct iovec){&h, sizeof(h)};
	parts[1] = (struct iovec){(void *)(uintptr_t)f->bytes, f->len};
	if (d->has_offload)
		return write_parts(d, 2);
	return write(d->fd, f->bytes, f->len) < 0 ? -errno : 0;
}
