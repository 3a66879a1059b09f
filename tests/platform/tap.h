/*
 * tap.h - a TAP port that reports to the test instead of a switch, and the host at its interface
 *
 * Layer: platform test. The port is real, on interface t0 in a network namespace of the test program's
 * own. The host is a packet socket.
 */
#ifndef TESTS_PLATFORM_TAP_H
#define TESTS_PLATFORM_TAP_H

#include "unit.h"

#include "../../agent/ports/mcast.h"
#include "../../agent/ports/tap.h"

enum {
	LIMIT_MS = 10000, /* until something that does not come counts as lost */
	QUIET_MS = 100,   /* to see that nothing more comes */
	MAX_FRAME = 2000,
	FRAME_BYTES = 60,
	TEST_TYPE = 0x88b6, /* IEEE 802 local experimental 2 */
	UNPRIVILEGED = 65534,
	GROUP = 0xeffe0001, /* 239.254.0.1, site-local */
	GROUP_PORT = 20001,
	DETAIL = PORT_DETAIL_BYTES,
};

/* Why there are no TAPs here, or NULL. */
extern const char *why_not;

/* The one port of a test, and what it reported. */
struct fixture {
	uv_loop_t loop;
	uv_timer_t limit;
	struct udp_area area;
	struct mcast *hubs;
	struct port *port;
	int host; /* packet socket, or -1 */

	int frames, batches; /* of the test's type, and batches of any */
	size_t last_len;
	uint8_t last[MAX_FRAME + 1];
	bool udp_heard, udp_whole;

	bool wants_offload; /* set before open_port() */
	void (*on_any)(struct fixture *f, const struct port_frame *frame); /* of each frame, or NULL */

	int beacons, attached;
	struct port_beacon heard; /* the last one */
};

extern uint8_t frame[MAX_FRAME + 100];

/* Before all tests: enter a namespace of our own, and set why_not. */
void enter_namespace(void);

/* Run a shell command, which must succeed. */
void command(const char *text);

int set_up(void **state);
int tear_down(void **state);

/* On interface t0; skips the test where there are no TAPs. @mtu: as configured, or 0. */
void open_port(struct fixture *f, uint32_t mtu);

enum port_state state_of(const struct fixture *f, char detail[DETAIL]);

void assert_forwarding(const struct fixture *f);

void tick(const struct fixture *f);

void run_for(struct fixture *f, uint64_t ms);

/* Run until the port reported @frames, and a bit longer to see that it is no more. */
void run_until(struct fixture *f, int frames);

/* The packet socket. */
void open_host(struct fixture *f);

/* A broadcast of the test's type, as long as is wanted. Return: `frame` */
const uint8_t *test_frame(void);

/* So much of test_frame() goes into the interface. */
void host_says(struct fixture *f, size_t len);

/* Wait for the next of the test's frames that comes out of the interface. Return: its length */
size_t host_hears(const struct fixture *f);

/* Of an interface, or -1. */
int mtu_of(const char *name);

#define on_a_tap(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
