/*
 * udp.h - batches of datagrams on a non-blocking UDP socket
 *
 * Layer: agent (private). Shared by the tunnel and the hub. udp_receive_linux.c does it with
 * recvmmsg(2), udp_send_linux.c with sendmmsg(2); another system's files may loop over single calls.
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

/**
 * struct udp_area - memory to receive into: UDP_BATCH slots. Untouched slots stay untouched
 * @slots:	as the system's call wants them, made once: see udp_slots_new(). NULL: they are made at each call
 */
struct udp_area {
	uint8_t *bytes;
	size_t slot_bytes;
	struct udp_slots *slots;
};

/**
 * struct udp_received - one received datagram; its bytes are the area's until the next udp_receive()
 * @each:	a run (udp_want_runs()) is datagrams of that length one behind the other, the last may be shorter;
 *		else @len
 * @interface:	index where it came in; 0 unless the socket asks for it (IP_PKTINFO, udp_want_local())
 * @local:	our address that it was sent to, with port 0; meaningful where @interface is not 0
 * @is_cut:	it was longer than a slot, and @len is the slot's length
 */
struct udp_received {
	uint8_t *bytes;
	size_t len;
	size_t each;
	struct addr from;
	struct addr local;
	uint32_t interface;
	bool is_cut;
};

/** udp_enlarge() - As large buffers as the kernel gives: what a burst may hold */
void udp_enlarge(int fd);

/** udp_lost() - Datagrams that the kernel dropped since the socket was made, for its buffer was full */
uint32_t udp_lost(int fd);

enum {
	UDP_FULL = 256 /* udp_filled() */
};

/** udp_filled() - How many UDP_FULL-ths of the socket's buffer what waits in it takes, or took a moment ago; may
 * be more than all. Return: 0 where the kernel does not say */
unsigned udp_filled(int fd);

/** udp_slots_new() - For @area, whose other fields no longer change. Return: NULL without memory; free() it */
struct udp_slots *udp_slots_new(const struct udp_area *area);

/** udp_receive() - Return: how many waited, at most UDP_BATCH; 0 if none; or a negative errno */
int udp_receive(int fd, const struct udp_area *area, struct udp_received out[UDP_BATCH]);

struct udp_receiver;

enum {
	UDP_READ_BYTES =
		128 *
		1024 /* about as much, or UDP_BATCH messages, a call: then others have a turn */
};

/** udp_want_runs() - Have the kernel put together equal datagrams of one sender: *runs*, up to 65,535 bytes.
 * For udp_receiver_read() only. Return: 0 or -1, errno set, where it cannot */
int udp_want_runs(int fd, bool on);

/** udp_receiver_new() - Memory to receive into, runs too. Return: 0 or -ENOMEM */
int udp_receiver_new(struct udp_receiver **out);
void udp_receiver_free(struct udp_receiver *r);

/**
 * udp_receiver_read() - What waits at a socket, runs whole
 * @most:	messages, 1 or more: to look for another that is not there costs as much as to take this one
 * @out:	the first of them; the receiver's until the next call
 *
 * Return: as udp_receive()
 */
int udp_receiver_read(struct udp_receiver *r, int fd, size_t most, const struct udp_received **out);

/** udp_slots_to_offer() - How many messages the next call may bring. @count, @bytes: what this one did. Pure */
size_t udp_slots_to_offer(size_t count, size_t bytes);

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

/**
 * struct udp_to_send - one datagram; borrows bytes and addresses during the call
 * @to:		two that are the same pointer are told to be one destination fastest
 * @local:	our own address to send it from, of the socket's family; NULL: the kernel chooses
 * @alone:	never part of a run
 * @dscp:	class, 0 to 63; the ECN bits are 0 always
 */
struct udp_to_send {
	const void *bytes;
	size_t len;
	const struct sockaddr *to;
	socklen_t to_len;
	bool alone;
	uint8_t dscp;
	const struct addr *local;
};

/** typedef udp_refused - The kernel did not take the @index-th datagram, for @error (positive) */
typedef void (*udp_refused)(void *context, size_t index, int error);

/** udp_send() - Each by itself; one that is refused is told of, and the others go on */
void udp_send(int fd, const struct udp_to_send *list, size_t count, udp_refused on_refused,
	      void *context);

/* ---- runs ---- */

enum {
	UDP_RUN_MAX = 64,       /* datagrams: UDP_MAX_SEGMENTS of Linux before 6.9 */
	UDP_RUN_BYTES = 65507,  /* the longest payload over IPv4; over IPv6 it may be 20 more */
	UDP_REFUSALS = 8,       /* destinations remembered */
	UDP_REFUSED_RUNS = 1024 /* not tried to where one was refused, before one is again */
};

/**
 * udp_run_length() - How many from the first on can go as one: a *run*
 * @count:	at least 1
 *
 * A run has one destination, one source and one class, and datagrams of one length, but for the last, which may be
 * shorter (none is empty): what the kernel cuts up again, udp(7), UDP_SEGMENT. Pure.
 */
size_t udp_run_length(const struct udp_to_send *list, size_t count);

/**
 * struct udp_sender - a socket that takes runs
 * @joins:	it is to, and this kernel can
 * @refusals:	whereto the kernel took no run but each of its datagrams: no checksums in hardware on the
 *		way (EIO, before Linux 6.11), IPsec (EIO), no UDP checksum (EINVAL). @left: runs not to try
 *
 * What a path does not carry is nobody's fault but the path's, and not remembered: there a datagram is refused
 * as well.
 */
struct udp_sender {
	int fd;
	bool joins;
	struct udp_refusal {
		struct addr to;
		uint32_t left;
	} refusals[UDP_REFUSALS];
	size_t next_refusal;
	size_t refused; /* how many of @refusals are in use */
};

/** udp_sender_init() - @fd: borrowed until the sender is used no more. @offload: as the user wants it */
void udp_sender_init(struct udp_sender *s, int fd, bool offload);

/**
 * udp_send_runs() - In order; many datagrams in one, where that goes
 *
 * A run that the kernel refuses goes again, each datagram by itself: only what is refused then is told of.
 */
void udp_send_runs(struct udp_sender *s, const struct udp_to_send *list, size_t count,
		   udp_refused on_refused, void *context);

#endif
