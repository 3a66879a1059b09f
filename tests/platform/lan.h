/*
 * lan.h - this host and another one on a LAN, as network namespaces
 *
 * Layer: platform test. The test runs on the host "here", whose interface lan0 is on the LAN.
 */
#ifndef TESTS_PLATFORM_LAN_H
#define TESTS_PLATFORM_LAN_H

#include "hub.h"

enum {
	HERE_IP = 0xc6120001,  /* 198.18.0.1, for benchmarks (RFC 2544) */
	THERE_IP = 0xc6120002, /* 198.18.0.2 */
	OTHER_IP =
		0xc6120101, /* 198.18.1.1: of this host, on another LAN, other0, where nobody else is */
};

/* Group set-up: make them, for the rest of this process. */
int make_lan(void **state);

/* Every test begins with this; it skips the test where they could not be made. */
struct fixture *on_lan(void **state);

/* The i-th machine of the fixture, on the LAN's interface. */
void open_lan_machine(struct fixture *f, int i);

/* The i-th machine of the fixture, on the other host. */
void open_far_machine(struct fixture *f, int i);

/* A program of the other host that sends from a port of its own. */
int open_far_program(void);

/* The same, but what it sends comes from an address that is this host's. */
int open_far_liar(void);

/* Let the default route lead by that interface, or, NULL, have none. */
void set_route(const char *interface);

/* Indexes of the interfaces here. */
uint32_t lan_interface(void);
uint32_t loopback(void);

#endif
