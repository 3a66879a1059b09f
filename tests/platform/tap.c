/*
 * tap.c - see tap.h
 */
#include "tap.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/clock.h"

uint8_t frame[MAX_FRAME + 100];

const char *why_not;

void enter_namespace(void)
{
	enum tap_step step;
	struct tap_device probe;

	why_not = "no network namespace, or no TAP";
	if (unshare(CLONE_NEWNET) != 0)
		return;
	if (tap_device_open(&probe, "probe", false, &step) < 0)
		return;
	tap_device_close(&probe);
	why_not = NULL;
}

void command(const char *text)
{
	if (system(text) != 0) /* NOLINT(cert-env33-c) */
		fail_msg("failed: %s", text);
}

/* ---- a port that reports to the test ---- */

static uint16_t ones_sum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (len % 2)
		sum += (uint32_t)(bytes[len - 1] << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* IPv4 and UDP to the test's port: is the checksum that of the content? RFC 768 */
static void look_at_udp(struct fixture *f, const uint8_t *bytes, size_t len)
{
	const uint8_t *ip = bytes + 14, *udp = ip + 20;
	size_t udp_len = len - 34;

	if (len < 42 || bytes[12] != 8 || bytes[13] != 0 || ip[9] != 17 || udp[2] != 0 ||
	    udp[3] != 9)
		return;
	f->udp_heard = true;
	f->udp_whole =
		ones_sum(udp, udp_len, ones_sum(ip + 12, 8, 17 + (uint32_t)udp_len)) == 0xffff;
}

static void on_frame(void *context, const uint8_t *bytes, size_t len,
		     const struct port_source *source)
{
	struct fixture *f = context;

	assert_int_equal(source->interface, if_nametoindex("t0"));
	assert_false(source->is_foreign);

	if (f->on_any)
		f->on_any(f, &(struct port_frame){.bytes = bytes, .len = len});
	look_at_udp(f, bytes, len);
	if (bytes[12] != TEST_TYPE >> 8 || bytes[13] != (TEST_TYPE & 0xff))
		return; /* the host's own neighbour discovery and such */
	f->frames++;
	f->last_len = len;
	memcpy(f->last, bytes, len);
}

static void on_whole(void *context, const struct port_frame *whole,
		     const struct port_source *source)
{
	struct fixture *f = context;

	assert_true(f->wants_offload);
	assert_int_equal(source->interface, if_nametoindex("t0"));
	if (f->on_any)
		f->on_any(f, whole);
}

static void on_batch_end(void *context)
{
	((struct fixture *)context)->batches++;
}

static void on_beacon(void *context, const struct port_beacon *heard)
{
	struct fixture *f = context;

	f->beacons++;
	f->heard = *heard;
}

static void on_attached(void *context)
{
	((struct fixture *)context)->attached++;
}

int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	uv_timer_init(&f->loop, &f->limit);
	f->area = (struct udp_area){.bytes = malloc(UDP_BATCH * (MAX_FRAME + 1)),
				    .slot_bytes = MAX_FRAME + 1};
	f->host = -1;
	*state = f;
	return 0;
}

int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->port)
		f->port->ops->close(f->port);
	if (f->host >= 0)
		close(f->host);
	uv_close((uv_handle_t *)&f->limit, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f->area.bytes);
	free(f);
	return 0;
}

void open_port(struct fixture *f, uint32_t mtu)
{
	struct port_env env = {
		.loop = &f->loop, .area = &f->area, .hubs = &f->hubs, .offload = f->wants_offload};
	struct port_config config = {.name = "host", .type = PORT_TAP, .tap = {"t0", mtu}};
	struct port_events events = {.on_frame = on_frame,
				     .on_whole = on_whole,
				     .on_batch_end = on_batch_end,
				     .on_beacon = on_beacon,
				     .on_attached = on_attached,
				     .context = f};

	if (why_not)
		skip();
	assert_int_equal(tap_ops.open(&f->port, &env, &config, &events, NULL), 0);
}

enum port_state state_of(const struct fixture *f, char detail[DETAIL])
{
	return f->port->ops->state(f->port, detail, DETAIL);
}

void assert_forwarding(const struct fixture *f)
{
	char detail[DETAIL];

	if (state_of(f, detail) != PORT_FORWARDING)
		fail_msg("down: %s", detail);
}

void tick(const struct fixture *f)
{
	f->port->ops->tick(f->port, clock_now_ns());
}

static void on_limit(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

void run_for(struct fixture *f, uint64_t ms)
{
	bool over = false;

	f->limit.data = &over;
	uv_timer_start(&f->limit, on_limit, ms, 0);
	while (!over)
		uv_run(&f->loop, UV_RUN_ONCE);
}

void run_until(struct fixture *f, int frames)
{
	bool over = false;

	f->limit.data = &over;
	uv_timer_start(&f->limit, on_limit, LIMIT_MS, 0);
	while (!over && f->frames < frames)
		uv_run(&f->loop, UV_RUN_ONCE);
	run_for(f, QUIET_MS);
	assert_int_equal(f->frames, frames);
}

/* ---- the host ---- */

void open_host(struct fixture *f)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = (int)if_nametoindex("t0")};

	f->host = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
	assert_true(f->host >= 0);
	assert_int_equal(bind(f->host, (struct sockaddr *)&at, sizeof(at)), 0);
}

const uint8_t *test_frame(void)
{
	memset(frame, 0xff, 6);
	memset(frame + 6, 0x02, 6);
	frame[12] = TEST_TYPE >> 8;
	frame[13] = TEST_TYPE & 0xff;
	return frame;
}

void host_says(struct fixture *f, size_t len)
{
	assert_int_equal(send(f->host, test_frame(), len, 0), (ssize_t)len);
}

size_t host_hears(const struct fixture *f)
{
	struct pollfd wait = {.fd = f->host, .events = POLLIN};
	uint8_t bytes[MAX_FRAME + 100];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);

	while (poll(&wait, 1, LIMIT_MS) == 1) {
		ssize_t len = recvfrom(f->host, bytes, sizeof(bytes), 0, (struct sockaddr *)&from,
				       &from_len);

		if (from.sll_pkttype != PACKET_OUTGOING && bytes[12] == TEST_TYPE >> 8 &&
		    bytes[13] == (TEST_TYPE & 0xff))
			return (size_t)len;
	}
	fail_msg("nothing came out of the interface");
	return 0;
}

int mtu_of(const char *name)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), code;

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	code = ioctl(fd, SIOCGIFMTU, &r);
	close(fd);
	return code < 0 ? -1 : r.ifr_mtu;
}
