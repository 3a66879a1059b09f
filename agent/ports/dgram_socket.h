/*
 * dgram_socket.h - batches of datagrams between unix sockets
 *
 * Layer: agent (ports), private to dgram*.c. dgram_socket_linux.c does it with recvmmsg(2) and
 * sendmmsg(2).
 */
#ifndef AGENT_PORTS_DGRAM_SOCKET_H
#define AGENT_PORTS_DGRAM_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../udp.h"
#include "queue.h"

/** struct dgram_name - an address as the kernel gives it; @len is that of the family alone if the sender has
 * none */
struct dgram_name {
	struct sockaddr_un at;
	socklen_t len;
};

bool dgram_name_equal(const struct dgram_name *a, const struct dgram_name *b);

/** As a user: not known, or of no interest */
#define DGRAM_ANYBODY ((uid_t)-1)

/** struct dgram_received - its bytes are the area's until the next dgram_receive(); @is_cut: it was longer
 * than a slot; @user: who sent it, as the kernel says, or DGRAM_ANYBODY */
struct dgram_received {
	uint8_t *bytes;
	size_t len;
	bool is_cut;
	uid_t user;
	struct dgram_name from;
};

/** dgram_ask_users() - From now on the kernel says who sent a datagram. Return: 0 or a negative errno */
int dgram_ask_users(int fd);

/** dgram_receive() - @asks_users: after dgram_ask_users(). Return: how many waited, at most UDP_BATCH; 0 if
 * none; or a negative errno */
int dgram_receive(int fd, const struct udp_area *area, bool asks_users,
		  struct dgram_received out[UDP_BATCH]);

/**
 * dgram_send() - Hand frames of a queue to the kernel, from the @first on
 * @to:	NULL for a connected socket
 *
 * Return: how many went; or the negative errno that the first of them met
 */
int dgram_send(int fd, const struct queue *q, size_t first, const struct dgram_name *to);

/** dgram_queue_limit() - How many datagrams the kernel lets wait at a unix socket that is made now; or
 * -1 if it does not say */
int dgram_queue_limit(void);

#endif
