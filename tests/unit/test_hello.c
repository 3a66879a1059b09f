/*
 * test_hello.c - what agents tell each other about themselves: PROTOCOL.md 6.4
 */
#include "forge.h"

#include <sodium.h>

#include "hello.h"

enum {
	TAG_NAME = 1,
	TAG_VLANS = 2,
	TAG_LOCAL = 3,
	TAG_KNOWN = 4,
};

static uint8_t scratch[2048];

/* A hello of generation @generation so far without a field. */
static struct writer hello(uint32_t generation)
{
	struct writer w = writer_over(scratch, sizeof(scratch));

	writer_u32(&w, generation);
	return w;
}

static void put_field(struct writer *w, uint8_t tag, const void *value, size_t len)
{
	writer_u8(w, tag);
	writer_u16(w, (uint16_t)len);
	writer_bytes(w, value, len);
}

static void say(struct wire *w, const struct writer *at)
{
	assert_int_equal(forge_record(w, 1, 0, RECORD_HELLO, at->start, writer_used(at)),
			 DROP_NONE);
}

/* A hello of one field is a bad record, and leaves what was known. */
static void assert_bad_field(struct wire *w, uint8_t tag, const void *value, size_t len)
{
	struct writer at = hello(1000);
	struct drops before = wire_drops(w, 0);
	struct peer_info known = wire_info(w, 0, 1), now;
	uint32_t sent;

	put_field(&at, tag, value, len);
	wire_collect(w);
	sent = w->sent[MESSAGE_DATA];
	say(w, &at);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_BAD_RECORD);
	now = wire_info(w, 0, 1);
	assert_string_equal(now.name, known.name);
	assert_int_equal(now.vlan_count, known.vlan_count);
	assert_int_equal(now.local_count, known.local_count);
	wire_collect(w);
	assert_int_equal(w->sent[MESSAGE_DATA], sent); /* no ack */
}

static void name_vlans_and_addresses_arrive(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 2});
	struct engine_self self = {.name = "anna", .local_count = 1};
	struct peer_info info;

	(void)state;
	self.local[0] = addr_from_ipv4(0xc0a80105, 19543);
	engine_set_self(wire_engine(w, 1), &self, w->now_ns);
	wire_connect(w);
	wire_run(w, S_NS);
	info = wire_info(w, 0, 1);
	assert_string_equal(info.name, "anna");
	assert_int_equal(info.vlan_count, 1);
	assert_int_equal(info.vlans[0], 1);
	assert_int_equal(info.local_count, 1);
	assert_true(addr_equal(&info.local[0], &self.local[0]));
	assert_int_equal(info.unknown_keys, 0);
	assert_in_range(wire_events(w, 0, 1, ENGINE_EVENT_HELLO), 1, 2);
	wire_free(w);
}

static void change_is_told_at_once_and_only_once(void **state)
{
	struct wire *w = wire_pair();
	struct engine_self self = {.name = "new name"};
	uint32_t sent;

	(void)state;
	engine_set_self(wire_engine(w, 1), &self, w->now_ns);
	wire_run(w, 0);
	assert_string_equal(wire_info(w, 0, 1).name, "new name");
	sent = w->sent[MESSAGE_DATA];
	engine_set_self(wire_engine(w, 1), &self, w->now_ns);
	wire_run(w, 9 * S_NS);
	assert_int_equal(w->sent[MESSAGE_DATA], sent);
	wire_free(w);
}

static bool lose_data(struct wire *w, struct packet *p)
{
	(void)w;
	return p->bytes[0] != MESSAGE_DATA;
}

static void unanswered_hello_is_repeated_after_1_2_4_8_and_16_seconds(void **state)
{
	static const uint64_t at_s[] = {0, 1, 3, 7, 15, 31};
	struct wire *w = wire_pair();
	struct peer *p = wire_peer(w, 0, 1);
	uint64_t start = w->now_ns;
	unsigned n = 0;

	(void)state;
	w->pass = lose_data;
	engine_set_self(wire_engine(w, 0), &(struct engine_self){.name = "x"}, w->now_ns);
	for (unsigned tenths = 0; tenths < 600; tenths++) {
		uint8_t resends = p->hello.resends;

		/* Only the hello's own clock is looked at: the peer must not go down meanwhile. */
		p->unanswered_ns = 0;
		p->sent_ns = w->now_ns;
		wire_run(w, S_NS / 10);
		p = wire_peer(w, 0, 1);
		if (p->hello.resend_at_ns == HEAP_NEVER)
			break;
		if (p->hello.resends == resends)
			continue;
		assert_in_range((w->now_ns - start) / (S_NS / 10), at_s[n] * 10, at_s[n] * 10 + 2);
		n++;
	}
	assert_int_equal(n, 5);
	assert_in_range((w->now_ns - start) / S_NS, 31, 32);
	wire_free(w);
}

