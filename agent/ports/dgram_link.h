/*
 * dgram_link.h - the way to one machine that has bound a unix datagram socket
 *
 * Layer: agent (ports), private to dgram*.c.
 *
 * How it works. A sending socket of its own is connected to the machine's: so one that does not read fills
 * its own queue and nobody else's. A connection is to what the path meant when it was made; when the
 * machine is restarted it has to be made again, and is: by what the next send says, and regularly. A
 * machine that has connected its own socket takes datagrams from our well-known one only (the kernel
 * says EPERM to any other); to it we send from that. Such machines share what may wait in all: the
 * kernel counts it for the sender, and does not tell for whom.
 *
 * A path that a machine told us is that machine's word: it may have a name of its own choice, in its own
 * view of the files. So the socket there has to belong to the user who sent from it; else anybody could have
 * the agent talk to sockets that only the agent may talk to.
 */
#ifndef AGENT_PORTS_DGRAM_LINK_H
#define AGENT_PORTS_DGRAM_LINK_H

#include "dgram_socket.h"
#include "plug.h"
#include "unix_socket.h"

/**
 * struct dgram_link - zeroed, then dgram_link_init()
 * @owner:	whose the machine's socket has to be, or DGRAM_ANYBODY
 * @place:	where to send to: @to, or the file that had its name and that owner
 * @held:	that file, or -1
 * @is_foreign:	the last one there was another user's
 * @bound:	our well-known socket; borrowed
 * @fd:		connected to the machine, or -1
 * @by_name:	to be sent to from @bound
 * @error:	negative errno: why the machine cannot be reached; 0 while it can
 */
struct dgram_link {
	struct dgram_name to, place;
	uid_t owner;
	int held;
	bool is_foreign;
	const struct unix_socket *bound;
	int fd;
	bool by_name;
	int error;
	struct queue queue;
};

/** dgram_link_init() - Reaches nobody yet. @owner: a user, or DGRAM_ANYBODY. Return: 0 or -ENOMEM */
int dgram_link_init(struct dgram_link *l, const struct endpoint *to, uid_t owner,
		    const struct unix_socket *bound);

void dgram_link_fini(struct dgram_link *l);

/** dgram_link_reach() - Connect, or see whether the machine is still there. Return: 0 or a negative errno,
 * also in @error */
int dgram_link_reach(struct dgram_link *l);

/** dgram_link_is_gone() - Is nobody there, as opposed to somebody who cannot be reached? */
bool dgram_link_is_gone(const struct dgram_link *l);

/** dgram_link_send(), dgram_link_flush() - As port_ops has them; counted for @p */
void dgram_link_send(struct dgram_link *l, struct port *p, const uint8_t *frame, size_t len);
void dgram_link_flush(struct dgram_link *l, struct port *p);

/** dgram_link_say() - A sentence: why the machine cannot be reached; empty while it can. @to: its name */
void dgram_link_say(const struct dgram_link *l, const char *to, char *detail, size_t size);

#endif
