/*
 * test_tunnel.c - agent/tunnel.h, on loopback: with and without offload at either end
 */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/tunnel.h"

enum {
	LIMIT_MS = 10000, /* until a datagram on loopback counts as lost */
	MAX_HEARD = 256,
	SMALL_BYTES = 100,
	TRIES = 20, /* of what a stall of the computer spoils */
};

/* What one tunnel reported. */
struct heard {
	int datagrams, truncated, batches, failed, refused;
	int spoiled; /* not all bytes of it are the same */
	int last_error, last_peer;
	size_t lengths[MAX_HEARD];
	uint8_t types[MAX_HEARD];
	struct addr from, local;
	int until; /* stop the loop at so many reports */
	uv_loop_t *loop;
};

static void check_done(struct heard *h)
{
	if (h->datagrams + h->truncated >= h->until)
		uv_stop(h->loop);
}

static void on_datagram(void *context, const struct route *route, uint8_t *bytes, size_t len)
{
	struct heard *h = context;

	h->types[h->datagrams % MAX_HEARD] = len ? bytes[0] : 0;
	h->spoiled += len > 1 && memcmp(bytes, bytes + 1, len - 1) != 0;
	memset(bytes, 0, len); /* allowed */
	h->from = route->remote;
	h->local = route->local;
	h->lengths[h->datagrams++ % MAX_HEARD] = len;
	check_done(h);
}

static void on_truncated(void *context)
{
	struct heard *h = context;

	h->truncated++;
	check_done(h);
}

static void on_batch_end(void *context)
{
	((struct heard *)context)->batches++;
}

static void on_icmp(void *context, int peer, int error)
{
	struct heard *h = context;

	h->failed++;
	h->last_peer = peer;
	h->last_error = error;
}

static void on_refused(void *context, const struct datagram *d, int error)
{
	((struct heard *)context)->refused++;
	on_icmp(context, d->peer, error);
}

static struct tunnel_events events_for(struct heard *h)
{
	return (struct tunnel_events){.on_datagram = on_datagram,
				      .on_truncated = on_truncated,
				      .on_batch_end = on_batch_end,
				      .on_refused = on_refused,
				      .on_icmp = on_icmp,
				      .context = h};
}

/* Which end has offload on. */
struct mode {
	const char *name;
	bool at_a, at_b;
};

static const struct mode MODES[] = {
	{"off", false, false},
	{"on", true, true},
	{"on at the sender", true, false},
	{"on at the receiver", false, true},
};

struct pair {
	uv_loop_t loop;
	uv_timer_t limit;
	struct tunnel *a, *b;
	const struct mode *mode;
	struct heard at_a, at_b;
	struct addr to_b; /* over IPv4 */
};

static void on_limit(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void open_pair(struct pair *p, const struct mode *mode)
{
	struct tunnel_events at_a = events_for(&p->at_a), at_b = events_for(&p->at_b);
	struct addr bound[2];

	*p = (struct pair){.mode = mode};
	assert_int_equal(uv_loop_init(&p->loop), 0);
	p->at_a.loop = p->at_b.loop = &p->loop;
	assert_int_equal(tunnel_open(&p->a, &p->loop, 0, &at_a, NULL), 0);
	assert_int_equal(tunnel_open(&p->b, &p->loop, 0, &at_b, NULL), 0);
	uv_timer_init(&p->loop, &p->limit);
	tunnel_use_offload(p->a, mode->at_a);
	tunnel_use_offload(p->b, mode->at_b);
	tunnel_bound(p->b, bound);
	p->to_b = addr_from_ipv4(INADDR_LOOPBACK, bound[0].port);
}

/* Run until @count datagrams came to b, or the limit. */
static void run_until(struct pair *p, int count)
{
	p->at_b.until = count;
	uv_timer_start(&p->limit, on_limit, LIMIT_MS, 0);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	uv_timer_stop(&p->limit);
}

static void close_pair(struct pair *p)
{
	tunnel_close(p->a);
	tunnel_close(p->b);
	uv_close((uv_handle_t *)&p->limit, NULL);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&p->loop), 0);
}

static uint8_t bytes[65507];

static struct datagram to(const struct addr *addr, size_t len)
{
	return (struct datagram){.to = *addr, .peer = 3, .bytes = bytes, .len = len};
}

