/*
 * test_mcast.c - the hub port on real sockets, on loopback
 *
 * Layer: platform test. Machines are sockets such as QEMU opens; the ports under test are real, and
 * report to the test instead of a switch. Each test has a hub of its own.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../agent/ports/mcast.h"
#include "agent/beacon.h"
#include "agent/clock.h"

enum {
	LIMIT_MS = 10000, /* until a frame on loopback counts as lost */
	QUIET_MS = 100,   /* to see that nothing more comes */
	MAX_FRAME = 1600,
	FRAME_BYTES = 60,
	GROUP = 0xeffe0001, /* 239.254.0.1, site-local */
	PORTS_FIRST = 20000,
	PORTS_COUNT = 10000,
};

/* A hub port and what it reported. */
struct agent {
	struct port *port;
	int frames, batches;
	size_t last_len;
	uint8_t last[MAX_FRAME + 1];
};

struct fixture {
	uv_loop_t loop;
	uv_timer_t limit;
	struct udp_area area;
	struct mcast *hubs[2]; /* of one agent each */
	struct port_env env;
	struct addr group;
	struct agent agents[2];
	int machines[2];
};

static void on_frame(void *context, const uint8_t *frame, size_t len)
{
	struct agent *a = context;

	a->frames++;
	a->last_len = len;
	memcpy(a->last, frame, len);
}

static void on_batch_end(void *context)
{
	((struct agent *)context)->batches++;
}

static int set_up(void **state)
{
	static uint16_t serial;
	struct fixture *f = calloc(1, sizeof(*f));
	uint16_t port = (uint16_t)(PORTS_FIRST + (getpid() + 997 * serial++) % PORTS_COUNT);

	uv_loop_init(&f->loop);
	uv_timer_init(&f->loop, &f->limit);
	f->area = (struct udp_area){.bytes = malloc(UDP_BATCH * (MAX_FRAME + 1)),
				    .slot_bytes = MAX_FRAME + 1};
	f->env = (struct port_env){.loop = &f->loop, .area = &f->area};
	f->group = addr_from_ipv4(GROUP, port);
	f->machines[0] = f->machines[1] = -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		if (f->agents[i].port)
			f->agents[i].port->ops->close(f->agents[i].port);
		if (f->machines[i] >= 0)
			close(f->machines[i]);
	}
	uv_close((uv_handle_t *)&f->limit, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f->area.bytes);
	free(f);
	return 0;
}

/* Open the hub port of an agent. */
static struct agent *open_agent(struct fixture *f, int i, enum mcast_scope scope, const char *name)
{
	struct agent *a = &f->agents[i];
	struct port_config config = {.name = "hub", .type = PORT_MCAST};
	struct port_events events = {
		.on_frame = on_frame, .on_batch_end = on_batch_end, .context = a};

	config.mcast.group = f->group;
	config.mcast.scope = scope;
	snprintf(config.mcast.interface, sizeof(config.mcast.interface), "%s", name);
	f->env.hubs = &f->hubs[i];
	assert_int_equal(mcast_ops.open(&a->port, &f->env, &config, &events, NULL), 0);
	return a;
}

/* A machine as QEMU makes it with mcast=GROUP,localaddr=127.0.0.1. */
static void open_machine(struct fixture *f, int i)
{
	struct ip_mreq member = {.imr_interface.s_addr = htonl(INADDR_LOOPBACK),
				 .imr_multiaddr.s_addr = htonl(GROUP)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&f->group, false, &ss);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof(member)), 0);
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &member.imr_interface,
		   sizeof(member.imr_interface));
	f->machines[i] = fd;
}

static uint8_t frame[MAX_FRAME + 2];

static void send_frame(struct fixture *f, int fd, size_t len)
{
	struct sockaddr_storage ss;
	socklen_t to_len = addr_to_sockaddr(&f->group, false, &ss);

	assert_int_equal(sendto(fd, frame, len, 0, (struct sockaddr *)&ss, to_len), (ssize_t)len);
}

/* A program like socat, with a port of its own. */
static int open_program(void)
{
	struct in_addr lo = {htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo));
	return fd;
}

/* Frames that wait at a machine; beacons are not counted. */
static int heard_by(struct fixture *f, int i)
{
	uint8_t bytes[MAX_FRAME + 1];
	ssize_t len;
	int count = 0;

	while ((len = recv(f->machines[i], bytes, sizeof(bytes), 0)) >= 0)
		count += !beacon_is(bytes, (size_t)len);
	return count;
}

