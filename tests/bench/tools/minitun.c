/*
 * minitun.c - the least that moves Ethernet frames from TAP to UDP and back, encrypted: an upper bound
 *
 *   minitun -d TAP -l LOCALIP:PORT -r REMOTEIP:PORT -m frames|super
 *
 * frames  one read a frame; runs of equal-sized datagrams leave as one UDP_SEGMENT send, and come in with UDP_GRO
 * super   a TAP with vnet_hdr, TSO and USO: super-frames of 64 KiB, cut in chunks of one datagram each
 *
 * Not a product: one static key for all, no handshake, no replay window, one peer, one thread, AES-256-GCM
 * of libcrypto. A datagram: u64 counter, u16 index, u16 count (12 bytes: nonce and additional data),
 * ciphertext, 16-byte tag. How it talks to the kernel is part of the measurement: do not improve it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/udp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOL_UDP
#define SOL_UDP 17
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum {
	KEY_BYTES = 32,
	HEADER_BYTES = 12,
	TAG_BYTES = 16,
	CHUNK_BYTES = 1444, /* of a super-frame: makes a UDP payload of 1472 bytes */
	DATAGRAM_BYTES = HEADER_BYTES + CHUNK_BYTES + TAG_BYTES,
	BATCH = 32,   /* frames read at once */
	RUN_MAX = 44, /* datagrams of one UDP_SEGMENT send */
	RUN_BYTES = 65000,
	FRAME_ROOM = 2048,
	SUPER_READS = 8, /* super-frames at once */
	RECEIVES = 32,   /* receive calls at once */
	SOCKET_BYTES = 4 << 20,
	NOTHING_EXPECTED = ~0U,
};

static bool is_super;
static int tap, udp;
static uint64_t counter;
static EVP_CIPHER_CTX *sealing, *opening;

static uint8_t big[1 << 18], run[1 << 17], whole[1 << 17], frames[BATCH][FRAME_ROOM];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- the cipher ---- */

static void start_cipher(void)
{
	uint8_t key[KEY_BYTES];

	memset(key, 7, sizeof(key));
	sealing = EVP_CIPHER_CTX_new();
	opening = EVP_CIPHER_CTX_new();
	if (!EVP_EncryptInit_ex(sealing, EVP_aes_256_gcm(), NULL, key, NULL) ||
	    !EVP_DecryptInit_ex(opening, EVP_aes_256_gcm(), NULL, key, NULL))
		exit(1);
}

/* @datagram: header, then room for ciphertext and tag */
static void seal(uint8_t *datagram, const uint8_t *plain, size_t len)
{
	uint8_t *out = datagram + HEADER_BYTES;
	int n;

	if (!EVP_EncryptInit_ex(sealing, NULL, NULL, NULL, datagram) ||
	    !EVP_EncryptUpdate(sealing, NULL, &n, datagram, HEADER_BYTES) ||
	    !EVP_EncryptUpdate(sealing, out, &n, plain, (int)len) ||
	    !EVP_EncryptFinal_ex(sealing, out + n, &n) ||
	    !EVP_CIPHER_CTX_ctrl(sealing, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, out + len))
		exit(1);
}

static bool open_into(uint8_t *plain, uint8_t *datagram, size_t len)
{
	const uint8_t *in = datagram + HEADER_BYTES;
	uint8_t *tag = datagram + HEADER_BYTES + len;
	int n;

	return EVP_DecryptInit_ex(opening, NULL, NULL, NULL, datagram) &&
	       EVP_DecryptUpdate(opening, NULL, &n, datagram, HEADER_BYTES) &&
	       EVP_DecryptUpdate(opening, plain, &n, in, (int)len) &&
	       EVP_CIPHER_CTX_ctrl(opening, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) &&
	       EVP_DecryptFinal_ex(opening, plain + n, &n) > 0;
}

