/*
 * test_macs.c - proto/macs.h
 */
#include "unit.h"

#include <sodium.h>

#include "macs.h"

static struct public_key receiver = {.b = {1, 2, 3}};

static void fill(uint8_t *message, size_t len)
{
	for (size_t i = 0; i < len; i++)
		message[i] = (uint8_t)(i * 7);
}

/* PROTOCOL.md 5.1 spelled out with libsodium alone. */
static void mac1_is_what_the_specification_says(void **state)
{
	uint8_t message[INITIATION_BYTES], text[8 + KEY_BYTES], key[32], want[MAC_TAG_BYTES];
	struct mac_keys macs;

	(void)state;
	memcpy(text, "mac1----", 8);
	memcpy(text + 8, receiver.b, KEY_BYTES);
	crypto_generichash(key, 32, text, sizeof(text), NULL, 0);
	fill(message, sizeof(message));
	crypto_generichash(want, MAC_TAG_BYTES, message, INITIATION_BYTES - 2 * MAC_TAG_BYTES, key,
			   32);
	mac_keys_for(&receiver, &macs);
	mac_write(&macs, message, INITIATION_BYTES);
	assert_memory_equal(message + 136, want, MAC_TAG_BYTES);
	for (size_t i = 152; i < INITIATION_BYTES; i++)
		assert_int_equal(message[i], 0);
}

static void mac1_covers_every_bit_before_it_and_no_bit_behind_it(void **state)
{
	uint8_t message[RESPONSE_BYTES];
	struct mac_keys macs;

	(void)state;
	mac_keys_for(&receiver, &macs);
	fill(message, sizeof(message));
	mac_write(&macs, message, sizeof(message));
	for (size_t bit = 0; bit < 8 * sizeof(message); bit++) {
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(mac1_is_valid(&macs, message, sizeof(message)),
				 bit / 8 >= sizeof(message) - MAC_TAG_BYTES);
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void mac1_of_another_receiver_is_not_ours(void **state)
{
	uint8_t message[INITIATION_BYTES];
	struct public_key other = {.b = {1, 2, 4}};
	struct mac_keys ours, theirs;

	(void)state;
	mac_keys_for(&receiver, &ours);
	mac_keys_for(&other, &theirs);
	fill(message, sizeof(message));
	mac_write(&theirs, message, sizeof(message));
	assert_false(mac1_is_valid(&ours, message, sizeof(message)));
}

static void mac2_covers_mac1_and_needs_the_cookie(void **state)
{
	uint8_t message[INITIATION_BYTES];
	uint8_t cookie[MAC_TAG_BYTES] = {5}, other[MAC_TAG_BYTES] = {6};

	(void)state;
	fill(message, sizeof(message));
	mac2_write(cookie, message, sizeof(message));
	assert_true(mac2_is_valid(cookie, message, sizeof(message)));
	assert_false(mac2_is_valid(other, message, sizeof(message)));
	message[INITIATION_BYTES - 2 * MAC_TAG_BYTES] ^= 1;
	assert_false(mac2_is_valid(cookie, message, sizeof(message)));
}

static void cookie_depends_on_secret_address_and_port(void **state)
{
	uint8_t secret[32] = {1}, hashed[ADDR_IP_BYTES + 2] = {0};
	struct addr from = addr_from_ipv4(0xc0000201, 0x1234);
	uint8_t cookie[MAC_TAG_BYTES], want[MAC_TAG_BYTES];

	(void)state;
	memcpy(hashed, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1\x12\x34", sizeof(hashed));
	crypto_generichash(want, MAC_TAG_BYTES, hashed, sizeof(hashed), secret, sizeof(secret));
	cookie_make(secret, &from, cookie);
	assert_memory_equal(cookie, want, MAC_TAG_BYTES);
	from.port++;
	cookie_make(secret, &from, cookie);
	assert_memory_not_equal(cookie, want, MAC_TAG_BYTES);
	from = addr_from_ipv4(0xc0000202, 0x1234);
	cookie_make(secret, &from, cookie);
	assert_memory_not_equal(cookie, want, MAC_TAG_BYTES);
	from = addr_from_ipv4(0xc0000201, 0x1234);
	secret[31] ^= 1;
	cookie_make(secret, &from, cookie);
	assert_memory_not_equal(cookie, want, MAC_TAG_BYTES);
}

static void sealed_cookie_opens_for_its_initiation_only(void **state)
{
	uint8_t cookie[MAC_TAG_BYTES] = {7}, out[MAC_TAG_BYTES], untouched[MAC_TAG_BYTES];
	uint8_t sealed[MAC_TAG_BYTES + TAG_BYTES], mac1[MAC_TAG_BYTES] = {8};
	uint8_t nonce[COOKIE_NONCE_BYTES] = {9};
	struct mac_keys macs;
	struct cookie_reply reply = {macs.cookie, mac1, nonce};

	(void)state;
	mac_keys_for(&receiver, &macs);
	cookie_seal(&reply, cookie, sealed);
	assert_true(cookie_open(&reply, sealed, out));
	assert_memory_equal(out, cookie, MAC_TAG_BYTES);
	memset(out, 0xee, sizeof(out));
	memset(untouched, 0xee, sizeof(untouched));
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(cookie_open(&reply, sealed, out));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	mac1[0] ^= 1;
	assert_false(cookie_open(&reply, sealed, out));
	assert_memory_equal(out, untouched, MAC_TAG_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac1_is_what_the_specification_says),
		cmocka_unit_test(mac1_covers_every_bit_before_it_and_no_bit_behind_it),
		cmocka_unit_test(mac1_of_another_receiver_is_not_ours),
		cmocka_unit_test(mac2_covers_mac1_and_needs_the_cookie),
		cmocka_unit_test(cookie_depends_on_secret_address_and_port),
		cmocka_unit_test(sealed_cookie_opens_for_its_initiation_only),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