static void on_limit(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static void run_for(struct fixture *f, uint64_t ms)
{
	bool over = false;

	f->limit.data = &over;
	uv_timer_start(&f->limit, on_limit, ms, 0);
	while (!over)
		uv_run(&f->loop, UV_RUN_ONCE);
}

/* Run until the agent heard @frames, and a bit longer to see that it is no more. */
static void run_until(struct fixture *f, const struct agent *a, int frames)
{
	bool over = false;

	f->limit.data = &over;
	uv_timer_start(&f->limit, on_limit, LIMIT_MS, 0);
	while (!over && a->frames < frames)
		uv_run(&f->loop, UV_RUN_ONCE);
	run_for(f, QUIET_MS);
	assert_int_equal(a->frames, frames);
}

static void tick(struct agent *a)
{
	a->port->ops->tick(a->port, clock_now_ns());
}

static enum port_state state_of(const struct agent *a, char detail[256])
{
	return a->port->ops->state(a->port, detail, 256);
}

static void a_machines_frames_enter_once_and_whole(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_machine(f, 0);
	frame[0] = 0xab;
	frame[MAX_FRAME - 1] = 0xcd;
	send_frame(f, f->machines[0], FRAME_BYTES);
	send_frame(f, f->machines[0], MAX_FRAME);
	run_until(f, a, 2);
	assert_int_equal(a->last_len, MAX_FRAME);
	assert_memory_equal(a->last, frame, MAX_FRAME);
	assert_int_equal(a->port->rx_frames, 2);
	assert_int_equal(a->port->rx_bytes, FRAME_BYTES + MAX_FRAME);
	assert_true(a->batches > 0);
}

static void what_the_port_sends_reaches_each_machine_once_and_not_itself(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_machine(f, 0);
	open_machine(f, 1);
	for (int i = 0; i < 100; i++) /* more than one batch */
		a->port->ops->send(a->port, frame, FRAME_BYTES);
	a->port->ops->flush(a->port);
	run_for(f, QUIET_MS);
	assert_int_equal(heard_by(f, 0), 100);
	assert_int_equal(heard_by(f, 1), 100);
	assert_int_equal(a->frames, 0);
	assert_int_equal(a->port->drops[DROP_OWN_ECHO], 0); /* the kernel kept it away */
	assert_int_equal(a->port->tx_frames, 100);
	assert_int_equal(a->port->tx_bytes, 100 * FRAME_BYTES);
}

static void the_longest_frames_are_sent_one_by_one(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	uint8_t *longest = calloc(1, FRAME_MAX_BYTES);

	for (int i = 0; i < 4; i++)
		a->port->ops->send(a->port, longest, FRAME_MAX_BYTES);
	a->port->ops->flush(a->port);
	assert_int_equal(a->port->tx_frames, 4);
	assert_int_equal(a->port->drops[DROP_PORT_SEND], 0);
	free(longest);
}

static void a_program_with_its_own_port_is_a_machine_once_the_port_has_settled(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	int fd = open_program();

	run_for(f, HUB_SETTLE_MS + QUIET_MS);
	send_frame(f, fd, FRAME_BYTES);
	run_until(f, a, 1);
	close(fd);
}

static void two_agents_on_one_hub_do_not_forward_each_other(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, ""), *b = open_agent(f, 1, MCAST_AUTO, "");

	open_machine(f, 0);
	run_for(f, HUB_SETTLE_MS + QUIET_MS); /* long enough to know each other */
	a->port->ops->send(a->port, frame, FRAME_BYTES);
	a->port->ops->flush(a->port);
	b->port->ops->send(b->port, frame, FRAME_BYTES);
	b->port->ops->flush(b->port);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, a, 1);
	run_until(f, b, 1);
	assert_int_equal(a->port->drops[DROP_AGENT_INJECTED], 1);
	assert_int_equal(b->port->drops[DROP_AGENT_INJECTED], 1);
	assert_int_equal(heard_by(f, 0), 3); /* both, and on a hub its own */
}

static void an_agents_first_injection_is_known_though_its_beacon_is_old(void **state)
{
	struct fixture *f = *state;
	struct agent *old = open_agent(f, 0, MCAST_AUTO, "");
	struct agent *newcomer;

	run_for(f, HUB_SETTLE_MS);
	newcomer = open_agent(f, 1, MCAST_AUTO, "");
	run_for(f, QUIET_MS); /* its beacon was answered */
	old->port->ops->send(old->port, frame, FRAME_BYTES);
	old->port->ops->flush(old->port);
	run_for(f, HUB_SETTLE_MS);
	old->port->ops->send(old->port, frame, FRAME_BYTES);
	old->port->ops->flush(old->port);
	run_for(f, QUIET_MS);
	assert_int_equal(newcomer->frames, 0);
	assert_int_equal(newcomer->port->drops[DROP_AGENT_INJECTED], 2);
}

