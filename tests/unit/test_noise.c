/*
 * test_noise.c - proto/noise.h against vectors
 *
 * Those of tests/vectors/noise-own.json always; those of the file that LONGWIRE_NOISE_VECTORS names, if
 * there is one.
 */
#include "unit.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "noise.h"

#ifndef VECTORS
#error "the build names the file"
#endif

enum {
	VECTORS_MAX = 16,
	MESSAGE_MAX = 65535,
};

/* What is in a vector, decoded. */
struct vector {
	uint8_t prologue[256];
	size_t prologue_len;
	struct preshared_key psk;
	struct secret_key init_static, init_ephemeral, resp_static, resp_ephemeral;
	struct public_key init_public, resp_public;
	uint8_t hash[HASH_BYTES];
	json_t *messages;
};

static size_t unhex(const json_t *text, void *out, size_t max)
{
	size_t len = 0;

	assert_true(json_is_string(text));
	assert_int_equal(sodium_hex2bin(out, max, json_string_value(text), json_string_length(text),
					NULL, &len, NULL),
			 0);
	return len;
}

static void unhex_exact(const json_t *text, void *out, size_t len)
{
	assert_int_equal(unhex(text, out, len), len);
}

static void load_vector(const json_t *v, struct vector *out)
{
	out->prologue_len =
		unhex(json_object_get(v, "init_prologue"), out->prologue, sizeof(out->prologue));
	unhex_exact(json_array_get(json_object_get(v, "init_psks"), 0), out->psk.b, KEY_BYTES);
	unhex_exact(json_object_get(v, "init_static"), out->init_static.b, KEY_BYTES);
	unhex_exact(json_object_get(v, "init_ephemeral"), out->init_ephemeral.b, KEY_BYTES);
	unhex_exact(json_object_get(v, "resp_static"), out->resp_static.b, KEY_BYTES);
	unhex_exact(json_object_get(v, "resp_ephemeral"), out->resp_ephemeral.b, KEY_BYTES);
	unhex_exact(json_object_get(v, "init_remote_static"), out->resp_public.b, KEY_BYTES);
	unhex_exact(json_object_get(v, "handshake_hash"), out->hash, HASH_BYTES);
	crypto_scalarmult_base(out->init_public.b, out->init_static.b);
	out->messages = json_object_get(v, "messages");
}

/* Payload and ciphertext of message @i. Return: length of the payload. */
static size_t load_message(const struct vector *v, size_t i, uint8_t *payload, uint8_t *wire)
{
	const json_t *m = json_array_get(v->messages, i);
	size_t len = unhex(json_object_get(m, "payload"), payload, MESSAGE_MAX);
	size_t wire_len = unhex(json_object_get(m, "ciphertext"), wire, MESSAGE_MAX);

	assert_int_equal(wire_len, len + (i == 0   ? 2 * KEY_BYTES + 2 * TAG_BYTES
					  : i == 1 ? KEY_BYTES + TAG_BYTES
						   : TAG_BYTES));
	return len;
}

static uint8_t payload[MESSAGE_MAX], want[MESSAGE_MAX], got[MESSAGE_MAX];