static void datagrams_of_any_length_arrive_in_order(void **state)
{
	const size_t lengths[] = {0, 1, 15, 1232, 1500, 9216};
	struct datagram list[6];
	struct pair p;

	open_pair(&p, *state);
	for (size_t i = 0; i < 6; i++)
		list[i] = to(&p.to_b, lengths[i]);
	tunnel_send(p.a, list, 6);
	run_until(&p, 6);
	assert_int_equal(p.at_b.datagrams, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(p.at_b.lengths[i], lengths[i]);
	assert_true(addr_is_loopback(&p.at_b.from));
	assert_true(p.at_b.batches >= 1);
	close_pair(&p);
}

static void one_that_is_too_long_to_read_is_reported_and_the_rest_arrives(void **state)
{
	struct datagram list[3];
	struct pair p;

	open_pair(&p, *state);
	list[0] = to(&p.to_b, SMALL_BYTES);
	list[1] = to(&p.to_b, sizeof(bytes));
	list[2] = to(&p.to_b, SMALL_BYTES);
	tunnel_send(p.a, list, 3);
	run_until(&p, 3);
	assert_int_equal(p.at_b.datagrams, 2);
	assert_int_equal(p.at_b.truncated, 1);
	close_pair(&p);
}

static void one_that_the_kernel_refuses_costs_only_itself(void **state)
{
	struct addr nowhere = addr_from_ipv4(INADDR_BROADCAST, 9); /* EACCES without SO_BROADCAST */
	struct datagram list[3];
	struct pair p;

	open_pair(&p, *state);
	list[0] = to(&p.to_b, SMALL_BYTES);
	list[1] = to(&nowhere, SMALL_BYTES);
	list[2] = to(&p.to_b, SMALL_BYTES);
	tunnel_send(p.a, list, 3);
	run_until(&p, 2);
	assert_int_equal(p.at_b.datagrams, 2);
	assert_int_equal(p.at_a.refused, 1);
	assert_int_equal(p.at_a.last_peer, 3);
	assert_int_equal(p.at_a.last_error, EACCES);
	close_pair(&p);
}

static void one_that_goes_alone_and_is_refused_is_told_as_well(void **state)
{
	struct addr nowhere = addr_from_ipv4(INADDR_BROADCAST, 9);
	struct datagram d = to(&nowhere, SMALL_BYTES);
	struct pair p;

	open_pair(&p, *state);
	tunnel_send(p.a, &d, 1);
	assert_int_equal(p.at_a.refused, 1);
	assert_int_equal(p.at_a.last_peer, 3);
	assert_int_equal(p.at_a.last_error, EACCES);
	close_pair(&p);
}

/* To look for another would only delay it. */
static void after_a_pause_one_goes_before_the_next_is_read(void **state)
{
	const int count = 16;
	struct pair p;

	open_pair(&p, *state);
	for (int i = 0; i < count; i++) {
		struct datagram d = to(&p.to_b, (size_t)(1 + i));

		tunnel_send(p.a, &d, 1);
	}
	uv_run(&p.loop, UV_RUN_ONCE);
	assert_int_equal(p.at_b.datagrams, 1);
	assert_int_equal(p.at_b.batches, 1);
	run_until(&p, count); /* no pause any more, but for a stall of the computer or two */
	assert_int_equal(p.at_b.datagrams, count);
	assert_in_range(p.at_b.batches, 2, count / 2);
	close_pair(&p);
}

/* Return: a port on loopback that nobody has, of that family; not set where there is no such family */
static struct addr closed_port(int family)
{
	int fd = socket(family, SOCK_DGRAM, 0);
	struct sockaddr_storage at = {.ss_family = (sa_family_t)family};
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&at;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&at;
	socklen_t len = family == AF_INET ? sizeof(*v4) : sizeof(*v6);

	if (family == AF_INET)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		v6->sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0)
		at.ss_family = AF_UNSPEC;
	else
		getsockname(fd, (struct sockaddr *)&at, &len);
	close(fd);
	return addr_from_sockaddr((struct sockaddr *)&at);
}

/* Each of them at an address of its own, by which b hears it. */
static void nobody_listening_is_told_however_many_peers_are_busy(void **state)
{
	enum {
		BUSY = 63,
		DEAF = 7
	};
	struct addr closed = closed_port(AF_INET);
	struct datagram list[1 + BUSY];
	struct pair p;

	open_pair(&p, *state);
	list[0] = to(&closed, SMALL_BYTES);
	list[0].peer = DEAF;
	for (int i = 1; i <= BUSY; i++) {
		struct addr busy = addr_from_ipv4(INADDR_LOOPBACK + (uint32_t)i, p.to_b.port);

		list[i] = to(&busy, SMALL_BYTES);
		list[i].peer = DEAF + i;
	}
	tunnel_send(p.a, list, 1 + BUSY);
	run_until(&p, BUSY);
	assert_int_equal(p.at_b.datagrams, BUSY);
	for (int i = 0; i < 10 && p.at_a.failed < 1; i++)
		uv_run(&p.loop, UV_RUN_NOWAIT);
	assert_int_equal(p.at_a.failed, 1);
	assert_int_equal(p.at_a.last_peer, DEAF);
	close_pair(&p);
}

