/*
 * test_netwatch.c - agent/netwatch.h, in a network namespace of its own
 */
#include "unit.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/netwatch.h"

enum {
	LIMIT_MS = 10000, /* until a change that is not told counts as lost */
	QUIET_MS = 300,   /* to see that nothing more is told */
};

static bool has_namespace;
static pid_t other_host; /* a process that does nothing, in a namespace of its own */

struct fixture {
	uv_loop_t loop;
	uv_timer_t limit;
	struct netwatch *watch;
	int changes, until;
};

static void command(const char *text)
{
	if (system(text) != 0) /* NOLINT(cert-env33-c) */
		fail_msg("failed: %s", text);
}

/* In the other namespace */
static void there(const char *text)
{
	char line[128];

	snprintf(line, sizeof(line), "nsenter -t %d -n %s", (int)other_host, text);
	command(line);
}

static void on_change(void *context)
{
	struct fixture *f = context;

	f->changes++;
	if (f->changes == f->until)
		uv_stop(&f->loop);
}

static void on_limit(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* Return: how many changes were told, once there is one, or none for so long */
static int changes_within(struct fixture *f, uint64_t ms)
{
	f->changes = 0;
	f->until = 1;
	uv_update_time(&f->loop); /* commands took a while: that is not part of @ms */
	uv_timer_start(&f->limit, on_limit, ms, 0);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	uv_timer_stop(&f->limit);
	return f->changes;
}

static void let_settle(struct fixture *f)
{
	while (changes_within(f, QUIET_MS) > 0)
		;
}

static int set_up(void **state)
{
	static struct fixture f;
	char line[64];

	if (!has_namespace)
		return 0;
	f = (struct fixture){.watch = NULL};
	/* IPv6 has things to tell of its own */
	command("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
	command("ip link add w0 type veth peer name w1 && ip link set w0 up");
	command("ip addr add 198.18.0.1/24 dev w0");
	snprintf(line, sizeof(line), "ip link set w1 netns %d", (int)other_host);
	command(line);
	there("ip link set w1 up");
	/* the kernel notices the carrier in its own time */
	command("timeout 10 sh -c \"until ip -o link show dev w0 | grep -q 'state UP'; do sleep "
		"0.05; done\"");
	uv_loop_init(&f.loop);
	uv_timer_init(&f.loop, &f.limit);
	assert_int_equal(netwatch_open(&f.watch, &f.loop, on_change, &f, NULL), 0);
	let_settle(&f);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (!f)
		return 0;
	netwatch_close(f->watch);
	uv_close((uv_handle_t *)&f->limit, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	command("ip link del w0");
	return uv_loop_close(&f->loop);
}

static struct fixture *ready(void **state)
{
	if (!*state)
		skip();
	return *state;
}

static void a_cable_that_is_pulled_or_plugged_is_told(void **state)
{
	struct fixture *f = ready(state);

	there("ip link set w1 down"); /* here, only the carrier goes */
	assert_int_equal(changes_within(f, LIMIT_MS), 1);
	let_settle(f);
	there("ip link set w1 up");
	assert_int_equal(changes_within(f, LIMIT_MS), 1);
}

static void an_address_and_a_route_are_told(void **state)
{
	struct fixture *f = ready(state);

	command("ip addr add 198.18.1.1/32 dev w0");
	assert_int_equal(changes_within(f, LIMIT_MS), 1);
	let_settle(f);
	command("ip route add default via 198.18.0.2");
	assert_int_equal(changes_within(f, LIMIT_MS), 1);
}

static void what_repeats_what_is_known_is_not_told(void **state)
{
	struct fixture *f = ready(state);

	command("ip link set w0 alias somebody"); /* a message about the link, its flags as they were */
	let_settle(f);
	command("ip link set w0 alias nobody");
	command("ip addr change 198.18.0.1/24 dev w0 valid_lft 1000 preferred_lft 1000");
	assert_int_equal(changes_within(f, QUIET_MS), 0);
}

/* Such as a router advertisement that renews an address, after the cable was plugged in again */
static void an_address_that_came_back_with_its_cable_is_told_once(void **state)
{
	struct fixture *f = ready(state);

	there("ip link set w1 down");
	assert_int_equal(changes_within(f, LIMIT_MS), 1);
	command("ip addr change 198.18.0.1/24 dev w0 valid_lft 2000 preferred_lft 2000");
	let_settle(f); /* it is none while there is no cable */
	there("ip link set w1 up");
	assert_int_equal(changes_within(f, LIMIT_MS), 1);
	let_settle(f);
	command("ip addr change 198.18.0.1/24 dev w0 valid_lft 1000 preferred_lft 1000");
	assert_int_equal(changes_within(f, QUIET_MS), 0);
}

#define watched(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Return: once it has left ours */
static bool make_other_host(void)
{
	int ready[2];
	char byte;

	if (pipe(ready) != 0)
		return false;
	other_host = fork();
	if (other_host == 0) {
		byte = unshare(CLONE_NEWNET) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	return other_host > 0 && read(ready[0], &byte, 1) == 1 && byte;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		watched(a_cable_that_is_pulled_or_plugged_is_told),
		watched(an_address_and_a_route_are_told),
		watched(what_repeats_what_is_known_is_not_told),
		watched(an_address_that_came_back_with_its_cable_is_told_once),
	};
	int failed;

	has_namespace = unshare(CLONE_NEWNET) == 0 && make_other_host();
	failed = cmocka_run_group_tests_name("netwatch", tests, NULL, NULL);
	if (has_namespace)
		kill(other_host, SIGKILL);
	return failed;
}
