/*
 * test_keyed_hash.c - common/keyed_hash.h
 */
#include "unit.h"

#include "common/keyed_hash.h"

/* The vectors of SipHash's authors (appendix A of the paper, vectors.h): key and message 00 01 02 ... */
static void siphash_gives_the_numbers_of_its_paper(void **state)
{
	static const uint8_t of_15_bytes[] = {0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1};
	struct hash_key key;
	uint8_t message[15];
	uint64_t hash;

	(void)state;
	for (uint8_t i = 0; i < sizeof(key.b); i++)
		key.b[i] = i;
	for (uint8_t i = 0; i < sizeof(message); i++)
		message[i] = i;
	hash = keyed_hash(&key, message, sizeof(message));
	assert_memory_equal(&hash, of_15_bytes, sizeof(of_15_bytes));
}

static void another_key_gives_another_hash(void **state)
{
	struct hash_key a = {{1}}, b = {{2}};

	(void)state;
	assert_true(keyed_hash(&a, "x", 1) != keyed_hash(&b, "x", 1));
	assert_true(keyed_hash(&a, "x", 1) == keyed_hash(&a, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_gives_the_numbers_of_its_paper),
		cmocka_unit_test(another_key_gives_another_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