/* One address that was a peer's, and is another's now. */
static void nobody_listening_is_told_of_the_peer_that_was_last_there(void **state)
{
	struct addr closed = closed_port(AF_INET);
	struct datagram before = to(&closed, SMALL_BYTES), now = to(&closed, SMALL_BYTES);
	struct datagram other;
	struct pair p;

	open_pair(&p, *state);
	other = to(&p.to_b, SMALL_BYTES);
	before.peer = 1;
	now.peer = 2;
	for (int i = 1; i <= 2; i++) {
		tunnel_send(p.a, i == 1 ? &before : &now, 1);
		tunnel_send(p.a, &other, 1);
		run_until(&p, i);
		for (int j = 0; j < 10 && p.at_a.failed < i; j++)
			uv_run(&p.loop, UV_RUN_NOWAIT);
		assert_int_equal(p.at_a.failed, i);
		assert_int_equal(p.at_a.last_peer, i);
	}
	close_pair(&p);
}

static void check_nobody_listening(void **state, int family)
{
	struct addr closed = closed_port(family);
	struct datagram list[2];
	struct pair p;

	if (!addr_is_set(&closed))
		return; /* no IPv6 here */
	open_pair(&p, *state);
	for (int round = 1; round <= 3; round++) {
		list[0] = to(&closed, SMALL_BYTES);
		list[0].peer = 7;
		list[1] = to(&p.to_b, SMALL_BYTES);
		tunnel_send(p.a, list, 2);
		run_until(&p, round);
		assert_int_equal(p.at_b.datagrams, round);
	}
	for (int i = 0; i < 10 && p.at_a.failed < 3; i++)
		uv_run(&p.loop, UV_RUN_NOWAIT);
	assert_int_equal(p.at_a.failed, 3);
	assert_int_equal(p.at_a.refused, 0); /* they were sent */
	assert_int_equal(p.at_a.last_peer, 7);
	assert_int_equal(p.at_a.last_error, ECONNREFUSED);
	close_pair(&p);
}

static void nobody_listening_is_told_and_costs_no_datagram_of_others(void **state)
{
	check_nobody_listening(state, AF_INET);
	check_nobody_listening(state, AF_INET6);
}

static void more_than_a_batch_arrives_whole(void **state)
{
	struct datagram list[200];
	struct pair p;

	open_pair(&p, *state);
	for (size_t i = 0; i < 200; i++)
		list[i] = to(&p.to_b, SMALL_BYTES);
	tunnel_send(p.a, list, 200);
	run_until(&p, 200);
	assert_int_equal(p.at_b.datagrams, 200);
	assert_true(p.at_b.batches >= (p.mode->at_a && p.mode->at_b ? 1 : 200 / 64));
	close_pair(&p);
}

enum {
	BULK = 128,
	BULK_BYTES = 1400,
	FIRST_BYTE = 100, /* belongs to no session */
};

static uint8_t bulk[BULK][BULK_BYTES];

/* Each is told from the others by what it is filled with. */
static void make_bulk(const struct pair *p, struct datagram list[BULK])
{
	for (size_t i = 0; i < BULK; i++) {
		memset(bulk[i], FIRST_BYTE + (int)i, BULK_BYTES);
		list[i] = to(&p->to_b, BULK_BYTES);
		list[i].bytes = bulk[i];
	}
}

static void expect_bulk(struct pair *p, const struct datagram list[BULK])
{
	run_until(p, BULK);
	assert_int_equal(p->at_b.datagrams, BULK);
	assert_int_equal(p->at_b.spoiled, 0);
	assert_int_equal(p->at_a.refused, 0);
	for (size_t i = 0; i < BULK; i++) {
		assert_int_equal(p->at_b.types[i], FIRST_BYTE + i);
		assert_int_equal(p->at_b.lengths[i], list[i].len);
	}
}

