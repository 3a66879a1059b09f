/*
 * test_key_cache.c - proto/key_cache.h
 */
#include "unit.h"

#include <sodium.h>

#include "gcm.h"
#include "key_cache.h"
#include "seal.h"

enum {
	SESSIONS = 100,
	PLACES = 16, /* fewer than there are sessions */
	ROUNDS = 3,
	TEXT_BYTES = 100,
};

/* A session as the cache sees it, and the other end of it. */
struct line {
	uint32_t index;
	uint8_t key[DIRECTION_COUNT][KEY_BYTES];
	uint8_t place[DIRECTION_COUNT];
};

static struct gcm ready[PLACES];
static struct key_cache cache;
static struct line lines[SESSIONS];

static struct cached_key key_of(struct line *l, enum direction direction)
{
	return (struct cached_key){.session = l->index,
				   .direction = direction,
				   .place = &l->place[direction],
				   .bytes = l->key[direction]};
}

static struct gcm *get(struct line *l, enum direction direction)
{
	struct cached_key key = key_of(l, direction);

	return key_cache_get(&cache, &key);
}

static void forget(struct line *l)
{
	for (enum direction d = 0; d < DIRECTION_COUNT; d++) {
		struct cached_key key = key_of(l, d);

		key_cache_forget(&cache, &key);
	}
}

static void fill(uint8_t datagram[DATA_MIN_BYTES + TEXT_BYTES])
{
	for (size_t i = 0; i < DATA_MIN_BYTES + TEXT_BYTES; i++)
		datagram[i] = (uint8_t)(3 * i);
}

/* The far end by a context of its own. */
static void assert_carries(struct line *l, uint64_t counter)
{
	uint8_t datagram[DATA_MIN_BYTES + TEXT_BYTES], plain[sizeof(datagram)];
	struct sealed s = {datagram, TEXT_BYTES, counter};
	struct gcm far = {0};

	fill(plain);
	assert_int_equal(gcm_start(&far, 1), 0);
	fill(datagram);
	assert_int_equal(gcm_seal(get(l, DIRECTION_SEND), &s), 0);
	assert_int_equal(gcm_set_key(&far, DIRECTION_RECEIVE, l->key[DIRECTION_SEND]), 0);
	assert_int_equal(gcm_open(&far, &s), 0);
	assert_memory_equal(datagram, plain, DATA_HEADER_BYTES + TEXT_BYTES);
	assert_int_equal(gcm_set_key(&far, DIRECTION_SEND, l->key[DIRECTION_RECEIVE]), 0);
	assert_int_equal(gcm_seal(&far, &s), 0);
	assert_int_equal(gcm_open(get(l, DIRECTION_RECEIVE), &s), 0);
	assert_memory_equal(datagram, plain, DATA_HEADER_BYTES + TEXT_BYTES);
	gcm_stop(&far, 1);
}

static void more_sessions_than_places_all_work_in_turn(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < SESSIONS; i++)
			assert_carries(&lines[i], round);
}

static void a_session_in_use_keeps_its_place(void **state)
{
	struct gcm *mine = get(&lines[0], DIRECTION_SEND);

	(void)state;
	for (size_t i = 1; i < SESSIONS; i++) {
		assert_ptr_not_equal(get(&lines[i], DIRECTION_SEND), mine);
		assert_ptr_equal(get(&lines[0], DIRECTION_SEND), mine);
	}
}

static void the_place_unused_for_longest_is_taken(void **state)
{
	struct gcm *first = get(&lines[0], DIRECTION_SEND);

	(void)state;
	for (size_t i = 1; i < PLACES; i++)
		get(&lines[i], DIRECTION_SEND);
	assert_ptr_equal(get(&lines[PLACES], DIRECTION_SEND), first);
	assert_ptr_not_equal(get(&lines[0], DIRECTION_SEND), first);
}

static void a_session_with_new_keys_uses_the_new_ones(void **state)
{
	(void)state;
	assert_carries(&lines[3], 0);
	forget(&lines[3]);
	lines[3].index += SESSIONS;
	lines[3].key[DIRECTION_SEND][0] ^= 1;
	lines[3].key[DIRECTION_RECEIVE][0] ^= 1;
	assert_carries(&lines[3], 0);
	/* The same index again, later: nothing of the earlier one is left. */
	forget(&lines[3]);
	lines[3].key[DIRECTION_SEND][0] ^= 1;
	assert_carries(&lines[3], 0);
}

static void a_forgotten_key_is_wiped_and_its_place_is_taken_next(void **state)
{
	struct gcm *mine = get(&lines[0], DIRECTION_SEND);
	uint8_t before[DATA_MIN_BYTES + TEXT_BYTES], after[sizeof(before)];

	(void)state;
	fill(before);
	assert_int_equal(gcm_seal(mine, &(struct sealed){before, TEXT_BYTES, 1}), 0);
	forget(&lines[0]);
	fill(after);
	gcm_seal(mine, &(struct sealed){after, TEXT_BYTES, 1});
	assert_memory_not_equal(after + DATA_HEADER_BYTES, before + DATA_HEADER_BYTES, TEXT_BYTES);
	assert_ptr_equal(get(&lines[1], DIRECTION_SEND), mine);
}

static void forgetting_a_session_leaves_those_in_its_old_place(void **state)
{
	struct gcm *mine = get(&lines[0], DIRECTION_SEND), *theirs;
	size_t i = 0;

	(void)state;
	do
		theirs = get(&lines[++i], DIRECTION_SEND);
	while (theirs != mine);
	forget(&lines[0]);
	assert_ptr_equal(get(&lines[i], DIRECTION_SEND), mine);
	assert_carries(&lines[i], 9);
}

static void a_cache_without_places_has_no_key(void **state)
{
	struct key_cache none = {0};
	struct cached_key key = key_of(&lines[0], DIRECTION_SEND);

	(void)state;
	assert_null(key_cache_get(&none, &key));
	key_cache_forget(&none, &key);
	key_cache_fini(&none);
}

static int begin(void **state)
{
	(void)state;
	memset(lines, 0, sizeof(lines));
	for (uint32_t i = 0; i < SESSIONS; i++) {
		lines[i].index = i + 1;
		memset(lines[i].key[DIRECTION_SEND], (int)(2 * i + 2), KEY_BYTES);
		memset(lines[i].key[DIRECTION_RECEIVE], (int)(2 * i + 1), KEY_BYTES);
	}
	memset(&cache, 0, sizeof(cache));
	return key_cache_init(&cache, ready, PLACES);
}

static int end(void **state)
{
	(void)state;
	key_cache_fini(&cache);
	return 0;
}

#define WITH_CACHE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CACHE(more_sessions_than_places_all_work_in_turn),
		WITH_CACHE(a_session_in_use_keeps_its_place),
		WITH_CACHE(the_place_unused_for_longest_is_taken),
		WITH_CACHE(a_session_with_new_keys_uses_the_new_ones),
		WITH_CACHE(a_forgotten_key_is_wiped_and_its_place_is_taken_next),
		WITH_CACHE(forgetting_a_session_leaves_those_in_its_old_place),
		WITH_CACHE(a_cache_without_places_has_no_key),
	};

	if (sodium_init() < 0)
		return 1;
	if (!(ciphers_of_machine() & CIPHER_AES)) {
		printf("1..0 # SKIP this processor has no instructions for AES\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