/* Both write what the vector says. */
static void write_both(const struct vector *v, struct noise *initiator, struct noise *responder)
{
	struct public_key ephemeral, init_public;
	uint8_t static_static[KEY_BYTES];
	struct noise_keys i = {.own_static_public = &v->init_public,
			       .own_ephemeral = &v->init_ephemeral,
			       .their_static = &v->resp_public,
			       .static_static = static_static,
			       .own_static = &v->init_static,
			       .psk = &v->psk};
	struct noise_keys r = {.own_static = &v->resp_static,
			       .own_ephemeral = &v->resp_ephemeral,
			       .their_static = &init_public,
			       .their_ephemeral = &ephemeral,
			       .static_static = static_static,
			       .psk = &v->psk};
	size_t len = load_message(v, 0, payload, want);

	assert_int_equal(noise_dh(static_static, &v->init_static, &v->resp_public), 0);
	noise_init(initiator, (const char *)v->prologue, v->prologue_len, &v->resp_public);
	noise_init(responder, (const char *)v->prologue, v->prologue_len, &v->resp_public);
	assert_int_equal(noise_write_1(initiator, &i, &(struct noise_payload){payload, len}, got),
			 0);
	assert_memory_equal(got, want, len + 2 * KEY_BYTES + 2 * TAG_BYTES);
	assert_int_equal(noise_read_1_static(responder, &r, want, &init_public, &ephemeral), 0);
	assert_memory_equal(init_public.b, v->init_public.b, KEY_BYTES);
	assert_int_equal(noise_read_1_payload(responder, &r, want + 2 * KEY_BYTES + TAG_BYTES,
					      &(struct noise_payload){got, len}),
			 0);
	assert_memory_equal(got, payload, len);

	len = load_message(v, 1, payload, want);
	assert_int_equal(noise_write_2(responder, &r, &(struct noise_payload){payload, len}, got),
			 0);
	assert_memory_equal(got, want, len + KEY_BYTES + TAG_BYTES);
	assert_int_equal(noise_read_2(initiator, &i, want, &(struct noise_payload){got, len}), 0);
	assert_memory_equal(got, payload, len);
}

/* Messages after the handshake take turns, the initiator's first. */
static void check_transport(const struct vector *v, const struct noise *n)
{
	uint8_t keys[2][KEY_BYTES], nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES] = {0};

	noise_split(n, keys[0], keys[1]);
	for (size_t i = 2; i < json_array_size(v->messages); i++) {
		size_t len = load_message(v, i, payload, want);

		nonce[4] = (uint8_t)((i - 2) / 2);
		crypto_aead_chacha20poly1305_ietf_encrypt(got, NULL, payload, len, NULL, 0, NULL,
							  nonce, keys[i % 2]);
		assert_memory_equal(got, want, len + TAG_BYTES);
	}
}

static void vector_holds_for_both_sides(void **state)
{
	struct vector v = {0};
	struct noise initiator, responder;

	load_vector(*state, &v);
	write_both(&v, &initiator, &responder);
	assert_memory_equal(initiator.h, v.hash, HASH_BYTES);
	assert_memory_equal(responder.h, v.hash, HASH_BYTES);
	check_transport(&v, &initiator);
	check_transport(&v, &responder);
}

/* Every single bit of both messages matters. */
static void no_flipped_bit_authenticates(void **state)
{
	struct vector v = {0};
	uint8_t static_static[KEY_BYTES];
	struct noise_keys r = {.static_static = static_static};
	size_t len;

	load_vector(*state, &v);
	r.own_static = &v.resp_static;
	noise_dh(static_static, &v.resp_static, &v.init_public);
	len = load_message(&v, 0, payload, want);
	for (size_t bit = 0; bit < 8 * (len + 2 * KEY_BYTES + 2 * TAG_BYTES); bit++) {
		struct public_key s, e;
		struct noise n;

		/* X25519 ignores the highest bit of a point, Noise does not: it is hashed. */
		memcpy(got, want, len + 2 * KEY_BYTES + 2 * TAG_BYTES);
		got[bit / 8] ^= (uint8_t)(1 << bit % 8);
		noise_init(&n, (const char *)v.prologue, v.prologue_len, &v.resp_public);
		if (noise_read_1_static(&n, &r, got, &s, &e))
			continue;
		assert_int_not_equal(noise_read_1_payload(&n, &r, got + 2 * KEY_BYTES + TAG_BYTES,
							  &(struct noise_payload){payload, len}),
				     0);
	}
}

