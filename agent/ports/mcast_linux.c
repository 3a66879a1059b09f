/*
 * mcast_linux.c - see mcast_socket.h
 */
#include "mcast_socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "udp.h"

enum {
	IPV4_AT = ADDR_IP_BYTES - 4,
	IPV4_SOURCE_AT = 12, /* in the header: RFC 791, 3.1 */
};

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int bind_to(int fd, const struct addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(a, false, &ss);

	return bind(fd, (struct sockaddr *)&ss, len) < 0 ? -errno : 0;
}

static int set_up_receiver(int fd, const struct addr *group, bool as_machines)
{
	int code = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1); /* as every machine on the hub does */

	if (code == 0)
		code = bind_to(fd, group);
	if (code == 0)
		code = set_int(fd, IPPROTO_IP, IP_MULTICAST_ALL, as_machines);
	if (code == 0)
		code = set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
	return code;
}

/* Return: @fd, or with a @code below 0 that, @fd closed. */
static int fd_or(int fd, int code)
{
	if (code == 0)
		return fd;
	close(fd);
	return code;
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	udp_enlarge(fd);
	return fd;
}

int mcast_open_receiver(const struct addr *group, bool as_machines)
{
	int fd = open_socket();

	return fd < 0 ? fd : fd_or(fd, set_up_receiver(fd, group, as_machines));
}

static int set_reach(int fd, enum mcast_reach reach)
{
	int code = set_int(fd, IPPROTO_IP, IP_MULTICAST_TTL, reach == MCAST_HOST ? 0 : 1);

	return code < 0 ? code : set_int(fd, IPPROTO_IP, IP_MULTICAST_LOOP, reach != MCAST_BEYOND);
}

static int set_up_sender(int fd, uint16_t *port)
{
	struct addr any = {.ip = {[10] = 0xff, [11] = 0xff}}; /* 0.0.0.0, any port */
	struct sockaddr_in bound;
	socklen_t len = sizeof(bound);
	int code = bind_to(fd, &any);

	if (code == 0)
		code = set_reach(fd, MCAST_HOST);
	if (code == 0 && getsockname(fd, (struct sockaddr *)&bound, &len) < 0)
		code = -errno;
	if (code == 0)
		*port = ntohs(bound.sin_port);
	return code;
}

int mcast_open_sender(uint16_t *port)
{
	int fd = open_socket();

	return fd < 0 ? fd : fd_or(fd, set_up_sender(fd, port));
}

int mcast_ignore(int fd, const struct addr *source, uint16_t port)
{
	enum {
		COMPARES_SOURCE = 3 /* which line of the program */
	};
	uint32_t from = 0;
	/* Offsets count from the UDP header, whose first field is the source port. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + IPV4_SOURCE_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (addr_is_ipv4(source)) {
		memcpy(&from, source->ip + IPV4_AT, sizeof(from));
		code[COMPARES_SOURCE].k = ntohl(from);
	} else {
		code[COMPARES_SOURCE].jf = 0;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	return 0;
}

static int change_membership(int fd, int option, const struct addr *group, uint32_t interface)
{
	struct ip_mreqn m = {.imr_ifindex = (int)interface};

	memcpy(&m.imr_multiaddr, group->ip + IPV4_AT, sizeof(m.imr_multiaddr));
	return setsockopt(fd, IPPROTO_IP, option, &m, sizeof(m)) < 0 ? -errno : 0;
}

int mcast_join(int fd, const struct addr *group, uint32_t interface)
{
	return change_membership(fd, IP_ADD_MEMBERSHIP, group, interface);
}

int mcast_leave(int fd, const struct addr *group, uint32_t interface)
{
	return change_membership(fd, IP_DROP_MEMBERSHIP, group, interface);
}

/* An option about one source of the group on an interface. */
static int of_source(int fd, int option, const struct addr *group, uint32_t interface,
		     const struct addr *source)
{
	struct group_source_req r = {.gsr_interface = interface};

	addr_to_sockaddr(group, false, &r.gsr_group);
	addr_to_sockaddr(source, false, &r.gsr_source);
	return setsockopt(fd, IPPROTO_IP, option, &r, sizeof(r)) < 0 ? -errno : 0;
}

bool mcast_can_send_from(const struct addr *source)
{
	int fd = open_socket(), code = fd < 0 ? fd : bind_to(fd, source);

	if (fd >= 0)
		close(fd);
	return code == 0;
}

int mcast_block(int fd, const struct addr *group, uint32_t interface, const struct addr *source)
{
	return of_source(fd, MCAST_BLOCK_SOURCE, group, interface, source);
}

int mcast_hold(const struct addr *group, uint32_t interface, const struct addr *source)
{
	int fd =
		socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* bound to nothing: hears nothing */

	return fd < 0 ? -errno
		      : fd_or(fd, of_source(fd, MCAST_JOIN_SOURCE_GROUP, group, interface, source));
}

int mcast_send_by(int fd, uint32_t interface, const struct addr *source, enum mcast_reach reach)
{
	struct ip_mreqn m = {.imr_ifindex = (int)interface};

	if (addr_is_ipv4(source))
		memcpy(&m.imr_address, source->ip + IPV4_AT, sizeof(m.imr_address));
	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof(m)) < 0)
		return -errno;
	return set_reach(fd, reach);
}
