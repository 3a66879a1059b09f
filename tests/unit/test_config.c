/*
 * test_config.c - agent/config.h
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "agent/config.h"
#include "keys.h"
#include "proto/cipher.h"
#include "scratch.h"

enum {
	NOBODY = 65534
};

static struct error error;
static struct config config;

static const char GOOD[] = "[agent]\n"                  /* 1 */
			   "name = anna\n"              /* 2 */
			   "listen = 7777\n"            /* 3 */
			   "at = a.example, [::1]:7\n"  /* 4 */
			   "group = users\n"            /* 5 */
			   "max_frame = 65507\n"        /* 6 */
			   "broadcast = 100\n"          /* 7 */
			   "[vlan lan]\n"               /* 8 */
			   "id = 1\n"                   /* 9 */
			   "[vlan aoe2]\n"              /* 10 */
			   "id = 4094\n"                /* 11 */
			   "[port hub]\n"               /* 12 */
			   "vlan = aoe2\n"              /* 13 */
			   "type = mcast\n"             /* 14 */
			   "group = 230.0.0.1:33000\n"; /* 15 */

static int load(const char *text)
{
	scratch_write("agent.conf", text);
	memset(&error, 0, sizeof(error));
	return config_load(scratch, &config, &error);
}

static void assert_loads(const char *text)
{
	if (load(text))
		fail_msg("%s", error.text);
}

static void assert_refused(const char *text, const char *message)
{
	static struct config before;

	memset(&config, 7, sizeof(config));
	before = config;
	if (load(text) != -EINVAL)
		fail_msg("accepted, or another error (%s): %s", error.text, text);
	assert_error(&error, message);
	assert_contains(error.text, scratch);
	assert_memory_equal(&config, &before, sizeof(config));
}

/* GOOD with its line @number replaced by @line. */
static const char *with_line(int number, const char *line)
{
	static char text[2048];
	const char *at = GOOD;

	text[0] = '\0';
	for (int i = 1; *at; i++) {
		size_t len = strcspn(at, "\n") + 1;

		if (i == number)
			sprintf(text + strlen(text), "%s\n", line);
		else
			sprintf(text + strlen(text), "%.*s", (int)len, at);
		at += len;
	}
	return text;
}

static void file_that_says_everything_is_read_whole(void **state)
{
	char text[ADDR_TEXT_BYTES];

	(void)state;
	unsetenv("RUNTIME_DIRECTORY");
	assert_loads(GOOD);
	assert_string_equal(config.folder, scratch);
	assert_string_equal(config.file, scratch_path("agent.conf"));
	assert_string_equal(config.control, scratch_path("agent.sock"));
	assert_string_equal(config.name, "anna");
	assert_int_equal(config.listen, 7777);
	assert_string_equal(config.at, "a.example:7777, [::1]:7");
	assert_string_equal(config.group, "users");
	assert_int_equal(config.max_frame, 65507);
	assert_int_equal(config.broadcast, 100);
	assert_int_equal(config.vlan_count, 2);
	assert_string_equal(config.vlans[1].name, "aoe2");
	assert_int_equal(config.vlans[1].id, 4094);
	assert_int_equal(config.vlans[1].line, 10);
	assert_int_equal(config.port_count, 1);
	assert_string_equal(config.ports[0].name, "hub");
	assert_int_equal(config.ports[0].type, PORT_MCAST);
	assert_int_equal(config.ports[0].vlan, 4094);
	assert_int_equal(config.ports[0].broadcast, 100);
	assert_int_equal(config.ports[0].line, 12);
	assert_int_equal(config.ports[0].mcast.scope, MCAST_AUTO);
	assert_string_equal(addr_format(&config.ports[0].mcast.group, text), "230.0.0.1:33000");
	assert_ptr_equal(config_vlan_by_name(&config, "lan"), &config.vlans[0]);
	assert_ptr_equal(config_vlan_by_id(&config, 4094), &config.vlans[1]);
	assert_null(config_vlan_by_name(&config, "no"));
	assert_null(config_vlan_by_id(&config, 2));
}

static void what_is_not_said_has_its_default(void **state)
{
	char name[NAME_BYTES];

	(void)state;
	assert_loads("[vlan lan]\nid = 1\n[port hub]\ntype = mcast\ngroup = 230.0.0.1:33000\n");
	config_default_name(name);
	assert_string_equal(config.name, name);
	assert_int_equal(config.listen, 19543);
	assert_string_equal(config.at, "");
	assert_string_equal(config.group, "");
	assert_int_equal(config.max_frame, 9216);
	assert_int_equal(config.broadcast, 5000);
	assert_int_equal(config.ports[0].broadcast, 5000);
	assert_int_equal(config.mss_clamp, MSS_CLAMP_PATH);
	assert_true(config.offload);
	assert_int_equal(config.ports[0].vlan, 1); /* the only one */
}