static void acknowledged_hello_is_not_repeated(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	assert_true(wire_peer(w, 0, 1)->hello.resend_at_ns == HEAP_NEVER);
	assert_true(wire_peer(w, 1, 0)->hello.resend_at_ns == HEAP_NEVER);
	wire_free(w);
}

static void older_generation_is_acknowledged_and_ignored(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = hello(1000);

	(void)state;
	put_field(&at, TAG_NAME, "newer", 5);
	say(w, &at);
	at = hello(999);
	put_field(&at, TAG_NAME, "older", 5);
	say(w, &at);
	assert_string_equal(wire_info(w, 0, 1).name, "newer");
	wire_free(w);
}

static void field_of_a_later_version_is_skipped_and_counted(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = hello(1000);
	struct drops before = wire_drops(w, 0);

	(void)state;
	put_field(&at, 77, "whatever", 8);
	put_field(&at, TAG_NAME, "bertha", 6);
	say(w, &at);
	wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_UNKNOWN_CAPABILITY);
	assert_string_equal(wire_info(w, 0, 1).name, "bertha");
	wire_free(w);
}

static void name_that_is_no_text_is_a_bad_record(void **state)
{
	static const char *const names[] = {
		"\x1b[2J", /* control characters move a terminal */
		"a\nb",
		"a\x7f",
		"a\xff",            /* never in UTF-8 */
		"\x80",             /* a continuation of nothing */
		"\xc3",             /* cut */
		"\xe2\x82",         /* cut */
		"\xc0\xaf",         /* overlong */
		"\xe0\x80\xaf",     /* overlong */
		"\xf0\x80\x80\xaf", /* overlong */
		"\xed\xa0\x80",     /* surrogate */
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"\xf8\x88\x80\x80\x80",
		"\xc2\x9b", /* CSI, one of the control characters above 127 */
	};
	static const char long_name[NAME_BYTES] = "0123456789012345678901234567890123456789"
						  "012345678901234567890123";
	struct wire *w = wire_pair();

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_bad_field(w, TAG_NAME, names[i], strlen(names[i]));
	assert_bad_field(w, TAG_NAME, "", 0);
	assert_bad_field(w, TAG_NAME, "a\0b", 3);
	assert_bad_field(w, TAG_NAME, long_name, NAME_BYTES);
	wire_free(w);
}

static void name_may_be_any_text_of_up_to_63_bytes(void **state)
{
	static const char *const names[] = {
		"a",
		"J\xc3\xb6rg",
		"\xe5\xb1\xb1\xe7\x94\xb0",
		"\xf0\x9f\x90\xa7",
		"\xf4\x8f\xbf\xbf",
		"\xee\x80\x80",
		"012345678901234567890123456789012345678901234567890123456789012",
	};
	struct wire *w = wire_pair();

	(void)state;
	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct writer at = hello(1000 + i);

		put_field(&at, TAG_NAME, names[i], strlen(names[i]));
		say(w, &at);
		assert_string_equal(wire_info(w, 0, 1).name, names[i]);
	}
	wire_free(w);
}

static void fields_of_impossible_lengths_are_bad_records(void **state)
{
	static const uint8_t zeros[1024];
	struct wire *w = wire_pair();

	(void)state;
	assert_bad_field(w, TAG_VLANS, zeros, 1);
	assert_bad_field(w, TAG_VLANS, zeros, 2 * (PEER_VLANS_MAX + 1));
	assert_bad_field(w, TAG_LOCAL, zeros, 17);
	assert_bad_field(w, TAG_LOCAL, zeros, 18 * (PEER_CANDIDATES_MAX + 1));
	assert_bad_field(w, TAG_KNOWN, zeros, 9);
	assert_bad_field(w, TAG_KNOWN, zeros, 10 * (PEER_KNOWN_KEYS_MAX + 1));
	wire_free(w);
}

