/*
 * dgram.h - the parts of a port of type dgram
 *
 * Layer: agent (ports), private to dgram*.c.
 *
 *	dgram.c		life of the port, frames in
 *	dgram_link.c	the way to one machine
 *	dgram_lanes.c	many machines on one socket
 *	dgram_memory.c	which they were, for the next agent
 *	dgram_socket.c	system calls
 */
#ifndef AGENT_PORTS_DGRAM_H
#define AGENT_PORTS_DGRAM_H

#include "dgram_link.h"
#include "plug.h"

enum {
	DGRAM_QUEUE_MIN = 64,   /* datagrams; with fewer, a machine meets a full queue often */
	DGRAM_QUEUE_GOOD = 512, /* what we recommend */
};

struct dgram;

/**
 * struct dgram_lane - one of the machines that share a socket
 * @from:	what the kernel calls it
 * @user:	whose it is; two users' machines of one name are two
 * @heard:	since the last tick
 */
struct dgram_lane {
	struct port port;
	struct dgram_lane *next;
	struct dgram_name from;
	uid_t user;
	struct endpoint at;
	struct dgram_link link;
	bool heard;
};

/**
 * struct dgram - a port
 * @why:	empty, or why there is no socket
 * @queue_limit: of the kernel, when the socket was made; -1: not known
 * @pair:	the way to `remote`; unused where remotes are learned
 * @odd, @odd_is_it: a name that is not `remote` as it stands, and whether it leads to the same socket
 * @lanes:	most recently heard first
 * @memory:	path of the file with their names
 * @is_news:	it is to be written
 * @recall:	it is about to be read; else NULL
 */
struct dgram {
	struct port port;
	struct port_config config;
	uv_loop_t *loop;
	const struct udp_area *area;
	struct unix_socket socket;
	uv_poll_t *poll;
	struct error why;
	int queue_limit;

	struct dgram_link pair;
	struct dgram_name odd;
	bool odd_is_it;

	struct dgram_lane *lanes;
	char memory[CONFIG_PATH_BYTES];
	bool is_news;
	uv_timer_t *recall;
};

/** dgram_lane_of() - Whose datagram is it? A machine that is new gets a lane. Return: it; NULL, counted, if
 * there can be none */
struct dgram_lane *dgram_lane_of(struct dgram *d, const struct dgram_received *r);

/** dgram_lane_recall() - That user's machine was there before us: it gets its lane if it still is */
void dgram_lane_recall(struct dgram *d, const struct endpoint *at, uid_t user);

/** dgram_lanes_tick() - Forget machines that are gone */
void dgram_lanes_tick(struct dgram *d);

/** dgram_lanes_free() - The port closes */
void dgram_lanes_free(struct dgram *d);

/** dgram_memory_init() - The names that the agent before us wrote are read as soon as the loop runs. @folder:
 * the agent's */
void dgram_memory_init(struct dgram *d, const char *folder);

/** dgram_memory_fini() - The file stays */
void dgram_memory_fini(struct dgram *d);

/** dgram_memory_forget() - Remove the file; none is written any more */
void dgram_memory_forget(struct dgram *d);

/** dgram_memory_save() - If there is news */
void dgram_memory_save(struct dgram *d);

/** dgram_folder() - Where a machine's relative path begins: beside our socket. Return: @out */
const char *dgram_folder(const struct dgram *d, char out[ENDPOINT_PATH_BYTES]);

#endif
