/*
 * udp_linux.c - sockets, and what comes in; see udp.h
 */
#include "udp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "common/attributes.h"

enum {
	CONTROL_BYTES = CMSG_SPACE(sizeof(struct in6_pktinfo)), /* or the shorter one of IPv4 */
	/* struct sock_extended_err and the address of who complained, and what udp_want_local() asked for */
	ERROR_CONTROL_BYTES =
		CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)) +
		CONTROL_BYTES,
};

union source {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

union control {
	struct cmsghdr align;
	uint8_t bytes[CONTROL_BYTES];
};

static void enlarge_one(int fd, int forced, int polite)
{
	int bytes = UDP_BUFFER_BYTES;

	/* The first exceeds the system's limit, and needs CAP_NET_ADMIN. */
	if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, polite, &bytes, sizeof(bytes));
}

void udp_enlarge(int fd)
{
	enlarge_one(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	enlarge_one(fd, SO_SNDBUFFORCE, SO_SNDBUF);
}

/* Asked for when somebody wants to know: a control message with every datagram would cost more. */
uint32_t udp_lost(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}

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

/* Where it came to: ip(7), ipv6(7) */
static void take_info(struct msghdr *m, struct udp_received *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			take_ipv4_info(c, out);
		else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			take_ipv6_info(c, out);
	}
}

int udp_want_local(int fd, int family)
{
	int on = 1;

	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

static void lay_out(const struct udp_area *area, struct mmsghdr *messages, struct iovec *slots,
		    union source *sources, union control *controls)
{
	for (size_t i = 0; i < UDP_BATCH; i++) {
		slots[i] = (struct iovec){area->bytes + i * area->slot_bytes, area->slot_bytes};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &sources[i],
						      .msg_namelen = sizeof(sources[i]),
						      .msg_iov = &slots[i],
						      .msg_iovlen = 1,
						      .msg_control = &controls[i],
						      .msg_controllen = sizeof(controls[i])};
	}
}

int udp_receive(int fd, const struct udp_area *area, struct udp_received out[UDP_BATCH])
{
	UNINITIALIZED struct mmsghdr messages[UDP_BATCH];
	UNINITIALIZED struct iovec slots[UDP_BATCH];
	UNINITIALIZED union source sources[UDP_BATCH];
	UNINITIALIZED union control controls[UDP_BATCH];
	int count;

	lay_out(area, messages, slots, sources, controls);
	do {
		count = recvmmsg(fd, messages, UDP_BATCH, MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		out[i] = (struct udp_received){
			.bytes = slots[i].iov_base,
			.len = messages[i].msg_len,
			.from = addr_from_sockaddr(&sources[i].any),
			.is_cut = messages[i].msg_hdr.msg_flags & MSG_TRUNC,
		};
		take_info(&messages[i].msg_hdr, &out[i]);
	}
	return count;
}

int udp_want_errors(int fd, int family)
{
	int on = 1;

	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

/* The errno that ICMP gave, or 0: what this host itself refuses the send call returned already. */
static int icmp_error(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct sock_extended_err e;

		if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
		    !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			continue;
		if (c->cmsg_len < CMSG_LEN(sizeof(e)))
			return 0; /* cut */
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		if (e.ee_origin == SO_EE_ORIGIN_ICMP || e.ee_origin == SO_EE_ORIGIN_ICMP6)
			return (int)e.ee_errno;
	}
	return 0;
}

size_t udp_read_errors(int fd, struct udp_error out[UDP_ERRORS_MAX])
{
	size_t count = 0;

	for (int i = 0; i < UDP_ERRORS_MAX; i++) {
		union {
			struct cmsghdr align;
			uint8_t bytes[ERROR_CONTROL_BYTES];
		} control;
		union source to = {.any.sa_family = AF_UNSPEC};
		struct msghdr m = {.msg_name = &to,
				   .msg_namelen = sizeof(to),
				   .msg_control = &control,
				   .msg_controllen = sizeof(control)};

		if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		out[count] = (struct udp_error){addr_from_sockaddr(&to.any), icmp_error(&m)};
		count += out[count].error != 0;
	}
	return count;
}
