/*
 * test_lan_attached.c - machines whose descriptor was handed over
 */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lan_fakes.h"

/* A machine: its own end of the pair, and what the lan knows of it. */
struct machine {
	struct lan_attached *attached;
	int fd, ends;
};

static struct error err;

static void on_end(void *context)
{
	struct machine *m = context;

	m->ends++;
	lan_detach(m->attached);
	m->attached = NULL;
}

static int attach(struct fixture *f, struct machine *m, const char *name, uint16_t vlan)
{
	const struct lan_attach_end end = {on_end, m};
	struct lan_machine machine = {.name = name, .vlan = vlan, .is_trusted = true};
	int pair[2];

	*m = (struct machine){.fd = -1};
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	m->fd = pair[1];
	machine.fd = pair[0];
	return lan_attach(f->lan, &machine, &end, &m->attached, &err);
}

static void unplug(struct machine *m)
{
	if (m->attached)
		lan_detach(m->attached);
	if (m->fd >= 0)
		close(m->fd);
}

static bool find_info(const struct fixture *f, const char *name, struct port_info *out)
{
	for (size_t i = 0; lan_port_info(f->lan, i, out); i++) {
		if (strcmp(out->name, name) == 0)
			return true;
	}
	return false;
}

/* How many frames wait at the machine. */
static int heard(const struct machine *m)
{
	uint8_t frame[FRAME_BYTES];
	int count = 0;

	while (recv(m->fd, frame, sizeof(frame), MSG_DONTWAIT) == FRAME_BYTES)
		count++;
	return count;
}

