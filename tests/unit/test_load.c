/*
 * test_load.c - proto/load.h
 */
#include "unit.h"

#include "load.h"

#define T0 (1000 * NS_PER_S)

static struct load load;

static int set_up(void **state)
{
	(void)state;
	memset(&load, 0, sizeof(load));
	return 0;
}

/* Return: is it under load after @count initiations at once? */
static bool note_many(unsigned count, uint64_t now_ns)
{
	bool loaded = false;

	for (unsigned i = 0; i < count; i++)
		loaded = load_note(&load, now_ns);
	return loaded;
}

static void fifty_in_a_window_are_no_load_and_one_more_is(void **state)
{
	(void)state;
	assert_false(note_many(LOAD_INITIATIONS, T0));
	assert_true(load_note(&load, T0));
}

static void slow_stream_is_never_load(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 10000; i++)
		assert_false(load_note(&load, T0 + i * (LOAD_WINDOW_NS / LOAD_INITIATIONS)));
}

static void load_sticks_for_a_second_after_the_last_excess(void **state)
{
	(void)state;
	assert_true(note_many(LOAD_INITIATIONS + 1, T0));
	assert_true(load_note(&load, T0 + LOAD_STICKY_NS - 1));
	assert_false(load_note(&load, T0 + LOAD_STICKY_NS + LOAD_WINDOW_NS));
}

/* Return: how many of @tries are granted at once. */
static unsigned grant(const struct addr *from, unsigned tries, uint64_t now_ns)
{
	unsigned granted = 0;

	for (unsigned i = 0; i < tries; i++)
		granted += load_take_handshake(&load, from, now_ns);
	return granted;
}

static void an_address_has_a_burst_of_five_and_twenty_a_second(void **state)
{
	struct addr from = addr_from_ipv4(0xc0000201, 1);
	unsigned granted = 0;

	(void)state;
	assert_int_equal(grant(&from, 100, T0), LOAD_BURST);
	for (unsigned ms = 1; ms <= 1000; ms++)
		granted += grant(&from, 1, T0 + ms * NS_PER_MS);
	assert_in_range(granted, LOAD_RATE - 1, LOAD_RATE);
}

static void all_ports_of_an_address_share_its_budget(void **state)
{
	unsigned granted = 0;

	(void)state;
	for (unsigned port = 1; port < 65536; port++) {
		struct addr from = addr_from_ipv4(0xc0000201, (uint16_t)port);

		granted += load_take_cookie(&load, &from, T0);
	}
	assert_int_equal(granted, LOAD_BURST);
}

static struct addr ipv6(uint8_t prefix, uint8_t host)
{
	struct addr a = {.ip = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, prefix}, .port = 1};

	a.ip[15] = host;
	return a;
}

static void an_ipv6_network_of_64_bits_is_one_address(void **state)
{
	unsigned granted = 0;
	struct addr other = ipv6(2, 1);

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		struct addr from = ipv6(1, (uint8_t)i);

		granted += load_take_handshake(&load, &from, T0);
	}
	assert_int_equal(granted, LOAD_BURST);
	assert_true(load_take_handshake(&load, &other, T0));
}

static void cookies_and_handshakes_have_budgets_of_their_own(void **state)
{
	struct addr from = addr_from_ipv4(0xc0000201, 1);

	(void)state;
	assert_int_equal(grant(&from, 100, T0), LOAD_BURST);
	assert_true(load_take_cookie(&load, &from, T0));
}

/* One of many addresses that share the place of @first in the table. */
static struct addr neighbour_of(const struct addr *first)
{
	for (uint32_t ip = 0x0b000000;; ip++) {
		struct addr a = addr_from_ipv4(ip, 1);
		uint8_t one[ADDR_IP_BYTES], two[ADDR_IP_BYTES];

		memcpy(one, first->ip, sizeof(one));
		memcpy(two, a.ip, sizeof(two));
		if (keyed_hash(&load.key, one, sizeof(one)) % LOAD_TABLE ==
		    keyed_hash(&load.key, two, sizeof(two)) % LOAD_TABLE)
			return a;
	}
}

static void a_taken_place_is_refused_until_its_holder_was_quiet_for_a_second(void **state)
{
	struct addr first = addr_from_ipv4(0xc0000201, 1);
	struct addr second = neighbour_of(&first);

	(void)state;
	assert_true(load_take_handshake(&load, &first, T0));
	assert_false(load_take_handshake(&load, &second, T0));
	assert_false(load_take_handshake(&load, &second, T0 + NS_PER_S - 1));
	assert_true(load_take_handshake(&load, &second, T0 + NS_PER_S));
	assert_false(load_take_handshake(&load, &first, T0 + NS_PER_S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fifty_in_a_window_are_no_load_and_one_more_is, set_up),
		cmocka_unit_test_setup(slow_stream_is_never_load, set_up),
		cmocka_unit_test_setup(load_sticks_for_a_second_after_the_last_excess, set_up),
		cmocka_unit_test_setup(an_address_has_a_burst_of_five_and_twenty_a_second, set_up),
		cmocka_unit_test_setup(all_ports_of_an_address_share_its_budget, set_up),
		cmocka_unit_test_setup(an_ipv6_network_of_64_bits_is_one_address, set_up),
		cmocka_unit_test_setup(cookies_and_handshakes_have_budgets_of_their_own, set_up),
		cmocka_unit_test_setup(
			a_taken_place_is_refused_until_its_holder_was_quiet_for_a_second, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