static void the_mss_of_tcp_is_limited_by_the_path_by_a_number_or_not_at_all(void **state)
{
	static const struct {
		const char *text;
		unsigned mss;
	} rows[] = {{"yes", MSS_CLAMP_PATH}, {"no", MSS_CLAMP_OFF}, {"536", 536}, {"1380", 1380}};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "[agent]\nmss_clamp = %s\n[vlan lan]\nid = 1\n",
			 rows[i].text);
		assert_loads(text);
		assert_int_equal(config.mss_clamp, rows[i].mss);
	}
}

static void offload_can_be_switched_off(void **state)
{
	(void)state;
	assert_loads("[agent]\noffload = off\n[vlan lan]\nid = 1\n");
	assert_false(config.offload);
	assert_loads("[agent]\noffload = on\n[vlan lan]\nid = 1\n");
	assert_true(config.offload);
}

uint8_t __wrap_ciphers_of_machine(void);
static uint8_t machine_ciphers = CIPHERS_KNOWN;

uint8_t __wrap_ciphers_of_machine(void)
{
	return machine_ciphers;
}

static void the_cipher_is_forced_or_any_that_the_machine_has(void **state)
{
	static const struct {
		const char *text;
		unsigned ciphers;
	} rows[] = {{"auto", 0}, {"aes-256-gcm", CIPHER_AES}, {"chacha20-poly1305", CIPHER_CHACHA}};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "[agent]\ncipher = %s\n[vlan lan]\nid = 1\n",
			 rows[i].text);
		machine_ciphers = CIPHERS_KNOWN;
		assert_loads(text);
		assert_int_equal(config.ciphers, rows[i].ciphers);
		machine_ciphers = CIPHER_CHACHA;
		if (rows[i].ciphers == CIPHER_AES)
			assert_refused(text, ":2: 'cipher = aes-256-gcm' cannot be: this processor "
					     "has no instructions for AES");
		else
			assert_loads(text);
	}
	machine_ciphers = CIPHERS_KNOWN;
}

static void the_class_of_packets_is_copied_only_where_that_is_said(void **state)
{
	(void)state;
	assert_loads("[agent]\n[vlan lan]\nid = 1\n");
	assert_false(config.dscp_copy);
	assert_loads("[agent]\ndscp = copy\n[vlan lan]\nid = 1\n");
	assert_true(config.dscp_copy);
	assert_loads("[agent]\ndscp = none\n[vlan lan]\nid = 1\n");
	assert_false(config.dscp_copy);
}

static void port_may_stand_before_its_vlan(void **state)
{
	(void)state;
	assert_loads(
		"[port hub]\ntype = mcast\nvlan = b\ngroup = 230.0.0.1:33000\n[vlan a]\nid = 1\n"
		"[vlan b]\nid = 2\n");
	assert_int_equal(config.ports[0].vlan, 2);
}

static void interface_and_broadcast_of_a_port_are_read(void **state)
{
	(void)state;
	assert_loads(
		"[vlan lan]\nid = 1\n"
		"[port a]\ntype = mcast\ngroup = 230.0.0.1:1\ninterface = auto\nbroadcast = off\n"
		"[port b]\ntype = mcast\ngroup = 230.0.0.1:2\ninterface = lo\nbroadcast = 7\n"
		"[port c]\ntype = mcast\ngroup = 230.0.0.1:1\ninterface = eth0.5\n");
	assert_int_equal(config.ports[0].mcast.scope, MCAST_AUTO);
	assert_true(config.ports[0].broadcast == BROADCAST_OFF);
	assert_int_equal(config.ports[1].mcast.scope, MCAST_LO);
	assert_int_equal(config.ports[1].broadcast, 7);
	assert_int_equal(config.ports[2].mcast.scope, MCAST_NAMED);
	assert_string_equal(config.ports[2].mcast.interface, "eth0.5");
}

/* One vlan, and a port of @type with @lines. */
static const char *with_port(const char *type, const char *lines)
{
	static char text[1024];

	snprintf(text, sizeof(text), "[vlan lan]\nid = 1\n[port p]\ntype = %s\n%s\n", type, lines);
	return text;
}

