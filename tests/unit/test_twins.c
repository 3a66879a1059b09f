/*
 * test_twins.c - agent/twins.h
 */
#include "unit.h"

#include "agent/twins.h"
#include "craft.h"

#define S_NS UINT64_C(1000000000)

static struct twins t;
static struct twin out[TWINS_MAX];

static int set_up(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	return 0;
}

static void note(uint8_t ip, int one, int other, uint64_t now_ns)
{
	struct twin twin = {.kind = TWIN_IP, .ip = {.ip = {[15] = ip}}};

	twin.places[0] = (struct twin_place){craft_mac(one), one};
	twin.places[1] = (struct twin_place){craft_mac(other), other};
	twins_note(&t, &twin, now_ns);
}

static void hear(const char *name, int at, uint64_t now_ns)
{
	const struct twin_place place = {craft_mac(at), at};
	struct client_id id = {.len = (uint8_t)strlen(name)};

	memcpy(id.bytes, name, id.len);
	twins_hear_client(&t, &id, &place, now_ns);
}

static size_t list(uint64_t now_ns)
{
	return twins_list(&t, now_ns, out, TWINS_MAX);
}

static void a_twin_is_listed_once_and_its_places_keep_their_order(void **state)
{
	(void)state;
	note(1, 3, 2, 0);
	note(1, 2, 3, S_NS);
	assert_int_equal(list(S_NS), 1);
	assert_int_equal(out[0].places[0].member, 3);
	assert_int_equal(out[0].places[1].member, 2);
}

static void a_twin_is_shown_for_a_minute(void **state)
{
	(void)state;
	note(1, 2, 3, S_NS);
	assert_int_equal(list(61 * S_NS - 1), 1);
	assert_int_equal(list(61 * S_NS), 0);
}

static void a_full_list_forgets_the_oldest(void **state)
{
	(void)state;
	for (uint8_t n = 0; n <= TWINS_MAX; n++)
		note(n, 2, 3, S_NS + n);
	assert_int_equal(list(S_NS + TWINS_MAX), TWINS_MAX);
	for (size_t i = 0; i < TWINS_MAX; i++)
		assert_int_not_equal(out[i].ip.ip[15], 0);
}

static void a_client_with_a_second_mac_is_a_twin_while_the_first_is_there(void **state)
{
	(void)state;
	hear("a", 2, S_NS);
	hear("a", 2, 2 * S_NS);
	hear("b", 3, 2 * S_NS);
	assert_int_equal(list(2 * S_NS), 0);
	hear("a", 3, 302 * S_NS - 1);
	assert_int_equal(list(302 * S_NS), 1);
	assert_int_equal(out[0].kind, TWIN_CLIENT_ID);
	assert_memory_equal(out[0].client_id.bytes, "a", 1);
	hear("b", 2, 302 * S_NS);
	assert_int_equal(list(302 * S_NS), 1); /* b had another MAC long ago */
}

static void many_clients_are_remembered_in_bounded_memory(void **state)
{
	char name[] = "client 0000";

	(void)state;
	hear("first", 2, S_NS);
	for (int i = 0; i < TWIN_CLIENTS_MAX; i++) {
		name[7] = (char)('a' + i % 26);
		name[8] = (char)('a' + i / 26);
		hear(name, 3, 2 * S_NS + (uint64_t)i);
	}
	hear("first", 3, 3 * S_NS);
	assert_int_equal(list(3 * S_NS), 0); /* forgotten */
	hear(name, 2, 3 * S_NS);
	assert_int_equal(list(3 * S_NS), 1);
}

static void a_member_that_goes_takes_its_twins_along(void **state)
{
	(void)state;
	note(1, 2, 3, S_NS);
	hear("a", 2, S_NS);
	twins_forget(&t, 4);
	assert_int_equal(list(S_NS), 1);
	twins_forget(&t, 2);
	assert_int_equal(list(S_NS), 0);
	hear("a", 3, S_NS);
	assert_int_equal(list(S_NS), 0);
}

#define with_twins(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_twins(a_twin_is_listed_once_and_its_places_keep_their_order),
		with_twins(a_twin_is_shown_for_a_minute),
		with_twins(a_full_list_forgets_the_oldest),
		with_twins(a_client_with_a_second_mac_is_a_twin_while_the_first_is_there),
		with_twins(many_clients_are_remembered_in_bounded_memory),
		with_twins(a_member_that_goes_takes_its_twins_along),
	};

	return cmocka_run_group_tests_name("twins", tests, NULL, NULL);
}
