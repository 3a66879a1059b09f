/*
 * test_tunnel_groups.c - datagrams by where they go
 */
#include "unit.h"

#include <stdio.h>

#include "../../agent/tunnel_groups.h"

static struct datagram list[TUNNEL_GROUP_DATAGRAMS];
static struct tunnel_groups groups;

static struct datagram to(int peer, uint32_t ip, uint16_t port)
{
	return (struct datagram){.peer = peer, .to = addr_from_ipv4(ip, port), .len = 1};
}

/* Return: the group's datagrams as "0 2 5" */
static const char *members(size_t group)
{
	static char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (uint16_t i = groups.list[group].first; i != TUNNEL_GROUP_NONE; i = groups.next[i])
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", used ? " " : "",
					 i);
	return text;
}

static void none_make_no_group(void **state)
{
	(void)state;
	tunnel_groups_make(&groups, list, 0);
	assert_int_equal(groups.count, 0);
}

static void those_to_one_place_are_one_group_in_order(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		list[i] = to(1, 1, 1);
	tunnel_groups_make(&groups, list, 4);
	assert_int_equal(groups.count, 1);
	assert_string_equal(members(0), "0 1 2 3");
}

static void peers_that_take_turns_are_told_apart(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		list[i] = to(i % 3, 1, 1);
	tunnel_groups_make(&groups, list, 8);
	assert_int_equal(groups.count, 3);
	assert_string_equal(members(0), "0 3 6");
	assert_string_equal(members(1), "1 4 7");
	assert_string_equal(members(2), "2 5");
}

static void addresses_and_ports_and_our_own_address_count(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		list[i] = to(1, 1, 1);
	list[1] = to(1, 2, 1);
	list[2] = to(1, 1, 2);
	list[3].local = addr_from_ipv4(9, 9);
	tunnel_groups_make(&groups, list, 8);
	assert_int_equal(groups.count, 4);
	assert_string_equal(members(0), "0 4 5 6 7");
	assert_string_equal(members(1), "1");
	assert_string_equal(members(2), "2");
	assert_string_equal(members(3), "3");
}

static void classes_are_told_apart_and_keep_their_order(void **state)
{
	(void)state;
	for (int i = 0; i < 7; i++) {
		list[i] = to(1, 1, 1);
		list[i].dscp = i % 3 == 0 ? 46 : 0;
	}
	tunnel_groups_make(&groups, list, 7);
	assert_int_equal(groups.count, 2);
	assert_string_equal(members(0), "0 3 6");
	assert_string_equal(members(1), "1 2 4 5");
}

static void as_many_as_fit_may_go_to_as_many_places(void **state)
{
	(void)state;
	for (int i = 0; i < TUNNEL_GROUP_DATAGRAMS; i++)
		list[i] = to(i, 1, 1);
	tunnel_groups_make(&groups, list, TUNNEL_GROUP_DATAGRAMS);
	assert_int_equal(groups.count, TUNNEL_GROUP_DATAGRAMS);
	for (size_t i = 0; i < groups.count; i++)
		assert_int_equal(groups.list[i].first, i);
}

/* Cookie replies: a stranger chose the addresses. */
static void places_of_one_bucket_are_told_apart(void **state)
{
	(void)state;
	for (int i = 0; i < TUNNEL_GROUP_DATAGRAMS; i++)
		list[i] = to(-1, 1 + ((uint32_t)(i / 2) << 8), 1);
	tunnel_groups_make(&groups, list, TUNNEL_GROUP_DATAGRAMS);
	assert_int_equal(groups.count, TUNNEL_GROUP_DATAGRAMS / 2);
	assert_string_equal(members(groups.count - 1u), "126 127");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_make_no_group),
		cmocka_unit_test(those_to_one_place_are_one_group_in_order),
		cmocka_unit_test(peers_that_take_turns_are_told_apart),
		cmocka_unit_test(addresses_and_ports_and_our_own_address_count),
		cmocka_unit_test(classes_are_told_apart_and_keep_their_order),
		cmocka_unit_test(as_many_as_fit_may_go_to_as_many_places),
		cmocka_unit_test(places_of_one_bucket_are_told_apart),
	};

	return cmocka_run_group_tests_name("tunnel_groups", tests, NULL, NULL);
}
