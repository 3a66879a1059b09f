/*
 * test_igmp.c - agent/ports/igmp.h
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "../../agent/ports/igmp.h"

enum {
	MAX = 8
};

/* As the kernel prints an address: the number that its bytes make on this machine. */
static uint32_t printed(const char *ip)
{
	struct in_addr a;

	inet_pton(AF_INET, ip, &a);
	return a.s_addr;
}

static struct addr hub(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, 0, &a), 0);
	return a;
}

static FILE *table(char *text)
{
	return fmemopen(text, strlen(text), "r");
}

static size_t read_igmp(char *text, struct igmp_members *out)
{
	struct addr group = hub("230.0.0.1:33000");
	FILE *file = table(text);
	size_t count = igmp_read(file, &group, out, MAX);

	fclose(file);
	return count;
}

static void the_kernels_table_gives_the_interfaces_that_have_members(void **state)
{
	char text[1024];
	struct igmp_members out[MAX];

	(void)state;
	snprintf(text, sizeof(text),
		 "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
		 "1\tlo        :     2      V3\n"
		 "\t\t\t\t%08X     3 0:00000000\t\t0\n"
		 "\t\t\t\t%08X     1 0:00000000\t\t0\n"
		 "12\teth0      :     2      V3\n"
		 "\t\t\t\t%08X    17 0:00000000\t\t1\n"
		 "\t\t\t\t%08X     1 0:00000000\t\t0\n"
		 "13\tveth1234567890a:     1      V3\n"
		 "\t\t\t\t%08X     1 0:00000000\t\t0\n",
		 printed("230.0.0.1"), printed("224.0.0.1"), printed("230.0.0.1"),
		 printed("224.0.0.1"), printed("230.0.0.2"));
	assert_int_equal(read_igmp(text, out), 2);
	assert_int_equal(out[0].interface, 1);
	assert_int_equal(out[0].count, 3);
	assert_int_equal(out[1].interface, 12);
	assert_int_equal(out[1].count, 17);
}

static void what_cannot_be_read_is_skipped(void **state)
{
	char text[512];
	struct igmp_members out[MAX];

	(void)state;
	snprintf(text, sizeof(text),
		 "garbage\n\n\t\t\t\tnonsense\n\t\t\t\t%08X     5 0:0\t\t0\n"
		 "x\teth0\n3\n\t\t\t\t\n\t\t\t\t%08X     2\n",
		 printed("230.0.0.1"), printed("230.0.0.1"));
	assert_int_equal(read_igmp(text, out), 1); /* the first belongs to no interface */
	assert_int_equal(out[0].interface, 3);
	assert_int_equal(out[0].count, 2);
}

static void discount(char *text, struct igmp_members *list, size_t count)
{
	struct addr group = hub("230.0.0.1:33000");
	FILE *file = table(text);

	igmp_discount(file, &group, list, count);
	fclose(file);
}

static void who_wants_certain_sources_only_is_taken_off(void **state)
{
	struct igmp_members list[] = {{2, 3}, {12, 1}, {13, 1}};
	char text[] = "Idx Device        MCA        SRC    INC    EXC\n"
		      "  2   eth0 0xe6000001 0x0a000001      2      0\n"
		      "  2   eth0 0xe6000001 0x0a000007      0      1\n" /* wants all others */
		      " 12 wlan0 0xe6000001 0xc0a80001      1      0\n"
		      " 13 tun0 0xe6000002 0x0a000001      1      0\n"
		      " 14 tun1 0xe6000001 0x0a000001      1      0\n";

	(void)state;
	discount(text, list, 3);
	assert_int_equal(list[0].count, 1);
	assert_int_equal(list[1].count, 0);
	assert_int_equal(list[2].count, 1); /* of another group */
}

static void what_cannot_be_read_takes_nobody_off_and_nobody_twice(void **state)
{
	struct igmp_members list[] = {{2, 1}};
	char text[] =
		"garbage\n\n2 eth0 0xe6000001\n  2   eth0 0xe6000001 0x0a000001      5      0\n";

	(void)state;
	discount(text, list, 1);
	assert_int_equal(list[0].count, 0);
	list[0].count = 1;
	discount(text + strlen(text) - 1, list, 1);
	assert_int_equal(list[0].count, 1);
}

static void no_more_interfaces_than_asked_for_are_given(void **state)
{
	char text[4096] = "";
	struct igmp_members out[MAX];

	(void)state;
	for (size_t i = 1; i <= MAX + 2; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used,
			 "%zu\teth : 1 V3\n\t\t\t\t%08X 1 0:0\t0\n", i, printed("230.0.0.1"));
	}
	assert_int_equal(read_igmp(text, out), MAX);
}

static void this_hosts_own_tables_can_be_read(void **state)
{
	struct addr all_hosts = hub("224.0.0.1:1"); /* joined on every interface that is up */
	struct igmp_members out[MAX];
	FILE *file = fopen("/proc/net/igmp", "r");

	(void)state;
	if (!file)
		return; /* no multicast in this kernel: nothing to read */
	assert_true(igmp_read(file, &all_hosts, out, MAX) <= MAX);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_table_gives_the_interfaces_that_have_members),
		cmocka_unit_test(what_cannot_be_read_is_skipped),
		cmocka_unit_test(who_wants_certain_sources_only_is_taken_off),
		cmocka_unit_test(what_cannot_be_read_takes_nobody_off_and_nobody_twice),
		cmocka_unit_test(no_more_interfaces_than_asked_for_are_given),
		cmocka_unit_test(this_hosts_own_tables_can_be_read),
	};

	return cmocka_run_group_tests_name("igmp", tests, NULL, NULL);
}
