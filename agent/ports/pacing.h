/*
 * pacing.h - how fast datagrams may go to sockets whose buffers nobody enlarged
 *
 * Layer: agent (ports). Pure: no I/O, no clock, no allocation.
 *
 * How it works. A machine reads what is sent to its hub from a socket with the kernel's default buffer;
 * what it has no room for is lost, and nobody tells. So what we send at once is what half of such a buffer
 * holds: the other half is other senders'. That is the credit. It comes back with time: at a pace that a
 * slow machine bears; or half as fast again as was sent lately, for a stream that goes on is something that
 * machines have got used to, or will never; or faster, so that whatever waits is gone within a few
 * milliseconds. So a burst is spread, a stream does not wait, and nothing is ever slowed down for long.
 */
#ifndef AGENT_PORTS_PACING_H
#define AGENT_PORTS_PACING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACING_BUFFER_BYTES = 212992, /* net.core.rmem_default: QEMU never asks for another */
	PACING_BURST_BYTES = PACING_BUFFER_BYTES / 2,
	/* 28 full frames, 340 Mbit/s: about what a machine reads that QEMU translates in software */
	PACING_BYTES_PER_MS = 64 * 1024,
	PACING_DELAY_MS = 4,   /* what waits is sent within about so much */
	PACING_RECENT_MS = 50, /* lately: longer than a burst, shorter than what a user notices */
};

/**
 * struct pacing - what may be sent now; zeroed, nothing until pacing_refill()
 * @credit_bytes: at most PACING_BURST_BYTES
 * @recent_bytes: sent in the last PACING_RECENT_MS; what is longer ago counts less and less
 * @since_ns:	when it was last refilled
 */
struct pacing {
	uint64_t credit_bytes;
	uint64_t recent_bytes;
	uint64_t since_ns;
};

/**
 * pacing_cost() - What a datagram takes of the buffer where it is received, at most
 * @len:	of its payload
 *
 * Memory comes in powers of two, and the kernel counts all of it (SKB_TRUESIZE in Linux's skbuff.h). A run
 * that was sent as one (UDP_SEGMENT) is cut for each machine, and its pieces count otherwise.
 */
size_t pacing_cost(size_t len);

/** pacing_refill() - Time passed. @waiting_bytes: the cost of all that waits */
void pacing_refill(struct pacing *p, uint64_t waiting_bytes, uint64_t now_ns);

/** pacing_take() - May a datagram of that cost go now? Return: true, and it is paid for */
bool pacing_take(struct pacing *p, size_t cost);

#endif