static void equal_ones_arrive_whole_and_in_order(void **state)
{
	struct datagram list[BULK];
	struct pair p;

	open_pair(&p, *state);
	make_bulk(&p, list);
	tunnel_send(p.a, list, BULK);
	expect_bulk(&p, list);
	close_pair(&p);
}

static void so_do_unequal_ones_and_probes_among_them(void **state)
{
	struct datagram list[BULK];
	struct pair p;

	open_pair(&p, *state);
	make_bulk(&p, list);
	for (size_t i = 0; i < BULK; i++) {
		list[i].len -= i % 7 == 0 ? i : 0;
		list[i].is_probe = i % 31 == 3;
	}
	tunnel_send(p.a, list, BULK);
	expect_bulk(&p, list);
	close_pair(&p);
}

/* Turned on and off between sends, as when agent.conf changes. */
static void switching_offload_at_the_sender_loses_nothing(void **state)
{
	struct datagram list[BULK];
	struct pair p;

	open_pair(&p, *state);
	make_bulk(&p, list);
	tunnel_send(p.a, list, 40);
	tunnel_use_offload(p.a, !p.mode->at_a);
	tunnel_send(p.a, list + 40, 40);
	tunnel_use_offload(p.a, p.mode->at_a);
	tunnel_send(p.a, list + 80, BULK - 80);
	expect_bulk(&p, list);
	close_pair(&p);
}

static void others_have_a_turn_while_much_waits(void **state)
{
	struct datagram list[BULK];
	struct pair p;

	open_pair(&p, *state);
	make_bulk(&p, list);
	tunnel_send(p.a, list, BULK);
	run_until(&p, BULK); /* it knows now how much comes at once */
	p.at_b.batches = 0;
	for (int i = 0; i < 3; i++)
		tunnel_send(p.a, list, BULK);
	run_until(&p, 4 * BULK);
	assert_int_equal(p.at_b.datagrams, 4 * BULK);
	assert_true(p.at_b.batches >= 3); /* half a megabyte */
	close_pair(&p);
}

/* After a pause the first one is read by itself. Return: were all others read at once? A computer that stands
 * still makes a pause. */
static bool is_one_batch_behind_the_first(const struct pair *p)
{
	return p->at_b.batches == 2;
}

/* Until @trial says that it went as it should. */
static void try_again(bool (*trial)(const struct mode *mode), void **state)
{
	int tries = 0;

	while (!trial(*state))
		assert_true(++tries < TRIES);
}

static bool try_sessions_and_handshakes(const struct mode *mode)
{
	static const uint8_t types[] = {9, 1, 4, 3, 2, 4, 9, 4}, first[] = {9, 4, 4, 4, 1, 3, 2, 9};
	uint8_t messages[sizeof(types)][SMALL_BYTES] = {{0}};
	struct datagram list[sizeof(types)];
	struct pair p;
	bool good;

	open_pair(&p, mode);
	for (size_t i = 0; i < sizeof(types); i++) {
		messages[i][0] = types[i];
		list[i] = (struct datagram){.to = p.to_b, .bytes = messages[i], .len = SMALL_BYTES};
	}
	tunnel_send(p.a, list, 1);
	tunnel_send(p.a, list + 1, sizeof(types) - 1);
	run_until(&p, sizeof(types));
	assert_int_equal(p.at_b.datagrams, sizeof(types));
	good = is_one_batch_behind_the_first(&p);
	if (good)
		assert_memory_equal(p.at_b.types, first, sizeof(first));
	close_pair(&p);
	return good;
}

/* PROTOCOL.md 5.3: so that a flood of initiations makes no session wait behind it. */
static void sessions_come_before_handshakes_of_the_same_batch(void **state)
{
	try_again(try_sessions_and_handshakes, state);
}

static bool try_small_and_bulk(const struct mode *mode)
{
	enum {
		LONG_ONES = 12, /* fewer than are read at once */
		LONG_BYTES = 1400,
	};
	uint8_t message[LONG_BYTES];
	struct sockaddr_storage to;
	socklen_t to_len;
	struct pair p;
	int fds[2];
	bool good;

	open_pair(&p, mode);
	memset(message, 4, sizeof(message)); /* the type of data */
	to_len = addr_to_sockaddr(&p.to_b, false, &to);
	for (int i = 0; i < 2; i++)
		fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
	for (size_t i = 0; i < LONG_ONES; i++)
		assert_true(sendto(fds[0], message, sizeof(message) - i, 0, (struct sockaddr *)&to,
				   to_len) > 0);
	assert_true(sendto(fds[1], message, SMALL_BYTES, 0, (struct sockaddr *)&to, to_len) > 0);
	run_until(&p, LONG_ONES + 1);
	assert_int_equal(p.at_b.datagrams, LONG_ONES + 1);
	good = is_one_batch_behind_the_first(&p);
	if (good)
		assert_int_equal(p.at_b.lengths[1], SMALL_BYTES);
	for (size_t i = 1; good && i < LONG_ONES; i++)
		assert_int_equal(p.at_b.lengths[1 + i], LONG_BYTES - i);
	close(fds[0]);
	close(fds[1]);
	close_pair(&p);
	return good;
}

