/*
 * test_fdb.c - agent/fdb.h
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/fdb.h"

#define S_NS       UINT64_C(1000000000)
#define REFRESH_NS (FDB_REFRESH_MS * UINT64_C(1000000))

enum {
	MEMBERS = 8,
	QUOTA = 4,
	ANNA = 1,
	BEN = 2,
	CARL = 3,
	START_S = 1000
};

static const struct hash_key KEY = {{1, 2, 3}};

static struct mac mac_of(uint32_t n)
{
	return (struct mac){
		{2, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct fdb *new_table(uint32_t quota)
{
	struct fdb *f = fdb_new(&KEY, MEMBERS);

	for (int m = 0; m < MEMBERS; m++)
		fdb_set_quota(f, m, quota);
	return f;
}

static struct fdb_result say(struct fdb *f, uint32_t n, int member, uint64_t now_ns)
{
	struct mac mac = mac_of(n);

	return fdb_learn(f, &mac, member, false, now_ns);
}

static int where(const struct fdb *f, uint32_t n, uint64_t now_ns)
{
	struct mac mac = mac_of(n);

	return fdb_find(f, &mac, now_ns);
}

static void an_address_is_found_where_it_was_heard(void **state)
{
	struct fdb *f = new_table(QUOTA);
	struct fdb_result r = say(f, 7, ANNA, 0);

	(void)state;
	assert_false(r.refused);
	assert_false(r.crowded);
	assert_int_equal(r.clone_of, -1);
	assert_int_equal(where(f, 7, 0), ANNA);
	assert_int_equal(where(f, 8, 0), -1);
	fdb_free(f);
}

static void an_address_is_forgotten_300_s_after_it_was_last_heard(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 7, ANNA, S_NS);
	say(f, 7, ANNA, 2 * S_NS);
	assert_int_equal(where(f, 7, 302 * S_NS - 1), ANNA);
	assert_int_equal(where(f, 7, 302 * S_NS), -1);
	say(f, 7, BEN, 302 * S_NS);
	assert_int_equal(where(f, 7, 302 * S_NS), BEN);
	assert_int_equal(fdb_count(f, ANNA), 0);
	fdb_free(f);
}

static void one_too_many_pushes_out_the_owners_oldest(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 100, BEN, 0);
	for (uint32_t n = 0; n < QUOTA; n++)
		assert_false(say(f, n, ANNA, n).crowded);
	say(f, 0, ANNA, REFRESH_NS); /* 1 is the oldest now, and stays it: */
	say(f, 1, ANNA, REFRESH_NS);
	assert_true(say(f, QUOTA, ANNA, REFRESH_NS).crowded);
	assert_int_equal(where(f, 1, REFRESH_NS), -1);
	for (uint32_t n = 2; n <= QUOTA; n++)
		assert_int_equal(where(f, n, REFRESH_NS), ANNA);
	assert_int_equal(where(f, 0, REFRESH_NS), ANNA);
	assert_int_equal(where(f, 100, REFRESH_NS), BEN);
	fdb_free(f);
}

static void a_smaller_quota_forgets_the_oldest_at_once(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	for (uint32_t n = 0; n < QUOTA; n++)
		say(f, n, ANNA, n);
	fdb_set_quota(f, ANNA, 1);
	assert_int_equal(fdb_count(f, ANNA), 1);
	assert_int_equal(where(f, QUOTA - 1, QUOTA), ANNA);
	fdb_free(f);
}

static void a_full_table_takes_nothing_from_other_owners(void **state)
{
	struct fdb *f = new_table(FDB_ENTRIES_MAX);

	(void)state;
	say(f, 1000000, BEN, 0);
	for (uint32_t n = 1; n < FDB_ENTRIES_MAX; n++)
		assert_false(say(f, n, ANNA, n).crowded);
	assert_true(say(f, 2000000, 3, START_S).crowded); /* has none: not learned */
	assert_int_equal(where(f, 2000000, START_S), -1);
	assert_true(say(f, 2000001, BEN, START_S).crowded); /* pushes out its own */
	assert_int_equal(where(f, 1000000, START_S), -1);
	assert_int_equal(where(f, 2000001, START_S), BEN);
	assert_int_equal(fdb_count(f, ANNA), FDB_ENTRIES_MAX - 1);
	fdb_free(f);
}

