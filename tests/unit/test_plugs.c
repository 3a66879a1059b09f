/*
 * test_plugs.c - agent/plugs.h, and config_port_parse() of agent/config.h
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "agent/plugs.h"

static struct config file, merged;
static struct plugs plugs;
static struct error error;

static void add_port(struct config *c, const char *name, uint16_t number)
{
	struct port_config *p = &c->ports[c->port_count++];

	*p = (struct port_config){.vlan = 1, .line = 10, .broadcast = 5000};
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->mcast.group = addr_from_ipv4(0xe6000001, number);
}

/* One vlan and one hub, 230.0.0.1:33000 */
static int setup(void **state)
{
	(void)state;
	memset(&plugs, 0, sizeof(plugs));
	memset(&file, 0, sizeof(file));
	strcpy(file.vlans[0].name, "lan");
	file.vlans[0].id = 1;
	file.vlan_count = 1;
	file.broadcast = 5000;
	add_port(&file, "hub", 33000);
	return 0;
}

static void add_vlan(const char *name, uint16_t id)
{
	strcpy(file.vlans[file.vlan_count].name, name);
	file.vlans[file.vlan_count++].id = id;
}

static void assert_plugs(const char *name, const char *words)
{
	if (plugs_add(&plugs, &file, name, words, &error))
		fail_msg("%s", error.text);
}

static void assert_refused(const char *name, const char *words, const char *message)
{
	struct plugs before = plugs;

	assert_true(plugs_add(&plugs, &file, name, words, &error) < 0);
	assert_error(&error, message);
	assert_int_equal(plugs.plugged_count, before.plugged_count);
}

/* The names of all ports that there are to be */
static const char *names(void)
{
	static char text[CONFIG_PORTS_MAX * NAME_BYTES];

	text[0] = '\0';
	plugs_merge(&plugs, &file, &merged);
	for (size_t i = 0; i < merged.port_count; i++)
		sprintf(text + strlen(text), "%s ", merged.ports[i].name);
	return text;
}

static void port_is_given_in_the_words_of_the_file(void **state)
{
	const struct port_config *port;
	char text[ADDR_TEXT_BYTES];

	(void)state;
	add_vlan("aoe2", 7);
	assert_plugs("hub2", "mcast,group=230.0.0.2:33001,vlan=aoe2,interface=lo,broadcast=off");
	assert_plugs("hub3", "mcast,vlan=lan,group=230.0.0.3:1,interface=eth0");
	assert_string_equal(names(), "hub hub2 hub3 ");
	port = config_port_by_name(&merged, "hub2");
	assert_int_equal(port->type, PORT_MCAST);
	assert_int_equal(port->vlan, 7);
	assert_int_equal(port->line, 0);
	assert_true(port->broadcast == BROADCAST_OFF);
	assert_int_equal(port->mcast.scope, MCAST_LO);
	assert_string_equal(addr_format(&port->mcast.group, text), "230.0.0.2:33001");
	port = config_port_by_name(&merged, "hub3");
	assert_int_equal(port->broadcast, 5000); /* as [agent] says */
	assert_string_equal(port->mcast.interface, "eth0");
}

static void port_of_each_type_can_be_plugged(void **state)
{
	const struct port_config *port;
	char text[PORT_TEXT_BYTES];

	(void)state;
	strcpy(file.folder, "/anna");
	strcpy(file.file, "/anna/agent.conf");
	assert_plugs("u", "udp,local=127.0.0.1:1,remote=127.0.0.1:2");
	assert_plugs("d", "dgram,local=a.sock,mode=0660");
	assert_plugs("s", "stream,insecure=yes,listen=0.0.0.0:7");
	assert_plugs("t", "tap,name=lw0");
	assert_string_equal(names(), "hub u d s t ");
	port = config_port_by_name(&merged, "u");
	assert_string_equal(port_config_describe(port, text),
			    "udp, local 127.0.0.1:1, remote 127.0.0.1:2");
	port = config_port_by_name(&merged, "d");
	assert_string_equal(port_config_describe(port, text), "dgram, local /anna/a.sock");
	assert_int_equal(port->plug.mode, 0660);
	assert_int_equal(config_port_by_name(&merged, "s")->type, PORT_STREAM);
	assert_string_equal(merged.file, "/anna/agent.conf");
	assert_refused("p", "tap,name=lw0", "[port p] is the same interface as [port t] that is");
	assert_refused("p", "stream,listen=a.sock",
		       "[port p] is the same socket as [port d] that is plugged");
	assert_int_equal(plugs_remove(&plugs, &file, "d", &error), 0);
	assert_plugs("p", "stream,listen=a.sock");
}

