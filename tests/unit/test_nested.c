/*
 * test_nested.c - agent/nested.h: our own datagrams in frames
 */
#include "unit.h"

#include "agent/nested.h"
#include "craft_tcp.h"

enum {
	PORT = 4711, /* as craft_tcp() has it: from 4711 to 80 */
	OTHER_PORT = 80,
};

#define S_NS UINT64_C(1000000000)

static uint8_t frame[CRAFT_TCP_BYTES];
static struct nested n;
static struct addr remote;

/* 10.0.0.1 and .2, fd00::1 and ::2 are the ends of what craft_tcp() makes. */
static struct addr v4(int last, uint16_t port)
{
	return addr_from_ipv4(0x0a000000U + (uint32_t)last, port);
}

static struct addr v6(int last, uint16_t port)
{
	return (struct addr){.ip = {0xfd, [15] = (uint8_t)last}, .port = port};
}

static void have(struct addr a, struct addr b)
{
	n = (struct nested){.port = a.port, .own = {a, b}, .own_count = 2};
}

static enum nested_way way(const struct crafted *c)
{
	return nested_way(&n, frame, craft_tcp(c, frame), &remote);
}

static void what_this_host_sent_from_the_tunnels_port_goes_out(void **state)
{
	struct addr want;

	(void)state;
	have(v6(1, PORT), v4(1, PORT));
	assert_int_equal(way(&(struct crafted){.protocol = 17}), NESTED_OUT);
	want = v4(2, OTHER_PORT);
	assert_true(addr_equal(&remote, &want));
	assert_int_equal(way(&(struct crafted){.protocol = 17, .is_ipv6 = true}), NESTED_OUT);
	want = v6(2, OTHER_PORT);
	assert_true(addr_equal(&remote, &want));
	assert_int_equal(way(&(struct crafted){.protocol = 17, .tag = 9}), NESTED_OUT);
}

static void what_is_meant_for_this_host_comes_in(void **state)
{
	struct addr want = v4(1, PORT);

	(void)state;
	have(v6(2, OTHER_PORT), v4(2, OTHER_PORT));
	assert_int_equal(way(&(struct crafted){.protocol = 17}), NESTED_IN);
	assert_true(addr_equal(&remote, &want));
	assert_int_equal(way(&(struct crafted){.protocol = 17, .is_ipv6 = true}), NESTED_IN);
}

static void another_port_address_or_protocol_is_nobodys_business(void **state)
{
	(void)state;
	have(v4(1, PORT + 1), v4(3, PORT + 1));
	assert_int_equal(way(&(struct crafted){.protocol = 17}), NESTED_NOT);
	have(v4(3, OTHER_PORT), v6(3, OTHER_PORT));
	assert_int_equal(way(&(struct crafted){.protocol = 17}), NESTED_NOT);
	have(v4(1, PORT), v6(1, PORT));
	assert_int_equal(way(&(struct crafted){.protocol = 6}), NESTED_NOT);
	assert_int_equal(way(&(struct crafted){.protocol = 17, .fragment = 0x2000}), NESTED_NOT);
	n.port = 0;
	assert_int_equal(way(&(struct crafted){.protocol = 17}), NESTED_NOT);
}

static void an_address_that_is_not_known_may_be_ours_where_the_port_is(void **state)
{
	struct addr want = v4(2, OTHER_PORT);

	(void)state;
	have(v4(3, PORT), v6(3, PORT));
	assert_int_equal(way(&(struct crafted){.protocol = 17}), NESTED_PERHAPS);
	assert_true(addr_equal(&remote, &want));
}

static void the_tenth_within_a_second_is_told_once(void **state)
{
	struct addr a = v4(9, 1), b = v4(8, 1);

	(void)state;
	n = (struct nested){.own_count = 0};
	for (uint64_t i = 1; i <= 30; i++) {
		assert_int_equal(nested_count(&n, &a, S_NS + i), i == NESTED_LIMIT);
		assert_false(i < NESTED_LIMIT && nested_count(&n, &b, S_NS + i));
	}
}

static void ten_that_take_longer_are_not_told(void **state)
{
	struct addr a = v4(9, 1);

	(void)state;
	n = (struct nested){.own_count = 0};
	for (uint64_t i = 0; i < 100; i++)
		assert_false(nested_count(&n, &a, S_NS + i * S_NS / (NESTED_LIMIT - 1)));
}

static void of_many_addresses_the_latest_are_counted(void **state)
{
	struct addr a = v4(1, 1);
	bool told = false;

	(void)state;
	n = (struct nested){.own_count = 0};
	for (int i = 2; i < 40; i++) {
		struct addr other = v4(i, 1);

		nested_count(&n, &other, S_NS + (uint64_t)i);
	}
	for (int i = 0; i < NESTED_LIMIT; i++)
		told |= nested_count(&n, &a, S_NS + 100);
	assert_true(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_this_host_sent_from_the_tunnels_port_goes_out),
		cmocka_unit_test(what_is_meant_for_this_host_comes_in),
		cmocka_unit_test(another_port_address_or_protocol_is_nobodys_business),
		cmocka_unit_test(an_address_that_is_not_known_may_be_ours_where_the_port_is),
		cmocka_unit_test(the_tenth_within_a_second_is_told_once),
		cmocka_unit_test(ten_that_take_longer_are_not_told),
		cmocka_unit_test(of_many_addresses_the_latest_are_counted),
	};

	return cmocka_run_group_tests_name("nested", tests, NULL, NULL);
}