static void write_header(uint8_t *datagram, unsigned index, unsigned count)
{
	uint64_t c = counter++;

	memcpy(datagram, &c, sizeof(c));
	datagram[8] = (uint8_t)index;
	datagram[9] = (uint8_t)(index >> 8);
	datagram[10] = (uint8_t)count;
	datagram[11] = (uint8_t)(count >> 8);
}

/* ---- out ---- */

/* @segment: bytes of each datagram but the last; 0: it is one */
static void send_run(struct iovec *iov, size_t count, uint16_t segment)
{
	char control[CMSG_SPACE(sizeof(segment))] = {0};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = count};
	struct cmsghdr *c;

	if (segment) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(segment));
		memcpy(CMSG_DATA(c), &segment, sizeof(segment));
	}
	sendmsg(udp, &m, 0);
}

static void send_chunks(size_t len)
{
	unsigned count = (unsigned)((len + CHUNK_BYTES - 1) / CHUNK_BYTES), in_run = 0;
	uint8_t *out = run;

	for (unsigned i = 0; i < count; i++) {
		size_t at = (size_t)i * CHUNK_BYTES;
		size_t n = i == count - 1 ? len - at : CHUNK_BYTES;

		write_header(out, i, count);
		seal(out, big + at, n);
		out += HEADER_BYTES + n + TAG_BYTES;
		if (++in_run < RUN_MAX && i < count - 1)
			continue;
		send_run(&(struct iovec){run, (size_t)(out - run)}, 1,
			 out - run > DATAGRAM_BYTES ? DATAGRAM_BYTES : 0);
		out = run;
		in_run = 0;
	}
}

static void take_super_frames(void)
{
	for (int i = 0; i < SUPER_READS; i++) {
		ssize_t n = read(tap, big, sizeof(big));

		if (n <= 0)
			return;
		send_chunks((size_t)n);
	}
}

/* As many as have the length of the first; the last may be shorter. Return: how many */
static size_t run_length(const struct iovec *iov, size_t count)
{
	size_t n = 0, total = 0;

	while (n < count && n < RUN_MAX && total + iov[n].iov_len < RUN_BYTES &&
	       (n == 0 || iov[n].iov_len <= iov[0].iov_len)) {
		total += iov[n++].iov_len;
		if (iov[n - 1].iov_len < iov[0].iov_len)
			break;
	}
	return n;
}

static void take_frames(void)
{
	static struct iovec iov[BATCH];
	size_t count = 0;

	for (; count < BATCH; count++) {
		uint8_t *d = frames[count];
		ssize_t n = read(tap, d + HEADER_BYTES, FRAME_ROOM - HEADER_BYTES - TAG_BYTES);

		if (n <= 0)
			break;
		write_header(d, 0, 1);
		seal(d, d + HEADER_BYTES, (size_t)n);
		iov[count] = (struct iovec){d, (size_t)n + HEADER_BYTES + TAG_BYTES};
	}
	for (size_t at = 0, n; at < count; at += n) {
		n = run_length(iov + at, count - at);
		send_run(iov + at, n, n > 1 ? (uint16_t)iov[at].iov_len : 0);
	}
}

/* ---- in ---- */

static struct {
	unsigned next, count;
	size_t len;
} expected; /* chunk of a super-frame */

static void to_tap(const uint8_t *bytes, size_t len)
{
	if (write(tap, bytes, len) < 0)
		return; /* the kernel's reason, whatever it is: the frame is lost */
}

static void take_chunk(uint8_t *datagram, size_t len)
{
	unsigned index = datagram[8] | (unsigned)datagram[9] << 8;
	unsigned count = datagram[10] | (unsigned)datagram[11] << 8;
	size_t at = (size_t)index * CHUNK_BYTES;

	if (index == 0) {
		expected.next = 0;
		expected.count = count;
		expected.len = 0;
	}
	if (index != expected.next || count != expected.count || at + len > sizeof(whole)) {
		expected.next = NOTHING_EXPECTED;
		return;
	}
	if (!open_into(whole + at, datagram, len))
		return;
	expected.len += len;
	if (++expected.next == expected.count)
		to_tap(whole, expected.len);
}

