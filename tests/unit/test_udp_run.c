/*
 * test_udp_run.c - which datagrams go as one
 */
#include "unit.h"

#include <netinet/in.h>

#include "../../agent/udp.h"

enum {
	LEN = 1000,
	MANY = 100
};

static struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = 1};
static struct udp_to_send list[MANY];

static void make(size_t len)
{
	for (size_t i = 0; i < MANY; i++)
		list[i] = (struct udp_to_send){
			.len = len, .to = (struct sockaddr *)&here, .to_len = sizeof(here)};
}

static void one_is_a_run_of_one(void **state)
{
	(void)state;
	make(LEN);
	assert_int_equal(udp_run_length(list, 1), 1);
}

static void equal_ones_go_on_to_64(void **state)
{
	(void)state;
	make(LEN);
	assert_int_equal(udp_run_length(list, 2), 2);
	assert_int_equal(udp_run_length(list, 63), 63);
	assert_int_equal(udp_run_length(list, 64), 64);
	assert_int_equal(udp_run_length(list, 65), 64);
}

static void a_run_holds_65507_bytes_and_no_more(void **state)
{
	(void)state;
	make(6550);
	list[10].len = 7;
	assert_int_equal(udp_run_length(list, 12), 11);
	list[10].len = 8;
	assert_int_equal(udp_run_length(list, 12), 10);
	make(65507);
	assert_int_equal(udp_run_length(list, 2), 1);
}

static void a_shorter_one_is_the_last(void **state)
{
	(void)state;
	make(LEN);
	list[3].len = LEN - 1;
	assert_int_equal(udp_run_length(list, MANY), 4);
	list[1].len = 1;
	assert_int_equal(udp_run_length(list, MANY), 2);
}

static void a_longer_one_belongs_to_the_next(void **state)
{
	(void)state;
	make(LEN);
	list[3].len = LEN + 1;
	assert_int_equal(udp_run_length(list, MANY), 3);
}

/* The kernel would cut nothing off for it. */
static void an_empty_one_goes_by_itself(void **state)
{
	(void)state;
	make(LEN);
	list[3].len = 0;
	assert_int_equal(udp_run_length(list, MANY), 3);
	assert_int_equal(udp_run_length(list + 3, MANY - 3), 1);
	make(0);
	assert_int_equal(udp_run_length(list, MANY), 1);
}

static void one_that_wants_to_be_alone_is(void **state)
{
	(void)state;
	make(LEN);
	list[2].alone = true;
	assert_int_equal(udp_run_length(list, MANY), 2);
	assert_int_equal(udp_run_length(list + 2, MANY - 2), 1);
}

static void a_run_has_one_destination(void **state)
{
	struct sockaddr_in same = here, other = here;

	(void)state;
	other.sin_port = 2;
	make(LEN);
	list[1].to = (struct sockaddr *)&same;
	list[2].to = (struct sockaddr *)&other;
	assert_int_equal(udp_run_length(list, MANY), 2);
}

static void a_run_has_one_source(void **state)
{
	struct addr a = addr_from_ipv4(1, 1), same = a, b = addr_from_ipv4(2, 1);

	(void)state;
	make(LEN);
	list[2].local = &a;
	assert_int_equal(udp_run_length(list, MANY), 2);
	list[0].local = &a;
	list[1].local = &same;
	list[3].local = &b;
	assert_int_equal(udp_run_length(list, MANY), 3);
}

static void a_run_has_one_class(void **state)
{
	(void)state;
	make(LEN);
	list[2].dscp = 46;
	assert_int_equal(udp_run_length(list, MANY), 2);
	assert_int_equal(udp_run_length(list + 2, MANY - 2), 1);
	list[3].dscp = list[4].dscp = 46;
	assert_int_equal(udp_run_length(list + 2, MANY - 2), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_a_run_of_one),
		cmocka_unit_test(equal_ones_go_on_to_64),
		cmocka_unit_test(a_run_holds_65507_bytes_and_no_more),
		cmocka_unit_test(a_shorter_one_is_the_last),
		cmocka_unit_test(a_longer_one_belongs_to_the_next),
		cmocka_unit_test(an_empty_one_goes_by_itself),
		cmocka_unit_test(one_that_wants_to_be_alone_is),
		cmocka_unit_test(a_run_has_one_destination),
		cmocka_unit_test(a_run_has_one_source),
		cmocka_unit_test(a_run_has_one_class),
	};

	return cmocka_run_group_tests_name("udp_run", tests, NULL, NULL);
}
