/*
 * udp_linux.c - see udp.h
 */
#include "udp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

enum {
	CONTROL_BYTES = CMSG_SPACE(sizeof(struct in_pktinfo)),
	/* struct sock_extended_err and the address of who complained */
	ERROR_CONTROL_BYTES =
		CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)),
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

static uint32_t interface_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct in_pktinfo info;

		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		return (uint32_t)info.ipi_ifindex;
	}
	return 0;
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
	struct mmsghdr messages[UDP_BATCH];
	struct iovec slots[UDP_BATCH];
	union source sources[UDP_BATCH];
	union control controls[UDP_BATCH];
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
			.interface = interface_of(&messages[i].msg_hdr),
			.is_cut = messages[i].msg_hdr.msg_flags & MSG_TRUNC,
		};
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

/* Return: how many of the first went, or a negative errno that the first one itself met. */
static int send_some(int fd, struct mmsghdr *messages, size_t count)
{
	int sent = sendmmsg(fd, messages, (unsigned)count, MSG_DONTWAIT);

	/* An earlier datagram's ICMP error is returned once, by whatever call comes next. A buffer that is
	 * full is full the second time too. */
	if (sent < 0 && errno != EAGAIN && errno != ENOBUFS)
		sent = sendmmsg(fd, messages, (unsigned)count, MSG_DONTWAIT);
	if (sent < 0)
		return -errno;
	return sent > 0 ? sent : -EIO;
}

void udp_send(int fd, const struct udp_to_send *list, size_t count, udp_refused on_refused,
	      void *context)
{
	struct mmsghdr messages[UDP_BATCH];
	struct iovec parts[UDP_BATCH];

	for (size_t i = 0; i < count; i++) {
		parts[i] = (struct iovec){(void *)(uintptr_t)list[i].bytes, list[i].len};
		messages[i].msg_hdr = (struct msghdr){.msg_name = (void *)(uintptr_t)list[i].to,
						      .msg_namelen = list[i].to_len,
						      .msg_iov = &parts[i],
						      .msg_iovlen = 1};
	}
	for (size_t done = 0; done < count;) {
		int sent = send_some(fd, messages + done, count - done);

		if (sent < 0)
			on_refused(context, done, -sent);
		done += sent < 0 ? 1 : (size_t)sent;
	}
}
