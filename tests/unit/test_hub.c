/*
 * test_hub.c - agent/ports/hub.h
 */
#include "unit.h"

#include "../../agent/ports/hub.h"

enum {
	LO = 1,
	ETH0 = 2,
	GROUP_PORT = 33000,
	OWN_PORT = 40000,
	AGENT_PORT = 40001,
	SOCAT_PORT = 51234,
	SETTLED = 1000,
};

static struct interface_address list[] = {
	{.index = LO, .name = "lo", .is_up = true, .is_loopback = true},
	{.index = ETH0, .name = "eth0", .is_up = true},
};
static struct interfaces interfaces = {.list = list, .count = 2};

static struct addr at(const char *ip, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(ip, port, &a), 0);
	return a;
}

static struct hub new_hub(enum mcast_scope scope)
{
	list[0].addr = at("127.0.0.1", 1);
	list[1].addr = at("192.0.2.1", 1);
	return (struct hub){.group_port = GROUP_PORT,
			    .own_port = OWN_PORT,
			    .scope = scope,
			    .served = scope == MCAST_NAMED ? ETH0 : 0,
			    .interfaces = &interfaces,
			    .settled_ns = SETTLED};
}

static enum drop classify(struct hub *h, const char *ip, uint16_t port, uint32_t interface)
{
	struct addr from = at(ip, port);

	return hub_classify(h, &from, interface, SETTLED);
}

static void hear(struct hub *h, const char *ip, uint16_t port)
{
	struct mac sender = {{2, 0, 0, 0, (uint8_t)(port >> 8), (uint8_t)port}};
	struct addr from = at(ip, port);

	hub_hear(h, &from, &sender);
}

static int agents_known(const struct hub *h)
{
	int count = 0;

	for (size_t i = 0; i < HUB_AGENTS_MAX; i++)
		count += addr_is_set(&h->agents[i].from);
	return count;
}

static void this_hosts_machines_are_heard_wherever_they_are(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);

	(void)state;
	assert_int_equal(classify(&h, "127.0.0.1", GROUP_PORT, LO), DROP_NONE);
	assert_int_equal(classify(&h, "127.3.2.1", GROUP_PORT, LO), DROP_NONE);
	assert_int_equal(classify(&h, "192.0.2.1", GROUP_PORT, ETH0), DROP_NONE);
	assert_int_equal(classify(&h, "192.0.2.1", GROUP_PORT, LO), DROP_NONE);
}

static void a_program_with_a_random_port_is_a_machine(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);

	(void)state;
	assert_int_equal(classify(&h, "127.0.0.1", SOCAT_PORT, LO), DROP_NONE);
}

static void our_own_port_on_any_own_address_is_our_echo(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);

	(void)state;
	assert_int_equal(classify(&h, "127.0.0.1", OWN_PORT, LO), DROP_OWN_ECHO);
	assert_int_equal(classify(&h, "192.0.2.1", OWN_PORT, ETH0), DROP_OWN_ECHO);
}

static void another_hosts_machine_is_foreign_unless_its_lan_is_served(void **state)
{
	struct hub h = new_hub(MCAST_AUTO), lo = new_hub(MCAST_LO), lan = new_hub(MCAST_NAMED);

	(void)state;
	assert_int_equal(classify(&h, "192.0.2.9", GROUP_PORT, ETH0), DROP_FOREIGN_HOST);
	assert_int_equal(classify(&lo, "192.0.2.9", GROUP_PORT, ETH0), DROP_FOREIGN_HOST);
	assert_int_equal(classify(&lan, "192.0.2.9", GROUP_PORT, ETH0), DROP_NONE);
}

/* If its beacon got lost and its frames were a machine's, they could go round for ever. */
static void what_another_host_sends_from_a_port_of_its_own_is_an_agents_beacon_or_not(void **state)
{
	struct hub h = new_hub(MCAST_AUTO), lan = new_hub(MCAST_NAMED);

	(void)state;
	assert_int_equal(classify(&h, "192.0.2.9", AGENT_PORT, ETH0), DROP_AGENT_INJECTED);
	assert_int_equal(classify(&lan, "192.0.2.9", AGENT_PORT, ETH0), DROP_AGENT_INJECTED);
	assert_int_equal(classify(&lan, "192.0.2.9", OWN_PORT, ETH0), DROP_AGENT_INJECTED);
}

static void a_lan_port_serves_its_interface_only(void **state)
{
	struct hub h = new_hub(MCAST_NAMED);

	(void)state;
	assert_int_equal(classify(&h, "127.0.0.1", GROUP_PORT, LO), DROP_OTHER_INTERFACE);
	h.served = 0; /* the interface is gone */
	assert_int_equal(classify(&h, "192.0.2.9", GROUP_PORT, ETH0), DROP_OTHER_INTERFACE);
}

static void who_sent_a_beacon_is_an_agent_on_every_own_address(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);

	(void)state;
	hear(&h, "127.0.0.1", AGENT_PORT);
	hear(&h, "192.0.2.1", AGENT_PORT);
	assert_int_equal(agents_known(&h), 1);
	assert_int_equal(classify(&h, "127.0.0.1", AGENT_PORT, LO), DROP_AGENT_INJECTED);
	assert_int_equal(classify(&h, "192.0.2.1", AGENT_PORT, ETH0), DROP_AGENT_INJECTED);
	assert_int_equal(classify(&h, "127.0.0.1", GROUP_PORT, LO), DROP_NONE);
}

