/*
 * udp_receive_linux.c - datagrams in, in few calls; see udp.h
 *
 * Layer: agent (private).
 *
 * A receiver's slots each hold the longest run there is, so it has few of them. What a call may bring is bounded
 * as well, or others would wait: fewer slots are offered where messages are long.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/attributes.h"
#include "udp.h"

enum {
	CONTROL_BYTES = CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)),
	RUN_SLOT_BYTES = 65536, /* what a run is never longer than: UDP's length has 16 bits */
	SLOTS_LEAST = 2,        /* offered */
	SLOTS_MOST = 16,        /* and to short messages: all the memory that there is */
};
_Static_assert(SLOTS_LEAST *RUN_SLOT_BYTES <= (int)UDP_READ_BYTES, "the least is not too much");

union source {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

union control {
	struct cmsghdr align;
	uint8_t bytes[CONTROL_BYTES];
};

/* What recvmmsg(2) fills. */
struct slots {
	struct mmsghdr messages[UDP_BATCH];
	struct iovec parts[UDP_BATCH];
	union source sources[UDP_BATCH];
	union control controls[UDP_BATCH];
};

/* @offered: slots, at the next call; @used: at the last one */
struct udp_receiver {
	struct slots slots;
	struct udp_received out[UDP_BATCH];
	uint8_t *bytes;
	size_t offered, used;
};

/* ---- control messages ---- */

static void take_ipv4_info(const struct cmsghdr *c, struct udp_received *out)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof(info));
	out->interface = (uint32_t)info.ipi_ifindex;
	out->local = addr_from_ipv4(ntohl(info.ipi_spec_dst.s_addr), 0);
}

static void take_ipv6_info(const struct cmsghdr *c, struct udp_received *out)
{
	struct in6_pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof(info));
	out->interface = info.ipi6_ifindex;
	memcpy(out->local.ip, &info.ipi6_addr, sizeof(out->local.ip));
	if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
		out->local.scope = info.ipi6_ifindex;
}

static void take_each(const struct cmsghdr *c, struct udp_received *out)
{
	int each;

	memcpy(&each, CMSG_DATA(c), sizeof(each));
	if (each > 0)
		out->each = (size_t)each;
}

/* Where it came to: ip(7), ipv6(7); and of what it is made: udp(7) */
static void take_info(struct msghdr *m, struct udp_received *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			take_ipv4_info(c, out);
		else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			take_ipv6_info(c, out);
		else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			take_each(c, out);
	}
}

/* ---- slots ---- */

/* For the kernel to fill: it changed the lengths when it last did. */
static void make_ready(struct slots *s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct msghdr *m = &s->messages[i].msg_hdr;

		m->msg_namelen = sizeof(s->sources[i]);
		m->msg_controllen = sizeof(s->controls[i]);
	}
}

static void lay_out(struct slots *s, const struct udp_area *area, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		s->parts[i] = (struct iovec){area->bytes + i * area->slot_bytes, area->slot_bytes};
		s->messages[i].msg_hdr = (struct msghdr){.msg_name = &s->sources[i],
							 .msg_iov = &s->parts[i],
							 .msg_iovlen = 1,
							 .msg_control = &s->controls[i]};
	}
	make_ready(s, count);
}

static void take(struct slots *s, size_t i, struct udp_received *out)
{
	struct mmsghdr *m = &s->messages[i];

	*out = (struct udp_received){
		.bytes = s->parts[i].iov_base,
		.len = m->msg_len,
		.each = m->msg_len,
		.from = addr_from_sockaddr(&s->sources[i].any),
		.is_cut = m->msg_hdr.msg_flags & MSG_TRUNC,
	};
	take_info(&m->msg_hdr, out);
}

/* As recvmmsg(2) with one, which costs the kernel less. */
static int receive_message(int fd, struct mmsghdr *m)
{
	ssize_t len = recvmsg(fd, &m->msg_hdr, MSG_DONTWAIT);

	m->msg_len = len < 0 ? 0 : (unsigned)len;
	return len < 0 ? -1 : 1;
}

/* Return: how many of @out are filled, or a negative errno. */
static int receive(int fd, struct slots *s, size_t offered, struct udp_received *out)
{
	int count;

	do {
		count = offered == 1
				? receive_message(fd, &s->messages[0])
				: recvmmsg(fd, s->messages, (unsigned)offered, MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (int i = 0; i < count; i++)
		take(s, (size_t)i, &out[i]);
	return count;
}

/* @used: how many of them the last call changed */
struct udp_slots {
	struct slots slots;
	size_t used;
};

struct udp_slots *udp_slots_new(const struct udp_area *area)
{
	struct udp_slots *s = calloc(1, sizeof(*s));

	if (s)
		lay_out(&s->slots, area, UDP_BATCH);
	return s;
}

int udp_receive(int fd, const struct udp_area *area, struct udp_received out[UDP_BATCH])
{
	UNINITIALIZED struct slots slots;
	int count;

	if (!area->slots) {
		lay_out(&slots, area, UDP_BATCH);
		return receive(fd, &slots, UDP_BATCH, out);
	}
	make_ready(&area->slots->slots, area->slots->used);
	count = receive(fd, &area->slots->slots, UDP_BATCH, out);
	area->slots->used = count > 0 ? (size_t)count : 0;
	return count;
}

/* ---- a receiver ---- */

int udp_receiver_new(struct udp_receiver **out)
{
	struct udp_receiver *r = calloc(1, sizeof(*r));
	size_t len = (size_t)SLOTS_MOST * RUN_SLOT_BYTES;
	void *bytes =
		r ? mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
		  : MAP_FAILED;

	if (bytes == MAP_FAILED) {
		free(r);
		return -ENOMEM;
	}
	madvise(bytes, len, MADV_NOHUGEPAGE); /* which would be memory at once */
	r->bytes = bytes;
	r->offered = SLOTS_MOST;
	lay_out(&r->slots, &(struct udp_area){.bytes = r->bytes, .slot_bytes = RUN_SLOT_BYTES},
		SLOTS_MOST);
	*out = r;
	return 0;
}

void udp_receiver_free(struct udp_receiver *r)
{
	if (!r)
		return;
	munmap(r->bytes, (size_t)SLOTS_MOST * RUN_SLOT_BYTES);
	free(r);
}

size_t udp_slots_to_offer(size_t count, size_t bytes)
{
	size_t fit = bytes ? UDP_READ_BYTES * count / bytes : SLOTS_MOST;

	if (fit < SLOTS_LEAST)
		return SLOTS_LEAST;
	return fit < SLOTS_MOST ? fit : SLOTS_MOST;
}

int udp_receiver_read(struct udp_receiver *r, int fd, size_t most, const struct udp_received **out)
{
	size_t bytes = 0;
	int count;

	make_ready(&r->slots, r->used);
	r->used = 0;
	count = receive(fd, &r->slots, most < r->offered ? most : r->offered, r->out);
	if (count <= 0)
		return count;
	for (int i = 0; i < count; i++)
		bytes += r->out[i].len;
	r->used = (size_t)count;
	r->offered = udp_slots_to_offer(r->used, bytes);
	*out = r->out;
	return count;
}
