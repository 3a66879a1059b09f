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

#include "agent/config.h"

/** enum tap_step - what of tap_device_open() failed: the same errno means different things */
enum tap_step {
	TAP_STEP_SYSTEM, /* this system has no TAPs that we know of */
	TAP_STEP_FILE,   /* opening /dev/net/tun */
	TAP_STEP_ATTACH, /* making the interface, or attaching to the one that is there */
};

/**
 * tap_device_open() - Attach to an interface; where there is none of that name, make it
 * @step:	set on failure
 *
 * One that was there keeps what it has, addresses and MTU, but hands us whole frames: no
 * super-frames and no unfinished checksums, whatever an earlier user had asked of it. One that was
 * made goes when the descriptor is closed. The carrier is on.
 *
 * Return: a non-blocking descriptor that gives and takes one Ethernet frame a call, or a negative
 * errno
 */
int tap_device_open(const char *name, enum tap_step *step);

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
