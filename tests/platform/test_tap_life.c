/*
 * test_tap_life.c - a TAP port whose interface is made, there already, set down, deleted, not permitted
 *
 * Layer: platform test. Skipped where no namespace or no TAP can be made.
 */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/clock.h"

static int flags_of(const char *name)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), code;

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	code = ioctl(fd, SIOCGIFFLAGS, &r);
	close(fd);
	return code < 0 ? -1 : r.ifr_flags;
}

/* The kernel tells of a carrier some time after it changed. */
static void wait_running(const char *name, bool is_running)
{
	for (int i = 0; i < LIMIT_MS / QUIET_MS; i++) {
		if (!(flags_of(name) & IFF_RUNNING) == !is_running)
			return;
		uv_sleep(QUIET_MS);
	}
	fail_msg("%s: carrier %s", name, is_running ? "off" : "on");
}

static void an_interface_is_made_brought_up_and_goes_with_the_port(void **state)
{
	struct fixture *f = *state;

	open_port(f, 0);
	assert_forwarding(f);
	assert_true(flags_of("t0") & IFF_UP);
	wait_running("t0", true);
	assert_int_equal(mtu_of("t0"), 1500);
	f->port->ops->close(f->port);
	f->port = NULL;
	assert_int_equal(if_nametoindex("t0"), 0); /* at once: the next one may have its name */
}

static void an_interface_that_is_there_keeps_what_it_has(void **state)
{
	struct fixture *f = *state;
	char detail[DETAIL];

	if (why_not)
		skip();
	command("ip tuntap add dev t0 mode tap && ip link set t0 mtu 1300 address "
		"02:00:00:00:00:07 up && ip addr add 198.18.0.1/24 dev t0");
	open_port(f, 0);
	assert_int_equal(state_of(f, detail), PORT_FORWARDING);
	assert_int_equal(mtu_of("t0"), 1300);
	f->port->ops->close(f->port);
	f->port = NULL;
	assert_true(flags_of("t0") & IFF_UP); /* it stays, without carrier */
	wait_running("t0", false);
	command("ip addr show dev t0 | grep -q 198.18.0.1/24 && "
		"ip link show t0 | grep -q 02:00:00:00:00:07 && ip link del t0");
}

static void an_interface_that_is_set_down_is_said_and_comes_back(void **state)
{
	struct fixture *f = *state;
	char detail[DETAIL];

	open_port(f, 0);
	command("ip link set t0 down");
	f->port->ops->send(f->port, test_frame(), FRAME_BYTES);
	assert_int_equal(f->port->drops[DROP_PORT_DOWN], 1);
	assert_int_equal(state_of(f, detail), PORT_DOWN);
	assert_contains(detail, "sudo ip link set t0 up");
	run_for(f, QUIET_MS);
	tick(f);
	assert_int_equal(state_of(f, detail), PORT_DOWN); /* whoever set it down wants it so */
	command("ip link set t0 up");
	f->port->ops->network_changed(f->port, clock_now_ns());
	assert_forwarding(f);
	f->port->ops->send(f->port, test_frame(), FRAME_BYTES);
	assert_int_equal(f->port->tx_frames, 1);
}

static void an_interface_that_is_deleted_is_said_and_made_again(void **state)
{
	struct fixture *f = *state;
	char detail[DETAIL];

	open_port(f, 0);
	run_for(f, QUIET_MS);
	command("ip link del t0");
	run_for(f, QUIET_MS); /* the descriptor reports it: no tick is needed */
	assert_int_equal(state_of(f, detail), PORT_DOWN);
	assert_contains(detail, "t0 was deleted");
	f->port->ops->send(f->port, test_frame(), FRAME_BYTES);
	assert_int_equal(f->port->drops[DROP_PORT_DOWN], 1);
	tick(f);
	assert_forwarding(f);
	open_host(f);
	host_says(f, FRAME_BYTES);
	run_until(f, 1);
}

static void a_frame_to_an_interface_that_was_just_deleted_costs_only_itself(void **state)
{
	struct fixture *f = *state;
	char detail[DETAIL];

	open_port(f, 0);
	command("ip link del t0");
	f->port->ops->send(f->port, test_frame(), FRAME_BYTES); /* before the loop hears of it */
	assert_int_equal(state_of(f, detail), PORT_DOWN);
	assert_int_equal(f->port->drops[DROP_PORT_DOWN], 1);
	tick(f);
	assert_forwarding(f);
}

static void the_carrier_goes_and_comes_and_is_remembered(void **state)
{
	struct fixture *f = *state;
	char detail[DETAIL];

	open_port(f, 0);
	f->port->ops->carrier(f->port, false);
	wait_running("t0", false);
	assert_int_equal(state_of(f, detail), PORT_FORWARDING);
	assert_contains(detail, "nobody else is on this vlan");
	command("ip link del t0");
	run_for(f, QUIET_MS);
	tick(f);
	assert_forwarding(f);
	wait_running("t0", false);
	f->port->ops->carrier(f->port, true);
	wait_running("t0", true);
}

