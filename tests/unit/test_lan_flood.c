/*
 * test_lan_flood.c - agent/lan_flood.c: who sends more than its share is named
 */
#include "unit.h"

#include <stdio.h>

#include "../../agent/lan_private.h"
#include "agent/clock.h"
#include "common/log.h"
#include "lan_fakes.h"

enum {
	WARNINGS = 8,
	LINE_BYTES = 1024
};

static const uint16_t RED_ONLY[] = {RED};

static int lines;
static char last_line[LINE_BYTES];

void log_write(enum log_level level, const char *format, ...)
{
	va_list args;

	(void)level;
	va_start(args, format);
	vsnprintf(last_line, sizeof(last_line), format, args);
	va_end(args);
	lines++;
}

static void tick(struct fixture *f)
{
	f->lan->now_ns = 0; /* as a timer does: the clock is read again */
	lan_flood_tick(f->lan);
}

static size_t warnings(const struct fixture *f, struct warning w[WARNINGS])
{
	return lan_warnings(f->lan, name_of, NULL, w, WARNINGS);
}

static void limit(struct fixture *f, uint32_t broadcast, uint32_t mac_quota, uint64_t rate)
{
	struct lan_limits limits = {.broadcast = broadcast, .mac_quota = mac_quota, .rate = rate};

	lan_use_names(f->lan, name_of, NULL);
	lan_peer_set(f->lan, ANNA, RED_ONLY, 1, &limits);
}

static void flood(struct fixture *f, int frames)
{
	for (int i = 0; i < frames; i++)
		hear(f, ANNA, RED, BROADCAST, 9);
}

static void a_peer_that_floods_is_named_with_limit_and_fix(void **state)
{
	struct fixture *f = *state;
	struct warning w[WARNINGS];

	limit(f, 10, 0, 0);
	flood(f, 10);
	tick(f);
	assert_int_equal(warnings(f, w), 0);
	flood(f, 1);
	tick(f);
	assert_int_equal(warnings(f, w), 1);
	assert_string_equal(w[0].code, "broadcast-limit");
	assert_contains(w[0].text, "anna sends more broadcasts");
	assert_contains(w[0].text, "the 10 a second");
	assert_contains(w[0].fix, "'broadcast = FRAMES-A-SECOND' in peers/anna.local");
	assert_contains(w[0].fix, "longwire -C /anna/lw remove anna");
}

static void a_port_that_floods_is_named_with_its_key(void **state)
{
	struct fixture *f = *state;
	struct warning w[WARNINGS];

	f->config.ports[0].broadcast = 10;
	assert_int_equal(lan_reload(f->lan, &f->config, NULL), 0);
	for (int i = 0; i < 11; i++)
		say("hub", BROADCAST, 1);
	tick(f);
	assert_int_equal(warnings(f, w), 1);
	assert_contains(w[0].text, "machines on port hub send more broadcasts");
	assert_contains(w[0].fix, "'broadcast = FRAMES-A-SECOND' in [port hub] of agent.conf");
}

static void a_peer_that_invents_addresses_is_named(void **state)
{
	struct fixture *f = *state;
	struct warning w[WARNINGS];

	limit(f, BROADCAST_OFF, 2, 0);
	for (int i = 0; i < 3; i++)
		hear(f, ANNA, RED, BROADCAST, i + 1);
	tick(f);
	assert_int_equal(warnings(f, w), 1);
	assert_string_equal(w[0].code, "mac-quota");
	assert_contains(w[0].text, "anna sends from more MAC addresses than the 2");
	assert_contains(w[0].fix, "'mac_quota = ADDRESSES' in peers/anna.local");
}

static void a_peer_over_its_rate_is_named(void **state)
{
	struct fixture *f = *state;
	struct warning w[WARNINGS];

	limit(f, BROADCAST_OFF, 0, 8000);
	flood(f, 2 * FRAME_MAX_BYTES / FRAME_BYTES);
	tick(f);
	assert_int_equal(warnings(f, w), 1);
	assert_string_equal(w[0].code, "peer-rate");
	assert_contains(w[0].text, "anna sends more than the 8000 bits a second that you allow");
}

static void a_warning_goes_after_five_minutes_or_with_another_limit(void **state)
{
	struct fixture *f = *state;
	struct warning w[WARNINGS];

	limit(f, 10, 0, 0);
	flood(f, 11);
	tick(f);
	limit(f, 20, 0, 0);
	assert_int_equal(warnings(f, w), 0);
	flood(f, 21);
	tick(f);
	clock_ns += 299 * S_NS;
	assert_int_equal(warnings(f, w), 1);
	clock_ns += S_NS;
	assert_int_equal(warnings(f, w), 0);
}

static void the_next_peer_of_that_number_is_not_blamed(void **state)
{
	struct fixture *f = *state;
	struct warning w[WARNINGS];

	limit(f, 10, 0, 0);
	flood(f, 11);
	tick(f);
	lan_peer_unset(f->lan, ANNA);
	f->engine.drops[ANNA][DROP_BROADCAST_LIMIT] = 0; /* as the engine does */
	limit(f, 10, 0, 0);
	tick(f);
	assert_int_equal(warnings(f, w), 0);
}

static void a_flood_is_one_line_a_minute(void **state)
{
	struct fixture *f = *state;

	limit(f, 1, 0, 0);
	lines = 0;
	for (int second = 0; second < 59; second++) {
		flood(f, 3);
		tick(f);
		clock_ns += S_NS;
	}
	assert_int_equal(lines, 1);
	assert_contains(last_line, "anna sends more broadcasts");
	assert_contains(last_line, "(2 frames since the last such line)");
	clock_ns += S_NS;
	tick(f);
	assert_int_equal(lines, 2);
	assert_contains(last_line, "(116 frames since the last such line)");
	clock_ns += 100 * S_NS;
	tick(f);
	assert_int_equal(lines, 2);
}

/* Each pair of frames is an address in two places, and a warning with words of its own. */
static void invented_addresses_fill_no_log(void **state)
{
	struct fixture *f = *state;

	limit(f, BROADCAST_OFF, 4096, 0);
	lines = 0;
	for (int i = 1; i < 100; i++) {
		hear(f, ANNA, RED, BROADCAST, i);
		hear(f, BEN, RED, BROADCAST, i);
		f->lan->now_ns = 0;
		lan_log_warnings(f->lan);
	}
	assert_in_range(lines, 2, 16);
	assert_contains(last_line, "longwire status");
	clock_ns += 60 * S_NS - 1;
	f->lan->now_ns = 0;
	lan_log_warnings(f->lan);
	assert_in_range(lines, 2, 16);
	clock_ns += 1;
	hear(f, ANNA, RED, BROADCAST, 1);
	hear(f, BEN, RED, BROADCAST, 1);
	f->lan->now_ns = 0;
	lan_log_warnings(f->lan);
	assert_contains(last_line, "is in two places");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_lan(a_peer_that_floods_is_named_with_limit_and_fix),
		with_lan(a_port_that_floods_is_named_with_its_key),
		with_lan(a_peer_that_invents_addresses_is_named),
		with_lan(a_peer_over_its_rate_is_named),
		with_lan(a_warning_goes_after_five_minutes_or_with_another_limit),
		with_lan(the_next_peer_of_that_number_is_not_blamed),
		with_lan(a_flood_is_one_line_a_minute),
		with_lan(invented_addresses_fill_no_log),
	};

	return cmocka_run_group_tests_name("lan_flood", tests, NULL, NULL);
}