static void what_is_wrong_with_other_types_is_said_likewise(void **state)
{
	static const struct {
		const char *words, *message;
	} cases[] = {
		{"udp,local=127.0.0.1:1", "[port p] lacks a key such as 'remote = 127.0.0.1:7002'"},
		{"udp,local=vm.sock,remote=127.0.0.1:2",
		 "local=vm.sock: 'vm.sock' is no address with a port"},
		{"udp,local=127.0.0.1:1,remote=10.0.0.1:2",
		 "'10.0.0.1:2' is not on this host alone"},
		{"dgram,local=a.sock,listen=b",
		 "listen=b: a port of type dgram has no key 'listen'; take it out"},
		{"dgram,mode=9,local=a.sock", "mode=9: 'mode = 9' cannot be"},
		{"tap,name=a/b", "name=a/b: 'a/b' cannot be the name of an interface"},
		{"stream", "[port p] has to have either 'listen' or 'connect'"},
	};

	(void)state;
	strcpy(file.file, "/anna/agent.conf");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_refused("p", cases[i].words, cases[i].message);
		assert_null(strstr(error.text, "agent.conf"));
	}
}

static void with_one_vlan_it_need_not_be_named(void **state)
{
	(void)state;
	assert_plugs("hub2", "mcast,group=230.0.0.2:33001");
	names();
	assert_int_equal(config_port_by_name(&merged, "hub2")->vlan, 1);
}

static void what_is_wrong_is_said_as_of_the_file_with_the_word_in_front(void **state)
{
	static const struct {
		const char *name, *words, *message;
	} cases[] = {
		{"a/b", "mcast", "'a/b' is a path and not a name"},
		{"hub", "mcast,group=230.0.0.2:1", "there is a port 'hub' already; unplug it"},
		{"p", "magic", "type=magic: there is no port type 'magic'; expected one of mcast"},
		{"p", "", "'type' has no value"},
		{"p", "group=230.0.0.2:1", "there is no port type 'group=230.0.0.2:1'"},
		{"p", "mcast", "[port p] lacks a key such as 'group = 230.0.0.1:33000'"},
		{"p", "mcast,group=10.0.0.1:1", "group=10.0.0.1:1: '10.0.0.1:1' is no multicast"},
		{"p", "mcast,group=", "'group' has no value; give it one or take it out"},
		{"p", "mcast,group", "'group' is no key=value"},
		{"p", "mcast,", "'' is no key=value"},
		{"p", "mcast,group=230.0.0.2:1,group=230.0.0.2:2",
		 "'group' is here a second time; keep one of the two"},
		{"p", "mcast,type=mcast", "'type' is here a second time"},
		{"p", "mcast,colour=red",
		 "there is no key 'colour' in [port]; expected vlan, type, group, interface, "},
		{"p", "mcast,group=230.0.0.2:1,vlan=nosuch",
		 "there is no vlan 'nosuch'; expected the name of a [vlan NAME] section, such as "
		 "lan"},
		{"p", "mcast,group=230.0.0.2:1,broadcast=0", "broadcast=0: 'broadcast = 0' cannot"},
		{"p", "mcast,group=230.0.0.1:33000",
		 "[port p] is the same hub as [port hub] in line 10"},
		{"p", "mcast,group=230.0.0.2:1,interface=a,,b",
		 "interface=a,b: 'a,b' is no network interface"},
		{"p", "mcast,group=230.0.0.2:1\n", "'' is no key=value"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i].name, cases[i].words, cases[i].message);
	add_vlan("aoe2", 7);
	assert_refused("p", "mcast,group=230.0.0.2:1",
		       "[port p] has no vlan, and there are 2; expected 'vlan = lan' or another");
}

static void word_that_is_too_long_is_refused(void **state)
{
	char words[3000] = "mcast,group=";

	(void)state;
	memset(words + 12, 'x', sizeof(words) - 13);
	assert_refused("p", words, "...' is longer than 1023 characters");
}

static void second_port_of_one_name_or_hub_is_refused_also_among_plugged_ones(void **state)
{
	(void)state;
	assert_plugs("hub2", "mcast,group=230.0.0.2:33001");
	assert_refused("hub2", "mcast,group=230.0.0.3:33001", "there is a port 'hub2' already");
	assert_refused("hub3", "mcast,group=230.0.0.2:33001",
		       "[port hub3] is the same hub as [port hub2] that is plugged");
}

static void there_are_no_more_ports_than_fit(void **state)
{
	char name[NAME_BYTES], words[64];

	(void)state;
	for (int i = 1; i < CONFIG_PORTS_MAX; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		snprintf(words, sizeof(words), "mcast,group=230.0.0.2:%d", i);
		assert_plugs(name, words);
	}
	assert_refused("last", "mcast,group=230.0.0.3:1", "there are 64 ports already; unplug one");
	assert_int_equal(plugs_remove(&plugs, &file, "p7", &error), 0);
	assert_plugs("last", "mcast,group=230.0.0.3:1");
}