static void empty_and_short_datagrams_are_handed_on_to_be_counted(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_machine(f, 0);
	send_frame(f, f->machines[0], 0);
	send_frame(f, f->machines[0], 13);
	run_until(f, a, 2);
	assert_int_equal(a->last_len, 13);
}

static void a_frame_longer_than_the_buffer_is_long(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");

	open_machine(f, 0);
	send_frame(f, f->machines[0], MAX_FRAME + 2);
	run_until(f, a, 0);
	assert_int_equal(a->port->drops[DROP_LONG_FRAME], 1);
}

static void a_guests_beacon_makes_it_no_agent(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct beacon beacon = {.kind = BEACON_AGENT};
	struct mac source = {{2}};
	size_t len = beacon_write(&beacon, &source, frame);

	open_machine(f, 0);
	send_frame(f, f->machines[0], len);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, a, 2); /* the switch drops the first */
}

static void the_port_hears_its_own_test_and_warns_of_nothing(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_AUTO, "");
	struct warning w[4];
	char detail[256];

	run_for(f, SELFTEST_PATIENCE_MS + QUIET_MS);
	tick(a);
	assert_int_equal(a->port->ops->warnings(a->port, clock_now_ns(), w, 4), 0);
	assert_int_equal(state_of(a, detail), PORT_FORWARDING);
	assert_string_equal(detail, "");
}

static void an_interface_that_is_not_there_makes_the_port_down(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_NAMED, "nosuch0");
	char detail[256];

	assert_int_equal(state_of(a, detail), PORT_DOWN);
	assert_contains(detail, "nosuch0");
	a->port->ops->send(a->port, frame, FRAME_BYTES);
	a->port->ops->flush(a->port);
	assert_int_equal(a->port->drops[DROP_PORT_DOWN], 1);
	tick(a);
	assert_int_equal(state_of(a, detail), PORT_DOWN);
}

static void a_lan_port_takes_nothing_from_loopback_and_says_so(void **state)
{
	struct fixture *f = *state;
	struct agent *a = open_agent(f, 0, MCAST_NAMED, "nosuch0");
	struct warning w[4];

	open_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, a, 0);
	assert_int_equal(a->port->drops[DROP_OTHER_INTERFACE], 1);
	assert_int_equal(a->port->ops->warnings(a->port, clock_now_ns(), w, 4), 1);
	assert_string_equal(w[0].code, "loopback-machine");
	assert_contains(w[0].fix, "localaddr=");
}

static void a_port_that_is_taken_comes_back_when_it_is_free(void **state)
{
	struct fixture *f = *state;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_storage ss;
	struct agent *a;
	char detail[256], number[8];

	addr_to_sockaddr(&f->group, false, &ss);
	((struct sockaddr_in *)&ss)->sin_addr.s_addr = INADDR_ANY;
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, sizeof(struct sockaddr_in)), 0);
	a = open_agent(f, 0, MCAST_AUTO, "");
	assert_int_equal(state_of(a, detail), PORT_DOWN);
	snprintf(number, sizeof(number), "%u", f->group.port);
	assert_contains(detail, number);
	a->port->ops->send(a->port, frame, FRAME_BYTES);
	assert_int_equal(a->port->drops[DROP_PORT_DOWN], 1);
	close(fd);
	tick(a);
	assert_int_equal(state_of(a, detail), PORT_FORWARDING);
	open_machine(f, 0);
	send_frame(f, f->machines[0], FRAME_BYTES);
	run_until(f, a, 1);
}

#define on_a_hub(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_hub(a_machines_frames_enter_once_and_whole),
		on_a_hub(what_the_port_sends_reaches_each_machine_once_and_not_itself),
		on_a_hub(the_longest_frames_are_sent_one_by_one),
		on_a_hub(a_program_with_its_own_port_is_a_machine_once_the_port_has_settled),
		on_a_hub(two_agents_on_one_hub_do_not_forward_each_other),
		on_a_hub(an_agents_first_injection_is_known_though_its_beacon_is_old),
		on_a_hub(empty_and_short_datagrams_are_handed_on_to_be_counted),
		on_a_hub(a_frame_longer_than_the_buffer_is_long),
		on_a_hub(a_guests_beacon_makes_it_no_agent),
		on_a_hub(the_port_hears_its_own_test_and_warns_of_nothing),
		on_a_hub(an_interface_that_is_not_there_makes_the_port_down),
		on_a_hub(a_lan_port_takes_nothing_from_loopback_and_says_so),
		on_a_hub(a_port_that_is_taken_comes_back_when_it_is_free),
	};

	return cmocka_run_group_tests_name("mcast", tests, NULL, NULL);
}