static void an_agent_is_told_by_the_mac_of_its_beacons(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);
	struct addr here = at("192.0.2.1", AGENT_PORT), there = at("192.0.2.9", AGENT_PORT);
	struct addr other = at("192.0.2.8", AGENT_PORT);
	struct mac macs[2] = {{{2, 1}}, {{2, 2}}};

	(void)state;
	hub_hear(&h, &here, &macs[0]);
	hub_hear(&h, &there, &macs[1]);
	assert_true(mac_equal(&hub_agent_at(&h, &here)->sender, &macs[0]));
	assert_true(mac_equal(&hub_agent_at(&h, &there)->sender, &macs[1]));
	assert_null(hub_agent_at(&h, &other));
}

static void before_it_has_settled_only_the_groups_port_is_a_machine(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);
	struct addr machine = at("127.0.0.1", GROUP_PORT), unknown = at("127.0.0.1", SOCAT_PORT);

	(void)state;
	assert_int_equal(hub_classify(&h, &machine, LO, 0), DROP_NONE);
	assert_int_equal(hub_classify(&h, &unknown, LO, SETTLED - 1), DROP_AGENT_INJECTED);
	assert_int_equal(hub_classify(&h, &unknown, LO, SETTLED), DROP_NONE);
}

static void an_agent_that_misses_its_beacons_is_forgotten(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);

	(void)state;
	hear(&h, "127.0.0.1", AGENT_PORT);
	for (int i = 0; i < HUB_AGENT_TICKS; i++)
		hub_tick(&h);
	assert_int_equal(agents_known(&h), 1);
	hub_tick(&h);
	assert_int_equal(agents_known(&h), 0);
	assert_int_equal(classify(&h, "127.0.0.1", AGENT_PORT, LO), DROP_NONE);
}

static void a_full_list_forgets_who_was_unheard_for_longest(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);

	(void)state;
	hear(&h, "127.0.0.1", AGENT_PORT);
	hub_tick(&h);
	for (uint16_t i = 1; i <= HUB_AGENTS_MAX; i++)
		hear(&h, "127.0.0.1", AGENT_PORT + i);
	assert_int_equal(agents_known(&h), HUB_AGENTS_MAX);
	assert_int_equal(classify(&h, "127.0.0.1", AGENT_PORT, LO), DROP_NONE);
	assert_int_equal(classify(&h, "127.0.0.1", AGENT_PORT + 1, LO), DROP_AGENT_INJECTED);
}

/* Who can send beacons to the LAN must not make us take an agent of this host for a machine. */
static void other_hosts_agents_never_push_out_one_of_this_host(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);

	(void)state;
	hear(&h, "127.0.0.1", AGENT_PORT);
	hub_tick(&h);
	for (uint16_t i = 0; i < 2 * HUB_AGENTS_MAX; i++)
		hear(&h, "192.0.2.9", AGENT_PORT + i);
	assert_int_equal(classify(&h, "127.0.0.1", AGENT_PORT, LO), DROP_AGENT_INJECTED);
	for (uint16_t i = 1; i < HUB_AGENTS_MAX; i++)
		hear(&h, "127.0.0.1", AGENT_PORT + i);
	hear(&h, "192.0.2.9", AGENT_PORT);
	for (uint16_t i = 0; i < HUB_AGENTS_MAX; i++)
		assert_int_equal(classify(&h, "127.0.0.1", AGENT_PORT + i, LO),
				 DROP_AGENT_INJECTED);
}

/* A hub that is full loses beacons too; then it must not take the other agent for a machine. */
static void an_agent_that_injects_is_not_forgotten(void **state)
{
	struct hub h = new_hub(MCAST_AUTO);

	(void)state;
	hear(&h, "127.0.0.1", AGENT_PORT);
	for (unsigned i = 0; i < 3 * HUB_AGENT_TICKS; i++) {
		hub_tick(&h);
		assert_int_equal(classify(&h, "127.0.0.1", AGENT_PORT, LO), DROP_AGENT_INJECTED);
	}
	for (unsigned i = 0; i <= HUB_AGENT_TICKS; i++)
		hub_tick(&h);
	assert_int_equal(classify(&h, "127.0.0.1", AGENT_PORT, LO), DROP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_hosts_machines_are_heard_wherever_they_are),
		cmocka_unit_test(a_program_with_a_random_port_is_a_machine),
		cmocka_unit_test(our_own_port_on_any_own_address_is_our_echo),
		cmocka_unit_test(another_hosts_machine_is_foreign_unless_its_lan_is_served),
		cmocka_unit_test(
			what_another_host_sends_from_a_port_of_its_own_is_an_agents_beacon_or_not),
		cmocka_unit_test(a_lan_port_serves_its_interface_only),
		cmocka_unit_test(who_sent_a_beacon_is_an_agent_on_every_own_address),
		cmocka_unit_test(an_agent_is_told_by_the_mac_of_its_beacons),
		cmocka_unit_test(before_it_has_settled_only_the_groups_port_is_a_machine),
		cmocka_unit_test(an_agent_that_misses_its_beacons_is_forgotten),
		cmocka_unit_test(a_full_list_forgets_who_was_unheard_for_longest),
		cmocka_unit_test(other_hosts_agents_never_push_out_one_of_this_host),
		cmocka_unit_test(an_agent_that_injects_is_not_forgotten),
	};

	return cmocka_run_group_tests_name("hub", tests, NULL, NULL);
}
