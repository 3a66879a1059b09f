/*
 * tap_device.h - a TAP: an interface of this host whose cable ends at us
 *
 * Layer: agent (ports). What is the system's own about it; tap_linux.c has Linux's, tap_none.c says
 * that there is none. Interfaces are named as the calling thread's network namespace names them.
 */
#ifndef AGENT_PORTS_TAP_DEVICE_H
#define AGENT_PORTS_TAP_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "agent/config.h"
#include "port.h"

enum {
	TAP_PARTS_MAX =
		OFFLOAD_PIECES_MAX + 2, /* what the kernel wants before, headers, and data */
};

/** enum tap_step - what of tap_device_open() failed: the same errno means different things */
enum tap_step {
	TAP_STEP_SYSTEM, /* this system has no TAPs that we know of */
	TAP_STEP_FILE,   /* opening /dev/net/tun */
	TAP_STEP_ATTACH, /* making the interface, or attaching to the one that is there */
};

/**
 * struct tap_device - an open one
 * @fd:		non-blocking; gives and takes a frame a call
 * @has_offload: these may be super-frames, and have unfinished checksums
 * @has_udp_offload: datagrams in super-frames, too
 * @parts:	for the call that is under way
 */
struct tap_device {
	int fd;
	bool has_offload, has_udp_offload;
	struct iovec parts[TAP_PARTS_MAX];
};

/**
 * tap_device_open() - Attach to an interface; where there is none of that name, make it
 * @offload:	ask for super-frames and unfinished checksums; else it hands us whole frames, whatever an
 *		earlier user had asked of it
 * @step:	set on failure
 *
 * One that was there keeps what it has, addresses and MTU. One that was made goes when the descriptor is
 * closed. The carrier is on. Return: 0 or a negative errno
 */
int tap_device_open(struct tap_device *out, const char *name, bool offload, enum tap_step *step);

/** tap_device_close() - One that stays is left as its next user will expect it: without offloads */
void tap_device_close(struct tap_device *d);

/**
 * tap_device_read() - Next frame
 * @o:		filled, and set in @out, if something is left to be done for it
 *
 * Return: 0 with @out in @area, or a negative errno: -EAGAIN when none waits, -EBADMSG for one that cannot be understood
 */
int tap_device_read(struct tap_device *d, const struct udp_area *area, struct port_frame *out,
		    struct offload *o);

/**
 * tap_device_write() - Hand over a frame, as a whole
 *
 * One with an offload only where @has_offload is set, and datagrams in a super-frame where @has_udp_offload is. Return:
 * 0 or a negative errno
 */
int tap_device_write(struct tap_device *d, const struct port_frame *f);

/**
 * struct tap_link - the interface as it is now
 * @is_here:	it is in our network namespace; if not, only the name is known for sure
 */
struct tap_link {
	char name[INTERFACE_NAME_BYTES];
	bool is_here;
	bool is_up;
	uint32_t index;
	uint32_t mtu;
};

/** tap_device_look() - Bring @out up to date. Where it is not here, what else was known of it stays.
 * Return: 0; -EBADFD when the interface was deleted */
int tap_device_look(int fd, struct tap_link *out);

/** tap_device_set_up(), tap_device_set_mtu() - Return: 0, or a negative errno: without privilege -EPERM */
int tap_device_set_up(const char *name);
int tap_device_set_mtu(const char *name, uint32_t mtu);

/** tap_device_set_carrier() - Is the cable plugged in at our end? Needs no privilege. Return: 0, or
 * a negative errno where the kernel is too old (before 5.0) */
int tap_device_set_carrier(int fd, bool on);

#endif