static void old_entries_make_room_whoever_owned_them(void **state)
{
	struct fdb *f = new_table(FDB_ENTRIES_MAX);

	(void)state;
	for (uint32_t n = 0; n < FDB_ENTRIES_MAX; n++)
		say(f, n, ANNA, 0);
	assert_false(say(f, 1000000, BEN, FDB_AGE_S * S_NS).crowded);
	assert_int_equal(where(f, 1000000, FDB_AGE_S * S_NS), BEN);
	fdb_free(f);
}

static void a_closed_member_leaves_nothing_behind(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	say(f, 2, BEN, 0);
	fdb_forget(f, ANNA);
	assert_int_equal(where(f, 1, 0), -1);
	assert_int_equal(where(f, 2, 0), BEN);
	assert_false(say(f, 1, BEN, 1).refused);
	fdb_free(f);
}

static void an_address_of_a_living_member_is_refused_elsewhere(void **state)
{
	struct fdb *f = new_table(QUOTA);
	struct fdb_result r;

	(void)state;
	say(f, 1, ANNA, 0);
	r = say(f, 1, BEN, 29 * S_NS);
	assert_true(r.refused);
	r = say(f, 1, BEN, 30 * S_NS - 1);
	assert_true(r.refused);
	assert_int_equal(where(f, 1, 30 * S_NS), ANNA);
	fdb_free(f);
}

static void a_claim_wins_after_30_s_of_silence_and_two_words_a_second_apart(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	assert_true(say(f, 1, BEN, 40 * S_NS).refused); /* its first word */
	assert_true(say(f, 1, BEN, 41 * S_NS - 1).refused);
	assert_false(say(f, 1, BEN, 41 * S_NS).refused);
	assert_int_equal(where(f, 1, 41 * S_NS), BEN);
	fdb_free(f);
}

static void the_former_owner_regains_its_address_when_it_speaks(void **state)
{
	struct fdb *f = new_table(QUOTA);
	struct fdb_result r;

	(void)state;
	say(f, 1, ANNA, 0);
	say(f, 1, BEN, 40 * S_NS);
	say(f, 1, BEN, 41 * S_NS);
	r = say(f, 1, ANNA, 60 * S_NS);
	assert_false(r.refused);
	assert_int_equal(r.clone_of, BEN);
	assert_int_equal(where(f, 1, 60 * S_NS), ANNA);
	assert_true(say(f, 1, BEN, 61 * S_NS).refused); /* and not back again */
	fdb_free(f);
}

static void an_announcement_wins_after_3_s_of_silence(void **state)
{
	struct fdb *f = new_table(QUOTA);
	struct mac mac = mac_of(1);

	(void)state;
	say(f, 1, ANNA, 0);
	assert_true(fdb_learn(f, &mac, BEN, true, 3 * S_NS - 1).refused);
	assert_false(fdb_learn(f, &mac, BEN, true, 3 * S_NS).refused);
	assert_int_equal(where(f, 1, 3 * S_NS), BEN);
	fdb_free(f);
}

static bool announce(struct fdb *f, uint32_t n, int member, uint64_t now_ns)
{
	struct mac mac = mac_of(n);

	return !fdb_learn(f, &mac, member, true, now_ns).refused;
}

static void an_announcement_is_remembered_until_the_owner_was_silent_for_3_s(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	assert_false(announce(f, 1, BEN, S_NS));
	assert_true(say(f, 1, BEN, 3 * S_NS - 1).refused);
	assert_int_equal(where(f, 1, 3 * S_NS - 1), ANNA);
	assert_int_equal(where(f, 1, 3 * S_NS), BEN); /* though nobody said more */
	assert_false(say(f, 1, BEN, 3 * S_NS).refused);
	assert_int_equal(where(f, 1, 4 * S_NS), BEN);
	assert_int_equal(fdb_count(f, ANNA), 0);
	fdb_free(f);
}

static void an_owner_that_speaks_after_an_announcement_keeps_its_address(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	announce(f, 1, BEN, S_NS);
	assert_int_equal(say(f, 1, ANNA, 2 * S_NS - 1).clone_of, -1); /* may have come late */
	announce(f, 1, BEN, 2 * S_NS);
	assert_int_equal(say(f, 1, ANNA, 3 * S_NS).clone_of, BEN);
	assert_int_equal(where(f, 1, 10 * S_NS), ANNA);
	assert_true(say(f, 1, BEN, 10 * S_NS).refused);
	fdb_free(f);
}

