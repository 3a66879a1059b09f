/*
 * pcapng.h - frames as a pcapng file, as Wireshark and tcpdump read it
 *
 * Layer: agent (command line). Writes to a stdio stream, which may be a pipe. Format:
 * draft-ietf-opsawg-pcapng, big-endian throughout.
 *
 * How it works. Each port and peer is an interface of the file, described when it first occurs: its
 * name is "port hub" or "peer anna". A frame stands on the interface where it entered, as inbound; or,
 * where one port or peer was asked for, on that one's, as inbound or outbound. A machine that shares a
 * port is an interface by itself. Its comment says where from and where to. Times are nanoseconds.
 */
#ifndef AGENT_CLI_PCAPNG_H
#define AGENT_CLI_PCAPNG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/dump_record.h"

/** struct pcapng_interface - one that is described in the file already */
struct pcapng_interface {
	enum dump_kind kind;
	uint16_t vlan;
	char name[DUMP_NAME_BYTES];
};

/**
 * struct pcapng - a file that is being written
 * @out:	borrowed; ferror() says whether all is well
 * @center:	the one port or peer that was asked for, or of kind DUMP_ALL
 * @lost:	frames that were lost since the last one, to be said with the next
 */
struct pcapng {
	FILE *out;
	struct dump_place center;
	struct pcapng_interface *interfaces;
	size_t count;
	uint64_t lost;
};

/** pcapng_begin() - Write the file's header. Return: 0, or -EIO */
int pcapng_begin(struct pcapng *p, FILE *out, const struct dump_place *center);

/** pcapng_frame() - Write a frame. Return: 0, -EIO, or -ENOMEM */
int pcapng_frame(struct pcapng *p, const struct dump_frame *frame);

/** pcapng_lost() - Frames were lost before the next one */
void pcapng_lost(struct pcapng *p, uint64_t count);

/** pcapng_fini() - Free what it remembers; the stream is the caller's */
void pcapng_fini(struct pcapng *p);

#endif
