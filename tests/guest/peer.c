/*
 * peer.c - the guests' test program: asks and answers broadcasts, listens
 *
 * Runs inside a test guest, statically linked. Five uses:
 *
 *	peer answer DEV		answer UDP and IPX broadcasts until killed
 *	peer ask-udp DEV SECONDS	broadcast a question over UDP, print who answers
 *	peer ask-ipx DEV SECONDS	the same over IPX: Ethernet II and raw 802.3 frames
 *	peer hear DEV SECONDS TEXT	wait for a frame with that text in it, whomever it is for
 *	peer flood DEV SECONDS MAC	send that machine as many full frames as go; print how many went
 *
 * IPX frames are written by hand to a packet socket, for Linux has no IPX any more. The two frame
 * types are those that old games use: 802.3 raw has a length where Ethernet II has its type.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	UDP_PORT = 4747,
	ETHERTYPE_IPX = 0x8137,
	IPX_HEADER_BYTES = 30,
	IPX_SOCKET = 0x4747, /* in the dynamic range; nothing else uses it here */
	IPX_TYPE_PACKET_EXCHANGE = 4,
	ETHER_HEADER_BYTES = 14,
	ETHER_MIN_BYTES = 60,
	ETHER_FULL_BYTES = 1514,
	ETHERTYPE_TEST = 0x88b6,
	TEXT_BYTES = 32,
	RESEND_MS = 500,
	FRAME_MAX_BYTES = 65536,
};

static const char question[] = "who is there?";
static const char answer[] = "I am here";

struct ipx_frame {
	uint8_t dst[6], src[6];
	uint16_t type_or_length;
	uint16_t checksum; /* always 0xffff */
	uint16_t length;
	uint8_t hops, type;
	uint8_t dst_net[4], dst_node[6];
	uint16_t dst_socket;
	uint8_t src_net[4], src_node[6];
	uint16_t src_socket;
	char text[TEXT_BYTES];
} __attribute__((packed));

_Static_assert(sizeof(struct ipx_frame) == ETHER_HEADER_BYTES + IPX_HEADER_BYTES + TEXT_BYTES,
	       "an IPX frame has no holes");

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int udp_open(uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		die("udp");
	return fd;
}

/* Opens a packet socket that hears every frame of @device; fills @mac with its address. */
static int packet_open(const char *device, uint8_t mac[6])
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(0x0003)};
	struct ifreq ifr = {0};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	ll.sll_ifindex = (int)if_nametoindex(device);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr) < 0 ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)) < 0)
		die("packet socket");
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	return fd;
}

/* Sends @text from @mac to @dst (6 bytes), as raw 802.3 or as Ethernet II. */
static void ipx_send(int fd, const uint8_t *mac, const uint8_t *dst, bool raw, const char *text)
{
	struct ipx_frame f = {
		.checksum = 0xffff,
		.length = htons(IPX_HEADER_BYTES + TEXT_BYTES),
		.type = IPX_TYPE_PACKET_EXCHANGE,
		.dst_socket = htons(IPX_SOCKET),
		.src_socket = htons(IPX_SOCKET),
	};

	_Static_assert(sizeof(f) >= ETHER_MIN_BYTES, "no padding needed");
	memcpy(f.dst, dst, 6);
	memcpy(f.dst_node, dst, 6);
	memcpy(f.src, mac, 6);
	memcpy(f.src_node, mac, 6);
	f.type_or_length = raw ? f.length : htons(ETHERTYPE_IPX);
	snprintf(f.text, sizeof(f.text), "%s", text);
	if (send(fd, &f, sizeof(f), 0) < 0 && errno != ENOBUFS)
		die("send");
}

/* Reads a frame; true if it is our kind of IPX, says @text and came from somebody else. */
static bool ipx_receive(int fd, struct ipx_frame *f, bool *raw, const char *text)
{
	struct sockaddr_ll from;
	socklen_t from_size = sizeof(from);
	ssize_t n = recvfrom(fd, f, sizeof(*f), 0, (struct sockaddr *)&from, &from_size);

	if (n != (ssize_t)sizeof(*f) || from.sll_pkttype == PACKET_OUTGOING)
		return false;
	*raw = f->type_or_length == htons(IPX_HEADER_BYTES + TEXT_BYTES);
	return (*raw || f->type_or_length == htons(ETHERTYPE_IPX)) && f->checksum == 0xffff &&
	       f->dst_socket == htons(IPX_SOCKET) && strncmp(f->text, text, TEXT_BYTES) == 0;
}

static void answer_udp(int fd)
{
	struct sockaddr_in from;
	socklen_t from_size = sizeof(from);
	char text[TEXT_BYTES + 1];
	ssize_t n = recvfrom(fd, text, TEXT_BYTES, 0, (struct sockaddr *)&from, &from_size);

	if (n == (ssize_t)sizeof(question) && memcmp(text, question, sizeof(question)) == 0)
		sendto(fd, answer, sizeof(answer), 0, (struct sockaddr *)&from, from_size);
}

/* The hub gives a guest its own broadcasts back: whoever asked does not answer itself. */
static void answer_ipx(int fd, const uint8_t *mac)
{
	struct ipx_frame f;
	bool raw;

	if (ipx_receive(fd, &f, &raw, question) && memcmp(f.src, mac, 6) != 0)
		ipx_send(fd, mac, f.src, raw, answer);
}

static void answer_forever(const char *device)
{
	uint8_t mac[6];
	struct pollfd p[] = {
		{.fd = udp_open(UDP_PORT), .events = POLLIN},
		{.fd = packet_open(device, mac), .events = POLLIN},
	};

	for (;;) {
		if (poll(p, 2, -1) < 0)
			die("poll");
		if (p[0].revents)
			answer_udp(p[0].fd);
		if (p[1].revents)
			answer_ipx(p[1].fd, mac);
	}
}

