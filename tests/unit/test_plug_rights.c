/*
 * test_plug_rights.c - agent/plug_rights.h
 */
#include "unit.h"

#include <errno.h>

#include "agent/plug_rights.h"

static struct config file;
static struct plugs plugs;
static struct error error;

static int setup(void **state)
{
	(void)state;
	memset(&plugs, 0, sizeof(plugs));
	memset(&file, 0, sizeof(file));
	strcpy(file.folder, "/etc/longwire");
	strcpy(file.vlans[0].name, "lan");
	file.vlans[0].id = 1;
	file.vlan_count = 1;
	file.max_frame = 9216;
	strcpy(file.ports[0].name, "hub");
	file.ports[0].mcast.group = addr_from_ipv4(0xe6000001, 33000);
	file.port_count = 1;
	return 0;
}

/* Return: what a member is told who plugs that */
static int check(const char *words)
{
	struct port_config port;

	if (config_port_parse(&file, "mine", words, &port, &error))
		fail_msg("%s", error.text);
	return plug_rights_check(&port, &error);
}

static void what_anybody_could_open_a_member_may_plug(void **state)
{
	static const char *const words[] = {
		"mcast,group=230.0.0.2:33000",
		"mcast,group=230.0.0.2:1024,interface=auto",
		"mcast,group=230.0.0.2:33000,interface=lo",
		"udp,local=127.0.0.1:7001,remote=127.0.0.1:7002",
		"udp,local=[::1]:7001,remote=[::1]:1024",
		"stream,listen=127.0.0.1:1024",
		"stream,listen=@lan",
		"stream,connect=localhost:7001",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (check(words[i]))
			fail_msg("%s: %s", words[i], error.text);
}

static void what_takes_the_agents_own_rights_a_member_may_not_plug(void **state)
{
	static const char *const words[] = {
		"mcast,group=230.0.0.2:33000,interface=eth0",
		"mcast,group=230.0.0.2:1023",
		"udp,local=127.0.0.1:1023,remote=127.0.0.1:7002",
		"udp,local=127.0.0.1:7001,remote=127.0.0.1:53",
		"udp,local=192.0.2.1:7001,remote=192.0.2.2:7002,insecure=yes",
		"udp,local=127.0.0.1:7001,remote=192.0.2.2:7002,insecure=yes",
		"stream,listen=0.0.0.0:7001,insecure=yes",
		"stream,connect=vm.example:7001,insecure=yes",
		"stream,connect=127.0.0.1:22",
		"stream,listen=/run/longwire/x.sock",
		"stream,listen=/run/longwire/x.sock,mode=0666",
		"stream,connect=/run/docker.sock",
		"stream,connect=@multipathd",
		"dgram,local=@lan",
		"dgram,local=x.sock",
		"dgram,local=x.sock,remote=/run/systemd/notify",
		"fd,fd=vm",
		"tap,name=lw0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (check(words[i]) != -EPERM)
			fail_msg("%s is let through", words[i]);
	assert_error(&error, "port mine is for the agent's own user and root to plug");
	assert_error(&error, "it is an interface of this host");
}

static void add(const char *name, const char *words)
{
	if (plugs_add(&plugs, &file, name, words, &error))
		fail_msg("%s", error.text);
}

static int check_removal(const char *name)
{
	return plug_rights_check_removal(&plugs, &file, name, &error);
}

static void a_member_unplugs_what_a_member_could_have_plugged(void **state)
{
	(void)state;
	add("mine", "mcast,group=230.0.0.2:33000");
	add("tap", "tap,name=lw0");
	assert_int_equal(check_removal("mine"), 0);
	assert_int_equal(check_removal("nothing"), 0);
	assert_int_equal(check_removal("tap"), -EPERM);
	assert_error(&error, "may unplug port tap, which only they may plug");
	assert_int_equal(check_removal("hub"), -EPERM);
	assert_error(&error, "may unplug port hub, which is in agent.conf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_anybody_could_open_a_member_may_plug, setup),
		cmocka_unit_test_setup(what_takes_the_agents_own_rights_a_member_may_not_plug,
				       setup),
		cmocka_unit_test_setup(a_member_unplugs_what_a_member_could_have_plugged, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