static void speak(struct fixture *f, const struct machine *m, int dst, int src)
{
	write_frame(dst, src);
	assert_int_equal(send(m->fd, frame_said, FRAME_BYTES, 0), FRAME_BYTES);
	for (int i = 0; i < 10; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void a_machine_is_a_port_of_its_vlan(void **state)
{
	struct fixture *f = *state;
	struct port_info info;
	struct machine m;

	assert_int_equal(attach(f, &m, "win98", RED), 0);
	assert_string_equal(lan_attached_name(m.attached), "win98");
	assert_true(find_info(f, "win98", &info));
	assert_string_equal(info.type, "fd");
	assert_int_equal(info.vlan, RED);
	assert_int_equal(info.state, PORT_FORWARDING);
	say("hub", BROADCAST, 1);
	say("other", BROADCAST, 2);
	assert_int_equal(heard(&m), 1);
	speak(f, &m, BROADCAST, 3);
	assert_int_equal(port_named("hub")->sent, 1);
	assert_int_equal(port_named("other")->sent, 0);
	assert_int_equal(f->engine.sent[BEN], 2);
	assert_int_equal(heard(&m), 0);
	assert_true(find_info(f, "win98", &info));
	assert_int_equal(info.rx_frames, 1);
	unplug(&m);
}

static void what_was_learned_of_a_machine_goes_with_it(void **state)
{
	struct fixture *f = *state;
	struct port_info info;
	struct machine m;

	assert_int_equal(attach(f, &m, "win98", RED), 0);
	speak(f, &m, BROADCAST, 3);
	say("hub", 3, 1); /* known: to the machine alone */
	assert_int_equal(port_named("tap")->sent, 1);
	unplug(&m);
	assert_false(find_info(f, "win98", &info));
	say("hub", 3, 1);
	assert_int_equal(port_named("tap")->sent, 2);
}

static void a_name_that_is_taken_gets_a_number(void **state)
{
	struct fixture *f = *state;
	struct machine one, two, hub;

	assert_int_equal(attach(f, &one, "win98", RED), 0);
	assert_int_equal(attach(f, &two, "win98", BLUE), 0);
	assert_int_equal(attach(f, &hub, "hub", BLUE), 0);
	assert_string_equal(lan_attached_name(two.attached), "win98.2");
	assert_string_equal(lan_attached_name(hub.attached), "hub.2");
	unplug(&one);
	unplug(&two);
	unplug(&hub);
}

static void a_machine_whose_end_is_closed_is_told_of(void **state)
{
	struct fixture *f = *state;
	struct machine m;

	assert_int_equal(attach(f, &m, "win98", RED), 0);
	close(m.fd);
	m.fd = -1;
	say("hub", BROADCAST, 1);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(m.ends, 1);
}

static void a_machine_goes_with_its_vlan_or_when_a_port_needs_its_name(void **state)
{
	struct fixture *f = *state;
	struct machine blue, named, stays;

	assert_int_equal(attach(f, &blue, "a", BLUE), 0);
	assert_int_equal(attach(f, &named, "b", RED), 0);
	assert_int_equal(attach(f, &stays, "c", RED), 0);
	f->config.vlan_count--;
	f->config.port_count--;
	add_port(&f->config, "b", RED);
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	assert_int_equal(blue.ends, 1);
	assert_int_equal(named.ends, 1);
	assert_int_equal(stays.ends, 0);
	say("hub", BROADCAST, 1);
	assert_int_equal(heard(&stays), 1);
	unplug(&blue);
	unplug(&named);
	unplug(&stays);
}

static void a_machine_whose_vlan_has_another_name_now_has_to_choose_again(void **state)
{
	struct fixture *f = *state;
	struct machine red, blue;
	size_t last = f->config.vlan_count - 1;

	assert_int_equal(attach(f, &red, "a", RED), 0);
	assert_int_equal(attach(f, &blue, "b", BLUE), 0);
	assert_int_equal(f->config.vlans[last].id, BLUE);
	strcpy(f->config.vlans[last].name, "green");
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	assert_int_equal(red.ends, 0);
	assert_int_equal(blue.ends, 1);
	unplug(&red);
	unplug(&blue);
}

static void a_machine_is_somebody_for_those_on_its_vlan(void **state)
{
	struct fixture *f = *state;
	struct fake_port *alone = port_named("other");
	struct machine m;

	assert_false(alone->carrier);
	assert_int_equal(attach(f, &m, "a", BLUE), 0);
	assert_true(alone->carrier);
	unplug(&m);
}

static void the_limit_of_the_agent_counts_for_machines(void **state)
{
	struct fixture *f = *state;
	struct port_info info;
	struct machine m;

	f->config.broadcast = 1;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	assert_int_equal(attach(f, &m, "a", RED), 0);
	for (int i = 0; i < 3; i++)
		speak(f, &m, BROADCAST, 3);
	assert_true(find_info(f, "a", &info));
	assert_int_equal(info.drops[DROP_BROADCAST_LIMIT], 2);
	f->config.broadcast = BROADCAST_OFF;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	for (int i = 0; i < 3; i++)
		speak(f, &m, BROADCAST, 3);
	assert_true(find_info(f, "a", &info));
	assert_int_equal(info.drops[DROP_BROADCAST_LIMIT], 2);
	unplug(&m);
}

static void what_cannot_be_attached_is_refused_and_closed(void **state)
{
	struct fixture *f = *state;
	const struct lan_attach_end end = {on_end, NULL};
	struct lan_machine machine = {.name = "a", .vlan = RED, .is_trusted = true};
	int pair[2];
	struct lan_attached *out;
	struct machine m;

	assert_true(attach(f, &m, "a", 7) < 0);
	assert_error(&err, "no vlan with id 7");
	assert_int_equal(send(m.fd, "x", 1, MSG_NOSIGNAL), -1);
	unplug(&m);
	assert_true(attach(f, &m, "a", 0) < 0);
	assert_error(&err, "say which one with --vlan");
	unplug(&m);
	machine.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(lan_attach(f->lan, &machine, &end, &out, &err) < 0);
	assert_error(&err, "the descriptor is not connected");
	assert_int_equal(close(machine.fd), -1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	machine = (struct lan_machine){.name = "a", .vlan = RED, .fd = pair[0]};
	assert_int_equal(lan_attach(f->lan, &machine, &end, &out, &err), -EPERM);
	assert_error(&err, "the descriptor is a SOCK_DGRAM");
	assert_int_equal(close(pair[0]), -1);
	close(pair[1]);
}

static void more_machines_than_there_are_slots_are_refused(void **state)
{
	enum {
		SLOTS = 192
	};
	static struct machine machines[SLOTS + 1];
	struct fixture *f = *state;

	for (int i = 0; i < SLOTS; i++)
		assert_int_equal(attach(f, &machines[i], "a", RED), 0);
	assert_int_equal(attach(f, &machines[SLOTS], "a", RED), -ENOSPC);
	assert_error(&err, "192 machines already");
	say("hub", BROADCAST, 1);
	assert_int_equal(heard(&machines[SLOTS - 1]), 1);
	for (int i = 0; i <= SLOTS; i++)
		unplug(&machines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lan(a_machine_is_a_port_of_its_vlan),
		with_lan(what_was_learned_of_a_machine_goes_with_it),
		with_lan(a_name_that_is_taken_gets_a_number),
		with_lan(a_machine_whose_end_is_closed_is_told_of),
		with_lan(a_machine_goes_with_its_vlan_or_when_a_port_needs_its_name),
		with_lan(a_machine_whose_vlan_has_another_name_now_has_to_choose_again),
		with_lan(a_machine_is_somebody_for_those_on_its_vlan),
		with_lan(the_limit_of_the_agent_counts_for_machines),
		with_lan(what_cannot_be_attached_is_refused_and_closed),
		with_lan(more_machines_than_there_are_slots_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