static void udp_ask(int fd)
{
	struct sockaddr_in all = {
		.sin_family = AF_INET,
		.sin_port = htons(UDP_PORT),
		.sin_addr.s_addr = htonl(INADDR_BROADCAST),
	};

	if (sendto(fd, question, sizeof(question), 0, (struct sockaddr *)&all, sizeof(all)) < 0)
		die("sendto");
}

/* The IPv4 address of @device. */
static struct in_addr own_address(int fd, const char *device)
{
	struct ifreq ifr = {0};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	if (ioctl(fd, SIOCGIFADDR, &ifr) < 0)
		die("own address");
	return ((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr;
}

/* Prints the address of one answer; our own is none: Linux gives us our broadcasts, too. */
static void udp_print(int fd, struct in_addr own)
{
	struct sockaddr_in from;
	socklen_t from_size = sizeof(from);
	char text[TEXT_BYTES];
	ssize_t n = recvfrom(fd, text, sizeof(text), 0, (struct sockaddr *)&from, &from_size);

	if (n == (ssize_t)sizeof(answer) && memcmp(text, answer, sizeof(answer)) == 0 &&
	    from.sin_addr.s_addr != own.s_addr)
		printf("answer udp %s\n", inet_ntoa(from.sin_addr));
}

static void ipx_ask(int fd, const uint8_t *mac)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	ipx_send(fd, mac, all, false, question);
	ipx_send(fd, mac, all, true, question);
}

static void ipx_print(int fd)
{
	struct ipx_frame f;
	bool raw;

	if (!ipx_receive(fd, &f, &raw, answer))
		return;
	printf("answer %s %02x:%02x:%02x:%02x:%02x:%02x\n", raw ? "ipx-802.3" : "ipx-ethernet-ii",
	       f.src[0], f.src[1], f.src[2], f.src[3], f.src[4], f.src[5]);
}

/* Asks every half second for @seconds and prints each answer as it comes. */
static void ask_udp(const char *device, int seconds)
{
	time_t end = time(NULL) + seconds;
	struct pollfd p = {.fd = udp_open(0), .events = POLLIN};
	struct in_addr own = own_address(p.fd, device);

	while (time(NULL) < end) {
		udp_ask(p.fd);
		while (time(NULL) < end && poll(&p, 1, RESEND_MS) > 0)
			udp_print(p.fd, own);
	}
}

/* The same over IPX, in both frame types. */
static void ask_ipx(const char *device, int seconds)
{
	uint8_t mac[6];
	time_t end = time(NULL) + seconds;
	struct pollfd p = {.fd = packet_open(device, mac), .events = POLLIN};

	while (time(NULL) < end) {
		ipx_ask(p.fd, mac);
		while (time(NULL) < end && poll(&p, 1, RESEND_MS) > 0)
			ipx_print(p.fd);
	}
}

/* The card would give us only what is for this machine. */
static void hear_all(int fd, const char *device)
{
	struct packet_mreq all = {.mr_type = PACKET_MR_PROMISC,
				  .mr_ifindex = (int)if_nametoindex(device)};

	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) < 0)
		die("promiscuous");
}

static bool receive_text(int fd, const char *text)
{
	uint8_t frame[FRAME_MAX_BYTES];
	ssize_t n = recv(fd, frame, sizeof(frame), 0);

	return n > 0 && memmem(frame, (size_t)n, text, strlen(text));
}

/* Says when it listens. Return: the exit status, 0 if it was heard. */
static int hear(const char *device, int seconds, const char *text)
{
	uint8_t mac[6];
	time_t end = time(NULL) + seconds;
	struct pollfd p = {.fd = packet_open(device, mac), .events = POLLIN};

	hear_all(p.fd, device);
	printf("listening\n");
	fflush(stdout);
	while (time(NULL) < end) {
		if (poll(&p, 1, RESEND_MS) > 0 && receive_text(p.fd, text))
			return 0;
	}
	return 1;
}

static void read_mac(const char *text, uint8_t mac[6])
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != 6)
		die(text);
}

/* Whether anybody reads them or not: send() waits for the card only. */
static void flood(const char *device, int seconds, const char *target)
{
	uint8_t frame[ETHER_FULL_BYTES] = {0};
	int fd = packet_open(device, frame + 6);
	time_t end = time(NULL) + seconds;
	unsigned long sent = 0;

	read_mac(target, frame);
	frame[12] = ETHERTYPE_TEST >> 8;
	frame[13] = ETHERTYPE_TEST & 0xff;
	while (time(NULL) < end)
		sent += send(fd, frame, sizeof(frame), 0) == (ssize_t)sizeof(frame);
	printf("%lu\n", sent);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "answer") == 0)
		answer_forever(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "ask-udp") == 0)
		ask_udp(argv[2], atoi(argv[3]));
	else if (argc == 4 && strcmp(argv[1], "ask-ipx") == 0)
		ask_ipx(argv[2], atoi(argv[3]));
	else if (argc == 5 && strcmp(argv[1], "hear") == 0)
		return hear(argv[2], atoi(argv[3]), argv[4]);
	else if (argc == 5 && strcmp(argv[1], "flood") == 0)
		flood(argv[2], atoi(argv[3]), argv[4]);
	else {
		fprintf(stderr, "usage: peer answer DEV | ask-udp DEV SECONDS | "
				"ask-ipx DEV SECONDS | hear DEV SECONDS TEXT | "
				"flood DEV SECONDS MAC\n");
		return 2;
	}
	return 0;
}
