/*
 * udp.h - batches of datagrams on a non-blocking UDP socket
 *
 * Layer: agent (private). Shared by the tunnel and the hub. udp_linux.c does it with recvmmsg(2) and
 * sendmmsg(2); another system's file may loop over single calls.
 */
#ifndef AGENT_UDP_H
#define AGENT_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/addr.h"

enum {
	UDP_BATCH = 64,                     /* datagrams a system call; DESIGN: speed */
	UDP_BUFFER_BYTES = 4 * 1024 * 1024, /* asked of the kernel for each socket */
};

/** struct udp_area - memory to receive into: UDP_BATCH slots. Untouched slots stay untouched */
struct udp_area {
	uint8_t *bytes;
	size_t slot_bytes;
};

/**
 * struct udp_received - one received datagram; its bytes are the area's until the next udp_receive()
 * @interface:	index where it came in; 0 unless the socket asks for it (IP_PKTINFO, udp_want_local())
 * @local:	our address that it was sent to, with port 0; meaningful where @interface is not 0
 * @is_cut:	it was longer than a slot, and @len is the slot's length
 */
struct udp_received {
	uint8_t *bytes;
	size_t len;
	struct addr from;
	struct addr local;
	uint32_t interface;
	bool is_cut;
};

/** udp_enlarge() - As large buffers as the kernel gives: what a burst may hold */
void udp_enlarge(int fd);

/** udp_lost() - Datagrams that the kernel dropped since the socket was made, for its buffer was full */
uint32_t udp_lost(int fd);

/** udp_receive() - Return: how many waited, at most UDP_BATCH; 0 if none; or a negative errno */
int udp_receive(int fd, const struct udp_area *area, struct udp_received out[UDP_BATCH]);

enum {
	UDP_ERRORS_MAX = 16 /* read at a time */
};

/** struct udp_error - a datagram to @to came back as an ICMP message; @error: positive errno */
struct udp_error {
	struct addr to;
	int error;
};

/** udp_want_local() - Have the kernel say with each datagram which of our addresses it was sent to. Return: 0
 * or -1, errno set */
int udp_want_local(int fd, int family);

/** udp_want_errors() - Have the kernel keep what ICMP says of what we sent. Return: 0 or -1, errno set */
int udp_want_errors(int fd, int family);

/**
 * udp_read_errors() - What was kept; anybody who can guess our ports can forge it
 *
 * Must be called when the socket polls as in error: it does until all were read.
 * Return: how many of @out are filled
 */
size_t udp_read_errors(int fd, struct udp_error out[UDP_ERRORS_MAX]);

/** struct udp_to_send - one datagram; borrows bytes and addresses during the call. @local: our own to send it
 * from, of the socket's family; NULL: the kernel chooses */
struct udp_to_send {
	const void *bytes;
	size_t len;
	const struct sockaddr *to;
	socklen_t to_len;
	const struct addr *local;
};

/** typedef udp_refused - The kernel did not take the @index-th datagram, for @error (positive) */
typedef void (*udp_refused)(void *context, size_t index, int error);

/** udp_send() - At most UDP_BATCH; one that is refused is told of, and the others go on */
void udp_send(int fd, const struct udp_to_send *list, size_t count, udp_refused on_refused,
	      void *context);

#endif
