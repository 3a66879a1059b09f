/*
 * test_lan_bulk.c - agent/lan.h: while machines send bulk, the agent does not interrupt them
 */
#include "unit.h"

#include <sched.h>

#include "lan_fakes.h"

enum {
	WAKE_UPS = 100,
	SEVERAL = 4,
	MACHINE = 7,
	FLOOD_NS = 100000,
};

static void hand_over(const char *name)
{
	struct port *p = &port_named(name)->port;

	p->events.on_frame(p->events.context, frame_said, FRAME_BYTES,
			   &(struct port_source){.interface = 0});
}

/* The loop asks each time. */
static void end_batch(struct fixture *f, const char *name)
{
	struct port *p = &port_named(name)->port;

	lan_rest_ns(f->lan);
	p->events.on_batch_end(p->events.context);
}

/* To anna's machine 1; each wake-up brings so many. */
static void bring(struct fixture *f, const char *name, int frames)
{
	hear(f, ANNA, RED, BROADCAST, 1);
	write_frame(1, MACHINE);
	for (int i = 0; i < WAKE_UPS; i++) {
		for (int n = 0; n < frames; n++)
			hand_over(name);
		end_batch(f, name);
	}
}

/* From anna, to the machine that is behind "hub". */
static void fetch(struct fixture *f, int frames)
{
	const struct route route = {.remote = addr_from_ipv4(0x7f000001, 1)};
	uint8_t datagram[1] = {0};

	say("hub", BROADCAST, MACHINE);
	write_frame(MACHINE, 1);
	for (int i = 0; i < WAKE_UPS; i++) {
		for (int n = 0; n < frames; n++)
			f->engine.inbox[n] = (struct frame_in){
				.peer = ANNA, .vlan = RED, .frame = frame_said, .len = FRAME_BYTES};
		f->engine.inbox_count = (size_t)frames;
		lan_input(f->lan, &route, datagram, 0);
		lan_flush(f->lan);
	}
}

static int set_up_scheduling(void **state)
{
	const struct sched_param none = {.sched_priority = 0};

	return set_up(state) || sched_setscheduler(0, SCHED_OTHER, &none);
}

static void bulk_from_a_machine_interrupts_it_no_more_than_it_must(void **state)
{
	bring(*state, "hub", SEVERAL);
	assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
	bring(*state, "hub", 1);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
}

static void so_does_bulk_to_a_machine(void **state)
{
	fetch(*state, SEVERAL);
	assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
	fetch(*state, 1);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
}

static void a_game_is_never_waited_for(void **state)
{
	bring(*state, "hub", 1);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
}

/* A game that broadcasts: each frame is one, however many hear it. */
static void a_frame_for_many_counts_once(void **state)
{
	struct fixture *f = *state;

	write_frame(BROADCAST, MACHINE);
	for (int i = 0; i < WAKE_UPS; i++) {
		for (int n = 0; n < 2; n++)
			hand_over("hub");
		end_batch(f, "hub");
	}
	assert_int_equal(port_named("tap")->sent, 2 * WAKE_UPS);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
}

/* It brings many as one. */
static void nor_is_an_interface_with_offloads(void **state)
{
	port_named("tap")->port.has_offload = true;
	bring(*state, "tap", SEVERAL);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
}

static void how_the_user_had_it_scheduled_stays(void **state)
{
	static const int CHOSEN[] = {SCHED_BATCH, SCHED_IDLE};
	const struct sched_param none = {.sched_priority = 0};

	for (size_t i = 0; i < sizeof(CHOSEN) / sizeof(CHOSEN[0]); i++) {
		assert_int_equal(sched_setscheduler(0, CHOSEN[i], &none), 0);
		bring(*state, "hub", SEVERAL);
		assert_int_equal(sched_getscheduler(0), CHOSEN[i]);
		bring(*state, "hub", 1);
		assert_int_equal(sched_getscheduler(0), CHOSEN[i]);
	}
}

/* For as many wake-ups as are enough, 40,000 frames a second. */
static void flood(struct fixture *f, const char *name)
{
	hear(f, ANNA, RED, BROADCAST, 1);
	write_frame(1, MACHINE);
	for (int i = 0; i < 2 * WAKE_UPS; i++) {
		clock_ns += FLOOD_NS;
		for (int n = 0; n < SEVERAL; n++)
			hand_over(name);
		end_batch(f, name);
	}
}

static void a_flood_is_rested_at_once_each_time(void **state)
{
	struct fixture *f = *state;

	bring(f, "hub", SEVERAL);
	assert_int_equal(lan_rest_ns(f->lan), 0);
	assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
	flood(f, "hub");
	assert_int_not_equal(lan_rest_ns(f->lan), 0);
	assert_int_equal(lan_rest_ns(f->lan), 0);
	assert_int_equal(sched_getscheduler(0), SCHED_OTHER); /* one of the two is enough */
}

static void nor_is_one_of_an_interface_with_offloads(void **state)
{
	struct fixture *f = *state;

	port_named("tap")->port.has_offload = true;
	flood(f, "tap");
	assert_int_equal(lan_rest_ns(f->lan), 0);
}

#define scheduled(test) cmocka_unit_test_setup_teardown(test, set_up_scheduling, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scheduled(bulk_from_a_machine_interrupts_it_no_more_than_it_must),
		scheduled(so_does_bulk_to_a_machine),
		scheduled(a_game_is_never_waited_for),
		scheduled(a_frame_for_many_counts_once),
		scheduled(nor_is_an_interface_with_offloads),
		scheduled(how_the_user_had_it_scheduled_stays),
		scheduled(a_flood_is_rested_at_once_each_time),
		scheduled(nor_is_one_of_an_interface_with_offloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