/* Of two that send from sockets of their own */
static void a_small_one_comes_before_the_bulk_of_another_address(void **state)
{
	try_again(try_small_and_bulk, state);
}

static void both_families_share_a_port_and_mix_in_one_send(void **state)
{
	struct addr bound[2], v6 = {.ip = {[15] = 1}};
	struct datagram list[4];
	struct pair p;

	open_pair(&p, *state);
	if (tunnel_bound(p.b, bound) < 2) {
		close_pair(&p); /* a host without IPv6 runs on IPv4 alone: nothing to mix */
		return;
	}
	assert_int_equal(bound[0].port, bound[1].port);
	v6.port = bound[1].port;
	for (size_t i = 0; i < 4; i++)
		list[i] = to(i % 2 ? &v6 : &p.to_b, SMALL_BYTES);
	tunnel_send(p.a, list, 4);
	run_until(&p, 4);
	assert_int_equal(p.at_b.datagrams, 4);
	assert_int_equal(p.at_a.failed, 0);
	close_pair(&p);
}

/* 127.0.0.2 to 127.0.0.3: loopback has the whole network. */
static void a_datagram_comes_from_and_to_the_address_that_is_named(void **state)
{
	struct addr from = addr_from_ipv4(INADDR_LOOPBACK + 1, 1);
	struct addr at = addr_from_ipv4(INADDR_LOOPBACK + 2, 0);
	struct datagram d;
	struct pair p;

	open_pair(&p, *state);
	memcpy(p.to_b.ip, at.ip, sizeof(at.ip));
	d = to(&p.to_b, SMALL_BYTES);
	d.local = from;
	tunnel_send(p.a, &d, 1);
	run_until(&p, 1);
	assert_true(addr_same_ip(&p.at_b.from, &from));
	assert_true(addr_same_ip(&p.at_b.local, &at));
	assert_int_equal(p.at_b.local.port, p.to_b.port);
	close_pair(&p);
}

static void over_ipv6_too(void **state)
{
	struct addr bound[2], v6 = {.ip = {[15] = 1}, .port = 1}, at = v6;
	struct datagram d;
	struct pair p;

	open_pair(&p, *state);
	if (tunnel_bound(p.b, bound) == 2) {
		v6.port = bound[1].port;
		d = to(&v6, SMALL_BYTES);
		d.local = at;
		tunnel_send(p.a, &d, 1);
		run_until(&p, 1);
		assert_true(addr_same_ip(&p.at_b.from, &at));
		assert_true(addr_same_ip(&p.at_b.local, &at));
	}
	close_pair(&p);
}

static void an_address_that_is_not_ours_is_refused_and_one_of_another_family_ignored(void **state)
{
	struct datagram list[2];
	struct pair p;

	open_pair(&p, *state);
	list[0] = list[1] = to(&p.to_b, SMALL_BYTES);
	list[0].local = addr_from_ipv4(0xcb007101, 1); /* 203.0.113.1: for documents only */
	list[1].local = (struct addr){.ip = {[15] = 1}, .port = 1};
	tunnel_send(p.a, list, 2);
	run_until(&p, 1);
	assert_int_equal(p.at_b.datagrams, 1);
	assert_int_equal(p.at_a.refused, 1);
	assert_true(p.at_a.last_error == EINVAL || p.at_a.last_error == ENETUNREACH);
	close_pair(&p);
}

static void one_too_long_for_the_wire_is_refused_and_not_cut_by_ip(void **state)
{
	enum {
		LOOPBACK_MTU = 65536,
		LONGEST = LOOPBACK_MTU - 20 - 8
	};
	static uint8_t long_bytes[LONGEST + 1];
	struct datagram d;
	struct pair p;

	open_pair(&p, *state);
	d = to(&p.to_b, 0);
	d.bytes = long_bytes;
	d.len = LONGEST + 1;
	d.is_probe = true;
	tunnel_send(p.a, &d, 1);
	assert_int_equal(p.at_a.refused, 1);
	assert_int_equal(p.at_a.last_error, EMSGSIZE);
	close_pair(&p);
}

