/*
 * test_addr.c - common/addr.h
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/addr.h"

static struct addr parsed(const char *text)
{
	struct addr a;

	if (addr_parse(text, 19543, &a))
		fail_msg("refused: %s", text);
	return a;
}

static void text_survives_parse_and_format(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"192.0.2.1:1", "192.0.2.1:1"},
		{"192.0.2.1", "192.0.2.1:19543"},
		{"255.255.255.255:65535", "255.255.255.255:65535"},
		{"[2001:db8::7]:80", "[2001:db8::7]:80"},
		{"[2001:db8::7]", "[2001:db8::7]:19543"},
		{"2001:db8::7", "[2001:db8::7]:19543"},
		{"::1", "[::1]:19543"},
		{"[2001:DB8:0:0::7]:80", "[2001:db8::7]:80"},
		{"[fe80::1%77]:80", "[fe80::1%77]:80"},
		{"[::ffff:192.0.2.1]:80", "192.0.2.1:80"},
	};
	char text[ADDR_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr a = parsed(cases[i].in), again;

		assert_string_equal(addr_format(&a, text), cases[i].out);
		assert_int_equal(addr_parse(text, 0, &again), 0);
		assert_true(addr_equal(&a, &again));
	}
}

static void text_that_is_no_address_is_refused_and_nothing_changes(void **state)
{
	static const char *const cases[] = {
		"",
		":",
		":80",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:65537",
		"192.0.2.1:+80",
		"192.0.2.1: 80",
		"192.0.2.1:80 ",
		" 192.0.2.1:80",
		"192.0.2.1:000080",
		"192.0.2:80",
		"192.0.2.256:80",
		"host.example:80",
		"[]:80",
		"[::1",
		"[::1]80",
		"[::1]:",
		"[::1]]:80",
		"[192.0.2.1]:80",
		"[::1]:80:80",
		"::1:80:",
		"[fe80::1%]:80",
		"[fe80::1%0]:80",
		"[fe80::1%no-such-interface]:80",
		"[fe80::1%12x]:80",
		"[fe80::1%4294967297]:80",
		"[fe80::1%-1]:80",
		"192.0.2.1%1:80",
		"[::1::2]:80",
		("111111111111111111111111111111111111111111111111111111111111111111111111111111111"
		 "1"
		 ":8"),
	};
	struct addr before = parsed("192.0.2.9:9"), a = before;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (addr_parse(cases[i], 19543, &a) != -EINVAL)
			fail_msg("accepted: '%s'", cases[i]);
		assert_true(addr_equal(&a, &before));
	}
}

static void port_is_required_where_there_is_no_default(void **state)
{
	struct addr a;

	(void)state;
	assert_int_equal(addr_parse("192.0.2.1", 0, &a), -EINVAL);
	assert_int_equal(addr_parse("::1", 0, &a), -EINVAL);
	assert_int_equal(addr_parse("[::1]", 0, &a), -EINVAL);
	assert_int_equal(addr_parse("[::1]:7", 0, &a), 0);
}

static void scope_may_be_the_name_of_an_interface(void **state)
{
	struct addr a = parsed("[fe80::1%lo]:80");

	(void)state;
	assert_int_equal(a.scope, if_nametoindex("lo"));
}

static void mapped_and_plain_ipv4_are_equal(void **state)
{
	struct addr a = parsed("192.0.2.1:80"), b = parsed("[::ffff:192.0.2.1]:80");
	struct addr c = addr_from_ipv4(0xc0000201, 80);

	(void)state;
	assert_true(addr_equal(&a, &b));
	assert_true(addr_equal(&a, &c));
	assert_true(addr_is_ipv4(&b));
}

static void same_ip_passes_over_the_port_but_not_the_scope(void **state)
{
	struct addr a = parsed("[fe80::1%7]:80"), b = parsed("[fe80::1%7]:81"),
		    c = parsed("[fe80::1%8]:80");

	(void)state;
	assert_true(addr_same_ip(&a, &b));
	assert_false(addr_equal(&a, &b));
	assert_false(addr_same_ip(&a, &c));
}

static void sockaddr_of_each_family_survives_the_way_through(void **state)
{
	static const char *const cases[] = {"192.0.2.1:80", "[2001:db8::7]:65535", "[fe80::1%3]:1"};
	struct sockaddr_storage ss;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int mapped = 0; mapped < 2; mapped++) {
			struct addr a = parsed(cases[i]), b;

			memset(&ss, 0, sizeof(ss));
			addr_to_sockaddr(&a, mapped, &ss);
			b = addr_from_sockaddr((struct sockaddr *)&ss);
			assert_true(addr_equal(&a, &b));
		}
	}
}

static void ipv4_takes_its_own_family_unless_mapped_is_asked(void **state)
{
	struct addr a = parsed("192.0.2.1:80");
	struct sockaddr_storage ss;

	(void)state;
	assert_int_equal(addr_to_sockaddr(&a, false, &ss), sizeof(struct sockaddr_in));
	assert_int_equal(ss.ss_family, AF_INET);
	assert_int_equal(addr_to_sockaddr(&a, true, &ss), sizeof(struct sockaddr_in6));
	assert_int_equal(ss.ss_family, AF_INET6);
}

static void other_families_are_no_address(void **state)
{
	struct sockaddr sa = {.sa_family = AF_UNIX};
	struct addr a = addr_from_sockaddr(&sa);
	char text[ADDR_TEXT_BYTES];

	(void)state;
	assert_false(addr_is_set(&a));
	assert_string_equal(addr_format(&a, text), "none");
}

static void only_an_address_that_one_host_can_have_is_unicast(void **state)
{
	static const char *const unicast[] = {"192.0.2.1:1", "223.255.255.255:1", "1.0.0.0:1",
					      "127.0.0.1:1", "[2001:db8::1]:1",   "[fe80::1%1]:1",
					      "[::1]:1"};
	static const char *const other[] = {"0.0.0.0:1",   "0.1.2.3:1",         "224.0.0.1:1",
					    "240.0.0.1:1", "255.255.255.255:1", "[::]:1",
					    "[ff02::1]:1"};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(unicast) / sizeof(unicast[0]); i++) {
		a = parsed(unicast[i]);
		assert_true(addr_is_unicast(&a));
		a.port = 0;
		assert_false(addr_is_unicast(&a));
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		a = parsed(other[i]);
		if (addr_is_unicast(&a))
			fail_msg("taken for unicast: %s", other[i]);
	}
}

static void loopback_is_told_in_both_families(void **state)
{
	struct addr a = parsed("127.255.0.1:1"), b = parsed("[::1]:1"), c = parsed("128.0.0.1:1"),
		    d = parsed("[::2]:1");

	(void)state;
	assert_true(addr_is_loopback(&a));
	assert_true(addr_is_loopback(&b));
	assert_false(addr_is_loopback(&c));
	assert_false(addr_is_loopback(&d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_survives_parse_and_format),
		cmocka_unit_test(text_that_is_no_address_is_refused_and_nothing_changes),
		cmocka_unit_test(port_is_required_where_there_is_no_default),
		cmocka_unit_test(scope_may_be_the_name_of_an_interface),
		cmocka_unit_test(mapped_and_plain_ipv4_are_equal),
		cmocka_unit_test(same_ip_passes_over_the_port_but_not_the_scope),
		cmocka_unit_test(sockaddr_of_each_family_survives_the_way_through),
		cmocka_unit_test(ipv4_takes_its_own_family_unless_mapped_is_asked),
		cmocka_unit_test(other_families_are_no_address),
		cmocka_unit_test(only_an_address_that_one_host_can_have_is_unicast),
		cmocka_unit_test(loopback_is_told_in_both_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
