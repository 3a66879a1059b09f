/*
 * test_endpoint.c - agent/endpoint.h
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "agent/endpoint.h"

static const char FOLDER[] = "/users/anna/lw";

static struct error error;
static struct endpoint endpoint;

static void assert_reads(const char *text, enum endpoint_kind kind, const char *shown)
{
	char out[ENDPOINT_TEXT_BYTES];

	if (endpoint_parse(text, FOLDER, &endpoint, &error))
		fail_msg("%s: %s", text, error.text);
	assert_int_equal(endpoint.kind, kind);
	assert_string_equal(endpoint_format(&endpoint, out), shown);
}

static void addresses_names_and_sockets_are_told_apart(void **state)
{
	(void)state;
	assert_reads("127.0.0.1:7001", ENDPOINT_ADDR, "127.0.0.1:7001");
	assert_reads("[::1]:7001", ENDPOINT_ADDR, "[::1]:7001");
	assert_reads("files.example:7001", ENDPOINT_NAME, "files.example:7001");
	assert_reads("@lan", ENDPOINT_ABSTRACT, "@lan");
	assert_reads("@a/b:7", ENDPOINT_ABSTRACT, "@a/b:7");
	assert_reads("/run/vm.sock", ENDPOINT_PATH, "/run/vm.sock");
	assert_reads("/run/a:7", ENDPOINT_PATH, "/run/a:7");
}

static void relative_paths_begin_in_the_agents_folder(void **state)
{
	(void)state;
	assert_reads("vm.sock", ENDPOINT_PATH, "/users/anna/lw/vm.sock");
	assert_reads("./vm.sock", ENDPOINT_PATH, "/users/anna/lw/vm.sock");
	assert_reads("./a:7", ENDPOINT_PATH, "/users/anna/lw/a:7");
	assert_reads("vms/a:7", ENDPOINT_PATH, "/users/anna/lw/vms/a:7");
}

static void localhost_is_loopback_without_asking_anybody(void **state)
{
	(void)state;
	assert_reads("localhost:80", ENDPOINT_ADDR, "127.0.0.1:80");
	assert_reads("LocalHost:80", ENDPOINT_ADDR, "127.0.0.1:80");
	assert_reads("localhost.example:80", ENDPOINT_NAME, "localhost.example:80");
}

static void what_is_none_is_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"@", "'@' alone is no name"},
		{":7001", "':7001' is no HOST:PORT; expected one such as 127.0.0.1:7001"},
		{"[::1]:99999", "'[::1]:99999' is no HOST:PORT"},
		{"1.2.3.4:0", "'1.2.3.4:0' is no HOST:PORT"},
		{"host:65536", "'host:65536' is no HOST:PORT"},
		{"ho st:7", "(a path with ':' in it needs './' in front)"},
		{"host:", "'host:' is no HOST:PORT"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(endpoint_parse(cases[i].text, FOLDER, &endpoint, &error), -EINVAL);
		assert_error(&error, cases[i].message);
	}
}

static void paths_and_names_have_to_fit_a_socket(void **state)
{
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), "/%0106d", 0);
	assert_int_equal(endpoint_parse(text, FOLDER, &endpoint, &error), 0);
	assert_int_equal(strlen(endpoint.text), 107);
	snprintf(text, sizeof(text), "/%0107d", 0);
	assert_int_equal(endpoint_parse(text, FOLDER, &endpoint, &error), -ENAMETOOLONG);
	assert_error(&error, "has 108 characters, and a socket's path has at most 107");
	snprintf(text, sizeof(text), "@%0107d", 0);
	assert_int_equal(endpoint_parse(text, FOLDER, &endpoint, &error), 0);
	snprintf(text, sizeof(text), "@%0108d", 0);
	assert_int_equal(endpoint_parse(text, FOLDER, &endpoint, &error), -ENAMETOOLONG);
}

static void only_unix_sockets_and_loopback_stay_on_this_host(void **state)
{
	static const struct {
		const char *text;
		bool stays;
	} cases[] = {
		{"127.0.0.1:1", true},
		{"127.255.0.1:1", true},
		{"[::1]:1", true},
		{"localhost:1", true},
		{"/a", true},
		{"@a", true},
		{"192.0.2.1:1", false},
		{"0.0.0.0:1", false},
		{"[::]:1", false},
		{"a.example:1", false},
		{"[fe80::1%1]:1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(endpoint_parse(cases[i].text, FOLDER, &endpoint, &error), 0);
		if (endpoint_is_on_host(&endpoint) != cases[i].stays)
			fail_msg("%s", cases[i].text);
	}
}

static void what_goes_to_the_kernel_comes_back(void **state)
{
	static const char *const texts[] = {"/run/vm.sock", "@lan"};
	struct endpoint back;
	struct sockaddr_un at;
	socklen_t len;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		endpoint_parse(texts[i], FOLDER, &endpoint, NULL);
		len = endpoint_to_unix(&endpoint, &at);
		assert_true(endpoint_from_unix(&at, len, FOLDER, &back));
		assert_true(endpoint_equal(&endpoint, &back));
	}
	assert_int_equal(at.sun_path[0], 0);
	assert_int_equal(len, sizeof(sa_family_t) + 1 + strlen("lan")); /* as QEMU binds it */
}

static void senders_without_a_usable_name_have_none(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	(void)state;
	assert_false(endpoint_from_unix(&at, sizeof(sa_family_t), FOLDER, &endpoint));
	assert_false(endpoint_from_unix(&at, 0, FOLDER, &endpoint));
	memcpy(at.sun_path, "\0a\0b", 4);
	assert_false(endpoint_from_unix(&at, sizeof(sa_family_t) + 4, FOLDER, &endpoint));
	memset(at.sun_path, 'x', sizeof(at.sun_path)); /* full, and without NUL */
	assert_false(endpoint_from_unix(&at, sizeof(at), FOLDER, &endpoint));
	at.sun_path[0] = '/';
	assert_false(endpoint_from_unix(&at, sizeof(at), FOLDER, &endpoint));
	strcpy(at.sun_path, "vm.sock");
	assert_true(endpoint_from_unix(&at, sizeof(sa_family_t) + 8, FOLDER, &endpoint));
	assert_string_equal(endpoint.text, "/users/anna/lw/vm.sock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_names_and_sockets_are_told_apart),
		cmocka_unit_test(relative_paths_begin_in_the_agents_folder),
		cmocka_unit_test(localhost_is_loopback_without_asking_anybody),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(paths_and_names_have_to_fit_a_socket),
		cmocka_unit_test(only_unix_sockets_and_loopback_stay_on_this_host),
		cmocka_unit_test(what_goes_to_the_kernel_comes_back),
		cmocka_unit_test(senders_without_a_usable_name_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