static void an_interface_that_somebody_else_has_is_waited_for(void **state)
{
	struct fixture *f = *state;
	enum tap_step step;
	char detail[DETAIL];
	struct tap_device other;

	if (why_not)
		skip();
	assert_int_equal(tap_device_open(&other, "t0", false, &step), 0);
	open_port(f, 0);
	assert_int_equal(state_of(f, detail), PORT_DOWN);
	assert_contains(detail, "another program has interface t0 open");
	f->port->ops->send(f->port, test_frame(), FRAME_BYTES);
	assert_int_equal(f->port->drops[DROP_PORT_DOWN], 1);
	tap_device_close(&other);
	tick(f);
	assert_forwarding(f);
}

static void an_interface_of_another_kind_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char detail[DETAIL];

	if (why_not)
		skip();
	command("ip link add t0 type bridge");
	open_port(f, 0);
	assert_int_equal(state_of(f, detail), PORT_DOWN);
	assert_contains(detail, "t0 is an interface, but no TAP");
	command("ip link del t0");
}

static int attach_unprivileged(const char *name)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), status;
	pid_t child = fork();

	if (child == 0) {
		snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
		if (setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED) != 0 ||
		    setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED) != 0)
			_exit(ENOTSUP);
		if (ioctl(fd, TUNSETIFF, &r) < 0)
			_exit(errno);
		_exit(ioctl(fd, TUNSETOFFLOAD, 0) < 0 || ioctl(fd, TUNSETCARRIER, &(int){1}) < 0
			      ? errno
			      : 0);
	}
	assert_true(child > 0);
	waitpid(child, &status, 0);
	close(fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void only_a_persistent_one_of_ones_own_needs_no_privilege(void **state)
{
	(void)state;
	if (why_not || geteuid() != 0)
		skip();
	command("ip tuntap add dev t0 mode tap user 65534 && ip tuntap add dev t1 mode tap user 1");
	assert_int_equal(attach_unprivileged("t0"), 0);
	assert_int_equal(attach_unprivileged("t1"), EPERM);
	assert_int_equal(attach_unprivileged("t2"), EPERM); /* would be made */
	command("ip link del t0 && ip link del t1");
}

static void what_is_not_permitted_is_said_with_the_command_that_permits_it(void **state)
{
	char out[DETAIL], wanted[DETAIL];

	(void)state;
	snprintf(wanted, sizeof(wanted),
		 "only root may make interface a-long-name-lw0: sudo ip tuntap add dev "
		 "a-long-name-lw0 mode tap user %u && sudo ip link set a-long-name-lw0 up",
		 geteuid());
	tap_why_not("a-long-name-lw0", false, TAP_STEP_ATTACH, -EPERM, out, sizeof(out));
	assert_string_equal(out, wanted);
	tap_why_not("a-long-name-lw0", true, TAP_STEP_ATTACH, -EPERM, out, sizeof(out));
	assert_contains(out, "another user owns interface a-long-name-lw0: sudo ip tuntap del dev");
	assert_contains(out, "set a-long-name-lw0 up"); /* not cut */
	tap_why_not("lw0", false, TAP_STEP_FILE, -ENOENT, out, sizeof(out));
	assert_contains(out,
			"this host has no TAPs (/dev/net/tun: No such file or directory): sudo "
			"modprobe tun");
	tap_why_not("lw0", false, TAP_STEP_FILE, -EACCES, out, sizeof(out));
	assert_contains(out, "sudo chmod 666 /dev/net/tun");
	tap_why_not("lw0", false, TAP_STEP_SYSTEM, -ENOSYS, out, sizeof(out));
	assert_contains(out, "no TAPs on this system");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_a_tap(an_interface_is_made_brought_up_and_goes_with_the_port),
		on_a_tap(an_interface_that_is_there_keeps_what_it_has),
		on_a_tap(an_interface_that_is_set_down_is_said_and_comes_back),
		on_a_tap(an_interface_that_is_deleted_is_said_and_made_again),
		on_a_tap(a_frame_to_an_interface_that_was_just_deleted_costs_only_itself),
		on_a_tap(the_carrier_goes_and_comes_and_is_remembered),
		on_a_tap(an_interface_that_somebody_else_has_is_waited_for),
		on_a_tap(an_interface_of_another_kind_is_left_alone),
		cmocka_unit_test(only_a_persistent_one_of_ones_own_needs_no_privilege),
		cmocka_unit_test(what_is_not_permitted_is_said_with_the_command_that_permits_it),
	};

	enter_namespace();
	return cmocka_run_group_tests_name("tap_life", tests, NULL, NULL);
}
