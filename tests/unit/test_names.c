/*
 * test_names.c - agent/names.h, with peers and look-ups that only take notes
 */
#include "unit.h"

#include "agent/names.h"

enum {
	PEERS = 2
};

#define S_NS UINT64_C(1000000000)

static struct lookup lookups[PEERS];
static struct peer all[PEERS];
static bool up[PEERS];
static int asked;

/* ---- what names.c calls ---- */

struct peer *peers_next(const struct peers *p, const struct peer *previous)
{
	int next = previous ? previous->number + 1 : 0;

	(void)p;
	return next < PEERS ? &all[next] : NULL;
}

bool engine_peer_is_up(const struct engine *e, int peer)
{
	(void)e;
	return up[peer];
}

void lookup_again(struct lookup *l, uint64_t now_ns)
{
	asked++;
	l->asked_ns = now_ns;
}

/* ---- the test ---- */

struct fixture {
	uv_loop_t loop;
	struct names names;
	uint64_t now_ns;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){.now_ns = 1000 * S_NS};
	uv_loop_init(&f.loop);
	for (int i = 0; i < PEERS; i++) {
		lookups[i] = (struct lookup){.state = LOOKUP_RESOLVED, .asked_ns = f.now_ns};
		all[i] = (struct peer){.number = i, .lookups = {&lookups[i]}, .lookup_count = 1};
		up[i] = true;
	}
	asked = 0;
	names_open(&f.names, &f.loop, NULL, NULL);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	names_close(&f->names);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	return uv_loop_close(&f->loop);
}

static bool wakes(const struct fixture *f)
{
	return uv_is_active((const uv_handle_t *)&f->names.timer);
}

/* Something wakes the agent at each tenth of a second. Return: how often names were asked for */
static int run_for(struct fixture *f, uint64_t seconds)
{
	int before = asked;

	for (uint64_t i = 0; i < seconds * 10; i++) {
		f->now_ns += S_NS / 10;
		names_run(&f->names, f->now_ns);
	}
	return asked - before;
}

static void the_interval_grows_with_the_time_away(void **state)
{
	(void)state;
	assert_int_equal(names_interval_s(0), NAMES_AWAY_S);
	assert_int_equal(names_interval_s(NAMES_EAGER_S * S_NS - 1), NAMES_AWAY_S);
	assert_int_equal(names_interval_s(NAMES_EAGER_S * S_NS), 2 * NAMES_AWAY_S);
	assert_int_equal(names_interval_s(2 * NAMES_EAGER_S * S_NS), 4 * NAMES_AWAY_S);
	assert_int_equal(names_interval_s(10 * NAMES_EAGER_S * S_NS), NAMES_AWAY_MAX_S);
	assert_int_equal(names_interval_s(UINT64_MAX), NAMES_AWAY_MAX_S);
}

static void a_peer_that_is_away_is_asked_for_every_four_seconds(void **state)
{
	struct fixture *f = *state;

	up[0] = false;
	assert_in_range(run_for(f, 40), 9, 10);
	assert_true(wakes(f));
}

static void peers_that_are_up_are_asked_for_now_and_then_without_a_wake_up(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run_for(f, NAMES_UP_S - 1), 0);
	assert_false(wakes(f));
	assert_int_equal(run_for(f, 2), PEERS);
	assert_int_equal(run_for(f, NAMES_UP_S - 2), 0);
	assert_false(wakes(f));
}

static void one_that_goes_is_asked_for_at_once_when_that_is_told(void **state)
{
	struct fixture *f = *state;

	run_for(f, 10);
	up[1] = false;
	names_touch(&f->names);
	assert_int_equal(run_for(f, 1), 1);
	up[1] = true;
	names_touch(&f->names);
	assert_int_equal(run_for(f, 10), 0);
	assert_false(wakes(f));
}

static void a_question_under_way_is_not_repeated_and_does_not_spin(void **state)
{
	struct fixture *f = *state;
	uv_getaddrinfo_t request;

	up[0] = false;
	lookups[0].request = &request;
	lookups[0].asked_ns = 0;
	names_run(&f->names, f->now_ns);
	assert_true(wakes(f));
	assert_true(uv_timer_get_due_in(&f->names.timer) > 1000);
}

static void without_an_address_nobody_is_asked_for(void **state)
{
	struct fixture *f = *state;

	up[0] = false;
	run_for(f, 1);
	names_set_online(&f->names, false);
	assert_false(wakes(f));
	assert_int_equal(run_for(f, 100), 0);
	assert_false(wakes(f));
	names_set_online(&f->names, true);
	assert_int_equal(run_for(f, 1), 1);
}

static void an_address_in_digits_is_never_asked_for(void **state)
{
	struct fixture *f = *state;

	up[0] = up[1] = false;
	lookups[0].state = lookups[1].state = LOOKUP_NUMERIC;
	assert_int_equal(run_for(f, 100), 0);
	assert_false(wakes(f));
}

#define with_names(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interval_grows_with_the_time_away),
		with_names(a_peer_that_is_away_is_asked_for_every_four_seconds),
		with_names(peers_that_are_up_are_asked_for_now_and_then_without_a_wake_up),
		with_names(one_that_goes_is_asked_for_at_once_when_that_is_told),
		with_names(a_question_under_way_is_not_repeated_and_does_not_spin),
		with_names(without_an_address_nobody_is_asked_for),
		with_names(an_address_in_digits_is_never_asked_for),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
