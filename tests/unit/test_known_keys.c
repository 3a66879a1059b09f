/*
 * test_known_keys.c - known_keys.h, beside a search of every peer
 */
#include "unit.h"

#include <stdlib.h>

#include "hello.h"
#include "known_keys.h"
#include "rng.h"

enum {
	PEERS = 64,
	HASHES = 24, /* fewer than peers, so that some share one */
	STEPS = 20000,
	SEED = 7,
};

/* An engine in which only the array and the keys of peers are used */
static struct engine *engine;

static int setup(void **state)
{
	(void)state;
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return -1;
	engine->peers = calloc(PEERS, sizeof(*engine->peers));
	engine->known = calloc(PEERS, sizeof(*engine->known));
	for (uint32_t i = 0; i < PEERS; i++)
		engine->peers[i].number = i;
	return engine->peers && engine->known ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(engine->peers);
	free(engine->known);
	free(engine);
	return 0;
}

static bool any_has(uint64_t hash)
{
	for (uint32_t i = 0; i < PEERS; i++)
		if (engine->peers[i].in_use && engine->peers[i].key_hash == hash)
			return true;
	return false;
}

static void a_hash_is_known_while_a_peer_has_it(void **state)
{
	struct rng r = {.state = SEED};

	(void)state;
	print_message("# seed %d\n", SEED);
	for (int n = 0; n < STEPS; n++) {
		struct peer *p = &engine->peers[rng_below(&r, PEERS)];
		uint64_t asked = rng_below(&r, HASHES) << 59;

		if (p->in_use) {
			known_keys_remove(engine, p);
			p->in_use = false;
		} else {
			p->key_hash = rng_below(&r, HASHES) << 59;
			known_keys_add(engine, p);
			p->in_use = true;
		}
		assert_int_equal(known_keys_has(engine, asked), any_has(asked));
	}
}

static void a_peer_is_found_by_its_key_and_no_other(void **state)
{
	struct public_key stranger = {.b = {1, 2, 3}};

	(void)state;
	assert_null(known_keys_find(engine, &stranger));
	for (uint32_t i = 0; i < PEERS; i++) {
		struct peer *p = &engine->peers[i];

		p->key = (struct public_key){.b = {(uint8_t)i, 9}};
		p->key_hash = hello_key_hash(&p->key);
		known_keys_add(engine, p);
	}
	for (uint32_t i = 0; i < PEERS; i++)
		assert_ptr_equal(known_keys_find(engine, &engine->peers[i].key), &engine->peers[i]);
	assert_null(known_keys_find(engine, &stranger));
	known_keys_remove(engine, &engine->peers[5]);
	assert_null(known_keys_find(engine, &engine->peers[5].key));
	assert_int_equal(engine->known_count, PEERS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_hash_is_known_while_a_peer_has_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_peer_is_found_by_its_key_and_no_other, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("known_keys", tests, NULL, NULL);
}