static void another_psk_does_not_read_message_2(void **state)
{
	struct vector v = {0};
	struct noise initiator, responder, n;
	struct noise_keys i = {0};
	size_t len;

	load_vector(*state, &v);
	write_both(&v, &initiator, &responder);
	/* Again up to message 2, which another psk has to read. */
	i = (struct noise_keys){.own_static_public = &v.init_public,
				.own_ephemeral = &v.init_ephemeral,
				.their_static = &v.resp_public,
				.own_static = &v.init_static,
				.psk = &v.psk};
	uint8_t static_static[KEY_BYTES];

	noise_dh(static_static, &v.init_static, &v.resp_public);
	i.static_static = static_static;
	len = load_message(&v, 0, payload, want);
	noise_init(&n, (const char *)v.prologue, v.prologue_len, &v.resp_public);
	noise_write_1(&n, &i, &(struct noise_payload){payload, len}, got);
	len = load_message(&v, 1, payload, want);
	v.psk.b[31] ^= 1;
	assert_int_not_equal(noise_read_2(&n, &i, want, &(struct noise_payload){got, len}), 0);
}

static void low_order_points_give_no_secret(void **state)
{
	/* From libsodium's list: 0, 1, two of order 8, p - 1, p, p + 1. */
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	static const uint8_t zero[KEY_BYTES];
	struct secret_key secret;

	(void)state;
	randombytes_buf(secret.b, KEY_BYTES);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct public_key point;
		uint8_t out[KEY_BYTES];

		memset(out, 0xff, sizeof(out));
		sodium_hex2bin(point.b, KEY_BYTES, points[i], 2 * KEY_BYTES, NULL, NULL, NULL);
		assert_int_not_equal(noise_dh(out, &secret, &point), 0);
		assert_memory_equal(out, zero, KEY_BYTES);
	}
}

/* ---- one test case for each vector ---- */

struct cases {
	struct CMUnitTest tests[4 * VECTORS_MAX];
	char names[2 * VECTORS_MAX][80];
	size_t count, vectors;
};

static bool is_ours(const json_t *v)
{
	const char *name = json_string_value(json_object_get(v, "protocol_name"));

	return name && strcmp(name, "Noise_IKpsk2_25519_ChaChaPoly_SHA256") == 0;
}

static void add_cases(struct cases *c, const char *file, const char *origin)
{
	json_error_t error;
	json_t *all = json_load_file(file, 0, &error);
	json_t *v;
	size_t i;

	if (!all) {
		fprintf(stderr, "%s:%d: %s\n", file, error.line, error.text);
		exit(1);
	}
	json_array_foreach(json_object_get(all, "vectors"), i, v)
	{
		char *name = c->names[c->vectors];

		if (!is_ours(v) || c->vectors == 2 * VECTORS_MAX)
			continue;
		snprintf(name, sizeof(c->names[0]), "%s_vector_%zu_holds_for_both_sides", origin,
			 i);
		c->tests[c->count++] = (struct CMUnitTest){name, vector_holds_for_both_sides, NULL,
							   NULL, json_incref(v)};
		c->vectors++;
	}
	json_decref(all);
}

static void add_case(struct cases *c, const char *name, CMUnitTestFunction test)
{
	c->tests[c->count++] =
		(struct CMUnitTest){name, test, NULL, NULL, c->tests[1].initial_state};
}

int main(void)
{
	static struct cases c;
	const char *more = getenv("LONGWIRE_NOISE_VECTORS");
	size_t own;
	FILE *there;
	int failed;

	if (sodium_init() < 0)
		return 1;
	add_cases(&c, VECTORS, "own");
	own = c.vectors;
	if (more && (there = fopen(more, "r")) != NULL) {
		fclose(there);
		add_cases(&c, more, "public");
	}
	if (own != 8) {
		fprintf(stderr, "%s: %zu vectors instead of 8\n", VECTORS, own);
		return 1;
	}
	add_case(&c, "no_flipped_bit_authenticates", no_flipped_bit_authenticates);
	add_case(&c, "another_psk_does_not_read_message_2", another_psk_does_not_read_message_2);
	add_case(&c, "low_order_points_give_no_secret", low_order_points_give_no_secret);
	failed = _cmocka_run_group_tests("noise", c.tests, c.count, NULL, NULL);
	for (size_t i = 0; i < c.vectors; i++)
		json_decref(c.tests[i].initial_state);
	return failed;
}