static const char *port_text(void)
{
	static char text[PORT_TEXT_BYTES];

	return port_config_describe(&config.ports[0], text);
}

static void places_where_machines_plug_in_are_read(void **state)
{
	static const struct {
		const char *type, *lines, *shown;
	} cases[] = {
		{"mcast", "group = 230.0.0.1:1", "mcast, group 230.0.0.1:1, interface auto"},
		{"mcast", "group = 230.0.0.1:1\ninterface = eth0",
		 "mcast, group 230.0.0.1:1, interface eth0"},
		{"udp", "local = 127.0.0.1:7001\nremote = localhost:7002",
		 "udp, local 127.0.0.1:7001, remote 127.0.0.1:7002"},
		{"udp", "remote = [::1]:2\nlocal = [::1]:1", "udp, local [::1]:1, remote [::1]:2"},
		{"udp", "local = 0.0.0.0:1\nremote = 192.0.2.1:2\ninsecure = yes",
		 "udp, local 0.0.0.0:1, remote 192.0.2.1:2"},
		{"dgram", "local = /run/lw\nremote = /run/vm",
		 "dgram, local /run/lw, remote /run/vm"},
		{"dgram", "local = @lw\nremote = @vm", "dgram, local @lw, remote @vm"},
		{"dgram", "local = /run/lw", "dgram, local /run/lw"},
		{"stream", "listen = /run/lw\ngroup = kvm", "stream, listen /run/lw, group kvm"},
		{"stream", "listen = @lw", "stream, listen @lw"},
		{"stream", "listen = [::1]:7001", "stream, listen [::1]:7001"},
		{"stream", "connect = 127.0.0.1:7001", "stream, connect 127.0.0.1:7001"},
		{"stream", "connect = vm.example:7001\ninsecure = yes",
		 "stream, connect vm.example:7001"},
		{"fd", "fd = win98", "fd, fd win98"},
		{"tap", "name = lw0", "tap, interface lw0"},
		{"tap", "mtu = 9000\nname = lw1", "tap, interface lw1, mtu 9000"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_loads(with_port(cases[i].type, cases[i].lines));
		assert_string_equal(port_text(), cases[i].shown);
		assert_string_equal(port_type_name(config.ports[0].type), cases[i].type);
	}
}

static void a_sockets_path_begins_in_the_folder(void **state)
{
	(void)state;
	assert_loads(with_port("dgram", "local = lw.sock\nremote = ./vm.sock"));
	assert_string_equal(config.ports[0].plug.local.text, scratch_path("lw.sock"));
	assert_string_equal(config.ports[0].plug.remote.text, scratch_path("vm.sock"));
}

static void a_socket_is_its_owners_unless_group_or_mode_say_otherwise(void **state)
{
	(void)state;
	assert_loads(with_port("dgram", "local = /a"));
	assert_int_equal(config.ports[0].plug.mode, 0600);
	assert_string_equal(config.ports[0].plug.group, "");
	assert_loads(with_port("dgram", "local = /a\ngroup = kvm"));
	assert_int_equal(config.ports[0].plug.mode, 0660);
	assert_string_equal(config.ports[0].plug.group, "kvm");
	assert_loads(with_port("stream", "listen = /a\ngroup = kvm\nmode = 0666"));
	assert_int_equal(config.ports[0].plug.mode, 0666);
}

static void values_that_do_not_fit_the_type_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *type, *lines, *message;
	} cases[] = {
		{"udp", "local = 127.0.0.1:1", ":3: [port p] lacks a line such as 'remote = 127"},
		{"udp", "remote = 127.0.0.1:1", ":3: [port p] lacks a line such as 'local = 127"},
		{"dgram", "remote = /a",
		 ":3: [port p] lacks a line such as 'local = machines.sock'"},
		{"stream", "broadcast = 7",
		 ":3: [port p] has to have either 'listen' or 'connect'"},
		{"stream", "listen = /a\nconnect = /b",
		 ":3: [port p] has to have either 'listen' or"},
		{"fd", "broadcast = 7", ":3: [port p] lacks a line such as 'fd = win98'"},
		{"fd", "fd = a b", ":5: 'a b' is no name"},
		{"fd", "fd = a\nlocal = /a", ":6: a port of type fd has no key 'local'"},
		{"udp", "group = 230.0.0.1:1\nlocal = 127.0.0.1:1\nremote = 127.0.0.1:2",
		 ":5: a port of type udp has no key 'group'; take it out"},
		{"mcast", "group = 230.0.0.1:1\nlocal = /a",
		 ":6: a port of type mcast has no key 'local'"},
		{"dgram", "local = /a\ninsecure = yes",
		 ":6: a port of type dgram has no key 'insecure'"},

		{"udp", "local = 192.0.2.1:1\nremote = 127.0.0.1:2",
		 ":5: '192.0.2.1:1' is not on this host alone: frames would cross the network in "
		 "clear, and whoever reaches it is on the LAN. Use an address such as 127.0.0.1, "
		 "or "
		 "say 'insecure = yes'"},
		{"udp", "local = 127.0.0.1:1\nremote = 192.0.2.1:1\ninsecure = no",
		 ":6: '192.0.2.1:1' is not on this host alone"},
		{"stream", "listen = 0.0.0.0:1", ":5: '0.0.0.0:1' is not on this host alone"},
		{"stream", "listen = [::]:1", ":5: '[::]:1' is not on this host alone"},
		{"stream", "connect = vm.example:1",
		 ":5: 'vm.example:1' is not on this host alone"},
		{"stream", "listen = /a\ninsecure = maybe",
		 ":6: 'insecure = maybe' cannot be; expected yes or no"},

		{"udp", "local = vm.example:1\nremote = 127.0.0.1:2",
		 ":5: 'vm.example:1' is no address with a port"},
		{"udp", "local = 127.0.0.1:1\nremote = /a",
		 ":6: '/a' is no address with a port; expected one such as 127.0.0.1:7001 (a unix "
		 "socket is of type dgram)"},
		{"udp", "local = 127.0.0.1:1\nremote = 127.0.0.1:1",
		 ":6: 'remote' is the same address as 'local'"},
		{"udp", "local = 127.0.0.1:1\nremote = [::1]:2",
		 ":6: '[::1]:2' cannot be reached from 'local'"},
		{"udp", "local = 127.0.0.1:1\nremote = 230.0.0.1:2\ninsecure = yes",
		 ":6: '230.0.0.1:2' cannot be reached from 'local'; expected one machine's "
		 "address"},
		{"dgram", "local = 127.0.0.1:1", ":5: '127.0.0.1:1' is no path"},
		{"dgram", "local = /a\nremote = [::1]:1", ":6: '[::1]:1' is no path"},
		{"dgram", "local = /a\nremote = /a", ":6: 'remote' is the same socket as 'local'"},
		{"stream", "listen = localhost.example:1\ninsecure = yes",
		 ":5: 'localhost.example:1' is a name; expected the address to listen at"},

		{"stream", "listen = @a\ngroup = kvm", ":6: 'group' is for the file of a socket"},
		{"stream", "connect = /a\nmode = 0600", ":6: 'mode' is for the file of a socket"},
		{"stream", "listen = /a\ngroup = a b", ":6: 'a b' is no name"},
		{"stream", "listen = /a\nmode = 0800",
		 ":6: 'mode = 0800' cannot be; expected octal"},
		{"stream", "listen = /a\nmode = 01777", ":6: 'mode = 01777' cannot be"},
		{"stream", "listen = /a\nmode = rw", ":6: 'mode = rw' cannot be"},
		{"stream", "listen = /a\nmode = 0", ":6: 'mode = 0' cannot be"},
		{"stream", "listen = 1:2:3", ":5: '1:2:3' is no HOST:PORT"},

		{"tap", "", ":3: [port p] lacks a line such as 'name = lw0'"},
		{"tap", "mtu = 1500", ":3: [port p] lacks a line such as 'name = lw0'"},
		{"tap", "name = lw0\nmtu = 67",
		 ":6: 'mtu = 67' cannot be; expected bytes from 68 to"},
		{"tap", "name = lw0\nmtu = x", ":6: 'mtu = x' cannot be"},
		{"tap", "name = lw0\nmtu = 9203",
		 ":6: 'mtu = 9203' makes frames longer than max_frame, which is 9216; expected at "
		 "most 9202"},
		{"tap", "name = a-name-too-long-",
		 ":5: 'a-name-too-long-' cannot be the name of an interface"},
		{"tap", "name = lw%d", ":5: 'lw%d' cannot be the name"},
		{"tap", "name = ..", ":5: '..' cannot be the name"},
		{"tap", "name = lw0\ngroup = 230.0.0.1:1",
		 ":6: a port of type tap has no key 'group'"},
		{"tap", "name = lw0\ninterface = eth0",
		 ":6: a port of type tap has no key 'interface'"},
		{"mcast", "group = 230.0.0.1:1\nmtu = 1500",
		 ":6: a port of type mcast has no key 'mtu'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(with_port(cases[i].type, cases[i].lines), cases[i].message);
}

static void a_value_longer_than_any_is_refused(void **state)
{
	char line[600];

	(void)state;
	snprintf(line, sizeof(line), "local = /%0500d", 0);
	assert_refused(with_port("dgram", line), ":5: the path of '/000");
}

static void control_socket_is_where_it_is_told_to_be(void **state)
{
	(void)state;
	setenv("RUNTIME_DIRECTORY", "/run/longwire:/run/other", 1);
	assert_loads(GOOD);
	assert_string_equal(config.control, "/run/longwire/agent.sock");
	assert_loads(with_line(5, "control = sub/my.sock"));
	assert_string_equal(config.control, scratch_path("sub/my.sock"));
	assert_loads(with_line(5, "control = /tmp/x.sock"));
	assert_string_equal(config.control, "/tmp/x.sock");
	unsetenv("RUNTIME_DIRECTORY");
}

static void wrong_values_are_refused_with_their_line(void **state)
{
	static const struct {
		int line;
		const char *text, *message;
	} cases[] = {
		{2, "name = a/b", ":2: 'a/b' is a path and not a name"},
		{2, "colour = red",
		 ":2: there is no key 'colour' in [agent]; expected name, listen, at"},
		{2, "relay = yes", ":2: there is no key 'relay'"},
		{2, "cipher = aes",
		 ":2: 'cipher = aes' cannot be; expected 'auto', 'aes-256-gcm' or "
		 "'chacha20-poly1305'"},
		{3, "listen = 0", ":3: 'listen = 0' is no UDP port"},
		{3, "listen = 65536", ":3: 'listen = 65536' is no UDP port"},
		{3, "listen = 0.0.0.0:7",
		 ":3: 'listen = 0.0.0.0:7' is no UDP port; expected a number"},
		{4, "at = a b", ":4: 'a b' is no address; expected host:port"},
		{4, "at = nowhere:99999", ":4: 'nowhere:99999': the port '99999' is no number"},
		{5, "group = a b", ":5: 'a b' is no name"},
		{6, "max_frame = 1513",
		 ":6: 'max_frame = 1513' cannot be; expected bytes from 1514"},
		{6, "max_frame = 65508", ":6: 'max_frame = 65508' cannot be"},
		{7, "broadcast = 0", ":7: 'broadcast = 0' cannot be; expected frames a second"},
		{7, "broadcast = on", ":7: 'broadcast = on' cannot be"},
		{7, "mss_clamp = 535",
		 ":7: 'mss_clamp = 535' cannot be; expected 'yes', 'no', or the largest MSS in "
		 "bytes, from 536 to 65495"},
		{7, "mss_clamp = 65496", ":7: 'mss_clamp = 65496' cannot be"},
		{7, "mss_clamp = on", ":7: 'mss_clamp = on' cannot be"},
		{7, "dscp = ef", ":7: 'dscp = ef' cannot be; expected 'copy'"},
		{7, "offload = yes", ":7: 'offload = yes' cannot be; expected 'on', or 'off'"},
		{8, "[vlan a/b]", ":8: 'a/b' is a path and not a name"},
		{8, "[vlan aoe2]", ":10: [vlan aoe2] is here a second time, after line 8"},
		{9, "id = 0", ":9: 'id = 0' cannot be; expected a number from 1 to 4094"},
		{9, "id = 4095", ":9: 'id = 4095' cannot be"},
		{9, "id = 4094", ":10: [vlan aoe2] has id 4094, which [vlan lan] in line 8 has"},
		{9, "", ":8: [vlan lan] has no id; expected 'id = N'"},
		{12, "[port ../x]", ":12: '../x' is a path and not a name"},
		{12, "[tap x]",
		 ":12: there is no section [tap] in this file; expected [agent], [vlan NAME]"},
		{13, "vlan = nosuch",
		 ":13: there is no vlan 'nosuch'; expected the name of a [vlan NAME]"},
		{13, "", ":12: [port hub] has no vlan, and there are 2; expected 'vlan = lan'"},
		{14, "type = magic",
		 ":14: there is no port type 'magic'; expected one of mcast, udp, dgram, stream, "
		 "fd, tap"},
		{14, "", ":12: [port hub] lacks a line such as 'type = mcast'"},
		{15, "", ":12: [port hub] lacks a line such as 'group = 230.0.0.1:33000'"},
		{15, "group = 230.0.0.1", ":15: '230.0.0.1' is no IPv4 address and port"},
		{15, "group = 230.0.0.300:33000", ":15: '230.0.0.300:33000' is no IPv4 address"},
		{15, "group = [ff02::1]:33000", ":15: '[ff02::1]:33000' is no IPv4 address"},
		{15, "group = 10.0.0.1:33000", ":15: '10.0.0.1:33000' is no multicast group"},
		{15, "group = 223.255.255.255:1", ":15: '223.255.255.255:1' is no multicast group"},
		{15, "group = 240.0.0.0:1", ":15: '240.0.0.0:1' is no multicast group"},
		{15, "group = 230.0.0.1:1\ninterface = a-name-that-is-too-long",
		 ":16: 'a-name-that-is-too-long' is no network"},
		{15, "group = 230.0.0.1:1\ninterface = eth0/1",
		 ":16: 'eth0/1' is no network interface; expected auto, lo or"},
		{15, "broadcast = x", ":15: 'broadcast = x' cannot be"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(with_line(cases[i].line, cases[i].text), cases[i].message);
}

static void file_without_a_vlan_is_refused(void **state)
{
	(void)state;
	assert_refused("[agent]\nname = a\n",
		       "/agent.conf:1: there is no vlan; expected a section such as");
	assert_refused("", "there is no vlan");
}

static void ports_on_one_hub_are_refused(void **state)
{
	static const struct {
		const char *first, *second;
		bool refused;
	} cases[] = {
		{"interface = auto", "interface = auto", true},
		{"interface = lo", "interface = lo", true},
		{"interface = auto", "interface = lo", true}, /* auto is on loopback too */
		{"interface = eth0", "interface = eth0", true},
		{"interface = eth0", "interface = eth1", false},
		{"interface = auto", "interface = eth0", false},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			 "[vlan a]\nid = 1\n[vlan b]\nid = 2\n"
			 "[port x]\nvlan = a\ntype = mcast\ngroup = 230.0.0.1:1\n%s\n"
			 "[port y]\nvlan = b\ntype = mcast\ngroup = 230.0.0.1:1\n%s\n",
			 cases[i].first, cases[i].second);
		if (cases[i].refused)
			assert_refused(text, ":10: [port y] is the same hub as [port x] in line 5");
		else
			assert_loads(text);
	}
}

static void ports_at_one_place_are_refused(void **state)
{
	static const struct {
		const char *first, *second, *message;
	} cases[] = {
		{"type = udp\nlocal = 127.0.0.1:1\nremote = 127.0.0.1:2",
		 "type = udp\nlocal = 127.0.0.1:1\nremote = 127.0.0.1:3",
		 ":7: [port y] is the same socket as [port x] in line 3; take one out, or give it "
		 "another 'local'"},
		{"type = dgram\nlocal = a\nbroadcast = 1", "type = stream\nlisten = ./a",
		 ":7: [port y] is the same socket as [port x] in line 3; take one out, or give it "
		 "another 'listen'"},
		{"type = udp\nlocal = 127.0.0.1:1\nremote = 127.0.0.1:2",
		 "type = stream\nlisten = 127.0.0.1:1", NULL},
		{"type = stream\nconnect = 127.0.0.1:1\nbroadcast = 1",
		 "type = stream\nconnect = 127.0.0.1:1", NULL},
		{"type = dgram\nlocal = @a\nbroadcast = 1", "type = stream\nlisten = @a", NULL},
		{"type = fd\nfd = a\nbroadcast = 1", "type = fd\nfd = a",
		 ":7: [port y] is the same descriptor as [port x] in line 3; take one out, or give "
		 "it another 'fd'"},
		{"type = fd\nfd = a\nbroadcast = 1", "type = fd\nfd = b", NULL},
		{"type = tap\nname = lw0\nmtu = 1500", "type = tap\nname = lw0",
		 ":7: [port y] is the same interface as [port x] in line 3; take one out, or give "
		 "it another 'name'"},
		{"type = tap\nname = lw0", "type = tap\nname = lw1", NULL},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "[vlan a]\nid = 1\n[port x]\n%s\n[port y]\n%s\n",
			 cases[i].first, cases[i].second);
		if (cases[i].message)
			assert_refused(text, cases[i].message);
		else
			assert_loads(text);
	}
}

static void ports_are_the_same_apart_from_what_an_open_one_can_change(void **state)
{
	struct port_config was;

	(void)state;
	assert_loads(with_port("dgram", "local = /a\nremote = /b\nmode = 0600"));
	was = config.ports[0];
	assert_loads(with_port("dgram", "broadcast = 9\nlocal = /a\nremote = /b"));
	assert_true(port_config_same(&was, &config.ports[0]));
	assert_loads(with_port("dgram", "local = /a\nremote = /c"));
	assert_false(port_config_same(&was, &config.ports[0]));
	assert_loads(with_port("dgram", "local = /a\nremote = /b\nmode = 0660"));
	assert_false(port_config_same(&was, &config.ports[0]));
	assert_loads(with_port("dgram", "local = /a\nremote = /b\ngroup = kvm\nmode = 0600"));
	assert_false(port_config_same(&was, &config.ports[0]));
	assert_loads(with_port("tap", "name = lw0"));
	assert_false(port_config_same(&was, &config.ports[0]));
	was = config.ports[0];
	assert_loads(with_port("tap", "name = lw0\nbroadcast = 9"));
	assert_true(port_config_same(&was, &config.ports[0]));
	assert_loads(with_port("tap", "name = lw1"));
	assert_false(port_config_same(&was, &config.ports[0]));
	assert_loads(with_port("tap", "name = lw0\nmtu = 1500"));
	assert_false(port_config_same(&was, &config.ports[0]));
}

static void too_many_vlans_and_ports_are_refused(void **state)
{
	char text[16384] = "";

	(void)state;
	for (int i = 1; i <= CONFIG_VLANS_MAX + 1; i++)
		sprintf(text + strlen(text), "[vlan v%d]\nid = %d\n", i, i);
	assert_refused(text, ":33: more than 16 vlans");
	strcpy(text, "[vlan v]\nid = 1\n");
	for (int i = 1; i <= CONFIG_PORTS_MAX + 1; i++)
		sprintf(text + strlen(text), "[port p%d]\ntype = mcast\ngroup = 230.0.0.1:%d\n", i,
			i);
	assert_refused(text, ":195: more than 64 ports");
}

static void path_of_the_control_socket_has_to_fit_a_socket(void **state)
{
	char line[256], deep[200];

	(void)state;
	snprintf(line, sizeof(line), "control = /tmp/%0103d", 0);
	assert_refused(with_line(5, line),
		       ":5: the path of the control socket is longer than 107 bytes");
	snprintf(line, sizeof(line), "control = /tmp/%0102d", 0);
	assert_loads(with_line(5, line));
	assert_int_equal(strlen(config.control), 107);
	snprintf(deep, sizeof(deep), "/run/%0120d", 0);
	setenv("RUNTIME_DIRECTORY", deep, 1);
	assert_refused(GOOD,
		       "agent.conf:1: the path of the control socket is longer than 107 bytes; set "
		       "'control' in [agent]");
	unsetenv("RUNTIME_DIRECTORY");
}

static void missing_file_is_told_apart(void **state)
{
	(void)state;
	assert_int_equal(config_load(scratch, &config, &error), -ENOENT);
	assert_error(&error, "/agent.conf does not exist");
}

static void folder_is_chosen_in_the_order_of_the_manual(void **state)
{
	char out[CONFIG_PATH_BYTES];

	(void)state;
	setenv("LONGWIRE_DIR", "/from/env/", 1);
	assert_int_equal(config_folder("/from/option", out, &error), 0);
	assert_string_equal(out, "/from/option");
	assert_int_equal(config_folder(NULL, out, &error), 0);
	assert_string_equal(out, "/from/env");
	unsetenv("LONGWIRE_DIR");
	if (geteuid() == 0) {
		assert_int_equal(config_folder(NULL, out, &error), 0);
		assert_string_equal(out, "/etc/longwire");
		assert_int_equal(seteuid(NOBODY), 0);
	}
	setenv("HOME", "/users/anna", 1);
	setenv("XDG_CONFIG_HOME", "relative", 1); /* to be ignored */
	assert_int_equal(config_folder(NULL, out, &error), 0);
	assert_string_equal(out, "/users/anna/.config/longwire");
	setenv("XDG_CONFIG_HOME", "/xdg", 1);
	assert_int_equal(config_folder(NULL, out, &error), 0);
	assert_string_equal(out, "/xdg/longwire");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("HOME");
	assert_int_equal(config_folder(NULL, out, &error), -EINVAL);
	assert_error(&error, "HOME is not set; name one with -C DIR");
	assert_int_equal(seteuid(getuid()), 0);
}

static void folder_becomes_absolute(void **state)
{
	char out[CONFIG_PATH_BYTES], cwd[CONFIG_PATH_BYTES], longest[600];

	(void)state;
	assert_int_equal(chdir(scratch), 0);
	assert_non_null(getcwd(cwd, sizeof(cwd) - 8));
	assert_int_equal(config_folder("x/", out, &error), 0);
	assert_string_equal(out, strcat(cwd, "/x"));
	assert_int_equal(config_folder("", out, &error), -EINVAL);
	assert_error(&error, "-C needs the path of a folder");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(config_folder(longest, out, &error), -ENAMETOOLONG);
	assert_int_equal(chdir("/"), 0);
}

static void default_name_is_a_name(void **state)
{
	char name[NAME_BYTES];

	(void)state;
	config_default_name(name);
	assert_in_range(strlen(name), 1, NAME_BYTES - 1);
	assert_null(strchr(name, '.'));
}

static void card_shows_the_addresses_of_agent_conf_or_others(void **state)
{
	struct public_key key;
	struct card card;

	(void)state;
	assert_int_equal(public_key_parse(KEY_1, &key, &error), 0);
	assert_loads(GOOD);
	assert_int_equal(config_card(&config, &key, NULL, &card, &error), 0);
	assert_string_equal(card.name, "anna");
	assert_true(public_key_equal(&card.key, &key));
	assert_string_equal(card.at, "a.example:7777, [::1]:7");
	assert_int_equal(config_card(&config, &key, "b.example", &card, &error), 0);
	assert_string_equal(card.at, "b.example:7777");
	assert_int_equal(config_card(&config, &key, "b b", &card, &error), -EINVAL);
}

static void peer_joins_the_vlans_of_its_local_file_or_the_only_one(void **state)
{
	struct trust_peer peer = {.name = "bert"};
	uint16_t ids[PEER_VLANS_MAX];

	(void)state;
	assert_loads("[vlan lan]\nid = 5\n");
	assert_int_equal(config_peer_vlans(&config, &peer, ids, &error), 1);
	assert_int_equal(ids[0], 5);
	assert_loads(GOOD);
	assert_int_equal(config_peer_vlans(&config, &peer, ids, &error), -EINVAL);
	assert_error(&error, "/peers/bert.local: there are 2 vlans in agent.conf");
	strcpy(peer.local.vlans[0], "aoe2");
	strcpy(peer.local.vlans[1], "lan");
	peer.local.vlan_count = 2;
	peer.local.vlans_line = 3;
	assert_int_equal(config_peer_vlans(&config, &peer, ids, &error), 2);
	assert_int_equal(ids[0], 4094);
	assert_int_equal(ids[1], 1);
	strcpy(peer.local.vlans[1], "nosuch");
	assert_int_equal(config_peer_vlans(&config, &peer, ids, &error), -EINVAL);
	assert_error(&error, "/peers/bert.local:3: there is no vlan 'nosuch' in agent.conf");
}

#define TEST(name) cmocka_unit_test_setup(name, scratch_begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(file_that_says_everything_is_read_whole),
		TEST(what_is_not_said_has_its_default),
		TEST(port_may_stand_before_its_vlan),
		TEST(the_mss_of_tcp_is_limited_by_the_path_by_a_number_or_not_at_all),
		TEST(offload_can_be_switched_off),
		TEST(the_cipher_is_forced_or_any_that_the_machine_has),
		TEST(the_class_of_packets_is_copied_only_where_that_is_said),
		TEST(interface_and_broadcast_of_a_port_are_read),
		TEST(places_where_machines_plug_in_are_read),
		TEST(a_sockets_path_begins_in_the_folder),
		TEST(a_socket_is_its_owners_unless_group_or_mode_say_otherwise),
		TEST(values_that_do_not_fit_the_type_are_refused_with_their_line),
		TEST(a_value_longer_than_any_is_refused),
		TEST(control_socket_is_where_it_is_told_to_be),
		TEST(wrong_values_are_refused_with_their_line),
		TEST(file_without_a_vlan_is_refused),
		TEST(ports_on_one_hub_are_refused),
		TEST(ports_at_one_place_are_refused),
		TEST(ports_are_the_same_apart_from_what_an_open_one_can_change),
		TEST(too_many_vlans_and_ports_are_refused),
		TEST(path_of_the_control_socket_has_to_fit_a_socket),
		TEST(missing_file_is_told_apart),
		TEST(folder_is_chosen_in_the_order_of_the_manual),
		TEST(folder_becomes_absolute),
		TEST(default_name_is_a_name),
		TEST(card_shows_the_addresses_of_agent_conf_or_others),
		TEST(peer_joins_the_vlans_of_its_local_file_or_the_only_one),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
