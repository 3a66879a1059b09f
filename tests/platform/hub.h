/*
 * hub.h - hub ports that report to the test instead of a switch, and machines such as QEMU's
 *
 * Layer: platform test. The ports are real. Each test has a hub of its own, on whatever network namespace
 * it runs in.
 */
#ifndef TESTS_PLATFORM_HUB_H
#define TESTS_PLATFORM_HUB_H

#include "unit.h"

#include "../../agent/ports/mcast.h"

enum {
	LIMIT_MS = 10000, /* until a frame on this host counts as lost */
	QUIET_MS = 100,   /* to see that nothing more comes */
	MAX_FRAME = 1600,
	FRAME_BYTES = 60,
	AGENTS = 2,
	MACHINES = 2,
	GROUP = 0xeffe0001, /* 239.254.0.1, site-local */
};

/* A hub port, and what it reported. Newcomers' beacons are answered, as every agent does. */
struct agent {
	struct port *port;
	int frames, batches, foreign, attached, alive, beacons;
	size_t last_len;
	uint8_t last[MAX_FRAME + 1];
	struct port_source source;   /* of the last frame */
	struct port_beacon heard;    /* the last beacon */
	struct mac alive_mac;        /* the last that is alive */
	int attached_before_frame;   /* how many on_attached came before the last frame */
	struct mac answered[AGENTS]; /* whose first beacon was answered */
};

struct fixture {
	uv_loop_t loop;
	uv_timer_t limit;
	struct udp_area area;
	struct mcast *hubs[AGENTS]; /* of one agent each */
	struct port_env env;
	struct addr group;
	struct agent agents[AGENTS];
	int machines[MACHINES];
	bool is_routed; /* there is a default route, to be removed */
};

extern uint8_t frame[MAX_FRAME + 2];

int set_up(void **state);
int tear_down(void **state);

#define on_a_hub(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Open the hub port of an agent, which says at once that it is there. */
struct agent *open_agent(struct fixture *f, int i, enum mcast_scope scope, const char *name);

/* Say on every attachment that an agent is there. */
void beacon(struct agent *a);

/* A machine as QEMU makes it with mcast=GROUP,localaddr=@local, in host order. */
int new_machine(const struct fixture *f, uint32_t local);

/* The i-th machine of the fixture, on loopback. */
void open_machine(struct fixture *f, int i);

/* Send so much of `frame` to the hub. */
void send_frame(struct fixture *f, int fd, size_t len);

/* A program like socat on loopback, with a port of its own. */
int open_program(void);

/* So many frames come to a machine and no more; beacons are not counted. Or beacons, frames not. */
void assert_frames(struct fixture *f, int i, int wanted);
void assert_beacons(struct fixture *f, int i, int wanted);

void run_for(struct fixture *f, uint64_t ms);

/* Run until @count reaches @wanted, and a bit longer to see that it is no more. */
void run_until(struct fixture *f, const int *count, int wanted);

void tick(struct agent *a);
enum port_state state_of(const struct agent *a, char detail[256]);

/* Have @a send a frame of FRAME_BYTES to its hub. */
void inject(struct agent *a);

#endif
