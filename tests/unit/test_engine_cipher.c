/*
 * test_engine_cipher.c - the keys of sessions in the engine, and a library that fails
 *
 * Linked with --wrap, so that each function of gcm.h can be made to fail.
 */
#include "unit.h"

#include <errno.h>
#include <sodium.h>

#include "wire.h"

static struct {
	bool start, set_key, seal, open;
} fails;

int __real_gcm_start(struct gcm *g, size_t count);
int __real_gcm_set_key(struct gcm *g, enum direction direction, const uint8_t *key);
int __real_gcm_seal(struct gcm *g, const struct sealed *s);
int __real_gcm_open(struct gcm *g, const struct sealed *s);
int __wrap_gcm_start(struct gcm *g, size_t count);
int __wrap_gcm_set_key(struct gcm *g, enum direction direction, const uint8_t *key);
int __wrap_gcm_seal(struct gcm *g, const struct sealed *s);
int __wrap_gcm_open(struct gcm *g, const struct sealed *s);

int __wrap_gcm_start(struct gcm *g, size_t count)
{
	return fails.start ? -ENOMEM : __real_gcm_start(g, count);
}

int __wrap_gcm_set_key(struct gcm *g, enum direction direction, const uint8_t *key)
{
	return fails.set_key ? -EIO : __real_gcm_set_key(g, direction, key);
}

int __wrap_gcm_seal(struct gcm *g, const struct sealed *s)
{
	return fails.seal ? -EIO : __real_gcm_seal(g, s);
}

int __wrap_gcm_open(struct gcm *g, const struct sealed *s)
{
	return fails.open ? -EIO : __real_gcm_open(g, s);
}

static size_t keys_ready(const struct engine *e)
{
	size_t count = 0;

	for (size_t i = 0; i < KEY_CACHE_PLACES; i++)
		count += e->keys.owner[i] != 0;
	return count;
}

static bool is_ready(const struct engine *e, uint32_t session)
{
	for (size_t i = 0; i < KEY_CACHE_PLACES; i++)
		if (e->keys.owner[i] / DIRECTION_COUNT == session)
			return true;
	return false;
}

/* As if others had taken all places since. */
static void forget_ready(struct engine *e)
{
	memset(e->keys.owner, 0, sizeof(e->keys.owner));
}

static void assert_sends_nothing(struct wire *w)
{
	uint32_t sent = w->sent[MESSAGE_DATA];
	struct drops before = wire_drops(w, 0);

	assert_int_equal(wire_send(w, 0, 1, 60, 1), DROP_NONE);
	wire_settle(w);
	assert_int_equal(w->sent[MESSAGE_DATA], sent);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_CIPHER_FAILED);
}

static void a_cipher_that_fails_sends_nothing_and_is_counted(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	fails.seal = true;
	assert_sends_nothing(w);
	fails.seal = false;
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void a_key_that_cannot_be_made_ready_sends_nothing_and_is_counted(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	forget_ready(wire_engine(w, 0));
	fails.set_key = true;
	assert_sends_nothing(w);
	assert_int_equal(keys_ready(wire_engine(w, 0)), 0);
	fails.set_key = false;
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void what_cannot_be_decrypted_is_not_taken_and_is_counted(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint32_t frames = w->hosts[1].frames;
		struct drops before = wire_drops(w, 1);

		fails.open = i == 0;
		fails.set_key = i == 1;
		if (i == 1) {
			wire_send(w, 0, 1, 60, 1); /* ours is ready; theirs is not */
			wire_collect(w);
			forget_ready(wire_engine(w, 1));
		} else {
			wire_send(w, 0, 1, 60, 1);
		}
		wire_settle(w);
		assert_int_equal(w->hosts[1].frames, frames);
		wire_assert_one_drop(w, 1, &before, OF_PEER, DROP_CIPHER_FAILED);
		fails.open = fails.set_key = false;
	}
	wire_assert_carries(w, 0, 1);
	wire_free(w);
}

static void without_memory_for_aes_sessions_have_the_other_cipher(void **state)
{
	struct wire *w;

	(void)state;
	fails.start = true;
	w = wire_pair();
	assert_int_equal(engine_ciphers(wire_engine(w, 0)), CIPHER_CHACHA);
	assert_string_equal(wire_info(w, 0, 1).cipher, cipher_name(CIPHER_CHACHA));
	wire_assert_carries(w, 0, 1);
	wire_free(w);
	w = wire_new(&(struct wire_setup){.count = 1, .ciphers = CIPHER_AES});
	assert_int_equal(engine_ciphers(wire_engine(w, 0)), 0);
	wire_free(w);
	fails.start = false;
}

static void peers_that_insist_on_different_ciphers_both_say_so(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2, .strangers = true});

	(void)state;
	wire_engine(w, 0)->ciphers = CIPHER_AES;
	wire_engine(w, 1)->ciphers = CIPHER_CHACHA;
	wire_know(w, 0, 1, true);
	wire_know(w, 1, 0, true);
	wire_run(w, 10 * S_NS);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(wire_is_up(w, i, !i));
		assert_int_equal(wire_info(w, i, !i).trouble, TROUBLE_CIPHER);
	}
	wire_engine(w, 0)->ciphers = CIPHERS_KNOWN;
	wire_run(w, 10 * S_NS);
	assert_true(wire_is_up(w, 0, 1));
	assert_int_equal(wire_info(w, 0, 1).trouble, TROUBLE_NONE);
	wire_free(w);
}

