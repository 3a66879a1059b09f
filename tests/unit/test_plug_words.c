/*
 * test_plug_words.c - agent/cli/plug_words.h
 */
#include "unit.h"

#include <stdlib.h>

#include "plug_words.h"

static void check(const char *words, const char *folder, const char *expected)
{
	char *text = plug_words_from(words, folder);

	assert_string_equal(text, expected);
	free(text);
}

static void a_relative_path_begins_where_the_user_is(void **state)
{
	(void)state;
	check("dgram,local=lan.sock", "/anna", "dgram,local=/anna/lan.sock");
	check("dgram,local=./lan.sock,remote=x/vm", "/anna",
	      "dgram,local=/anna/lan.sock,remote=/anna/x/vm");
	check("stream,listen=../s,mode=0660", "/anna", "stream,listen=/anna/../s,mode=0660");
	check("stream,vlan=red,connect=./a:7", "/anna", "stream,vlan=red,connect=/anna/a:7");
	check("stream,listen=s", "/", "stream,listen=/s");
}

static void what_is_no_relative_path_stays(void **state)
{
	static const char *const words[] = {
		"dgram,local=/run/lan.sock,group=users,mode=0660",
		"stream,listen=@lan",
		"stream,connect=files.example:7001",
		"stream,listen=[::1]:7001",
		"udp,local=127.0.0.1,remote=x",
		"tap,name=lw0",
		"mcast,group=230.0.0.1:33000",
		"dgram",
		"dgram,local=",
		"dgram,,local=x",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		check(words[i], "/anna", words[i]);
}

static void commas_are_written_twice_in_folders_too(void **state)
{
	(void)state;
	check("dgram,local=a,,b,remote=c", "/x,y", "dgram,local=/x,,y/a,,b,remote=/x,,y/c");
	check("dgram,local=a,,,remote=c", "/x", "dgram,local=/x/a,,,remote=/x/c");
	check("dgram,local=a,", "/x", "dgram,local=/x/a,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_relative_path_begins_where_the_user_is),
		cmocka_unit_test(what_is_no_relative_path_stays),
		cmocka_unit_test(commas_are_written_twice_in_folders_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
