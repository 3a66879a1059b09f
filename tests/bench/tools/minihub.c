/*
 * minihub.c - the least that joins QEMU's hubs of two hosts, in clear: an upper bound
 *
 *   minihub LOCALIP REMOTEIP [REST_US]
 *
 * What it reads from the hub leaves in runs of equal size (UDP_SEGMENT), comes in merged (UDP_GRO), and goes to
 * the far hub the same way. REST_US: it sleeps so long after each look, as one that moderates interrupts.
 *
 * Not a product: no cipher, no switch, one peer, no pacing, and no fragments: the wire needs an MTU of 1600.
 * How it talks to the kernel is part of the measurement: do not improve it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif

enum {
	BATCH = 64, /* frames read at once */
	FRAME_ROOM = 2048,
	RECEIVES = 8, /* runs read at once */
	RUN_BYTES = 65536,
	RUN_FULL = 63000,
	RUN_MAX = 42, /* frames of one */
	SOCKET_BYTES = 4 << 20,
	HUB_PORT = 33000,
	WIRE_PORT = 33100,
	NS_PER_US = 1000,
};

static const char GROUP[] = "230.0.0.1", LOOPBACK[] = "127.0.0.1", OWN[] = "127.66.1.1";

static int hub, inject, wire;
static uint8_t frames[BATCH][FRAME_ROOM], runs[RECEIVES][RUN_BYTES];

static void check(int rc, const char *what)
{
	if (rc >= 0)
		return;
	perror(what);
	exit(1);
}

/* ---- sockets ---- */

static struct in_addr address(const char *text)
{
	struct in_addr found;

	if (inet_pton(AF_INET, text, &found) == 1)
		return found;
	fprintf(stderr, "minihub: %s: not an IPv4 address\n", text);
	exit(1);
}

static struct sockaddr_in at(const char *text, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address(text)};
}

static void set(int fd, int level, int option, int value)
{
	check(setsockopt(fd, level, option, &value, sizeof(value)), "setsockopt");
}

static int open_socket(const char *ip, uint16_t port)
{
	struct sockaddr_in own = at(ip, port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	check(fd, "socket");
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	check(bind(fd, (struct sockaddr *)&own, sizeof(own)), ip);
	return fd;
}

static void connect_to(int fd, const char *ip, uint16_t port)
{
	struct sockaddr_in peer = at(ip, port);

	check(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), ip);
}

/* What is injected comes from an address that the reader blocks. */
static void open_hub(void)
{
	const struct ip_mreq_source own = {.imr_multiaddr = address(GROUP),
					   .imr_interface = address(LOOPBACK),
					   .imr_sourceaddr = address(OWN)};
	const struct ip_mreq group = {.imr_multiaddr = own.imr_multiaddr,
				      .imr_interface = own.imr_interface};

	hub = open_socket(GROUP, HUB_PORT);
	check(setsockopt(hub, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)), GROUP);
	check(setsockopt(hub, IPPROTO_IP, IP_BLOCK_SOURCE, &own, sizeof(own)), OWN);
	set(hub, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BYTES);
	inject = open_socket(OWN, 0);
	check(setsockopt(inject, IPPROTO_IP, IP_MULTICAST_IF, &group.imr_interface,
			 sizeof(group.imr_interface)),
	      LOOPBACK);
	connect_to(inject, GROUP, HUB_PORT);
}

static void open_wire(const char *local, const char *remote)
{
	wire = open_socket(local, WIRE_PORT);
	connect_to(wire, remote, WIRE_PORT);
	set(wire, IPPROTO_UDP, UDP_GRO, 1);
	set(wire, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BYTES);
}

/* ---- frames ---- */

/* Nobody there yet, or no room for more: then it is lost. */
static void send_run(int fd, struct iovec *parts, size_t count, uint16_t size)
{
	uint8_t control[CMSG_SPACE(sizeof(size))] = {0};
	struct msghdr m = {.msg_iov = parts,
			   .msg_iovlen = count,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct cmsghdr *segment = CMSG_FIRSTHDR(&m);

	segment->cmsg_level = SOL_UDP;
	segment->cmsg_type = UDP_SEGMENT;
	segment->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(segment), &size, sizeof(size));
	if (sendmsg(fd, &m, MSG_DONTWAIT) < 0 && errno != ECONNREFUSED && errno != EAGAIN)
		check(-1, "send");
}

/* From @parts on: equal ones, and a last one that may be shorter. Return: how many */
static size_t run_of(const struct iovec *parts, size_t count)
{
	size_t size = parts->iov_len, n = 1;

	while (n < count && n < RUN_MAX && (n + 1) * size <= RUN_FULL && parts[n].iov_len <= size)
		if (parts[n++].iov_len < size)
			break;
	return n;
}

static void from_hub(void)
{
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];
	int count;

	for (size_t i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){frames[i], FRAME_ROOM};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	count = recvmmsg(hub, messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++)
		parts[i].iov_len = messages[i].msg_len;
	for (size_t i = 0, n; count > 0 && i < (size_t)count; i += n) {
		n = run_of(&parts[i], (size_t)count - i);
		send_run(wire, &parts[i], n, (uint16_t)parts[i].iov_len);
	}
}

static uint16_t size_in(struct msghdr *m, size_t whole)
{
	int size = (int)whole;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&size, CMSG_DATA(c), sizeof(size));
	return (uint16_t)size;
}

static void from_wire(void)
{
	uint8_t control[RECEIVES][CMSG_SPACE(sizeof(int))];
	struct mmsghdr messages[RECEIVES] = {0};
	struct iovec parts[RECEIVES];
	int count;

	for (size_t i = 0; i < RECEIVES; i++) {
		parts[i] = (struct iovec){runs[i], RUN_BYTES};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i],
						      .msg_iovlen = 1,
						      .msg_control = control[i],
						      .msg_controllen = sizeof(control[i])};
	}
	count = recvmmsg(wire, messages, RECEIVES, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		parts[i].iov_len = messages[i].msg_len;
		send_run(inject, &parts[i], 1, size_in(&messages[i].msg_hdr, messages[i].msg_len));
	}
}

int main(int argc, char **argv)
{
	struct timespec rest = {0};
	struct pollfd ends[2];

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: minihub LOCALIP REMOTEIP [REST_US]\n");
		return 2;
	}
	if (argc == 4)
		rest.tv_nsec = strtol(argv[3], NULL, 10) * NS_PER_US;
	open_hub();
	open_wire(argv[1], argv[2]);
	ends[0] = (struct pollfd){.fd = hub, .events = POLLIN};
	ends[1] = (struct pollfd){.fd = wire, .events = POLLIN};
	for (;;) {
		check(poll(ends, 2, -1), "poll");
		from_hub();
		from_wire();
		if (rest.tv_nsec)
			nanosleep(&rest, NULL);
	}
}