static void a_session_that_ends_leaves_no_key_ready(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	wire_assert_carries(w, 0, 1);
	assert_true(keys_ready(wire_engine(w, 0)) >= DIRECTION_COUNT);
	engine_peer_remove(wire_engine(w, 0), w->hosts[0].peer[1], w->now_ns);
	assert_int_equal(keys_ready(wire_engine(w, 0)), 0);
	w->hosts[0].peer[1] = -1;
	wire_settle(w);
	assert_int_equal(keys_ready(wire_engine(w, 1)), 0); /* it was told goodbye */
	wire_free(w);
}

static void after_a_rekey_the_old_key_is_ready_no_more(void **state)
{
	struct wire *w = wire_pair();
	uint32_t index = wire_session(w, 0, 1)->local_index;

	(void)state;
	wire_assert_carries(w, 0, 1);
	assert_true(is_ready(wire_engine(w, 0), index));
	for (uint64_t s = 0; s < REKEY_AFTER_NS / S_NS + 10; s++) {
		wire_run(w, S_NS);
		wire_assert_carries(w, 0, 1);
	}
	assert_int_not_equal(wire_session(w, 0, 1)->local_index, index);
	wire_run(w, REPLACED_NS);
	assert_false(is_ready(wire_engine(w, 0), index));
	assert_true(is_ready(wire_engine(w, 0), wire_session(w, 0, 1)->local_index));
	wire_free(w);
}

static void more_peers_than_places_all_carry_through_a_rekey(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = WIRE_HOSTS_MAX});
	struct key_cache *keys = &wire_engine(w, 0)->keys;
	size_t count = keys->count;

	(void)state;
	wire_connect(w);
	forget_ready(wire_engine(w, 0));
	keys->count = 3;
	for (uint64_t s = 0; s < REKEY_AFTER_NS / S_NS + 10; s++) {
		for (unsigned i = 1; i < WIRE_HOSTS_MAX; i++)
			wire_assert_carries(w, 0, i);
		wire_run(w, S_NS);
	}
	assert_in_range(keys_ready(wire_engine(w, 0)), 1, 3);
	keys->count = count;
	wire_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cipher_that_fails_sends_nothing_and_is_counted),
		cmocka_unit_test(a_key_that_cannot_be_made_ready_sends_nothing_and_is_counted),
		cmocka_unit_test(what_cannot_be_decrypted_is_not_taken_and_is_counted),
		cmocka_unit_test(without_memory_for_aes_sessions_have_the_other_cipher),
		cmocka_unit_test(peers_that_insist_on_different_ciphers_both_say_so),
		cmocka_unit_test(a_session_that_ends_leaves_no_key_ready),
		cmocka_unit_test(after_a_rekey_the_old_key_is_ready_no_more),
		cmocka_unit_test(more_peers_than_places_all_carry_through_a_rekey),
	};

	if (sodium_init() < 0)
		return 1;
	if (!(ciphers_of_machine() & CIPHER_AES)) {
		printf("1..0 # SKIP this processor has no instructions for AES\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