static void plugged_port_goes_when_it_is_unplugged(void **state)
{
	(void)state;
	assert_plugs("a", "mcast,group=230.0.0.2:1");
	assert_plugs("b", "mcast,group=230.0.0.2:2");
	assert_plugs("c", "mcast,group=230.0.0.2:3");
	assert_int_equal(plugs_remove(&plugs, &file, "b", &error), 0);
	assert_string_equal(names(), "hub a c ");
	assert_int_equal(plugs_remove(&plugs, &file, "b", &error), -ENOENT);
	assert_error(&error, "there is no port 'b'; 'longwire status' lists them");
}

static void configured_port_stays_away_until_the_file_changes(void **state)
{
	(void)state;
	assert_int_equal(plugs_remove(&plugs, &file, "hub", &error), 0);
	assert_string_equal(names(), "");
	assert_int_equal(plugs_remove(&plugs, &file, "hub", &error), -ENOENT);
	/* its name and its hub are free */
	assert_plugs("hub", "mcast,group=230.0.0.1:33000,interface=lo");
	assert_string_equal(names(), "hub ");
	assert_int_equal(merged.ports[0].mcast.scope, MCAST_LO);
	assert_int_equal(plugs_remove(&plugs, &file, "hub", &error), 0);
	assert_string_equal(names(), "");
	plugs_file_changed(&plugs);
	assert_string_equal(names(), "hub ");
}

static void plugged_port_stays_when_the_file_changes(void **state)
{
	(void)state;
	assert_plugs("a", "mcast,group=230.0.0.2:1");
	add_port(&file, "new", 33001);
	plugs_file_changed(&plugs);
	assert_false(plugs_drop_conflict(&plugs, &file, &error));
	assert_string_equal(names(), "hub new a ");
}

static void file_wins_over_what_was_plugged(void **state)
{
	(void)state;
	assert_plugs("a", "mcast,group=230.0.0.2:1");
	assert_plugs("b", "mcast,group=230.0.0.1:33001");
	assert_plugs("c", "mcast,group=230.0.0.2:3");
	add_port(&file, "a", 33002);
	add_port(&file, "new", 33001);
	assert_true(plugs_drop_conflict(&plugs, &file, &error));
	assert_error(
		&error,
		"port a, which was plugged, was unplugged: agent.conf has a port of that name");
	assert_true(plugs_drop_conflict(&plugs, &file, &error));
	assert_error(&error,
		     "port b, which was plugged, was unplugged: [port b] is the same hub as");
	assert_false(plugs_drop_conflict(&plugs, &file, &error));
	assert_string_equal(names(), "hub a new c ");
	file.vlans[0].id = 2;
	assert_true(plugs_drop_conflict(&plugs, &file, &error));
	assert_error(&error,
		     "port c, which was plugged, was unplugged: agent.conf has no vlan with "
		     "id 1 any more");
}

static void file_that_has_as_many_ports_as_fit_leaves_no_place(void **state)
{
	char name[NAME_BYTES];

	(void)state;
	assert_plugs("a", "mcast,group=230.0.0.2:1");
	assert_plugs("b", "mcast,group=230.0.0.2:2");
	while (file.port_count < CONFIG_PORTS_MAX - 1) {
		snprintf(name, sizeof(name), "p%zu", file.port_count);
		add_port(&file, name, (uint16_t)file.port_count);
	}
	assert_true(plugs_drop_conflict(&plugs, &file, &error));
	assert_error(&error,
		     "port b, which was plugged, was unplugged: there are 64 ports without");
	assert_false(plugs_drop_conflict(&plugs, &file, &error));
	add_port(&file, "last", 1);
	assert_true(plugs_drop_conflict(&plugs, &file, &error));
	assert_error(&error, "there are 64 ports without it");
	assert_false(plugs_drop_conflict(&plugs, &file, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(port_is_given_in_the_words_of_the_file, setup),
		cmocka_unit_test_setup(port_of_each_type_can_be_plugged, setup),
		cmocka_unit_test_setup(what_is_wrong_with_other_types_is_said_likewise, setup),
		cmocka_unit_test_setup(with_one_vlan_it_need_not_be_named, setup),
		cmocka_unit_test_setup(what_is_wrong_is_said_as_of_the_file_with_the_word_in_front,
				       setup),
		cmocka_unit_test_setup(word_that_is_too_long_is_refused, setup),
		cmocka_unit_test_setup(
			second_port_of_one_name_or_hub_is_refused_also_among_plugged_ones, setup),
		cmocka_unit_test_setup(there_are_no_more_ports_than_fit, setup),
		cmocka_unit_test_setup(plugged_port_goes_when_it_is_unplugged, setup),
		cmocka_unit_test_setup(configured_port_stays_away_until_the_file_changes, setup),
		cmocka_unit_test_setup(plugged_port_stays_when_the_file_changes, setup),
		cmocka_unit_test_setup(file_wins_over_what_was_plugged, setup),
		cmocka_unit_test_setup(file_that_has_as_many_ports_as_fit_leaves_no_place, setup),
	};

	return cmocka_run_group_tests_name("plugs", tests, NULL, NULL);
}
