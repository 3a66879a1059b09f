/*
 * hubs.h - what the test programs of machines on a hub share
 *
 * Each machine is a socket such as QEMU opens (see machine.py).
 */
#ifndef TESTS_NET_HUBS_H
#define TESTS_NET_HUBS_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define HUB_GROUP "230.0.0.1"

enum {
	HUB_PORT = 33000,
	HUB_BUFFER_BYTES = 8 << 20, /* so that only the agent can lose frames */
	HUB_MAC_BYTES = 6,
	HUB_BATCH = 64,
	HUB_SLOT_BYTES = 33 * 64, /* an odd number of cache lines: slots share no set of a cache */
	ETHERTYPE_TEST = 0x88b6,  /* IEEE 802 local experimental 2 */
};

#define HUB_NS_PER_S  UINT64_C(1000000000)
#define HUB_NS_PER_MS UINT64_C(1000000)

/* What every frame of the attacker ends with: this, and one byte that says what it is. */
static const uint8_t HUB_ATTACK_MARK[4] = {'L', 'W', 'A', 'T'};

static inline void hub_die(const char *what)
{
	perror(what);
	exit(1);
}

static inline uint64_t hub_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * HUB_NS_PER_S + (uint64_t)t.tv_nsec;
}

static inline void hub_set(int fd, int level, int name, const void *value, socklen_t size)
{
	if (setsockopt(fd, level, name, value, size) < 0)
		hub_die("setsockopt");
}

static inline struct sockaddr_in hub_address(void)
{
	struct sockaddr_in hub = {.sin_family = AF_INET, .sin_port = htons(HUB_PORT)};

	inet_pton(AF_INET, HUB_GROUP, &hub.sin_addr);
	return hub;
}

/* The socket of one QEMU machine with localaddr=127.0.0.1; connected to the hub for sending. */
static inline int hub_machine(const struct sockaddr_in *hub)
{
	struct in_addr lo = {htonl(INADDR_LOOPBACK)};
	struct ip_mreq member = {.imr_multiaddr = hub->sin_addr, .imr_interface = lo};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1, size = HUB_BUFFER_BYTES;

	if (fd < 0)
		hub_die("socket");
	hub_set(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	hub_set(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	hub_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)hub, sizeof(*hub)) < 0)
		hub_die("bind");
	hub_set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof(member));
	hub_set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof(on));
	hub_set(fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo));
	return fd;
}

struct hub_frames {
	uint8_t bytes[HUB_BATCH][HUB_SLOT_BYTES];
	size_t len[HUB_BATCH];
	int count;
};

/* What the kernel had no room for since the socket was made, if it says so. */
static inline void hub_read_overflow(struct msghdr *h, uint32_t *overflow)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
			memcpy(overflow, CMSG_DATA(c), sizeof(*overflow));
}

/* Takes one batch; false if there was none. */
static inline bool hub_receive(int fd, struct hub_frames *out, uint32_t *overflow)
{
	static char control[HUB_BATCH][CMSG_SPACE(sizeof(uint32_t))];
	struct mmsghdr m[HUB_BATCH] = {0};
	struct iovec iov[HUB_BATCH];

	for (int i = 0; i < HUB_BATCH; i++) {
		iov[i] = (struct iovec){out->bytes[i], HUB_SLOT_BYTES};
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_control = control[i];
		m[i].msg_hdr.msg_controllen = sizeof(control[i]);
	}
	out->count = recvmmsg(fd, m, HUB_BATCH, 0, NULL);
	if (out->count < 0 && errno != EAGAIN && errno != EINTR)
		hub_die("recvmmsg");
	for (int i = 0; i < out->count; i++) {
		out->len[i] = m[i].msg_len;
		hub_read_overflow(&m[i].msg_hdr, overflow);
	}
	return out->count > 0;
}

/* Six bytes of a MAC in its usual text form. Return: false if it is none */
static inline bool hub_read_mac(const char *text, uint8_t mac[HUB_MAC_BYTES])
{
	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5]) == HUB_MAC_BYTES;
}

#endif