static void vlan_ids_that_no_vlan_has_are_bad_records(void **state)
{
	struct wire *w = wire_pair();

	(void)state;
	assert_bad_field(w, TAG_VLANS, "\0\0", 2);
	assert_bad_field(w, TAG_VLANS, "\0\1\x0f\xff", 4);
	assert_bad_field(w, TAG_VLANS, "\xff\xff", 2);
	wire_free(w);
}

static void field_that_passes_the_end_is_a_bad_record(void **state)
{
	struct wire *w = wire_pair();
	struct writer at = hello(1000);
	struct drops before;

	(void)state;
	put_field(&at, TAG_NAME, "anna", 4);
	for (size_t cut = 5; cut < writer_used(&at); cut++) {
		struct writer some = at;

		before = wire_drops(w, 0);
		some.at = some.start + cut;
		say(w, &some);
		wire_assert_one_drop(w, 0, &before, OF_PEER, DROP_BAD_RECORD);
	}
	wire_free(w);
}

/* A peer must not be able to make us speak to a group, to everybody, or to ourselves. */
static void addresses_that_are_nobody_s_are_left_out(void **state)
{
	static const uint8_t value[][18] = {
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 224, 0, 0, 1, 0, 9},
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 9},
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1, 0, 9},
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 9},
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1, 0, 0},
		{255, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9},
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9},
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1, 0, 9},
	};
	struct wire *w = wire_pair();
	struct addr only = addr_from_ipv4(0xc0000201, 9);
	struct writer at = hello(1000);
	struct peer_info info;

	(void)state;
	put_field(&at, TAG_LOCAL, value, sizeof(value));
	say(w, &at);
	info = wire_info(w, 0, 1);
	assert_int_equal(info.local_count, 1);
	assert_true(addr_equal(&info.local[0], &only));
	wire_free(w);
}

/* Three know each other in a row: the ends learn that a card is missing. */
static void key_that_a_peer_knows_and_we_do_not_is_counted(void **state)
{
	struct wire *w = wire_new(&(struct wire_setup){.count = 3, .strangers = true});

	(void)state;
	wire_know(w, 0, 1, true);
	wire_know(w, 1, 0, true);
	wire_know(w, 1, 2, true);
	wire_know(w, 2, 1, true);
	wire_connect(w);
	wire_run(w, S_NS);
	assert_int_equal(wire_info(w, 0, 1).unknown_keys, 1);
	assert_int_equal(wire_info(w, 2, 1).unknown_keys, 1);
	assert_int_equal(wire_info(w, 1, 0).unknown_keys, 0);
	wire_know(w, 0, 2, true);
	assert_int_equal(wire_info(w, 0, 1).unknown_keys, 0);
	wire_free(w);
}

static void key_hash_is_what_the_specification_says(void **state)
{
	struct public_key key = {.b = {1, 2, 3}};
	uint8_t text[8 + KEY_BYTES], hash[32];
	uint64_t want = 0;

	(void)state;
	memcpy(text, "known---", 8);
	memcpy(text + 8, key.b, KEY_BYTES);
	crypto_generichash(hash, sizeof(hash), text, sizeof(text), NULL, 0);
	for (size_t i = 0; i < 8; i++)
		want = want << 8 | hash[i];
	assert_true(hello_key_hash(&key) == want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_vlans_and_addresses_arrive),
		cmocka_unit_test(change_is_told_at_once_and_only_once),
		cmocka_unit_test(unanswered_hello_is_repeated_after_1_2_4_8_and_16_seconds),
		cmocka_unit_test(acknowledged_hello_is_not_repeated),
		cmocka_unit_test(older_generation_is_acknowledged_and_ignored),
		cmocka_unit_test(field_of_a_later_version_is_skipped_and_counted),
		cmocka_unit_test(name_that_is_no_text_is_a_bad_record),
		cmocka_unit_test(name_may_be_any_text_of_up_to_63_bytes),
		cmocka_unit_test(fields_of_impossible_lengths_are_bad_records),
		cmocka_unit_test(vlan_ids_that_no_vlan_has_are_bad_records),
		cmocka_unit_test(field_that_passes_the_end_is_a_bad_record),
		cmocka_unit_test(addresses_that_are_nobody_s_are_left_out),
		cmocka_unit_test(key_that_a_peer_knows_and_we_do_not_is_counted),
		cmocka_unit_test(key_hash_is_what_the_specification_says),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
