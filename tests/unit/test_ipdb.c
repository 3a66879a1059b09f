/*
 * test_ipdb.c - agent/ipdb.h
 */
#include "unit.h"

#include "agent/ipdb.h"
#include "craft.h"
#include "rng.h"

#define S_NS UINT64_C(1000000000)

enum {
	MEMBERS = 4,
	FLOOD = 200000,
	SEED = 7,
};

static struct ipdb *d;

static int set_up(void **state)
{
	const struct hash_key key = {{1}};

	(void)state;
	d = ipdb_new(&key, MEMBERS);
	for (int i = 0; i < MEMBERS; i++)
		ipdb_set_quota(d, i, i == 0 ? IPDB_ENTRIES_MAX : 256);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ipdb_free(d);
	return 0;
}

static struct ip_key ip(uint64_t n)
{
	struct ip_key key = {.ip = {0xfe, 0x80}};

	memcpy(key.ip + 8, &n, sizeof(n));
	return key;
}

static void use(uint64_t n, int mac, int member, uint64_t now_ns)
{
	const struct ip_user by = {.mac = craft_mac(mac), .member = member};
	struct ip_key key = ip(n);

	ipdb_set(d, &key, &by, now_ns);
}

/* Return: the member, or -1 */
static int user(uint64_t n, uint64_t now_ns)
{
	struct ip_key key = ip(n);
	struct ip_user found;

	return ipdb_find(d, &key, now_ns, &found) ? found.member : -1;
}

static void an_address_is_used_for_a_minute(void **state)
{
	struct ip_key key = ip(1);
	struct ip_user found;

	(void)state;
	assert_int_equal(user(1, S_NS), -1);
	use(1, 9, 2, S_NS);
	assert_true(ipdb_find(d, &key, 61 * S_NS - 1, &found));
	assert_int_equal(found.member, 2);
	assert_true(found.age_ns == 60 * S_NS - 1);
	assert_int_equal(found.mac.b[5], 9);
	assert_int_equal(user(1, 61 * S_NS), -1);
	use(1, 9, 2, 70 * S_NS);
	assert_int_equal(user(1, 71 * S_NS), 2);
}

static void addresses_that_differ_in_a_tag_are_two(void **state)
{
	struct ip_key key = ip(1);
	struct ip_user found;

	(void)state;
	use(1, 9, 2, S_NS);
	key.tags[1] = 1;
	assert_false(ipdb_find(d, &key, S_NS, &found));
}

static void an_address_moves_with_its_count(void **state)
{
	(void)state;
	use(1, 9, 2, S_NS);
	use(1, 9, 3, S_NS);
	assert_int_equal(user(1, S_NS), 3);
	assert_int_equal(ipdb_count(d, 2), 0);
	assert_int_equal(ipdb_count(d, 3), 1);
}

static void who_has_too_many_forgets_his_own_oldest(void **state)
{
	(void)state;
	ipdb_set_quota(d, 2, 3);
	use(100, 1, 1, S_NS);
	for (uint64_t n = 0; n < 3; n++)
		use(n, 2, 2, S_NS);
	use(0, 2, 2, 2 * S_NS); /* heard again: 1 is the oldest */
	use(3, 2, 2, 2 * S_NS);
	assert_int_equal(user(1, 2 * S_NS), -1);
	assert_int_equal(user(0, 2 * S_NS), 2);
	assert_int_equal(user(3, 2 * S_NS), 2);
	assert_int_equal(user(100, 2 * S_NS), 1);
	ipdb_set_quota(d, 2, 1);
	assert_int_equal(ipdb_count(d, 2), 1);
}

static void a_flood_of_random_addresses_pushes_nobody_else_out(void **state)
{
	struct rng r = {.state = SEED};

	(void)state;
	print_message("# seed %d\n", SEED);
	use(1, 1, 1, S_NS);
	for (int i = 0; i < FLOOD; i++)
		use(rng_u64(&r) | 1U << 8, 2, 2, S_NS + (uint64_t)i);
	assert_int_equal(ipdb_count(d, 2), 256);
	assert_int_equal(user(1, S_NS + FLOOD), 1);
}

static void a_full_pool_takes_no_more_and_is_swept_in_time(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < IPDB_ENTRIES_MAX; n++)
		use(n, 1, 0, S_NS);
	use(1U << 20, 2, 2, S_NS);
	assert_int_equal(user(1U << 20, S_NS), -1); /* others' are all in use */
	use(1U << 20, 2, 2, 61 * S_NS);
	assert_int_equal(user(1U << 20, 61 * S_NS), 2); /* one of the old ones made room */
	for (uint64_t n = 0; n < 200; n++)
		use(n | 1U << 21, 2, 2, 61 * S_NS);
	assert_int_equal(ipdb_count(d, 2), 201);
}

static void a_member_that_goes_takes_its_addresses_along(void **state)
{
	(void)state;
	use(1, 1, 1, S_NS);
	use(2, 2, 2, S_NS);
	ipdb_forget(d, 2);
	assert_int_equal(user(1, S_NS), 1);
	assert_int_equal(user(2, S_NS), -1);
	assert_int_equal(ipdb_count(d, 2), 0);
}

#define with_ipdb(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ipdb(an_address_is_used_for_a_minute),
		with_ipdb(addresses_that_differ_in_a_tag_are_two),
		with_ipdb(an_address_moves_with_its_count),
		with_ipdb(who_has_too_many_forgets_his_own_oldest),
		with_ipdb(a_flood_of_random_addresses_pushes_nobody_else_out),
		with_ipdb(a_full_pool_takes_no_more_and_is_swept_in_time),
		with_ipdb(a_member_that_goes_takes_its_addresses_along),
	};

	return cmocka_run_group_tests_name("ipdb", tests, NULL, NULL);
}