static void an_owner_that_speaks_after_the_move_regains_its_address(void **state)
{
	struct fdb *f = new_table(QUOTA);
	struct fdb_result r;

	(void)state;
	say(f, 1, ANNA, 0);
	announce(f, 1, BEN, S_NS);
	r = say(f, 1, ANNA, 4 * S_NS);
	assert_false(r.refused);
	assert_int_equal(r.clone_of, BEN);
	assert_int_equal(where(f, 1, 9 * S_NS), ANNA);
	fdb_free(f);
}

static void a_claim_hides_no_announcement(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	announce(f, 1, BEN, S_NS);
	say(f, 1, CARL, 2 * S_NS);
	assert_int_equal(where(f, 1, 3 * S_NS), BEN);
	fdb_free(f);
}

static void who_moved_is_an_owner_like_others_to_the_next_that_announces_itself(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	announce(f, 1, BEN, S_NS);
	assert_false(announce(f, 1, CARL, 4 * S_NS));
	assert_int_equal(where(f, 1, 4 * S_NS), BEN);
	fdb_free(f);
}

static void who_announced_and_went_has_moved_nothing(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	announce(f, 1, BEN, S_NS);
	fdb_forget(f, BEN);
	assert_int_equal(where(f, 1, 4 * S_NS), ANNA);
	fdb_free(f);
}

static void what_a_machine_said_before_it_announced_itself_elsewhere_may_come_late(void **state)
{
	struct fdb *f = new_table(QUOTA);
	struct mac mac = mac_of(1);
	uint64_t back_ns = 5 * S_NS;

	(void)state;
	say(f, 1, ANNA, 0);
	announce(f, 1, BEN, S_NS);
	say(f, 1, BEN, 4 * S_NS);
	assert_true(announce(f, 1, ANNA, back_ns));
	for (int n = 1; n <= 2; n++) {
		struct fdb_result late =
			fdb_learn(f, &mac, BEN, false, back_ns + (uint64_t)n * (S_NS / 1000));

		assert_true(late.refused);
		assert_int_equal(late.clone_of, -1);
		assert_int_equal(
			fdb_learn(f, &mac, ANNA, false, back_ns + (uint64_t)n * (S_NS / 1000))
				.clone_of,
			-1);
	}
	assert_int_equal(fdb_learn(f, &mac, BEN, false, back_ns + S_NS).clone_of, ANNA);
	fdb_free(f);
}

static void what_moved_counts_for_its_new_owners_quota(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	for (uint32_t n = 0; n < QUOTA; n++)
		say(f, 10 + n, BEN, 0);
	say(f, 1, ANNA, 0);
	announce(f, 1, BEN, S_NS);
	say(f, 1, BEN, 3 * S_NS);
	assert_int_equal(fdb_count(f, BEN), QUOTA);
	assert_int_equal(where(f, 10, 3 * S_NS), -1);
	assert_int_equal(where(f, 1, 3 * S_NS), BEN);
	fdb_free(f);
}

static void two_places_within_5_s_are_a_clone_and_later_a_move(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	assert_int_equal(say(f, 1, BEN, 5 * S_NS - 1).clone_of, ANNA);
	say(f, 2, ANNA, 0);
	assert_int_equal(say(f, 2, BEN, 5 * S_NS).clone_of, -1);
	fdb_free(f);
}

static void an_owner_that_speaks_after_a_claim_is_a_clone(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	say(f, 1, BEN, 10 * S_NS);
	assert_int_equal(say(f, 1, ANNA, 20 * S_NS).clone_of, BEN);
	assert_int_equal(say(f, 1, ANNA, 40 * S_NS).clone_of, -1); /* the claim is long ago */
	fdb_free(f);
}

static void a_gone_members_claim_does_not_help_its_successor(void **state)
{
	struct fdb *f = new_table(QUOTA);

	(void)state;
	say(f, 1, ANNA, 0);
	say(f, 1, BEN, 10 * S_NS);
	fdb_forget(f, BEN);
	assert_true(say(f, 1, BEN, 40 * S_NS).refused);
	fdb_free(f);
}

struct tally {
	int count;
	uint64_t age_ns;
};

static void note(void *context, const struct mac *mac, int member, uint64_t age_ns)
{
	struct tally *t = context;

	(void)mac;
	(void)member;
	t->count++;
	t->age_ns = age_ns;
}

static void a_visit_shows_what_is_not_too_old(void **state)
{
	struct fdb *f = new_table(QUOTA);
	struct tally t = {0};

	(void)state;
	say(f, 1, ANNA, 0);
	say(f, 2, ANNA, S_NS);
	fdb_visit(f, FDB_AGE_S * S_NS, note, &t);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.age_ns, (FDB_AGE_S - 1) * S_NS);
	fdb_free(f);
}

