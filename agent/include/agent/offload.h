/*
 * offload.h - frames whose sender left something to be done: a checksum, and the cutting
 *
 * Layer: agent. Pure: no I/O, no clock, no memory of its own.
 *
 * How it works. A host spares work by handing its interface one TCP segment (or UDP datagram) of up to 64 KiB, to be
 * cut into pieces of a size that it names, and the checksums with it. Such a *super-frame* is one frame to the
 * switch, and becomes pieces where it leaves: for a peer with unfinished checksums, for a machine with finished
 * ones, and whole for an interface that takes it so. Where to cut and what to sum up is derived from the frame
 * alone, never taken from who sent it. What is cut is what the sender's own host would have cut, byte for byte.
 */
#ifndef AGENT_OFFLOAD_H
#define AGENT_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	OFFLOAD_HEADERS_MAX =
		256, /* Ethernet to TCP, with tags and options; longer ones are not taken */
	OFFLOAD_FRAME_MAX =
		OFFLOAD_HEADERS_MAX + 65535, /* IP's own length, and what is around it */
	OFFLOAD_PIECES_MAX =
		64, /* that are put together; so many the kernel's UDP takes at once, too */
};

/** struct slice - borrowed bytes */
struct slice {
	const uint8_t *bytes;
	size_t len;
};

/**
 * struct offload - what is left to be done for a frame; offsets are from its start
 * @upper_at:	of the TCP or UDP header
 * @headers_len: where the data begins
 * @data_len:	all of it
 * @checksum_at: of the field, which may hold anything
 * @pseudo_sum:	of addresses and protocol, without the length
 * @tcp_flags:	of the whole
 * @piece_len:	of the data of each piece but the last; 0: it is no super-frame
 * @more:	data behind that of the frame's own bytes, @more_count slices: the pieces after the first, one
 *		each
 */
struct offload {
	uint16_t network_at;
	uint16_t upper_at;
	uint16_t headers_len;
	uint16_t checksum_at;
	uint32_t data_len;
	uint32_t pseudo_sum;
	uint16_t piece_len;
	uint8_t tcp_flags;
	bool is_ipv6;
	bool is_udp;
	const struct slice *more;
	size_t more_count;
};

/**
 * offload_derive() - Where the checksum of a frame is, and what it is of
 *
 * Return: true with @out filled; false if it is not TCP or UDP in one piece, to the frame's end, with lengths
 * that agree
 */
bool offload_derive(const uint8_t *frame, size_t len, struct offload *out);

/** offload_count() - Return: how many frames it becomes, 1 or more */
size_t offload_count(const struct offload *o);

/** offload_first_len() - Return: bytes of the first and longest of them, with its headers */
size_t offload_first_len(const struct offload *o);

/**
 * struct piece - one of the frames: headers, with an unfinished checksum, and data
 * @data:	borrowed from the frame
 */
struct piece {
	uint8_t headers[OFFLOAD_HEADERS_MAX];
	size_t headers_len;
	const uint8_t *data;
	size_t data_len;
};

/** struct cutter - at which piece a frame is; see cutter_next() */
struct cutter {
	const uint8_t *frame;
	const struct offload *offload;
	size_t count, next;
	uint32_t ip_sum;   /* of the IPv4 header without what differs between pieces */
	uint16_t ip_id;    /* of the first */
	uint32_t sequence; /* of the next, in TCP */
};

/** cutter_over() - @frame and @o must outlive it, and belong together */
struct cutter cutter_over(const uint8_t *frame, const struct offload *o);

/** cutter_next() - The next piece, in order. @out: the same one at each call, as it was left. Return: false after the
 * last */
bool cutter_next(struct cutter *c, struct piece *out);

/** piece_finish() - Put the checksum into its headers */
void piece_finish(struct piece *p, const struct offload *o);

/**
 * offload_whole() - The headers of the whole, as one long frame with an unfinished checksum
 * @out:	o->headers_len bytes
 */
void offload_whole(const uint8_t *frame, const struct offload *o, uint8_t *out);

#endif
