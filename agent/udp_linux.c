/*
 * udp_linux.c - what sockets are asked for, and what went wrong; see udp.h
 */
#include "udp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

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

unsigned udp_filled(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0 || info[SK_MEMINFO_RCVBUF] == 0)
		return 0;
	return (unsigned)((uint64_t)info[SK_MEMINFO_RMEM_ALLOC] * UDP_FULL /
			  info[SK_MEMINFO_RCVBUF]);
}

int udp_want_local(int fd, int family)
{
	int on = 1;

	if (family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

int udp_want_runs(int fd, bool on)
{
	int value = on;

	return setsockopt(fd, SOL_UDP, UDP_GRO, &value, sizeof(value));
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