static void take_datagram(uint8_t *datagram, size_t size)
{
	size_t len = size - HEADER_BYTES - TAG_BYTES;

	if (size < HEADER_BYTES + TAG_BYTES)
		return;
	if (is_super)
		take_chunk(datagram, len);
	else if (open_into(datagram + HEADER_BYTES, datagram, len))
		to_tap(datagram + HEADER_BYTES, len);
}

/* Return: bytes of each datagram in what was received */
static size_t segment_of(struct msghdr *m, size_t len)
{
	int segment = (int)len;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&segment, CMSG_DATA(c), sizeof(segment));
	}
	return (size_t)segment;
}

static void take_datagrams(void)
{
	for (int i = 0; i < RECEIVES; i++) {
		char control[CMSG_SPACE(sizeof(int))];
		struct iovec v = {big, sizeof(big)};
		struct msghdr m = {.msg_iov = &v,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(udp, &m, MSG_DONTWAIT);
		size_t segment, left;

		if (n <= 0)
			return;
		segment = segment_of(&m, (size_t)n);
		for (size_t at = 0; at < (size_t)n; at += segment) {
			left = (size_t)n - at;
			take_datagram(big + at, left < segment ? left : segment);
		}
	}
}

/* ---- start ---- */

static struct sockaddr_in address(char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	char *port = strchr(text, ':');

	if (!port)
		exit(2);
	*port++ = '\0';
	a.sin_port = htons((uint16_t)atoi(port));
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		exit(2);
	return a;
}

static void open_tap(const char *name)
{
	unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	struct ifreq f = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (tap < 0)
		die("/dev/net/tun");
	strncpy(f.ifr_name, name, IFNAMSIZ - 1);
	if (is_super)
		f.ifr_flags |= IFF_VNET_HDR;
	if (ioctl(tap, TUNSETIFF, &f))
		die("TUNSETIFF");
	if (is_super && ioctl(tap, TUNSETOFFLOAD, tso | TUN_F_USO4 | TUN_F_USO6) &&
	    ioctl(tap, TUNSETOFFLOAD, tso))
		die("TUNSETOFFLOAD");
}

static void open_udp(const struct sockaddr_in *local, const struct sockaddr_in *remote)
{
	int size = SOCKET_BYTES, one = 1;

	udp = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(udp, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (bind(udp, (const struct sockaddr *)local, sizeof(*local)) ||
	    connect(udp, (const struct sockaddr *)remote, sizeof(*remote)))
		die("socket");
	if (setsockopt(udp, SOL_UDP, UDP_GRO, &one, sizeof(one)))
		die("UDP_GRO");
	/* Each side has a nonce space of its own. */
	counter = (uint64_t)(ntohl(local->sin_addr.s_addr) & 1) << 63;
}

static void run_forever(void)
{
	struct pollfd p[2] = {{tap, POLLIN, 0}, {udp, POLLIN, 0}};

	for (;;) {
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			die("poll");
		}
		if (p[0].revents & POLLIN && is_super)
			take_super_frames();
		else if (p[0].revents & POLLIN)
			take_frames();
		if (p[1].revents & (POLLIN | POLLERR))
			take_datagrams();
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in local = {0}, remote = {0};
	const char *name = "tun0";
	int o;

	while ((o = getopt(argc, argv, "d:l:r:m:")) > 0) {
		if (o == 'd')
			name = optarg;
		else if (o == 'l')
			local = address(optarg);
		else if (o == 'r')
			remote = address(optarg);
		else if (o == 'm')
			is_super = strcmp(optarg, "super") == 0;
		else
			return 2;
	}
	start_cipher();
	open_tap(name);
	open_udp(&local, &remote);
	run_forever();
}
