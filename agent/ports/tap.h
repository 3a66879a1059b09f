/*
 * tap.h - the parts of a TAP port
 *
 * Layer: agent (ports), private to tap*.c.
 *
 *	tap.c		life of the port, frames in and out
 *	tap_status.c	its state in words, and warnings
 *	tap_device.h	what is the system's own: tap_linux.c, tap_frames_linux.c
 */
#ifndef AGENT_PORTS_TAP_H
#define AGENT_PORTS_TAP_H

#include "port.h"
#include "tap_device.h"

enum {
	TAP_BATCH = 64, /* frames a wake-up, then others have their turn; DESIGN: speed */
	TAP_BATCH_BYTES = 4 * 65536, /* and four super-frames, for the same reason */
	TAP_PAUSE_MS = 3, /* after which one frame is read and sent, before others are looked for */
	TAP_LONG_SHOWN_S = 60, /* frames that are too long are warned of for so long */
};

/**
 * struct tap - @poll: a place of its own, because libuv lets go of it later than we do
 * @device:	its fd is -1 while it is not open
 * @step, @error: negative errno: what of opening failed; -EBADFD: the interface was deleted
 * @mtu_error:	negative errno: why its MTU is not what the configuration says
 * @link:	as last looked at
 * @read_ms:	when it was last read, as the loop has the time
 * @sent_ms:	when a frame was last sent there, the same
 * @may_answer:	that was a lone one, and the interface was not read since
 * @send_error:	positive errno of the last refused frame since the last tick; or 0
 * @long_bytes, @long_ns: the last frame that was too long for the MTU, and when; or 0
 */
struct tap {
	struct port port;
	struct port_config config;
	uv_loop_t *loop;
	const struct udp_area *area;
	struct mcast *const *hubs;

	uv_poll_t *poll;
	struct tap_device device;
	bool wants_offload;
	enum tap_step step;
	int error;
	int mtu_error;
	struct tap_link link;
	bool has_carrier;
	uint32_t reported; /* the attachment that the owner knows of, or 0 */
	struct mac beacon_source;
	uint64_t read_ms;
	uint64_t sent_ms;
	bool may_answer;
	int send_error;
	size_t long_bytes;
	uint64_t long_ns;
};

/** tap_state(), tap_warnings() - See struct port_ops */
enum port_state tap_state(const struct port *p, char *detail, size_t size);
size_t tap_warnings(const struct port *p, uint64_t now_ns, struct warning *out, size_t max);

/**
 * tap_why_not() - Why a TAP cannot be opened, with what to do about it
 * @name:	of the interface
 * @exists:	it is there
 * @error:	negative errno
 */
void tap_why_not(const char *name, bool exists, enum tap_step step, int error, char *out,
		 size_t size);

#endif
