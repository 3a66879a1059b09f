/*
 * stream.h - the parts of a port of type stream
 *
 * Layer: agent (ports), private to stream*.c.
 *
 *	stream.c	what a port is asked
 *	stream_listen.c	machines that connect, each with a lane
 *	stream_connect.c one machine that listens
 *	stream_conn.c	a connection
 *	framing.c	frames in a stream of bytes
 */
#ifndef AGENT_PORTS_STREAM_H
#define AGENT_PORTS_STREAM_H

#include "agent/resolver.h"
#include "plug.h"
#include "stream_conn.h"
#include "unix_socket.h"

struct stream;

/** struct stream_lane - a machine that connected */
struct stream_lane {
	struct port port;
	struct stream *stream;
	struct stream_lane *next;
	struct stream_conn conn;
};

/**
 * struct stream_listener - where machines connect
 * @socket:	its file only where it has one
 * @why:	empty, or why there is no socket
 * @poll:	NULL while it is not open, or the process has no descriptor left for another connection
 */
struct stream_listener {
	struct unix_socket socket;
	struct error why;
	uv_poll_t *poll;
	struct stream_lane *lanes;
};

/**
 * struct stream_connector - how one machine is reached
 * @conn:	once connected
 * @connecting:	watches @fd, which is about to be; else NULL
 * @error:	negative errno of the last try; 0 while connecting or connected
 * @wait_ticks:	until the next try
 * @tries:	in vain, since a connection by which the machine sent a frame
 * @heard_frames: of the port, when the connection was made
 * @lookup:	of a name; else NULL
 */
struct stream_connector {
	struct stream_conn conn;
	uv_poll_t *connecting;
	int fd;
	int error;
	uint32_t wait_ticks, tries;
	uint64_t heard_frames;
	struct lookup *lookup;
};

struct stream {
	struct port port;
	struct port_config config;
	struct stream_use use;
	struct stream_listener listener;
	struct stream_connector connector;
};

/** The two kinds; each with what struct port_ops says */
void stream_listen_start(struct stream *s);
void stream_listen_tick(struct stream *s);
void stream_listen_stop(struct stream *s);

int stream_connect_start(struct stream *s);
void stream_connect_tick(struct stream *s);
void stream_connect_stop(struct stream *s);
void stream_connect_say(const struct stream *s, char *detail, size_t size);

/** stream_connect_now() - The network changed: what failed may work */
void stream_connect_now(struct stream *s);

#endif