static void a_port_in_use_is_named_with_the_key_to_change(void **state)
{
	struct addr bound[2];
	struct heard h = {0};
	struct tunnel_events events = events_for(&h);
	struct tunnel *second = NULL;
	struct error err = {""};
	char port[8];
	struct pair p;

	open_pair(&p, *state);
	tunnel_bound(p.a, bound);
	assert_int_equal(tunnel_open(&second, &p.loop, bound[0].port, &events, &err), -EADDRINUSE);
	snprintf(port, sizeof(port), "%u", bound[0].port);
	assert_error(&err, port);
	assert_error(&err, "`listen`");
	assert_null(second);
	close_pair(&p);
}

static void a_port_taken_in_one_family_only_is_in_use(void **state)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	socklen_t len = sizeof(any);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), on = 1;
	struct heard h = {0};
	struct tunnel_events events = events_for(&h);
	struct tunnel *t = NULL;
	uv_loop_t loop;

	(void)state;
	if (fd < 0)
		return; /* no IPv6 here */
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	getsockname(fd, (struct sockaddr *)&any, &len);
	uv_loop_init(&loop);
	assert_int_equal(tunnel_open(&t, &loop, ntohs(any.sin6_port), &events, NULL), -EADDRINUSE);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(fd);
}

static const struct CMUnitTest TESTS[] = {
	cmocka_unit_test(datagrams_of_any_length_arrive_in_order),
	cmocka_unit_test(one_that_is_too_long_to_read_is_reported_and_the_rest_arrives),
	cmocka_unit_test(one_that_the_kernel_refuses_costs_only_itself),
	cmocka_unit_test(one_that_goes_alone_and_is_refused_is_told_as_well),
	cmocka_unit_test(after_a_pause_one_goes_before_the_next_is_read),
	cmocka_unit_test(nobody_listening_is_told_and_costs_no_datagram_of_others),
	cmocka_unit_test(nobody_listening_is_told_however_many_peers_are_busy),
	cmocka_unit_test(nobody_listening_is_told_of_the_peer_that_was_last_there),
	cmocka_unit_test(more_than_a_batch_arrives_whole),
	cmocka_unit_test(equal_ones_arrive_whole_and_in_order),
	cmocka_unit_test(so_do_unequal_ones_and_probes_among_them),
	cmocka_unit_test(switching_offload_at_the_sender_loses_nothing),
	cmocka_unit_test(others_have_a_turn_while_much_waits),
	cmocka_unit_test(sessions_come_before_handshakes_of_the_same_batch),
	cmocka_unit_test(a_small_one_comes_before_the_bulk_of_another_address),
	cmocka_unit_test(both_families_share_a_port_and_mix_in_one_send),
	cmocka_unit_test(a_datagram_comes_from_and_to_the_address_that_is_named),
	cmocka_unit_test(over_ipv6_too),
	cmocka_unit_test(an_address_that_is_not_ours_is_refused_and_one_of_another_family_ignored),
	cmocka_unit_test(one_too_long_for_the_wire_is_refused_and_not_cut_by_ip),
	cmocka_unit_test(a_port_in_use_is_named_with_the_key_to_change),
	cmocka_unit_test(a_port_taken_in_one_family_only_is_in_use),
};

enum {
	TEST_COUNT = sizeof(TESTS) / sizeof(TESTS[0]),
	MODE_COUNT = sizeof(MODES) / sizeof(MODES[0]),
	NAME_MAX_BYTES = 160,
};

/* Each test in each mode */
int main(void)
{
	static struct CMUnitTest tests[MODE_COUNT * TEST_COUNT];
	static char names[MODE_COUNT * TEST_COUNT][NAME_MAX_BYTES];

	for (size_t i = 0; i < MODE_COUNT * TEST_COUNT; i++) {
		const struct mode *mode = &MODES[i / TEST_COUNT];

		tests[i] = TESTS[i % TEST_COUNT];
		snprintf(names[i], NAME_MAX_BYTES, "%s_with_offload_%s", tests[i].name, mode->name);
		tests[i].name = names[i];
		tests[i].initial_state = (void *)(uintptr_t)mode;
	}
	return cmocka_run_group_tests_name("tunnel", tests, NULL, NULL);
}