/* A table that scans: for every address who owns it and when it was heard. Claims never win here,
 * because the random clock stays within a few seconds. */
enum {
	MODEL_MACS = 64,
	MODEL_STEPS = 20000,
	MODEL_STEP_NS = 100000,
};

struct model {
	int owner[MODEL_MACS];
	uint64_t heard_ns[MODEL_MACS];
};

static int model_oldest(const struct model *m, int member, int *count)
{
	int oldest = -1;

	*count = 0;
	for (int n = 0; n < MODEL_MACS; n++) {
		if (m->owner[n] != member)
			continue;
		(*count)++;
		if (oldest < 0 || m->heard_ns[n] < m->heard_ns[oldest])
			oldest = n;
	}
	return oldest;
}

static void model_learn(struct model *m, int n, int member, uint64_t now_ns)
{
	int count, oldest = model_oldest(m, member, &count);

	if (m->owner[n] >= 0 && m->owner[n] != member)
		return;
	if (m->owner[n] < 0 && count >= QUOTA)
		m->owner[oldest] = -1;
	if (m->owner[n] < 0 || now_ns - m->heard_ns[n] >= REFRESH_NS)
		m->heard_ns[n] = now_ns;
	m->owner[n] = member;
}

static void model_forget(struct model *m, int member)
{
	for (int n = 0; n < MODEL_MACS; n++) {
		if (m->owner[n] == member)
			m->owner[n] = -1;
	}
}

static void random_use_agrees_with_a_table_that_scans(void **state)
{
	struct fdb *f = new_table(QUOTA);
	struct model m;
	unsigned seed = 12345;

	(void)state;
	print_message("# seed %u\n", seed);
	memset(m.owner, -1, sizeof(m.owner));
	for (uint64_t now = 1; now < MODEL_STEPS * MODEL_STEP_NS; now += MODEL_STEP_NS) {
		int n = rand_r(&seed) % MODEL_MACS, member = rand_r(&seed) % MEMBERS;

		if (rand_r(&seed) % 100 == 0) {
			fdb_forget(f, member);
			model_forget(&m, member);
		} else {
			say(f, (uint32_t)n, member, now);
			model_learn(&m, n, member, now);
		}
		for (n = 0; n < MODEL_MACS; n++)
			assert_int_equal(where(f, (uint32_t)n, now), m.owner[n]);
	}
	fdb_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_found_where_it_was_heard),
		cmocka_unit_test(an_address_is_forgotten_300_s_after_it_was_last_heard),
		cmocka_unit_test(one_too_many_pushes_out_the_owners_oldest),
		cmocka_unit_test(a_smaller_quota_forgets_the_oldest_at_once),
		cmocka_unit_test(a_full_table_takes_nothing_from_other_owners),
		cmocka_unit_test(old_entries_make_room_whoever_owned_them),
		cmocka_unit_test(a_closed_member_leaves_nothing_behind),
		cmocka_unit_test(an_address_of_a_living_member_is_refused_elsewhere),
		cmocka_unit_test(a_claim_wins_after_30_s_of_silence_and_two_words_a_second_apart),
		cmocka_unit_test(the_former_owner_regains_its_address_when_it_speaks),
		cmocka_unit_test(an_announcement_wins_after_3_s_of_silence),
		cmocka_unit_test(an_announcement_is_remembered_until_the_owner_was_silent_for_3_s),
		cmocka_unit_test(an_owner_that_speaks_after_an_announcement_keeps_its_address),
		cmocka_unit_test(an_owner_that_speaks_after_the_move_regains_its_address),
		cmocka_unit_test(a_claim_hides_no_announcement),
		cmocka_unit_test(
			who_moved_is_an_owner_like_others_to_the_next_that_announces_itself),
		cmocka_unit_test(who_announced_and_went_has_moved_nothing),
		cmocka_unit_test(
			what_a_machine_said_before_it_announced_itself_elsewhere_may_come_late),
		cmocka_unit_test(what_moved_counts_for_its_new_owners_quota),
		cmocka_unit_test(two_places_within_5_s_are_a_clone_and_later_a_move),
		cmocka_unit_test(an_owner_that_speaks_after_a_claim_is_a_clone),
		cmocka_unit_test(a_gone_members_claim_does_not_help_its_successor),
		cmocka_unit_test(a_visit_shows_what_is_not_too_old),
		cmocka_unit_test(random_use_agrees_with_a_table_that_scans),
	};

	return cmocka_run_group_tests_name("fdb", tests, NULL, NULL);
}
