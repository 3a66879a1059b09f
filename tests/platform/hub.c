/*
 * hub.c - see hub.h
 */
#include "hub.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/beacon.h"
#include "agent/clock.h"

enum {
	PORTS_FIRST = 20000,
	PORTS_COUNT = 10000,
};

uint8_t frame[MAX_FRAME + 2];

/* ---- what a port reports ---- */

static void on_frame(void *context, const uint8_t *bytes, size_t len,
		     const struct port_source *source)
{
	struct agent *a = context;

	a->source = *source;
	a->attached_before_frame = a->attached;
	if (source->is_foreign)
		a->foreign++;
	else
		a->frames++;
	a->last_len = len;
	memcpy(a->last, bytes, len);
}

static void on_batch_end(void *context)
{
	((struct agent *)context)->batches++;
}

static bool is_newcomer(struct agent *a, const struct mac *sender)
{
	for (size_t i = 0; i < AGENTS; i++) {
		if (mac_equal(&a->answered[i], sender))
			return false;
		if (mac_is_zero(&a->answered[i])) {
			a->answered[i] = *sender;
			return true;
		}
	}
	return false;
}

static void on_beacon(void *context, const struct port_beacon *heard)
{
	struct agent *a = context;

	a->beacons++;
	a->heard = *heard;
	if (!heard->from_machine && heard->beacon.kind == BEACON_AGENT &&
	    is_newcomer(a, &heard->sender))
		beacon(a);
}

static void on_alive(void *context, uint32_t interface, const struct mac *sender)
{
	struct agent *a = context;

	(void)interface;
	a->alive++;
	a->alive_mac = *sender;
}

static void on_attached(void *context)
{
	struct agent *a = context;

	a->attached++;
	beacon(a);
}

/* ---- agents ---- */

void beacon(struct agent *a)
{
	struct port_attachment list[PORT_ATTACHMENTS_MAX];
	size_t count = a->port->ops->attachments(a->port, list, PORT_ATTACHMENTS_MAX);

	for (size_t i = 0; i < count; i++) {
		struct beacon b = {.id = {1}, .kind = BEACON_AGENT, .period_ms = BEACON_PERIOD_MS};

		a->port->ops->beacon(a->port, list[i].interface, &b);
	}
}

struct agent *open_agent(struct fixture *f, int i, enum mcast_scope scope, const char *name)
{
	struct agent *a = &f->agents[i];
	struct port_config config = {.name = "hub", .type = PORT_MCAST};
	struct port_events events = {.on_frame = on_frame,
				     .on_batch_end = on_batch_end,
				     .on_beacon = on_beacon,
				     .on_alive = on_alive,
				     .on_attached = on_attached,
				     .context = a};

	config.mcast.group = f->group;
	config.mcast.scope = scope;
	snprintf(config.mcast.interface, sizeof(config.mcast.interface), "%s", name);
	f->env.hubs = &f->hubs[i];
	assert_int_equal(mcast_ops.open(&a->port, &f->env, &config, &events, NULL), 0);
	beacon(a);
	return a;
}

void tick(struct agent *a)
{
	a->port->ops->tick(a->port, clock_now_ns());
}

enum port_state state_of(const struct agent *a, char detail[256])
{
	return a->port->ops->state(a->port, detail, 256);
}

void inject(struct agent *a)
{
	a->port->ops->send(a->port, frame, FRAME_BYTES);
	a->port->ops->flush(a->port);
}

/* ---- machines ---- */

int new_machine(const struct fixture *f, uint32_t local)
{
	struct ip_mreq member = {.imr_interface.s_addr = htonl(local),
				 .imr_multiaddr.s_addr = htonl(GROUP)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&f->group, false, &ss);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof(member)), 0);
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &member.imr_interface,
		   sizeof(member.imr_interface));
	return fd;
}

void open_machine(struct fixture *f, int i)
{
	f->machines[i] = new_machine(f, INADDR_LOOPBACK);
}

void send_frame(struct fixture *f, int fd, size_t len)
{
	struct sockaddr_storage ss;
	socklen_t to_len = addr_to_sockaddr(&f->group, false, &ss);

	assert_int_equal(sendto(fd, frame, len, 0, (struct sockaddr *)&ss, to_len), (ssize_t)len);
}

int open_program(void)
{
	struct in_addr lo = {htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo));
	return fd;
}

/* ---- time ---- */

static void on_limit(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Repeating, because a loop that finds a timer due at once goes on to wait for what comes next. */
static void set_limit(struct fixture *f, bool *over, uint64_t ms)
{
	f->limit.data = over;
	uv_update_time(&f->loop);
	uv_timer_start(&f->limit, on_limit, ms, ms);
}

void run_for(struct fixture *f, uint64_t ms)
{
	bool over = false;

	set_limit(f, &over, ms);
	while (!over)
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_timer_stop(&f->limit);
}

void run_until(struct fixture *f, const int *count, int wanted)
{
	bool over = false;

	set_limit(f, &over, LIMIT_MS);
	while (!over && *count < wanted)
		uv_run(&f->loop, UV_RUN_ONCE);
	run_for(f, QUIET_MS);
	assert_int_equal(*count, wanted);
}

/* ---- what machines hear ---- */

/* Take all that waits there; how many of one kind. */
static int take(int machine, bool beacons)
{
	uint8_t bytes[MAX_FRAME + 1];
	ssize_t len;
	int count = 0;

	while ((len = recv(machine, bytes, sizeof(bytes), 0)) >= 0)
		count += beacon_is(bytes, (size_t)len) == beacons;
	return count;
}

static void assert_heard(struct fixture *f, int i, bool beacons, int wanted)
{
	int count = 0;

	for (int ms = 0; ms == 0 || (ms < LIMIT_MS && count < wanted); ms += QUIET_MS) {
		run_for(f, QUIET_MS);
		count += take(f->machines[i], beacons);
	}
	assert_int_equal(count, wanted);
}

void assert_frames(struct fixture *f, int i, int wanted)
{
	assert_heard(f, i, false, wanted);
}

void assert_beacons(struct fixture *f, int i, int wanted)
{
	assert_heard(f, i, true, wanted);
}

/* ---- life ---- */

int set_up(void **state)
{
	static uint16_t serial;
	struct fixture *f = calloc(1, sizeof(*f));
	uint16_t port = (uint16_t)(PORTS_FIRST + (getpid() + 997 * serial++) % PORTS_COUNT);

	uv_loop_init(&f->loop);
	uv_timer_init(&f->loop, &f->limit);
	f->area = (struct udp_area){.bytes = malloc(UDP_BATCH * (MAX_FRAME + 1)),
				    .slot_bytes = MAX_FRAME + 1};
	f->env = (struct port_env){.loop = &f->loop, .area = &f->area, .offload = true};
	f->group = addr_from_ipv4(GROUP, port);
	for (int i = 0; i < MACHINES; i++)
		f->machines[i] = -1;
	*state = f;
	return 0;
}

int tear_down(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < AGENTS; i++) {
		if (f->agents[i].port)
			f->agents[i].port->ops->close(f->agents[i].port);
	}
	for (int i = 0; i < MACHINES; i++) {
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
